"""Mixes against independent meters: loudness, true peak, stems that add up."""

from pathlib import Path

import numpy as np
import pyloudnorm
import pytest
import soundfile
import soxr

from sonolume.errors import DataError, MediaError, OptionError
from sonolume.media import Audio
from sonolume.music.kit import Envelope, Instrument, Loop, Region, Sample
from sonolume.music.mixdown import MixSettings, mix, mixdown
from sonolume.music.mixdown.balance import gains, pans, roles_of
from sonolume.music.mixdown.strip import Strips, sections
from sonolume.music.score import Curve, Notes, Score, Track
from sonolume.signal.equaliser import impulse_response

RATE = 44_100


def tone(level: float = 0.3) -> Instrument:
    time = np.arange(RATE) / RATE
    saw = sum(np.sin(2 * np.pi * 220.5 * k * time) / k for k in range(1, 30))
    sample = Sample(level * np.asarray(saw)[None].astype("f4"), RATE)
    shape = Envelope(attack=0.005, decay=4, sustain=0.3, release=0.3)
    return Instrument("tone", (
        Region(sample, root=57, loop=Loop(10_000, 30_000), loop_mode="continuous", envelope=shape),
    ))  # fmt: skip


def drum(level: float = 0.5) -> Instrument:
    rng = np.random.default_rng(0)
    hit = rng.normal(size=(2, RATE // 4)) * np.exp(-np.arange(RATE // 4) / 2000) * level
    sample = Sample(hit.astype("f4"), RATE)
    return Instrument("drum", (Region(sample, key_cents=0, loop_mode="one_shot"),), pitched=False)


def score(seconds: float = 6.0) -> Score:
    beats = np.arange(0, seconds - 0.5, 0.5)
    chord = [(t, t + 1.9, key, 80) for t in beats[::4] for key in (57, 60, 64)]
    return Score((
        Track("Drums", Notes.of([(t, t + 0.1, 38, 110) for t in beats]), drums=True),
        Track("", Notes.of([(t, t + 0.45, 33 + k % 5, 100) for k, t in enumerate(beats)]), 33),
        Track("Ünder: the pad/..", Notes.of(chord), 89),
        Track("lead", Notes.of([(t, t + 0.4, 69 + k % 7, 90) for k, t in enumerate(beats)]), 73),
    ))  # fmt: skip


def instruments() -> dict[int, Instrument]:
    return {0: drum(), 1: tone(), 2: tone(1e-4), 3: tone(0.9)}


@pytest.mark.parametrize("loudness", [-14.0, -23.0])
def test_mixes_meet_their_loudness_and_ceiling(tmp_path: Path, loudness: float) -> None:
    path = tmp_path / "song.wav"
    report = mixdown(score(), instruments(), path, settings=MixSettings(loudness=loudness))
    sound, rate = soundfile.read(path)
    assert rate == RATE
    measured = pyloudnorm.Meter(rate, "DeMan").integrated_loudness(sound)
    assert measured == pytest.approx(loudness, abs=0.3)
    assert report.loudness == pytest.approx(measured, abs=0.01)
    assert report.seconds == pytest.approx(len(sound) / rate)
    assert report.roles == ("drums", "bass", "pad", "lead")
    peak = np.abs(soxr.resample(sound, 1, 8, quality="VHQ")).max()
    assert 20 * np.log10(peak) <= -1


def test_stems_add_up_to_the_sound_before_the_limiter(tmp_path: Path) -> None:
    # Quiet enough that the limiter has nothing to do: the file is the sum.
    path, folder = tmp_path / "song.wav", tmp_path / "stems"
    quiet = MixSettings(loudness=-30)
    report = mixdown(score(), instruments(), path, settings=quiet, stems=folder)
    names = ["01-drums.wav", "02-bass.wav", "03-nder-the-pad.wav", "04-lead.wav"]
    assert [stem.name for stem in report.stems] == names
    assert sorted(page.name for page in folder.iterdir()) == names
    stems = [soundfile.read(stem)[0] for stem in report.stems]
    whole = soundfile.read(path)[0]
    np.testing.assert_allclose(np.sum(stems, axis=0), whole, atol=2e-6)
    loud = [pyloudnorm.Meter(RATE).integrated_loudness(stem) for stem in stems]
    # The pad's sample is 70 dB fainter than the lead's, and still heard.
    assert loud[3] - loud[2] == pytest.approx(9, abs=3)


def test_the_same_in_memory_and_in_every_format(tmp_path: Path) -> None:
    sound, report = mix(score(3.0), instruments())
    assert report.seconds == pytest.approx(sound.duration)
    for suffix, rate in ((".wav", RATE), (".flac", RATE), (".ogg", RATE), (".opus", 48_000)):
        path = tmp_path / f"song{suffix}"
        mixdown(score(3.0), instruments(), path, provenance={"made": "here"})
        read = Audio.read(path)
        assert (read.rate, read.provenance) == (rate, {"made": "here"})
        if suffix in (".wav", ".flac"):
            np.testing.assert_allclose(read.samples, sound.samples, atol=2**-23)


def test_a_mix_is_the_same_each_time() -> None:
    first, second = (mix(score(2.0), instruments())[0].samples for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_silence_stays_silent(tmp_path: Path) -> None:
    silent = Instrument("s", (Region(Sample(np.zeros((1, 100), "f4"), RATE)),))
    sound, report = mix(Score((Track("t", Notes.of([(0, 1, 60, 100)])),)), {0: silent})
    assert not sound.samples.any()
    assert report.loudness == -np.inf
    assert report.silent == (0,)
    deaf = Instrument("d", (Region(Sample(np.ones((1, 100), "f4"), RATE), keys=(0, 1)),))
    sound, report = mix(Score((Track("t", Notes.of([(0, 2, 60, 100)])),)), {0: deaf})
    assert sound.duration >= 2
    assert report.silent == (0,)


def test_a_silent_track_leaves_the_others_as_they_are() -> None:
    silent = Instrument("s", (Region(Sample(np.zeros((1, 100), "f4"), RATE)),))
    only = Score((score(2.0).tracks[3],))
    both = Score((score(2.0).tracks[3], score(2.0).tracks[1]))
    alone, _ = mix(only, {0: tone()})
    beside, report = mix(both, {0: tone(), 1: silent})
    assert report.silent == (1,)
    frames = min(alone.samples.shape[1], beside.samples.shape[1])
    np.testing.assert_allclose(alone.samples[:, :frames], beside.samples[:, :frames], atol=1e-5)


def test_one_short_hit_is_heard_and_not_crushed() -> None:
    sound, report = mix(
        Score((Track("t", Notes.of([(0, 0.1, 38, 127)]), drums=True),)), {0: drum()}
    )
    peak = 20 * np.log10(np.abs(sound.samples).max())
    assert -2.5 < peak <= -1
    assert report.loudness < 0


def test_a_huge_chord() -> None:
    chord = Score((Track("t", Notes.of([(0, 1, key, 127) for key in range(128)] * 20)),))
    sound, _ = mix(chord, {0: tone()})
    peak = np.abs(soxr.resample(sound.samples.T, 1, 8, quality="VHQ")).max()
    assert 20 * np.log10(peak) <= -1


def test_balance() -> None:
    loudness = [-20.0, -60.0, -30.0, -np.inf]
    roles = roles_of(score(), range(4), {3: "keys"})
    assert roles == ("drums", "bass", "pad", "keys")
    level = gains(score(), range(4), roles, loudness)
    assert level[3] == 0
    after = 20 * np.log10(level[:3]) + loudness[:3]
    np.testing.assert_allclose(after - after[0], [0, 0, -7], atol=1e-4)
    assert 10 * np.log10(np.sum(10 ** (after / 10))) == pytest.approx(-18)


def test_what_the_score_asks_of_volumes_is_kept() -> None:
    plain = score().tracks[3]
    half = Curve(np.zeros(1), np.full(1, 50 / 127, "f4"))
    softer = Track("soft", plain.notes, 73, curves={"volume": half})
    level = gains(Score((plain, softer)), (0, 1), ("lead", "lead"), [-20, -32.04])
    assert 20 * np.log10(level[1] / level[0]) == pytest.approx(0, abs=0.01)


def test_pans_keep_the_power_and_take_sides() -> None:
    part = score().tracks[3]
    own = Track("own", part.notes, curves={"pan": Curve(np.zeros(1), np.full(1, -1, "f4"))})
    sides = pans(Score((part, part, own)), (0, 1, 2), ("keys", "keys", "keys"), 1.0)
    np.testing.assert_allclose(np.square(sides).sum(axis=1), 2, rtol=1e-6)
    np.testing.assert_allclose(sides[0], sides[1][::-1], rtol=1e-6)
    np.testing.assert_allclose(sides[2], 1, rtol=1e-6)
    flat = pans(Score((part,)), (0,), ("keys",), 0.0)
    np.testing.assert_allclose(flat, 1, rtol=1e-6)


@pytest.mark.parametrize("block", [1000, 44_100])
def test_strips_convolve(block: int) -> None:
    settings = MixSettings(room=0.2)
    noise = np.random.default_rng(0).normal(0, 0.1, (1, 2, 20_000)).astype("f4")
    strips = Strips(["keys"], settings)
    parts = [strips.process(noise[..., k : k + block]) for k in range(0, 20_000, block)]
    ours = np.concatenate([*parts, strips.flush()], axis=2)[0]
    equaliser = impulse_response(sections("keys", RATE), round(0.2 * RATE))
    dry = np.convolve(noise[0, 0], equaliser)
    without = Strips(["keys"], MixSettings(room=0.2, reverb=0))
    first = np.concatenate([without.process(noise), without.flush()], axis=2)[0, 0]
    np.testing.assert_allclose(first[: len(dry)], dry, atol=1e-5)
    whole = Strips(["keys"], settings)
    np.testing.assert_allclose(
        ours, np.concatenate([whole.process(noise), whole.flush()], axis=2)[0], atol=1e-5
    )
    assert np.abs(ours[0, : len(dry)] - dry).max() > 0.001


def test_rumble_is_taken_out() -> None:
    for role in ("drums", "bass", "lead"):
        response = np.abs(np.fft.rfft(impulse_response(sections(role, RATE), RATE)))
        assert 20 * np.log10(response[5]) < -25


@pytest.mark.parametrize(
    ("field", "value"),
    [("rate", 4000), ("loudness", 0.0), ("ceiling", 1.0), ("reverb", -1), ("room", 99.0),
     ("width", 2.0), ("polyphony", 0), ("loudness", float("nan"))],
)  # fmt: skip
def test_settings_are_checked(field: str, value: float) -> None:
    with pytest.raises(OptionError, match=rf"{field} is|sample rate"):
        MixSettings(**{field: value})


def test_errors_leave_nothing(tmp_path: Path) -> None:
    path = tmp_path / "song.wav"
    with pytest.raises(DataError, match="no note to play"):
        mixdown(Score(()), {}, path)
    with pytest.raises(OptionError, match="track 9; the score has 4"):
        mixdown(score(), {9: tone()}, path)
    with pytest.raises(OptionError, match="role 'choir'; expected one of drums"):
        mixdown(score(), instruments(), path, roles={0: "choir"})  # type: ignore[dict-item]
    with pytest.raises(OptionError, match="cannot be saved as"):
        mixdown(score(), instruments(), tmp_path / "song.txt")
    with pytest.raises(MediaError, match="written to a file|to a file with mixdown"):
        mix(Score((Track("t", Notes.of([(0, 9999, 60, 1)])),)), {0: tone()})
    blocked = tmp_path / "file"
    blocked.write_text("x")
    with pytest.raises(OptionError, match="cannot be made"):
        mixdown(score(2.0), instruments(), path, stems=blocked)
    assert sorted(tmp_path.iterdir()) == [blocked]


def test_existing_stems_are_kept_without_force(tmp_path: Path) -> None:
    folder = tmp_path / "stems"
    folder.mkdir()
    (folder / "02-bass.wav").write_text("mine")
    with pytest.raises(OptionError, match="02-bass.wav exists"):
        mixdown(score(2.0), instruments(), tmp_path / "song.wav", stems=folder)
    assert [page.name for page in tmp_path.rglob("*")] == ["stems", "02-bass.wav"]
    report = mixdown(score(2.0), instruments(), tmp_path / "song.wav", stems=folder, force=True)
    assert len(report.stems) == 4
