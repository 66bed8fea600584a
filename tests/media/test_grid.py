import numpy as np
import pytest

from sonolume.errors import OptionError
from sonolume.media import Picture
from sonolume.media.grid import grid


def plain(value: int, height: int = 20, width: int = 30) -> Picture:
    return Picture(np.full((height, width, 3), value, np.uint8))


def test_pictures_lie_row_by_row() -> None:
    sheet = grid([plain(10), plain(20), plain(30)], columns=2, gap=4).pixels
    assert sheet.shape == (4 + 2 * 24, 4 + 2 * 34, 3)
    assert (sheet[4:24, 4:34] == 10).all()
    assert (sheet[4:24, 38:68] == 20).all()
    assert (sheet[28:48, 4:34] == 30).all()
    assert (sheet[28:48, 38:68] == 255).all()
    assert (sheet[:4] == 255).all()


def test_smaller_pictures_are_centred() -> None:
    sheet = grid([plain(0), plain(9, 10, 10)], columns=1, gap=0).pixels
    assert sheet.shape == (40, 30, 3)
    assert (sheet[25:35, 10:20] == 9).all()
    assert (sheet[20:25] == 255).all()


def test_labels_stand_beside_the_pictures() -> None:
    pictures = [plain(100, 40, 80)] * 4
    bare = grid(pictures, columns=2).pixels
    sheet = grid(
        pictures, columns=2, row_labels=["rain", "thunder"], column_labels=["a beach", "a city"]
    ).pixels
    top, left = sheet.shape[0] - bare.shape[0], sheet.shape[1] - bare.shape[1]
    assert top > 10
    assert left > 30
    np.testing.assert_array_equal(sheet[top:, left:], bare)
    assert sheet[:top, left : left + 88].min() < 100
    assert sheet[:top, left + 88 :].min() < 100
    assert sheet[top : top + 44, :left].min() < 100
    assert sheet[top + 44 :, :left].min() < 100


@pytest.mark.parametrize("label", ["long words " * 50, "", "東京 ⛈", "two\nlines", "\0\x1b"])
def test_any_label_keeps_to_its_cell(label: str) -> None:
    sheet = grid([plain(100)] * 2, columns=2, column_labels=[label, ""], gap=4).pixels
    assert sheet.shape[1] == 4 + 2 * 34
    assert (sheet[:, 34:38] == 255).all()
    long_row = grid([plain(100)], columns=1, row_labels=[label]).pixels
    assert long_row.shape[1] <= 240 + 30 + 3 * 4


def test_the_same_bytes_twice() -> None:
    first, second = (grid([plain(5)], columns=1, row_labels=["x"]).pixels for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    ("count", "options", "message"),
    [
        (0, {"columns": 1}, "a grid of no pictures"),
        (1, {"columns": 0}, "columns of a grid is 0; expected 1 to 1000"),
        (1, {"columns": 1, "gap": -1}, "gap of a grid is -1"),
        (1, {"columns": 1, "font_size": 0}, "font_size of a grid is 0"),
        (3, {"columns": 2, "row_labels": ["a"]}, "1 row labels; expected 2"),
        (3, {"columns": 2, "column_labels": ["a"] * 3}, "3 column labels; expected 2"),
        (1, {"columns": 1000, "gap": 1000}, "use fewer or smaller"),
    ],
)
def test_options_are_checked(count: int, options: dict, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        grid([plain(1, 90, 90)] * count, **options)
