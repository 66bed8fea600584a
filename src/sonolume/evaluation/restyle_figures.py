"""What trials of restyle come to: directions, steadiness, structure."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from sonolume.evaluation.restyle_trials import STRENGTHS, Trial
from sonolume.signal.cues import CUES

__all__ = ["DEFINITIONS", "by_cue", "by_edit", "controls", "figures", "pairs_of"]

INTENDED: Final = 0.4  # steps
CLEAR: Final = 0.1  # steps, by which a cue must have moved the right way
EVEN: Final = 0.05  # steps by which a movement may seem to fall
STRUCTURE: Final = ("onset_f1", "chroma", "harmony", "loudness_contour")

Pair = tuple[str, str]
"""An edit and a cue."""

DEFINITIONS: Final = {
    "direction_right": f"share of intended cues (target of {INTENDED} steps or more) that moved "
    f"the right way by {CLEAR} steps or more; mono has no width to move, which is left out",
    "direction_right_mono_width": "the same, width of mono sounds counting as missed",
    "halfway": "share of intended cues that went at least half of the way",
    "monotonic": "share of edit, sound and cue (intended at strength 1) that move no less for more "
    f"strength ({', '.join(map(str, STRENGTHS))}; {EVEN} steps are even)",
    "onset_f1": "mean F measure of onsets within 50 ms, before and after",
    "chroma": "mean correlation of chromagrams, frame by frame",
    "harmony": "mean correlation of chromagrams averaged over half a second",
    "loudness_contour": "mean correlation of momentary loudness",
    "identity_exact": "share of sounds that come back bit for bit, of equal pictures or strength 0",
    "direction_right_shuffled": "by the targets of another edit of the same picture",
    "monotonic_shuffled": "by the targets of another edit of the same picture",
    "identity_exact_edited": "share of edited pictures after which the sound is the same",
    **{f"{name}_other": "beside another sound" for name in STRUCTURE},
}


def figures(trials: Sequence[Trial]) -> dict[str, float]:
    """Metrics of `DEFINITIONS`; what nothing was intended for is left out."""
    found = _directions(trials, 0)
    if found:
        impossible = sum(
            abs(trial.targets["width"]) >= INTENDED for trial in trials if _flat(trial)
        )
        found["direction_right_mono_width"] = found["direction_right"] * (
            len(list(_intended(trials, 0))) / (len(list(_intended(trials, 0))) + impossible)
        )
        found["halfway"] = float(
            np.mean([moved >= 0.5 * abs(target) for _, target, moved in _intended(trials, 0)])
        )
    for name in STRUCTURE:
        found[name] = float(np.mean([getattr(trial.kept, name) for trial in trials]))
    return found


def controls(trials: Sequence[Trial], seed: int) -> dict[str, float]:
    """Controls of `DEFINITIONS`."""
    kinds = len({trial.edit for trial in trials})
    turn = int(np.random.default_rng(seed).integers(1, kinds)) if kinds > 1 else 0
    shuffled = {f"{name}_shuffled": value for name, value in _directions(trials, turn).items()}
    others = {
        f"{name}_other": float(np.mean([getattr(trial.other, name) for trial in trials]))
        for name in STRUCTURE
    }
    same = float(np.mean([trial.same for trial in trials]))
    return {**shuffled, **others, "identity_exact_edited": same}


def by_cue(trials: Sequence[Trial]) -> dict[str, float]:
    """Share of right directions for each cue that was intended."""
    return _shares([(pair[1], moved) for pair, _, moved in _intended(trials, 0)])


def by_edit(trials: Sequence[Trial]) -> dict[str, float]:
    """Share of right directions for each edit."""
    return _shares([(pair[0], moved) for pair, _, moved in _intended(trials, 0)])


def pairs_of(trials: Sequence[Trial]) -> dict[str, float]:
    """Share of right directions for each edit and cue."""
    return _shares([(" ".join(pair), moved) for pair, _, moved in _intended(trials, 0)])


def _shares(rows: Sequence[tuple[str, float]]) -> dict[str, float]:
    names = sorted({name for name, _ in rows})
    return {
        name: float(np.mean([moved >= CLEAR for each, moved in rows if each == name]))
        for name in names
    }


def _directions(trials: Sequence[Trial], turn: int) -> dict[str, float]:
    right = [moved >= CLEAR for _, _, moved in _intended(trials, turn)]
    steady = [bool((np.diff(run) >= -EVEN).all()) for run in _runs(trials, turn)]
    found = {"direction_right": right, "monotonic": steady}
    return {name: float(np.mean(values)) for name, values in found.items() if values}


def _flat(trial: Trial) -> bool:
    return trial.kind == "recording"


def _intended(trials: Sequence[Trial], turn: int) -> Iterator[tuple[Pair, float, float]]:
    """Edit and cue, target, and steps in its direction; targets are those ``turn`` edits on."""
    for trial, targets in _turned(trials, turn):
        for cue in CUES:
            if abs(targets[cue]) >= INTENDED and not (cue == "width" and _flat(trial)):
                sign = 1 if targets[cue] > 0 else -1
                yield (trial.edit, cue), targets[cue], sign * trial.moved[cue]


def _turned(trials: Sequence[Trial], turn: int) -> Iterator[tuple[Trial, dict[str, float]]]:
    told = {(t.sound, t.edit, t.strength): dict(t.targets) for t in trials}
    kinds = list(dict.fromkeys(trial.edit for trial in trials))
    for trial in trials:
        other = kinds[(kinds.index(trial.edit) + turn) % len(kinds)]
        yield trial, told[trial.sound, other, trial.strength]


def _runs(trials: Sequence[Trial], turn: int) -> Iterator[list[float]]:
    """For each edit, sound and cue that is intended at strength 1: steps by rising strength."""
    runs: dict[tuple[int, str], dict[float, tuple[Trial, dict[str, float]]]] = {}
    for trial, targets in _turned(trials, turn):
        runs.setdefault((trial.sound, trial.edit), {})[trial.strength] = trial, targets
    for run in runs.values():
        trial, targets = run[1.0]
        for cue in CUES:
            if abs(targets[cue]) >= INTENDED and not (cue == "width" and _flat(trial)):
                sign = 1 if targets[cue] > 0 else -1
                yield [sign * run[strength][0].moved[cue] for strength in sorted(run)]
