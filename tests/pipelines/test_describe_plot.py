"""Plots: the spectrogram against the front end, and files that are there or refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import sonolume
from sonolume.errors import OptionError
from sonolume.media import Audio, Picture
from sonolume.pipelines.describe.plot import plot, spectrogram
from sonolume.signal.mel import LogMel

RATE = 16_000


def test_a_spectrogram_in_full_is_the_front_end(noise) -> None:
    sound = Audio(noise(2, RATE)[None], RATE)
    found = spectrogram(sound, 2.0)
    wanted = LogMel()(torch.from_numpy(sound.samples))[0].numpy()[:, :200]
    assert found.shape == (64, 200)
    np.testing.assert_allclose(found, wanted, atol=1e-4)


def test_a_tone_stays_where_it_is_however_long_the_sound() -> None:
    time = np.arange(90 * RATE) / RATE
    low, high = np.sin(2 * np.pi * 200 * time), np.sin(2 * np.pi * 4000 * time)
    sound = Audio(np.where(time < 45, low, high)[None].astype(np.float32), RATE)
    found = spectrogram(sound, 90.0, columns=100)
    assert found.shape == (64, 100)
    assert len(set(found[:, :49].argmax(0))) == 1
    assert len(set(found[:, 51:].argmax(0))) == 1
    assert found[:, 10].argmax() < found[:, 90].argmax()


def test_plots_of_a_sound_and_of_a_picture(tiny_pocket, noise, tmp_path) -> None:
    describe = sonolume.load("describe", model=tiny_pocket)
    sound = Audio(noise(12, RATE)[None], RATE)
    photo = Picture(np.zeros((30, 900, 3), np.uint8))
    for name, medium in (("sound.png", sound), ("photo.png", photo)):
        said = describe(medium, lists=["colours"])
        plot(said, medium, tmp_path / name)
        assert Picture.read(tmp_path / name).pixels.std() > 5
        with pytest.raises(OptionError, match="exists"):
            plot(said, medium, tmp_path / name)
    bare = describe(sound, timeline=False)
    with pytest.raises(OptionError, match="needs its timeline"):
        plot(bare, sound, tmp_path / "bare.png")
    with pytest.raises(OptionError, match=r"bare\.txt: a plot is saved as one of \.png, \.pdf"):
        plot(bare, sound, tmp_path / "bare.txt")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["photo.png", "sound.png"]
