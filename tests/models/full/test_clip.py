"""CLIP's words and pictures as transformers itself reads them."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from transformers import CLIPImageProcessor, CLIPModel, CLIPTokenizer

from sonolume.hub.clip import load_clip
from sonolume.models.full.clip import ClipEncoder


@pytest.fixture(scope="module")
def clip(tiny_clip) -> ClipEncoder:
    return load_clip(tiny_clip, torch.device("cpu"))


def test_words_are_read_as_transformers_reads_them(clip, tiny_clip) -> None:
    texts = ["a beach in the evening", "thunder"]
    model, tokenizer = (
        CLIPModel.from_pretrained(tiny_clip),
        CLIPTokenizer.from_pretrained(tiny_clip),
    )
    with torch.inference_mode():
        told = model.get_text_features(**tokenizer(texts, padding=True, return_tensors="pt"))
    expected = F.normalize(told.pooler_output, dim=-1)
    torch.testing.assert_close(clip.embed_words(texts), expected, atol=1e-5, rtol=0)


def test_many_words_are_read_in_batches(clip) -> None:
    found = clip.embed_words(["a beach"] * 130 + ["thunder"])
    assert found.shape == (131, 24)
    torch.testing.assert_close(found[129], found[0], atol=1e-6, rtol=0)
    torch.testing.assert_close(found[130], clip.embed_words(["thunder"])[0], atol=1e-6, rtol=0)


def test_pictures_are_read_as_transformers_reads_them(clip, tiny_clip) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    size = {"height": 16, "width": 16}
    processor = CLIPImageProcessor(size=size, crop_size=size, do_resize=False)
    with torch.inference_mode():
        told = CLIPModel.from_pretrained(tiny_clip).get_image_features(
            **processor(pixels, return_tensors="pt")
        )
    pictures = torch.from_numpy(pixels).permute(2, 0, 1)[None] / 127.5 - 1
    found = clip.embed_pictures(pictures)
    torch.testing.assert_close(found, F.normalize(told.pooler_output, dim=-1), atol=1e-5, rtol=0)
