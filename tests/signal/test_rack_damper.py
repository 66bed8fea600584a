"""Falls become steeper or slower, what does not fall stays, and a room goes away."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sonolume.signal.cues import measure_cues
from sonolume.signal.kept import compare
from sonolume.signal.rack import RACK, Chain, process
from sonolume.signal.rack.damper import FEWEST, LAG, MOST, NEIGHBOURS, PAST, fallen
from sonolume.signal.structure import structure

RATE = 22_050


def damped(samples: np.ndarray, depth: float, start: int = 0) -> np.ndarray:
    sound = torch.from_numpy(np.atleast_2d(samples))[None]
    return process(sound, Chain.of([("damper", {"depth": depth})]), RATE, start)[0].numpy()


def room(seconds: float, rng: np.random.Generator) -> np.ndarray:
    """Noise that falls by 60 dB in so many seconds, behind the direct sound."""
    time = np.arange(round(seconds * RATE)) / RATE
    tail = 0.02 * rng.standard_normal(len(time)) * 10 ** (-3 * time / seconds)
    tail[0] = 1.0
    return tail


@pytest.fixture(scope="module")
def dry() -> np.ndarray:
    """Short bursts of noise, three a second."""
    rng, time = np.random.default_rng(0), np.arange(3 * RATE) / RATE
    return 0.3 * rng.standard_normal(len(time)) * np.exp(-40 * (time % (1 / 3)))


@pytest.fixture(scope="module")
def wet(dry: np.ndarray) -> np.ndarray:
    return np.convolve(dry, room(1.2, np.random.default_rng(1)))[: len(dry)]


def test_what_does_not_fall_stays() -> None:
    time = np.arange(RATE) / RATE
    tone = 0.2 * np.sin(2 * np.pi * 440 * time)
    rising = tone * time
    for sound in (tone, rising):
        middle = slice(RATE // 4, -RATE // 8)  # the end of a sound is a fall
        assert damped(sound, 2.0)[0, middle] == pytest.approx(sound[middle], abs=2e-4)


def test_the_share_is_that_of_the_levels() -> None:
    """By sums over frames and bins that are written out."""
    rng = np.random.default_rng(2)
    power = rng.random((40, 60)) * 10 ** (-0.05 * np.arange(40))[:, None]
    found = fallen(torch.from_numpy(power)[None])[0].numpy()
    for frame, place in ((0, 3), (4, 10), (9, 30), (30, 20), (39, 59)):
        wide = round(max(FEWEST, place * (2**NEIGHBOURS - 1)))
        level = power[:, max(0, place - wide) : place + wide + 1].mean(1)
        past = [level[t] if t >= 0 else 0.0 for t in range(frame - LAG - PAST + 1, frame - LAG + 1)]
        share = max(MOST, min(1.0, level[frame] / max(np.mean(past), 1e-30)))
        assert found[frame, place] == pytest.approx(share, rel=1e-6)


@pytest.mark.parametrize("depth", [-0.5, 0.5, 1.0])
def test_falls_grow_by_the_depth(depth: float) -> None:
    """A tone that steps down by 6 dB: for a while it is 6 (1 + 2 depth) dB lower."""
    time = np.arange(RATE) / RATE
    tone = 0.4 * np.sin(2 * np.pi * 1000 * time) * np.where(time < 0.5, 1.0, 0.5)
    after = damped(tone, depth)[0]
    # So soon after the step all of what rang is from before it.
    heard = slice(round(0.525 * RATE), round(0.53 * RATE))
    level = 20 * np.log10(np.abs(after[heard]).max() / 0.4)
    assert level == pytest.approx(-6.02 * (1 + 2 * depth), abs=0.6)
    late = slice(round(0.75 * RATE), round(0.9 * RATE))
    assert after[late] == pytest.approx(tone[late], abs=1e-3)


def test_a_room_goes_away(dry: np.ndarray, wet: np.ndarray) -> None:
    def heard(sound: np.ndarray) -> float:
        return float(measure_cues(torch.from_numpy(sound)[None, None], RATE)["reverberation"])

    bare, ringing = heard(dry), heard(wet)
    values = [heard(damped(wet, depth)[0]) for depth in (-0.5, 0.0, 0.5, 1.0, 2.0)]
    assert values[1] == pytest.approx(ringing)
    assert np.diff(values).max() < -0.3
    assert values[-1] - bare < 0.4 * (ringing - bare)
    for depth in (-0.5, 0.5, 1.0):
        kept = compare(structure(wet.astype(np.float32), RATE),
                       structure(damped(wet, depth)[0].astype(np.float32), RATE))  # fmt: skip
        assert kept.onset_f1 > 0.9
        assert kept.loudness_contour > 0.9


def test_silence_stays_silent() -> None:
    sound = np.zeros(RATE)
    sound[:2000] = np.random.default_rng(3).standard_normal(2000) * 0.1
    for depth in (-0.5, 2.0):
        assert np.abs(damped(sound, depth)[0, 6000:]).max() == 0.0
        assert np.abs(damped(np.zeros((2, 3000)), depth)).max() == 0.0


def test_channels_share_one_gain(wet: np.ndarray) -> None:
    after = damped(np.stack([wet, 0.5 * wet]), 1.0)
    assert after[1] == pytest.approx(0.5 * after[0], abs=1e-9)


def test_stretches_are_the_whole(wet: np.ndarray) -> None:
    effect = RACK["damper"]
    values = {"depth": torch.tensor([1.0])}
    past, ahead = effect.memory(values, RATE), effect.ahead(values, RATE)
    first, last = 20_000, 20_000 + past + ahead + 9000
    whole = damped(wet, 1.0)
    part = damped(wet[first:last], 1.0, start=first)
    assert part[:, past : last - first - ahead] == pytest.approx(
        whole[:, first + past : last - ahead], abs=1e-9
    )
