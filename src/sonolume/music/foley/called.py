"""What calls: animals and horns, as a source whose pitch moves and a throat that colours it.

Source and filter as in Fant (1960), "Acoustic theory of speech production"; pitches and lengths of
the calls are what field guides give.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sonolume.music.foley.noise import band, resonate, slow, swell
from sonolume.music.foley.voice import Voice
from sonolume.music.foley.waves import harmonics, rolloff

__all__ = ["CALLS", "Call", "call_of", "called"]

Samples = NDArray[np.float64]


@dataclass(frozen=True)
class Call:
    """One call.

    Attributes:
        pitch: Hz, equally spaced over a syllable; the pitch moves smoothly between them.
        syllable: seconds.
        every: seconds from one syllable to the next.
        syllables: in one call.
        pause: seconds from the end of a call to the next.
        formants: Hz of the throat's resonances; none for a whistle.
        bright: 0..1, how strong harmonics are.
        rough: 0..1, depth of the flutter.
        flutter: times a second.
        breath: share of noise.
    """

    pitch: tuple[float, ...]
    syllable: float
    every: float = 0.0
    syllables: int = 1
    pause: float = 0.6
    formants: tuple[float, ...] = ()
    bright: float = 0.1
    rough: float = 0.0
    flutter: float = 30.0
    breath: float = 0.03


CALLS: Final[dict[str, Call]] = {
    "bird": Call((3200, 4300, 3600), 0.09, 0.13, 5, 0.5),
    "sparrow": Call((3600, 4600, 3900), 0.07, 0.16, 4, 0.4),
    "cuckoo": Call((660, 655, 525, 520), 0.75, 0.75, 1, 0.6),
    "dove": Call((430, 520, 440), 0.5, 0.62, 3, 0.6, bright=0.05),
    "owl": Call((370, 400, 360), 0.5, 0.65, 2, 0.8, bright=0.05),
    "crow": Call((520, 620, 540), 0.3, 0.42, 3, 0.5, (1150, 1900, 3100), 0.8, 0.8, 75, 0.25),
    "seagull": Call((900, 1500, 1150), 0.34, 0.42, 4, 0.5, (1500, 2900), 0.5, 0.2, 60, 0.1),
    "duck": Call((330, 360, 290), 0.16, 0.24, 4, 0.5, (1100, 1900, 3000), 0.9, 0.4, 90, 0.15),
    "goose": Call((420, 620, 480), 0.3, 0.42, 3, 0.5, (900, 1800, 2700), 0.8, 0.3, 70, 0.1),
    "rooster": Call((520, 760, 900, 860, 520), 1.2, 1.2, 1, 0.7, (1300, 2200, 3400), 0.7, 0.3, 60),
    "hen": Call((420, 500, 430), 0.12, 0.28, 4, 0.5, (900, 1700), 0.6, 0.3, 55, 0.1),
    "turkey": Call((700, 900, 600), 0.07, 0.08, 9, 0.7, (1000, 1900), 0.6, 0.3, 60, 0.1),
    "frog": Call((190, 230, 220), 0.22, 0.34, 3, 0.5, (700, 1500, 2600), 0.8, 0.9, 45, 0.05),
    "toad": Call((1350, 1380, 1370), 0.9, 0.9, 1, 0.5, bright=0.1, rough=0.9, flutter=28),
    "cricket": Call((4500, 4450), 0.016, 0.024, 3, 0.22),
    "cicada": Call((4800, 5000, 4900), 1.4, 1.4, 1, 0.3, rough=0.9, flutter=95, breath=0.6),
    "grasshopper": Call((5600, 5500), 0.3, 0.3, 1, 0.3, rough=1.0, flutter=55, breath=0.8),
    "bee": Call((215, 235, 220), 1.8, 1.8, 1, 0.05, (650, 2200), 0.8, 0.2, 17, 0.05),
    "mosquito": Call((560, 610, 585), 1.8, 1.8, 1, 0.05, (1800, 3200), 0.6, 0.1, 11, 0.03),
    "fly": Call((170, 190, 175), 1.6, 1.6, 1, 0.05, (700, 2400), 0.85, 0.2, 23, 0.06),
    "cow": Call((95, 135, 145, 120), 1.6, 1.6, 1, 0.8, (350, 800, 2300), 0.75, 0.15, 25, 0.05),
    "sheep": Call((320, 340, 310), 0.8, 0.8, 1, 0.5, (750, 1500, 2800), 0.75, 0.7, 8, 0.05),
    "goat": Call((380, 420, 380), 0.7, 0.7, 1, 0.5, (800, 1700, 2800), 0.75, 0.8, 9, 0.06),
    "pig": Call((120, 170, 140), 0.22, 0.32, 3, 0.4, (500, 1300, 2600), 0.9, 0.8, 38, 0.4),
    "horse": Call((850, 1150, 900, 600, 450), 1.4, 1.4, 1, 0.7, (1100, 2400), 0.6, 0.6, 12, 0.1),
    "donkey": Call((300, 620, 260), 0.5, 0.6, 3, 0.6, (800, 1700), 0.8, 0.6, 30, 0.2),
    "dog": Call((340, 520, 380), 0.17, 0.36, 3, 0.5, (600, 1300, 2600), 0.7, 0.3, 55, 0.15),
    "wolf": Call((320, 620, 600, 560, 380), 2.4, 2.4, 1, 0.6, (700, 1300), 0.25, breath=0.03),
    "cat": Call((480, 720, 640, 500), 0.8, 0.8, 1, 0.6, (900, 1800, 3000), 0.55, breath=0.05),
    "lion": Call((70, 115, 90, 65), 1.4, 1.4, 1, 0.6, (280, 750, 1700), 0.9, 0.8, 26, 0.4),
    "bear": Call((75, 100, 80), 1.1, 1.1, 1, 0.6, (300, 800, 1800), 0.9, 0.8, 24, 0.4),
    "elephant": Call((320, 520, 480, 340), 1.3, 1.3, 1, 0.7, (800, 1600, 2600), 0.9, 0.4, 65, 0.15),
    "monkey": Call((420, 760, 480), 0.22, 0.3, 4, 0.5, (900, 1900), 0.5, 0.2, 40, 0.15),
    "whale": Call((160, 340, 260, 150), 2.6, 2.6, 1, 0.5, (420, 900), 0.3),
    "dolphin": Call((6000, 9500, 7000), 0.5, 0.6, 2, 0.4),
    "snake": Call((2000, 2000), 1.4, 1.4, 1, 0.4, breath=30.0),
    "siren": Call((620, 1150, 620), 2.2, 2.2, 1, 0.0, (900, 1900), 0.6),
    "horn": Call((392, 396, 394), 0.9, 0.9, 1, 0.3, (700, 1500, 2600), 0.85, breath=0.02),
    "foghorn": Call((98, 100, 97), 2.2, 2.2, 1, 0.8, (260, 520, 1100), 0.6, breath=0.05),
    "whistle": Call((1150, 1250, 1230), 1.0, 1.0, 1, 0.3, bright=0.15, breath=0.2),
    "alarm": Call((2050, 2050), 0.09, 0.125, 4, 0.4, bright=0.5),
}
"""By words of names; `ALIASES` leads further words to them."""

WORDS: Final[dict[str, str]] = {
    "bird": "songbird robin finch nightingale blackbird lark skylark wren chick parrot",
    "dove": "pigeon",
    "crow": "raven jackdaw rook jay magpie",
    "seagull": "gull eagle hawk",
    "duck": "drake mallard",
    "goose": "swan",
    "rooster": "cock cockerel",
    "hen": "chicken",
    "bee": "insect wasp bumblebee beetle",
    "cow": "calf bull ox buffalo",
    "sheep": "lamb",
    "pig": "boar",
    "horse": "pony zebra",
    "dog": "puppy fox seal",
    "cat": "kitten",
    "lion": "tiger leopard",
    "horn": "klaxon",
    "foghorn": "ship",
    "whistle": "kettle locomotive train referee",
    "alarm": "phone telephone beeper microwave",
}
ALIASES: Final = {word: key for key, words in WORDS.items() for word in words.split()}
USUAL: Final = "bird"
TALLEST: Final = 0.42  # of the rate, for the moving pitch


def call_of(name: str) -> Call:
    """The call of what the name says, by its last word that is known; else a bird's."""
    for word in reversed(name.lower().replace("-", " ").split()):
        for form in (word, word.removesuffix("s")):
            key = ALIASES.get(form, form)
            if key in CALLS:
                return CALLS[key]
    return CALLS[USUAL]


