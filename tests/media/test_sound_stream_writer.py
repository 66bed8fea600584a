"""Sounds written block by block are those that are written whole."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from sonolume.errors import MediaError, OptionError
from sonolume.media import Audio
from sonolume.media.sound_stream_writer import sound_writer, stream_rate

RATE = 48_000
SOUND = np.random.default_rng(0).uniform(-1.2, 1.2, (2, 70_000)).astype("f4")


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".opus", ".mp3"])
@pytest.mark.parametrize("provenance", [None, {"seed": 7}])
def test_files_are_those_of_save(
    tmp_path: Path, suffix: str, provenance: dict[str, int] | None
) -> None:
    whole, blocks = tmp_path / f"whole{suffix}", tmp_path / f"blocks{suffix}"
    Audio(SOUND, RATE, provenance).save(whole)
    with sound_writer(blocks, RATE, provenance=provenance) as write:
        # Multiples of the blocks of `save`, so that lossy encoders are fed alike.
        for start in range(0, SOUND.shape[1], 32_768):
            write(SOUND[:, start : start + 32_768])
    assert blocks.read_bytes() == whole.read_bytes()


def test_floats_may_pass_full_scale(tmp_path: Path) -> None:
    path = tmp_path / "stem.wav"
    with sound_writer(path, RATE, floats=True) as write:
        write(SOUND)
    read, rate = soundfile.read(path, dtype="float32")
    assert rate == RATE
    np.testing.assert_array_equal(read.T, SOUND)
    with pytest.raises(OptionError, match="floats are written to .wav only"):
        sound_writer(tmp_path / "stem.flac", RATE, floats=True).__enter__()


def test_nothing_remains_of_a_failure(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    with pytest.raises(MediaError, match="cannot be written"), sound_writer(path, RATE) as write:
        list(map(write, (SOUND, SOUND[:, None])))
    with pytest.raises(MediaError, match="would hold no samples"), sound_writer(path, RATE):
        pass
    assert list(tmp_path.iterdir()) == []


def test_rates_of_formats(tmp_path: Path) -> None:
    assert stream_rate(tmp_path / "a.wav", 44_100) == 44_100
    assert stream_rate(tmp_path / "a.opus", 44_100) == 48_000
    with pytest.raises(OptionError, match="does not take 44100 Hz"):
        sound_writer(tmp_path / "a.opus", 44_100).__enter__()
    with pytest.raises(MediaError, match="holds 1 to 2 channels, the sound has 3"):
        sound_writer(tmp_path / "a.mp3", 44_100, 3).__enter__()
    with pytest.raises(OptionError, match="cannot be saved as '.xyz'"):
        stream_rate(tmp_path / "a.xyz", RATE)
