"""Log-mel spectrogram, the front end of everything that listens.

16 kHz and 8 kHz of band: most training clips end there, so a wider front end would learn the
source of a clip instead of its sound.
"""

import math
from typing import Final

import torch
from torch import Tensor, nn

RATE: Final = 16_000
HOP: Final = 160
N_FFT: Final = 512
WIN: Final = 400
N_MELS: Final = 64
F_MIN: Final = 50.0
F_MAX: Final = 8_000.0
FLOOR: Final = 1e-6
# Frames transformed together: their spectra stay in a core's cache, which halves the time.
AT_ONCE: Final = 256


class LogMel(nn.Module):
    """Waveform [B, n] in −1..1 at 16 kHz → log-mel [B, 64, 1 + n // 160].

    ln(max(power, 1e-6)) of a Slaney mel filter bank over a power spectrum with a 400-sample Hann
    window centred in 512, zero-padded at both ends: what `librosa.feature.melspectrogram` gives,
    within 1e-4 for sounds at the level of `normalise_level` (fp32: between the partials of a tone
    at full scale the transform's rounding would show).
    """

    window: Tensor
    filters: Tensor

    def __init__(self) -> None:
        super().__init__()
        window = torch.zeros(N_FFT)
        start = (N_FFT - WIN) // 2
        window[start : start + WIN] = torch.hann_window(WIN, dtype=torch.float64).float()
        self.register_buffer("window", window, persistent=False)
        self.register_buffer("filters", mel_filters(), persistent=False)

    def forward(self, waveform: Tensor) -> Tensor:
        padded = nn.functional.pad(waveform.float(), (N_FFT // 2, N_FFT // 2))
        frames = padded.unfold(-1, N_FFT, HOP)  # [B, T, 512], a view
        count = max(1, AT_ONCE // len(frames))
        if frames.device.type != "cpu":
            count = frames.shape[1]
        mel = torch.cat([self._mel(part) for part in torch.split(frames, count, 1)], 1)
        return mel.clamp_(min=FLOOR).log_().transpose(-1, -2)

    def _mel(self, frames: Tensor) -> Tensor:
        spectrum = torch.fft.rfft(frames * self.window)
        power = spectrum.real.square().addcmul_(spectrum.imag, spectrum.imag)  # [B, t, 257]
        mel: Tensor = power @ self.filters.T
        return mel


def mel_filters() -> Tensor:
    """Triangles [64, 257] of unit area over the Slaney mel scale (Slaney 1998)."""
    bins = torch.linspace(0, RATE / 2, N_FFT // 2 + 1, dtype=torch.float64)
    edges = _hertz(torch.linspace(_mel(F_MIN), _mel(F_MAX), N_MELS + 2, dtype=torch.float64))
    width = edges.diff()
    ramps = edges[:, None] - bins
    rising = -ramps[:-2] / width[:-1, None]
    falling = ramps[2:] / width[1:, None]
    triangles = torch.minimum(rising, falling).clamp(min=0)
    return (triangles * (2 / (edges[2:] - edges[:-2]))[:, None]).float()


_BREAK_HERTZ, _HERTZ_A_MEL, _LOG_STEP = 1000.0, 200 / 3, math.log(6.4) / 27


def _mel(hertz: float) -> float:
    """Slaney mel: linear up to 1 kHz, then logarithmic."""
    if hertz < _BREAK_HERTZ:
        return hertz / _HERTZ_A_MEL
    return _BREAK_HERTZ / _HERTZ_A_MEL + math.log(hertz / _BREAK_HERTZ) / _LOG_STEP


def _hertz(mel: Tensor) -> Tensor:
    linear = mel * _HERTZ_A_MEL
    beyond = mel - _BREAK_HERTZ / _HERTZ_A_MEL
    return torch.where(beyond > 0, _BREAK_HERTZ * torch.exp(_LOG_STEP * beyond), linear)
