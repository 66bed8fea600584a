"""MP3 files as other programs leave them: without a length, tagged, cut, damaged."""

import io
import os
import threading
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import soundfile

from sonolume.errors import MediaError
from sonolume.media import Audio, blocks
from sonolume.media.hush import hushed

SECONDS = 4
TAG = b"ID3\x04\x00\x00\x00\x00\x02\x00" + bytes(256)


def encoded(samples: np.ndarray, rate: int, level: float) -> bytes:
    """MP3 of constant bit rate, the higher ``level`` the fewer bits."""
    file = io.BytesIO()
    with soundfile.SoundFile(
        file, "w", rate, samples.shape[1], format="MP3", subtype="MPEG_LAYER_III",
        bitrate_mode="CONSTANT", compression_level=level,
    ) as sound:  # fmt: skip
        sound.write(samples)
    return file.getvalue()


def without_length(data: bytes) -> bytes:
    """The frames behind the information frame, which the lowest bit rates have no room for."""
    return data[data.index(data[:2], 4) :] if b"Info" in data[:60] else data


def varying(rate: int, channels: int, *, low_first: bool) -> bytes:
    """Half of it at the lowest bit rate, half at the highest, without a length."""
    time = np.arange(SECONDS * rate // 2) / rate
    tone = np.repeat(0.5 * np.sin(2 * np.pi * 440 * time)[:, None], channels, axis=1)
    halves = [without_length(encoded(tone, rate, level)) for level in (0.99, 0.0)]
    assert len(halves[1]) > 3 * len(halves[0])
    return b"".join(halves if low_first else halves[::-1])


@pytest.mark.parametrize("low_first", [True, False])
@pytest.mark.parametrize(("rate", "channels"), [(44_100, 1), (48_000, 2), (22_050, 2), (16_000, 1)])
def test_varying_rate_without_a_length_is_read_whole(
    tmp_path: Path, rate: int, channels: int, low_first: bool
) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(TAG + varying(rate, channels, low_first=low_first))
    sound = Audio.read(path)
    assert sound.samples.shape[0] == channels
    assert sound.duration == pytest.approx(SECONDS, abs=0.2)
    # The tone is there to the end: the encoder's padding is shorter than 0.1 s.
    last = sound.samples[0, round(-0.6 * rate) : round(-0.1 * rate)]
    assert last.std() == pytest.approx(0.5 / 2**0.5, rel=0.1)
    streamed = np.concatenate(list(blocks(path, rate, 1.0)))
    np.testing.assert_allclose(streamed, sound.mono().samples[0], atol=1e-6)


def test_libsndfile_alone_would_cut_it(tmp_path: Path) -> None:
    guess = soundfile.SoundFile(io.BytesIO(varying(44_100, 1, low_first=False))).frames
    assert guess < 0.75 * SECONDS * 44_100


def test_a_length_that_is_there_is_believed(tmp_path: Path, tone) -> None:
    tone(1.0, 44_100).save(tmp_path / "a.mp3")
    assert Audio.read(tmp_path / "a.mp3").samples.shape == (1, 44_100)


def test_the_frames_are_decoded_as_with_a_length(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, (44_100, 1))
    data = encoded(noise, 44_100, 0.5)
    (tmp_path / "whole.mp3").write_bytes(data)
    (tmp_path / "bare.mp3").write_bytes(without_length(data))
    whole = Audio.read(tmp_path / "whole.mp3").samples[0]
    bare = Audio.read(tmp_path / "bare.mp3").samples[0]
    # The information frame also tells of the encoder's delay, which is cut off with it.
    delay = 576
    np.testing.assert_allclose(bare[delay : delay + 40_000], whole[:40_000], atol=1e-6)


def test_garbage_between_frames_and_behind_them(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    data = varying(44_100, 1, low_first=True)
    middle = data.index(data[:2], len(data) // 2)
    path.write_bytes(data[:middle] + bytes(300) + data[middle:] + b"TAG" + b"x" * 125)
    assert Audio.read(path).duration == pytest.approx(SECONDS, abs=0.2)


def test_nothing_is_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.mp3"
    data = bytearray(varying(44_100, 1, low_first=True))
    random = np.random.default_rng(1)
    for number in range(20):
        for place in random.integers(500, len(data), 30):
            data[place] = random.integers(256)
        path.write_bytes(data if number % 2 else TAG[:9] + b"\x05" + data)
        with suppress(MediaError):
            Audio.read(path)
    assert capfd.readouterr() == ("", "")


def test_the_error_stream_comes_back(capfd: pytest.CaptureFixture[str]) -> None:
    barrier = threading.Barrier(2, timeout=10)

    def overlap(first: bool) -> None:
        with hushed():
            barrier.wait()
            os.write(2, b"unheard")
            if first:
                barrier.wait()
        if not first:
            barrier.wait()

    threads = [threading.Thread(target=overlap, args=(first,)) for first in (True, False)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os.write(2, b"heard")
    assert capfd.readouterr().err == "heard"
