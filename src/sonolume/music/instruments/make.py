"""From any sound to an instrument."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sonolume.errors import OptionError
from sonolume.media.audio import Audio
from sonolume.music.instruments.percussion import Hit, from_hits, hits_of
from sonolume.music.instruments.pitched import from_tone
from sonolume.music.instruments.prepare import prepare
from sonolume.music.instruments.resonated import from_ringing
from sonolume.music.instruments.settings import InstrumentSettings
from sonolume.music.kit import Instrument
from sonolume.signal.tone import find_tone

__all__ = ["make_drums", "make_instrument"]


def make_instrument(
    audio: Audio, name: str, *, settings: InstrumentSettings | None = None
) -> Instrument:
    """A playable instrument from a sound of any length, rate and number of channels.

    A sound that holds one pitch (`find_tone`: confidence from 0.5 on) becomes a pitched
    instrument: roots every four semitones over three octaves, each in tune within 3 cents, with
    velocity layers, turns, and loops where the sound is held. Any other sound becomes drums on
    the keys of General MIDI, or, with ``resonate``, rings at the keys' pitches; it never gets a
    root by guess. Of a sound longer than ten seconds, the ten loudest are used.

    Args:
        audio: the sound.
        name: of the instrument; samples are named after it.
        settings: options; the usual ones without.

    Raises:
        MediaError: a silent sound.
    """
    settings = settings or InstrumentSettings()
    samples = prepare(audio, name, settings.rate)
    if settings.drums:
        return from_hits(hits_of(samples, settings.rate), settings.rate, name, settings)
    tone = find_tone(samples.mean(axis=0), settings.rate)
    if tone is not None and tone.pitched:
        return from_tone(samples, settings.rate, tone, name, settings)
    if settings.resonate:
        return from_ringing(samples, settings.rate, name, settings)
    return from_hits(hits_of(samples, settings.rate), settings.rate, name, settings)


def make_drums(
    sounds: Sequence[Audio], name: str, *, settings: InstrumentSettings | None = None
) -> Instrument:
    """One drum kit from several sounds, pitched or not: their strokes are shared out among the
    drums of General MIDI by brightness and decay.

    Raises:
        OptionError: no sounds.
        MediaError: a silent sound.
    """
    if not sounds:
        raise OptionError(f"{name}: drums need at least one sound")
    settings = replace(settings or InstrumentSettings(), drums=True, resonate=False)
    found: list[Hit] = []
    for audio in sounds:
        found += hits_of(prepare(audio, name, settings.rate), settings.rate)
    return from_hits(found, settings.rate, name, settings)
