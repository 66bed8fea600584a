"""One sound follows one set of targets by being drawn again: the style, the contract, the level."""

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from sonolume.correspondence.delta import Delta
from sonolume.correspondence.style_words import style_table
from sonolume.correspondence.targets import Targets
from sonolume.errors import MediaError
from sonolume.media import Audio
from sonolume.pipelines.restyle.contract import broken, worst
from sonolume.pipelines.restyle.engine.draw import Drawer
from sonolume.pipelines.restyle.engine.parts import Generator, style_of
from sonolume.pipelines.restyle.excerpts import stretches
from sonolume.pipelines.restyle.follow import LOUDNESS, UNHEARD
from sonolume.pipelines.restyle.listened import Listened
from sonolume.pipelines.restyle.recording import Recording
from sonolume.pipelines.restyle.rendering import Blocks, Rendering, level
from sonolume.pipelines.restyle.restyled import Redrawn, Restyled
from sonolume.pipelines.restyle.settings import RestyleSettings
from sonolume.pipelines.restyle.untouched import WHOLE, untouched
from sonolume.signal.cues import CUES, measure_cues
from sonolume.signal.kept import Kept, compare
from sonolume.signal.loudness import loudness
from sonolume.signal.rack import Chain
from sonolume.signal.structure import structure

__all__ = ["LONGEST", "RedrawnRendering", "in_memory", "redraw"]

LONGEST: Final = 600.0  # seconds that are held in memory
SHARES: Final = (1.0, 0.75, 0.5, 0.25)  # of the noise level, until the structure holds
MEASURED: Final = 10.0  # seconds whose cues are told

Step = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class RedrawnRendering(Rendering):
    """As `Rendering`, of a sound that was drawn again; `chain` sets its level."""

    drawn: Rendering

    def blocks(self) -> Blocks:
        return self.drawn.blocks()


def redraw(
    sound: Listened,
    change: Delta,
    wanted: Targets,
    asked: RestyleSettings,
    load: Callable[[], Generator],
    tell: Step,
) -> Restyled:
    """Move a sound towards its targets by as much noise as its structure bears.

    Args:
        sound: not silent, unless nothing is wanted; up to ten minutes.
        change: of the picture.
        wanted: targets at the strength that is asked for.
        asked: the settings.
        load: gives the generator; not called where nothing is to move.
        tell: told each step in a few words.

    Raises:
        MediaError: a longer sound. ModelError: as ``load``, or the generator gives no numbers.
    """
    settings = asked.diffusion
    if max(map(abs, wanted.values.values())) < UNHEARD or settings.noise_level == 0:
        return untouched(sound.recording, change, wanted, asked.strength)
    whole = in_memory(sound.recording)
    tell("loading the generator")
    generator, style = load(), style_of(wanted.values, change.steps)
    tell("drawing")
    drawer = Drawer(generator, whole, style, settings, sound.seed)
    found = _held(sound, drawer, asked, tell)
    if found.lost:
        _tell_loss(found, settings.noise_level)
    named = [pair.name for pair in style_table().pairs]
    evidence = dict(zip(named, style.evidence.tolist(), strict=True))
    redrawn = Redrawn(
        settings.noise_level, found.level, evidence, style.words, generator.provenance()
    )
    if found.level == 0:
        rendering = Rendering(sound.recording, Chain(), sound.recording.frames, False, {})
    else:
        tell("setting the level")
        rendering = _levelled(sound.recording, whole, found.samples, wanted)
    moved = _moved(whole, rendering)
    strength = asked.strength
    return Restyled(
        rendering, change, wanted, moved, (), found.kept, strength, strength, found.lost, redrawn
    )


def in_memory(recording: Recording) -> Audio:
    """The whole sound. Raises MediaError where it is longer than ten minutes."""
    if recording.seconds > LONGEST:
        raise MediaError(
            f"the sound lasts {recording.seconds:.0f} s; the diffusion engine takes up to "
            f"{LONGEST:.0f} s: cut it, or use the engine rack"
        )
    return Audio(np.concatenate(list(recording.blocks()), axis=1), recording.rate)


@dataclass(frozen=True, eq=False)
class _Found:
    """Samples at the noise level that holds the structure, and what more would have broken."""

    samples: NDArray[np.float32]
    level: float
    kept: Kept
    lost: tuple[str, ...]


def _held(sound: Listened, drawer: Drawer, asked: RestyleSettings, tell: Step) -> _Found:
    rate, lost = sound.recording.rate, None
    onsets = min(len(each.onsets) for each in sound.structures)
    for share in SHARES:
        at = share * asked.diffusion.noise_level
        samples = drawer(at)
        tell(f"listening at noise level {at:.2g}")
        parts = stretches(Recording.open(Audio(samples, rate)))
        pairs = zip(sound.structures, parts, strict=True)
        kept = worst([compare(before, structure(part, rate)) for before, part in pairs])
        broke = broken(kept, asked.keep, onsets)
        lost = broke if lost is None else lost
        if not broke:
            return _Found(samples, at, kept, lost)
    return _Found(drawer.sound.samples, 0.0, WHOLE, lost or ())


def _tell_loss(found: _Found, wanted: float) -> None:
    instead = f"lowered to {found.level:.2g}" if found.level else "the sound stays as it is"
    warnings.warn(
        f"noise level {wanted:.2g} would break the {' and the '.join(found.lost)} of the sound; "
        f"{instead} (keep says what is held)",
        stacklevel=5,
    )


def _levelled(
    recording: Recording, before: Audio, samples: NDArray[np.float32], wanted: Targets
) -> Rendering:
    """With the loudness that is wanted beside the sound before, and peaks below −1 dBTP."""
    middles = [each.mean(axis=0, keepdims=True) for each in (before.samples, samples)]
    first, second = (loudness(middle, recording.rate) for middle in middles)
    already = second - first if math.isfinite(first) and math.isfinite(second) else 0.0
    made = Recording.open(Audio(samples, recording.rate))
    drawn = level(made, Chain(), wanted.values["loudness"] * LOUDNESS - already)
    return RedrawnRendering(recording, drawn.chain, drawn.frames, drawn.limited, {}, drawn)


def _moved(before: Audio, rendering: Rendering) -> dict[str, float]:
    """Just clear steps by which each cue moved over the first ten seconds."""
    frames = round(MEASURED * before.rate)
    pair = before.samples[:, :frames], rendering.audio().samples[:, :frames]
    with torch.inference_mode():
        first, second = (measure_cues(torch.from_numpy(each)[None], before.rate) for each in pair)
    return {name: float(second[name] - first[name]) / cue.step for name, cue in CUES.items()}
