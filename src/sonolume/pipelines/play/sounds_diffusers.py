"""Sound effects by diffusion models of diffusers: AudioLDM 2 and Stable Audio."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from sonolume.errors import ModelError, OptionError
from sonolume.hub.download import folder_of, needs_full
from sonolume.hub.layout import Layout
from sonolume.hub.pretrained import loading, network, read_json
from sonolume.media import Audio
from sonolume.music.scene import Source
from sonolume.pipelines.play.sounds import check_order

__all__ = ["DiffusionSounds", "effect_prompt", "load_diffusion_sounds", "load_sound_pipeline"]

AT_ONCE: Final = 4  # sounds
AVOIDED: Final = "low quality, music, speech, singing, background noise"
PART: Final = ("*.json", "*.safetensors", "*.txt", "*.model")
PARTS: Final = (
    "feature_extractor",
    "language_model",
    "projection_model",
    "scheduler",
    "text_encoder",
    "text_encoder_2",
    "tokenizer",
    "tokenizer_2",
    "transformer",
    "unet",
    "vae",
    "vocoder",
)
KINDS: Final = ("AudioLDM2Pipeline", "StableAudioPipeline")
FETCHED: Final[Layout] = {".": ("model_index.json",), **dict.fromkeys(PARTS, PART)}


@dataclass(frozen=True)
class DiffusionSounds:
    """See `SoundMaker`.

    Attributes:
        pipeline: a diffusers AudioLDM2Pipeline or StableAudioPipeline.
        seconds: length of a sound, 0.5 to 30.
        steps: of the sampler, 1 to 1000.
        guidance: scale of classifier-free guidance, 1 to 30.

    Raises OptionError for an option out of range.
    """

    pipeline: Any
    seconds: float = 4.0
    steps: int = 100
    guidance: float = 3.5

    def __post_init__(self) -> None:
        for name, low, high in (("seconds", 0.5, 30), ("steps", 1, 1000), ("guidance", 1, 30)):
            if not low <= getattr(self, name) <= high:
                raise OptionError(f"{name} {getattr(self, name)}; expected {low} to {high}")

    def make(self, source: Source, count: int, seed: int) -> list[Audio]:
        """See `SoundMaker`. Raises ModelError when the model gives no usable sound."""
        check_order(count, seed)
        seeds = range(seed, seed + count)
        parts = [seeds[at : at + AT_ONCE] for at in range(0, count, AT_ONCE)]
        return [sound for part in parts for sound in self._draw(source, part)]

    def _draw(self, source: Source, seeds: range) -> list[Audio]:
        # Noise is drawn on the CPU, one generator a sound: a seed is the same sound in any batch.
        draws = [torch.Generator().manual_seed(each) for each in seeds]
        stable = hasattr(self.pipeline, "transformer")
        length = {"audio_end_in_s" if stable else "audio_length_in_s": self.seconds}
        try:
            with warnings.catch_warnings():
                # Stable Audio's scheduler asks torchsde for a time that lies outside by rounding.
                warnings.filterwarnings("ignore", r"Should have t[ab][<>]=t[01]", UserWarning)
                made = self.pipeline(
                    [effect_prompt(source)] * len(seeds),
                    negative_prompt=[AVOIDED] * len(seeds),
                    num_inference_steps=self.steps,
                    guidance_scale=self.guidance,
                    generator=draws,
                    output_type="np",
                    **length,
                ).audios
        except ValueError as error:
            raise ModelError(f"the sound model refused {source.name!r} ({error})") from error
        part = self.pipeline.vae if stable else self.pipeline.vocoder
        return [_sound(each, int(part.config.sampling_rate)) for each in np.asarray(made)]


def effect_prompt(source: Source) -> str:
    """A sound effect in words, natural and alone."""
    words = f", {', '.join(source.timbre)}" if source.timbre else ""
    of = "" if source.material in source.name else f" of {source.material}"
    return f"{source.name}{of}, {source.playing}{words}, a single natural sound, close recording"


def _sound(samples: Any, rate: int) -> Audio:
    """[n] or [C, n], brought below full scale."""
    floats = np.atleast_2d(np.asarray(samples, np.float32))
    if floats.size == 0 or not np.isfinite(floats).all():
        raise ModelError("the sound model gave no numbers; try another seed or fewer steps")
    return Audio(floats / max(1.0, float(np.abs(floats).max())), rate)


def load_diffusion_sounds(
    name: str | Path,
    device: str | None = None,
    *,
    seconds: float = 4.0,
    steps: int = 100,
    guidance: float = 3.5,
) -> DiffusionSounds:
    """AudioLDM 2 or Stable Audio, as the folder's ``model_index.json`` tells, or of the hub.

    Raises ModelError when the model is not there, broken, or neither.
    """
    return DiffusionSounds(load_sound_pipeline(name, device), seconds, steps, guidance)


def load_sound_pipeline(name: str | Path, device: str | None = None) -> Any:
    """The AudioLDM2Pipeline or StableAudioPipeline of a folder or of the hub.

    Raises ModelError when the model is not there, broken, or neither.
    """
    folder = folder_of(name, FETCHED)
    kind = read_json(folder / "model_index.json").get("_class_name")
    if kind not in KINDS:
        raise ModelError(f"{folder}: a {kind}; expected one of {', '.join(KINDS)}")
    try:
        import diffusers
        from transformers import GPT2LMHeadModel
    except ImportError as error:
        raise needs_full(error) from error
    parts = {}
    with loading(folder):
        if kind == "AudioLDM2Pipeline":
            # Published folders name the bare GPT2Model, which can no longer generate.
            parts["language_model"] = network(GPT2LMHeadModel, folder / "language_model")
        pipeline = network(getattr(diffusers, kind), folder, **parts)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline.to(device or "cpu")
