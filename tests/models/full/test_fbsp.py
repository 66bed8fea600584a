"""AudioCLIP's front end against a direct sum in NumPy."""

import math

import numpy as np
import pytest
import torch
from scipy.signal.windows import blackmanharris

from sonolume.models.full.fbsp import BINS, FRAME, HOP, SIZE, Fbsp, bands, frames

CHECKED = range(0, BINS, 8)
WINDOW = torch.from_numpy(blackmanharris(FRAME, sym=False)).float()


def direct(samples: np.ndarray, m: np.ndarray, fb: np.ndarray, fc: np.ndarray) -> np.ndarray:
    """Power [1025, T] of samples [n] in −1..1, term by term, of the checked bins alone."""
    whole = samples * 32768
    scaled = (whole + 32768) * 2 / 65535 - 1
    count = 1 + max(0, math.ceil((len(samples) - FRAME) / HOP))
    missing = (count - 1) * HOP + FRAME - len(samples)
    padded = np.concatenate([np.zeros(missing // 2), scaled, np.zeros(missing - missing // 2)])
    t = np.pi * np.linspace(-1, 1, SIZE) + 1e-8
    power = np.zeros((BINS, count))
    for number in range(count):
        frame = np.zeros(SIZE)
        stretch = padded[number * HOP : number * HOP + FRAME]
        frame[(SIZE - FRAME) // 2 :][:FRAME] = stretch * blackmanharris(FRAME, sym=False)
        for k in CHECKED:
            sinc = np.sinc(fb[k] * t / (m[k] + 1e-8) / np.pi).astype(complex)
            kernel = np.sqrt(fb[k]) * sinc ** m[k] * np.exp(-1j * fc[k] * t) / np.sqrt(SIZE)
            power[k, number] = abs((frame * kernel).sum()) ** 2
    return power


def parameters(kind: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if kind == "fresh":
        return np.zeros(BINS), np.ones(BINS), np.arange(BINS, dtype=float)
    rng = np.random.default_rng(3)
    return rng.uniform(0.05, 3, BINS), rng.uniform(0.2, 3, BINS), rng.uniform(0, 1024, BINS)


@pytest.mark.parametrize("kind", ["fresh", "trained"])
def test_power_is_the_direct_sum(kind, noise) -> None:
    samples = noise(0.06, 44_100)
    values = parameters(kind)
    front = Fbsp()
    with torch.no_grad():
        for parameter, value in zip((front.m, front.fb, front.fc), values, strict=True):
            parameter.copy_(torch.from_numpy(value))
        found = front(frames(torch.from_numpy(samples)[None], WINDOW))[0].double().numpy()
    rounded = [value.astype(np.float32).astype(float) for value in values]
    expected = direct(samples.astype(float), *rounded)
    assert found.shape == (1025, 3)
    # Phases reach 3200, where neighbours in float32 lie 2e-4 apart.
    allowed = 1e-4 * expected.max()
    np.testing.assert_allclose(found[CHECKED], expected[CHECKED], atol=allowed, rtol=0)


def test_five_seconds_are_three_bands_of_392() -> None:
    with torch.no_grad():
        found = bands(Fbsp()(frames(torch.zeros(2, 5 * 44_100), WINDOW)))
    assert found.shape == (2, 3, 341, 392)


def test_a_tone_stands_in_its_band() -> None:
    """Bin k is k / 2048 of the rate: 12 kHz is bin 557, 216 of the middle band."""
    t = torch.arange(22_050) / 44_100
    samples = 0.5 * torch.sin(2 * math.pi * 12_000 * t)
    with torch.no_grad():
        found = bands(Fbsp()(frames(samples[None], WINDOW)))[0, :, :, 10]
    band, height = divmod(int(found.argmax()), 341)
    assert band == 1
    assert abs(height - 216) <= 1


def test_samples_are_read_as_whole_numbers_are() -> None:
    """32767 is 1 and −32768 is −1: a frame of ones and one of minus ones are the window itself."""
    for value, expected in ((32767 / 32768, 1.0), (-1.0, -1.0)):
        found = frames(torch.full((1, FRAME), value), torch.ones(FRAME))
        assert float((found - expected).abs().max()) < 1e-6


def test_padding_is_split_and_stays_silent() -> None:
    found = frames(torch.ones(1, FRAME + 10), torch.ones(FRAME))[0]
    assert found.shape == (2, FRAME)
    padding = (HOP - 10) // 2
    assert torch.equal(found[0, :padding], torch.zeros(padding))
    assert float(found[0, padding]) == pytest.approx(1, abs=1e-4)
    assert torch.equal(found[1, -(HOP - 10 - padding) :], torch.zeros(HOP - 10 - padding))


def test_silence_has_a_floor() -> None:
    assert torch.equal(bands(torch.zeros(1, BINS, 2)), torch.full((1, 3, 341, 2), -180.0))
