"""Energies: functions of pictures [B, 3, H, W] → [B], low where a picture is as it was asked for.

Guidance moves a picture down the gradient of an energy (`diffusion.steering`). Energies know no
weights of others; `weigh` adds them up.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from sonolume.diffusion.cutouts import Cutouts

Energy = Callable[[Tensor], Tensor]
Embed = Callable[[Tensor], Tensor]

# The slope of asin(√u)² is finite at u = 0 but autograd's is not, and both are infinite at 1.
EDGE = 1e-6


@dataclass(frozen=True)
class Target:
    """A place [D] of unit length to go to, how much it counts (negative: to go away from), and
    the standard deviation, over pictures, of the distance to such places."""

    embedding: Tensor
    weight: float = 1.0
    spread: float = 1.0


def spherical_distance(a: Tensor, b: Tensor) -> Tensor:
    """2 · asin(|a − b| / 2)² of unit vectors [..., D]: half the squared angle, 0 … π² / 2.

    The distance of Crowson's CLIP guided diffusion (2021). Broadcasts; finite slopes everywhere.
    """
    half_chord = (a - b).square().sum(-1) / 4
    return 2 * half_chord.clamp(EDGE, 1 - EDGE).sqrt().asin().square()


def prompts_energy(embed: Embed, cutouts: Cutouts, targets: Sequence[Target]) -> Energy:
    """Σ wᵢ · d(picture, targetᵢ) / spreadᵢ / Σ |wᵢ|, averaged over augmented cutouts.

    The spread makes kinds of prompts comparable: pictures differ less in their distance to any
    sound than to any phrase, so that the same weight would otherwise steer less. Dividing by the
    sum of magnitudes leaves only the proportions of the weights; unlike their plain sum it is never
    0 or negative, which would turn every sign.

    `embed` takes pictures [N, 3, side, side] to unit vectors [N, D], differentiably.
    """
    places = torch.stack([target.embedding for target in targets])
    total = sum(abs(target.weight) for target in targets) or 1.0
    shares = torch.tensor([target.weight / target.spread / total for target in targets])

    def energy(pictures: Tensor) -> Tensor:
        seen = embed(cutouts(pictures))  # [B · count, D], one picture's cutouts side by side
        distances = spherical_distance(seen[:, None], places.to(seen))
        return (distances @ shares.to(seen)).view(len(pictures), -1).mean(1)

    return energy


def total_variation(pictures: Tensor) -> Tensor:
    """Mean square of both forward differences [B]: roughness."""
    padded = F.pad(pictures, (0, 1, 0, 1), "replicate")
    across = padded[..., :-1, 1:] - pictures
    down = padded[..., 1:, :-1] - pictures
    return (across.square() + down.square()).flatten(1).mean(1)


def out_of_range(pictures: Tensor) -> Tensor:
    """Mean square [B] of what lies outside −1..1."""
    return (pictures - pictures.clamp(-1, 1)).square().flatten(1).mean(1)


def distance_to(initial: Tensor) -> Energy:
    """Mean squared difference [B] to a picture [3, H, W], coarse structure before fine.

    Differences are taken at full, half and quarter size: a shifted edge costs less than another
    scene, as a perceptual distance has it.
    """

    def energy(pictures: Tensor) -> Tensor:
        difference = pictures - initial.to(pictures)
        levels = [difference, F.avg_pool2d(difference, 2), F.avg_pool2d(difference, 4)]
        return torch.stack([level.square().flatten(1).mean(1) for level in levels]).mean(0)

    return energy


def weigh(parts: Sequence[tuple[float, Energy]]) -> Energy | None:
    """The weighted sum of energies; those of weight 0 are not computed. None when none is left."""
    used = [(weight, energy) for weight, energy in parts if weight]
    if not used:
        return None

    def energy(pictures: Tensor) -> Tensor:
        return torch.stack([weight * part(pictures) for weight, part in used]).sum(0)

    return energy
