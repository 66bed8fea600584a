"""What both sizes of the painter promise, asked of each through the same pipeline."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

import sonolume
from sonolume.errors import MediaError, ModelError, OptionError
from sonolume.media import Audio, Picture, read_provenance
from sonolume.pipelines.paint.again import paint_again
from sonolume.pipelines.paint.pipeline import PaintPipeline
from sonolume.pipelines.paint.settings import PaintRequest, PaintSettings

QUICK = {"steps": 3, "shift": 1.0, "size": 16}
RATE = 16_000


@pytest.fixture(scope="module", params=["pocket", "full"])
def folder(request: pytest.FixtureRequest) -> Path:
    found: Path = request.getfixturevalue(f"tiny_{request.param}")
    return found


@pytest.fixture(scope="module")
def paint(folder: Path) -> PaintPipeline:
    return sonolume.load("paint", model=folder)


@pytest.fixture(scope="module")
def thunder(noise: Callable[..., np.ndarray]) -> Audio:
    return Audio(noise(1, RATE, seed=1)[None], RATE)


@contextmanager
def gates(paint: PaintPipeline, value: float) -> Iterator[None]:
    """Every gate at `value`, then as before."""
    found = paint.parts.denoiser.audio_parameters()
    saved = {k: p.clone() for k, p in found.items() if k.endswith("gate")}
    for key in saved:
        found[key].fill_(value)
    try:
        yield
    finally:
        for key, old in saved.items():
            found[key].copy_(old)


def difference(one: Picture, other: Picture) -> int:
    """The largest, in grey levels."""
    return int(np.abs(one.pixels.astype(int) - other.pixels).max())


def test_a_picture_of_the_side_that_was_asked_for(paint, thunder) -> None:
    for size in (16, 24, 40):
        picture = paint(thunder, "a beach", steps=2, size=size)
        assert picture.pixels.shape == (size, size, 3)
        assert picture.pixels.dtype == np.uint8


def test_without_a_size_it_is_the_usual_one(paint) -> None:
    picture = paint(None, "a beach", steps=1)
    assert picture.pixels.shape == (paint.parts.side, paint.parts.side, 3)
    assert picture.provenance["settings"]["size"] == paint.parts.side


def test_a_seed_decides_the_picture(paint, thunder, tmp_path) -> None:
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        paint(thunder, "a beach", seed=seed, **QUICK).save(tmp_path / f"{name}.png")
    first, again, other = (tmp_path / f"{name}.png" for name in "abc")
    assert first.read_bytes() == again.read_bytes()
    assert difference(Picture.read(first), Picture.read(other)) > 8


def test_words_decide_the_picture(paint) -> None:
    beach, city = paint(None, "a beach", **QUICK), paint(None, "the city under rain", **QUICK)
    assert difference(beach, city) > 0


def test_a_batch_paints_what_each_request_paints_alone(paint, thunder) -> None:
    heard = paint.request(thunder, "a beach", strength=0.7, seed=3)
    requests = [
        heard,
        PaintRequest("the city", seed=4),
        PaintRequest("", heard.sound, seed=5),
        PaintRequest("a forest", heard.sound, strength=0.0, seed=6),
    ]
    settings = PaintSettings(**QUICK)
    for request, picture in zip(requests, paint.paint_many(requests, settings), strict=True):
        alone = paint.paint_many([request], settings)[0]
        assert difference(picture, alone) <= 1
        assert picture.provenance == alone.provenance


def test_shift_moves_the_steps_into_the_noise(paint) -> None:
    asked: dict[float, list[float]] = {}
    for shift in (1.0, 3.0):
        seen = asked.setdefault(shift, [])
        paint(
            None,
            "a beach",
            callback_on_step_end=lambda _step, t, _clean, seen=seen: seen.append(t),
            **{**QUICK, "steps": 4, "shift": shift},
        )
    assert asked[1.0] == [0, 0.25, 0.5, 0.75]
    assert asked[3.0] == pytest.approx([0, 0.1, 0.25, 0.5])


def test_strength_zero_is_words_alone_to_the_bit(paint, thunder) -> None:
    silent = paint(thunder, "a beach", strength=0.0, **QUICK)
    words = paint(None, "a beach", **QUICK)
    np.testing.assert_array_equal(silent.pixels, words.pixels)


def test_open_gates_let_the_sound_change_the_picture(paint, thunder, noise) -> None:
    words = paint(None, "a beach", **QUICK)
    heard = paint(thunder, "a beach", **QUICK)
    other = paint(Audio(noise(2, RATE, seed=9)[None] ** 3, RATE), "a beach", **QUICK)
    assert difference(words, heard) > 2
    assert difference(heard, other) > 0


def test_closed_gates_are_the_bare_base(paint, thunder) -> None:
    words = paint(None, "a beach", **QUICK)
    with gates(paint, 0.0), warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".* has no trained adapter")
        heard = paint(thunder, "a beach", **QUICK)
    # Guidance adds three weights that sum to one, so the last bit may differ.
    assert difference(words, heard) <= 1


def test_closed_gates_leave_every_prediction_exact(paint) -> None:
    parts = paint.parts
    x = torch.randn(2, *parts.shape)
    t = torch.tensor([0.2, 0.9])
    words = parts.encode_words(["a beach", ""])
    sound = torch.randn_like(words)
    with gates(paint, 0.0), torch.inference_mode():
        assert torch.equal(parts.denoiser(x, t, words, None), parts.denoiser(x, t, words, sound))
    with torch.inference_mode():
        bare = parts.denoiser(x, t, words, None)
        assert not torch.equal(bare, parts.denoiser(x, t, words, sound))
        assert torch.equal(bare, parts.denoiser(x, t, words, torch.zeros_like(sound)))


def test_silence_warns_and_leaves_the_words(paint) -> None:
    silence = Audio(np.zeros((2, RATE), np.float32), RATE)
    with pytest.warns(UserWarning, match="sound is silent: painting from the words alone"):
        picture = paint(silence, "a beach", **QUICK)
    np.testing.assert_array_equal(picture.pixels, paint(None, "a beach", **QUICK).pixels)


def test_sound_alone_and_words_alone_both_paint(paint, thunder) -> None:
    sound, words = paint(thunder, **QUICK), paint(words="a beach", **QUICK)
    assert sound.provenance["words"] == ""
    assert sound.provenance["sound_embedding"] is not None
    assert words.provenance["sound_embedding"] is None
    assert difference(sound, words) > 0


def test_nothing_to_paint_from_is_refused(paint) -> None:
    message = "nothing to paint from: give a sound that is heard, or words"
    with pytest.raises(OptionError, match=message):
        paint(**QUICK)
    with pytest.raises(OptionError, match=message):
        paint(words=" \n\t ", **QUICK)
    silence = Audio(np.zeros((1, RATE), np.float32), RATE)
    with (
        pytest.warns(UserWarning, match="silent"),
        pytest.raises(OptionError, match=message),
    ):
        paint(silence, **QUICK)


def test_a_missing_sound_file_is_named(paint, tmp_path) -> None:
    with pytest.raises(MediaError, match=r"absent\.wav"):
        paint(tmp_path / "absent.wav", "a beach", **QUICK)


def test_a_file_is_heard_as_its_samples(paint, thunder, tmp_path) -> None:
    path = tmp_path / "thunder.flac"
    thunder.save(path)
    picture = paint(path, "a beach", **QUICK)
    assert picture.provenance["sound"] == "thunder.flac"
    assert difference(picture, paint(Audio.read(path), "a beach", **QUICK)) == 0


def test_a_long_file_is_heard_in_blocks_as_in_memory(paint, tmp_path, monkeypatch) -> None:
    time = np.arange(47 * RATE) / RATE
    sweep = 0.3 * np.sin(2 * np.pi * (100 + 30 * time) * time)
    Audio(np.stack([sweep, sweep**3]), RATE).save(tmp_path / "long.flac")
    whole, silent = paint.hear(Audio.read(tmp_path / "long.flac"))
    monkeypatch.setattr("sonolume.pipelines.paint.pipeline.BLOCK_SECONDS", 3.7)
    found, also_silent = paint.hear(tmp_path / "long.flac")
    torch.testing.assert_close(found, whole, atol=1e-5, rtol=0)
    assert silent is also_silent is False


@pytest.mark.slow
def test_memory_does_not_grow_with_the_sound(tiny_pocket, tmp_path) -> None:
    peaks = [_peak_of_hearing(tiny_pocket, tmp_path, minutes) for minutes in (5, 40)]
    # The longer file decodes to 920 MB; what grows is the allocator's disorder.
    assert peaks[1] - peaks[0] < 90_000_000


def _peak_of_hearing(model: Path, folder: Path, minutes: int) -> int:
    """Bytes that a process needs at most to hear so many minutes."""
    path = folder / "long.flac"
    with soundfile.SoundFile(path, "w", 48_000, 2, subtype="PCM_16") as file:
        minute = np.random.default_rng(0).normal(0, 3000, (60 * 48_000, 2)).astype(np.int16)
        for _ in range(minutes):
            file.write(minute)
    code = f"""
