"""The players of a scene: each of its sounds, and what can be made of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sonolume.errors import OptionError
from sonolume.media import Audio
from sonolume.music.instruments import InstrumentSettings, make_drums, make_instrument
from sonolume.music.kit import Instrument
from sonolume.music.parts import part_of
from sonolume.music.scene import Scene, Source
from sonolume.music.score import Score
from sonolume.music.traits import Traits, measure

DRUMS = "drums"
USUAL = InstrumentSettings()
# A stroke that takes longer to come up is no drum.
SLOWEST_STROKE = 0.15
OCTAVE = 12
REACH = 18  # semitones to either side that an instrument plays
SHORT = 0.8  # seconds to fall by 60 dB


@dataclass(frozen=True, eq=False)
class Sounding:
    """A source, its sound, and what that is like."""

    source: Source
    audio: Audio
    traits: Traits

    @property
    def is_stroke(self) -> bool:
        """Whether it makes a drum, pitched or not."""
        struck = self.source.playing in ("struck", "shaken") or not self.traits.pitched
        short = not self.traits.pitched or self.traits.decay < SHORT
        return struck and short and self.traits.attack < SLOWEST_STROKE


@dataclass(frozen=True, eq=False)
class Player:
    """An instrument that is not made yet: making it takes seconds, its traits are known before.

    `make` is told the key in the middle of its range, or None for that of its sound.
    """

    sources: tuple[str, ...]
    traits: Traits
    make: Callable[[int | None], Instrument]

    def made_for(self, keys: NDArray[np.int16]) -> Instrument:
        """The instrument, moved by octaves where its range is not that of the keys it will play."""
        pitch = self.traits.pitch
        if not self.traits.pitched or not len(keys):
            return self.make(None)
        low, middle, high = np.percentile(keys, (5, 50, 95))
        if pitch is None:
            return self.make(round(float(middle)))
        if pitch - REACH <= low and high <= pitch + REACH:
            return self.make(None)
        octaves = round((float(middle) - pitch) / OCTAVE)
        return self.make(int(np.clip(round(pitch) + OCTAVE * octaves, 0, 127)))


def listen(
    scene: Scene,
    sound_of: Callable[[Source], Audio],
    timbre: Callable[[Audio], Audio] | None = None,
) -> list[Sounding]:
    """The sounds of a scene's sources, measured, in their order; those with a pitch in another
    `timbre` where one is given."""
    heard = [_heard(source, sound_of(source)) for source in scene.sources]
    if timbre is None:
        return heard
    return [_heard(x.source, timbre(x.audio)) if x.traits.pitched else x for x in heard]


def _heard(source: Source, audio: Audio) -> Sounding:
    return Sounding(source, audio, measure(audio))


def band(
    soundings: Sequence[Sounding], making: InstrumentSettings = USUAL, *, resonate: bool = False
) -> dict[str, Player]:
    """Everyone who can play: sounds with a pitch each for itself, strokes together as drums.

    With `resonate`, sounds without a pitch also ring at the pitches of keys. Where nothing is a
    stroke, drums are made of everything; where nothing has a pitch, everything rings.
    """
    pitched = [each for each in soundings if each.traits.pitched]
    rest = [each for each in soundings if not each.traits.pitched]
    players = {each.source.name: melodic(each, making) for each in pitched}
    if resonate or not pitched:
        players |= {each.source.name: melodic(each, making) for each in rest}
    strokes = [each for each in soundings if each.is_stroke]
    return players | {DRUMS: drummer(strokes or soundings, making)}


def melodic(sounding: Sounding, making: InstrumentSettings = USUAL) -> Player:
    """One sound that plays pitches; a sound without one rings at them."""
    name, traits = sounding.source.name, sounding.traits
    settings = replace(making, resonate=not traits.pitched)
    if not traits.pitched:
        traits = replace(traits, pitched=True, noisiness=traits.noisiness / 2)

    def make(middle: int | None) -> Instrument:
        return make_instrument(sounding.audio, name, settings=replace(settings, middle=middle))

    return Player((name,), traits, make)


def drummer(
    soundings: Sequence[Sounding], making: InstrumentSettings = USUAL, name: str = DRUMS
) -> Player:
    """Drums from the strokes of several sounds."""
    traits = replace(soundings[0].traits, pitched=False, pitch=None)
    audios = [each.audio for each in soundings]
    names = tuple(each.source.name for each in soundings)
    return Player(names, traits, lambda _: make_drums(audios, name, settings=making))


def overridden(
    players: dict[str, Player],
    soundings: Iterable[Sounding],
    score: Score,
    overrides: Mapping[str, str],
    making: InstrumentSettings = USUAL,
) -> tuple[dict[str, Player], dict[str, str]]:
    """The players and overrides, so that every source plays what it was told to.

    A source that is to drum gets drums of its own, one without a pitch that is to play pitches
    rings at them. Raises OptionError for a name that is no source and no player.
    """
    by_name = {each.source.name.casefold(): each for each in soundings}
    drumming = {track.name for track in score.tracks if track.drums} | {
        part_of(track).role for track in score.tracks if track.drums
    }
    chosen: dict[str, str] = {}
    for wanted, name in overrides.items():
        sounding = by_name.get(name.strip().casefold())
        if sounding is None:
            if name not in players:
                known = ", ".join(each.source.name for each in by_name.values())
                raise OptionError(f"{wanted}={name}: no such source; there are {known}")
            chosen[wanted] = name
            continue
        key = sounding.source.name
        if wanted in drumming:
            key = f"{key} ({DRUMS})"
            players = players | {key: drummer([sounding], making, key)}
        elif key not in players:
            players = players | {key: melodic(sounding, making)}
        chosen[wanted] = key
    return players, chosen
