"""Full-size captioners, as tiny random models in their published formats."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.tiny_checkpoints import NARROW, byte_pairs, random_state, save_smolvlm, tiny_clip

from sonolume.errors import InteropError, ModelError, OptionError
from sonolume.media import Picture
from sonolume.models.full.clipcap import ClipCap, ClipCapSteps, MapperConfig
from sonolume.pipelines.describe.captions import sentence
from sonolume.pipelines.describe.captions_full import ClipCapCaptioner, load_picture_captioner

__all__ = ["tiny_clip"]
WORDS = "a dog runs in the park."
TALK = (
    "{% for message in messages %}{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<image>{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{% endfor %}{% if add_generation_prompt %}Assistant:{% endif %}"
)


def picture(height: int, width: int, seed: int = 0) -> Picture:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Picture(pixels)


@pytest.fixture(scope="module")
def gpt_words(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """GPT-2's vocabulary files, and how many pieces."""
    folder = tmp_path_factory.mktemp("gpt2")
    learned = json.loads(byte_pairs(WORDS, []).to_str())["model"]
    vocabulary = {**learned["vocab"], "<|endoftext|>": len(learned["vocab"])}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    merges = "\n".join(" ".join(pair) for pair in learned["merges"])
    (folder / "merges.txt").write_text(f"#version: 0.2\n{merges}\n")
    table = {"tokenizer_class": "GPT2Tokenizer", "model_max_length": 1024}
    (folder / "tokenizer_config.json").write_text(json.dumps(table))
    return folder, len(vocabulary)


@pytest.fixture(scope="module")
def clipcap(gpt_words: tuple[Path, int], tmp_path_factory: pytest.TempPathFactory) -> Path:
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(vocab_size=gpt_words[1], n_positions=90, n_embd=64, n_layer=1, n_head=1)
    with torch.device("meta"):
        network = ClipCap(MapperConfig(24, 64, prefix=3), GPT2LMHeadModel(config))
    path = tmp_path_factory.mktemp("clipcap") / "clipcap.pt"
    torch.save(random_state(network), path)
    return path


@pytest.fixture(scope="module")
def blip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from transformers import (
        BertTokenizer,
        BlipConfig,
        BlipForConditionalGeneration,
        BlipImageProcessorPil,
        BlipProcessor,
    )

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("blip")
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[DEC]", "a", "dog", "cat", "runs"]
    (folder / "vocab.txt").write_text("\n".join(pieces) + "\n")
    tokenizer = BertTokenizer(str(folder / "vocab.txt"))
    marks = {"bos_token_id": 5, "sep_token_id": 3, "eos_token_id": 3, "pad_token_id": 0}
    text = {"vocab_size": len(tokenizer), "max_position_embeddings": 64, "encoder_hidden_size": 16}
    config = BlipConfig(
        text_config={**NARROW, **marks, **text},
        vision_config={**NARROW, "image_size": 16, "patch_size": 8},
        projection_dim=16,
    )
    BlipForConditionalGeneration(config).save_pretrained(folder)
    images = BlipImageProcessorPil(size={"height": 16, "width": 16})
    BlipProcessor(images, tokenizer).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def smolvlm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SmolVLM's first generation: Idefics3's architecture, asked by a talk."""
    folder = tmp_path_factory.mktemp("smolvlm")
    save_smolvlm(folder, WORDS, TALK)
    return folder


def test_clipcap_writes_a_sentence_for_each_picture(
    clipcap: Path, tiny_clip: Path, gpt_words: tuple[Path, int]
) -> None:
    writer = load_picture_captioner(clipcap, clip=tiny_clip, tokenizer=gpt_words[0])
    pictures = [picture(20, 30, seed) for seed in range(10)]
    said = writer.caption_pictures(pictures)
    assert len(said) == 10
    assert all(text == sentence(text) and text.endswith(".") for text in said)
    assert writer.caption_pictures(pictures[9:]) == said[9:]
    assert writer.caption_pictures([]) == []


def test_clipcap_reads_embeddings_as_they_come_or_of_unit_length(
    clipcap: Path, tiny_clip: Path, gpt_words: tuple[Path, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    from sonolume.pipelines.describe import captions_full

    seen: list[torch.Tensor] = []

    def watched(model: ClipCap, embedding: torch.Tensor) -> ClipCapSteps:
        seen.append(embedding)
        return ClipCapSteps(model, embedding)

    monkeypatch.setattr(captions_full, "ClipCapSteps", watched)
    for unit in (False, True):
        writer = load_picture_captioner(clipcap, clip=tiny_clip, tokenizer=gpt_words[0], unit=unit)
        writer.caption_pictures([picture(16, 16)])
    plain, unit_length = (embedding.norm() for embedding in seen)
    assert abs(float(plain) - 1) > 0.05
    assert float(unit_length) == pytest.approx(1.0, abs=1e-5)


def test_clipcap_wants_the_clip_and_the_words_it_was_trained_on(
    clipcap: Path, tiny_clip: Path, gpt_words: tuple[Path, int], tmp_path: Path
) -> None:
    writer = load_picture_captioner(clipcap, clip=tiny_clip, tokenizer=gpt_words[0])
    assert isinstance(writer, ClipCapCaptioner)
    gpt = writer.model.gpt
    with torch.device("meta"):
        other = ClipCap(MapperConfig(640, 64, prefix=3), gpt)
    with pytest.raises(ModelError, match="reads 640 numbers of CLIP, this CLIP gives 24"):
        ClipCapCaptioner(writer.clip, other, writer.tokenizer)
    with pytest.raises(ModelError, match=r"pieces of words; the model has \d+"):
        load_picture_captioner(clipcap, clip=tiny_clip, tokenizer=tiny_clip)
    with pytest.raises(InteropError, match="no such file"):
        load_picture_captioner(tmp_path / "none.pt")


@pytest.mark.parametrize("kind", ["blip", "smolvlm"])
def test_models_of_transformers_write_sentences(kind: str, request: pytest.FixtureRequest) -> None:
    writer = load_picture_captioner(request.getfixturevalue(kind))
    said = writer.caption_pictures([picture(20, 30), picture(16, 16, 1)])
    assert len(said) == 2
    assert all(text == sentence(text) for text in said)
    assert not any("Assistant" in text or "Describe" in text for text in said)
    assert writer.caption_pictures([]) == []


def test_what_is_no_captioner(blip: Path, tiny_clip: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="sees by itself; leave clip and unit out"):
        load_picture_captioner(blip, clip=tiny_clip)
    with pytest.raises(ModelError, match="a clip model writes nothing about pictures"):
        load_picture_captioner(tiny_clip)
    with pytest.raises(ModelError, match=r"no config.json in it"):
        load_picture_captioner(tmp_path)


def test_the_pocket_captioner_needs_nothing_of_the_full_size() -> None:
    code = (
        "import sys; from sonolume.pipelines.describe import captions, captions_full;"
        "print(sorted({'transformers', 'diffusers'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
