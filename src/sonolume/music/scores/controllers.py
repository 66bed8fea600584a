"""What a MIDI channel is told besides notes: controllers, bends and programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import mido
import numpy as np

from sonolume.music.score import Controller, Curve
from sonolume.music.scores.clock import Clock

__all__ = ["Controls", "Event", "curves", "read_controls", "silences"]

Event = tuple[int, mido.Message]

SIMPLE: dict[int, Controller] = {1: "modulation", 7: "volume", 10: "pan", 11: "expression"}
SUSTAIN, RESET = 64, 121
RPN_FINE, RPN_COARSE, NRPN_FINE, NRPN_COARSE, DATA_COARSE, DATA_FINE = 100, 101, 98, 99, 6, 38
NO_RPN = (127, 127)
SOUND_OFF = 120
# All notes off, and the mode messages, which switch them off as well.
NOTES_OFF = frozenset(range(123, 128))
# What "reset all controllers" sets (MIDI Association, RP-015); volume and pan stay.
AFTER_RESET: dict[Controller, float] = {
    "bend": 0.0, "expression": 1.0, "modulation": 0.0, "sustain": 0.0,
}  # fmt: skip


@dataclass
class Controls:
    """What was set, in order of time.

    Attributes:
        points: (tick, value) of each controller, in the units of `Curve`.
        programs: (tick, program).
    """

    points: dict[Controller, list[tuple[int, float]]] = field(default_factory=dict)
    programs: list[tuple[int, int]] = field(default_factory=list)

    def add(self, controller: Controller, tick: int, value: float) -> None:
        self.points.setdefault(controller, []).append((tick, value))

    def last(self, controller: Controller) -> float:
        points = self.points.get(controller)
        return points[-1][1] if points else 0.0


@dataclass
class _Bend:
    """The wheel and its range, which registered parameter 0 sets."""

    wheel: int = 0
    semitones: int = 2
    cents: int = 0
    parameter: tuple[int, int] = NO_RPN

    @property
    def value(self) -> float:
        return self.wheel / 8192 * (self.semitones + self.cents / 100)

    def take(self, control: int, value: int) -> bool:
        """Whether the message changed the range."""
        coarse, fine = self.parameter
        if control in (RPN_COARSE, RPN_FINE):
            self.parameter = (value, fine) if control == RPN_COARSE else (coarse, value)
        elif control in (NRPN_COARSE, NRPN_FINE, RESET):
            self.parameter = NO_RPN
        elif self.parameter == (0, 0) and control == DATA_COARSE:
            self.semitones = value
            return True
        elif self.parameter == (0, 0) and control == DATA_FINE:
            self.cents = value
            return True
        return False


def silences(message: mido.Message) -> bool:
    """Whether the message ends every note of its channel."""
    return message.type == "control_change" and (
        message.control == SOUND_OFF or message.control in NOTES_OFF
    )


def read_controls(events: Sequence[Event]) -> Controls:
    """The controls among one channel's events, which are in order of time."""
    controls, bend = Controls(), _Bend()
    for tick, message in events:
        if message.type == "program_change":
            controls.programs.append((tick, message.program))
        elif message.type == "pitchwheel":
            bend.wheel = message.pitch
            controls.add("bend", tick, bend.value)
        elif message.type == "control_change":
            _control(controls, bend, tick, message.control, message.value)
    return controls


def _control(controls: Controls, bend: _Bend, tick: int, control: int, value: int) -> None:
    if bend.take(control, value) and bend.wheel:
        controls.add("bend", tick, bend.value)
    elif control == SUSTAIN:
        controls.add("sustain", tick, float(value >= 64))
    elif control in SIMPLE:
        scaled = max(-1.0, (value - 64) / 63) if control == 10 else value / 127
        controls.add(SIMPLE[control], tick, scaled)
    elif control == RESET:
        bend.wheel = 0
        for name in controls.points.keys() & AFTER_RESET.keys():
            controls.add(name, tick, AFTER_RESET[name])
    elif control == SOUND_OFF and controls.last("sustain"):
        # The pedal is still down, but what it held has to end: it lifts for a tick.
        controls.add("sustain", tick, 0.0)
        controls.add("sustain", tick + 1, 1.0)


def curves(own: Controls, shared: Controls, clock: Clock) -> dict[Controller, Curve]:
    """Curves of a part: of its own controls, and of its channel's where it has none."""
    points = {**shared.points, **own.points}
    return {name: _curve(points[name], clock) for name in sorted(points)}


def _curve(points: Sequence[tuple[int, float]], clock: Clock) -> Curve:
    # A dictionary keeps the last value of a tick; sorted because a lifted pedal looks ahead.
    last = dict(sorted(points, key=lambda point: point[0]))
    ticks = np.fromiter(last, np.int64, len(last))
    values = np.fromiter(last.values(), np.float32, len(last))
    moved = np.concatenate([[True], np.diff(values) != 0])
    return Curve(clock.at(ticks[moved]), values[moved])
