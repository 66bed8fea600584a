"""Photos as the painter finishes them: its own faults, beside photos that have none."""

from collections.abc import Callable
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from sonolume.data.captions import PhotoCaptions
from sonolume.data.shards import Photo
from sonolume.diffusion.flow import mix, sample_euler, times
from sonolume.diffusion.guidance import guide
from sonolume.models.contract import Denoiser
from sonolume.models.denoiser import PocketDenoiser
from sonolume.training.pixels import to_float

SCHEDULE: Final = times(12, 4.0)[-3:]  # the last two steps of a painting
SCALE: Final = 4.5
AT_ONCE: Final = 16
TONE: Final = 8  # pixels over which tones are those of the photo


def finished(
    painter: Denoiser, words: Tensor, nothing: Tensor, photos: Tensor, noise: Tensor
) -> Tensor:
    """Photos [B, 3, S, S] in −1..1, put back into noise and painted from there, with guidance.

    Guidance makes tones stronger, which is wanted: only what is finer than that stays changed.
    """
    x = mix(photos, noise, SCHEDULE[:1].expand(len(photos)))
    made = sample_euler(guide(painter, words, nothing, text_scale=SCALE), x, SCHEDULE)
    tones = F.avg_pool2d(photos - made, TONE)
    smooth = F.interpolate(tones, made.shape[-2:], mode="bicubic")
    return (made + smooth).clamp(-1, 1)


@torch.inference_mode()
def painted_pairs(
    photos: list[Photo],
    painter: PocketDenoiser,
    say: Callable[[list[str]], Tensor],
    rng: np.random.Generator,
) -> tuple[Tensor, Tensor]:
    """Photos at twice the painter's side [N, 3, 2S, 2S], and painted [N, 3, S, S], in −1..1.

    `say` gives the states [B, L, D] of captions that the painter reads.
    """
    captions, side = PhotoCaptions(photos), painter.config.side
    nothing = say([""])
    true, made = [], []
    for at in range(0, len(photos), AT_ONCE):
        part = range(at, min(at + AT_ONCE, len(photos)))
        pixels = np.stack([photos[i].pixels for i in part])
        words = say([captions.draw(i, rng) for i in part])
        large = F.interpolate(to_float(pixels), (2 * side, 2 * side), mode="area")
        small = F.avg_pool2d(large, 2)
        noise = torch.from_numpy(rng.standard_normal(small.shape, np.float32))
        made.append(finished(painter, words, nothing.expand(len(part), -1, -1), small, noise))
        true.append(large)
    return torch.cat(true), torch.cat(made)
