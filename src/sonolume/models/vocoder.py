"""Vocoder: log-mel spectrogram → waveform, one inverse Fourier transform after a few convolutions.

After Vocos (Siuzdak 2023): ConvNeXt blocks at the frame rate, a magnitude and a phase for every
bin, an inverse STFT. Two things are changed. The magnitude starts from what the mel bands say, so
that only fine structure is learned. The phase is told in the frame of a tone at the bin's centre:
a network that is the same at every frame can then hold a tone, which it could not if equal frames
had to have equal phases.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sonolume.errors import OptionError
from sonolume.signal.mel import FLOOR, HOP, N_FFT, N_MELS, RATE, WIN, mel_filters

__all__ = ["Vocoder", "VocoderConfig", "griffin_lim", "keep_bands", "vocode"]

BINS, BANDS = N_FFT // 2 + 1, N_MELS
LOUDEST = 5.0  # ln of the largest magnitude that is written: far above full scale
# What a mel band holds less than a bin: its triangle has unit area in hertz, and the front end's
# window is the shorter one.
DENSITY = math.log(RATE / N_FFT) + math.log(N_FFT / WIN)
MOMENTUM = 0.99  # of fast Griffin-Lim, as its authors found best
ITERATIONS, MOST_ITERATIONS = 16, 200
ROUNDS = 2


@dataclass(frozen=True)
class VocoderConfig:
    """Channels, blocks, and how much wider a block is inside."""

    width: int = 128
    depth: int = 5
    inner: int = 320
    kernel: int = 7


class Vocoder(nn.Module):
    """Log-mel [B, 64, T] as `LogMel` makes it → waveform [B, (T − 1) · 160] at 16 kHz."""

    window: Tensor
    spread: Tensor

    def __init__(self, config: VocoderConfig) -> None:
        super().__init__()
        self.config = config
        self.enter = nn.Conv1d(BANDS, config.width, config.kernel, padding=config.kernel // 2)
        self.norm_in = nn.LayerNorm(config.width)
        self.blocks = nn.ModuleList(_Block(config) for _ in range(config.depth))
        self.norm_out = nn.LayerNorm(config.width)
        self.head = nn.Linear(config.width, 2 * BINS)
        nn.init.normal_(self.head.weight, std=0.02)
        self.register_buffer("window", torch.hann_window(N_FFT), persistent=False)
        self.register_buffer("spread", spread_mel(), persistent=False)

    def spectrum(self, mel: Tensor) -> Tensor:
        """Log-mel [B, 64, T] → complex STFT [B, 257, T], Hann windows of 512 every 160 samples."""
        mel = mel.float()
        x = self.norm_in(self.enter((mel + 6) / 3.5).transpose(1, 2))
        for block in self.blocks:
            x = block(x)
        change, phase = self.head(self.norm_out(x)).float().transpose(1, 2).chunk(2, dim=1)
        power = self.spread @ mel + DENSITY
        magnitude = (power / 2 + change).clamp(max=LOUDEST).exp()
        return torch.polar(magnitude, phase + _ramp(mel))

    def forward(self, mel: Tensor) -> Tensor:
        return _inverse(self.spectrum(mel), self.window)


class _Block(nn.Module):
    """ConvNeXt block (Liu et al. 2022) over frames [B, T, width]."""

    def __init__(self, config: VocoderConfig) -> None:
        super().__init__()
        width, kernel = config.width, config.kernel
        self.along = nn.Conv1d(width, width, kernel, padding=kernel // 2, groups=width)
        self.norm = nn.LayerNorm(width)
        self.into = nn.Linear(width, config.inner)
        self.out = nn.Linear(config.inner, width)
        self.scale = nn.Parameter(torch.full((width,), 1 / config.depth))

    def forward(self, x: Tensor) -> Tensor:
        y = self.along(x.transpose(1, 2)).transpose(1, 2)
        y = self.out(F.gelu(self.into(self.norm(y))))
        out: Tensor = x + self.scale * y
        return out


@torch.no_grad()
def vocode(mel: Tensor, model: Vocoder | None, iterations: int = ITERATIONS) -> Tensor:
    """Log-mel [B, 64, T] → waveform [B, (T − 1) · 160], by `griffin_lim` from the network's STFT.

    Without a network the phases are random, equal from call to call, and the magnitudes those of
    the bands: the control. Raises OptionError for another shape, fewer than 2 frames, or as
    `griffin_lim` does.
    """
    if mel.ndim != 3 or mel.shape[1] != BANDS or mel.shape[2] < 2:
        raise OptionError(f"log-mel of shape {tuple(mel.shape)}: expected [B, 64, T], T from 2")
    spectrum = _plain_spectrum(mel) if model is None else model.spectrum(mel)
    return griffin_lim(keep_bands(spectrum, mel), iterations)


def keep_bands(spectrum: Tensor, mel: Tensor) -> Tensor:
    """The STFT [B, 257, T] with magnitudes whose log-mel is nearly `mel` [B, 64, T].

    A network that is trained by differences of logarithms writes the median of noise, which is too
    quiet; and neighbouring bands overlap. Two rounds of multiplying each bin by what its bands lack
    leave a few per cent.
    """
    spread, filters = spread_mel().to(mel), mel_filters().to(mel)
    magnitude = spectrum.abs()
    for _ in range(ROUNDS):
        power = (filters @ magnitude.square()) * (WIN / N_FFT)
        lacking = mel - power.clamp(min=FLOOR).log()
        magnitude = magnitude * (spread @ lacking / 2).exp()
    return torch.polar(magnitude, spectrum.angle())


def griffin_lim(spectrum: Tensor, iterations: int, momentum: float = MOMENTUM) -> Tensor:
    """Waveform [B, (T − 1) · 160] whose STFT has about the magnitudes of `spectrum` [B, 257, T].

    Fast Griffin-Lim (Perraudin, Balazs & Søndergaard 2013, algorithm 2) from the phases that are
    given; `momentum` 0 is Griffin & Lim 1984, `iterations` 0 the plain inverse.

    Raises OptionError unless 0 ≤ iterations ≤ 200 and 0 ≤ momentum ≤ 1.
    """
    if not 0 <= iterations <= MOST_ITERATIONS or not 0 <= momentum <= 1:
        raise OptionError(
            f"{iterations} iterations with momentum {momentum}: expected 0 to {MOST_ITERATIONS} "
            "and 0 to 1"
        )
    window = torch.hann_window(N_FFT, device=spectrum.device)
    magnitude, guess = spectrum.abs(), spectrum
    before: Tensor | None = None
    for _ in range(iterations):
        now = _forward(_inverse(guess, window), window)
        ahead = now if before is None else now + momentum * (now - before)
        guess = torch.polar(magnitude, ahead.angle())
        before = now
    return _inverse(guess, window)


def _plain_spectrum(mel: Tensor) -> Tensor:
    """STFT [B, 257, T] from log-mel [B, 64, T] without a network: random phases over its bands."""
    power = spread_mel().to(mel) @ mel.float() + DENSITY
    random = torch.Generator().manual_seed(0)
    phase = 2 * math.pi * torch.rand(power.shape, generator=random).to(power)
    return torch.polar((power / 2).exp(), phase)


def spread_mel() -> Tensor:
    """Weights [257, 64]: log-mel → log-power of the bins, straight lines between band centres."""
    filters = mel_filters().double()
    bins = torch.arange(BINS, dtype=torch.float64)
    centres = (filters * bins).sum(1) / filters.sum(1)
    place = (centres[None] <= bins[:, None]).sum(1).clamp(1, len(centres) - 1)
    low, high = centres[place - 1], centres[place]
    share = ((bins - low) / (high - low)).clamp(0, 1)
    rows = torch.zeros(BINS, len(centres), dtype=torch.float64)
    rows[torch.arange(BINS), place - 1] = 1 - share
    rows[torch.arange(BINS), place] = share
    return rows.float()


def _ramp(mel: Tensor) -> Tensor:
    """Phase [257, T] of a tone at each bin's centre, exact for any number of frames."""
    bins = torch.arange(BINS, device=mel.device)[:, None]
    frames = torch.arange(mel.shape[-1], device=mel.device)
    turns = (bins * frames * HOP) % N_FFT
    return turns * (2 * math.pi / N_FFT)


def _forward(waveform: Tensor, window: Tensor) -> Tensor:
    return torch.stft(waveform, N_FFT, HOP, window=window, pad_mode="constant", return_complex=True)


def _inverse(spectrum: Tensor, window: Tensor) -> Tensor:
    return torch.istft(spectrum, N_FFT, HOP, window=window)
