"""Where the sounds of instruments come from."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from sonolume.errors import MediaError, OptionError
from sonolume.hub.joint import load_joint
from sonolume.media import Audio
from sonolume.music.foley import synthesise
from sonolume.music.scene import Source
from sonolume.pipelines.play.sounds import FoleySounds, JointLikeness, SoundMaker, best_of
from sonolume.pipelines.play.sounds_folder import FolderSounds

RATE = 8000
BELL = Source("bell", "bronze", "struck", ("bright",))
LOG = Source("log", "wood", "struck", ("dark",))


class Pitches:
    """A space of one thing: how high a sound is, and how bright words say it is."""

    def __init__(self) -> None:
        self.heard = 0

    def embed_words(self, texts: list[str]) -> Tensor:
        high = torch.tensor([[2.0 if "bright" in text else -2.0, 1.0] for text in texts])
        return F.normalize(high, dim=-1)

    def embed_audio(self, sound: Audio) -> Tensor:
        self.heard += 1
        power = np.abs(np.fft.rfft(sound.mono().samples[0])) ** 2
        centre = (power * np.arange(len(power))).sum() / power.sum() / sound.duration
        return F.normalize(torch.tensor([np.log2(centre / 700), 1.0]).float(), dim=-1)


def tone(frequency: float, seconds: float = 0.5) -> Audio:
    time = np.arange(round(seconds * RATE)) / RATE
    return Audio((0.3 * np.sin(2 * np.pi * frequency * time))[None].astype(np.float32), RATE)


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    (tmp_path / "more").mkdir()
    for name, frequency in (("low.wav", 200), ("more/high.flac", 3000), ("middle.ogg", 900)):
        tone(frequency).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no sound")
    return tmp_path


def test_foley_gives_takes_that_do_not_overlap_between_seeds() -> None:
    maker: SoundMaker = FoleySounds(0.3, 22050)
    takes = [*maker.make(LOG, 3, 0), *maker.make(LOG, 2, 1)]
    assert len({take.samples.tobytes() for take in takes}) == 5
    again = maker.make(LOG, 1, 0)[0]
    np.testing.assert_array_equal(again.samples, takes[0].samples)
    assert (again.rate, again.samples.shape) == (22050, (1, 6615))
    np.testing.assert_array_equal(again.samples, synthesise(LOG, seconds=0.3, rate=22050).samples)


@pytest.mark.parametrize(("count", "seed"), [(0, 0), (65, 0), (1, -1)])
def test_makers_refuse_absurd_orders(count: int, seed: int, recordings: Path) -> None:
    for maker in (FoleySounds(), FolderSounds(recordings, Pitches())):
        with pytest.raises(OptionError, match="expected"):
            maker.make(LOG, count, seed)


def test_the_best_take_is_the_one_most_like_the_words(recordings: Path) -> None:
    maker = FolderSounds(recordings, Pitches())
    assert [s.samples.shape for s in best_of(maker, LOG, Pitches(), count=3, of=5, seed=0)] == [
        (1, 4000)
    ] * 3

    class Backwards:
        def make(self, source: Source, count: int, seed: int) -> list[Audio]:
            return [tone(f) for f in (200, 3000, 900)][:count]

    best = best_of(Backwards(), BELL, Pitches(), count=2, of=3, seed=0)
    for sound, frequency in zip(best, (3000, 900), strict=True):
        np.testing.assert_array_equal(sound.samples, tone(frequency).samples)
    (worst,) = best_of(Backwards(), LOG, Pitches(), of=3, seed=0)
    np.testing.assert_array_equal(worst.samples, tone(200).samples)
    with pytest.raises(OptionError, match="the best 3 of 2 takes"):
        best_of(Backwards(), LOG, Pitches(), count=3, of=2, seed=0)


def test_recordings_are_matched_by_words_and_heard_once(recordings: Path) -> None:
    likeness = Pitches()
    maker = FolderSounds(recordings, likeness)
    (high,), low = maker.make(BELL, 1, 0), maker.make(LOG, 9, 5)
    assert np.abs(np.fft.rfft(high.samples[0])).argmax() / high.duration == 3000
    assert [np.abs(np.fft.rfft(s.samples[0])).argmax() / s.duration for s in low] == [
        200,
        900,
        3000,
    ]
    assert likeness.heard == 3
    tone(3500).save(recordings / "low.wav", force=True)
    os.utime(recordings / "low.wav", ns=(1, 1))
    assert len(maker.make(LOG, 9, 5)) == 3
    assert likeness.heard == 4


def test_the_loudest_stretch_of_a_long_recording_is_taken(tmp_path: Path) -> None:
    quiet = tone(500, 20.0).samples.copy()
    quiet[:, 12 * RATE : 13 * RATE] *= 3
    Audio(quiet, RATE).save(tmp_path / "long.wav")
    (sound,) = FolderSounds(tmp_path, Pitches()).make(LOG, 1, 0)
    assert sound.duration == 8
    assert np.abs(sound.samples).max() > 0.85


def test_folders_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="no such folder of recordings"):
        FolderSounds(tmp_path / "none", Pitches())
    with pytest.raises(OptionError, match="0 recordings; expected 1 to 2000 files"):
        FolderSounds(tmp_path, Pitches())
    Audio(np.zeros((1, 800), np.float32), RATE).save(tmp_path / "hush.wav")
    with pytest.raises(MediaError, match=r"hush.wav is silent; take it out of the folder"):
        FolderSounds(tmp_path, Pitches()).make(LOG, 1, 0)
    (tmp_path / "hush.wav").write_bytes(b"RIFF what is this")
    with pytest.raises(MediaError, match=r"hush.wav"):
        FolderSounds(tmp_path, Pitches()).make(LOG, 1, 0)


def test_the_joint_space_compares_words_and_sounds(tiny_pocket: Path) -> None:
    likeness = JointLikeness(load_joint(tiny_pocket))
    sounds = [synthesise(LOG, seconds=s) for s in (0.2, 12.0)]
    for vector in (*likeness.embed_words(["rain", "fire"]), *map(likeness.embed_audio, sounds)):
        assert vector.shape == (512,)
        assert float(vector.norm()) == pytest.approx(1, abs=1e-5)
    stereo = Audio(np.repeat(sounds[0].samples, 2, axis=0), sounds[0].rate)
    torch.testing.assert_close(likeness.embed_audio(stereo), likeness.embed_audio(sounds[0]))
