"""Gains that change over time and over the bands of the log-mel spectrogram, put on a waveform."""

import math
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sonolume.errors import OptionError
from sonolume.signal.mel import HOP, N_FFT, N_MELS, RATE, mel_filters

__all__ = ["MOST_DECIBELS", "apply_band_gains", "band_centres"]

WINDOW: Final = 0.032  # seconds, as the front end's transform
OVERLAP: Final = 4
BLOCK: Final = 10.0  # seconds that are transformed together
MOST_DECIBELS: Final = 30.0


def band_centres() -> NDArray[np.float64]:
    """The mean frequency of each mel band, hertz [64], rising."""
    filters = mel_filters().double().numpy()
    hertz = np.arange(N_FFT // 2 + 1) * (RATE / N_FFT)
    centres: NDArray[np.float64] = (filters @ hertz) / filters.sum(1)
    return centres


def apply_band_gains(
    samples: NDArray[np.float32], rate: int, gains: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Samples [C, n] at any rate, every channel through the same gains [64, T] in dB.

    A column is 10 ms, the first at time 0, as `LogMel` has them. Between columns and between the
    centres of bands gains are straight lines; beyond the last ones they stay, so that what lies
    above 8 kHz follows the highest band. Gains count up to ±30 dB. Phases are those of the sound.

    Raises:
        OptionError: gains of another shape, or not finite.
    """
    if gains.ndim != 2 or len(gains) != N_MELS or not gains.shape[1]:
        raise OptionError(f"gains of shape {gains.shape}; expected [{N_MELS}, T], T from 1")
    if not np.isfinite(gains).all():
        raise OptionError("gains that are not finite; expected dB")
    hop = max(1, round(WINDOW * rate / OVERLAP))
    spread = _spread(hop * OVERLAP, rate)
    limited = torch.from_numpy(gains.clip(-MOST_DECIBELS, MOST_DECIBELS)).float()
    block, margin = hop * math.ceil(BLOCK * rate / hop), 2 * hop * OVERLAP
    done = [
        _block(samples, start, block, margin, rate, hop, spread, limited)
        for start in range(0, samples.shape[1], block)
    ]
    return np.concatenate(done, axis=1)


def _block(
    samples: NDArray[np.float32],
    start: int,
    block: int,
    margin: int,
    rate: int,
    hop: int,
    spread: Tensor,
    gains: Tensor,
) -> NDArray[np.float32]:
    """Frames from `start` on; what is around them is transformed, too, and cut away."""
    end = min(samples.shape[1], start + block)
    low, high = max(0, start - margin), min(samples.shape[1], end + margin)
    part = torch.from_numpy(np.ascontiguousarray(samples[:, low:high]))
    window = torch.hann_window(hop * OVERLAP)
    form = {"n_fft": hop * OVERLAP, "hop_length": hop, "window": window}
    spectrum = torch.stft(part, **form, pad_mode="constant", return_complex=True)  # type: ignore[arg-type]
    seconds = (low + hop * torch.arange(spectrum.shape[-1])) / rate
    factor = torch.exp(spread @ _at(gains, seconds) * (math.log(10) / 20))
    made = torch.istft(spectrum * factor, **form, length=part.shape[1])  # type: ignore[arg-type]
    return made[:, start - low : end - low].numpy()


def _at(gains: Tensor, seconds: Tensor) -> Tensor:
    """Columns of gains at times, [64, n]."""
    place = (seconds * (RATE / HOP)).clamp(max=gains.shape[1] - 1)
    low = place.long()
    high = (low + 1).clamp(max=gains.shape[1] - 1)
    share = place - low
    return gains[:, low] * (1 - share) + gains[:, high] * share


def _spread(size: int, rate: int) -> Tensor:
    """Weights [bins, 64] of bands: straight lines between their centres."""
    hertz = np.arange(size // 2 + 1) * (rate / size)
    centres, unit = band_centres(), np.eye(N_MELS)
    columns = [np.interp(hertz, centres, unit[band]) for band in range(N_MELS)]
    return torch.from_numpy(np.stack(columns, 1)).float()
