"""Sound effects by tiny random pipelines of diffusers, saved in their published layout."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from sonolume.errors import ModelError, OptionError
from sonolume.music.scene import Source
from sonolume.pipelines.play.sounds_diffusers import (
    DiffusionSounds,
    effect_prompt,
    load_diffusion_sounds,
)

# diffusers builds this autoencoder with what torch calls outdated.
OUTDATED = "ignore:.*weight_norm.*is deprecated:FutureWarning"
BOTTLE = Source("glass bottle", "glass", "struck", ("bright", "ringing"))


@pytest.mark.slow
@pytest.mark.filterwarnings(OUTDATED)
@pytest.mark.parametrize(("kind", "channels"), [("stable_audio", 2), ("audioldm2", 1)])
def test_pipelines_make_sounds(kind: str, channels: int, request: pytest.FixtureRequest) -> None:
    folder = request.getfixturevalue(kind)
    maker = load_diffusion_sounds(folder, seconds=0.6, steps=2)
    sounds = maker.make(BOTTLE, 3, 5)
    assert [sound.samples.shape for sound in sounds] == [(channels, 600)] * 3
    assert {sound.rate for sound in sounds} == {1000}
    assert len({sound.samples.tobytes() for sound in sounds}) == 3
    # A seed is the same sound, whatever is made beside it.
    (alone,) = maker.make(BOTTLE, 1, 6)
    np.testing.assert_allclose(alone.samples, sounds[1].samples, atol=1e-4)
    drum = Source("drum", "skin", "struck", ("deep",))
    assert np.abs(maker.make(drum, 1, 6)[0].samples - alone.samples).max() > 0
    with pytest.raises(OptionError, match="0 sounds of a source"):
        maker.make(BOTTLE, 0, 0)


@pytest.mark.slow
@pytest.mark.filterwarnings(OUTDATED)
def test_what_the_model_refuses_is_one_error(stable_audio: Path) -> None:
    maker = load_diffusion_sounds(stable_audio, seconds=2.0, steps=1)
    with pytest.raises(ModelError, match="refused 'glass bottle'"):
        maker.make(BOTTLE, 1, 0)


def test_prompts_are_sound_effects() -> None:
    assert effect_prompt(BOTTLE) == (
        "glass bottle, struck, bright, ringing, a single natural sound, close recording"
    )
    assert effect_prompt(Source("log", "wood", "rubbed")).startswith(
        "log of wood, rubbed, a single"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seconds": 0.1}, "seconds 0.1; expected 0.5 to 30"),
        ({"steps": 0}, "steps 0; expected 1 to 1000"),
        ({"guidance": float("nan")}, "guidance nan; expected 1 to 30"),
    ],
)
def test_options_out_of_range(options: dict[str, float], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        DiffusionSounds(None, **options)  # type: ignore[arg-type]


def test_folders_that_hold_no_sound_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="model_index.json"):
        load_diffusion_sounds(tmp_path)
    index = {"_class_name": "StableDiffusionPipeline"}
    (tmp_path / "model_index.json").write_text(json.dumps(index))
    with pytest.raises(ModelError, match="a StableDiffusionPipeline; expected one of AudioLDM2"):
        load_diffusion_sounds(tmp_path)
    (tmp_path / "model_index.json").write_text('{"_class_name": ["x"]}')
    with pytest.raises(ModelError, match="expected one of AudioLDM2"):
        load_diffusion_sounds(tmp_path)
