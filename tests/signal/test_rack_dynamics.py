"""Compressor and transient shaper: static curve, ballistics, gain by hand."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.signal import lfilter

from sonolume.signal.rack import Chain, process
from sonolume.signal.rack.dynamics import static_curve
from sonolume.signal.rack.envelope import hop
from sonolume.signal.rack.scan import fading, falling, one_pole

RATE = 48_000


def through(name: str, told: dict[str, float], samples: NDArray[np.float64]) -> NDArray[np.float64]:
    chain = Chain.of([(name, told)])
    return process(torch.from_numpy(np.atleast_2d(samples))[None], chain, RATE)[0].numpy()


def step(quiet: float, loud: float, seconds: float = 1.0) -> NDArray[np.float64]:
    """A direct current that jumps up and back: its level is known at every sample."""
    n = round(seconds * RATE)
    return np.concatenate([np.full(n, quiet), np.full(n, loud), np.full(n, quiet)])


@pytest.mark.parametrize("pole", [0.0, 0.3, 0.999])
@pytest.mark.parametrize("frames", [1, 63, 64, 65, 5000])
def test_one_pole_is_lfilter(pole: float, frames: int) -> None:
    values = np.random.default_rng(0).standard_normal((1, frames))
    expected, _ = lfilter([1 - pole], [1, -pole], values[0], zi=[pole * 2.0])
    found = one_pole(
        torch.from_numpy(values), torch.tensor([pole], dtype=torch.float64), before=2.0
    )
    assert found[0].numpy() == pytest.approx(expected, abs=1e-12)


def test_falling_and_fading_are_their_recursions() -> None:
    values = np.abs(np.random.default_rng(1).standard_normal(2000))
    lowered, faded, low, fade = [], [], -np.inf, 0.0
    for value in values:
        low, fade = max(value, low - 0.01), max(value, 0.99 * fade)
        lowered.append(low)
        faded.append(fade)
    given = torch.from_numpy(values)[None]
    assert falling(given, torch.tensor([0.01], dtype=torch.float64))[0].numpy() == pytest.approx(
        lowered
    )
    assert fading(given, torch.tensor([0.99], dtype=torch.float64))[0].numpy() == pytest.approx(
        faded, abs=1e-7
    )


@pytest.mark.parametrize("level", [-50.0, -30.0, -24.0, -20.0, -6.0, 0.0])
def test_a_steady_level_follows_the_static_curve(level: float) -> None:
    told = {"threshold": -24.0, "ratio": 4.0, "knee": 0.1, "attack": 0.005, "release": 0.1}
    tone = 10 ** (level / 20) * np.sin(2 * np.pi * 997 * np.arange(RATE) / RATE)
    after = through("compressor", told, tone)[0, RATE // 2 :]
    expected = level if level < -24 else -24 + (level + 24) / 4
    assert 20 * np.log10(np.abs(after).max()) == pytest.approx(expected, abs=0.1)


def test_the_knee_is_a_parabola_between_lines() -> None:
    level = torch.linspace(-40, 0, 401).double()
    curve = static_curve(level, torch.tensor(-20.0), torch.tensor(3.0), torch.tensor(10.0))
    over = level + 20
    bent = (1 - 1 / 3) * (over + 5) ** 2 / 20
    lines = (1 - 1 / 3) * over.clamp(min=0)
    expected = torch.where(over.abs() <= 5, bent, lines)
    assert torch.allclose(curve, expected, atol=1e-9)


@pytest.mark.parametrize("attack", [0.002, 0.02, 0.1])
def test_attack_and_release_take_their_times(attack: float) -> None:
    release = 0.2
    told = {"threshold": -20.0, "ratio": 20.0, "knee": 0.1, "attack": attack, "release": release}
    sound = step(1e-3, 1.0)
    reduction = -20 * np.log10(through("compressor", told, sound)[0] / sound)
    full = 20 * (1 - 1 / 20)
    reached = np.interp(RATE + attack * RATE, np.arange(len(sound)), reduction)
    assert reached == pytest.approx(full * (1 - np.exp(-1)), rel=0.1)
    # A second after the end of the attack the reduction is whole; then it fades, attack included.
    slow, quick = max(attack, release), min(attack, release)
    time = 0.3
    faded = (slow * np.exp(-time / slow) - quick * np.exp(-time / quick)) / (slow - quick)
    left = reduction[2 * RATE + round(time * RATE)]
    assert left == pytest.approx(full * faded, rel=0.05)


def test_makeup_and_links() -> None:
    sound = np.stack([np.full(RATE, 0.5), np.full(RATE, 0.005)])
    told = {"threshold": -26.0, "ratio": 2.0, "knee": 0.1, "makeup": 6.0}
    gain = through("compressor", told, sound)[:, -1] / sound[:, -1]
    assert gain[0] == pytest.approx(gain[1])
    assert 20 * np.log10(gain[0]) == pytest.approx(6 - (26 - 6.0206) / 2, abs=0.01)


@pytest.mark.parametrize("level", [0.8, 0.02])
@pytest.mark.parametrize(("name", "amount"), [("attack", 9.0), ("attack", -9.0), ("sustain", 9.0)])
def test_transients_move_whatever_the_level(level: float, name: str, amount: float) -> None:
    seconds = np.arange(RATE) / RATE
    stroke = level * np.exp(-seconds / 0.12) * np.sin(2 * np.pi * 400 * seconds)
    gain = np.abs(through("transients", {name: amount}, stroke)[0]) / np.maximum(
        np.abs(stroke), 1e-9
    )
    heard = np.abs(stroke) > 0.3 * np.abs(stroke).max() * np.exp(-seconds / 0.12)
    early = 20 * np.log10(gain[heard & (seconds > 0.002) & (seconds < 0.006)]).mean()
    late = 20 * np.log10(gain[heard & (seconds > 0.25) & (seconds < 0.4)]).mean()
    hit, tail = (early, late) if name == "attack" else (late, early)
    assert np.sign(amount) * hit > 2.5
    assert abs(tail) < 0.3


def test_steady_sounds_have_no_transients() -> None:
    tone = 0.3 * np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE)
    shaped = through("transients", {"attack": 15.0, "sustain": 15.0}, tone)[0]
    assert np.abs(shaped - tone)[RATE // 2 :].max() < 0.01


def test_frames_are_a_third_of_a_millisecond() -> None:
    assert [hop(rate) for rate in (1000, 8000, 48_000, 192_000)] == [1, 3, 16, 64]
