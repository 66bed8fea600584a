"""The log-mel spectrogram that AudioLDM's autoencoder and vocoder know."""

import math
from typing import Final

import torch
from torch import Tensor

__all__ = ["voice_mel"]

FLOOR: Final = 1e-5
LONG: Final = 6  # hops of a window, at least: 1024 samples for a hop of 160


def voice_mel(samples: Tensor, rate: int, hop: int, bands: int) -> Tensor:
    """A waveform [n] → ln of magnitudes [1 + n // hop, bands], not below ln 1e-5.

    Slaney's mel filters from 0 Hz to half the rate over |STFT| with a Hann window of a power of
    two: at 16 kHz, 160 and 64 bands that of AudioLDM (Liu et al. 2023), whose window is 1024.
    """
    from transformers.audio_utils import mel_filter_bank

    size = 2 ** math.ceil(math.log2(LONG * hop))
    window = torch.hann_window(size, device=samples.device)
    edge = size // 2
    # A reflection needs more than half a window; what is shorter is met by silence.
    padded = torch.nn.functional.pad(samples, (0, max(0, edge + 1 - samples.shape[0])))
    reflected = torch.nn.functional.pad(padded[None], (edge, edge), mode="reflect")[0]
    spectrum = torch.stft(reflected, size, hop, window=window, center=False, return_complex=True)
    filters = mel_filter_bank(
        size // 2 + 1, bands, 0.0, rate / 2, rate, norm="slaney", mel_scale="slaney"
    )
    magnitudes = torch.as_tensor(filters.T, dtype=samples.dtype, device=samples.device)
    found = (magnitudes @ spectrum.abs()).clamp(min=FLOOR).log().T
    return found[: 1 + samples.shape[0] // hop]
