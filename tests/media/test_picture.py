import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sonolume.errors import MediaError, OptionError
from sonolume.media import Picture

RAMP = np.add.outer(np.arange(24) * 5, np.arange(32) * 3).astype(np.uint8)
PHOTO = np.stack([RAMP, RAMP[::-1], RAMP[:, ::-1]], axis=2)


@pytest.mark.parametrize("suffix", ["png", "jpg", "jpeg", "webp", "PNG"])
def test_round_trip(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    Picture(PHOTO).save(path)
    back = Picture.read(path)
    assert (back.pixels.shape, back.pixels.dtype) == (PHOTO.shape, np.uint8)
    error = np.abs(back.pixels.astype(int) - PHOTO)
    assert error.max() == 0 if suffix.lower() == "png" else error.mean() < 3


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp"])
def test_same_picture_same_bytes(tmp_path: Path, suffix: str) -> None:
    first, second = tmp_path / f"1.{suffix}", tmp_path / f"2.{suffix}"
    Picture(PHOTO, {"a": 1, "b": 2}).save(first)
    Picture(PHOTO, {"b": 2, "a": 1}).save(second)
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("name", ["a.gif", "a", "a.wav"])
def test_unknown_suffix(tmp_path: Path, name: str) -> None:
    with pytest.raises(OptionError, match=r"cannot be saved as .*use one of \.png, \.jpg, \.webp"):
        Picture(PHOTO).save(tmp_path / name)


def test_sides_beyond_the_format(tmp_path: Path) -> None:
    long = Picture(np.zeros((1, 70_000, 3), np.uint8))
    for suffix in ("webp", "jpg"):
        with pytest.raises(MediaError, match=rf"a\.{suffix} cannot be written"):
            long.save(tmp_path / f"a.{suffix}")
    assert list(tmp_path.iterdir()) == []


def png_claiming(width: int, height: int) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(1000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


def saved(folder: Path, image: Image.Image, name: str, **options) -> Path:
    image.save(folder / name, **options)
    return folder / name


def half_of(name: str):
    def write(folder: Path) -> Path:
        noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
        path = saved(folder, Image.fromarray(noise), name)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        return path

    return write


def with_bytes(content: bytes):
    def write(folder: Path) -> Path:
        (folder / "in.png").write_bytes(content)
        return folder / "in.png"

    return write


def with_folder(folder: Path) -> Path:
    (folder / "in.png").mkdir()
    return folder / "in.png"


def float_tiff(folder: Path) -> Path:
    return saved(folder, Image.fromarray(np.full((4, 4), 0.5, np.float32)), "in.tiff")


def wide_integers(folder: Path) -> Path:
    return saved(folder, Image.fromarray(np.full((4, 4), 70_000, np.int32)), "in.tiff")


REFUSED = {
    "missing": (lambda folder: folder / "in.png", "does not exist"),
    "directory": (with_folder, "is a directory; expected a file"),
    "empty": (with_bytes(b""), "is empty"),
    "text": (with_bytes(b"<svg></svg>\n"), "is not a picture .*found: text.*expected PNG"),
    "sound": (with_bytes(b"RIFF\x24\0\0\0WAVEfmt " + bytes(40)), "found: WAV"),
    "postscript": (with_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n"), "is not a picture"),
    "signature alone": (with_bytes(b"\x89PNG\r\n\x1a\n"), "damaged"),
    "one byte": (with_bytes(b"\xff"), "is not a picture"),
    "truncated png": (half_of("in.png"), "truncated or damaged"),
    "truncated jpg": (half_of("in.jpg"), "truncated or damaged"),
    "truncated webp": (half_of("in.webp"), "in.webp"),
    "truncated gif": (half_of("in.gif"), "truncated or damaged"),
    "large": (with_bytes(png_claiming(9_500, 9_500)), "too many pixels.*at most 89 million"),
    "bomb": (with_bytes(png_claiming(30_000, 30_000)), "too many pixels.*at most 89 million"),
    "no rows": (with_bytes(png_claiming(5, 0)), "in.png"),
    "floating point": (float_tiff, "holds floating-point pixels.*expected 8 or 16 bits"),
    "32 bit": (wide_integers, "holds 32-bit pixels.*expected 8 or 16 bits"),
}


@pytest.mark.parametrize(("make", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(tmp_path: Path, make, message: str) -> None:
    path = make(tmp_path)
    with pytest.raises(MediaError, match=message) as caught:
        Picture.read(path)
    assert path.name in str(caught.value)
    assert "\n" not in str(caught.value)


def one_pixel(folder: Path) -> Path:
    return saved(folder, Image.new("RGB", (1, 1), (9, 8, 7)), "in.png")


def cmyk(folder: Path) -> Path:
    return saved(folder, Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "in.jpg", quality=100)


def grey(folder: Path) -> Path:
    return saved(folder, Image.new("L", (8, 8), 100), "in.png")


def bilevel(folder: Path) -> Path:
    return saved(folder, Image.new("1", (8, 8), 1), "in.png")


def grey_16(folder: Path) -> Path:
    return saved(folder, Image.fromarray(np.full((8, 8), 0x8040, np.uint16)), "in.png")


def grey_16_in_32(folder: Path) -> Path:
    return saved(folder, Image.fromarray(np.full((8, 8), 0x8040, np.int32)), "in.tiff")


def half_clear(folder: Path) -> Path:
    return saved(folder, Image.new("RGBA", (8, 8), (255, 0, 0, 128)), "in.png")


def clear_palette(folder: Path) -> Path:
    image = Image.new("P", (8, 8), 0)
    image.putpalette([10, 20, 30, 40, 50, 60])
    return saved(folder, image, "in.gif", transparency=0)


def clear_colour(folder: Path) -> Path:
    return saved(folder, Image.new("RGB", (8, 8), (1, 2, 3)), "in.png", transparency=(1, 2, 3))


def animation(name: str):
    def write(folder: Path) -> Path:
        frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "lime", "blue")]
        options = {"save_all": True, "append_images": frames[1:]}
        if name.endswith("webp"):
            options["lossless"] = True
        return saved(folder, frames[0], name, **options)

    return write


COLOURS = {
    "1x1": (one_pixel, (9, 8, 7)),
    "CMYK": (cmyk, (255, 0, 0)),
    "grey": (grey, (100, 100, 100)),
    "black and white": (bilevel, (255, 255, 255)),
    "16-bit grey": (grey_16, (128, 128, 128)),
    "16-bit grey in 32": (grey_16_in_32, (128, 128, 128)),
    "half transparent": (half_clear, (255, 127, 127)),
    "transparent palette": (clear_palette, (255, 255, 255)),
    "transparent colour": (clear_colour, (255, 255, 255)),
    "animated gif": (animation("in.gif"), (255, 0, 0)),
    "animated png": (animation("in.png"), (255, 0, 0)),
    "animated webp": (animation("in.webp"), (255, 0, 0)),
}


@pytest.mark.parametrize(("make", "colour"), COLOURS.values(), ids=COLOURS.keys())
def test_every_mode_becomes_rgb(tmp_path: Path, make, colour: tuple[int, int, int]) -> None:
    pixels = Picture.read(make(tmp_path)).pixels
    assert pixels.dtype == np.uint8
    assert np.abs(pixels.astype(int) - colour).max() <= 2


# What was done to the upright picture before it was stored (EXIF 2.32, tag 0x0112).
STORED = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: np.rot90(a, -1),
}


@pytest.mark.parametrize("orientation", STORED)
def test_exif_orientation(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](PHOTO)))
    path = saved(tmp_path, stored, "in.png", exif=exif)
    np.testing.assert_array_equal(Picture.read(path).pixels, PHOTO)


