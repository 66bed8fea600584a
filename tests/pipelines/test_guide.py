"""The guide with tiny parts: what its options mean, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import sonolume
from sonolume.diffusion.flow import sample_euler, times
from sonolume.errors import MediaError, ModelError, OptionError
from sonolume.media import Audio, Picture, read_provenance
from sonolume.pipelines.guide.again import guide_again
from sonolume.pipelines.guide.pipeline import GuidePipeline, Preview
from sonolume.pipelines.guide.settings import GuideSettings

QUICK = {"steps": 3, "size": 16, "cutouts": 2}
RATE = 16_000


@pytest.fixture(scope="module")
def guide(tiny_pocket: Path) -> GuidePipeline:
    return sonolume.load("guide", tiny_pocket)


@pytest.fixture(scope="module")
def thunder(noise: Callable[..., np.ndarray]) -> Audio:
    return Audio(noise(1, RATE, seed=1)[None], RATE)


@pytest.fixture(scope="module")
def photo() -> Picture:
    return Picture(np.random.default_rng(0).integers(0, 256, (20, 24, 3), np.uint8))


def same(one: Picture, other: Picture) -> bool:
    return np.array_equal(one.pixels, other.pixels)


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("sampler", ["euler", "heun", "ancestral"])
def test_every_kind_of_prompt_moves_the_picture(guide, thunder, photo, sampler, fast) -> None:
    options = {**QUICK, "fast": fast, "sampler": sampler}
    still = guide("a beach:0", **options)
    assert still.pixels.shape == (16, 16, 3)
    for given in ({"text": "a beach"}, {"sounds": thunder}, {"pictures": photo}):
        assert not same(guide(**given, **options), still)


def test_weight_0_and_scale_0_are_unguided_in_every_bit(guide, thunder) -> None:
    with torch.no_grad():
        noise = torch.randn((1, 3, 16, 16), generator=torch.Generator().manual_seed(5))
        plain = sample_euler(guide.prior.denoise, noise, times(3))
    expected = Picture.from_float(plain[0].clamp(-1, 1).numpy())
    assert same(guide("a beach:0", [(thunder, 0.0)], seed=5, **QUICK), expected)
    assert same(guide("a beach", thunder, seed=5, scale=0.0, **QUICK), expected)


def test_equal_seeds_make_equal_pictures_and_others_do_not(guide) -> None:
    one, other = (guide("a beach", seed=3, **QUICK) for _ in range(2))
    assert same(one, other)
    assert not same(one, guide("a beach", seed=4, **QUICK))


def test_only_the_proportions_of_weights_count(guide, thunder) -> None:
    one = guide("a beach:1", [(thunder, -0.5)], **QUICK)
    assert same(one, guide("a beach:2", [(thunder, -1.0)], **QUICK))
    assert not same(one, guide("a beach:1", [(thunder, 0.5)], **QUICK))


def test_a_spread_divides_what_its_kind_weighs(guide, thunder) -> None:
    was = guide.encoder.spreads
    try:
        guide.encoder.spreads = {"words": 0.1, "sound": 0.2}
        one = guide("a beach:1", [(thunder, 1.0)], **QUICK)
        guide.encoder.spreads = {}
        other = guide("a beach:1", [(thunder, 0.5)], **QUICK)
    finally:
        guide.encoder.spreads = was
    assert np.abs(one.pixels.astype(int) - other.pixels).max() <= 1


def test_many_are_each_the_one_made_alone(guide) -> None:
    request = guide.request("a beach")
    many = guide.guide_many([replace(request, seed=s) for s in (1, 2)], GuideSettings(**QUICK))
    assert same(many[1], guide("a beach", seed=2, **QUICK))


def test_an_initial_picture_stays_the_more_the_more_steps_it_spares(guide, photo) -> None:
    start = photo.centre_square(16).pixels.astype(int)
    far = [
        np.abs(
            guide("a beach:0", initial=photo, skip=skip, steps=20, size=16).pixels - start
        ).mean()
        for skip in (0, 19)
    ]
    assert far[1] < far[0]


def test_the_distance_to_the_initial_picture_can_be_held(guide, photo) -> None:
    start = photo.centre_square(16).pixels.astype(int)
    held, free = (
        np.abs(guide("a beach:0", initial=photo, skip=0, **extra, **QUICK).pixels - start).mean()
        for extra in ({"init_scale": 100.0, "scale": 0.3}, {})
    )
    assert held < free


def test_previews_come_every_few_steps_and_at_the_end(guide) -> None:
    seen: list[Preview] = []
    steps: list[int] = []
    made = guide(
        "a beach",
        steps=5,
        size=16,
        previews=2,
        on_preview=seen.append,
        callback_on_step_end=lambda step, _t, _clean: steps.append(step),
    )
    assert [preview.step for preview in seen] == [2, 4, 5]
    assert steps == [0, 1, 2, 3, 4]
    assert same(seen[-1].picture, made)


class Told:
    """A describer whose words are known."""

    def __call__(self, medium, **settings):
        from sonolume.pipelines.describe.description import SILENCE, Description
        from sonolume.pipelines.describe.keywords import Keyword

        if isinstance(medium, Picture):
            return Description(None, "picture", "A grey square.", ())
        if medium.is_silent:
            return Description(None, "sound", SILENCE, (Keyword(SILENCE, 1.0),))
        found = (Keyword("rain", 0.8), Keyword("a beach", 0.15), Keyword("wind", 0.01))
        caption = "It rains: hard." if settings["captions"] else None
        return Description(None, "sound", caption, found[: settings["top"]])


@pytest.fixture
def telling(guide) -> GuidePipeline:
    return GuidePipeline(guide.prior, guide.encoder, Told())


def test_enrichment_adds_what_is_heard(telling, thunder) -> None:
    request = telling.request("A beach", (thunder, -0.5), enrich=["keywords", "caption"])
    told = [(prompt.kind, prompt.told, prompt.weight) for prompt in request.prompts]
    assert told == [
        ("words", "A beach", 1.0),
        ("sound", "sound", -0.5),
        ("words", "rain", -0.4),
        ("words", "It rains: hard.", -0.25),
    ]
    assert len(telling.request("A beach", thunder, enrich=["keywords"]).prompts) == 3
    assert len(telling.request("A beach", thunder).prompts) == 2


def test_silence_is_left_out_and_brings_no_words(telling) -> None:
    silence = Audio(np.zeros((1, RATE), np.float32), RATE)
    with pytest.warns(UserWarning, match="silent"):
        request = telling.request("a beach", silence, enrich=["keywords"])
    assert [prompt.told for prompt in request.prompts] == ["a beach"]


def test_a_picture_knows_its_caption_and_can_be_made_again(telling, thunder, photo, tmp_path):
    made = telling("a beach", thunder, (photo, -0.3), initial=photo, enrich=["caption"], **QUICK)
    made.save(tmp_path / "a.png")
    told = read_provenance(tmp_path / "a.png")
    assert told is not None
    assert told["job"] == "guide"
    assert told["caption"] == "A grey square."
    assert [p["kind"] for p in told["prompts"]] == ["words", "sound", "picture", "words"]
    again = guide_again(told, GuidePipeline(telling.prior, telling.encoder))
    again.save(tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_the_front_door_makes_it_again(guide) -> None:
    made = guide("a beach", **QUICK)
    assert made.provenance is not None
    assert same(sonolume.pipelines.reproduce(made.provenance), made)


def test_other_weights_are_named(guide) -> None:
    told = guide("a beach", **QUICK).provenance | {"weights": {"joint-words": "0"}}
    with pytest.warns(UserWarning, match="other weights"):
        guide_again(told, guide)


@pytest.mark.parametrize(
    "odd",
    [
        {"prompts": None},
        {"prompts": []},
        {"prompts": [{"kind": "smell", "value": "rose", "weight": 1.0}]},
        {"prompts": [{"kind": "sound", "value": "a", "weight": 1.0}]},
        {"prompts": [{"kind": "sound", "value": "a", "weight": 1.0, "embedding": "!!"}]},
        {"prompts": [{"kind": "sound", "value": "a", "weight": 1.0, "embedding": "AAAAAA=="}]},
        {"prompts": [{"kind": "words", "value": "a", "weight": "1"}]},
        {"seed": -1},
        {"settings": {"steps": 0}},
        {"settings": {"odd": 1}},
        {"initial": "AAAA"},
        {"caption": 5},
        {"model": 5},
    ],
)
def test_unusable_provenance(guide, odd) -> None:
    told = guide("a beach", **QUICK).provenance | odd
    with pytest.raises(ModelError):
        guide_again(told, None if "model" in odd else guide)


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({}, OptionError),
        ({"text": []}, OptionError),
        ({"text": ""}, OptionError),
        ({"text": "a beach", "steps": 0}, OptionError),
        ({"text": "a beach", "steps": 5000}, OptionError),
        ({"text": "a beach", "seed": -1}, OptionError),
        ({"text": "a beach", "seed": "0"}, OptionError),
        ({"text": "a beach", "scale": -1.0}, OptionError),
        ({"text": "a beach", "scale": "big"}, OptionError),
        ({"text": "a beach", "cutouts": 0}, OptionError),
        ({"text": "a beach", "cut_power": -1.0}, OptionError),
        ({"text": "a beach", "tv_scale": -1.0}, OptionError),
        ({"text": "a beach", "sampler": "plms"}, OptionError),
        ({"text": "a beach", "gradient": "odd"}, OptionError),
        ({"text": "a beach", "fast": "yes"}, OptionError),
        ({"text": "a beach", "start": 0.8, "stop": 0.2}, OptionError),
        ({"text": "a beach", "size": 5000}, OptionError),
        ({"text": "a beach", "skip": 2}, OptionError),
        ({"text": "a beach", "init_scale": 2.0}, OptionError),
        ({"text": "a beach", "odd": 1}, OptionError),
        ({"text": "a beach", "previews": -1}, OptionError),
        ({"text": "a beach", "enrich": ["smell"]}, OptionError),
        ({"sounds": "nowhere.wav"}, MediaError),
        ({"pictures": "nowhere.png:0.5"}, MediaError),
        ({"text": "a beach", "initial": "nowhere.png"}, MediaError),
    ],
)
def test_bad_requests(guide, given, error) -> None:
    with pytest.raises(error):
        guide(**{"steps": 2, "size": 16, **given})


def test_more_steps_spared_than_there_are(guide, photo) -> None:
    with pytest.raises(OptionError, match="none is left"):
        guide("a beach", initial=photo, steps=3, skip=3)


def test_only_silence_is_nothing_to_go_to(guide) -> None:
    silence = Audio(np.zeros((1, RATE), np.float32), RATE)
    with pytest.warns(UserWarning, match="silent"), pytest.raises(OptionError, match="nothing to"):
        guide(sounds=silence)


def test_a_load_that_cannot_be(tiny_pocket: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        sonolume.load("guide", tmp_path)
    with pytest.raises(OptionError, match="encoder"):
        sonolume.load("guide", tiny_pocket, audio_encoder="x")
    with pytest.raises(OptionError, match="encoder"):
        sonolume.load("paint", tiny_pocket, encoder="x")
