"""A score as a picture: time to the right, keys upwards, a colour for each part."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from sonolume.errors import OptionError
from sonolume.media import Picture
from sonolume.music.score import Score, Track

__all__ = ["draw_roll", "save_roll"]

MARGIN_LEFT, MARGIN_TOP, MARGIN_BOTTOM = 44, 34, 26
SMALLEST, LARGEST = 200, 8192
GROUND, BLACK_KEY, LINE, INK = (250, 250, 248), (240, 240, 238), (214, 214, 210), (60, 60, 60)
BLACK_KEYS: Final = frozenset({1, 3, 6, 8, 10})
# Okabe and Ito's colours, which the colour-blind tell apart.
COLOURS: Final = (
    (0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167), (230, 159, 0), (86, 180, 233),
    (120, 120, 120),
)  # fmt: skip
STEPS: Final = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200)
MARKS: Final = 16
FAINTEST: Final = 0.35


def save_roll(
    score: Score, path: Path | str, *, width: int = 1600, height: int = 700, force: bool = False
) -> None:
    """Draw the score into a PNG, JPEG or WebP file. Raises OptionError as `draw_roll` and
    `Picture.save` do."""
    draw_roll(score, width=width, height=height).save(path, force=force)


def draw_roll(score: Score, *, width: int = 1600, height: int = 700) -> Picture:
    """The piano roll of a score: loud notes in full colour, soft ones paler, names on top.

    Raises OptionError for a side outside 200 to 8192 pixels.
    """
    if not all(SMALLEST <= side <= LARGEST for side in (width, height)):
        raise OptionError(f"a roll of {width}x{height}: expected sides of {SMALLEST} to {LARGEST}")
    image = Image.new("RGB", (width, height), GROUND)
    sheet = _Sheet(score, image)
    sheet.keys()
    sheet.seconds()
    parts = [(track, COLOURS[number % len(COLOURS)]) for number, track in enumerate(score.tracks)]
    # Long notes lie below short ones, which they would hide.
    for track, colour in sorted(parts, key=lambda part: -_mean_length(part[0])):
        sheet.notes(track, colour)
    sheet.names(score)
    return Picture(np.asarray(image))


def _mean_length(track: Track) -> float:
    return float((track.notes.end - track.notes.start).mean())


class _Sheet:
    """Where keys and seconds lie on an image."""

    def __init__(self, score: Score, image: Image.Image) -> None:
        keys = [
            int(bound) for t in score.tracks for bound in (t.notes.key.min(), t.notes.key.max())
        ]
        self.low, self.high = min(keys, default=60) - 2, max(keys, default=72) + 2
        self.length = max(score.duration, 1.0)
        self.draw = ImageDraw.Draw(image)
        self.font = ImageFont.load_default(13)
        self.right, self.bottom = image.width - 1, image.height - MARGIN_BOTTOM
        self.lane = (self.bottom - MARGIN_TOP) / (self.high - self.low + 1)

    def x(self, seconds: float) -> float:
        return MARGIN_LEFT + (self.right - MARGIN_LEFT) * seconds / self.length

    def y(self, key: int) -> float:
        """Upper edge of a key's lane."""
        return MARGIN_TOP + (self.high - key) * self.lane

    def keys(self) -> None:
        for key in range(self.low, self.high + 1):
            top = self.y(key)
            if key % 12 in BLACK_KEYS:
                self.draw.rectangle((MARGIN_LEFT, top, self.right, top + self.lane), BLACK_KEY)
            if key % 12 == 0:
                middle = (6, top + self.lane / 2)
                self.draw.text(middle, f"C{key // 12 - 1}", INK, self.font, "lm")

    def seconds(self) -> None:
        step = next((s for s in STEPS if self.length / s <= MARKS), STEPS[-1])
        for number in range(math.floor(self.length / step) + 1):
            x = self.x(number * step)
            self.draw.line((x, MARGIN_TOP, x, self.bottom), LINE)
            anchor = "lt" if x < self.right - 40 else "rt"
            self.draw.text((x, self.bottom + 6), f"{number * step:g} s", INK, self.font, anchor)

    def notes(self, track: Track, colour: tuple[int, int, int]) -> None:
        notes = track.notes
        columns = (notes.start, notes.end, notes.key, notes.velocity)
        for start, end, key, velocity in zip(*(each.tolist() for each in columns), strict=True):
            share = FAINTEST + (1 - FAINTEST) * velocity / 127
            fill = tuple(round(g + (c - g) * share) for c, g in zip(colour, GROUND, strict=True))
            left, top = self.x(start), self.y(key)
            # A hair less than its length, so that repeated notes are seen as several.
            right = max(left + 1, self.x(end) - 1)
            self.draw.rectangle((left, top, right, top + max(self.lane - 1, 1)), fill)

    def names(self, score: Score) -> None:
        x = float(MARGIN_LEFT)
        for number, track in enumerate(score.tracks):
            name = (track.name or f"part {number + 1}")[:24]
            if x > self.right - 60:
                break
            colour = COLOURS[number % len(COLOURS)]
            self.draw.rectangle((x, 11, x + 12, 23), colour)
            self.draw.text((x + 17, 17), name, INK, self.font, "lm")
            x += 34 + self.draw.textlength(name, self.font)