def test_a_damaged_exif_block_costs_nothing_else(tmp_path: Path) -> None:
    image = Image.new("RGB", (8, 8), "red")
    path = saved(tmp_path, image, "in.png", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xffgarbage")
    picture = Picture.read(path)
    assert picture.provenance is None
    assert (picture.pixels == (255, 0, 0)).all()


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (np.zeros((4, 4), np.uint8), "shape"),
        (np.zeros((4, 4, 4), np.uint8), "shape"),
        (np.zeros((4, 4, 3)), "type float64; expected uint8"),
        (np.zeros((0, 4, 3), np.uint8), "no pixels"),
    ],
)
def test_pixels_are_checked(pixels: np.ndarray, message: str) -> None:
    with pytest.raises(MediaError, match=message):
        Picture(pixels)


def test_floats_round_trip_and_clip() -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, 2)
    values = Picture(levels).to_float()
    assert (values.shape, values.dtype) == ((3, 16, 16), np.float32)
    assert (values.min(), values.max()) == (-1, 1)
    np.testing.assert_array_equal(Picture.from_float(values).pixels, levels)
    assert Picture.from_float(np.full((3, 1, 1), 7.0)).pixels.tolist() == [[[255, 255, 255]]]
    with pytest.raises(MediaError, match="NaN or infinite"):
        Picture.from_float(np.full((3, 2, 2), np.nan))
    with pytest.raises(MediaError, match=r"expected \[3, H, W\]"):
        Picture.from_float(np.zeros((4, 4, 3)))


def test_resize() -> None:
    picture = Picture(PHOTO, {"job": "paint"})
    assert picture.resize(32, 24) is picture
    small = picture.resize(16, 12)
    assert (small.pixels.shape, small.provenance) == ((12, 16, 3), None)
    assert abs(small.pixels.mean() - PHOTO.mean()) < 1
    for width, height in ((0, 5), (5, -1), (10_000, 10_000)):
        with pytest.raises(OptionError, match=f"a picture of {width} by {height} was asked for"):
            picture.resize(width, height)


def test_centre_square_takes_the_middle() -> None:
    bands = np.zeros((10, 30, 3), np.uint8)
    bands[:, 10:20] = 200
    assert (Picture(bands).centre_square(10).pixels == 200).all()
    tall = Picture(np.ascontiguousarray(bands.transpose(1, 0, 2)))
    assert (tall.centre_square(5).pixels == 200).all()
    assert Picture(PHOTO).centre_square(7).pixels.shape == (7, 7, 3)
