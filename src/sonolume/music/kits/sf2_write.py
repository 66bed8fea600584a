"""Kits as SF2 2.04 banks."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from sonolume.errors import DataError
from sonolume.media.atomic import atomic_path
from sonolume.music.kit import Instrument, Kit, Region
from sonolume.music.kits.naming import sf2_name
from sonolume.music.kits.sf2_format import BAG, GENERATOR, INSTRUMENT, MODULATOR, PRESET, G
from sonolume.music.kits.sf2_gain import Levels, levels
from sonolume.music.kits.sf2_pool import Pool
from sonolume.music.kits.sf2_zones import ZoneOut, common_zone, zones

__all__ = ["write_sf2"]

SOFTWARE = "sonolume"
MAX_RECORDS = 65_535
MAX_CLASS = 127


def write_sf2(kit: Kit, path: Path, *, force: bool = False) -> None:
    """Write ``kit`` as one SF2 file with a preset for each instrument, complete or absent.

    What the format cannot hold: of regions that take turns only the first turn is written; tune
    is rounded to 1 cent, pan to 1/500, times to 1/1200 octave (the shortest is 1 ms), samples to
    16 bit; ``velocity_gain`` between 0 and 1 becomes a power law that agrees with it at
    velocities 64 and 127; ``group`` and ``off_by`` become one class whose members silence each
    other; ``key_cents`` are held within 0..1200; a loop that is not played is left out. Of two
    instruments of the same bank and program the later one moves to the next free program.

    Raises:
        DataError: more regions, samples or groups than SF2 can hold.
        OptionError: ``path`` exists without ``force`` or cannot be written.
    """
    pool, balance = Pool(), levels(kit)
    places = _places(kit.instruments)
    layout = [_zones(each, pool, balance) for each in kit.instruments]
    lists = _lists(kit, places, layout, pool)
    with atomic_path(path, force=force) as temporary, temporary.open("wb") as file:
        _write(file, kit, pool, lists)


def _places(instruments: Sequence[Instrument]) -> list[tuple[int, int]]:
    """Bank and program of each instrument, no two alike."""
    taken: set[tuple[int, int]] = set()
    places = []
    for each in instruments:
        order = [*range(each.program, 128), *range(each.program)]
        program = next((p for p in order if (each.bank, p) not in taken), None)
        if program is None:
            raise DataError(f"instrument {each.name}: bank {each.bank} already has 128 programs")
        taken.add((each.bank, program))
        places.append((each.bank, program))
    return places


def _zones(instrument: Instrument, pool: Pool, balance: Levels) -> list[ZoneOut]:
    chokes = _chokes(instrument.regions)
    result = [common_zone()]
    for region in instrument.regions:
        if region.turn[0] != 1:
            continue
        samples = pool.add(region, balance.factor(region.sample))
        attenuation = balance.attenuation(region)
        choke = chokes.get(region.off_by, 0) or chokes.get(region.group, 0)
        result += zones(region, samples, attenuation, choke)
    if len(result) == 1:
        raise DataError(f"instrument {instrument.name}: no region takes the first turn")
    return result


def _chokes(regions: Iterable[Region]) -> dict[int, int]:
    """The exclusive class of each group that silences any."""
    groups = sorted({region.off_by for region in regions} - {0})
    if not groups or (groups[0] > 0 and groups[-1] <= MAX_CLASS):
        return {group: group for group in groups}
    if len(groups) > MAX_CLASS:
        raise DataError(f"{len(groups)} choke groups; SF2 holds {MAX_CLASS}: use SFZ")
    return {group: number for number, group in enumerate(groups, 1)}


def _lists(
    kit: Kit, places: list[tuple[int, int]], layout: list[list[ZoneOut]], pool: Pool
) -> dict[bytes, NDArray[np.void]]:
    names = [sf2_name(each.name, f"instrument {n}") for n, each in enumerate(kit.instruments, 1)]
    presets = [[ZoneOut(((G.INSTRUMENT, number),))] for number in range(len(layout))]
    order = sorted(range(len(places)), key=lambda number: places[number])
    preset_rows = [
        (names[n].encode(), places[n][1], places[n][0], row, 0, 0, 0) for row, n in enumerate(order)
    ]
    starts = np.cumsum([0, *(len(each) for each in layout)]).tolist()
    instrument_rows = [(name.encode(), starts[n]) for n, name in enumerate(names)]
    return {
        b"phdr": _records([*preset_rows, (b"EOP", 0, 0, len(order), 0, 0, 0)], PRESET),
        **_zone_lists([presets[n] for n in order], b"p"),
        b"inst": _records([*instrument_rows, (b"EOI", starts[-1])], INSTRUMENT),
        **_zone_lists(layout, b"i"),
        b"shdr": pool.records(),
    }


def _zone_lists(owners: list[list[ZoneOut]], prefix: bytes) -> dict[bytes, NDArray[np.void]]:
    """The lists of bags, modulators and generators, each with its terminal record."""
    flat = [zone for owner in owners for zone in owner]
    generators = [(number, amount & 0xFFFF) for zone in flat for number, amount in zone.generators]
    modulators = [each for zone in flat for each in zone.modulators]
    at = np.cumsum([(0, 0), *((len(z.generators), len(z.modulators)) for z in flat)], axis=0)
    # Made first: it is the longest, and says so when it is too long for the indices of the others.
    settings = _records([*generators, (0, 0)], GENERATOR)
    return {
        prefix + b"bag": _records([tuple(row) for row in at.tolist()], BAG),
        prefix + b"mod": _records([*modulators, (0, 0, 0, 0, 0)], MODULATOR),
        prefix + b"gen": settings,
    }


def _records(rows: Sequence[tuple[object, ...]], kind: np.dtype[np.void]) -> NDArray[np.void]:
    if len(rows) > MAX_RECORDS:
        raise DataError(f"{len(rows)} zones and settings; SF2 holds {MAX_RECORDS}: use SFZ")
    return np.array(rows, kind)


def _write(file: BinaryIO, kit: Kit, pool: Pool, lists: dict[bytes, NDArray[np.void]]) -> None:
    info = _list(b"INFO", b"".join(_chunk(name, body) for name, body in _info(kit)))
    settings = _list(
        b"pdta", b"".join(_chunk(name, each.tobytes()) for name, each in lists.items())
    )
    sound = 2 * pool.frames
    size = 4 + len(info) + (12 + 8 + sound) + len(settings)
    file.write(struct.pack("<4sI4s", b"RIFF", size, b"sfbk") + info)
    file.write(struct.pack("<4sI4s4sI", b"LIST", 12 + sound, b"sdta", b"smpl", sound))
    for block in pool.blocks:
        file.write(block.astype("<i2").tobytes())
    file.write(settings)


def _info(kit: Kit) -> list[tuple[bytes, bytes]]:
    return [
        (b"ifil", struct.pack("<HH", 2, 4)),
        (b"isng", _text("EMU8000")),
        (b"INAM", _text(sf2_name(kit.name, "kit"))),
        (b"ISFT", _text(SOFTWARE)),
    ]


def _text(value: str) -> bytes:
    """ASCII with one or two zeros, so that the length is even."""
    coded = value.encode("ascii") + b"\0"
    return coded + b"\0" * (len(coded) % 2)


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack("<4sI", name, len(body)) + body + b"\0" * (len(body) % 2)


def _list(name: bytes, body: bytes) -> bytes:
    return _chunk(b"LIST", name + body)
