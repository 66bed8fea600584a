import os
import struct
import tracemalloc
import wave
from pathlib import Path

import numpy as np
import pytest
import scipy.signal
import soundfile

from sonolume.errors import MediaError, OptionError
from sonolume.media import Audio, Extent, blocks

FORMATS = ["wav", "flac", "ogg", "opus", "mp3"]


def wav_bytes(samples: np.ndarray, rate: int = 16_000, *, data_size: int | None = None) -> bytes:
    """16-bit mono, with the data chunk claiming ``data_size`` bytes."""
    data = (samples * 32767).astype("<i2").tobytes()
    size = len(data) if data_size is None else data_size
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16)
    chunks = form + struct.pack("<4sI", b"data", size) + data
    return struct.pack("<4sI4s", b"RIFF", 4 + len(chunks), b"WAVE") + chunks


NOISE = np.random.default_rng(1).uniform(-0.5, 0.5, 8000)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("channels", [1, 2])
def test_round_trip(tmp_path: Path, tone, suffix: str, channels: int) -> None:
    sound = tone(1.0, 48_000, channels)
    path = tmp_path / f"a.{suffix}"
    sound.save(path)
    back = Audio.read(path)
    assert back.samples.shape == sound.samples.shape
    assert (back.rate, back.samples.dtype) == (48_000, np.float32)
    tolerance = 2.0**-23 if suffix in ("wav", "flac") else 0.05
    inner = slice(2000, -2000)
    np.testing.assert_allclose(back.samples[:, inner], sound.samples[:, inner], atol=tolerance)


@pytest.mark.parametrize("suffix", FORMATS)
def test_same_sound_same_bytes(tmp_path: Path, tone, suffix: str) -> None:
    made = {"job": "play", "seed": 3}
    first, second = tmp_path / f"1.{suffix}", tmp_path / f"2.{suffix}"
    tone(provenance=made).save(first)
    tone(provenance=dict(reversed(made.items()))).save(second)
    assert first.read_bytes() == second.read_bytes()


def test_wav_is_understood_by_the_standard_library(tmp_path: Path, tone) -> None:
    sound = tone(channels=2, provenance={"note": "a chunk follows the data"})
    sound.save(tmp_path / "a.wav")
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getnframes()) == (2, 3, 8000)
        raw = np.frombuffer(file.readframes(8000), np.uint8).reshape(8000, 2, 3)
    padded = np.concatenate([np.zeros((8000, 2, 1), np.uint8), raw], axis=2)
    values = padded.reshape(8000, 8).view("<i4") / 2.0**31
    np.testing.assert_allclose(values.T, sound.samples, atol=2.0**-23)


@pytest.mark.parametrize(
    ("suffix", "rate", "expected"),
    [
        ("opus", 44_100, 48_000),
        ("opus", 96_000, 48_000),
        ("mp3", 9_000, 11_025),
        ("mp3", 96_000, 48_000),
        ("flac", 200_001, 192_000),
        ("ogg", 400_000, 192_000),
        ("wav", 768_000, 768_000),
        ("ogg", 1_000, 1_000),
    ],
)
def test_rates_that_a_codec_does_not_know(
    tmp_path: Path, tone, suffix: str, rate: int, expected: int
) -> None:
    made = {"kept": True}
    tone(0.25, rate, provenance=made).save(tmp_path / f"a.{suffix}")
    back = Audio.read(tmp_path / f"a.{suffix}")
    assert (back.rate, back.provenance) == (expected, made)
    assert back.duration == pytest.approx(0.25, abs=1e-3)


@pytest.mark.parametrize(("suffix", "most"), [("mp3", 2), ("flac", 8), ("ogg", 8), ("opus", 8)])
def test_too_many_channels_to_save(tmp_path: Path, tone, suffix: str, most: int) -> None:
    tone(channels=most, rate=48_000).save(tmp_path / f"most.{suffix}")
    with pytest.raises(MediaError, match=rf"a\.{suffix}: \w+ holds at most {most} channels.*mix"):
        tone(channels=most + 1, rate=48_000).save(tmp_path / f"a.{suffix}")
    assert [path.name for path in tmp_path.iterdir()] == [f"most.{suffix}"]


@pytest.mark.parametrize("name", ["a.txt", "a", "a.aac", "a.png"])
def test_unknown_suffix(tmp_path: Path, tone, name: str) -> None:
    with pytest.raises(OptionError, match=r"cannot be saved as .*use one of \.wav, \.flac"):
        tone().save(tmp_path / name)


