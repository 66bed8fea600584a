"""AudioLDM 2 and Stable Audio, as the diffusion engine of `restyle` needs them."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import torch
import torch.nn.functional as F
from torch import Tensor

from sonolume.diffusion.windows import starts
from sonolume.errors import ModelError
from sonolume.hub.download import folder_of
from sonolume.hub.layout import file_hash
from sonolume.media import Audio
from sonolume.models.full.sound_denoisers import AudioLdmDenoiser, StableAudioDenoiser
from sonolume.models.full.voice_mel import voice_mel
from sonolume.pipelines.play.sounds_diffusers import FETCHED, load_sound_pipeline
from sonolume.pipelines.restyle.engine.parts import Condition, Style
from sonolume.signal.mel import RATE, LogMel

__all__ = ["AudioLdmGenerator", "StableAudioGenerator", "load_full_generator", "prompts"]

GUIDANCE: Final = 3.5
PLAIN: Final = 0.3  # evidence of a word that is meant in full


def prompts(style: Style) -> list[str]:
    """What says a sound as it is, and in a style."""
    said = ", ".join(style.words)
    return ["a sound", f"a sound that is {said}" if said else "a sound"]


@dataclass(frozen=True)
class _FullGenerator:
    """What both have in common.

    Attributes:
        pipeline: of diffusers, on one device.
        folder: it was loaded from.
    """

    pipeline: Any
    folder: Path

    @property
    def guidance(self) -> float:
        return GUIDANCE

    def share(self, style: Style) -> float:
        """A prompt has no weights: guidance goes as far as its plainest word is meant."""
        return min(1.0, float(abs(style.evidence).max(initial=0.0)) / PLAIN)

    def provenance(self) -> dict[str, object]:
        files = sorted(self.folder.rglob("*.safetensors"))
        named = {str(path.relative_to(self.folder)): file_hash(path) for path in files}
        return {"folder": str(self.folder.resolve()), "hashes": named}

    @property
    def device(self) -> torch.device:
        return torch.device(self.pipeline.device)


def _mel_of(samples: Tensor, rate: int) -> Tensor:
    """The front end's log-mel [64, T] of a waveform [n] at any rate."""
    resampled = Audio(samples[None].float().cpu().numpy(), rate).resample(RATE).samples
    mel: Tensor = LogMel()(torch.from_numpy(resampled))[0]
    return mel


