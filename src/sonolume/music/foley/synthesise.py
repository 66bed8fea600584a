"""From a source to its sound."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sonolume.errors import OptionError
from sonolume.media.audio import Audio
from sonolume.music.foley.blown import blown
from sonolume.music.foley.called import called
from sonolume.music.foley.rubbed import rubbed
from sonolume.music.foley.shaken import burning, poured, shaken
from sonolume.music.foley.strings import plucked
from sonolume.music.foley.struck import struck
from sonolume.music.foley.voice import Voice, voice_of
from sonolume.music.scene import Playing, Source

__all__ = ["synthesise"]

Samples = NDArray[np.float64]
Player = Callable[[Voice, int, int, np.random.Generator], Samples]
PLAYERS: Final[dict[Playing, Player]] = {
    "struck": struck,
    "plucked": plucked,
    "blown": blown,
    "rubbed": rubbed,
    "poured": poured,
    "burning": burning,
    "shaken": shaken,
    "called": called,
}
SHORTEST, LONGEST = 0.1, 60.0  # seconds
MIN_RATE, MAX_RATE = 16000, 192000
PEAK: Final = 10 ** (-3 / 20)
RUMBLE: Final = 25.0  # Hz below which there is nothing to hear
FADE_IN, FADE_OUT = 0.0005, 0.01  # seconds


def synthesise(source: Source, *, seconds: float = 4.0, rate: int = 44100, seed: int = 0) -> Audio:
    """The sound of a source, synthesised from what it is made of and how it is played.

    One blow, pluck or drop starts at once and dies away; whatever else is played lasts to the
    end. Materials and words that are not known count as wood and as nothing. The same arguments
    give the same samples.

    Args:
        source: what sounds.
        seconds: length, 0.1 to 60; round(seconds · rate) frames.
        rate: Hz, 16000 to 192000.
        seed: ≥ 0; another one gives another take of the same thing.

    Returns:
        One channel without DC, whose peak is -3 dBFS.

    Raises:
        OptionError: a length, a rate or a seed out of range.
    """
    if not SHORTEST <= seconds <= LONGEST:
        raise OptionError(f"a sound of {seconds} s; expected {SHORTEST} to {LONGEST:.0f} s")
    if not MIN_RATE <= rate <= MAX_RATE:
        raise OptionError(f"a sound at {rate} Hz; expected {MIN_RATE} to {MAX_RATE} Hz")
    if seed < 0:
        raise OptionError(f"a seed of {seed}; expected 0 or more")
    rng = np.random.default_rng(seed)
    voice = voice_of(source, rng)
    samples = PLAYERS[source.playing](voice, round(seconds * rate), rate, rng)
    return Audio(_finish(samples, rate)[None], rate)


def _finish(samples: Samples, rate: int) -> NDArray[np.float32]:
    from scipy.signal import butter, sosfilt

    high = sosfilt(butter(2, RUMBLE, "highpass", fs=rate, output="sos"), samples)
    into, out = round(FADE_IN * rate), round(FADE_OUT * rate)
    high[:into] *= np.linspace(0, 1, into)
    high[-out:] *= np.linspace(1, 0, out)
    return np.asarray(high * (PEAK / max(np.abs(high).max(), 1e-12)), np.float32)