def test_a_long_stereo_sound_survives_vorbis(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, (2, 60 * 16_000))
    Audio(noise, 16_000).save(tmp_path / "a.ogg")
    assert Audio.read(tmp_path / "a.ogg").duration == 60


def test_saving_clips(tmp_path: Path) -> None:
    Audio(np.array([[3.0, -3.0, 0.5]]), 16_000).save(tmp_path / "a.wav")
    back = Audio.read(tmp_path / "a.wav").samples[0]
    np.testing.assert_allclose(back, [1, -1, 0.5], atol=2.0**-22)


def with_samples(samples: np.ndarray, subtype: str = "FLOAT", rate: int = 16_000):
    def write(folder: Path) -> Path:
        soundfile.write(folder / "in.wav", samples, rate, subtype=subtype)
        return folder / "in.wav"

    return write


def with_bytes(content: bytes, name: str = "in.wav"):
    def write(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return write


def with_folder(folder: Path) -> Path:
    (folder / "in.wav").mkdir()
    return folder / "in.wav"


def with_pipe(folder: Path) -> Path:
    os.mkfifo(folder / "in.wav")
    return folder / "in.wav"


def half_of(suffix: str):
    def write(folder: Path) -> Path:
        whole, half = folder / f"whole.{suffix}", folder / f"in.{suffix}"
        Audio(NOISE[None], 16_000).save(whole)
        half.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
        return half

    return write


def flac_claiming(frames: int, samples: np.ndarray = NOISE, rate: int = 16_000):
    def write(folder: Path) -> Path:
        Audio(samples[None], rate).save(folder / "in.flac")
        content = bytearray((folder / "in.flac").read_bytes())
        # The 36-bit frame count of STREAMINFO ends at byte 26 of the file.
        count = int.from_bytes(content[18:26], "big") >> 36 << 36 | frames
        content[18:26] = count.to_bytes(8, "big")
        (folder / "in.flac").write_bytes(content)
        return folder / "in.flac"

    return write


REFUSED = {
    "missing": (lambda folder: folder / "in.wav", "does not exist"),
    "directory": (with_folder, "is a directory; expected a file"),
    "pipe": (with_pipe, "is a device or a pipe; expected a regular file"),
    "name with NUL": (lambda folder: folder / "in\0.wav", "does not exist"),
    "name too long": (lambda folder: folder / ("in." + "x" * 300), "cannot be read"),
    "empty": (with_bytes(b""), "is empty"),
    "text": (with_bytes(b"not a sound\n" * 9), "is not a sound .*found: text.*expected WAV"),
    "text named gsm": (with_bytes(b"hello" * 99, "in.gsm"), "is not a sound .*found: text"),
    "text named raw": (with_bytes(b"hello" * 99, "in.raw"), "is not a sound .*found: text"),
    "picture": (with_bytes(b"\x89PNG\r\n\x1a\n" + bytes(99)), "found: PNG picture"),
    "video": (with_bytes(b"\0\0\0\x20ftypisom" + bytes(99)), "found: MPEG-4 sound or video"),
    "zeros": (with_bytes(bytes(999)), "found: an unknown kind"),
    "one byte": (with_bytes(b"\xff"), "found: an unknown kind"),
    "header alone": (with_bytes(b"RIFF\0\0\0\0WAVE"), "cannot be read as a sound"),
    "no samples": (with_samples(np.zeros(0)), "holds no samples"),
    "NaN": (with_samples(np.array([0.1, np.nan])), "holds NaN or infinite samples"),
    "infinite": (with_samples(np.array([0.1, -np.inf])), "holds NaN or infinite samples"),
    "overflow": (with_samples(np.array([1e300]), "DOUBLE"), "holds NaN or infinite samples"),
    "huge": (with_samples(np.array([1e30])), "holds a sample of 1e\\+30; expected -1 to 1"),
    "8 Hz": (with_samples(np.zeros(80), rate=8), "sample rate of 8 Hz; expected 1000 to 768000"),
    "1 MHz": (with_samples(np.zeros(80), rate=10**6), "sample rate of 1000000 Hz; expected"),
    "65 channels": (with_samples(np.zeros((9, 65))), "has 65 channels; expected 1 to 64"),
    "truncated wav": (half_of("wav"), "is truncated"),
    "truncated flac": (half_of("flac"), "truncated or damaged"),
    "truncated mp3": (half_of("mp3"), "decodes to .* of the 8000 frames .*truncated"),
    "wav claiming more": (with_bytes(wav_bytes(NOISE, data_size=10**9)), "is truncated"),
    "flac claiming all": (flac_claiming(2**36 - 1), "claims 68719476735 frames .*header is wrong"),
    "flac claiming more": (flac_claiming(800_000), "cannot be decoded|decodes to"),
    "flac claiming unknown": (flac_claiming(0), "which cannot be; its header is wrong"),
}


@pytest.mark.parametrize(("make", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(tmp_path: Path, make, message: str) -> None:
    path = make(tmp_path)
    for read in (Audio.read, lambda given: list(blocks(given, 16_000, 1.0))):
        with pytest.raises(MediaError, match=message) as caught:
            read(path)
        assert path.name in str(caught.value)
        assert "\n" not in str(caught.value)


ACCEPTED = {
    "one sample": with_samples(np.array([0.5])),
    "50 ms": with_samples(NOISE[:800]),
    "64 channels": with_samples(np.tile(NOISE[:99, None], 64)),
    "1 kHz": with_samples(NOISE, rate=1000),
    "768 kHz": with_samples(NOISE, rate=768_000),
    "clipped": with_samples(np.clip(9 * NOISE, -1, 1)),
    "loud": with_samples(9 * NOISE),
    "DC": with_samples(np.full(800, 0.7)),
    "stream of unknown length": with_bytes(wav_bytes(NOISE, data_size=0xFFFF_FFFF)),
    "a recorder's unknown length": with_bytes(wav_bytes(NOISE, data_size=0x7FFF_F000)),
}


@pytest.mark.parametrize("make", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_accepted_as_it_is(tmp_path: Path, make) -> None:
    path = make(tmp_path)
    expected, rate = soundfile.read(path, dtype="float32", always_2d=True)
    sound = Audio.read(path)
    assert sound.rate == rate
    np.testing.assert_array_equal(sound.samples, expected.T)


def test_more_than_max_seconds_is_refused(tmp_path: Path, tone) -> None:
    tone(2.0).save(tmp_path / "a.flac")
    assert Audio.read(tmp_path / "a.flac", max_seconds=2.0).duration == 2
    with pytest.raises(MediaError, match=r"a\.flac is 2\.0 s long; expected at most 1\.9 s"):
        Audio.read(tmp_path / "a.flac", max_seconds=1.9)


def test_a_bomb_is_refused_before_memory_is_taken(tmp_path: Path) -> None:
    path = flac_claiming(540_000_000, samples=np.tile(NOISE, 10), rate=96_000)(tmp_path)
    with pytest.raises(MediaError, match=r"takes 2\.0 GiB in memory; expected at most 2 GiB"):
        Audio.read(path)
    with pytest.raises(MediaError, match=r"is 5625\.0 s long; expected at most 3600\.0 s"):
        next(blocks(path, 16_000, 1.0, max_seconds=3600))


@pytest.mark.slow
def test_three_hours_stream_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "long.flac"
    with soundfile.SoundFile(path, "w", 8_000, 1, subtype="PCM_16") as file:
        for _ in range(3 * 60):
            file.write(np.zeros(60 * 8_000, np.int16))
    tracemalloc.start()
    total = sum(len(block) for block in blocks(path, 16_000, 10.0))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total == 3 * 3600 * 16_000
    assert peak < 20_000_000


@pytest.mark.parametrize("seconds", [0.01, 0.3, 1.0, 60])
@pytest.mark.parametrize(("rate", "channels"), [(44_100, 2), (16_000, 1), (8_000, 3)])
def test_blocks_joined_are_the_whole(
    tmp_path: Path, seconds: float, rate: int, channels: int
) -> None:
    path = tmp_path / "a.wav"
    noise = np.random.default_rng(2).uniform(-0.5, 0.5, (channels, 5 * rate + 7))
    Audio(noise, rate).save(path)
    pieces = list(blocks(path, 16_000, seconds))
    length = round(seconds * 16_000)
    assert all(len(piece) == length for piece in pieces[:-1])
    assert 1 <= len(pieces[-1]) <= length
    whole = Audio.read(path).mono().resample(16_000).samples[0]
    np.testing.assert_allclose(np.concatenate(pieces), whole, atol=1e-6)


def test_blocks_of_a_sound_in_memory(tone) -> None:
    sound = tone(2.3, channels=2)
    joined = np.concatenate(list(blocks(sound, 16_000, 0.5)))
    np.testing.assert_array_equal(joined, sound.mono().resample(16_000).samples[0])


@pytest.mark.parametrize(("peak", "silent"), [(0.0, True), (0.9e-4, True), (1.1e-4, False)])
def test_extent_knows_a_silent_stream(peak: float, silent: bool) -> None:
    moved = [np.full(9, 0.7 + sign * peak, np.float32) for sign in (1, -1, 1)]
    extent = Extent()
    passed = list(extent.watch(iter(moved)))
    assert all(one is other for one, other in zip(passed, moved, strict=True))
    assert extent.is_silent is silent


@pytest.mark.parametrize("seconds", [0, -1, 1e-9, 3601, float("nan"), float("inf")])
def test_blocks_refuses_lengths_at_the_call(seconds: float) -> None:
    with pytest.raises(OptionError, match=r"a block of .* s was asked for; expected"):
        blocks("absent.wav", 16_000, seconds)


@pytest.mark.parametrize("rate", [0, -5, 8, 999, 768_001, 16_000.5, float("nan"), "16000"])
def test_rates_out_of_range(tone, rate) -> None:
    message = f"a sample rate of {rate} Hz; expected a whole number from 1000 to 768000"
    with pytest.raises(OptionError, match=message):
        tone().resample(rate)
    with pytest.raises(OptionError, match=message):
        blocks("absent.wav", rate, 1.0)
    with pytest.raises(MediaError, match=message):
        Audio(np.zeros((1, 9)), rate)


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros(9), "shape .* expected floats"),
        (np.zeros((1, 1, 9)), "expected floats"),
        (np.zeros((1, 9), np.int16), "type int16; expected floats"),
        (np.zeros((1, 0)), "no samples"),
        (np.zeros((0, 9)), "no samples"),
        (np.array([[np.nan]]), "NaN or infinite"),
        (np.array([[np.inf]]), "NaN or infinite"),
    ],
)
def test_samples_are_checked(samples: np.ndarray, message: str) -> None:
    with pytest.raises(MediaError, match=message):
        Audio(samples, 16_000)


def test_resampling_keeps_a_low_tone_and_drops_a_high_one() -> None:
    time = np.arange(48_000) / 48_000
    both = np.stack([np.sin(2 * np.pi * 1_000 * time), np.sin(2 * np.pi * 12_000 * time)])
    low, high = Audio(both, 48_000).resample(16_000).samples
    expected = np.sin(2 * np.pi * 1_000 * np.arange(16_000) / 16_000)
    inner = slice(500, -500)
    np.testing.assert_allclose(low[inner], expected[inner], atol=1e-4)
    assert np.abs(high[inner]).max() < 1e-4


def test_resampling_agrees_with_scipy() -> None:
    noise = np.random.default_rng(0).standard_normal(44_100)
    smooth = scipy.signal.sosfiltfilt(scipy.signal.butter(8, 5_000, fs=44_100, output="sos"), noise)
    ours = Audio(smooth[None], 44_100).resample(16_000).samples[0]
    theirs = scipy.signal.resample_poly(smooth, 160, 441)
    inner = slice(500, -500)
    assert np.abs(ours[inner] - theirs[inner]).max() < 0.01 * smooth.std()


def test_resampling_edges(tone) -> None:
    sound = tone(0.1)
    assert sound.resample(16_000) is sound
    assert sound.resample(22_050).samples.shape == (1, 2205)
    with pytest.raises(MediaError, match=r"1 frames is too short to resample to 1000 Hz"):
        Audio(np.zeros((1, 1)), 16_000).resample(1000)
    broad = np.broadcast_to(np.float32(0), (64, 1_000_000))
    with pytest.raises(MediaError, match=r"takes .* GiB in memory; expected at most 2 GiB"):
        Audio(broad, 1000).resample(768_000)


def test_mono_is_the_mean(tone) -> None:
    stereo = tone(channels=2, provenance={"job": "play"})
    mono = stereo.mono()
    np.testing.assert_allclose(mono.samples[0], stereo.samples.mean(0), atol=1e-7)
    assert mono.provenance is None
    assert mono.mono() is mono


@pytest.mark.parametrize(
    ("samples", "silent"),
    [
        (np.zeros((2, 99)), True),
        (np.full((1, 99), 0.7), True),
        (np.tile([2.0**-15, -(2.0**-15)], (1, 50)), True),
        (np.tile([1e-3, -1e-3], (1, 50)), False),
        (np.stack([np.zeros(100), np.tile([1e-3, -1e-3], 50)]), False),
    ],
)
def test_is_silent(samples: np.ndarray, silent: bool) -> None:
    assert Audio(samples, 16_000).is_silent is silent
