"""Opcodes of one SFZ region as a `Region`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path

from sonolume.music.kit import Envelope, Loop, LoopMode, Region
from sonolume.music.kits.sfz_samples import Samples, Sound
from sonolume.music.kits.sfz_units import FALL, key_number, number

__all__ = ["ALIASES", "KNOWN", "region_of"]

ALIASES = {
    "loopmode": "loop_mode",
    "loopstart": "loop_start",
    "loopend": "loop_end",
    "offby": "off_by",
    "pitch": "tune",
    "gain": "volume",
    "polyphony_group": "group",
}
LEVELS = ("volume", "group_volume", "master_volume", "global_volume")
ENVELOPE = tuple(f"ampeg_{s}" for s in ("delay", "attack", "hold", "decay", "sustain", "release"))
KEYS = ("lokey", "hikey", "pitch_keycenter")
NUMBERS = (
    *("lovel", "hivel", "tune", "transpose", "pitch_keytrack", "loop_start", "loop_end"),
    *("offset", "end", "amp_veltrack", "pan", "seq_length", "seq_position", "group", "off_by"),
    *("amplitude", *LEVELS, *ENVELOPE),
)
CONTROL = ("default_path", "note_offset", "octave_offset")
KNOWN = frozenset((*NUMBERS, *KEYS, *CONTROL, "key", "sample", "loop_mode", "trigger"))
MODES: dict[str, LoopMode] = {
    "no_loop": "none",
    "one_shot": "one_shot",
    "loop_continuous": "continuous",
    "loop_sustain": "sustain",
}
LONGEST = 100.0
QUIETEST, LOUDEST = -144.0, 48.0


def region_of(
    opcodes: Mapping[str, str], samples: Samples, where: Path, skip: Callable[[str], None]
) -> Region | None:
    """The region that ``opcodes``, inherited ones included, describe.

    None, with a word to ``skip``, for one that a key press never sounds: started by a release or
    a controller, of an empty range, without a file, or switched off by ``end=-1``. Values out of
    range are brought into it.

    Raises:
        DataError: a sample that is missing, unreadable or outside the folder.
    """
    read = _Reader(opcodes, skip)
    name = opcodes.get("sample", "")
    keys, velocities = _keys(read), _velocities(read)
    turn = (
        round(read.number("seq_position", 1, 1, 10_000)),
        round(read.number("seq_length", 1, 1, 10_000)),
    )
    reason = _left_out(opcodes, name)
    if not reason and turn[0] > turn[1]:
        reason = "a region whose turn never comes"
    if reason or keys is None or velocities is None:
        skip(reason or "a region that no key sounds")
        return None
    sound = samples.of(opcodes.get("default_path", "") + name, where)
    return _region(read, sound, samples, keys, velocities, turn)


def _left_out(opcodes: Mapping[str, str], name: str) -> str:
    """Why a key press never sounds the region; empty where it may."""
    trigger = opcodes.get("trigger", "attack")
    if trigger not in ("attack", "first"):
        return f"trigger={trigger[:20]}"
    if not name or name.startswith("*"):
        return f"sample={name[:20]}"
    return "end=-1" if opcodes.get("end") == "-1" else ""


class _Reader:
    """Opcodes as numbers within ranges."""

    def __init__(self, opcodes: Mapping[str, str], skip: Callable[[str], None]) -> None:
        self.opcodes = opcodes
        self.skip = skip

    def number(self, name: str, default: float, low: float, high: float) -> float:
        """The value of an opcode; ``default`` where it is not given or not a number."""
        return self._held(name, number, default, low, high)

    def key(self, name: str, default: int, low: int, high: int) -> int:
        """A key, moved by note_offset and octave_offset."""
        if name not in self.opcodes:
            return default
        moved = self.number("note_offset", 0, -127, 127)
        moved += 12 * self.number("octave_offset", 0, -10, 10)
        value = self._held(name, key_number, default, -1000, 1000)
        return default if value == default else round(max(low, min(high, value + moved)))

    def _held(
        self,
        name: str,
        parse: Callable[[str], float | None],
        default: float,
        low: float,
        high: float,
    ) -> float:
        text = self.opcodes.get(name)
        if text is None:
            return default
        value = parse(text)
        if value is None:
            self.skip(f"{name}={text[:20]}")
            return default
        return max(low, min(high, value))


def _keys(read: _Reader) -> tuple[int, int] | None:
    low, high = read.key("lokey", 0, -1, 128), read.key("hikey", 127, -1, 128)
    # A low key of -1 is how regions say that no key starts them.
    if high < 0 or low > high or low > 127 or (low < 0 and high < 0):
        return None
    return max(0, low), min(127, high)


def _velocities(read: _Reader) -> tuple[int, int] | None:
    low, high = read.number("lovel", 0, 0, 128), read.number("hivel", 127, 0, 127)
    return (round(low), round(high)) if low <= high else None


def _region(
    read: _Reader,
    sound: Sound,
    samples: Samples,
    keys: tuple[int, int],
    velocities: tuple[int, int],
    turn: tuple[int, int],
) -> Region:
    last = read.number("end", sound.sample.frames - 1, 0, 2**40)
    sample = samples.cut(sound.sample, int(last) + 1)
    loop, mode = _loop(read, sound, sample.frames)
    return Region(
        sample=sample,
        keys=keys,
        velocities=velocities,
        root=_root(read, sound),
        tune=read.number("tune", 0, -12_800, 12_800) + 100 * read.number("transpose", 0, -127, 127),
        key_cents=read.number("pitch_keytrack", 100, -1200, 1200),
        loop=loop,
        loop_mode=mode,
        envelope=_envelope(read),
        gain_db=_gain(read),
        pan=read.number("pan", 0, -100, 100) / 100,
        velocity_gain=read.number("amp_veltrack", 100, 0, 100) / 100,
        turn=turn,
        group=round(read.number("group", 0, 0, 2**31)),
        off_by=round(read.number("off_by", 0, 0, 2**31)),
        offset=round(read.number("offset", 0, 0, sample.frames - 1)),
    )


def _root(read: _Reader, sound: Sound) -> int:
    own = 60 if sound.root is None else sound.root
    if read.opcodes.get("pitch_keycenter", "") == "sample":
        return own
    return read.key("pitch_keycenter", 60, 0, 127)


def _loop(read: _Reader, sound: Sound, frames: int) -> tuple[Loop | None, LoopMode]:
    """By default a sample loops where its file says so; the end is included in SFZ."""
    said = read.opcodes.get("loop_mode", "")
    if said and said not in MODES:
        read.skip(f"loop_mode={said[:20]}")
    mode = MODES.get(said, "continuous" if sound.loop else "none")
    own = sound.loop or Loop(0, frames)
    start = int(read.number("loop_start", own.start, 0, frames - 1))
    end = int(read.number("loop_end", own.end - 1, 0, frames - 1)) + 1
    looped = mode in ("continuous", "sustain")
    given = sound.loop is not None or {"loop_start", "loop_end"} & read.opcodes.keys()
    if end <= start or not (looped or given):
        return None, "none" if looped else mode
    return Loop(start, end), mode


def _envelope(read: _Reader) -> Envelope:
    delay, attack, hold, decay, sustain, release = ENVELOPE
    return Envelope(
        delay=read.number(delay, 0, 0, LONGEST),
        attack=read.number(attack, 0, 0, LONGEST),
        hold=read.number(hold, 0, 0, LONGEST),
        decay=read.number(decay, 0, 0, LONGEST) / FALL,
        sustain=read.number(sustain, 100, 0, 100) / 100,
        release=read.number(release, 0.001, 0, LONGEST) / FALL,
    )


def _gain(read: _Reader) -> float:
    total = sum(read.number(name, 0, QUIETEST, LOUDEST) for name in LEVELS)
    amplitude = read.number("amplitude", 100, 0, 10_000) / 100
    total += 20 * math.log10(amplitude) if amplitude > 0 else QUIETEST
    return max(QUIETEST, min(LOUDEST, total))
