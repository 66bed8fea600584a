"""The pocket sound generator as a maker of instruments' sounds, with tiny random weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sonolume import pipelines
from sonolume.errors import ModelError, OptionError
from sonolume.hub import weights
from sonolume.music.scene import Source
from sonolume.pipelines.play.sounds import FoleySounds, SoundMaker
from sonolume.pipelines.play.sounds_generator import GeneratorSounds, load_generator_sounds

BELL = Source("bell", "bronze", "struck", ("bright",))
LOG = Source("log", "wood", "struck", ("dark",))


@pytest.fixture(scope="module")
def maker(tiny_sounds: Path) -> GeneratorSounds:
    return load_generator_sounds(tiny_sounds, steps=3)


def test_makes_as_many_different_sounds_as_asked(maker: GeneratorSounds) -> None:
    as_any: SoundMaker = maker
    sounds = as_any.make(BELL, 6, 0)
    assert [sound.samples.shape for sound in sounds] == [(1, 47 * 160)] * 6
    assert {sound.rate for sound in sounds} == {16_000}
    stack = np.stack([sound.samples[0] for sound in sounds])
    assert np.abs(stack).max() <= 1
    assert np.abs(np.corrcoef(stack) - np.eye(6)).max() < 0.9


def test_a_take_is_the_same_however_many_are_made(maker: GeneratorSounds) -> None:
    many, few, other = maker.make(BELL, 5, 2), maker.make(BELL, 2, 2), maker.make(BELL, 1, 3)
    for a, b in zip(many, few, strict=False):
        np.testing.assert_allclose(a.samples, b.samples, atol=2e-3)
    assert not np.allclose(many[0].samples, other[0].samples, atol=0.01)


def test_words_change_the_sound(maker: GeneratorSounds) -> None:
    bell, log = maker.make(BELL, 1, 0)[0], maker.make(LOG, 1, 0)[0]
    assert not np.allclose(bell.samples, log.samples, atol=0.01)


def test_sounds_are_of_one_level_whatever_their_words(maker: GeneratorSounds) -> None:
    for sound in maker.make(LOG, 3, 1):
        rms = float(np.sqrt(np.square(sound.samples).mean()))
        assert rms == pytest.approx(0.1, rel=0.01) or np.abs(sound.samples).max() == 1


def test_draws_from_embeddings_of_any_length(maker: GeneratorSounds) -> None:
    said = maker.say(["thunder rolls"])
    one, three = maker.draw(said, [4])[0], maker.draw(3 * said, [4])[0]
    np.testing.assert_allclose(one.samples, three.samples, atol=2e-3)


def test_play_takes_it_from_beside_the_pocket_weights(tiny_sounds: Path) -> None:
    pipeline = pipelines.load("play", model=tiny_sounds, sounds="generator")
    assert isinstance(pipeline.maker, GeneratorSounds)
    assert pipeline.maker.folder == tiny_sounds
    assert pipeline.sounds == "generator"


@pytest.mark.parametrize(("count", "seed"), [(0, 0), (65, 0), (1, -1)])
def test_refuses_what_every_maker_refuses(maker: GeneratorSounds, count: int, seed: int) -> None:
    for each in (maker, FoleySounds(0.2)):
        with pytest.raises(OptionError):
            each.make(BELL, count, seed)


@pytest.mark.parametrize("options", [{"steps": 0}, {"steps": 1001}, {"guidance": 31.0}])
def test_refuses_options_out_of_range(tiny_sounds: Path, options: dict[str, float]) -> None:
    with pytest.raises(OptionError, match="expected"):
        load_generator_sounds(tiny_sounds, **options)


def test_names_the_weights_it_reads(maker: GeneratorSounds, tiny_sounds: Path) -> None:
    assert maker.hashes["vocoder"] == weights.sha256("vocoder", tiny_sounds)
    assert {*maker.hashes} == set(weights.names(tiny_sounds))


def test_missing_weights_are_named(tiny_pocket: Path) -> None:
    with pytest.raises(ModelError, match="sound-generator"):
        load_generator_sounds(tiny_pocket)
