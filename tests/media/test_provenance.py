import json
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from sonolume.errors import MediaError
from sonolume.media import Audio, Picture, read_provenance
from sonolume.media.ogg import page_checksum

SOUNDS = {"wav": 1_000_000, "flac": 64_000, "ogg": 64_000, "opus": 36_000, "mp3": 64_000}
PICTURES = {"png": 1_000_000, "jpg": 65_000, "webp": 65_000}
LIMITS = SOUNDS | PICTURES
MADE = {
    "job": "paint",
    "words": 'Gewitter über 東京 ⛈ "quoted" \\ \n\ttab \0 nul',
    "seed": 2**53 + 1,
    "strength": 0.1,
    "nested": {"list": [1, None, True, -1e-9], "empty": {}},
}


def save(path: Path, provenance: dict | None) -> None:
    noise = np.random.default_rng(5)
    if path.suffix[1:] in PICTURES:
        pixels = noise.integers(0, 256, (17, 23, 3), dtype=np.uint8)
        Picture(pixels, provenance).save(path)
    else:
        Audio(noise.uniform(-0.3, 0.3, (1, 4801)), 48_000, provenance).save(path)


def content(path: Path) -> np.ndarray:
    return Picture.read(path).pixels if path.suffix[1:] in PICTURES else Audio.read(path).samples


def read_with(path: Path) -> dict | None:
    media = Picture if path.suffix[1:] in PICTURES else Audio
    return media.read(path).provenance


@pytest.mark.parametrize("suffix", LIMITS)
def test_round_trip_changes_nothing_else(tmp_path: Path, suffix: str) -> None:
    with_it, without = tmp_path / f"with.{suffix}", tmp_path / f"without.{suffix}"
    save(with_it, MADE)
    save(without, None)
    assert read_provenance(with_it) == MADE
    assert read_with(with_it) == MADE
    assert read_provenance(without) is None
    assert read_with(without) is None
    np.testing.assert_array_equal(content(with_it), content(without))


@pytest.mark.parametrize("suffix", LIMITS)
def test_saved_again_it_is_the_same(tmp_path: Path, suffix: str) -> None:
    first, second = tmp_path / f"1.{suffix}", tmp_path / f"2.{suffix}"
    save(first, MADE)
    save(second, read_provenance(first))
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize(("suffix", "limit"), LIMITS.items())
def test_the_longest_survives_and_one_more_is_refused(
    tmp_path: Path, suffix: str, limit: int
) -> None:
    path = tmp_path / f"a.{suffix}"
    longest = {"x": "y" * (limit - len('{"x":""}'))}
    save(path, longest)
    assert read_provenance(path) == longest
    path.unlink()
    with pytest.raises(MediaError, match=rf"provenance of {limit + 1} bytes .* {limit} .*shorten"):
        save(path, {"x": longest["x"] + "y"})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", LIMITS)
@pytest.mark.parametrize("value", [float("nan"), object(), {1, 2}, {(1, 2): 3}])
def test_values_that_are_no_json(tmp_path: Path, suffix: str, value: object) -> None:
    with pytest.raises(MediaError, match="provenance cannot be written as JSON"):
        save(tmp_path / f"a.{suffix}", {"value": value})
    assert list(tmp_path.iterdir()) == []


def test_provenance_that_is_no_dict(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="provenance is a list; expected a dict"):
        save(tmp_path / "a.png", [1, 2])  # type: ignore[arg-type]


STRANGE = ["hello", "[1]", "{", '{"sonolume": 3}', '{"other": {}}', '{"sonolume": {"a": NaN}}']
STRANGE.append("[" * 5_000)


@pytest.mark.parametrize("text", STRANGE)
@pytest.mark.parametrize("suffix", ["flac", "ogg", "opus", "mp3"])
def test_comments_of_others_are_not_ours(tmp_path: Path, suffix: str, text: str) -> None:
    path = tmp_path / f"a.{suffix}"
    kinds = {"flac": ("FLAC", "PCM_16"), "ogg": ("OGG", "VORBIS"), "mp3": ("MP3", None)}
    form, subtype = kinds.get(suffix, ("OGG", "OPUS"))
    with soundfile.SoundFile(path, "w", 48_000, 1, subtype=subtype, format=form) as file:
        file.comment = text
        file.write(np.zeros(4800))
    assert read_provenance(path) is None


