"""SFZ instruments as kits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from sonolume.errors import DataError
from sonolume.music.kit import Instrument, Kit, Region
from sonolume.music.kits.report import left_out
from sonolume.music.kits.sfz_region import ALIASES, KNOWN, region_of
from sonolume.music.kits.sfz_samples import Samples
from sonolume.music.kits.sfz_text import sections

__all__ = ["read_sfz", "read_sfz_folder"]

MAX_REGIONS = 50_000
MAX_INSTRUMENTS = 1_000
DRUMS = 128
# The names that `write_kit` gives: bank, program, name.
NUMBERED = re.compile(r"(\d{3})-(\d{3}) (.+)")
LEVELS = ("global", "master", "group", "region")
# Opcodes that carry no sound.
SILENT = re.compile(r".*_label|label_\w+|hint_\w+|image")


def read_sfz(path: Path) -> Kit:
    """Read one SFZ file as a kit of one instrument. See `read_sfz_folder`."""
    return _kit(path, [path], path.parent)


def read_sfz_folder(path: Path) -> Kit:
    """Read every ``.sfz`` file of a folder as an instrument, in the order of their names.

    Opcodes of <global>, <master> and <group> are inherited. Samples and includes must lie within
    the folder. Files named as "128-000 Drums.sfz" tell bank and program; others are numbered from
    0 in bank 0. An instrument is pitched unless it is in bank 128 or no region follows the
    keyboard. Times of decay and release are scaled: SFZ players fall by 78 dB in them.

    Warns once (UserWarning) with the opcodes and regions left out: opcodes that a `Region` has no
    place for, generators (``*sine``), regions that a release or a controller starts.

    Raises:
        DataError: no instrument, text or sample that cannot be read, a path that leaves the
            folder, no region, or more than 50,000.
    """
    try:
        files = sorted(each for each in path.iterdir() if each.suffix.lower() == ".sfz")
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror or error})") from None
    if not 1 <= len(files) <= MAX_INSTRUMENTS:
        raise DataError(f"{path}: {len(files)} files *.sfz; expected 1 to {MAX_INSTRUMENTS}")
    return _kit(path, files, path)


def _kit(path: Path, files: list[Path], root: Path) -> Kit:
    samples = Samples(root)
    skipped: list[str] = []
    instruments = []
    free = 0
    for file in files:
        regions, label = _regions(file, samples, skipped)
        numbered = NUMBERED.fullmatch(file.stem)
        bank, program, name = numbered.groups() if numbered else (0, free, file.stem)
        bank, program = int(bank), min(127, int(program))
        free += not numbered
        pitched = bank != DRUMS and any(region.key_cents for region in regions)
        instruments.append(Instrument(label or name, regions, pitched, program, bank))
    left_out(path, skipped)
    return Kit(path.stem, tuple(instruments))


def _regions(path: Path, samples: Samples, skipped: list[str]) -> tuple[tuple[Region, ...], str]:
    """The regions of one file, and its global_label."""
    regions: list[Region] = []
    unknown: set[str] = set()
    label = ""
    for count, opcodes in enumerate(_inherited(path, unknown), 1):
        if count > MAX_REGIONS:
            raise DataError(f"{path}: more than {MAX_REGIONS} regions")
        label = opcodes.get("global_label", label)
        region = region_of(opcodes, samples, path, skipped.append)
        regions += [region] if region else []
    skipped += sorted(unknown)
    if not regions:
        raise DataError(f"{path} holds no region that a key can play")
    return tuple(regions), label


def _inherited(path: Path, unknown: set[str]) -> Iterator[dict[str, str]]:
    """The opcodes of each region under those of its group, master, global and control headers."""
    control: dict[str, str] = {}
    levels: dict[str, dict[str, str]] = {level: {} for level in LEVELS}
    for section in sections(path):
        given = _known(section.opcodes, unknown)
        if section.header == "control":
            control |= given
        if section.header not in LEVELS:
            continue
        for lower in LEVELS[LEVELS.index(section.header) :]:
            levels[lower] = {}
        levels[section.header] = given
        if section.header == "region":
            yield control | _merged(levels)


def _known(opcodes: list[tuple[str, str]], unknown: set[str]) -> dict[str, str]:
    """Opcodes under their main names; ``key`` stands for three."""
    result: dict[str, str] = {}
    for name, value in opcodes:
        name = ALIASES.get(name, name)
        if name == "key":
            result |= dict.fromkeys(("lokey", "hikey", "pitch_keycenter"), value)
        elif name in KNOWN or name == "global_label":
            result[name] = value
        elif not SILENT.fullmatch(name):
            unknown.add(name)
    return result


def _merged(levels: dict[str, dict[str, str]]) -> dict[str, str]:
    merged: dict[str, str] = {}
    for level in LEVELS:
        merged |= levels[level]
    return merged
