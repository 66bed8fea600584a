"""Sounds drawn from a generator: flow sampling and guidance for spectrograms."""

from collections.abc import Sequence

import torch
from torch import Tensor

from sonolume.diffusion.flow import Denoise, sample_euler, times
from sonolume.errors import OptionError
from sonolume.models.sound_generator import BANDS, SoundGenerator, to_mel
from sonolume.signal.mel import FLOOR

__all__ = ["draw_mels", "guide_sound"]

LOWEST = float(torch.tensor(FLOOR).log())
HIGHEST = 9.0  # ln of power: a sound at full scale has less in any band
MOST_STEPS = 1000
# Usual: what is heard is decided in the first moments, and words need to be insisted upon.
SCALE, SHIFT = 6.0, 4.0


def guide_sound(model: SoundGenerator, embedding: Tensor, scale: float) -> Denoise:
    """Classifier-free guidance (Ho & Salimans 2022): e0 + scale · (e − e0).

    `embedding` [B, 512] is the condition; both branches share one batch.
    """
    nothing = torch.zeros_like(embedding)

    def denoise(x: Tensor, t: Tensor) -> Tensor:
        both = model(x.repeat(2, 1, 1), t.repeat(2), torch.cat([embedding, nothing]))
        told, untold = both.chunk(2)
        guided: Tensor = untold + scale * (told - untold)
        return guided

    return denoise


@torch.no_grad()
def draw_mels(
    model: SoundGenerator,
    embedding: Tensor,
    seeds: Sequence[int],
    *,
    steps: int = 20,
    scale: float = SCALE,
    shift: float = SHIFT,
) -> Tensor:
    """Log-mels [B, 64, frames] for embeddings [B, 512], one seed each.

    ``shift`` above 1 spends more of the steps in the noise, as `flow.times` has it. A seed gives
    the same sound in a batch of any size, but for rounding. Raises OptionError for another number
    of seeds, steps outside 1 to 1000 or a scale below 0.
    """
    if len(seeds) != len(embedding):
        raise OptionError(f"{len(seeds)} seeds for {len(embedding)} sounds; give one each")
    if not 1 <= steps <= MOST_STEPS or scale < 0:
        raise OptionError(f"{steps} steps at scale {scale}; expected 1 to {MOST_STEPS}, 0 or more")
    shape = (BANDS, model.config.frames)
    draws = [torch.randn(shape, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
    noise = torch.stack(draws).to(embedding.device)
    clean = sample_euler(guide_sound(model, embedding, scale), noise, times(steps, shift))
    return to_mel(clean).clamp(LOWEST, HIGHEST)
