"""The captioner's stage: what it learns from, what it must not see, and its export."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from sonolume.data.naming import heard, names_concept
from sonolume.errors import DataError, OptionError
from sonolume.hub import weights
from sonolume.hub.captioner import load_captioner_parts
from sonolume.pipelines.describe.captions import load_captioner
from sonolume.training.caption_data import CaptionData
from sonolume.training.concept_captions import sound_captions
from sonolume.training.context import Context
from sonolume.training.journal import Journal
from sonolume.training.loop import train
from sonolume.training.recipes import find_recipe, read_stage
from sonolume.training.settings import LoopSettings
from sonolume.training.stages.registry import STAGES, build
from sonolume.training.told import mean_gap, told_views

LOOP = LoopSettings(
    steps=30, rate=1e-2, decay=0.0, warmup=2, average=0.8, precision="fp32", log_every=1
)


def table(name: str, **changes: Any) -> dict[str, Any]:
    return {**read_stage(find_recipe("tiny"), name, STAGES)[0], **changes}


@pytest.fixture(scope="module")
def models(tiny: Any) -> Path:
    folder: Path = tiny.models
    for name in ("joint.sound", "joint.picture"):
        build(name, Context(tiny.data, models=folder), table(name)).export(folder)
    return folder


@pytest.fixture(scope="module")
def trained(tiny: Any, models: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    stage: Any = build("caption", Context(tiny.data, models=models), table("caption"))
    before = {k: p.detach().clone() for k, p in stage.model.named_parameters()}
    folder = tmp_path_factory.mktemp("caption")
    train(stage, LOOP, folder, quiet=True)
    still = [k for k, p in stage.model.named_parameters() if torch.equal(p, before[k])]
    assert still == []
    return stage, folder


def test_the_loss_falls_and_a_validation_says_how_well_it_writes(trained: tuple[Any, Path]) -> None:
    _, folder = trained
    journal = Journal(folder, "", True)
    losses = [row["loss"] for row in journal.rows() if "loss" in row]
    assert np.mean(losses[-5:]) < 0.8 * np.mean(losses[:5])
    figures = journal.last_validation()
    assert figures.keys() == {"sound_named"}  # no held captions, no held captioned photo
    page = (folder / "validation-00000030" / "captions.txt").read_text("utf-8")
    assert len(page.splitlines()) == 3


def test_the_export_writes_sentences(trained: tuple[Any, Path], models: Path) -> None:
    stage, folder = trained
    model, tokenizer = load_captioner_parts(folder / "export", models)
    assert model.config == stage.settings.network
    assert len(tokenizer) == len(stage.tokenizer)
    torch.testing.assert_close(model.shift, stage.data.shift, rtol=1e-2, atol=1e-3)
    assert weights.header("captioner", folder / "export").metadata["commercial"] is False
    writer = load_captioner(folder / "export", words=models)
    said = writer.captions(F.normalize(torch.randn(3, 512), dim=-1), "picture")
    assert len(said) == 3
    assert all(text[0] == text[0].upper() and text[-1] in ".!?" for text in said)


def test_a_batch_is_a_function_of_the_generator_alone(trained: tuple[Any, Path]) -> None:
    stage, _ = trained
    first, again, other = (stage.batch(np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert not torch.equal(first["embeddings"], other["embeddings"])
    lengths = (first["ids"] != 0).sum(1)
    assert torch.equal(lengths, lengths.sort().values)


def test_parts_lie_where_their_captions_lie(trained: tuple[Any, Path]) -> None:
    """Shares as the settings say; the mean of the told photos is that of their captions."""
    stage, _ = trained
    data: CaptionData = stage.data
    shares = {(told.kind, count) for told, count in data.parts}
    assert shares == {("sound", 2), ("picture", 2)}
    assert sum(count for _, count in data.parts) == 10
    for told, _ in data.parts:
        norms = told.embeddings.norm(dim=-1)
        torch.testing.assert_close(norms, torch.ones_like(norms), rtol=1e-4, atol=1e-4)
    captioned = next(t for t, _ in data.parts if ("a dog runs", "the sea at night") in t.captions)
    assert captioned.kind == "picture"
    assert float(data.shift[1].norm()) > 0


def test_captions_of_held_photos_are_not_learned(
    tiny: Any, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sonolume.training import caption_data

    read = caption_data.read_photos

    def with_held(*args: Any, **options: Any) -> Any:
        from dataclasses import replace

        for photo in read(*args, **options):
            told = photo.split == "validation" and photo.concept == "dog"
            yield replace(photo, captions=("The CAT is asleep .",)) if told else photo

    monkeypatch.setattr(caption_data, "read_photos", with_held)
    stage: Any = build("caption", Context(tiny.data, models=models), table("caption"))
    texts = {text for told, _ in stage.data.parts for group in told.captions for text in group}
    assert "a dog runs on the beach" in texts
    assert not {"the cat is asleep", "a cat sleeps on a chair"} & texts
    assert [p.captions for p in stage.data.held_photos] == [("The CAT is asleep .",)]
    figures = stage.validate(tiny.data.parent / "seen")
    assert figures["picture_cider"] >= 0


def test_sound_captions_name_their_concept_and_nothing_else() -> None:
    told = ["a dog barks loudly", "a dog barks as a man speaks", "rain falls", "something hums"]
    pools = sound_captions(told)
    assert set(pools["dog"]) == {*heard("dog"), "a dog barks loudly"}
    assert set(pools["rain"]) == {*heard("rain"), "rain falls"}
    assert all(names_concept(text, slug) for slug, pool in pools.items() for text in pool)
    many = sound_captions([f"dog number {n}" for n in range(500)])["dog"]
    own = [text for text in many if text in heard("dog")]
    assert 0.4 < len(own) / len(many) < 0.6


def test_noise_is_as_large_as_asked_and_captions_belong_to_their_thing() -> None:
    views = F.normalize(torch.randn(3, 2, 512), dim=-1)
    captions = [("one",), ("two", "also two"), ("three",)]
    still = told_views("sound", views, captions, 0.0)
    drawn, texts = still.draw(200, np.random.default_rng(0))
    for row, text in zip(drawn, texts, strict=True):
        thing = next(i for i, group in enumerate(captions) if text in group)
        assert min(float((row - view).norm()) for view in views[thing]) < 1e-5
    assert set(texts) == {"one", "two", "also two", "three"}
    noisy, _ = told_views("sound", views[:1, :1], captions[:1], 0.02).draw(
        400, np.random.default_rng(0)
    )
    away = torch.tensor(512.0).sqrt() * 0.02
    cosine = (noisy @ views[0, 0]).mean()
    torch.testing.assert_close(cosine, 1 / (1 + away**2).sqrt(), rtol=0.01, atol=0.01)


def test_mean_gap_brings_the_means_together() -> None:
    shown, told = torch.randn(5, 8), torch.randn(5, 8)
    torch.testing.assert_close((shown + mean_gap(shown, told)).mean(0), told.mean(0))


def test_commercial_reads_only_what_is_licensed(tiny: Any, tmp_path: Path) -> None:
    for name, changes in (
        ("joint.words", {"pairs": 3}),
        ("joint.sound", {}),
        ("joint.picture", {}),
    ):
        given = Context(tiny.data, models=tmp_path, commercial=True)
        if name == "joint.words":
            given = Context(tiny.data, commercial=True)
        build(name, given, table(name, **changes)).export(tmp_path)
    stage: Any = build(
        "caption", Context(tiny.data, models=tmp_path, commercial=True), table("caption")
    )
    texts = {text for told, _ in stage.data.parts for group in told.captions for text in group}
    assert not {"heavy rain outside", "a dog runs", "the sea at night"} & texts
    assert "a cat sleeps on a chair" in texts
    with torch.no_grad():
        loss, _ = stage.loss(stage.batch(np.random.default_rng(0)), 0, 0.0)
    assert torch.isfinite(loss)


def test_commercial_refuses_towers_that_are_not(tiny: Any, models: Path) -> None:
    with pytest.raises(OptionError, match="was trained on data for non-commercial use"):
        build("caption", Context(tiny.data, models=models, commercial=True), table("caption"))


def test_start_goes_on_from_an_export(tiny: Any, models: Path, trained: tuple[Any, Path]) -> None:
    _, folder = trained
    given = Context(tiny.data, models=models, start=folder / "export")
    again: Any = build("caption", given, table("caption"))
    stored, _ = weights.load("captioner", folder / "export")
    torch.testing.assert_close(again.model.pieces.weight, stored["pieces.weight"])


def test_a_vocabulary_too_small_for_the_tokenizer(tiny: Any, models: Path) -> None:
    small = {**table("caption")["network"], "vocabulary": 20}
    with pytest.raises(OptionError, match="network.vocabulary = 20: the tokenizer of"):
        build("caption", Context(tiny.data, models=models), table("caption", network=small))


def test_no_captions_at_all(tiny: Any, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sonolume.training import caption_data

    monkeypatch.setattr(caption_data, "read_caption_groups", lambda *_: [])
    with pytest.raises(DataError, match="no captions of the split train"):
        build("caption", Context(tiny.data, models=models), table("caption"))
