"""EfficientAT mn04 for AudioSet (Schmid et al. 2023): a MobileNetV3 of width 0.4 on log-mels."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sonolume.errors import ModelError

RATE = 32_000
_HOP, _WINDOW, _N_FFT, _BANDS, _F_MAX = 320, 800, 1024, 128, 15_000.0
# Kernel side, expanded channels, channels out, squeeze channels, stride. Blocks up to 5 use ReLU.
_BLOCKS = (
    (3, 8, 8, 0, 1),
    (3, 24, 16, 0, 2),
    (3, 32, 16, 0, 1),
    (5, 32, 16, 8, 2),
    (5, 48, 16, 16, 1),
    (5, 48, 16, 16, 1),
    (3, 96, 32, 0, 2),
    (3, 80, 32, 0, 1),
    (3, 72, 32, 0, 1),
    (3, 72, 32, 0, 1),
    (3, 192, 48, 48, 1),
    (3, 272, 48, 72, 1),
    (5, 272, 64, 72, 2),
    (5, 384, 64, 96, 1),
    (5, 384, 64, 96, 1),
)
_FIRST_HARDSWISH = 6


class _SqueezeExcite(nn.Module):
    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(channels, squeezed)
        self.fc2 = nn.Linear(squeezed, channels)

    def forward(self, x: Tensor) -> Tensor:
        gate = torch.sigmoid(self.fc2(F.relu(self.fc1(x.mean((2, 3))))))
        return x * gate[:, :, None, None]


class _Block(nn.Module):
    def __init__(
        self,
        inputs: int,
        side: int,
        hidden: int,
        outputs: int,
        squeezed: int,
        stride: int,
        act: nn.Module,
    ) -> None:
        super().__init__()
        padding = (side - 1) // 2
        self.expand = nn.Conv2d(inputs, hidden, 1) if hidden != inputs else None
        self.dw = nn.Conv2d(hidden, hidden, side, stride, padding, groups=hidden)
        self.se = _SqueezeExcite(hidden, squeezed) if squeezed else nn.Identity()
        self.project = nn.Conv2d(hidden, outputs, 1)
        self.act = act
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        hidden = x if self.expand is None else self.act(self.expand(x))
        out: Tensor = self.project(self.se(self.act(self.dw(hidden))))
        return x + out if self.residual else out


class AudioSetMn04(nn.Module):
    """0.98 M parameters. Sounds are mono 32 kHz [B, n] in -1..1, any length above 32 ms."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 8, 3, 2, 1)
        self.blocks = nn.ModuleList(_blocks(8))
        self.head = nn.Conv2d(64, 384, 1)
        self.classifier = nn.ModuleDict({"fc1": nn.Linear(384, 512), "fc2": nn.Linear(512, 527)})
        window = torch.hann_window(_WINDOW, periodic=False)
        self.register_buffer("window", window, persistent=False)
        self.register_buffer("filters", _mel_filters(), persistent=False)

    def log_mel(self, waveform: Tensor) -> Tensor:
        """Scaled log-mel spectrogram of [B, n] → [B, 1, 128, 1 + (n - 1) // 320], 100 frames/s.

        Raises ModelError when the sound is not [B, n] or shorter than 1,024 samples.
        """
        if waveform.ndim != 2 or waveform.shape[1] < _N_FFT:
            raise ModelError(
                f"AudioSet net: needs sounds [B, n] of at least {_N_FFT} samples at 32 kHz, "
                f"got {list(waveform.shape)}; repeat or pad short sounds"
            )
        emphasised = waveform[:, 1:] - 0.97 * waveform[:, :-1]
        spectrum = torch.stft(
            emphasised,
            _N_FFT,
            _HOP,
            _WINDOW,
            self.get_buffer("window"),
            center=True,
            pad_mode="reflect",
            return_complex=True,
        )
        power = spectrum.real.square() + spectrum.imag.square()
        mel = self.get_buffer("filters") @ power
        return ((torch.log(mel + 1e-5) + 4.5) / 5).unsqueeze(1)

    def features(self, waveform: Tensor) -> Tensor:
        """Pooled vector [B, 384] of sounds [B, n]; raises ModelError as `log_mel` does."""
        x = F.hardswish(self.stem(self.log_mel(waveform)))
        for block in self.blocks:
            x = block(x)
        return F.hardswish(self.head(x)).mean((2, 3))

    def classify(self, features: Tensor) -> Tensor:
        """Logits [B, 527] from pooled vectors [B, 384]."""
        hidden = F.hardswish(self.classifier["fc1"](features))
        logits: Tensor = self.classifier["fc2"](hidden)
        return logits

    def logits(self, waveform: Tensor) -> Tensor:
        """Multi-label logits [B, 527] in AudioSet's order; sigmoid gives probabilities."""
        return self.classify(self.features(waveform))

    def forward(self, waveform: Tensor) -> Tensor:
        return self.logits(waveform)


def _blocks(inputs: int) -> list[_Block]:
    blocks = []
    for index, (side, hidden, outputs, squeezed, stride) in enumerate(_BLOCKS):
        act = nn.ReLU() if index < _FIRST_HARDSWISH else nn.Hardswish()
        blocks.append(_Block(inputs, side, hidden, outputs, squeezed, stride, act))
        inputs = outputs
    return blocks


def _mel_filters() -> Tensor:
    """Kaldi's triangles: straight in mel, unit peak, [128, 513]; the Nyquist bin weighs nothing."""
    frequencies = torch.arange(_N_FFT // 2, dtype=torch.float64) * RATE / _N_FFT
    mels = 1127 * torch.log1p(frequencies / 700)
    top = 1127 * torch.log1p(torch.tensor(_F_MAX / 700, dtype=torch.float64))
    step = top / (_BANDS + 1)
    centres = step * torch.arange(1, _BANDS + 1, dtype=torch.float64)
    weights = (1 - (mels[None] - centres[:, None]).abs() / step).clamp_min(0)
    return F.pad(weights, (0, 1)).float()
