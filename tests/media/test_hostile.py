"""Hundreds of damaged files: each is either read well or refused with one MediaError."""

import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sonolume.errors import MediaError
from sonolume.media import Audio, Picture, blocks, read_provenance
from sonolume.media.ogg import fix_serial

Random = np.random.Generator
Damage = Callable[[bytearray, Random], bytearray]


def cut_short(data: bytearray, random: Random) -> bytearray:
    return data[: random.integers(len(data))]


def flip_bits(data: bytearray, random: Random) -> bytearray:
    for place in random.integers(len(data), size=random.integers(1, 12)):
        data[place] ^= 1 << random.integers(8)
    return data


def spoil_header(data: bytearray, random: Random) -> bytearray:
    for place in random.integers(min(200, len(data)), size=random.integers(1, 6)):
        data[place] = random.integers(256)
    return data


def extreme_number(data: bytearray, random: Random) -> bytearray:
    words = (b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f")
    place = random.integers(min(100, len(data) - 4))
    data[place : place + 4] = words[random.integers(len(words))]
    return data


def remove_part(data: bytearray, random: Random) -> bytearray:
    start, end = sorted(random.integers(len(data), size=2))
    del data[start:end]
    return data


def overwrite_part(data: bytearray, random: Random) -> bytearray:
    start, end = sorted(random.integers(len(data), size=2))
    data[start:end] = random.bytes(int(end - start))
    return data


DAMAGES: tuple[Damage, ...] = (
    cut_short,
    flip_bits,
    spoil_header,
    extreme_number,
    remove_part,
    overwrite_part,
)


def damaged(originals: list[bytes], count: int) -> Iterator[bytes]:
    random = np.random.default_rng(20_24)
    for number in range(count):
        data = bytearray(originals[number % len(originals)])
        yield bytes(DAMAGES[random.integers(len(DAMAGES))](data, random))


def check_message(error: MediaError, path: Path) -> None:
    assert path.name in str(error)
    assert "\n" not in str(error)


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "opus", "mp3"])
def test_damaged_sounds(tmp_path: Path, suffix: str) -> None:
    originals = []
    for channels, rate in ((1, 16_000), (2, 48_000)):
        noise = np.random.default_rng(channels).uniform(-0.4, 0.4, (channels, 4_000))
        Audio(noise, rate, {"job": "play"}).save(tmp_path / f"whole.{suffix}", force=True)
        originals.append((tmp_path / f"whole.{suffix}").read_bytes())
    path = tmp_path / f"damaged.{suffix}"
    read = refused = 0
    for number, data in enumerate(damaged(originals, 160)):
        path.write_bytes(data)
        # With its checksums made right again, a damaged page reaches the decoder.
        if data.startswith(b"OggS") and number % 4 < 2:
            fix_serial(path)
        try:
            sound = Audio.read(path)
        except MediaError as error:
            check_message(error, path)
            refused += 1
            with pytest.raises(MediaError):
                list(blocks(path, 16_000, 1.0))
            continue
        read += 1
        assert np.isfinite(sound.samples).all()
        assert sound.provenance is None or isinstance(sound.provenance, dict)
    assert read > 10
    assert refused > 10


def repair_png(data: bytes) -> bytes:
    """The same chunks with right checksums, so that the damage reaches the decoder."""
    repaired, place = data[:8], 8
    while place + 12 <= len(data):
        end = place + 8 + int.from_bytes(data[place : place + 4], "big")
        checksum = zlib.crc32(data[place + 4 : end]).to_bytes(4, "big")
        repaired += data[place:end] + checksum
        place = end + 4
    return repaired


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "gif", "tiff", "bmp"])
def test_damaged_pictures(tmp_path: Path, suffix: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (24, 20, 3), dtype=np.uint8)
    smooth = Picture(noise).resize(40, 48)
    whole = tmp_path / f"whole.{suffix}"
    if suffix in ("png", "jpg", "webp"):
        Picture(smooth.pixels, {"job": "paint"}).save(whole)
    else:
        Image.fromarray(smooth.pixels).save(whole)
    path = tmp_path / f"damaged.{suffix}"
    read = refused = 0
    for number, data in enumerate(damaged([whole.read_bytes()], 60)):
        path.write_bytes(repair_png(data) if suffix == "png" and number % 4 else data)
        try:
            picture = Picture.read(path)
        except MediaError as error:
            check_message(error, path)
            refused += 1
            continue
        read += 1
        assert picture.pixels.ndim == 3
        assert picture.provenance is None or isinstance(picture.provenance, dict)
    assert read > 0
    assert refused > 3


def test_random_bytes_behind_every_signature(tmp_path: Path) -> None:
    starts = (b"RIFF\0\0\0\0WAVE", b"fLaC", b"OggS", b"ID3\4", b"\xff\xfb", b"caff\0\1", b".snd")
    starts += (
        b"FORM\0\0\0\0AIFF",
        b"riff",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
        b"\xff\xd8\xff",
        b"BM",
    )
    starts += (b"II*\0", b"P6 ", b"RIFF\0\0\0\0WEBP", b"\0\0\0\x20ftypavif")
    random = np.random.default_rng(7)
    path = tmp_path / "noise.bin"
    for start in starts:
        for length in (0, 1, 20, 400):
            path.write_bytes(start + random.bytes(length))
            for reader in (Audio.read, Picture.read, read_provenance):
                try:
                    reader(path)
                except MediaError as error:
                    check_message(error, path)
