"""Pairs, and the stages of restyle that learn from them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from tests.tiny_training import fitted

from sonolume.data.restyle_pairs import changed, pair_files
from sonolume.data.restyle_sounds import FRAMES, PARTS, read_remixes, read_stretches
from sonolume.data.restyle_table import Pairs, read_pairs
from sonolume.errors import DataError, OptionError
from sonolume.hub import style, weights
from sonolume.hub.joint import load_joint
from sonolume.pipelines.restyle.chains.palette import palette
from sonolume.training.context import Context
from sonolume.training.loop import train
from sonolume.training.pair_batches import settings_groups
from sonolume.training.recipes import find_recipe, read_stage
from sonolume.training.restyle_inputs import style_shares
from sonolume.training.settings import LoopSettings
from sonolume.training.stages.registry import STAGES, build

LOOP = LoopSettings(
    steps=12, rate=3e-3, decay=0.0, warmup=1, average=0.5, precision="fp32", log_every=1
)
FILES = {
    "restyle.heads": (style.HEADS, style.load_heads),
    "restyle.map": (style.MAP, style.load_map),
    "restyle.controller": (style.CONTROLLER, style.load_controller),
    "restyle.baseline": (style.BASELINE, style.load_baseline),
}
SAMPLES = 5 * 16_000


@pytest.fixture(scope="module")
def pairs(pairs_folder: Path) -> Pairs:
    return read_pairs(pairs_folder)


def stage(name: str, tiny: Any, pairs_folder: Path, models: Path) -> Any:
    table = {} if name == "restyle.baseline" else read_stage(find_recipe("tiny"), name, STAGES)[0]
    table |= {"palette": "moves"}
    reads = {"aids": pairs_folder, "models": models}
    given = {key: value for key, value in reads.items() if key in STAGES[name].reads}
    return build(name, Context(tiny.data, **given), table)


@pytest.fixture(scope="module")
def models(
    tiny: Any, pairs_folder: Path, tiny_pocket: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Untrained heads and map, beside the tiny joint encoder."""
    folder = tmp_path_factory.mktemp("models")
    for path in tiny_pocket.glob("joint-*"):
        (folder / path.name).write_bytes(path.read_bytes())
    for name in ("restyle.heads", "restyle.map"):
        stage(name, tiny, pairs_folder, folder).export(folder)
    return folder


@pytest.fixture(params=FILES)
def made(request: pytest.FixtureRequest, tiny: Any, pairs_folder: Path, models: Path) -> Any:
    return stage(request.param, tiny, pairs_folder, models)


def test_no_recording_is_in_two_parts(takes: Path) -> None:
    stretches = read_stretches(takes)
    assert stretches.samples.shape[1] == FRAMES
    assert set(stretches.parts.tolist()) == set(range(len(PARTS)))
    parts_of: dict[str, set[int]] = {}
    for group, part in zip(stretches.groups, stretches.parts.tolist(), strict=True):
        parts_of.setdefault(group, set()).add(part)
    assert all(len(parts) == 1 for parts in parts_of.values())
    assert len(parts_of) == 24


def test_files_of_one_folder_are_one_recording(tmp_path: Path) -> None:
    for album in range(20):
        (tmp_path / f"album-{album}").mkdir()
        for song in range(2):
            noise = 0.1 * np.random.default_rng(song).standard_normal(8000)
            soundfile.write(tmp_path / f"album-{album}" / f"{song}.wav", noise, 16_000)
    found = read_stretches(tmp_path)
    assert set(found.groups) == {f"album-{album}" for album in range(20)}
    for group in set(found.groups):
        assert len({p for g, p in zip(found.groups, found.parts, strict=True) if g == group}) == 1


def test_pairs_hold_what_was_done(pairs: Pairs) -> None:
    known = pairs.known
    assert int(known.sum()) == 48
    assert int((~known).sum()) == 2
    owners = torch.tensor(pairs.palette.owners)
    bypass = torch.from_numpy(pairs.palette.bypass)
    assert (pairs.shares[~pairs.active[:, owners]] == bypass.expand_as(pairs.shares)[
        ~pairs.active[:, owners]
    ]).all()  # fmt: skip
    assert (pairs.active[known].sum(1) >= 1).all()
    assert not pairs.active[~known].any()
    assert torch.isfinite(pairs.steps).all()
    assert (pairs.lost >= -1e-5).all()
    for part in PARTS:
        rows = settings_groups(pairs, part)
        assert torch.equal(pairs.shares[rows[:, 0]], pairs.shares[rows[:, 1]])
        assert (pairs.stretch[rows[:, 0]] != pairs.stretch[rows[:, 1]]).all()