def called(voice: Voice, frames: int, rate: int, rng: np.random.Generator) -> Samples:
    """Calls, again and again, no two quite alike; the first starts at the start."""
    call = call_of(voice.name)
    out = np.zeros(frames)
    at = 0.0
    while at * rate < frames:
        for number in range(call.syllables):
            start = round((at + number * call.every) * rate)
            tone = _syllable(call, voice, number, rate, rng)
            room = max(0, min(len(tone), frames - start))
            # What the end would cut is faded in its last 10 ms by `finish`.
            out[start : start + room] += tone[:room]
        at += call.syllables * call.every + call.pause * rng.uniform(0.8, 1.2)
        at += 0.0 if call.every else call.syllable
    return out


def _syllable(
    call: Call, voice: Voice, number: int, rate: int, rng: np.random.Generator
) -> Samples:
    from scipy.interpolate import PchipInterpolator

    # The animal keeps its size: words and names move its pitch by half of what they move a thing's.
    octaves = 0.5 * voice.shift + 0.02 * rng.standard_normal()
    frames = round(call.syllable * rng.uniform(0.95, 1.05) * rate)
    time = np.arange(frames) / rate
    knots = np.linspace(0, frames / rate, len(call.pitch))
    pitch = PchipInterpolator(knots, np.array(call.pitch) * 2**octaves)(time)
    rough = float(np.clip(call.rough + voice.roughness, 0, 1))
    pitch = pitch * np.exp2((0.004 + 0.05 * rough * call.breath) * slow(rng, frames, rate, 40.0))
    pitch = np.minimum(pitch, TALLEST * rate)
    bright = float(np.clip(call.bright + voice.brightness - 0.5, 0, 1))
    wave = harmonics(pitch, rolloff(float(pitch.mean()), bright), rate)
    noise = band(rng.standard_normal(frames), 0.7 * float(pitch.min()), 9000.0, rate)
    share = call.breath + 0.5 * max(0.0, voice.breath - voice.material.noise)
    mix = wave / max(wave.std(), 1e-9) + share * noise / max(noise.std(), 1e-9)
    if call.formants:
        mix = _throat(mix, np.array(call.formants) * 2 ** (0.25 * octaves), rate)
    flutter = 1 - rough * (0.5 + 0.5 * np.cos(2 * np.pi * call.flutter * time))
    loud = 0.9 ** (number % 4) * rng.uniform(0.85, 1.0)
    edge = min(0.25 * call.syllable, 0.08)
    mix = mix * flutter * loud * swell(frames, rate, min(edge, 0.03), edge)
    return np.asarray(mix / max(np.abs(mix).max(), 1e-9) * loud)


def _throat(mix: Samples, formants: Samples, rate: int) -> Samples:
    """Resonances of 80 Hz and more in width, over a little of what enters them."""
    widths = np.pi * (80.0 + 0.06 * formants)
    coloured = resonate(mix, formants, widths, 0.75 ** np.arange(len(formants)), rate)
    return np.asarray(coloured + 0.12 * mix)
