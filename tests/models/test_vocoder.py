"""The vocoder: its Fourier transforms against closed forms and librosa, whatever its weights."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from sonolume.errors import OptionError
from sonolume.models.vocoder import (
    Vocoder,
    VocoderConfig,
    _forward,
    _ramp,
    griffin_lim,
    keep_bands,
    spread_mel,
    vocode,
)
from sonolume.signal.mel import HOP, N_FFT, RATE, WIN, LogMel, mel_filters

TINY = VocoderConfig(width=16, depth=1, inner=24)
WINDOW = torch.hann_window(N_FFT)


def noise(seconds: float = 0.5, seed: int = 0) -> Tensor:
    count = HOP * round(seconds * RATE / HOP)
    return 0.1 * torch.randn(1, count, generator=torch.Generator().manual_seed(seed))


def tone(frequency: float, seconds: float = 0.5) -> Tensor:
    time = torch.arange(HOP * round(seconds * RATE / HOP)) / RATE
    return 0.3 * torch.cos(2 * math.pi * frequency * time)[None]


@pytest.fixture
def untrained() -> Vocoder:
    """Says nothing of its own: the magnitudes are those of the bands."""
    torch.manual_seed(0)
    model = Vocoder(TINY).eval().requires_grad_(False)
    for parameter in model.head.parameters():
        torch.nn.init.zeros_(parameter)
    return model


@pytest.mark.parametrize("frames", [2, 3, 31])
def test_frames_and_samples_fit_the_front_end(untrained: Vocoder, frames: int) -> None:
    mel = torch.full((2, 64, frames), -6.0)
    waveform = vocode(mel, untrained, 1)
    assert waveform.shape == (2, (frames - 1) * HOP)
    assert LogMel()(waveform).shape == mel.shape


def test_bands_are_spread_over_the_bins_in_straight_lines() -> None:
    rows = spread_mel()
    torch.testing.assert_close(rows.sum(1), torch.ones(257))
    assert float(rows.min()) >= 0
    assert int((rows > 0).sum(1).max()) == 2
    centres = (mel_filters() * torch.arange(257)).sum(1) / mel_filters().sum(1)
    inside = torch.arange(257)[(torch.arange(257) > centres[0]) & (torch.arange(257) < centres[-1])]
    torch.testing.assert_close((rows @ centres)[inside], inside.float(), atol=0.02, rtol=1e-3)


def test_the_power_of_noise_is_that_of_its_bands(untrained: Vocoder) -> None:
    sound = noise(4.0)
    made = untrained.spectrum(LogMel()(sound)).abs().square()[:, 4:-4].mean()
    true = _forward(sound, WINDOW).abs().square()[:, 4:-4].mean()
    # ln of a band's power lies below ln of its mean by up to the 0.58 of a single bin.
    assert -0.6 < math.log(float(made / true)) < 0.05


def test_the_phase_ramp_is_a_tone_at_the_centre_of_a_bin() -> None:
    bins, frames = torch.tensor([8, 40, 200]), 40
    for k in bins.tolist():
        spectrum = _forward(tone(k * RATE / N_FFT), WINDOW)[0, k, 4:frames]
        turned = spectrum * torch.exp(-1j * _ramp(torch.zeros(1, 64, frames)))[k, 4:]
        assert float((turned / turned[0] - 1).abs().max()) < 1e-3


def test_a_lasting_tone_keeps_its_pitch_between_bins_of_the_frame_rate(untrained: Vocoder) -> None:
    """Equal frames give a tone at a bin's centre, 1,031 Hz, which is no multiple of 100 Hz."""
    mel = torch.full((1, 64, 101), -13.0)
    mel[:, int((spread_mel()[33]).argmax())] = 2.0
    waveform = untrained(mel)[0].numpy()
    middle = waveform[4000:12000] * np.hanning(8000)
    power = np.abs(np.fft.rfft(middle))
    peaks = np.fft.rfftfreq(8000, 1 / RATE)[power > 0.5 * power.max()]
    off = np.abs(peaks / (RATE / N_FFT) - np.round(peaks / (RATE / N_FFT)))
    assert off.max() < 0.15
    assert abs(peaks.mean() - 33 * RATE / N_FFT) < 80


