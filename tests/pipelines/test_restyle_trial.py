"""What a chain leaves of a structure is the same whatever was tried before it."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from sonolume.media import Audio
from sonolume.pipelines.restyle.trial import Trials
from sonolume.signal.kept import Kept, compare
from sonolume.signal.rack import Chain, render
from sonolume.signal.structure import structure

RATE = 16_000
CHAINS: list[list[tuple[str, Mapping[str, float]]]] = [
    [("contrast", {"depth": 1.5}), ("high-pass", {"cutoff": 400.0})],
    [("contrast", {"depth": 1.5}), ("crush", {"bits": 6.0}), ("reverb", {"wet": 0.5})],
    [("contrast", {"depth": 0.5}), ("crush", {"bits": 6.0})],
    [("contrast", {"depth": -0.4}), ("crush", {"bits": 6.0})],
    [("contrast", {"depth": 1.5}), ("tilt", {"gain": 9.0})],
    [("contrast", {"depth": 1.5})],
    [("high-pass", {"cutoff": 400.0}), ("transients", {"attack": 9.0})],
    [],
]


def stretches() -> list[np.ndarray]:
    time = np.arange(2 * RATE) / RATE
    rng = np.random.default_rng(0)
    struck = np.exp(-12 * (time % 0.4)) * np.sin(2 * np.pi * 330 * time)
    stereo = 0.2 * np.stack([struck, np.roll(struck, 90)]) + 0.01 * rng.standard_normal((2, 32_000))
    return [part.astype(np.float32) for part in (stereo[:, :20_000], stereo[:, 9000:])]


def plainly(chain: Chain) -> list[Kept]:
    return [
        compare(
            structure(part, RATE),
            structure(render(Audio(part, RATE), chain, tails=False).samples, RATE),
        )
        for part in stretches()
    ]


def numbers(kept: Kept) -> list[float]:
    return [kept.onset_f1, kept.tempo_ratio, kept.chroma, kept.loudness_contour]


def test_the_order_of_trials_does_not_matter() -> None:
    parts = stretches()
    trials = Trials(parts, [structure(part, RATE) for part in parts], RATE)
    chains = [Chain.of(told) for told in CHAINS]
    expected = [plainly(chain) for chain in chains]
    for order in ([*range(len(chains))], [*range(len(chains))][::-1]):
        for at in order:
            found = trials.kept(chains[at])
            assert found.onset_f1 == min(each.onset_f1 for each in expected[at])
            assert found.chroma == pytest.approx(min(e.chroma for e in expected[at]), abs=1e-4)
            least = min(each.loudness_contour for each in expected[at])
            assert found.loudness_contour == pytest.approx(least, abs=1e-4)


def test_threads_do_not_disturb_each_other() -> None:
    parts = stretches()
    trials = Trials(parts, [structure(part, RATE) for part in parts], RATE)
    chains = [Chain.of(told) for told in CHAINS] * 3
    with ThreadPoolExecutor(4) as pool:
        beside = [numbers(kept) for kept in pool.map(trials.kept, chains)]
    alone = [numbers(trials.kept(chain)) for chain in chains]
    # Where arrays lie in memory decides how sums are rounded; another chain is far beyond that.
    np.testing.assert_allclose(beside, alone, rtol=0, atol=1e-7)


def test_nothing_done_loses_nothing() -> None:
    parts = stretches()
    trials = Trials(parts, [structure(part, RATE) for part in parts], RATE)
    assert numbers(trials.kept(Chain())) == [1, 1, 1, 1]
