"""The search: what is wrong is tried anew, and what the structure does not bear is not proposed."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sonolume.pipelines.restyle.chains.aims import aim, welcome
from sonolume.pipelines.restyle.chains.probed import SPARE, STYLE, Probed, probe
from sonolume.pipelines.restyle.chains.repair import variants
from sonolume.pipelines.restyle.chains.search import search
from sonolume.signal.cues import CUES

RATE = 16_000


@pytest.fixture(scope="module")
def sound() -> Probed:
    """Struck notes of three pitches over a little noise."""
    time = np.arange(2 * RATE) / RATE
    since, note = time % 0.4, (time // 0.4).astype(int)
    hertz = np.array([196.0, 247.0, 294.0])[note % 3]
    tones = sum(np.sin(2 * np.pi * hertz * k * since) / k for k in range(1, 9))
    noise = np.random.default_rng(0).standard_normal(len(time))
    samples = 0.1 * tones * np.exp(-6 * since) + 0.004 * noise
    return probe(torch.from_numpy(samples[None, None].astype(np.float32)), RATE)


def targets(**told: float) -> dict[str, float]:
    return dict.fromkeys(CUES, 0.0) | told


@pytest.mark.parametrize("way", [-1, 1])
def test_a_sound_becomes_noisier_or_less_noisy(sound: Probed, way: int) -> None:
    found = search(sound, targets(noisiness=0.8 * way), effects=3)
    assert way * found.moved[STYLE.index("noisiness")] > 0.4


@pytest.mark.parametrize("effects", [1, 2, 4])
def test_what_the_structure_does_not_bear_is_not_proposed(sound: Probed, effects: int) -> None:
    wanted = targets(punch=-3.0, reverberation=3.0, dynamics=-3.0)
    found = search(sound, wanted, effects=effects)
    assert 0 < len(found.chosen) <= effects
    assert len({move.effect.name for move in found.chosen}) == len(found.chosen)
    assert (found.moved[len(STYLE) :] <= SPARE + 1e-9).all()
    again = sound.moved(found.chosen, found.amounts)
    assert again == pytest.approx(found.moved, abs=1e-4)


def test_variants_differ_in_one_move_and_help(sound: Probed) -> None:
    cue = STYLE.index("brightness")
    (dull,) = (i for i, m in enumerate(sound.possible) if m.name.startswith("low-pass"))
    (crush,) = (i for i, m in enumerate(sound.possible) if m.name.startswith("crush"))
    chain = [(dull, 0.4), (crush, 0.2)]
    before = sound.moved([sound.possible[p] for p, _ in chain], [a for _, a in chain])

    wanted = aim(targets(brightness=1.0))

    def rank(moved: np.ndarray) -> tuple[int, float]:
        return 0, -float(moved[cue])

    for effects in (2, 3):
        changed, moved = variants(sound, chain, cue, wanted, effects, rank)
        assert len(changed) <= effects
        assert len({p for p, _ in changed} - {p for p, _ in chain}) == 1
        assert len({p for p, _ in chain} - {p for p, _ in changed}) <= (effects == 2)
        assert moved[cue] > before[cue] + 0.1
        assert sound.moved([sound.possible[p] for p, _ in changed], [a for _, a in changed]) == (
            pytest.approx(moved, abs=1e-4)
        )


@pytest.mark.parametrize("effects", [1, 3])
def test_hiss_is_added_only_where_noise_is_wanted(sound: Probed, effects: int) -> None:
    for wanted in (targets(brightness=2.0), targets(brightness=1.0, noisiness=-1.0)):
        found = search(sound, wanted, effects=effects)
        assert found.chosen
        assert "noise" not in {move.effect.name for move in found.chosen}
    hisses = {i for i, move in enumerate(sound.possible) if move.effect.name == "noise"}
    assert hisses
    assert not hisses & set(welcome(sound, aim(targets(brightness=2.0))))
    assert hisses < set(welcome(sound, aim(targets(noisiness=0.3))))


def test_a_cue_name_stands_behind_each_restriction(sound: Probed) -> None:
    assert {move.only_for for move in sound.possible} - {None} <= set(STYLE)
