"""Contact sheets: many pictures in one, with labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from sonolume.errors import OptionError
from sonolume.media.picture import Picture
from sonolume.media.picture_file import MAX_PIXELS

__all__ = ["grid"]

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

PAPER, INK = (255, 255, 255), (40, 40, 40)
MAX_LABEL_WIDTH = 240


def grid(
    pictures: Sequence[Picture],
    *,
    columns: int,
    row_labels: Sequence[str] | None = None,
    column_labels: Sequence[str] | None = None,
    gap: int = 4,
    font_size: int = 14,
) -> Picture:
    """Lay ``pictures`` out row by row on white.

    A cell is as wide as the widest and as high as the highest picture; smaller ones are centred.
    Labels that are too long end in an ellipsis.

    Args:
        pictures: at least one.
        columns: pictures in a row, at least 1; the last row may be shorter.
        row_labels: one text per row, at the left.
        column_labels: one text per column, at the top.
        gap: pixels between cells and around the sheet.
        font_size: of the labels, in pixels.

    Raises:
        OptionError: no pictures, a number out of range, a wrong count of labels, or a sheet of
            more than 89 million pixels.
    """
    rows = _check(len(pictures), columns, gap, font_size)
    _check_labels("row", row_labels, rows)
    _check_labels("column", column_labels, columns)
    font = ImageFont.load_default(font_size)
    cell_height = max(picture.pixels.shape[0] for picture in pictures)
    cell_width = max(picture.pixels.shape[1] for picture in pictures)
    texts_left = [_fit(text, MAX_LABEL_WIDTH, font) for text in row_labels or ()]
    texts_top = [_fit(text, cell_width, font) for text in column_labels or ()]
    left = gap + (_widest(texts_left, font) + gap if texts_left else 0)
    top = gap + (_line_height(font) + gap if texts_top else 0)
    sheet = _sheet(left + columns * (cell_width + gap), top + rows * (cell_height + gap))

    for place, picture in enumerate(pictures):
        row, column = divmod(place, columns)
        height, width = picture.pixels.shape[:2]
        y = top + row * (cell_height + gap) + (cell_height - height) // 2
        x = left + column * (cell_width + gap) + (cell_width - width) // 2
        sheet[y : y + height, x : x + width] = picture.pixels

    image = Image.fromarray(sheet)
    draw = ImageDraw.Draw(image)
    for row, text in enumerate(texts_left):
        y = top + row * (cell_height + gap) + cell_height // 2
        draw.text((gap, y - _line_height(font) // 2), text, fill=INK, font=font)
    for column, text in enumerate(texts_top):
        x = left + column * (cell_width + gap) + (cell_width - _width(text, font)) // 2
        draw.text((x, gap), text, fill=INK, font=font)
    return Picture(np.array(image))


def _check(count: int, columns: int, gap: int, font_size: int) -> int:
    """The number of rows."""
    if count < 1:
        raise OptionError("a grid of no pictures was asked for; give at least one")
    for name, value, least in (
        ("columns", columns, 1),
        ("gap", gap, 0),
        ("font_size", font_size, 6),
    ):
        if not least <= value <= 1000:
            raise OptionError(f"{name} of a grid is {value}; expected {least} to 1000")
    return -(-count // columns)


def _check_labels(name: str, labels: Sequence[str] | None, count: int) -> None:
    if labels is not None and len(labels) != count:
        raise OptionError(f"a grid has {len(labels)} {name} labels; expected {count}")


def _sheet(width: int, height: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    if width * height > MAX_PIXELS:
        raise OptionError(f"a grid would be {width} by {height} pixels; use fewer or smaller ones")
    return np.full((height, width, 3), PAPER, np.uint8)


def _width(text: str, font: Font) -> int:
    # A last glyph may reach past the point where the next one would start.
    return int(np.ceil(max(font.getlength(text), font.getbbox(text)[2])))


def _widest(texts: Sequence[str], font: Font) -> int:
    return max(_width(text, font) for text in texts)


def _line_height(font: Font) -> int:
    return int(np.ceil(font.getbbox("Ájg|")[3]))


def _fit(text: str, width: int, font: Font) -> str:
    """``text`` on one line, cut to ``width`` pixels."""
    line = " ".join(text.split())
    if len(line) <= width and _width(line, font) <= width:
        return line
    line = line[:width]
    while line and _width(line + "…", font) > width:
        line = line[:-1]
    return line.rstrip() + "…"
