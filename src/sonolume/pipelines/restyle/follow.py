"""One sound follows one set of targets: the chain, the contract, the level."""

import warnings
from collections.abc import Callable, Sequence
from typing import Final

from sonolume.correspondence.delta import Delta
from sonolume.correspondence.targets import Targets
from sonolume.pipelines.restyle.chains.moves import Move, chain_of
from sonolume.pipelines.restyle.chains.path import Path
from sonolume.pipelines.restyle.chains.probed import heard
from sonolume.pipelines.restyle.listened import Listened, Propose
from sonolume.pipelines.restyle.rendering import REACH, level
from sonolume.pipelines.restyle.restyled import Applied, Restyled
from sonolume.pipelines.restyle.settings import RestyleSettings
from sonolume.pipelines.restyle.settle import Settled, settle
from sonolume.pipelines.restyle.untouched import WHOLE, untouched
from sonolume.signal.cues import CUES
from sonolume.signal.rack import Chain

__all__ = ["LOUDNESS", "UNHEARD", "follow"]

Step = Callable[[str], None]
UNTOUCHED: Final = Settled((), WHOLE, ())
UNHEARD: Final = 0.05  # steps; where no target is more, nothing is done
LOUDNESS: Final = CUES["loudness"].step


def follow(
    sound: Listened,
    change: Delta,
    wanted: Targets,
    asked: RestyleSettings,
    tell: Step,
    propose: Propose | None = None,
) -> Restyled:
    """Move a sound as far towards its targets as its structure bears.

    Args:
        sound: not silent, unless nothing is wanted.
        change: of the picture.
        wanted: targets at the strength that is asked for.
        asked: the settings.
        tell: told each step in a few words.
        propose: the controller, unless the chain is found by search alone.
    """
    recording = sound.recording
    if max(map(abs, wanted.values.values())) < UNHEARD:
        return untouched(recording, change, wanted, asked.strength)
    tell("trying effects")
    unit = {name: value / asked.strength for name, value in wanted.values.items()}
    path = sound.path(unit, asked.effects, by=asked.by, propose=propose)
    tell("listening")
    settled = _settled(sound, path, asked)
    if settled.lost:
        _tell_loss(settled, path, asked.strength)
    tell("setting the level")
    amounts = path.amounts(settled.strengths)
    chain = chain_of(path.chosen, amounts)
    rendering = level(recording, chain, wanted.values["loudness"] * LOUDNESS)
    moved = heard(sound.probed, rendering.chain)
    used = sum(settled.strengths) / len(settled.strengths) if settled.lost else asked.strength
    applied = _applied(path.chosen, amounts, rendering.chain)
    return Restyled(
        rendering, change, wanted, moved, applied, settled.kept, asked.strength, used, settled.lost
    )


def _settled(sound: Listened, path: Path, asked: RestyleSettings) -> Settled:
    if not path.chosen:
        return UNTOUCHED

    def chain_at(strengths: Sequence[float]) -> Chain:
        return chain_of(path.chosen, path.amounts(strengths))

    rate, effects = sound.recording.rate, len(path.chosen)
    return settle(
        sound.parts, sound.structures, rate, chain_at, effects, asked.strength, asked.keep,
        turns_back=path.turns_back, known=path.kept,
    )  # fmt: skip


def _tell_loss(settled: Settled, path: Path, strength: float) -> None:
    turned = [
        f"{move.effect.name} to strength {each:.2g}"
        for move, each in zip(path.chosen, settled.strengths, strict=True)
        if each < strength
    ]
    warnings.warn(
        f"strength {strength:g} would break the {' and the '.join(settled.lost)} of the sound; "
        f"turned down: {', '.join(turned)} (keep says what is held)",
        stacklevel=5,
    )


def _applied(chosen: Sequence[Move], amounts: Sequence[float], chain: Chain) -> tuple[Applied, ...]:
    """The effects of a chain, with their moves; a gain was no move."""
    by_name = {m.effect.name: (m, a) for m, a in zip(chosen, amounts, strict=True)}
    applied = []
    for step in chain.active().steps:
        name = step.effect.name
        settings = {key: float(value[0]) for key, value in step.values.items()}
        if name in by_name:
            move, amount = by_name[name]
            applied.append(Applied(name, amount, settings, move.doc))
            continue
        raised = settings["level"]
        doc = "louder" if raised > 0 else "quieter"
        applied.append(Applied(name, abs(raised) / REACH, settings, doc))
    return tuple(applied)
