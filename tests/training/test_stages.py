"""What every stage owes the loop: gradients everywhere, nothing frozen moves, the loss falls."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from sonolume.data.captions import OUTDOORS, STATE_WORDS
from sonolume.errors import DataError, ModelError, OptionError
from sonolume.hub import weights
from sonolume.hub.joint import load_word_tower
from sonolume.training.augment import LABELS
from sonolume.training.context import Context
from sonolume.training.journal import Journal
from sonolume.training.loop import train
from sonolume.training.pixels import to_float
from sonolume.training.recipes import find_recipe, read_stage
from sonolume.training.settings import LoopSettings
from sonolume.training.stages.registry import STAGES, build

# Base starts with layers of zeros, through which gradients pass from the third step on. No decay:
# a parameter that moves has had a gradient.
LOOP = LoopSettings(
    steps=30, rate=5e-3, decay=0.0, warmup=4, average=0.9, precision="fp32", log_every=1
)
TESTED = ("joint.words", "joint.sound", "joint.picture", "base")
EXPORTS = {
    "joint.words": "joint-words",
    "joint.sound": "joint-sound",
    "joint.picture": "joint-picture",
    "base": "painter-base",
}


def table(name: str, **changes: Any) -> dict[str, Any]:
    return {**read_stage(find_recipe("tiny"), name, STAGES)[0], **changes}


def context(name: str, tiny: Any, **changes: Any) -> Context:
    """With every folder that the stage reads."""
    given = {key: getattr(tiny, key) for key in STAGES[name].reads - {"start"}}
    return Context(**{"data": tiny.data, **given, **changes})


def frozen_parts(stage: Any) -> dict[str, Tensor]:
    """What must not move: frozen parameters of the model, and the nets beside it."""
    found = {k: p for k, p in stage.model.named_parameters() if not p.requires_grad}
    for part in ("tower", "words", "perceptual"):
        net = getattr(stage, part, None)
        if isinstance(net, torch.nn.Module):
            found |= {f"{part} {k}": p for k, p in net.state_dict().items()}
    return found


@pytest.fixture(scope="module", params=TESTED)
def trained(
    request: pytest.FixtureRequest, tiny: Any, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Any, dict[str, Tensor], dict[str, Tensor], Path]:
    """A stage after training, its parameters before, its frozen parts before, its folder."""
    name: str = request.param
    stage: Any = build(name, context(name, tiny), table(name))
    folder = tmp_path_factory.mktemp(name)
    before = {k: p.detach().clone() for k, p in stage.model.named_parameters()}
    frozen = {k: p.detach().clone() for k, p in frozen_parts(stage).items()}
    train(stage, LOOP, folder, quiet=True)
    return stage, before, frozen, folder


Trained = tuple[Any, dict[str, Tensor], dict[str, Tensor], Path]


def test_gradients_reach_every_trained_parameter(trained: Trained) -> None:
    stage, before, _, _ = trained
    moving = {k: p for k, p in stage.model.named_parameters() if p.requires_grad}
    assert moving
    assert [k for k, p in moving.items() if torch.equal(p, before[k])] == []


def test_nothing_frozen_moves(trained: Trained) -> None:
    stage, _, frozen, _ = trained
    after = frozen_parts(stage)
    assert after.keys() == frozen.keys()
    assert [k for k, p in after.items() if not torch.equal(p, frozen[k])] == []


def test_what_must_be_frozen_is(trained: Trained) -> None:
    stage, _, frozen, _ = trained
    parts = {key.split()[0] for key in frozen if " " in key}
    expected = {"joint.picture": {"words"}, "base": {"tower", "perceptual"}}
    assert parts == expected.get(stage.name, set())
    if stage.name == "base":
        assert any(".audio." in key for key in frozen)


def test_the_loss_falls(trained: Trained) -> None:
    _stage, _, _, folder = trained
    losses = [row["loss"] for row in Journal(folder, "", True).rows() if "loss" in row]
    assert len(losses) == LOOP.steps
    assert np.mean(losses[-8:]) < 0.9 * np.mean(losses[:4])


def test_export_holds_the_average_in_half_precision(trained: Trained) -> None:
    stage, _, _, folder = trained
    from safetensors.torch import load_file

    (newest,) = sorted(folder.glob("state-*"))[-1:]
    average = load_file(newest / "average.safetensors")
    stored, metadata = weights.load(EXPORTS[stage.name], folder / "export")
    assert metadata["commercial"] is False
    prefix = "" if stage.name == "base" else "tower."
    for key in {k for k in stored if "num_batches" not in k} - {"anchors"}:
        expected = average[prefix + key].half().float()
        torch.testing.assert_close(stored[key], expected, rtol=0, atol=0)


def test_a_validation_is_logged_and_drawn(trained: Trained) -> None:
    _, _, _, folder = trained
    figures = Journal(folder, "", True).last_validation()
    assert figures
    assert all(np.isfinite(value) for value in figures.values())
    assert (folder / "curves.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", TESTED)
def test_a_batch_is_a_function_of_the_generator_alone(name: str, tiny: Any) -> None:
    stage = build(name, context(name, tiny), table(name))
    first, again, other = (stage.batch(np.random.default_rng(seed)) for seed in (3, 3, 4))
    for key in first:
        torch.testing.assert_close(first[key], again[key], rtol=0, atol=0)
    assert any(
        first[key].shape != other[key].shape or not torch.equal(first[key], other[key])
        for key in first
    )


def drawn(tiny: Any, monkeypatch: pytest.MonkeyPatch, states: float) -> tuple[Any, list[str]]:
    """Pictures [32, 3, 128, 128] of a batch of outdoor photos as they are, and their words."""
    whole = {**table("base")["network"], "side": 128}
    changes = {"batch": 32, "labelled": 0.0, "drop_words": 0.0, "zoom": 0.0, "network": whole}
    stage: Any = build("base", context("base", tiny), table("base", states=states, **changes))
    texts: list[str] = []
    spell = stage._spell
    monkeypatch.setattr(stage, "_spell", lambda lines: (texts.extend(lines), spell(lines))[1])
    pictures = stage.batch(np.random.default_rng(0))["pictures"]
    outdoors = [photo for photo in stage.photos if OUTDOORS & set(photo.tags)]
    known = to_float(np.stack([photo.pixels for photo in outdoors]))
    known = torch.cat([known, known.flip(-1)])
    change = (pictures[:, None] - known).abs().mean((2, 3, 4)).amin(1)
    return change, texts


def test_states_change_outdoor_photos_and_their_words(
    tiny: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = {"a dog runs .", "the sea at night"}
    change, texts = drawn(tiny, monkeypatch, 0.0)
    assert float(change.max()) == 0
    assert set(texts) == plain
    change, texts = drawn(tiny, monkeypatch, 1.0)
    assert float(change.min()) > 0.01
    named = {
        f"{caption} {words}": state
        for caption in plain
        for state, lines in STATE_WORDS.items()
        for words in lines
    }
    assert set(texts) <= set(named)
    assert len({named[text] for text in texts}) > 4


def test_states_leave_what_is_indoors(tiny: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    stage: Any = build("base", context("base", tiny), table("base", states=1.0))
    indoors = [i for i, photo in enumerate(stage.photos) if not OUTDOORS & set(photo.tags)]
    assert indoors
    for index in indoors:
        pixels, caption = stage._draw(index, np.random.default_rng(index))
        assert pixels is stage.photos[index].pixels
        assert caption == stage.captions.draw(index, np.random.default_rng(index))


@pytest.mark.parametrize("name", ["joint.words", "joint.sound", "joint.picture"])
def test_without_a_teacher_its_head_is_left_alone(name: str, tiny: Any) -> None:
    stage: Any = build(name, context(name, tiny, aids=None), table(name))
    assert not any(p.requires_grad for p in stage.model.teacher_head.parameters())
    with torch.no_grad():
        _, figures = stage.loss(stage.batch(np.random.default_rng(0)), 0, 0.0)
    assert "teacher" not in figures


def test_equal_seeds_give_equal_first_weights(tiny: Any) -> None:
    def first(seed: int) -> dict[str, Tensor]:
        given = context("joint.sound", tiny, seed=seed)
        return build("joint.sound", given, table("joint.sound")).model.state_dict()

    one, again, other = first(1), first(1), first(2)
    assert all(torch.equal(one[key], again[key]) for key in one)
    assert any(not torch.equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize(("name", "count"), [("joint.sound", 6), ("joint.picture", 6), ("base", 6)])
def test_commercial_leaves_out_what_is_not_licensed(
    name: str, count: int, tiny: Any, tmp_path: Path
) -> None:
    words = build("joint.words", Context(tiny.data, commercial=True), table("joint.words", pairs=3))
    words.export(tmp_path)
    stage: Any = build(name, context(name, tiny, models=tmp_path, commercial=True), table(name))
    items = stage.photos if name == "base" else stage.train
    assert len(items) == count
    assert {item.licence.lower() for item in items} <= {"cc0-1.0", "cc0"}
    with torch.no_grad():
        loss, _ = stage.loss(stage.batch(np.random.default_rng(0)), 0, 0.0)
    assert torch.isfinite(loss)


def test_commercial_words_know_no_caption_of_other_sources(tiny: Any, tmp_path: Path) -> None:
    stage: Any = build(
        "joint.words",
        Context(tiny.data, aids=tiny.aids, commercial=True),
        table("joint.words", pairs=3),
    )
    assert "heavy rain outside" not in stage.corpus.texts
    assert "the cat is asleep" in stage.corpus.texts
    assert len(stage.sentences) == 4
    assert "heavy rain outside" not in stage.sentences
    assert stage.targets.shape == (4, 5)
    stage.export(tmp_path)
    assert weights.header("joint-words", tmp_path).metadata["commercial"] is True


@pytest.mark.parametrize("name", ["joint.sound", "joint.picture", "base"])
def test_commercial_refuses_a_word_tower_that_is_not(name: str, tiny: Any) -> None:
    with pytest.raises(OptionError, match="joint-words was trained on data for non-commercial use"):
        build(name, context(name, tiny, commercial=True), table(name))


def test_start_goes_on_from_an_export(trained: Trained, tiny: Any) -> None:
    stage, _, _, folder = trained
    name, export = stage.name, folder / "export"
    again: Any = build(name, context(name, tiny, start=export), table(name))
    model = again.model if name == "base" else again.model.tower
    stored, _ = weights.load(EXPORTS[name], export)
    for key, value in model.state_dict().items():
        if key in stored:
            torch.testing.assert_close(value, stored[key].to(value.dtype), rtol=0, atol=0)
    wide = {"network": {"width": 16}} if name == "base" else {"tower": {"width": 16}}
    with pytest.raises(ModelError, match=r"other shapes|another network"):
        build(name, context(name, tiny, start=export), table(name, **wide))


def test_the_exported_word_tower_loads(tiny: Any) -> None:
    tower, tokenizer = load_word_tower(tiny.models)
    ids = tokenizer.encode(["a dog runs", ""])
    torch.testing.assert_close(tower(ids).norm(dim=-1), torch.ones(2))


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("joint.words", {"pairs": 50}, "6 groups of texts that say the same, but pairs = 50"),
        ("joint.sound", {"bach": 3}, "recipe: unknown key 'bach'; known: balance, batch"),
        ("base", {"network": {"widht": 3}}, "recipe.network: unknown key 'widht'; known: border"),
    ],
)
def test_settings_that_cannot_be(
    name: str, change: dict[str, Any], message: str, tiny: Any
) -> None:
    with pytest.raises((OptionError, DataError), match=message):
        build(name, context(name, tiny), table(name, **change))


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda tiny: build("joint", Context(tiny.data), {}), "unknown stage 'joint'; known: base"),
        (
            lambda tiny: build("base", Context(tiny.data, aids=tiny.aids), {}),
            "base does not read --aids; leave it out",
        ),
    ],
)
def test_the_registry_refuses(act: Callable[[Any], Any], message: str, tiny: Any) -> None:
    with pytest.raises(OptionError, match=message):
        act(tiny)


def test_aids_that_lack_an_item_are_refused(tiny: Any, tmp_path: Path) -> None:
    np.savez(tmp_path / "audioset.npz", keys=["churchbell0"], features=np.zeros((1, 3)))
    with pytest.raises(
        DataError, match=r"audioset.npz: no features of churchbell1 and 7 more items"
    ):
        build("joint.sound", context("joint.sound", tiny, aids=tmp_path), table("joint.sound"))
    (tmp_path / "audioset.npz").write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(DataError, match=r"audioset.npz: unreadable features"):
        build("joint.sound", context("joint.sound", tiny, aids=tmp_path), table("joint.sound"))


def test_the_base_learns_from_augmented_photos(tiny: Any) -> None:
    network = {**table("base")["network"], "labels": LABELS}
    stage = build("base", context("base", tiny), table("base", augment=1.0, network=network))
    loss, _ = stage.loss(stage.batch(np.random.default_rng(0)), 0, 0.0)
    loss.backward()
    denoiser: Any = stage.model
    assert float(denoiser.patch_out.weight.grad.abs().sum()) > 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"augment": 0.5}, "augment needs network.labels = 9"),
        ({"augment": 1.5}, "augment 1.5: expected 0 to 1"),
    ],
)
def test_augmentation_that_cannot_be(tiny: Any, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        build("base", context("base", tiny), table("base", **changes))
