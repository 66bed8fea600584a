"""Both priors become one set of targets: how far each auditory cue should move, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, get_args

import numpy as np

from sonolume.correspondence.delta import Delta
from sonolume.correspondence.hard_prior import Target, hard_targets
from sonolume.correspondence.heads import HEADS
from sonolume.correspondence.rules import Rule
from sonolume.correspondence.soft_prior import SoftPrior
from sonolume.errors import OptionError
from sonolume.signal.cues import CUES

__all__ = ["SOFT_SHARES", "Prior", "Targets", "targets"]

Prior = Literal["hard", "soft", "both"]

# How much the soft prior counts beside the hard one, by head: a joint space knows of moods and
# textures more than of rooms and levels.
SOFT_SHARES: Final[Mapping[str, float]] = MappingProxyType(
    {"energy": 0.2, "timbre": 0.3, "texture": 0.4, "space": 0.2}
)
MAX_STRENGTH: Final = 2.0
SAID: Final = 0.1


@dataclass(frozen=True)
class Targets:
    """How a sound should change.

    Attributes:
        values: just clear steps for every cue, with strength.
        hard, soft: what each prior says, without strength; all 0 for a prior that was not asked.
        agreement: correlation of the two over cues, -1..1; None where either says nothing.
        explanations: a line for every cue that moves, the largest first.
    """

    values: dict[str, float]
    hard: dict[str, Target]
    soft: dict[str, Target]
    agreement: float | None
    explanations: tuple[str, ...]


def targets(
    delta: Delta,
    rules: Iterable[Rule],
    soft: SoftPrior | None = None,
    *,
    prior: Prior = "both",
    strength: float = 1.0,
    soft_shares: Mapping[str, float] = SOFT_SHARES,
) -> Targets:
    """Combine the rules' targets with those of `soft_targets`.

    Each cue gets (1 - w c) hard + w soft, with the share w of its head and the confidence c that
    the soft targets carry already: where the joint space is unsure, the rules count whole.
    Identical pictures give exactly 0 everywhere.

    Args:
        delta: the change of the picture.
        rules: of the hard prior.
        soft: what `soft_targets` gave; None where no joint space is at hand, and "both" is then
            the hard prior alone.
        prior: which to use.
        strength: factor 0..2 on every value.
        soft_shares: 0..1 by head; a head left out counts as 0.

    Raises:
        OptionError: an unknown prior or head, a strength or share out of range, or "soft" without
            soft targets.
    """
    _check(prior, strength, soft_shares, soft)
    silent = {name: Target(0.0, ()) for name in CUES}
    hard = silent if prior == "soft" or delta.identical else hard_targets(delta, rules)
    if soft is None or prior == "hard" or delta.identical:
        soft = SoftPrior(silent, 0.0)
    shares = _shares(prior, soft_shares)
    weights = {name: (1 - shares[name] * soft.confidence, shares[name]) for name in CUES}
    values = {
        name: strength * (first * hard[name].value + second * soft.targets[name].value)
        for name, (first, second) in weights.items()
    }
    lines = _explanations(values, hard, soft.targets, weights)
    return Targets(values, hard, soft.targets, _agreement(hard, soft.targets), lines)


def _check(
    prior: str,
    strength: float,
    soft_shares: Mapping[str, float],
    soft: SoftPrior | None,
) -> None:
    if prior not in get_args(Prior):
        raise OptionError(f"a prior called '{prior}'; use one of {', '.join(get_args(Prior))}")
    if not 0 <= strength <= MAX_STRENGTH:
        raise OptionError(f"a strength of {strength}; expected a number from 0 to {MAX_STRENGTH}")
    if prior == "soft" and soft is None:
        raise OptionError("the soft prior needs a joint space; give soft targets, or use 'hard'")
    for head, share in soft_shares.items():
        if head not in HEADS or not 0 <= share <= 1:
            raise OptionError(
                f"a soft share of {share} for '{head}'; expected 0 to 1 for {', '.join(HEADS)}"
            )


def _shares(prior: str, soft_shares: Mapping[str, float]) -> dict[str, float]:
    """Share of the soft prior by cue."""
    if prior != "both":
        return dict.fromkeys(CUES, 1.0 if prior == "soft" else 0.0)
    return {name: soft_shares.get(cue.head, 0.0) for name, cue in CUES.items()}


def _agreement(hard: Mapping[str, Target], soft: Mapping[str, Target]) -> float | None:
    """Pearson's correlation over cues."""
    rows = np.array([[each[name].value for name in CUES] for each in (hard, soft)])
    rows -= rows.mean(axis=1, keepdims=True)
    norms = np.sqrt(np.square(rows).sum(axis=1))
    if norms.min() < 1e-12:
        return None
    return float(np.clip(rows[0] @ rows[1] / norms.prod(), -1, 1))


def _explanations(
    values: Mapping[str, float],
    hard: Mapping[str, Target],
    soft: Mapping[str, Target],
    weights: Mapping[str, tuple[float, float]],
) -> tuple[str, ...]:
    moving = [name for name in CUES if abs(values[name]) >= SAID]
    moving.sort(key=lambda name: -abs(values[name]))
    return tuple(
        f"{name} {values[name]:+.1f} steps: {_reasons(hard[name], soft[name], weights[name])}"
        for name in moving
    )


def _reasons(hard: Target, soft: Target, weights: tuple[float, float]) -> str:
    """The three contributions that count most, as 'darker (brightness-loudness -0.6)'."""
    weighed = [
        (each, weight * each.moved)
        for target, weight in zip((hard, soft), weights, strict=True)
        for each in target.contributions
    ]
    weighed.sort(key=lambda pair: -abs(pair[1]))
    return ", ".join(f"{each.cause} ({each.source} {moved:+.1f})" for each, moved in weighed[:3])
