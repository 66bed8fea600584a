"""The diffusion engine of restyle: a generator of known answers, and a tiny one."""

from __future__ import annotations

import json
import math
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

import sonolume
from sonolume.correspondence.edits import edit
from sonolume.diffusion.windows import starts
from sonolume.errors import MediaError, ModelError, OptionError
from sonolume.hub.joint import load_joint
from sonolume.media import Audio, Picture, read_provenance
from sonolume.pipelines import reproduce
from sonolume.pipelines.restyle.engine.draw import Drawer
from sonolume.pipelines.restyle.engine.parts import Condition, Generator, Style, style_of
from sonolume.pipelines.restyle.engine.pocket import load_pocket_generator
from sonolume.pipelines.restyle.engine.settings import DiffusionSettings
from sonolume.pipelines.restyle.pipeline import RestylePipeline
from sonolume.signal.mel import LogMel

RATE = 16_000
DARK = style_of({"brightness": -2.0})


class Louder:
    """A generator whose sounds are normal around a mean, and dark ones a nat of power louder.

    Of normal states the clean estimate is known: it needs no training to be right.
    """

    rate, window, guidance, spread = RATE, 40, 3.0, 0.5

    def encode(self, samples: Tensor) -> Tensor:
        mel = LogMel()(samples[None]) / 4
        return F.pad(mel, (0, max(0, self.window - mel.shape[-1])))

    def decode(self, state: Tensor) -> Tensor:
        return torch.zeros(160 * state.shape[-1])

    def bands(self, state: Tensor) -> Tensor:
        return 4 * state[0]

    def conditions(self, samples: Tensor, style: Style) -> tuple[Condition, Condition]:
        told = torch.zeros(len(starts(self.encode(samples).shape[-1], self.window)), 1, 1)
        return (told,), (told + self.course(len(told)) / 4 * ("dark" in style.words),)

    def course(self, windows: int) -> Tensor:
        return torch.ones(windows, 1, 1)

    def predict(self, x: Tensor, t: Tensor, told: Condition) -> Tensor:
        t = t[:, None, None]
        mean = told[0] - 1.5
        gain = t * self.spread**2 / (t**2 * self.spread**2 + (1 - t) ** 2)
        return mean + gain * (x - t * mean)

    def share(self, style: Style) -> float:
        return 1.0

    def provenance(self) -> dict[str, object]:
        return {"folder": "nowhere", "hashes": {}}


class Fading(Louder):
    """As `Louder`, but what is dark falls silent towards its end."""

    def course(self, windows: int) -> Tensor:
        return torch.linspace(6, -20, windows)[:, None, None]


def clicks(rate: int = RATE, seconds: float = 2.0, channels: int = 1) -> Audio:
    """Fading harmonic tones, four a second."""
    time = np.arange(round(seconds * rate)) / rate
    notes = sum(np.sin(2 * np.pi * 330 * k * time) / k for k in range(1, 8))
    voice = 0.1 * notes * np.exp(-8 * (time % 0.25))
    return Audio(np.stack([voice * 0.8**c for c in range(channels)]).astype(np.float32), rate)


@pytest.fixture(scope="module")
def picture() -> Picture:
    rng = np.random.default_rng(3)
    patches = rng.uniform(60, 190, (6, 6, 3)).repeat(16, axis=0).repeat(16, axis=1)
    return Picture(patches.astype(np.uint8))


@pytest.fixture(scope="module")
def pocket(tiny_sounds: Path) -> Generator:
    return load_pocket_generator(load_joint(tiny_sounds), tiny_sounds)


@pytest.fixture(scope="module")
def pipeline(tiny_sounds: Path) -> RestylePipeline:
    return sonolume.load("restyle", model=tiny_sounds)


