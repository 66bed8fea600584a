"""One sound follows one set of targets: the chain, the contract, the level."""

import warnings
from collections.abc import Callable
from typing import Final

from sonolume.correspondence.delta import Delta
from sonolume.correspondence.targets import Targets
from sonolume.pipelines.restyle.contract import Settled, settle
from sonolume.pipelines.restyle.listened import Listened
from sonolume.pipelines.restyle.moves import chain_of
from sonolume.pipelines.restyle.rendering import REACH, Rendering, level
from sonolume.pipelines.restyle.restyled import Applied, Restyled
from sonolume.pipelines.restyle.search import Found, heard, search
from sonolume.pipelines.restyle.settings import RestyleSettings
from sonolume.signal.cues import CUES
from sonolume.signal.rack import Chain
from sonolume.signal.structure import Kept

__all__ = ["follow"]

Step = Callable[[str], None]
UNTOUCHED: Final = Settled(1.0, Kept(1.0, 1.0, 1.0, 1.0), ())
UNHEARD: Final = 0.05  # steps; where no target is more, nothing is done
LOUDNESS: Final = CUES["loudness"].step


def follow(
    sound: Listened, change: Delta, wanted: Targets, asked: RestyleSettings, tell: Step
) -> Restyled:
    """Move a sound as far towards its targets as its structure bears.

    Args:
        sound: not silent, unless nothing is wanted.
        change: of the picture.
        wanted: targets at the strength that is asked for.
        asked: the settings.
        tell: told each step in a few words.
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
    found = search(sound.probed, unit, effects=asked.effects, strength=asked.strength, tell=tell)
    tell("listening")
    settled = _settled(sound, found, asked)
    tell("setting the level")
    chain = _chain(found, settled.share)
    rendering = level(recording, chain, wanted.values["loudness"] * LOUDNESS * settled.share)
    moved = heard(sound.probed, rendering.chain)
    used = asked.strength * settled.share
    if settled.lost:
        _tell_loss(settled, asked.strength, used)
    applied = _applied(found, settled.share, rendering.chain)
    return Restyled(
        rendering, change, wanted, moved, applied, settled.kept, asked.strength, used, settled.lost
    )


def _settled(sound: Listened, found: Found, asked: RestyleSettings) -> Settled:
    if not found.chosen:
        return UNTOUCHED
    rate = sound.recording.rate
    return settle(
        sound.parts, sound.structures, rate, lambda share: _chain(found, share), asked.keep
    )


def _tell_loss(settled: Settled, strength: float, used: float) -> None:
    warnings.warn(
        f"strength {strength:g} would break the {' and the '.join(settled.lost)} of the sound; "
        f"{used:.2g} is used (keep says what is held)",
        stacklevel=5,
    )


def _chain(found: Found, share: float) -> Chain:
    return chain_of(found.chosen, [share * amount for amount in found.amounts])


def _applied(found: Found, share: float, chain: Chain) -> tuple[Applied, ...]:
    """The effects of a chain, with their moves; a gain was no move."""
    by_name = {m.effect.name: (m, a) for m, a in zip(found.chosen, found.amounts, strict=True)}
    applied = []
    for step in chain.active().steps:
        name = step.effect.name
        settings = {key: float(value[0]) for key, value in step.values.items()}
        if name in by_name:
            move, amount = by_name[name]
            applied.append(Applied(name, share * amount, settings, move.doc))
            continue
        raised = settings["level"]
        doc = "louder" if raised > 0 else "quieter"
        applied.append(Applied(name, abs(raised) / REACH, settings, doc))
    return tuple(applied)
