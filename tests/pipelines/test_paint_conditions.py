"""What a painter is told of words and sounds, and how a sound stands in the place of words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from sonolume.pipelines.paint.conditions import conditions_of
from sonolume.pipelines.paint.pipeline import PaintPipeline
from sonolume.pipelines.paint.pocket import PocketParts
from sonolume.pipelines.paint.settings import PaintRequest, PaintSettings

SETTINGS = PaintSettings(steps=3, text_scale=2.0, audio_scale=3.0, audio_alone=4.0, size=16)
SOUND = F.normalize(torch.randn(2, 512, generator=torch.Generator().manual_seed(3)), dim=-1)


def parts(folder: Path, *, speaks: int) -> PocketParts:
    made = PocketParts(folder)
    made.audio_tokens.config = replace(made.audio_tokens.config, speaks=speaks)
    return made


def close_gates(made: PocketParts) -> None:
    for part in (made.denoiser, *made.denoiser.layers):
        part.audio.gate.data.zero_()


def paint(made: PocketParts, request: PaintRequest) -> np.ndarray:
    return PaintPipeline(made).paint_many([request], SETTINGS)[0].pixels


def test_scales_follow_what_is_told(tiny_pocket: Path) -> None:
    batch = [PaintRequest("rain"), PaintRequest("", SOUND[0], 0.5)]
    told = conditions_of(parts(tiny_pocket, speaks=4), batch, SETTINGS)
    assert told.sound is None
    assert told.text_scale.tolist() == [2.0, 2.0]  # of the sound: 4 times its strength
    beside = conditions_of(parts(tiny_pocket, speaks=0), batch[1:], SETTINGS)
    assert beside.sound is not None
    assert (beside.text_scale.tolist(), beside.audio_scale.tolist()) == ([1.0], [2.0])


def test_a_sound_alone_is_what_it_says(tiny_pocket: Path) -> None:
    made = parts(tiny_pocket, speaks=4)
    batch = [PaintRequest("rain"), PaintRequest("", SOUND[1])]
    told = conditions_of(made, batch, SETTINGS)
    words = made.encode_words(["rain", ""])
    hear = made.audio_tokens
    assert torch.equal(told.words[0], words[0])
    torch.testing.assert_close(told.words[1], hear.spoken(hear.tokens(SOUND[1:]))[0])
    assert torch.equal(told.nothing, words[1:].expand(2, -1, -1))


def test_gated_modules_are_not_read_where_the_sound_speaks(tiny_pocket: Path) -> None:
    made = parts(tiny_pocket, speaks=4)
    alone, beside = PaintRequest("", SOUND[0]), PaintRequest("rain", SOUND[0])
    spoken, both = paint(made, alone), paint(made, beside)
    close_gates(made)
    assert np.array_equal(paint(made, alone), spoken)
    assert not np.array_equal(paint(made, beside), both)
    assert not np.array_equal(paint(made, PaintRequest("", SOUND[1])), spoken)


def test_a_painter_that_does_not_speak_hears_by_its_gates_alone(tiny_pocket: Path) -> None:
    made = parts(tiny_pocket, speaks=0)
    close_gates(made)
    one, other = (paint(made, PaintRequest("", sound)) for sound in SOUND)
    assert np.array_equal(one, other)


def test_any_mixture_of_requests_is_painted_as_each_alone(tiny_pocket: Path) -> None:
    made = parts(tiny_pocket, speaks=4)
    batch = [
        PaintRequest("rain", SOUND[0], seed=1),
        PaintRequest("", SOUND[1], seed=2),
        PaintRequest("a beach", seed=3),
        PaintRequest("rain", SOUND[0], strength=0.0, seed=4),
    ]
    together = PaintPipeline(made).paint_many(batch, SETTINGS)
    for request, picture in zip(batch, together, strict=True):
        assert np.abs(picture.pixels.astype(int) - paint(made, request)).max() <= 1


@pytest.mark.parametrize("speaks", [0, 4])
def test_no_strength_is_silence(tiny_pocket: Path, speaks: int) -> None:
    made = parts(tiny_pocket, speaks=speaks)
    silent = PaintRequest("rain", SOUND[0], strength=0.0)
    assert np.array_equal(paint(made, silent), paint(made, PaintRequest("rain")))