@pytest.mark.parametrize(("iterations", "momentum"), [(0, 0.99), (1, 0.0), (7, 0.99)])
def test_a_true_spectrum_is_a_fixed_point(iterations: int, momentum: float) -> None:
    sound = noise()
    found = griffin_lim(_forward(sound, WINDOW), iterations, momentum)
    torch.testing.assert_close(found, sound, atol=1e-4, rtol=1e-4)


def misfit(waveform: Tensor, magnitude: Tensor) -> float:
    apart = _forward(waveform, WINDOW).abs() - magnitude
    return float(apart.norm() / magnitude.norm())


@pytest.mark.slow  # librosa takes seconds to import
def test_iterations_agree_with_librosa() -> None:
    import librosa

    magnitude = _forward(noise() + tone(700), WINDOW).abs()
    flat = magnitude.to(torch.complex64)
    start, fast = (misfit(griffin_lim(flat, n), magnitude) for n in (0, 32))
    rebuilt = librosa.griffinlim(
        magnitude[0].numpy(),
        n_iter=32,
        hop_length=HOP,
        n_fft=N_FFT,
        init=None,
        pad_mode="constant",
        momentum=0.99,
    )
    theirs = misfit(torch.from_numpy(rebuilt)[None], magnitude)
    assert fast < 0.4 * start
    assert fast == pytest.approx(theirs, rel=0.15)


def test_iterations_bring_the_magnitudes_nearer() -> None:
    magnitude = _forward(noise() + tone(700), WINDOW).abs()
    flat = magnitude.to(torch.complex64)
    plain, fast, start = (
        misfit(griffin_lim(flat, count, momentum), magnitude)
        for count, momentum in ((16, 0.0), (16, 0.99), (0, 0.0))
    )
    assert fast < plain < 0.7 * start


def test_bands_keep_their_power(untrained: Vocoder) -> None:
    mel = LogMel()(noise() + tone(440) + tone(3000))
    spectrum = keep_bands(0.5 * untrained.spectrum(mel), mel)
    found = (mel_filters() @ spectrum.abs().square() * (WIN / N_FFT)).clamp(min=1e-6).log()
    assert float((found - mel).abs().mean()) < 0.1
    torch.testing.assert_close(spectrum.angle(), untrained.spectrum(mel).angle())


def test_the_control_needs_no_network_and_is_the_same_each_time() -> None:
    mel = LogMel()(noise())
    first = vocode(mel, None, 4)
    assert torch.equal(first, vocode(mel, None, 4))
    assert float((LogMel()(first) - mel).abs().mean()) < 0.5


def test_gradients_reach_the_mel_and_every_weight() -> None:
    torch.manual_seed(0)
    model = Vocoder(TINY)
    mel = LogMel()(noise()).requires_grad_()
    model(mel).square().sum().backward()
    assert mel.grad is not None
    assert bool(mel.grad.abs().sum(1).gt(0).all())
    assert [k for k, p in model.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_batch_equals_single() -> None:
    torch.manual_seed(0)
    model, mel = Vocoder(TINY).eval(), LogMel()(torch.cat([noise(), tone(500)]))
    together = vocode(mel, model, 2)
    for i in range(2):
        alone = vocode(mel[i : i + 1], model, 2)
        torch.testing.assert_close(together[i : i + 1], alone, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("shape", [(64, 10), (1, 63, 10), (1, 64, 1)])
def test_other_shapes_are_refused(untrained: Vocoder, shape: tuple[int, ...]) -> None:
    with pytest.raises(OptionError, match=r"expected \[B, 64, T\]"):
        vocode(torch.zeros(shape), untrained)


@pytest.mark.parametrize(("iterations", "momentum"), [(-1, 0.5), (201, 0.5), (3, -0.1), (3, 1.1)])
def test_other_iterations_are_refused(iterations: int, momentum: float) -> None:
    with pytest.raises(OptionError, match="iterations with momentum"):
        griffin_lim(torch.zeros(1, 257, 4, dtype=torch.complex64), iterations, momentum)
