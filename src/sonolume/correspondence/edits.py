"""Named edits of pictures: each moves one visual descriptor, in a direction it declares.

They make pairs whose change is known: for tests, for training and for evaluation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from sonolume.correspondence import edit_details, edit_layout, edit_tones
from sonolume.correspondence.views import Field
from sonolume.errors import OptionError
from sonolume.media import Picture

__all__ = ["EDITS", "Edit", "edit"]


@dataclass(frozen=True)
class Edit:
    """A kind of edit.

    Attributes:
        name: as `edit` takes it.
        descriptor: the visual descriptor that it moves.
        direction: 1 where a stronger edit raises it, -1 where it lowers it.
        apply: float32 [H, W, 3] in 0..1 and a strength 0..1 to the like; random ones also take a
            generator. Values may leave 0..1.
        random: whether ``apply`` takes a generator.
    """

    name: str
    descriptor: str
    direction: int
    apply: Callable[..., Field]
    random: bool = False

    @property
    def doc(self) -> str:
        """What it does, in a sentence."""
        return str(self.apply.__doc__).split("\n")[0]


def _kinds(*rows: tuple[str, int, Callable[..., Any]], random: bool = False) -> dict[str, Edit]:
    return {
        apply.__name__: Edit(apply.__name__, descriptor, direction, apply, random)
        for descriptor, direction, apply in rows
    }


EDITS: Final[dict[str, Edit]] = _kinds(
    ("brightness", 1, edit_tones.brighten),
    ("brightness", -1, edit_tones.darken),
    ("brightness", -1, edit_tones.solarise),
    ("contrast", 1, edit_tones.intensify),
    ("contrast", -1, edit_tones.fade),
    ("saturation", 1, edit_tones.saturate),
    ("saturation", -1, edit_tones.desaturate),
    ("warmth", 1, edit_tones.warm),
    ("warmth", -1, edit_tones.cool),
    ("warmth", 1, edit_tones.sepia),
    ("hue", 1, edit_tones.rotate_hue),
    ("vignette", 1, edit_tones.vignette),
    ("vignette", -1, edit_tones.hollow),
    ("sharpness", -1, edit_details.blur),
    ("sharpness", 1, edit_details.sharpen),
    ("sharpness", -1, edit_details.motion_blur),
    ("grain", -1, edit_details.smooth),
    ("angularity", -1, edit_details.round_off),
    ("angularity", 1, edit_details.jag),
    ("spatial_frequency", 1, edit_details.hatch),
    ("spatial_frequency", -1, edit_details.pixelate),
    ("density", 1, edit_layout.miniaturise),
    ("scale", 1, edit_layout.zoom_in),
    ("scale", -1, edit_layout.zoom_out),
    ("openness", 1, edit_layout.clear_sky),
    ("vertical_weight", 1, edit_layout.weigh_above),
    ("vertical_weight", -1, edit_layout.weigh_below),
) | _kinds(
    ("grain", 1, edit_details.noise),
    ("grain", 1, edit_details.spread),
    ("openness", -1, edit_layout.close_above),
    ("density", 1, edit_layout.clutter),
    random=True,
)  # fmt: skip


def edit(picture: Picture, kind: str, strength: float = 0.5, *, seed: int = 0) -> Picture:
    """The picture under an edit, of the same size; the same arguments give the same pixels.

    Args:
        picture: any picture.
        kind: one of `EDITS`.
        strength: 0 (the picture itself) to 1.
        seed: of what is random in an edit.

    Raises:
        OptionError: an unknown kind, or a strength that is not 0..1.
    """
    if kind not in EDITS:
        raise OptionError(f"an edit called '{kind}' is not known; use one of {', '.join(EDITS)}")
    if not 0 <= strength <= 1:
        raise OptionError(f"an edit of strength {strength}; expected a number from 0 to 1")
    if strength == 0:
        return picture
    values = picture.pixels.astype(np.float32) / np.float32(255)
    chosen = EDITS[kind]
    random = (np.random.default_rng(seed),) if chosen.random else ()
    edited = chosen.apply(values, float(strength), *random)
    return Picture((np.clip(edited, 0, 1) * 255 + 0.5).astype(np.uint8))
