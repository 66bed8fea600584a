"""Which scale of guidance counts for a sound: beside words, alone, and when one is told."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from sonolume.errors import OptionError
from sonolume.pipelines.paint.settings import (
    PaintRequest,
    PaintSettings,
    audio_scale_of,
    make_settings,
    usual_settings,
)

PARTS = SimpleNamespace(
    side=128, steps=12, shift=4.0, text_scale=4.5, audio_scale=3.0, audio_alone=4.5
)
SOUND = torch.zeros(512)


@pytest.mark.parametrize(
    ("told", "with_words", "alone"),
    [
        ({}, 3.0, 4.5),
        ({"audio_scale": 2.0}, 2.0, 2.0),
        ({"audio_alone": 6.0}, 3.0, 6.0),
        ({"audio_scale": 2.0, "audio_alone": 5.0}, 2.0, 5.0),
        ({"audio_scale": 0.0}, 0.0, 0.0),
    ],
)
@pytest.mark.parametrize("strength", [0.0, 1.0, 2.0])
def test_the_scale_of_a_sound(told, with_words, alone, strength) -> None:
    settings = usual_settings(PARTS, told)
    beside, by_itself = PaintRequest("a beach", SOUND, strength), PaintRequest("", SOUND, strength)
    assert audio_scale_of(settings, beside) == pytest.approx(with_words * strength)
    assert audio_scale_of(settings, by_itself) == pytest.approx(alone * strength)


def test_settings_of_a_file_come_back_as_they_were() -> None:
    from dataclasses import asdict

    settings = usual_settings(PARTS, {"steps": 3})
    assert make_settings(asdict(settings)) == settings
    assert PaintSettings().audio_alone is None  # files that know no other scale


@pytest.mark.parametrize("value", [-1.0, 31.0, float("nan"), "much"])
def test_a_scale_out_of_range_is_refused(value) -> None:
    with pytest.raises(OptionError, match="audio scale alone"):
        PaintSettings(audio_alone=value)
