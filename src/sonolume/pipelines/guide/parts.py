"""What guidance is made of: a prior that knows how pictures look, and an encoder that judges them.

Both are narrow, so that a pocket painter, ADM-256 or Stable Diffusion's latents, and the pocket
joint encoder, AudioCLIP or CLIP with a bridge from CLAP, can be combined at will.
"""

from collections.abc import Iterable, Mapping
from typing import Literal, Protocol, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Kind = Literal["words", "sound", "picture"]
KINDS: tuple[Kind, ...] = get_args(Kind)


class GuidePrior(Protocol):
    """A diffusion prior in the flow's sense, steered through its clean estimate.

    `denoise` is a `diffusion.flow.Denoise`: x [B, *shape] = t · clean + (1 − t) · noise, t [B] in
    0..1 (1 is clean) → clean [B, *shape]; gradients flow through it when they are asked for, its
    weights are frozen. DDPM networks come to these times as `models.full.denoiser` shows.
    `shape` is that of the state: pixels, or latents. `native` is the side of the pictures that
    come out of it unchanged, `side` the one that is usual. `place` is where the variance of an
    ancestral step from the last call of `denoise` lies between its bounds, as
    `diffusion.ancestral.posterior` takes it; None for networks that do not tell. `small` networks
    gain nothing from threads within an operation.
    """

    device: torch.device
    native: int
    side: int
    small: bool

    @property
    def place(self) -> Tensor | None: ...

    @property
    def name(self) -> str: ...

    @property
    def shape(self) -> tuple[int, int, int]: ...

    def denoise(self, x: Tensor, t: Tensor, /) -> Tensor:
        """Clean states [B, *shape]."""
        ...

    def look(self, clean: Tensor) -> Tensor:
        """Pictures [B, 3, native, native], about −1..1 and not clamped, of clean states.

        Differentiable: guidance reaches the state through it. The identity for pixels, the VAE's
        decoder for latents.
        """
        ...

    def state(self, pictures: Tensor) -> Tensor:
        """Clean states [B, *shape] of pictures [B, 3, native, native] in −1..1: `look` undone."""
        ...

    def decode(self, clean: Tensor, side: int) -> Tensor:
        """Finished pictures [B, 3, side, side] in −1..1, enlarged where need be."""
        ...

    def hashes(self) -> dict[str, str]:
        """SHA-256 of each weight file, for the provenance."""
        ...


class GuideEncoder(Protocol):
    """Sounds, words and pictures in one space; every embedding is [D] of unit length.

    `side` is that of the pictures that `embed_pictures` reads, `rate` (Hz) what it hears at.
    `spreads` are the standard deviations, over pictures, of the distance from a picture to a prompt
    of each kind (`diffusion.energies.spherical_distance`): what makes equal weights count equally.
    Without them, distances count as they are. `small` is as with the prior.
    """

    device: torch.device
    side: int
    rate: int
    spreads: Mapping[Kind, float]
    small: bool

    @property
    def name(self) -> str: ...

    def embed_words(self, texts: list[str]) -> Tensor:
        """[N, D]."""
        ...

    def embed_sound(self, blocks: Iterable[NDArray[np.float32]]) -> Tensor:
        """[D], of mono samples in blocks [n] at `rate` Hz, however many."""
        ...

    def embed_pictures(self, pictures: Tensor) -> Tensor:
        """Pictures [B, 3, side, side], about −1..1 → [B, D], differentiable (no inference mode)."""
        ...

    def knows(self, text: str) -> bool:
        """Whether any piece of the phrase means something to this encoder."""
        ...

    def hashes(self) -> dict[str, str]:
        """SHA-256 of each weight file, for the provenance."""
        ...
