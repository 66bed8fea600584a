"""Who plays what: the tracks of a score shared out among instruments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sonolume.errors import OptionError
from sonolume.music.kit import Instrument
from sonolume.music.parts import ROLES, Part, Role, part_of
from sonolume.music.score import Score
from sonolume.music.traits import Traits, measure

__all__ = ["Assignment", "assign"]

# No track of pitches goes to drums, nor the other way round, while there is any way about it.
NEVER = 1e6
# What it costs an instrument to serve one track more.
AGAIN = 1.5
# Usual sounds of the roles: seconds to fall by 60 dB, brightness in Hz, attack in seconds.
IDEALS: dict[Role, tuple[float, float, float]] = {
    "drums": (0.5, 2500.0, 0.005),
    "bass": (2.0, 500.0, 0.02),
    "guitar": (2.5, 1500.0, 0.01),
    "keys": (2.5, 1800.0, 0.01),
    "lead": (6.0, 2500.0, 0.03),
    "pad": (15.0, 1500.0, 0.15),
}
LONGEST = 15.0
NOISE_COST = 2.0
# Partials beside the harmonics sour melodies and, more so, chords.
SOUR = 2.0
# For each octave by which notes outlast a sound (to half of its fall by 60 dB).
OUTLASTED = 1.0
REGISTER = 9.0


@dataclass(frozen=True)
class Assignment:
    """Who plays a track.

    Attributes:
        track: index into the score's tracks.
        role: what the track does.
        instrument: name of the instrument; None where no instrument can play it: a drum track
            without a drum kit, pitches with nothing but drum kits.
        why: one short sentence.
    """

    track: int
    role: Role
    instrument: str | None
    why: str


def assign(
    score: Score,
    instruments: Sequence[Instrument] | Mapping[str, Traits],
    overrides: Mapping[str, str] | None = None,
) -> tuple[Assignment, ...]:
    """An instrument for each track, by least total cost over all tracks (Kuhn's assignment).

    The cost of a pair grows with the distance between the track's median key and the
    instrument's own pitch, with the notes beyond its range, with the partials that are no
    harmonics, with notes that last when the sound is gone, and with how far its decay,
    brightness and attack are from what is usual for the role. With fewer instruments than tracks
    some serve again, at a price that makes the shares even. Drum tracks are played only by
    unpitched instruments, other tracks only by pitched ones.

    Args:
        score: what is played.
        instruments: instruments, which are measured here, or traits by name.
        overrides: role, or name of a track, → name of an instrument.

    Returns:
        One assignment per track, in order.

    Raises:
        OptionError: no instruments, two of one name, an override that names no role, track or
            instrument, or that gives drums to a pitched instrument or pitches to drums.
        MediaError: a silent instrument.
    """
    traits = _traits(instruments)
    parts = [part_of(track) for track in score.tracks]
    names = list(traits)
    forced = _forced(score, parts, traits, overrides or {})
    cost = np.array(
        [[_cost(part, traits[name]) for name in names] for part in parts], np.float64
    ).reshape(len(parts), len(names))
    free = [track for track in range(len(parts)) if track not in forced]
    used = np.bincount([names.index(name) for name in forced.values()], minlength=len(names))
    chosen = _solve(cost[free], used)
    players: dict[int, str | None] = dict(forced)
    for track, column in zip(free, chosen, strict=True):
        players[track] = None if cost[track, column] >= NEVER else names[column]
    return tuple(
        Assignment(
            track,
            part.role,
            players[track],
            _why(part, players[track], traits, given=track in forced),
        )
        for track, part in enumerate(parts)
    )


def _traits(instruments: Sequence[Instrument] | Mapping[str, Traits]) -> dict[str, Traits]:
    if isinstance(instruments, Mapping):
        traits = dict(instruments)
    else:
        traits = {instrument.name: measure(instrument) for instrument in instruments}
        if len(traits) < len(instruments):
            raise OptionError("two instruments have the same name; give each its own")
    if not traits:
        raise OptionError("there are no instruments to play the score; give at least one")
    return traits


def _forced(
    score: Score, parts: Sequence[Part], traits: Mapping[str, Traits], overrides: Mapping[str, str]
) -> dict[int, str]:
    """Tracks and their players as asked for; a track's own name counts before its role."""
    forced: dict[int, str] = {}
    by_name = {
        name: [index for index, track in enumerate(score.tracks) if track.name == name and name]
        for name in overrides
    }
    for wanted, name in sorted(overrides.items(), key=lambda item: bool(by_name[item[0]])):
        if name not in traits:
            raise OptionError(
                f"{wanted}={name}: no such instrument; there are {', '.join(sorted(traits))}"
            )
        by_role = [index for index, part in enumerate(parts) if part.role == wanted]
        tracks = by_name[wanted] or by_role
        if not tracks and wanted not in ROLES:
            raise OptionError(
                f"{wanted}={name}: neither a track of the score nor a role ({', '.join(ROLES)})"
            )
        if not tracks:
            present = ", ".join(sorted({part.role for part in parts})) or "no tracks"
            raise OptionError(f"{wanted}={name}: the score has no {wanted}; it has {present}")
        for track in tracks:
            _check(wanted, name, traits[name], parts[track])
            forced[track] = name
    return forced


def _check(wanted: str, name: str, traits: Traits, part: Part) -> None:
    if part.role == "drums" and traits.pitched:
        raise OptionError(
            f"{wanted}={name}: {name} is a pitched instrument; drums need one made as drums"
        )
    if part.role != "drums" and not traits.pitched:
        raise OptionError(f"{wanted}={name}: {name} is a drum kit; {part.role} needs pitches")


def _cost(part: Part, traits: Traits) -> float:
    """How badly an instrument suits a part; 0 is perfect, 3 poor, 1e6 impossible."""
    if (part.role == "drums") == traits.pitched:
        return NEVER
    decay, brightness, attack = IDEALS[part.role]
    cost = 0.5 * abs(np.log2(min(traits.decay, LONGEST) / decay + 1e-3))
    cost += 0.3 * abs(np.log2(max(traits.brightness, 20.0) / brightness))
    # Slow attacks spoil short notes; quick ones spoil nothing.
    cost += 4.0 * max(0.0, traits.attack - max(attack, part.length / 4))
    if part.role == "drums":
        return float(cost)
    cost += NOISE_COST * traits.noisiness
    cost += SOUR * (1.0 - traits.harmonic) * min(2.0, part.polyphony)
    lasting = max(part.length, 0.01) / max(traits.decay / 2, 0.01)
    cost += OUTLASTED * float(np.log2(max(1.0, lasting)))
    pitch = traits.pitch if traits.pitch is not None else (traits.lowest + traits.highest) / 2
    cost += max(0.0, abs(part.key - pitch) - 4.0) / REGISTER
    beyond = max(0.0, traits.lowest - part.low) + max(0.0, part.high - traits.highest)
    return float(cost + beyond / REGISTER)


def _solve(cost: NDArray[np.float64], used: NDArray[np.intp]) -> list[int]:
    """The column of each row: every column may be taken again, at a growing price."""
    from scipy.optimize import linear_sum_assignment

    rows, columns = cost.shape
    if not rows:
        return []
    again = AGAIN * (np.arange(rows)[:, None] + used)
    copies = (cost[:, None, :] + again).reshape(rows, rows * columns)
    _, chosen = linear_sum_assignment(copies)
    return [int(each) % columns for each in chosen]


def _why(part: Part, name: str | None, traits: Mapping[str, Traits], *, given: bool) -> str:
    heard = f"The track is {part.role}, as {part.reason}"
    if name is None:
        need = "drum kit" if part.role == "drums" else "pitched instrument"
        return f"{heard}; there is no {need} to play it."
    if given:
        return f"{heard}; {name} was asked for."
    return f"{heard}; {name} suits it best: {_manner(part, traits[name])}."


def _manner(part: Part, traits: Traits) -> str:
    if part.role == "drums":
        return "it has no pitch"
    held = "it sustains" if traits.sustained else f"it dies away in {traits.decay:.1f} s"
    if traits.pitch is None:
        return held
    near = abs(part.key - traits.pitch) <= 12
    return f"{held} and is {'at home in' if near else 'brought into'} this register"
