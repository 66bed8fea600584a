"""What only the full size has: adapters, encoders by name, hub names, a warning."""

import json
import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest

import sonolume
from sonolume.errors import ModelError, OptionError
from sonolume.media import Audio
from sonolume.pipelines.paint.full import FullParts
from sonolume.pipelines.paint.pipeline import PaintPipeline

QUICK = {"steps": 2, "size": 16}


@pytest.fixture(scope="module")
def sound(noise) -> Audio:
    return Audio(noise(1, 16_000)[None], 16_000)


def test_without_an_adapter_sound_warns_once_and_changes_nothing(
    tiny_diffusion, tiny_clap, sound
) -> None:
    paint = sonolume.load("paint", model=tiny_diffusion, audio_encoder=tiny_clap)
    message = "has no trained adapter: the sound has no influence yet"
    with pytest.warns(UserWarning, match=message) as told:
        heard = paint(sound, "a beach", **QUICK)
    assert [Path(w.filename).name for w in told] == ["test_full.py"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        paint(sound, "a beach", **QUICK)
        words = paint(None, "a beach", **QUICK)
    assert np.abs(heard.pixels.astype(int) - words.pixels).max() <= 1


def test_a_saved_folder_is_whole(tiny_full) -> None:
    assert sorted(p.name for p in tiny_full.iterdir()) == [
        "adapter",
        "audio_encoder",
        "model_index.json",
        "scheduler",
        "text_encoder",
        "tokenizer",
        "unet",
        "vae",
    ]
    facts = json.loads((tiny_full / "adapter" / "adapter.json").read_text())
    assert facts["audio_encoder"] == "audio_encoder"
    assert facts["blocks"] == "all"
    assert set(FullParts(tiny_full).hashes()) == {
        "adapter",
        "text_encoder/model.safetensors",
        "unet/diffusion_pytorch_model.safetensors",
        "vae/diffusion_pytorch_model.safetensors",
    }


def test_it_can_be_moved(tiny_full, sound, tmp_path) -> None:
    shutil.copytree(tiny_full, tmp_path / "moved")
    one, two = (sonolume.load("paint", model=m) for m in (tiny_full, tmp_path / "moved"))
    pictures = [p(sound, "a beach", **QUICK).pixels for p in (one, two)]
    np.testing.assert_array_equal(*pictures)


def test_an_adapter_from_elsewhere(tiny_diffusion, tiny_clap, tiny_full, sound) -> None:
    parts = FullParts(tiny_diffusion, tiny_clap, adapter=tiny_full / "adapter")
    found = PaintPipeline(parts)(sound, "a beach", **QUICK)
    expected = sonolume.load("paint", model=tiny_full)(sound, "a beach", **QUICK)
    np.testing.assert_array_equal(found.pixels, expected.pixels)
    assert found.provenance["weights"] == expected.provenance["weights"]


def test_an_adapter_of_other_blocks_is_refused(tiny_full, tmp_path) -> None:
    shutil.copytree(tiny_full / "adapter", tmp_path / "adapter")
    path = tmp_path / "adapter" / "adapter.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "blocks": "mid+up"}))
    with pytest.raises(ModelError, match=r"adapter: an adapter of another model \(.*down_blocks"):
        FullParts(tiny_full, adapter=tmp_path / "adapter")


def test_fewer_blocks_can_be_chosen(tiny_diffusion, tiny_clap, tmp_path) -> None:
    parts = FullParts(tiny_diffusion, tiny_clap, blocks="mid+up")
    PaintPipeline(parts).save_pretrained(tmp_path / "saved")
    assert FullParts(tmp_path / "saved").denoiser.blocks == "mid+up"


def test_the_encoder_is_looked_at_early(tiny_diffusion, tmp_path) -> None:
    with pytest.raises(ModelError, match="nowhere: no such model folder"):
        FullParts(tiny_diffusion, "nowhere")
    with pytest.raises(ModelError, match=r"no config\.json in it; give a whole model folder"):
        FullParts(tiny_diffusion, tmp_path)


def test_the_usual_encoder_is_not_loaded_for_words(tiny_diffusion) -> None:
    paint = sonolume.load("paint", model=tiny_diffusion)
    assert paint.parts.audio_encoder == "laion/clap-htsat-unfused"
    assert paint(None, "a beach", **QUICK).pixels.shape == (16, 16, 3)


def test_words_that_clip_does_not_know(tiny_diffusion) -> None:
    paint = sonolume.load("paint", model=tiny_diffusion)
    with pytest.warns(UserWarning, match="no word of '海辺' is known: expect little of it"):
        paint(None, "海辺", **QUICK)


def test_a_name_that_means_nothing(tmp_path) -> None:
    for name in ("pockets", tmp_path):
        with pytest.raises(
            ModelError, match="neither pocket weights nor a Stable Diffusion folder"
        ):
            sonolume.load("paint", model=name)


def test_the_pocket_painter_has_its_own_ears(tiny_pocket, tiny_clap) -> None:
    with pytest.raises(OptionError, match="has its own audio encoder; leave audio_encoder out"):
        sonolume.load("paint", model=tiny_pocket, audio_encoder=tiny_clap)
