"""Builds the pocket painter from its weights."""

from pathlib import Path

from torch import Tensor

from sonolume.hub import weights
from sonolume.hub.building import built, frozen
from sonolume.hub.config import read_config
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
    heard, metadata = weights.load("painter-audio", folder)
    painted, shape = weights.load("painter-base", base or folder)
    denoiser = built(
        lambda: PocketDenoiser(read_config(DenoiserConfig, shape)),
        {**painted, **_under("denoiser.", heard)},
    )
    tokens = built(
        lambda: AudioTokens(read_config(AudioTokensConfig, metadata)), _under("tokens.", heard)
    )
    return denoiser, tokens


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