def test_a_result_has_the_level_of_its_sound_and_rings_on() -> None:
    found = palette("seven")
    before = torch.zeros(2, 1, SAMPLES)
    before[..., : 4 * 16_000] = 0.1 * torch.randn(2, 1, 4 * 16_000)
    reverb = [item.name for item in found.items].index("reverb")
    shares = torch.from_numpy(found.bypass).repeat(2, 1)
    shares[:, torch.tensor(found.owners) == reverb] = torch.tensor([0.9, 0.7, 0.4])
    after = changed(before, found, [reverb], shares)
    assert torch.allclose(after.square().mean(-1), before.square().mean(-1), rtol=1e-4)
    assert float(after[..., 4 * 16_000 :].abs().max()) > 0.01


@pytest.mark.slow
def test_the_same_seed_makes_the_same_pairs_and_an_interrupted_run_goes_on(
    takes: Path, tiny_pocket: Path, tmp_path: Path
) -> None:
    joint, found = load_joint(tiny_pocket), palette("seven")
    for name in ("whole", "cut"):
        _, files = pair_files(takes, tmp_path / name, found, joint, train=16, seed=3)
        for make in files[: len(files) - (name == "cut")]:
            make()
    with pytest.raises(DataError, match="not all pairs"):
        read_pairs(tmp_path / "cut")
    for make in pair_files(takes, tmp_path / "cut", found, joint, train=16, seed=3)[1]:
        make()
    first, second = (read_pairs(tmp_path / name) for name in ("whole", "cut"))
    assert torch.equal(first.mels, second.mels)
    assert torch.equal(first.shares, second.shares)
    with pytest.raises(OptionError, match="other pairs"):
        pair_files(takes, tmp_path / "cut", found, joint, train=16, seed=4)


def test_a_remix_without_its_fellow_is_told(tmp_path: Path) -> None:
    for name in ("original", "remix"):
        (tmp_path / name).mkdir()
    soundfile.write(tmp_path / "original" / "song.wav", np.ones(8000) * 0.1, 16_000)
    with pytest.raises(DataError, match=r"0 files song\.\* in remix"):
        read_remixes(tmp_path)


def test_shares_of_style_words_sum_to_one_and_follow_the_change(
    pairs: Pairs, tiny_pocket: Path
) -> None:
    shares = style_shares(load_joint(tiny_pocket), pairs, pairs.of("train"))
    assert shares.shape == (16, 24)
    assert torch.allclose(shares.sum(1), torch.ones(16), atol=1e-5)
    assert float(shares.std(0).max()) > 0


def test_training_moves_what_it_should_and_exports_what_loads(made: Any, tmp_path: Path) -> None:
    before = {k: p.detach().clone() for k, p in made.model.named_parameters()}
    export = train(made, LOOP, tmp_path / "run", quiet=True)
    after = dict(made.model.named_parameters())
    assert [k for k, p in after.items() if torch.equal(p, before[k])] == []
    name, load = FILES[made.name]
    found = load(export).state_dict()
    stored, facts = weights.load(name, export)
    assert facts["commercial"] is False
    assert stored.keys() == found.keys()
    assert all(torch.isfinite(tensor).all() for tensor in found.values())


def test_the_loss_falls_and_figures_are_finite(made: Any, tmp_path: Path) -> None:
    torch.manual_seed(0)
    batch = made.batch(np.random.default_rng(0))
    losses, figures = fitted(made, batch, 40)
    assert all(math.isfinite(value) for value in figures.values())
    assert np.mean(losses[-5:]) < 0.95 * np.mean(losses[:5])
    with torch.no_grad():
        told = made.validate(tmp_path)
    assert told
    assert all(math.isfinite(value) for value in told.values())


def test_heads_are_saved_with_the_statistics_of_their_tokens(
    tiny: Any, pairs_folder: Path, models: Path
) -> None:
    heads, network = style.load_heads(models), style.load_map(models)
    assert float(heads.deviation.min()) > 0
    assert torch.allclose(heads.mean, network.mean, atol=1e-3)
    assert torch.allclose(heads.deviation, network.deviation, atol=1e-3)


def test_pairs_of_another_palette_or_on_other_terms_are_refused(
    tiny: Any, pairs_folder: Path
) -> None:
    with pytest.raises(OptionError, match="palette moves, the recipe asks for seven"):
        build("restyle.heads", Context(tiny.data, aids=pairs_folder), {"palette": "seven"})
    with pytest.raises(OptionError, match="non-commercial"):
        build("restyle.heads", Context(tiny.data, aids=pairs_folder, commercial=True), {})
    with pytest.raises(OptionError, match="no pairs are given"):
        build("restyle.heads", Context(tiny.data), {})
