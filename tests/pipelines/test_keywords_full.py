"""Full-size `describe` on tiny random models in the published layouts; no network is needed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

import sonolume
from sonolume.errors import MediaError, ModelError, OptionError
from sonolume.media import Audio, Picture
from sonolume.pipelines.describe.keywords import TEMPLATES
from sonolume.pipelines.describe.pipeline import DescribePipeline
from sonolume.pipelines.describe.word_lists import WordList, shipped_list

WORDS = WordList.of("own", ("a beach", "thunder", "the city"))
CLASSES = ("Speech", "Rain", "Church bell", "Thunder")


@pytest.fixture(scope="module")
def tiny_tagger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of an audio spectrogram transformer of four classes."""
    from transformers import ASTConfig, ASTFeatureExtractor, ASTForAudioClassification

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("tagger")
    config = ASTConfig(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_length=64,
        num_mel_bins=32,
        id2label=dict(enumerate(CLASSES)),
        label2id={name: number for number, name in enumerate(CLASSES)},
    )
    ASTForAudioClassification(config).save_pretrained(folder)
    ASTFeatureExtractor(max_length=64, num_mel_bins=32).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def describe(tiny_clip: Path, tiny_clap: Path) -> DescribePipeline:
    return sonolume.load("describe", model=tiny_clip, audio_encoder=tiny_clap)


@pytest.fixture
def photo() -> Picture:
    return Picture(np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8))


@pytest.fixture(scope="module")
def sound(noise: Callable[..., np.ndarray]) -> Audio:
    return Audio(noise(12, 16_000)[None], 16_000)


def test_pictures_are_compared_as_clip_compares_them(describe, tiny_clip, photo) -> None:
    from transformers import AutoTokenizer, CLIPModel

    model = CLIPModel.from_pretrained(tiny_clip)
    tokenizer = AutoTokenizer.from_pretrained(tiny_clip)
    mean = torch.tensor([0.48145466, 0.4578275, 0.40821073])[:, None, None]
    spread = torch.tensor([0.26862954, 0.26130258, 0.27577711])[:, None, None]
    pixels = torch.from_numpy(photo.centre_square(16).pixels).permute(2, 0, 1) / 255
    rows = []
    with torch.inference_mode():
        for phrase in WORDS.phrases:
            prompts = [template.format(phrase) for template in TEMPLATES["picture"]]
            ids = tokenizer(prompts, padding="max_length", max_length=77, return_tensors="pt")
            told = model.get_text_features(ids.input_ids).pooler_output
            rows.append((told / told.norm(dim=-1, keepdim=True)).mean(0))
        seen = model.get_image_features(((pixels - mean) / spread)[None]).pooler_output[0]
    terms = torch.stack([row / row.norm() for row in rows])
    wanted = (model.logit_scale.detach().exp() * terms @ (seen / seen.norm())).softmax(0)
    found = describe(photo, lists=[WORDS], top=3).keywords
    for keyword in found:
        place = WORDS.terms.index(keyword.term)
        assert keyword.probability == pytest.approx(float(wanted[place]), abs=2e-3)


def test_sounds_are_heard_by_clap(describe, sound) -> None:
    found = describe(sound, lists=[WORDS], top=3)
    assert sum(k.probability for k in found.keywords) == pytest.approx(1, abs=1e-5)
    assert found.timeline[-1].end == 12.0
    assert found.caption is None
    scale = float(describe.parts.clap.model.logit_scale_a.exp())
    assert describe.parts.temperature("sound") == pytest.approx(1 / scale)


def test_both_have_the_shipped_lists(describe) -> None:
    assert describe.parts.word_list("concepts") is shipped_list("concepts")
    assert describe.word_lists() == (shipped_list("concepts"),)


def test_what_is_not_needed_is_not_loaded(tiny_clip, tiny_clap, photo) -> None:
    pipeline = sonolume.load("describe", model=tiny_clip, audio_encoder=tiny_clap)
    pipeline(photo, lists=[WORDS])
    assert "clap" not in vars(pipeline.parts)


def test_what_is_saved_is_loaded_again(describe, photo, sound, tmp_path) -> None:
    describe.save_pretrained(tmp_path / "own")
    again = DescribePipeline.from_pretrained(tmp_path / "own")
    assert again(sound, lists=[WORDS]) == describe(sound, lists=[WORDS])
    assert again(photo, lists=[WORDS]) == describe(photo, lists=[WORDS])


def test_a_tagger_says_its_own_classes_each_by_itself(tiny_tagger, sound) -> None:
    from transformers import ASTFeatureExtractor, ASTForAudioClassification

    pipeline = sonolume.load("describe", model=tiny_tagger)
    found = pipeline(sound, top=10)
    assert {k.term for k in found.keywords} == set(CLASSES)
    model = ASTForAudioClassification.from_pretrained(tiny_tagger)
    extractor = ASTFeatureExtractor.from_pretrained(tiny_tagger)
    samples = sound.samples[0]
    windows = [samples[:160_000], samples[-160_000:]]
    with torch.inference_mode():
        values = extractor(windows, sampling_rate=16_000, return_tensors="pt").input_values
        wanted = model(values).logits.sigmoid().mean(0)
    for keyword in found.keywords:
        assert keyword.probability == pytest.approx(
            float(wanted[CLASSES.index(keyword.term)]), abs=1e-5
        )


def test_what_a_tagger_cannot_do_it_says(tiny_tagger, photo, sound, tmp_path) -> None:
    pipeline = sonolume.load("describe", model=tiny_tagger)
    with pytest.raises(MediaError, match="hears and does not see"):
        pipeline(photo)
    with pytest.raises(OptionError, match="knows the list audioset alone, not 'colours'"):
        pipeline(sound, lists=["colours"])
    with pytest.raises(OptionError, match="knows its own classes alone, not the list own"):
        pipeline(sound, lists=[WORDS])
    with pytest.raises(OptionError, match="hears by itself; leave audio_encoder out"):
        sonolume.load("describe", model=tiny_tagger, audio_encoder="laion/clap-htsat-unfused")
    pipeline.save_pretrained(tmp_path / "own")
    assert DescribePipeline.from_pretrained(tmp_path / "own")(sound) == pipeline(sound)


def test_other_models_are_refused(tiny_clap, tiny_clip, tmp_path) -> None:
    with pytest.raises(ModelError, match="a model of type 'clap'; describe takes CLIP or"):
        sonolume.load("describe", model=tiny_clap)
    with pytest.raises(ModelError, match="no such model folder"):
        sonolume.load("describe", model=tiny_clip, audio_encoder="./nowhere")
    (tmp_path / "config.json").write_text("[]")
    with pytest.raises(ModelError, match=r"no config\.json that names a model"):
        sonolume.load("describe", model=tmp_path)