@pytest.mark.parametrize("start", ["inversion", "noise"])
@pytest.mark.parametrize("guidance", [1.0, 2.0])
@pytest.mark.parametrize(("rate", "channels"), [(RATE, 1), (44_100, 2)])
def test_a_known_flow_moves_the_sound_by_what_is_known(start, guidance, rate, channels) -> None:
    """From pure noise the state takes the mean of its condition, times the guidance; channels and
    what lies above the generator's band go with it."""
    sound = clicks(rate, channels=channels)
    settings = DiffusionSettings(1.0, start, "sound", steps=200, guidance=guidance)
    made = Drawer(Louder(), sound, DARK, settings, 0)(1.0)
    np.testing.assert_allclose(made, sound.samples * math.exp(guidance / 2), rtol=0.02, atol=2e-3)


@pytest.mark.parametrize("start", ["inversion", "noise"])
def test_more_noise_moves_it_further_and_none_not_at_all(start) -> None:
    sound = clicks()
    drawer = Drawer(Louder(), sound, DARK, DiffusionSettings(start=start, steps=40), 0)
    levels = [float(np.abs(drawer(level)).mean()) for level in (0.0, 0.25, 0.5, 1.0)]
    assert np.array_equal(drawer(0.0), sound.samples)
    assert levels == sorted(levels)
    assert levels[1] > 1.02 * levels[0]


@pytest.mark.parametrize("start", ["inversion", "noise"])
def test_the_same_style_is_the_same_sound(start) -> None:
    """Whatever the noise did to the state, only the style counts."""
    for style in (style_of({}), style_of({"warmth": 1.0})):
        made = Drawer(Louder(), clicks(), style, DiffusionSettings(1.0, start), 3)(1.0)
        np.testing.assert_allclose(made, clicks().samples, atol=1e-5)


def test_a_generator_without_numbers_is_one_error() -> None:
    class Broken(Louder):
        def predict(self, x: Tensor, t: Tensor, told: Condition) -> Tensor:
            return x * math.nan

    with pytest.raises(ModelError, match="no numbers"):
        Drawer(Broken(), clicks(), DARK, DiffusionSettings(), 0)(0.5)


def test_the_pocket_generator_hears_and_answers(pocket: Generator) -> None:
    """States are spectrograms, windows have conditions of unit length that differ by the style."""
    mono = torch.from_numpy(clicks(seconds=1.3).samples[0])
    state = pocket.encode(mono)
    mel = LogMel()(mono[None])
    torch.testing.assert_close(pocket.bands(state)[:, : mel.shape[-1]], mel[0], atol=1e-3, rtol=0)
    assert pocket.decode(state).shape[0] >= mono.shape[0] - 160
    source, target = pocket.conditions(mono, DARK)
    still = pocket.conditions(mono, style_of({}))
    torch.testing.assert_close(still[0][0], still[1][0])
    torch.testing.assert_close(target[0].norm(dim=1), torch.ones(len(target[0])))
    assert float((source[0] * target[0]).sum(1).max()) < 0.999
    x = torch.randn(len(source[0]), 64, pocket.window)
    clean = pocket.predict(x, torch.full((len(x),), 0.5), source)
    assert clean.shape == x.shape


@pytest.mark.parametrize("detail", ["sound", "generator"])
@pytest.mark.parametrize(("rate", "channels"), [(RATE, 1), (32_000, 2)])
def test_a_short_sound_of_any_shape(pocket: Generator, detail, rate, channels) -> None:
    for seconds in (0.01, 0.7):
        sound = clicks(rate, seconds, channels)
        settings = DiffusionSettings(detail=detail, steps=2)
        made = Drawer(pocket, sound, DARK, settings, 0)(0.5)
        assert made.shape == sound.samples.shape
        assert np.isfinite(made).all()
    assert not np.allclose(made, sound.samples, atol=1e-3)


