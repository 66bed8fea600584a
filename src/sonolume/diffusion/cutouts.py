"""Augmented cutouts: what an encoder is shown of a picture, so that it cannot be fooled by one."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from sonolume.errors import OptionError


@dataclass(frozen=True)
class CutoutSettings:
    """How pictures are cut. Raises OptionError when a value is out of range.

    `count` cutouts a picture; `smallest` is the side of the smallest as a share of the picture's;
    sides are smallest + (1 − smallest) · u^power with u uniform in 0..1, so that a higher power
    gives more small ones. `flips` mirrors every other one by chance, `jitter` is how much
    brightness, contrast and saturation vary.
    """

    count: int = 6
    power: float = 0.5
    smallest: float = 0.5
    flips: bool = True
    jitter: float = 0.1

    def __post_init__(self) -> None:
        whole = isinstance(self.count, int) and not isinstance(self.count, bool)
        if not whole or not 1 <= self.count <= 256:
            raise OptionError(f"cutouts {self.count!r}: expected a whole number from 1 to 256")
        for name, value, low, high in (
            ("cutout power", self.power, 0, 10),
            ("smallest cutout", self.smallest, 0.05, 1),
            ("cutout jitter", self.jitter, 0, 1),
        ):
            if not low <= value <= high:
                raise OptionError(f"{name} {value}: expected {low} to {high}")


class Cutouts:
    """Pictures [B, 3, H, W] → cutouts [B · count, 3, side, side], those of a picture together.

    Differentiable. Every call cuts anew; picture b is cut by `generators[b]` (on the CPU) alone, so
    that it is cut alike in a batch and by itself. Cutouts are square, wholly inside, and brought to
    `side` by bicubic interpolation (antialiased where they are larger).
    """

    def __init__(
        self, side: int, settings: CutoutSettings, generators: Sequence[torch.Generator]
    ) -> None:
        self.side, self.settings, self.generators = side, settings, generators

    def __call__(self, pictures: Tensor) -> Tensor:
        if len(pictures) != len(self.generators):
            raise OptionError(f"{len(pictures)} pictures, {len(self.generators)} generators")
        cut = [
            self._cut(picture, generator)
            for picture, generator in zip(pictures, self.generators, strict=True)
        ]
        return torch.cat(cut)

    def _cut(self, picture: Tensor, generator: torch.Generator) -> Tensor:
        """Cutouts [count, 3, side, side] of one picture [3, H, W]."""
        count, jitter = self.settings.count, self.settings.jitter
        draws = torch.rand(count, 7, generator=generator)
        parts = [self._part(picture, *row[:4].tolist()) for row in draws]
        cut = torch.cat(parts)
        if jitter:
            cut = colour_jitter(cut, 1 + jitter * (2 * draws[:, 4:] - 1))
        return cut

    def _part(self, picture: Tensor, size: float, x: float, y: float, flip: float) -> Tensor:
        """One cutout [1, 3, side, side]; the four numbers are its chances in 0..1."""
        chosen = self.settings
        height, width = picture.shape[-2:]
        share = chosen.smallest + (1 - chosen.smallest) * size**chosen.power
        side = max(1, round(share * min(height, width)))
        top, left = round(y * (height - side)), round(x * (width - side))
        part = picture[None, :, top : top + side, left : left + side]
        if chosen.flips and flip < 0.5:
            part = part.flip(-1)
        if side == self.side:
            return part
        larger = side > self.side
        return F.interpolate(part, (self.side, self.side), mode="bicubic", antialias=larger)


def colour_jitter(pictures: Tensor, factors: Tensor) -> Tensor:
    """Scale brightness, contrast and saturation of pictures [N, 3, H, W] by factors [N, 3].

    Brightness scales light, which is 0 at a value of −1; contrast the distance to the mean grey
    of the picture, saturation the distance of each pixel to its own grey.
    """
    brightness, contrast, saturation = factors.to(pictures).T.view(3, -1, 1, 1, 1)
    pictures = (pictures + 1) * brightness - 1
    mean = pictures.mean((1, 2, 3), keepdim=True)
    pictures = mean + (pictures - mean) * contrast
    grey = pictures.mean(1, keepdim=True)
    out: Tensor = grey + (pictures - grey) * saturation
    return out