@pytest.mark.parametrize("text", ["hello", "[1]", "{", '{"a": NaN}', "[" * 5_000])
def test_damaged_text_in_our_own_places(tmp_path: Path, text: str) -> None:
    entries = Image.Image.getexif(Image.new("RGB", (1, 1)))
    entries.get_ifd(0x8769)[0x9286] = b"ASCII\0\0\0" + text.encode()
    Image.new("RGB", (4, 4)).save(tmp_path / "a.jpg", exif=entries)
    assert read_provenance(tmp_path / "a.jpg") is None
    save(tmp_path / "a.wav", None)
    body = text.encode() + b" " * (len(text) % 2)
    with (tmp_path / "a.wav").open("ab") as file:
        file.write(b"\0" * (file.tell() % 2) + b"snlm" + struct.pack("<I", len(body)) + body)
    assert read_provenance(tmp_path / "a.wav") is None


def test_a_wav_chunk_that_claims_gigabytes(tmp_path: Path) -> None:
    save(tmp_path / "a.wav", None)
    with (tmp_path / "a.wav").open("ab") as file:
        file.write(b"\0" * (file.tell() % 2) + b"snlm" + struct.pack("<I", 0xFFFF_FFF0) + b"{}")
    assert read_provenance(tmp_path / "a.wav") is None


def test_wav_counts_its_chunks(tmp_path: Path) -> None:
    save(tmp_path / "a.wav", MADE)
    data = (tmp_path / "a.wav").read_bytes()
    assert int.from_bytes(data[4:8], "little") == len(data) - 8
    at = data.index(b"snlm")
    assert at % 2 == 0
    assert json.loads(data[at + 8 :].rstrip(b"\0")) == MADE


def test_png_holds_it_as_international_text(tmp_path: Path) -> None:
    save(tmp_path / "a.png", MADE)
    with Image.open(tmp_path / "a.png") as image:
        assert json.loads(image.text["sonolume"]) == MADE
    assert b"iTXtsonolume\0" in (tmp_path / "a.png").read_bytes()


def test_a_png_text_bomb_is_refused(tmp_path: Path) -> None:
    save(tmp_path / "a.png", None)
    body = b"sonolume\0\1\0\0\0" + zlib.compress(bytes(50_000_000))
    chunk = b"iTXt" + body
    data = (tmp_path / "a.png").read_bytes()
    at = data.index(b"IDAT") - 4
    framed = struct.pack(">I", len(body)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    (tmp_path / "a.png").write_bytes(data[:at] + framed + data[at:])
    with pytest.raises(MediaError, match=r"a\.png cannot be read"):
        read_provenance(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("name", "message"), [("absent.png", "does not exist"), ("a.txt", "is not a picture")]
)
def test_files_that_cannot_tell(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "a.txt").write_text("words")
    with pytest.raises(MediaError, match=message):
        read_provenance(tmp_path / name)


def slow_checksum(page: bytes) -> int:
    """RFC 3533: polynomial 0x04c11db7, bit by bit."""
    register = 0
    for byte in page:
        register ^= byte << 24
        for _ in range(8):
            register = (register << 1) ^ (0x04C11DB7 if register & 0x8000_0000 else 0)
            register &= 0xFFFF_FFFF
    return register


@pytest.mark.parametrize("page", [b"", b"\0", b"OggS", bytes(range(256))])
def test_page_checksum(page: bytes) -> None:
    assert page_checksum(page) == slow_checksum(page)


def test_pages_written_by_another_hand_have_the_same_checksum(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.ogg", np.zeros(4800), 48_000)
    data = (tmp_path / "a.ogg").read_bytes()
    end = data.index(b"OggS", 4)
    page = data[:22] + bytes(4) + data[26:end]
    assert page_checksum(page) == int.from_bytes(data[22:26], "little")
