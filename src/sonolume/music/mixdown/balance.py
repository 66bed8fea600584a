"""How loud and where each track is."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sonolume.errors import OptionError
from sonolume.music.parts import ROLES, Role, part_of
from sonolume.music.sampler.curves import VOLUME
from sonolume.music.score import Score, Track

__all__ = ["gains", "pans", "roles_of", "wanted_level"]

# LU beside a lead; a bass is weighed down by ear, which K weighting hears little of.
LEVELS: Final[dict[Role, float]] = {
    "drums": -2.0, "bass": -2.0, "guitar": -5.0, "keys": -5.0, "lead": 0.0, "pad": -9.0,
}  # fmt: skip
PLACES: Final[dict[Role, float]] = {
    "drums": 0.0, "bass": 0.0, "guitar": 0.5, "keys": -0.5, "lead": 0.1, "pad": -0.3,
}  # fmt: skip
# The sum of all tracks, so that the compressor meets every score at the same level.
BUS: Final = -18.0
MAX_GAIN: Final = 80.0


def roles_of(
    score: Score, indices: Sequence[int], given: Mapping[int, Role] | None
) -> tuple[Role, ...]:
    """The role of each track: what was given, else what it seems to be (`parts.part_of`).

    Raises OptionError for a role that is none.
    """
    roles = []
    for index in indices:
        track = score.tracks[index]
        role = given[index] if given and index in given else part_of(track).role
        if role not in ROLES:
            raise OptionError(f"track {index}: role {role!r}; expected one of {', '.join(ROLES)}")
        roles.append(role)
    return tuple(roles)


def gains(
    score: Score, indices: Sequence[int], roles: Sequence[Role], loudness: Sequence[float]
) -> NDArray[np.float32]:
    """Linear gain [tracks] that brings tracks of these LUFS to the balance; 0 for silent ones."""
    wanted = [
        wanted_level(score.tracks[index], role) for index, role in zip(indices, roles, strict=True)
    ]
    heard = [level > -math.inf for level in loudness]
    power = sum(10 ** (w / 10) for w, h in zip(wanted, heard, strict=True) if h)
    bus = BUS - 10 * math.log10(power) if power else 0.0
    decibels = [
        min(w + bus - level, MAX_GAIN) if h else -math.inf
        for w, level, h in zip(wanted, loudness, heard, strict=True)
    ]
    return np.array([10 ** (each / 20) for each in decibels], np.float32)


def wanted_level(track: Track, role: Role) -> float:
    """LU beside the lead: that of the role, and what the score's volume and expression ask for,
    which evening out the loudness has taken away."""
    start = track.notes.start
    asked = np.ones(len(start))
    for name, usual in (("volume", VOLUME), ("expression", 1.0)):
        curve = track.curves.get("volume" if name == "volume" else "expression")
        if curve is not None:
            asked *= curve.at(start, usual) / usual
    mean = float(np.mean(asked**4)) if len(asked) else 1.0
    return LEVELS[role] + 10 * math.log10(min(max(mean, 1e-4), 10.0))


def pans(
    score: Score, indices: Sequence[int], roles: Sequence[Role], width: float
) -> NDArray[np.float32]:
    """Gains [tracks, 2] of the left and the right side: equal power, 1 at the centre.

    A track that pans itself stays where it is; others of one role take alternate sides.
    """
    seen: Counter[Role] = Counter()
    places = []
    for index, role in zip(indices, roles, strict=True):
        curve = score.tracks[index].curves.get("pan")
        own = curve is not None and bool(curve.value.any())
        side = (-1) ** seen[role] * (1 + seen[role] // 2 * 0.3)
        seen[role] += not own
        places.append(0.0 if own else max(-0.9, min(0.9, PLACES[role] * side)))
    angle = (np.array(places) * width + 1) * (math.pi / 4)
    sides = math.sqrt(2) * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return sides.astype(np.float32).reshape(-1, 2)
