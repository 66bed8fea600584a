"""SF2 banks as kits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sonolume.errors import DataError
from sonolume.music.kit import Envelope, Instrument, Kit, Loop, LoopMode, Region, Sample
from sonolume.music.kits.report import left_out
from sonolume.music.kits.sf2_chunks import read_bank
from sonolume.music.kits.sf2_format import (
    ADDITIVE,
    CONTINUOUS,
    DECIBELS_PER_STEP,
    FULL_VELOCITY,
    ONE_SHOT_RELEASE,
    SUSTAIN,
    G,
    level,
    seconds,
    velocity_gain,
)
from sonolume.music.kits.sf2_samples import UNIT, Samples, couples, header_name
from sonolume.music.kits.sf2_tree import Zone, zone_lists

__all__ = ["read_sf2"]

MAX_REGIONS = 200_000
DRUMS = 128


def read_sf2(path: Path) -> Kit:
    """Read an SF2 file: presets become instruments, in the order of bank and program.

    What a zone says is its own value, else that of its instrument's global zone, else the default
    of the format, plus what the preset's zone says (section 9.4). Filters, LFOs, effect sends and
    modulators other than velocity → loudness have no place in a `Region`. A sample without a loop
    and a release of 100 s or more is "one_shot". Linked samples become stereo. An instrument is
    pitched unless it is in bank 128 or no region follows the keyboard.

    Warns once (UserWarning) with the number of zones left out: their samples are in ROM or lie
    outside the file.

    Raises:
        DataError: not SF2, damaged, larger than 512 MiB, or without anything that can be played.
    """
    bank = read_bank(path)
    samples = Samples(bank)
    presets = zone_lists(str(path), bank.lists, b"phdr", b"p", G.INSTRUMENT)
    instruments = zone_lists(str(path), bank.lists, b"inst", b"i", G.SAMPLE)
    paired = [couples(zones, samples) for zones in instruments]
    kit: list[Instrument] = []
    skipped: list[str] = []
    _check_regions(path, presets, paired)
    for header, zones in zip(bank.lists[b"phdr"][:-1], presets, strict=True):
        regions: list[Region] = []
        for preset, zone, partner in _matches(zones, paired):
            sample = samples.of(zone, partner)
            if sample is None:
                skipped.append(f"a zone of {header_name(header)}")
                continue
            regions += _regions(preset, zone, partner, sample, samples.headers[zone.leaf])
        if regions:
            kit.append(_instrument(header, regions))
    left_out(path, skipped)
    if not kit:
        raise DataError(f"{path} holds nothing that can be played")
    return Kit(bank.name, tuple(sorted(kit, key=lambda each: (each.bank, each.program))))


def _check_regions(
    path: Path, presets: list[list[Zone]], paired: list[list[tuple[Zone, Zone | None]]]
) -> None:
    leaves = (zone.leaf for zones in presets for zone in zones if zone.leaf < len(paired))
    if sum(len(paired[leaf]) for leaf in leaves) > MAX_REGIONS:
        raise DataError(f"{path}: more than {MAX_REGIONS} regions; it is damaged or hostile")


def _matches(
    presets: list[Zone], paired: list[list[tuple[Zone, Zone | None]]]
) -> Iterator[tuple[Zone, Zone, Zone | None]]:
    for preset in presets:
        if preset.leaf < len(paired):
            for zone, partner in paired[preset.leaf]:
                yield preset, zone, partner


def _instrument(header: Any, regions: list[Region]) -> Instrument:
    bank = int(header["bank"])
    pitched = bank != DRUMS and any(region.key_cents for region in regions)
    program = min(127, int(header["program"]))
    return Instrument(header_name(header), tuple(regions), pitched, program, bank)


def _regions(
    preset: Zone, zone: Zone, partner: Zone | None, sample: Sample, header: Any
) -> list[Region]:
    """One region, or none where the ranges of preset and instrument do not meet."""
    keys = _meet(preset.keys, zone.keys)
    velocities = _meet(preset.velocities, zone.velocities)
    if not (keys and velocities):
        return []
    values = {g: _sum(g, zone, preset) for g in ADDITIVE}
    loop = _loop(zone, header, sample)
    mode = _loop_mode(loop, values[G.RELEASE], zone)
    choke = max(0, zone.values.get(G.CLASS, 0))
    root = _root(zone, header)
    tune = 100.0 * values[G.COARSE_TUNE] + values[G.FINE_TUNE] + int(header["correction"])
    fixed = zone.values.get(G.KEY, -1)
    follows = not 0 <= fixed <= 127
    return [
        Region(
            sample=sample,
            keys=keys,
            velocities=velocities,
            root=root,
            tune=tune if follows else tune + values[G.SCALE] * (fixed - root),
            key_cents=float(values[G.SCALE]) if follows else 0.0,
            loop=loop,
            loop_mode=mode,
            envelope=_envelope(values, plays_on=mode == "one_shot"),
            gain_db=-DECIBELS_PER_STEP * values[G.ATTENUATION],
            pan=_pan(zone, partner, preset),
            velocity_gain=velocity_gain(_velocity_amount(zone, preset)),
            group=choke,
            off_by=choke,
            offset=_offset(zone, sample),
        )
    ]


def _meet(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int] | None:
    low, high = max(a[0], b[0]), min(a[1], b[1])
    return (low, high) if low <= high else None


def _sum(number: int, zone: Zone, preset: Zone) -> int:
    default, low, high = ADDITIVE[number]
    return max(low, min(high, zone.values.get(number, default) + preset.values.get(number, 0)))


def _root(zone: Zone, header: Any) -> int:
    for root in (zone.values.get(G.ROOT, -1), int(header["root"])):
        if 0 <= root <= 127:
            return root
    return 60


def _offset(zone: Zone, sample: Sample) -> int:
    offset = zone.values.get(G.START, 0) + UNIT * zone.values.get(G.START_COARSE, 0)
    return max(0, min(sample.frames - 1, offset))


def _loop(zone: Zone, header: Any, sample: Sample) -> Loop | None:
    if zone.values.get(G.MODES, 0) & 3 not in (CONTINUOUS, SUSTAIN):
        return None
    begin = int(header["start"])
    start = int(header["loop_start"]) - begin + _shift(zone, G.LOOP_START, G.LOOP_START_COARSE)
    end = int(header["loop_end"]) - begin + _shift(zone, G.LOOP_END, G.LOOP_END_COARSE)
    start, end = max(0, start), min(sample.frames, end)
    return Loop(start, end) if start < end else None


def _shift(zone: Zone, fine: int, coarse: int) -> int:
    return zone.values.get(fine, 0) + UNIT * zone.values.get(coarse, 0)


def _loop_mode(loop: Loop | None, release: int, zone: Zone) -> LoopMode:
    if loop is None:
        return "one_shot" if release >= ONE_SHOT_RELEASE else "none"
    return "sustain" if zone.values[G.MODES] & 3 == SUSTAIN else "continuous"


def _envelope(values: dict[int, int], *, plays_on: bool) -> Envelope:
    return Envelope(
        delay=seconds(values[G.DELAY]),
        attack=seconds(values[G.ATTACK]),
        hold=seconds(values[G.HOLD]),
        decay=seconds(values[G.DECAY]),
        sustain=level(values[G.SUSTAIN]),
        # One that plays on has a release that only says so.
        release=Envelope().release if plays_on else seconds(values[G.RELEASE]),
    )


def _pan(zone: Zone, partner: Zone | None, preset: Zone) -> float:
    """Mono: as said. Stereo: the inverse of how `sf2_zones` narrows a pair towards a side."""
    added = preset.values.get(G.PAN, 0) / 500
    pan = zone.values.get(G.PAN, 0) / 500
    if partner is not None:
        other = partner.values.get(G.PAN, 0) / 500
        pan = (pan + other) / 2
    return max(-1.0, min(1.0, pan + added))


def _velocity_amount(zone: Zone, preset: Zone) -> int:
    own = FULL_VELOCITY if zone.velocity is None else zone.velocity
    return own + (preset.velocity or 0)