import resource
import sonolume

sonolume.load("paint", model={str(model)!r}).hear({str(path)!r})
print(1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return int(run.stdout)


def test_other_rates_and_channels_are_heard_alike(paint, thunder) -> None:
    one, _ = paint.hear(thunder)
    stereo = Audio(np.repeat(thunder.samples, 2, axis=0), RATE).resample(44_100)
    assert one.shape == (512,)
    assert float(one.norm()) == pytest.approx(1, abs=1e-5)
    assert float(one @ paint.hear(stereo)[0]) > 0.99


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"steps": 0}, "steps 0: expected 1 to 1000"),
        ({"steps": 2.5}, "steps 2.5: expected a whole number from 1 to 1000"),
        ({"shift": 0}, "shift 0: expected 0.1 to 20"),
        ({"shift": "late"}, "shift late: expected 0.1 to 20"),
        ({"size": 15}, "size 15: expected 16 to 1024"),
        ({"size": 1025}, "size 1025: expected 16 to 1024"),
        ({"size": "big"}, "size 'big': expected a whole number from 16 to 1024"),
        ({"text_scale": float("nan")}, "text scale nan: expected 0 to 30"),
        ({"text_scale": -1}, "text scale -1: expected 0 to 30"),
        ({"audio_scale": 31}, "audio scale 31: expected 0 to 30"),
        ({"audio_scale": "loud"}, "audio scale loud: expected 0 to 30"),
        ({"strength": 2.1}, "strength 2.1: expected 0 to 2"),
        ({"strength": float("inf")}, "strength inf: expected 0 to 2"),
        ({"seed": -1}, "seed -1: expected 0 to"),
        ({"seed": 2**63}, r"seed 9223372036854775808: expected 0 to"),
        ({"seed": 1.5}, "seed 1.5: expected a whole number from 0 to"),
        ({"sampler": "ddim"}, "sampler 'ddim': expected one of euler, heun"),
        ({"schedule": "late"}, "schedule 'late': expected one of smooth, hard, all"),
        ({"guidance": 2}, "unknown option 'guidance'; known: steps, text_scale"),
    ],
)
def test_options_out_of_range_are_refused(paint, option, message) -> None:
    with pytest.raises(OptionError, match=message):
        paint(None, "a beach", **{**QUICK, **option})


