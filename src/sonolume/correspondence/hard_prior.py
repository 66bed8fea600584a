"""The hard prior: targets for a sound from the table of rules, each traceable to its rules."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sonolume.correspondence.delta import Delta
from sonolume.correspondence.descriptors import DESCRIPTORS
from sonolume.correspondence.rules import Rule
from sonolume.signal.cues import CUES

__all__ = ["LIMIT", "Contribution", "Target", "hard_targets", "saturated"]

# No cue moves by more just clear steps than this at strength 1: three steps of loudness are 9 LU.
LIMIT: Final = 3.0
# What a resize, a crop of 5 % or JPEG may cause is no change that a sound should follow.
UNSEEN: Final = 0.25


@dataclass(frozen=True)
class Contribution:
    """What one source adds to a cue's target.

    Attributes:
        source: id of the rule, or the pair of words.
        cause: how the picture changed, as an adjective: "darker".
        seen: how far what it looks at changed: just clear steps of the rule's descriptor, or the
            pair's share of evidence -1..1.
        moved: just clear steps of the cue, before all contributions are saturated together.
    """

    source: str
    cause: str
    seen: float
    moved: float


@dataclass(frozen=True)
class Target:
    """Where a cue should go.

    Attributes:
        value: just clear steps of the cue, within plus or minus `LIMIT`.
        contributions: what it is made of, the largest first.
    """

    value: float
    contributions: tuple[Contribution, ...]


def hard_targets(delta: Delta, rules: Iterable[Rule]) -> dict[str, Target]:
    """A target for every cue of `CUES`, 0 where no rule speaks.

    A rule moves its cue by weight times the change of its descriptor in steps, less the quarter
    step that is not seen; the sum x over rules becomes LIMIT tanh(x / LIMIT).
    """
    moved: dict[str, list[Contribution]] = {name: [] for name in CUES}
    for rule in rules:
        seen = _seen(delta.steps[rule.visual])
        if seen != 0:
            step = rule.sign * rule.weight * seen
            moved[rule.cue].append(Contribution(rule.id, _cause(rule, seen), seen, step))
    return {name: saturated(contributions) for name, contributions in moved.items()}


def _seen(steps: float) -> float:
    return math.copysign(max(abs(steps) - UNSEEN, 0.0), steps)


def _cause(rule: Rule, seen: float) -> str:
    descriptor = DESCRIPTORS[rule.visual]
    return descriptor.more if seen > 0 else descriptor.less


def saturated(contributions: Iterable[Contribution]) -> Target:
    """The target that contributions add up to."""
    ordered = sorted(contributions, key=lambda each: -abs(each.moved))
    total = math.fsum(each.moved for each in ordered)
    return Target(LIMIT * math.tanh(total / LIMIT), tuple(ordered))
