"""Animations."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageSequence

from sonolume.errors import OptionError
from sonolume.media.animation import save_animation
from sonolume.media.picture import Picture


def shade(value: int, side: int = 8) -> Picture:
    return Picture(np.full((side, side, 3), value, np.uint8))


def test_every_picture_is_shown_for_its_time_and_the_last_one_longer(tmp_path) -> None:
    path = tmp_path / "a.gif"
    save_animation([shade(0), shade(120), shade(255)], path, seconds=0.3, rest=1.5)
    with Image.open(path) as moving:
        frames = [(f.info["duration"], f.convert("RGB").getpixel((3, 3))) for f in
                  ImageSequence.Iterator(moving)]  # fmt: skip
        assert moving.info["loop"] == 0
    assert [time for time, _ in frames] == [300, 300, 1500]
    assert [pixel[0] for _, pixel in frames] == pytest.approx([0, 120, 255], abs=2)


def test_a_film_shows_the_same_pictures(tmp_path) -> None:
    av = pytest.importorskip("av")
    path = tmp_path / "a.mp4"
    save_animation([shade(v, 33) for v in (20, 120, 230)], path, seconds=0.2, rest=0.4)
    with av.open(path) as film:
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
        assert film.streams.video[0].average_rate == 25
    assert frames[0].shape == (32, 32, 3)
    seen = [float(frame.mean()) for frame in frames]
    assert seen == pytest.approx([20] * 5 + [120] * 5 + [230] * 10, abs=4)


def test_one_picture_will_do(tmp_path) -> None:
    save_animation([shade(9)], tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as still:
        assert still.n_frames == 1


@pytest.mark.parametrize(
    ("pictures", "name", "options", "said"),
    [
        ([], "a.gif", {}, "needs pictures"),
        ([shade(0), shade(0, 9)], "a.gif", {}, "one size"),
        ([shade(0)], "a.png", {}, "use .gif or .mp4"),
        ([shade(0)], "a.gif", {"seconds": 0.001}, "frames"),
        ([shade(0)], "a.gif", {"rest": float("nan")}, "frames"),
        ([shade(0)], "nowhere/a.gif", {}, "nowhere"),
    ],
)
def test_what_cannot_be_written(tmp_path, pictures, name, options, said) -> None:
    with pytest.raises(OptionError, match=said):
        save_animation(pictures, tmp_path / name, **options)
    assert not list(tmp_path.iterdir())


def test_an_existing_file_is_kept(tmp_path) -> None:
    path = tmp_path / "a.gif"
    path.write_bytes(b"mine")
    with pytest.raises(OptionError, match="exists"):
        save_animation([shade(0)], path)
    assert path.read_bytes() == b"mine"
    save_animation([shade(0)], path, force=True)
    assert path.read_bytes()[:3] == b"GIF"
