"""Stage `vocoder`: log-mel → waveform, on the training clips.

The magnitudes that the network writes are compared with the true ones, and the waveform that comes
out with the true waveform by its spectra and its log-mel. There is no adversary.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from sonolume.data.licences import COMMERCIAL
from sonolume.data.shards import Clip, read_sounds
from sonolume.errors import DataError
from sonolume.hub import weights
from sonolume.models.vocoder import Vocoder, VocoderConfig, griffin_lim, vocode
from sonolume.signal.mel import HOP, N_FFT, LogMel
from sonolume.signal.windows import normalise_level, repeat_to
from sonolume.training.context import Context
from sonolume.training.settings import from_table
from sonolume.training.spectra import QUIETEST, magnitudes, stft_distance
from sonolume.training.stage import Figures
from sonolume.training.start import start_from

HELD = 32  # validation clips, at most
HELD_FRAMES = 400


@dataclass(frozen=True)
class VocoderSettings:
    """Batch, length of a stretch in frames of 10 ms, and loss weights."""

    batch: int = 8
    frames: int = 73
    level: float = 0.7  # deviation of a stretch's level, ln of amplitude
    mel_weight: float = 1.0
    magnitude_weight: float = 1.0
    network: VocoderConfig = field(default_factory=VocoderConfig)


class VocoderStage:
    """See the module's docstring."""

    name = "vocoder"

    def __init__(
        self,
        data: Path,
        settings: VocoderSettings,
        start: Path | None = None,
        *,
        commercial: bool = False,
    ) -> None:
        self.settings, self.commercial = settings, commercial
        self.model = Vocoder(settings.network)
        start_from(self.model, "vocoder", start, commercial=commercial)
        self.front = LogMel()
        self.samples = (settings.frames - 1) * HOP
        clips = list(read_sounds(data, licences=COMMERCIAL if commercial else None))
        self.train = [normalise_level(c.samples) for c in clips if c.split == "train"]
        if not self.train:
            raise DataError(f"{data}: no clips of the split train whose licence is wanted")
        held = [clip for clip in clips if clip.split == "validation"]
        self.held = _stretches(held[:: 1 + len(held) // HELD])

    def batch(self, rng: np.random.Generator) -> dict[str, Tensor]:
        rows = rng.integers(len(self.train), size=self.settings.batch)
        gain = np.exp(rng.normal(0, self.settings.level, len(rows))).astype(np.float32)
        cut = [g * self._cut(self.train[i], rng) for i, g in zip(rows, gain, strict=True)]
        return {"sounds": torch.from_numpy(np.stack(cut))}

    def _cut(self, samples: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
        samples = repeat_to(samples, max(self.samples, len(samples)))
        start = int(rng.integers(len(samples) - self.samples + 1))
        return samples[start : start + self.samples]

    def loss(self, batch: dict[str, Tensor], step: int, progress: float) -> tuple[Tensor, Figures]:
        s, sounds = self.settings, batch["sounds"]
        front = self.front.to(sounds.device)
        mel = front(sounds)
        spectrum = self.model.spectrum(mel)
        made = griffin_lim(spectrum, 0)
        stft = stft_distance(made, sounds)
        mels = F.l1_loss(front(made), mel)
        true = magnitudes(sounds, N_FFT, HOP)
        written = F.l1_loss(spectrum.abs().clamp(min=QUIETEST).log(), true.log())
        figures = {"stft": stft, "mel": mels, "magnitude": written}
        loss = stft + s.mel_weight * mels + s.magnitude_weight * written
        return loss, {name: value.detach() for name, value in figures.items()}

    def validate(self, folder: Path) -> dict[str, float]:
        """Distances of vocoded validation clips to the clips, multi-resolution STFT and log-mel.

        Of the network alone, of its STFT with the iterations that follow it, and, as control, of as
        many without a network.
        """
        if not len(self.held):
            return {}
        device = next(self.model.parameters()).device
        sounds, front = self.held.to(device), self.front.to(device)
        mel = front(sounds)
        made = {
            "": self.model(mel),
            "_iterated": vocode(mel, self.model),
            "_griffin_lim": vocode(mel, None),
        }
        figures = {}
        for way, waveform in made.items():
            figures[f"stft{way}"] = float(stft_distance(waveform, sounds))
            figures[f"mel{way}"] = float(F.l1_loss(front(waveform), mel))
        return figures

    def export(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        facts = {"config": asdict(self.settings.network), "commercial": self.commercial}
        weights.save("vocoder", self.model.state_dict(), facts, folder)


def _stretches(clips: list[Clip]) -> Tensor:
    """The first four seconds of clips [N, n], level-normalised, short ones repeated."""
    size = (HELD_FRAMES - 1) * HOP
    rows = [normalise_level(repeat_to(clip.samples, size)) for clip in clips]
    return torch.from_numpy(np.stack(rows) if rows else np.zeros((0, size), np.float32))


def build(context: Context, table: Mapping[str, Any]) -> VocoderStage:
    """The stage with the settings of a recipe's table."""
    return VocoderStage(
        context.data,
        from_table(VocoderSettings, table, context.where),
        context.start,
        commercial=context.commercial,
    )
