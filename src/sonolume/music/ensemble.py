"""A score on a kit: which instrument of the kit plays which track."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from sonolume.errors import DataError
from sonolume.music.kit import Instrument, Kit
from sonolume.music.parts import Role, part_of
from sonolume.music.roles import assign
from sonolume.music.score import Score, Track
from sonolume.music.scores.shape import fold

__all__ = ["DRUM_BANK", "Seated", "placed", "seat", "within"]

DRUM_BANK = 128
OCTAVE = 12
# Measuring an instrument takes a fraction of a second; banks hold hundreds.
MOST_MEASURED = 32


@dataclass(frozen=True, eq=False)
class Seated:
    """Who plays what.

    Attributes:
        score: the score, folded into the instruments' ranges.
        instruments: by index of the track; tracks that nobody can play are not there.
        roles: of those tracks.
        names: of the instrument of each track, None where nobody plays.
        folded: notes of each track that moved by octaves.
    """

    score: Score
    instruments: dict[int, Instrument]
    roles: dict[int, Role]
    names: tuple[str | None, ...]
    folded: tuple[int, ...]


def seat(
    score: Score,
    kit: Kit,
    overrides: Mapping[str, str] | None = None,
    *,
    by_program: bool = True,
) -> Seated:
    """Give each track an instrument of the kit.

    A kit that has every program of the score is played by program, as General MIDI banks are; in
    others the tracks are shared out by what suits them (`roles.assign`).

    Args:
        overrides: role or name of a track → name of an instrument.
        by_program: whether programs count; without, tracks are always shared out, as those of a
            picture's instruments are, whose programs say nothing.

    Raises:
        OptionError: an override without effect or that cannot be.
        DataError: no track can be played.
    """
    by_place = {(each.bank == DRUM_BANK, each.program): each for each in kit.instruments}
    wanted = [
        by_place.get((track.drums, track.program)) if by_program else None for track in score.tracks
    ]
    chosen: list[Instrument | None]
    if all(each is not None for each in wanted) and not overrides:
        chosen = wanted
    else:
        chosen = _shared_out(score, kit, wanted, overrides or {})
    return _seated(score, chosen)


def _shared_out(
    score: Score,
    kit: Kit,
    wanted: list[Instrument | None],
    overrides: Mapping[str, str],
) -> list[Instrument | None]:
    """Among the instruments that are asked for and, as far as there is time, all others."""
    named = set(overrides.values())
    first = [each for each in kit.instruments if each.name in named or each in wanted]
    rest = [each for each in kit.instruments if each not in first]
    known = {each.name: each for each in [*first, *rest][: max(MOST_MEASURED, len(first))]}
    assigned = assign(score, list(known.values()), overrides)
    return [known[each.instrument] if each.instrument else None for each in assigned]


def _seated(score: Score, chosen: list[Instrument | None]) -> Seated:
    tracks, folded = [], []
    for track, instrument in zip(score.tracks, chosen, strict=True):
        moved, count = (track, 0) if instrument is None else within(track, instrument)
        tracks.append(moved)
        folded.append(count)
    players = {index: each for index, each in enumerate(chosen) if each is not None}
    if not players:
        raise DataError("no instrument of the kit can play a track of the score")
    roles = {index: part_of(score.tracks[index]).role for index in players}
    names = tuple(None if each is None else each.name for each in chosen)
    return Seated(replace(score, tracks=tuple(tracks)), players, roles, names, tuple(folded))


def within(track: Track, instrument: Instrument) -> tuple[Track, int]:
    """The track folded into an instrument's range, and how many notes moved; an instrument of
    less than an octave is given one."""
    if not instrument.pitched:
        return track, 0
    low = min(instrument.lowest, 128 - OCTAVE)
    return fold(track, low, max(instrument.highest, low + OCTAVE - 1))


def placed(
    instruments: Iterable[Instrument], wanted: Iterable[int] | None = None
) -> tuple[Instrument, ...]:
    """The instruments in banks 0 and, for drums, 128, at the wanted programs or those next to
    them that are free; without wishes in their order."""
    made = list(instruments)
    wishes = list(wanted) if wanted is not None else [0] * len(made)
    taken: set[tuple[int, int]] = set()
    found = []
    for instrument, wish in zip(made, wishes, strict=True):
        bank = 0 if instrument.pitched else DRUM_BANK
        near = ((wish + step) % 128 for step in range(128))
        program = next((number for number in near if (bank, number) not in taken), None)
        if program is None:
            raise DataError("a kit holds at most 128 instruments and 128 drum kits")
        taken.add((bank, program))
        found.append(replace(instrument, program=program, bank=bank))
    return tuple(found)
