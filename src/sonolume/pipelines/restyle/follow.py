"""One sound follows one set of targets: the chain, the contract, the level."""

import warnings
from collections.abc import Callable, Sequence
from typing import Final

from sonolume.correspondence.delta import Delta
from sonolume.correspondence.targets import Targets
from sonolume.pipelines.restyle.contract import Settled, settle
from sonolume.pipelines.restyle.listened import Listened, Propose
from sonolume.pipelines.restyle.moves import Move, chain_of
from sonolume.pipelines.restyle.rendering import REACH, Rendering, level
from sonolume.pipelines.restyle.restyled import Applied, Restyled
from sonolume.pipelines.restyle.search import Found, heard
from sonolume.pipelines.restyle.settings import RestyleSettings
from sonolume.signal.cues import CUES
from sonolume.signal.rack import Chain
from sonolume.signal.structure import Kept

__all__ = ["follow"]

Step = Callable[[str], None]
UNTOUCHED: Final = Settled((), Kept(1.0, 1.0, 1.0, 1.0), ())
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
        rendering = Rendering(recording, Chain(), recording.frames, False, {})
        still = dict.fromkeys(wanted.values, 0.0)
        return Restyled(
            rendering, change, wanted, still, (), UNTOUCHED.kept, asked.strength, asked.strength, ()
        )
    tell("trying effects")
    unit = {name: value / asked.strength for name, value in wanted.values.items()}
    found = sound.found(unit, asked.effects, asked.strength, by=asked.by, propose=propose)
    tell("listening")
    settled = _settled(sound, found, asked)
    if settled.lost:
        _tell_loss(settled, found, asked.strength)
    tell("setting the level")
    shares = zip(found.amounts, settled.shares, strict=True)
    amounts = [amount * share for amount, share in shares]
    chain = chain_of(found.chosen, amounts)
    rendering = level(recording, chain, wanted.values["loudness"] * LOUDNESS)
    moved = heard(sound.probed, rendering.chain)
    used = asked.strength * (sum(settled.shares) / len(settled.shares) if settled.lost else 1.0)
    applied = _applied(found.chosen, amounts, rendering.chain)
    return Restyled(
        rendering, change, wanted, moved, applied, settled.kept, asked.strength, used, settled.lost
    )


def _settled(sound: Listened, found: Found, asked: RestyleSettings) -> Settled:
    if not found.chosen:
        return UNTOUCHED

    def chain_at(shares: Sequence[float]) -> Chain:
        return chain_of(found.chosen, [a * s for a, s in zip(found.amounts, shares, strict=True)])

    rate = sound.recording.rate
    reached = found.reached or (asked.strength,) * len(found.chosen)
    return settle(sound.parts, sound.structures, rate, chain_at, reached, asked.keep)


def _tell_loss(settled: Settled, found: Found, strength: float) -> None:
    turned = [
        f"{move.effect.name} to {share:.0%}"
        for move, share in zip(found.chosen, settled.shares, strict=True)
        if share < 1
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