def test_restyle_by_diffusion_and_again(pipeline, picture, tmp_path) -> None:
    """Levels and loudness as asked, the same seed the same bytes, another another sound."""
    clicks().save(tmp_path / "clicks.wav")
    night = edit(picture, "darken", 0.6)
    how = {"engine": "diffusion", "diffusion": DiffusionSettings(0.3, "noise", steps=4)}

    def made(seed: int = 0):
        return pipeline(picture, night, tmp_path / "clicks.wav", keep=(), seed=seed, **how)

    first, same, other = made(), made(), made(1)
    assert first.redrawn is not None
    assert first.redrawn.noise_level_used == 0.3
    assert "dark" in first.redrawn.words
    assert first.moved["loudness"] == pytest.approx(first.targets.values["loudness"], abs=0.15)
    assert np.array_equal(first.audio().samples, same.audio().samples)
    assert not np.array_equal(first.audio().samples, other.audio().samples)
    first.save(tmp_path / "night.wav")
    provenance = read_provenance(tmp_path / "night.wav")
    json.dumps(provenance)
    reproduce(provenance).save(tmp_path / "again.wav")
    assert (tmp_path / "again.wav").read_bytes() == (tmp_path / "night.wav").read_bytes()
    provenance["engine"]["generator"]["hashes"]["vocoder"] = "0" * 64
    with pytest.raises(ModelError, match="another generator"):
        reproduce(provenance)
    del provenance["engine"]["settings"]
    with pytest.raises(ModelError, match="unusable provenance"):
        reproduce(provenance)


def test_the_level_of_noise_gives_way_to_the_structure(picture) -> None:
    """A sound that would fade away keeps the course of its loudness, and less noise fades less."""
    night, used = edit(picture, "darken", 0.6), []
    for level in (1.0, 0.6):
        how = {"engine": "diffusion", "diffusion": DiffusionSettings(level, steps=20)}
        pipeline = RestylePipeline(generator=Fading)
        with pytest.warns(UserWarning, match=f"noise level {level:g} would break the .*energy"):
            made = pipeline(picture, night, clicks(), keep=("energy",), **how)
        assert made.lost == ("energy",)
        assert made.kept.loudness_contour >= 0.9
        used.append(made.redrawn.noise_level_used)
    assert used[0] in (0.75, 0.5, 0.25, 0.0)
    assert used[1] < 0.6
    free = pipeline(picture, night, clicks(), keep=(), **how)
    assert free.redrawn.noise_level_used == 0.6
    assert free.lost == ()
    assert free.kept.loudness_contour < 0.9


def test_nothing_changes_where_nothing_changed(pipeline, picture) -> None:
    sound = clicks(channels=2)
    night = edit(picture, "darken", 0.6)
    still = DiffusionSettings(0.0)
    for after, settings, strength in ((picture, None, 1.0), (night, still, 1.0), (night, None, 0)):
        how = {"engine": "diffusion", "diffusion": settings, "strength": strength}
        made = pipeline(picture, after, sound, **how)
        assert np.array_equal(made.audio().samples, sound.samples)
    silent = Audio(np.zeros((1, RATE), np.float32), RATE)
    with pytest.warns(UserWarning, match="silent"):
        made = pipeline(picture, night, silent, engine="diffusion")
    assert np.array_equal(made.audio().samples, silent.samples)


def test_what_is_refused(pipeline, picture, tiny_pocket) -> None:
    night, sound = edit(picture, "darken", 0.6), clicks()
    with pytest.raises(OptionError, match="engine"):
        pipeline(picture, night, sound, engine="tape")
    with pytest.raises(OptionError, match="has no diffusion settings"):
        pipeline(picture, night, sound, diffusion=DiffusionSettings())
    with pytest.raises(ModelError, match="holds no generator"):
        RestylePipeline()(picture, night, sound, engine="diffusion")
    with pytest.raises(ModelError, match="no sound-generator and no vocoder"):
        sonolume.load("restyle", model=tiny_pocket)(picture, night, sound, engine="diffusion")
    long = Audio(np.tile(clicks(8000, 1.0).samples, 601), 8000)
    with warnings.catch_warnings(), pytest.raises(MediaError, match="up to 600 s"):
        pipeline(picture, night, long, engine="diffusion")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"noise_level": 1.1}, "noise level 1.1: expected 0 to 1"),
        ({"noise_level": math.nan}, "noise level nan"),
        ({"steps": 0}, "steps 0: expected 1 to 1000"),
        ({"guidance": -1}, "guidance -1"),
        ({"start": "middle"}, "start 'middle': expected inversion or noise"),
        ({"detail": "none"}, "detail 'none'"),
    ],
)
def test_settings_out_of_range(options: dict[str, object], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        DiffusionSettings(**options)