@dataclass(frozen=True)
class AudioLdmGenerator(_FullGenerator):
    """See `parts.Generator`: states are latents [1, C · M, T] of a mel spectrogram."""

    @cached_property
    def denoiser(self) -> AudioLdmDenoiser:
        scheduler = self.pipeline.scheduler
        predicts = scheduler.config.prediction_type
        return AudioLdmDenoiser(self.pipeline.unet, scheduler.alphas_cumprod, predicts)

    @property
    def rate(self) -> int:
        return int(self.pipeline.vocoder.config.sampling_rate)

    @property
    def window(self) -> int:
        return int(self.pipeline.unet.config.sample_size)

    def encode(self, samples: Tensor) -> Tensor:
        bands = int(self.pipeline.vocoder.config.model_in_dim)
        mel = voice_mel(samples.to(self.device), self.rate, self._hop, bands)
        wanted = self._frames(len(samples)) * self.pipeline.vae_scale_factor
        mel = F.pad(mel, (0, 0, 0, wanted - len(mel)), value=float(mel.min()))
        vae = self.pipeline.vae
        latents = vae.encode(mel[None, None].to(vae.dtype)).latent_dist.mode()
        return self._flat(latents.float() * vae.config.scaling_factor)

    def decode(self, state: Tensor) -> Tensor:
        vae = self.pipeline.vae
        latents = self._deep(state) / vae.config.scaling_factor
        mel = vae.decode(latents.to(vae.dtype)).sample
        waveform: Tensor = self.pipeline.mel_spectrogram_to_waveform(mel)[0]
        return waveform

    def bands(self, state: Tensor) -> Tensor:
        return _mel_of(self.decode(state), self.rate)

    def conditions(self, samples: Tensor, style: Style) -> tuple[Condition, Condition]:
        text, mask, written = self.pipeline.encode_prompt(prompts(style), self.device, 1, False)
        count = len(starts(self._frames(len(samples)), self.window))
        source, target = (
            tuple(part[row : row + 1].expand(count, *part.shape[1:]) for part in told)
            for row, told in enumerate([(written, text, mask)] * 2)
        )
        return source, target

    def predict(self, x: Tensor, t: Tensor, told: Condition) -> Tensor:
        written, text, mask = told
        return self._flat(self.denoiser(self._deep(x), t, written, text, mask))

    def _frames(self, samples: int) -> int:
        """Of the state of so many samples."""
        mel = 1 + samples // self._hop
        return max(self.window, -(-mel // int(self.pipeline.vae_scale_factor)))

    @property
    def _hop(self) -> int:
        """Samples of a mel frame."""
        hop = 1
        for factor in self.pipeline.vocoder.config.upsample_rates:
            hop *= int(factor)
        return hop

    def _flat(self, latents: Tensor) -> Tensor:
        """[B, C, T, M] → [B, C · M, T]."""
        return latents.transpose(2, 3).flatten(1, 2)

    def _deep(self, state: Tensor) -> Tensor:
        channels = int(self.pipeline.unet.config.in_channels)
        return state.reshape(len(state), channels, -1, state.shape[-1]).transpose(2, 3)


@dataclass(frozen=True)
class StableAudioGenerator(_FullGenerator):
    """See `parts.Generator`: states are latents [1, C, T] of a waveform, heard as mono."""

    @cached_property
    def denoiser(self) -> StableAudioDenoiser:
        pipeline = self.pipeline
        return StableAudioDenoiser(
            pipeline.transformer, pipeline.scheduler, int(pipeline.rotary_embed_dim)
        )

    @property
    def rate(self) -> int:
        return int(self.pipeline.vae.config.sampling_rate)

    @property
    def window(self) -> int:
        return int(self.pipeline.transformer.config.sample_size)

    def encode(self, samples: Tensor) -> Tensor:
        vae = self.pipeline.vae
        wanted = self._frames(len(samples)) * int(vae.hop_length)
        padded = F.pad(samples.to(self.device), (0, wanted - len(samples)))
        channels = padded.expand(1, int(vae.config.audio_channels), -1)
        state: Tensor = vae.encode(channels.to(vae.dtype)).latent_dist.mode().float()
        return state

    def decode(self, state: Tensor) -> Tensor:
        vae = self.pipeline.vae
        waveform: Tensor = vae.decode(state.to(vae.dtype)).sample[0].float().mean(0)
        return waveform

    def bands(self, state: Tensor) -> Tensor:
        return _mel_of(self.decode(state), self.rate)

    def conditions(self, samples: Tensor, style: Style) -> tuple[Condition, Condition]:
        text = self.pipeline.encode_prompt(prompts(style), self.device, False)
        hop = int(self.pipeline.vae.hop_length)
        seconds = min(len(samples), self.window * hop) / self.rate
        begin, end = self.pipeline.encode_duration(0.0, seconds, self.device, False, 2)
        said = torch.cat([text, begin, end], dim=1)
        whole = torch.cat([begin, end], dim=2)
        count = len(starts(self._frames(len(samples)), self.window))
        source, target = (
            tuple(part[row : row + 1].expand(count, -1, -1) for part in (said, whole))
            for row in range(2)
        )
        return source, target

    def predict(self, x: Tensor, t: Tensor, told: Condition) -> Tensor:
        clean: Tensor = self.denoiser(x, t, *told)
        return clean

    def _frames(self, samples: int) -> int:
        return max(self.window, -(-samples // int(self.pipeline.vae.hop_length)))


def load_full_generator(
    name: str | Path, device: str | None = None
) -> AudioLdmGenerator | StableAudioGenerator:
    """AudioLDM 2 or Stable Audio, of a folder or the hub.

    Raises ModelError when the model is not there, broken, or neither, or does not do what the
    engine needs.
    """
    folder = folder_of(name, FETCHED)
    pipeline = load_sound_pipeline(folder, device)
    if hasattr(pipeline, "transformer"):
        if not hasattr(pipeline.scheduler, "precondition_inputs"):
            raise ModelError(f"{folder}: a scheduler without preconditioning; take the published")
        return StableAudioGenerator(pipeline, folder)
    if not hasattr(pipeline.scheduler, "alphas_cumprod"):
        raise ModelError(f"{folder}: a scheduler without training steps; take the published one")
    return AudioLdmGenerator(pipeline, folder)
