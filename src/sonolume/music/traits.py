"""What an instrument is like to a player: where it sounds, how it begins and ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sonolume.errors import MediaError
from sonolume.media.audio import Audio
from sonolume.music.instruments.prepare import prepare
from sonolume.music.instruments.roots import frequency_of, key_of
from sonolume.music.kit import Instrument, Region
from sonolume.signal.descriptors import describe
from sonolume.signal.harmonics import refine
from sonolume.signal.tone import Tone, find_tone

__all__ = ["Traits", "measure"]

RATE = 44100
# Seconds: after the attack, and for as long as a note usually lasts.
SETTLED, HEARD = 0.03, 1.0


@dataclass(frozen=True)
class Traits:
    """What a sound offers as an instrument.

    Attributes:
        pitched: keys are pitches.
        pitch: the key, with its fraction, at which the sound is most itself; None without one.
        lowest, highest: keys that sound; 0 and 127 for a recording that is not made yet.
        decay: seconds to fall by 60 dB while the key is held; infinity for a held sound.
        noisiness: 0..1, spectral flatness.
        brightness: Hz, spectral centroid.
        attack: seconds from 10 % to 90 % of full level.
        harmonic: 0..1, the share of energy at harmonics of the pitch, little of bells. 1 without a
            pitch.
    """

    pitched: bool
    pitch: float | None
    lowest: int
    highest: int
    decay: float
    noisiness: float
    brightness: float
    attack: float
    harmonic: float = 1.0

    @property
    def sustained(self) -> bool:
        """Whether a note lasts as long as its key is held, near enough."""
        return self.decay > 7.5


def measure(sound: Instrument | Audio) -> Traits:
    """The traits of an instrument, or of a recording before one is made of it.

    An instrument is measured at the loudest layer of the region nearest to the middle of its
    range; drums at the region of the lowest key.

    Raises:
        MediaError: a silent recording.
    """
    return _of_instrument(sound) if isinstance(sound, Instrument) else _of_audio(sound)


def _of_instrument(instrument: Instrument) -> Traits:
    middle = (instrument.lowest + instrument.highest) / 2 if instrument.pitched else 0
    region = min(
        instrument.regions,
        key=lambda each: (abs(each.root - middle), -each.velocities[1], each.turn[0]),
    )
    samples = region.sample.samples[:, region.offset :]
    if not samples.any():
        raise MediaError(f"{instrument.name}: the sample {region.sample.name} is silent")
    described = describe(samples, region.sample.rate)
    return Traits(
        pitched=instrument.pitched,
        pitch=region.root - region.tune / 100 if instrument.pitched else None,
        lowest=instrument.lowest,
        highest=instrument.highest,
        decay=_held(region, described.t60),
        noisiness=described.noisiness,
        brightness=described.brightness,
        attack=described.attack,
        harmonic=_harmonic(samples, region) if instrument.pitched else 1.0,
    )


def _harmonic(samples: NDArray[np.float32], region: Region) -> float:
    rate = region.sample.rate
    heard = samples[:, round(SETTLED * rate) : round(HEARD * rate)].mean(axis=0)
    if len(heard) < SETTLED * rate:
        return 1.0
    return refine(heard, rate, frequency_of(region.root - region.tune / 100)).explained


def _held(region: Region, t60: float) -> float:
    """Seconds to -60 dB with the key held: of the loop's envelope, or of the recording."""
    envelope = region.envelope
    if region.loop is None or region.loop_mode == "one_shot":
        return min(t60, region.sample.frames / region.sample.rate)
    if envelope.sustain > 0.1 or envelope.decay == 0:
        return float("inf")
    return envelope.hold + 0.6 * envelope.decay


def _of_audio(audio: Audio) -> Traits:
    samples = prepare(audio, "recording", RATE)
    tone = find_tone(samples.mean(axis=0), RATE)
    described = describe(samples, RATE)
    pitched = tone is not None and tone.pitched
    steady = described.t60 > 7.5 and samples.shape[1] > RATE // 2
    return Traits(
        pitched=pitched,
        pitch=key_of(tone.f0) if tone is not None and tone.pitched else None,
        lowest=0,
        highest=127,
        decay=float("inf") if steady else float(np.minimum(described.t60, audio.duration)),
        noisiness=described.noisiness,
        brightness=described.brightness,
        attack=described.attack,
        harmonic=_share(samples.mean(axis=0), tone) if tone is not None and tone.pitched else 1.0,
    )


def _share(mono: NDArray[np.float32], tone: Tone) -> float:
    stretch = mono[int(tone.start * RATE) : int(min(tone.end, tone.start + HEARD) * RATE)]
    return refine(stretch, RATE, tone.f0).explained
