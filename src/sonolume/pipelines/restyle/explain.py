"""A restyle in numbers and in words."""

from typing import Any

from sonolume.correspondence.hard_prior import Target
from sonolume.correspondence.heads import HEADS, cues_of
from sonolume.pipelines.restyle.restyled import Restyled

__all__ = ["as_json", "as_lines"]

CLEAR = 0.05  # steps that are worth a word


def as_json(made: Restyled) -> dict[str, Any]:
    """Strength, delta, heads, effects, structure, rules, words and seconds: JSON values.

    A head's value is the root mean square of its cues' targets, in just clear steps.
    """
    kept = made.kept
    return {
        **_engine(made),
        "strength": made.strength_used,
        "delta": dict(made.delta.steps),
        "heads": {head: _moved(made, head) for head in HEADS},
        "effects": [
            {"name": each.name, "amount": each.amount, "settings": dict(each.settings)}
            for each in made.effects
        ],
        "structure": {
            "onset_f1": kept.onset_f1,
            "tempo_ratio": kept.tempo_ratio,
            "chroma": kept.chroma,
            "harmony": kept.harmony,
            "loudness_contour": kept.loudness_contour,
        },
        "rules": _reasons(made.targets.hard),
        "words": _reasons(made.targets.soft),
        "seconds": made.rendering.frames / made.rendering.recording.rate,
    }


def as_lines(made: Restyled) -> list[str]:
    """For people: why each cue moves and how far it went, the effects, and what was kept."""
    if not made.effects and made.redrawn is None:
        return ["nothing to change: the sound is as it was"]
    moving = sorted(made.targets.values, key=lambda name: -abs(made.targets.values[name]))
    went = {line.split(" ", 1)[0]: line for line in made.explanation}
    lines = [f"{went[n]}; went {made.moved[n]:+.1f}" for n in moving if n in went]
    for each in made.effects:
        settings = ", ".join(f"{name} {value:.4g}" for name, value in each.settings.items())
        lines.append(f"  {each.name} ({each.doc}, {each.amount:.0%}): {settings}")
    if made.redrawn is not None:
        drawn = made.redrawn
        said = ", ".join(drawn.words) or "nothing that has a word"
        lines.append(
            f"  drawn again as more {said}: "
            f"noise level {drawn.noise_level_used:.2g} of {drawn.noise_level:.2g}"
        )
    kept = made.kept
    lines.append(
        f"  kept: onsets {kept.onset_f1:.2f}, tempo {kept.tempo_ratio:.2f}, "
        f"harmony {kept.harmony:.2f}, contour {kept.loudness_contour:.2f}; "
        f"strength {made.strength_used:.2g} of {made.strength:.2g}"
    )
    return lines


def _engine(made: Restyled) -> dict[str, Any]:
    """What a generator did; nothing for the rack."""
    if made.redrawn is None:
        return {}
    drawn = made.redrawn
    return {
        "engine": "diffusion",
        "noise_level": drawn.noise_level_used,
        "said": list(drawn.words),
    }


def _moved(made: Restyled, head: str) -> float:
    values = [made.targets.values[cue] for cue in cues_of(head)]
    mean = sum(value * value for value in values) / max(1, len(values))
    return float(mean**0.5)


def _reasons(targets: dict[str, Target]) -> list[dict[str, Any]]:
    """What moved each cue, the largest first."""
    found = [
        {"id": each.source, "cause": each.cause, "cue": cue, "moved": each.moved}
        for cue, target in targets.items()
        for each in target.contributions
        if abs(each.moved) >= CLEAR
    ]
    return sorted(found, key=lambda reason: -abs(reason["moved"]))
