"""Guidance as functions from denoiser to denoiser."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from sonolume.diffusion.flow import Denoise
from sonolume.diffusion.workers import beside
from sonolume.models.contract import Denoiser

SoundAt = Callable[[Tensor], Tensor]
Branch = tuple[Tensor, Tensor, Tensor | None]  # weight [B, 1, 1, 1], words, sound


def guide(
    denoiser: Denoiser,
    words: Tensor,
    nothing: Tensor,
    sound: SoundAt | None = None,
    *,
    text_scale: float | Tensor = 3.0,
    audio_scale: float | Tensor = 3.0,
    apart: bool = False,
) -> Denoise:
    """Two-way classifier-free guidance over any denoiser.

    e = e0 + ts · (e_text − e0) + as · (e_text,audio − e_text)  (InstructPix2Pix, Brooks et al.
    2023, eq. 3, with sound in the picture's place).

    `words` and `nothing` are tokens [B, 77, D] of the prompt and of the empty one. `sound(t [B])`
    gives the audio tokens [B, 77, D] of a moment, or is None. Scales are numbers or [B].
    A branch whose weight is zero for every item is not computed. The others share as few batches
    as may be or, where they shall stay `apart`, have a core each: better for small networks.
    """
    ts = _weights(text_scale, words)
    heard = _weights(audio_scale, words) if sound is not None else torch.zeros_like(ts)

    def denoise(x: Tensor, t: Tensor) -> Tensor:
        branches: list[Branch] = [(1 - ts, nothing, None), (ts - heard, words, None)]
        if sound is not None:
            branches.append((heard, words, sound(t)))
        used = [branch for branch in branches if bool(branch[0].any())]
        groups = [[branch] for branch in used] if apart else _batches(used)
        work = [partial(_predict, denoiser, x, t, group) for group in groups]
        return torch.stack(beside(work) if apart else [each() for each in work]).sum(0)

    return denoise


def _batches(branches: list[Branch]) -> list[list[Branch]]:
    silent = [branch for branch in branches if branch[2] is None]
    heard = [branch for branch in branches if branch[2] is not None]
    return [group for group in (silent, heard) if group]


def _weights(scale: float | Tensor, words: Tensor) -> Tensor:
    values = torch.as_tensor(scale, dtype=torch.float32, device=words.device)
    return values.expand(len(words)).view(-1, 1, 1, 1)


def _predict(denoiser: Denoiser, x: Tensor, t: Tensor, branches: list[Branch]) -> Tensor:
    """Weighted sum of the predictions of some branches, computed in one batch."""
    count = len(branches)
    words = torch.cat([words for _, words, _ in branches])
    tokens = [tokens for _, _, tokens in branches if tokens is not None]
    sound = torch.cat(tokens) if tokens else None
    clean = denoiser(x.repeat(count, 1, 1, 1), t.repeat(count), words, sound)
    parts = zip(branches, clean.chunk(count), strict=True)
    return torch.stack([weight * part for (weight, _, _), part in parts]).sum(0)