@pytest.mark.parametrize("sampler", ["euler", "heun"])
@pytest.mark.parametrize("schedule", ["smooth", "hard", "all"])
def test_every_sampler_and_schedule_paints(paint, thunder, sampler, schedule) -> None:
    picture = paint(thunder, "a beach", sampler=sampler, schedule=schedule, **QUICK)
    assert picture.pixels.std() > 1


def test_the_callback_sees_every_step(paint, thunder) -> None:
    seen = []
    paint(
        thunder,
        "a beach",
        steps=4,
        shift=1.0,
        size=16,
        callback_on_step_end=lambda step, t, clean: seen.append((step, t, clean.shape)),
    )
    shape = torch.Size([1, *paint.parts.shape])
    assert seen == [(step, step / 4, shape) for step in range(4)]


def test_an_interrupt_in_the_callback_passes_and_leaves_nothing(paint, tmp_path) -> None:
    def interrupt(step: int, t: float, clean: torch.Tensor) -> None:
        if step == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        paint(None, "a beach", callback_on_step_end=interrupt, **QUICK).save(tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []
    assert paint(None, "a beach", **QUICK).pixels.shape == (16, 16, 3)


def test_what_was_saved_paints_the_same(paint, thunder, tmp_path) -> None:
    paint.save_pretrained(tmp_path / "saved")
    again = PaintPipeline.from_pretrained(tmp_path / "saved")
    assert again.parts.hashes() == paint.parts.hashes()
    one, two = (p(thunder, "a beach", seed=2, **QUICK) for p in (paint, again))
    np.testing.assert_array_equal(one.pixels, two.pixels)


def test_an_existing_folder_is_not_overwritten(paint, tmp_path) -> None:
    (tmp_path / "mine").mkdir()
    with pytest.raises(OptionError, match="mine exists; choose another folder"):
        paint.save_pretrained(tmp_path / "mine")
    (tmp_path / "file.png").write_text("")
    with pytest.raises(OptionError, match=r"file\.png/in cannot be written"):
        paint.save_pretrained(tmp_path / "file.png" / "in")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file.png", "mine"]


def test_a_saved_picture_tells_how_to_paint_it_again(paint, thunder, tmp_path) -> None:
    path = tmp_path / "beach.png"
    paint(thunder, "a beach", strength=1.3, seed=11, sampler="heun", **QUICK).save(path)
    provenance = read_provenance(path)
    assert provenance is not None
    assert provenance["model"] == paint.parts.name
    assert provenance["weights"] == paint.parts.hashes()
    again = paint_again(provenance)
    np.testing.assert_array_equal(again.pixels, Picture.read(path).pixels)
    assert again.provenance == provenance


def test_other_weights_are_named_when_painting_again(paint) -> None:
    provenance = paint(None, "a beach", **QUICK).provenance
    other = {**provenance, "weights": {**provenance["weights"], "upscaler": "0" * 64}}
    with pytest.warns(UserWarning, match="painted by other weights: expect another picture"):
        paint_again(other, paint)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"words": None}, "unusable provenance"),
        ({"sound_embedding": "AAAA"}, "unusable provenance"),
        ({"sound_embedding": "!"}, "unusable provenance"),
        ({"settings": None}, "unusable provenance"),
        ({"model": "somebody/else"}, "painted by 'somebody/else', which is not here"),
        ({"model": "nowhere"}, "nowhere: neither pocket weights nor a Stable Diffusion folder"),
    ],
)
def test_broken_provenance_is_refused(paint, change, message) -> None:
    provenance = paint(None, "a beach", **QUICK).provenance
    with pytest.raises(ModelError, match=message):
        paint_again({**provenance, **change})


def test_provenance_records_the_enlargement(paint) -> None:
    assert paint(None, "a beach", steps=1, size=16).provenance["upscaled_from"] is None
    assert paint(None, "a beach", steps=1, size=40).provenance["upscaled_from"] == 16


def test_words_beyond_the_tower_are_told(paint) -> None:
    with pytest.warns(UserWarning, match="only the beginning of so many words is read"):
        paint(None, "a beach " * 200, steps=1, size=16)


def test_nan_weights_do_not_become_a_picture(paint) -> None:
    def spoil(step: int, t: float, clean: torch.Tensor) -> None:
        clean.fill_(float("nan"))

    with pytest.raises(MediaError, match="NaN or infinite"):
        paint(None, "a beach", callback_on_step_end=spoil, **QUICK)
