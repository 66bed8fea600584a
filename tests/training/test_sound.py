"""Stages `sound` and `vocoder` on a few noisy tones, and the parts that only they have."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.tiny_training import fitted

from sonolume.diffusion.sounds import LOWEST
from sonolume.errors import DataError, OptionError
from sonolume.hub import weights
from sonolume.hub.generator import load_generator, load_vocoder
from sonolume.training.context import Context
from sonolume.training.crops import lasts, stretch
from sonolume.training.loop import train
from sonolume.training.recipes import find_recipe, read_stage
from sonolume.training.settings import LoopSettings
from sonolume.training.spectra import WINDOWS, magnitudes, stft_distance
from sonolume.training.spectrograms import mel_picture
from sonolume.training.stages.registry import STAGES, build

LOOP = LoopSettings(
    steps=12, rate=3e-3, decay=0.0, warmup=1, average=0.5, precision="fp32", log_every=1
)
SILENCE = math.log(1e-6)
FILES = {"sound": "sound-generator", "vocoder": "vocoder"}


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def stage(name: str, tiny: Any, models: Path | None = None, **more: Any) -> Any:
    table = read_stage(find_recipe("tiny"), name, STAGES)[0]
    return build(name, Context(tiny.data, models=models, **more), table)


@pytest.fixture(params=sorted(FILES))
def made(request: pytest.FixtureRequest, tiny: Any, tiny_pocket: Path) -> Any:
    return stage(request.param, tiny, tiny_pocket if request.param == "sound" else None)


def test_training_moves_everything_and_exports_what_loads(made: Any, tmp_path: Path) -> None:
    before = {k: p.detach().clone() for k, p in made.model.named_parameters()}
    export = train(made, LOOP, tmp_path / "run", quiet=True)
    after = dict(made.model.named_parameters())
    assert [k for k, p in after.items() if torch.equal(p, before[k])] == []
    load = load_generator if made.name == "sound" else load_vocoder
    found = load(export).state_dict()
    stored, facts = weights.load(FILES[made.name], export)
    assert facts["commercial"] is False
    assert stored.keys() == found.keys()
    assert all(torch.isfinite(tensor).all() for tensor in found.values())


def test_the_loss_falls(made: Any) -> None:
    torch.manual_seed(0)
    batch = made.batch(rng())
    losses, figures = fitted(made, batch, 25)
    assert all(math.isfinite(value) for value in figures.values())
    assert np.mean(losses[-5:]) < 0.9 * np.mean(losses[:5])


def test_a_batch_is_a_function_of_the_generator_alone(made: Any) -> None:
    first, again, other = (made.batch(rng(seed)) for seed in (3, 3, 4))
    for key, tensor in first.items():
        torch.testing.assert_close(tensor, again[key], rtol=0, atol=0)
    assert any(not torch.equal(first[key], other[key]) for key in first)


def test_commercial_runs_leave_out_other_licences(tiny: Any) -> None:
    assert len(stage("vocoder", tiny).train) == 9
    assert len(stage("vocoder", tiny, commercial=True).train) == 6


def test_commercial_sounds_need_commercial_towers(tiny: Any, tiny_pocket: Path) -> None:
    with pytest.raises(OptionError, match="--commercial"):
        stage("sound", tiny, tiny_pocket, commercial=True)


def test_without_training_clips_there_is_an_error(tiny: Any, tmp_path: Path) -> None:
    folder = tmp_path / "sounds"
    folder.mkdir()
    import tarfile

    tarfile.open(folder / "sounds-0.tar", "w").close()
    with pytest.raises(DataError, match="no clips of the split train"):
        build("vocoder", Context(tmp_path), read_stage(find_recipe("tiny"), "vocoder", STAGES)[0])


def test_conditions_are_unit_vectors_of_words_and_clips_or_nothing(
    tiny: Any, tiny_pocket: Path
) -> None:
    sound = stage("sound", tiny, tiny_pocket)
    norms = torch.cat([sound.batch(rng(seed))["told"].norm(dim=1) for seed in range(60)])
    silent = norms == 0
    torch.testing.assert_close(norms[~silent], torch.ones(int((~silent).sum())))
    assert 0.03 < float(silent.float().mean()) < 0.2
    drawn = torch.stack([sound._condition(0, rng(seed)) for seed in range(40)])
    own = (drawn @ sound.heard[0].T).amax(1) > 1 - 1e-5
    said = (drawn @ sound.words[sound.labels[0]].T).amax(1) > 1 - 1e-5
    assert bool((own | said).all())
    assert 8 < int(own.sum()) < 32


def test_a_second_sound_of_the_concept_adds_its_power(tiny: Any, tiny_pocket: Path) -> None:
    sound = stage("sound", tiny, tiny_pocket)
    alone = [sound._sound(0, rng(seed)) for seed in range(8)]
    sound.settings = replace(sound.settings, together=1.0)
    both = [sound._sound(0, rng(seed)) for seed in range(8)]
    least, most = (
        np.min([b - a for a, b in zip(alone, both, strict=True)]),
        np.max([b - a for a, b in zip(alone, both, strict=True)]),
    )
    assert least > -1e-4
    assert most > 0.1
    for slug, rows in sound.alike.items():
        assert {sound.labels[row] for row in rows} == {slug}
    sound.mels = [np.full_like(mel, LOWEST) for mel in sound.mels]
    np.testing.assert_allclose(sound._sound(0, rng()), LOWEST, atol=1e-4)


def test_perceptual_distance_is_felt_by_the_generator_alone(tiny: Any, tiny_pocket: Path) -> None:
    sound = stage("sound", tiny, tiny_pocket)
    torch.manual_seed(1)
    loss, figures = sound.loss(sound.batch(rng()), 0, 0.0)
    loss.backward()
    assert figures["look"] > 0
    assert all(p.grad is None for p in sound.joint.parameters())
    true = sound.batch(rng())["sounds"]
    assert float(sound._look(true, true)) == 0


def test_vocoder_validation_names_its_controls(tiny: Any, tmp_path: Path) -> None:
    with torch.no_grad():
        figures = stage("vocoder", tiny).validate(tmp_path)
    ways = ("", "_iterated", "_griffin_lim")
    assert set(figures) == {f"{kind}{way}" for kind in ("stft", "mel") for way in ways}


def burst(frames: int, loud: int) -> np.ndarray:
    """Noise that is loud for `loud` frames and 12 nats below afterwards."""
    mel = rng(1).normal(0, 0.3, (64, frames)).astype(np.float32)
    mel[:, loud:] -= 12
    return mel


def test_long_clips_are_cut_anywhere_within() -> None:
    mel = np.broadcast_to(np.arange(300, dtype=np.float32), (64, 300))
    starts = [stretch(mel, 100, 1.0, rng(seed)) for seed in range(50)]
    for cut in starts:
        assert cut.shape == (64, 100)
        assert np.all(np.diff(cut[0]) == 1)
    firsts = [cut[0, 0] for cut in starts]
    assert min(firsts) < 40
    assert max(firsts) > 160


def test_lasting_clips_are_repeated() -> None:
    mel = burst(40, 40)
    assert lasts(mel)
    cut = stretch(mel, 100, 1.0, rng())
    np.testing.assert_array_equal(cut[:, 40:80], cut[:, :40])
    assert {tuple(c) for c in cut.T} == {tuple(c) for c in mel.T}


def test_what_dies_away_stands_once_in_its_floor() -> None:
    mel = burst(40, 20)
    assert not lasts(mel)
    starts = []
    for seed in range(40):
        cut = stretch(mel, 100, 1.0, rng(seed))
        loud = np.flatnonzero(cut.mean(0) > -6)
        assert len(loud) == 20
        assert loud[-1] - loud[0] == 19
        quiet = np.delete(cut, loud, axis=1)
        assert abs(quiet.mean() + 12) < 1
        starts.append(int(loud[0]))
    assert 10 < starts.count(0) < 30
    assert max(starts) > 40


def test_silence_stays_silence_around_a_sound() -> None:
    mel = burst(40, 20)
    mel[:, 25:] = SILENCE
    cut = stretch(mel, 100, 1.0, rng(2))
    assert np.mean(cut == np.float32(SILENCE)) > 0.7


def test_speed_changes_the_length() -> None:
    mel = burst(60, 30)
    lengths = [int((stretch(mel, 200, v, rng()).mean(0) > -6).sum()) for v in (0.5, 1.0, 2.0)]
    assert lengths == [60, 30, 15]


def test_a_clip_of_one_frame_fills_a_stretch() -> None:
    assert stretch(burst(1, 1), 50, 1.08, rng()).shape == (64, 50)


def test_magnitudes_agree_with_numpy() -> None:
    sound = torch.randn(1, 2000, generator=torch.Generator().manual_seed(0))
    found = magnitudes(sound, 256)[0, :, 10].numpy()
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(256) / 256)
    part = sound[0, 10 * 64 - 128 : 10 * 64 + 128].numpy()
    np.testing.assert_allclose(found, np.abs(np.fft.rfft(part * window)), rtol=1e-3, atol=2e-3)


def test_stft_distance_is_that_of_its_equations() -> None:
    sound = torch.randn(2, 4096, generator=torch.Generator().manual_seed(0))
    assert float(stft_distance(sound, sound)) == 0
    # Twice the sound: a convergence of 1 and a difference of ln 2 at every resolution.
    assert float(stft_distance(2 * sound, sound)) == pytest.approx(1 + math.log(2), rel=1e-2)
    assert len(WINDOWS) > 1


def test_silence_has_a_gradient() -> None:
    made = torch.zeros(1, 4096, requires_grad=True)
    stft_distance(made, torch.zeros(1, 4096)).backward()
    assert made.grad is not None
    assert bool(torch.isfinite(made.grad).all())


def test_pictures_of_mels_have_low_bands_below() -> None:
    mel = np.full((64, 10), SILENCE, np.float32)
    mel[0] = 4.0
    pixels = mel_picture(mel).pixels
    assert pixels.shape == (64, 10, 3)
    assert pixels[-1].min() == 255
    assert pixels[:-1].max() <= 1
