"""Builds the pocket painter from its weights."""

from pathlib import Path

from torch import Tensor

from sonolume.hub import weights
from sonolume.hub.config import read_config
from sonolume.hub.joint import frozen
from sonolume.models.audio_tokens import AudioTokens, AudioTokensConfig
from sonolume.models.denoiser import DenoiserConfig, PocketDenoiser


def load_base(folder: Path = weights.FOLDER) -> PocketDenoiser:
    """The denoiser that words alone steer; its audio attention is fresh, its gates closed."""
    base, metadata = weights.load("painter-base", folder)
    denoiser = PocketDenoiser(read_config(DenoiserConfig, metadata))
    fresh = denoiser.audio_parameters()
    denoiser.load_state_dict({**fresh, **base})
    return frozen(denoiser)


def load_painter(
    folder: Path = weights.FOLDER, base: Path | None = None
) -> tuple[PocketDenoiser, AudioTokens]:
    """The denoiser with its audio attention, and the audio tokens that it reads.

    `base` is the folder of the base's weights, if it is another one.
    """
    tensors, metadata = weights.load("painter-audio", folder)
    denoiser = load_base(base or folder)
    heard = _under("denoiser.", tensors)
    denoiser.load_state_dict({**denoiser.state_dict(), **heard})
    tokens = AudioTokens(read_config(AudioTokensConfig, metadata))
    tokens.load_state_dict(_under("tokens.", tensors))
    return denoiser, frozen(tokens)


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
