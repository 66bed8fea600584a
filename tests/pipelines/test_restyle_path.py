"""More strength is more of the same: amounts never fall, and no cue that should move goes back."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
import torch

from sonolume.pipelines.restyle.chains.path import Path
from sonolume.pipelines.restyle.chains.probed import STYLE, Probed, probe
from sonolume.pipelines.restyle.chains.search import Found, search
from sonolume.signal.cues import CUES

RATE = 16_000
STRENGTHS = (0.0, 0.2, 0.5, 0.8, 1.0, 1.3, 1.5, 1.8, 2.0)


@pytest.fixture(scope="module")
def sound() -> Probed:
    """Struck notes over a little noise."""
    time = np.arange(2 * RATE) / RATE
    since = time % 0.4
    tones = sum(np.sin(2 * np.pi * 196 * k * since) / k for k in range(1, 9))
    noise = np.random.default_rng(0).standard_normal(len(time))
    samples = 0.1 * tones * np.exp(-6 * since) + 0.003 * noise
    return probe(torch.from_numpy(samples[None, None].astype(np.float32)), RATE)


def targets(**told: float) -> dict[str, float]:
    return dict.fromkeys(CUES, 0.0) | told


def reached(path: Path, at: float) -> np.ndarray:
    amounts = path.amounts([at] * len(path.chosen))
    return path.sound.moved(path.chosen, amounts)


WANTED = [
    {"brightness": -1.5, "warmth": 0.8, "roughness": 0.6},
    {"brightness": 1.2, "noisiness": -0.9, "punch": 0.7},
    {"richness": 0.8, "reverberation": 0.9, "dynamics": -0.7},
]


@pytest.mark.parametrize("told", WANTED)
def test_amounts_never_fall_and_cues_do_not_go_back(
    sound: Probed, told: Mapping[str, float]
) -> None:
    wanted = targets(**told)
    path = Path(sound, search(sound, wanted, effects=4), wanted)
    amounts = np.array([path.amounts([at] * len(path.chosen)) for at in STRENGTHS])
    assert amounts.shape[1] > 0
    assert not amounts[0].any()
    assert np.diff(amounts, axis=0).min() >= -1e-9
    assert amounts.max() <= 1
    knots = np.array([reached(path, at) for at in (0.5, 1.0, 1.5, 2.0)])
    for cue, value in told.items():
        moved = np.sign(value) * knots[:, STYLE.index(cue)]
        if moved[1] > 0:
            # From half to whole it may have had no choice; beyond, it stays where it would fall.
            assert np.diff(moved[1:]).min() >= -0.031


def test_at_strength_one_it_is_what_was_found(sound: Probed) -> None:
    wanted = targets(**WANTED[0])
    found = search(sound, wanted, effects=3)
    path = Path(sound, found, wanted)
    assert path.amounts([1.0] * len(found.chosen)) == list(found.amounts)


def test_each_effect_may_have_a_strength_of_its_own(sound: Probed) -> None:
    wanted = targets(**WANTED[0])
    path = Path(sound, search(sound, wanted, effects=3), wanted)
    half, whole = (path.amounts([at] * len(path.chosen)) for at in (0.5, 1.0))
    mixed = path.amounts([0.5, *[1.0] * (len(path.chosen) - 1)])
    assert mixed == [half[0], *whole[1:]]


def test_where_a_cue_would_turn_back_the_effects_stay(sound: Probed) -> None:
    """A darker sound; but whole, the crush makes it brighter than it was."""
    wanted = targets(brightness=-0.9)
    pair = [m for m in sound.possible if m.name in ("tilt (gain -20)", "crush (bits 4)")]
    found = Found(tuple(pair), (0.5, 0.5), sound.moved(pair, (0.5, 0.5)))
    turned = sound.moved(pair, (1.0, 1.0))[0]
    assert found.moved[0] < -0.6
    assert turned > found.moved[0] + 0.5
    path = Path(sound, found, wanted)
    kept = [reached(path, s)[0] for s in (1.0, 1.5, 2.0)]
    assert np.diff(kept).max() <= 0.031
    free = Path(sound, found, wanted, refined=False)
    assert free.amounts([2.0, 2.0]) == [1.0, 1.0]
    assert free.amounts([0.5, 0.5]) == [0.25, 0.25]
