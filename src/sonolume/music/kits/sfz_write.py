"""Kits as folders of SFZ instruments."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from sonolume.errors import DataError
from sonolume.media.audio import Audio
from sonolume.music.kit import Instrument, Kit, Region, Sample
from sonolume.music.kits.folder import replaced_folder
from sonolume.music.kits.naming import file_name, plain_text, unique
from sonolume.music.kits.sfz_units import FALL

__all__ = ["write_sfz"]

SAMPLES = "samples"
MIN_RATE, MAX_RATE = 1_000, 192_000
MODES = {
    "none": "no_loop",
    "one_shot": "one_shot",
    "continuous": "loop_continuous",
    "sustain": "loop_sustain",
}


def write_sfz(kit: Kit, path: Path, *, force: bool = False) -> None:
    """Write ``kit`` as the folder ``path``: an SFZ file for each instrument, samples/ beside them.

    Files are named by bank, program and name ("000-024 Glass.sfz"), samples are 24-bit FLAC. The
    folder appears whole at the end or not at all. Loops and times are opcodes, so every player
    reads the same; decay and release are scaled, since SFZ players fall by 78 dB in them. A
    sample beyond full scale is brought down to it, and its regions are made as much louder.

    Raises:
        DataError: a sample rate outside 1000..192000 Hz.
        OptionError: ``path`` exists and ``force`` is not set, or it is not a kit, or it cannot be
            written.
    """
    samples = {id(r.sample): r.sample for each in kit.instruments for r in each.regions}
    for sample in samples.values():
        _check_rate(sample)
    names = unique(file_name(sample.name, "sample") for sample in samples.values())
    files = dict(zip(samples, names, strict=True))
    with replaced_folder(path, force=force) as folder:
        (folder / SAMPLES).mkdir()
        for key, sample in samples.items():
            scaled = sample.samples / np.float32(_peak(sample))
            Audio(scaled, sample.rate).save(folder / SAMPLES / f"{files[key]}.flac")
        titles = unique(_title(each) for each in kit.instruments)
        for title, each in zip(titles, kit.instruments, strict=True):
            text = instrument_text(each, files)
            (folder / f"{title}.sfz").write_text(text, encoding="utf-8", newline="\n")


def instrument_text(instrument: Instrument, files: dict[int, str]) -> str:
    """The text of one SFZ file; ``files`` names the sample files by the samples' ids.

    What all regions share stands once, under <global>.
    """
    rows = [_opcodes(region, files[id(region.sample)]) for region in instrument.regions]
    shared = [each for each in rows[0] if all(each in row for row in map(frozenset, rows))]
    label = plain_text(instrument.name)
    lines = [
        f"// {label or 'instrument'}, made by sonolume",
        "<control>",
        f"default_path={SAMPLES}/",
    ]
    lines += ["<global>", *([f"global_label={label}"] if label else [])]
    lines += [_line(shared)] if shared else []
    common = frozenset(shared)
    lines += ["<region> " + _line(each for each in row if each not in common) for row in rows]
    return "\n".join(lines) + "\n"


def _line(opcodes: Iterable[tuple[str, str]]) -> str:
    return " ".join(f"{name}={value}" for name, value in opcodes)


def _opcodes(region: Region, file: str) -> list[tuple[str, str]]:
    envelope = region.envelope
    gain = region.gain_db + 20 * float(np.log10(_peak(region.sample)))
    numbers: list[tuple[str, float]] = [
        ("lokey", region.keys[0]),
        ("hikey", region.keys[1]),
        ("lovel", region.velocities[0]),
        ("hivel", region.velocities[1]),
        ("pitch_keycenter", region.root),
        ("tune", region.tune),
        ("pitch_keytrack", region.key_cents),
        ("offset", region.offset),
        ("volume", gain),
        ("pan", 100 * region.pan),
        ("amp_veltrack", 100 * region.velocity_gain),
        ("ampeg_delay", envelope.delay),
        ("ampeg_attack", envelope.attack),
        ("ampeg_hold", envelope.hold),
        ("ampeg_decay", FALL * envelope.decay),
        ("ampeg_sustain", 100 * envelope.sustain),
        ("ampeg_release", FALL * envelope.release),
    ]
    if region.loop is not None:
        # SFZ includes the end.
        numbers += [("loop_start", region.loop.start), ("loop_end", region.loop.end - 1)]
    if region.turn != (1, 1):
        numbers += [("seq_position", region.turn[0]), ("seq_length", region.turn[1])]
    if region.group or region.off_by:
        numbers += [("group", region.group), ("off_by", region.off_by)]
    texts = [("sample", f"{file}.flac"), ("loop_mode", MODES[region.loop_mode])]
    return texts + [(name, _number(value)) for name, value in numbers]


def _number(value: float) -> str:
    """Plain decimals: not every player knows exponents."""
    text = f"{value:.6f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _peak(sample: Sample) -> float:
    """What brings the sample within full scale: 1, or its peak where that is more."""
    return max(1.0, float(sample.samples.max()), -float(sample.samples.min()))


def _title(instrument: Instrument) -> str:
    name = plain_text(instrument.name)
    kept = "".join(c for c in name if c.isalnum() or c in " -_.()'")[:60].strip(" .")
    return f"{instrument.bank:03d}-{instrument.program:03d} {kept or 'instrument'}"


def _check_rate(sample: Sample) -> None:
    if not MIN_RATE <= sample.rate <= MAX_RATE:
        raise DataError(
            f"sample {sample.name}: {sample.rate} Hz; expected {MIN_RATE} to {MAX_RATE} Hz: "
            "resample it"
        )
