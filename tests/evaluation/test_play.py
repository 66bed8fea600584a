"""The measures of `play` on sounds whose answers are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sonolume.evaluation.play_notes import RATE, cents_off, lateness, listen_to
from sonolume.evaluation.play_scores import RATE as SLOW
from sonolume.evaluation.play_scores import additive, hear_score
from sonolume.music.kit import Envelope, Instrument, Kit, Loop, Region, Sample
from sonolume.music.mixdown import MixSettings
from sonolume.music.score import Controller, Curve, Notes, Score, Track
from sonolume.signal.chroma import chroma


def tone(key: float, *, partials: int = 5, seconds: float = 1.2, fall: float = 1.0):
    time = np.arange(round(seconds * RATE)) / RATE
    f0 = 440 * 2 ** ((key - 69) / 12)
    waves = sum(np.sin(2 * np.pi * n * f0 * time) / n for n in range(1, partials + 1))
    return (0.2 * np.exp(-fall * time) * waves).astype(np.float32)


def instrument(tune: float = 0.0) -> Instrument:
    sample = Sample(tone(60, fall=0.0)[None], RATE)
    envelope = Envelope(attack=0.001, release=0.1)
    return Instrument("tone", (Region(sample, (48, 72), root=60, tune=tune, envelope=envelope),))


@pytest.mark.parametrize("fall", [0.0, 3.0, 12.0])
@pytest.mark.parametrize("cents", [-31.0, -4.0, 0.0, 2.5, 17.0])
@pytest.mark.parametrize("key", [33, 60, 84])
def test_pitch_is_read_to_half_a_cent(key: int, cents: float, fall: float) -> None:
    tolerance = 0.5 if fall < 10 or key > 40 else 3.0  # a few periods tell no more
    assert cents_off(tone(key + cents / 100, fall=fall), key) == pytest.approx(cents, abs=tolerance)


def test_silence_and_noise_are_not_in_tune() -> None:
    assert cents_off(np.zeros(RATE, np.float32), 60) == 60
    noise = np.random.default_rng(0).normal(size=RATE).astype(np.float32)
    off = [abs(cents_off(np.roll(noise, n), key)) for n, key in enumerate(range(40, 80))]
    assert np.mean(np.array(off) <= 5) < 0.4


@pytest.mark.parametrize("frames", [-40, 0, 3, 100])
def test_lateness_in_frames(frames: int) -> None:
    here, start = tone(60), 0.25
    there = np.zeros(2 * RATE, np.float32)
    first = round(start * RATE) + frames
    there[first : first + len(here)] = here
    assert lateness(there, here, start) == pytest.approx(frames / RATE, abs=1 / RATE)


def test_an_instrument_that_is_out_of_tune_is_found_out() -> None:
    good, bad = listen_to([instrument()], 12, 0), listen_to([instrument(tune=20)], 12, 0)
    assert np.abs(good.cents).max() < 1
    np.testing.assert_allclose(bad.cents, 20, atol=1)
    assert np.abs(good.late).max() < 1e-4
    assert len(good.clicks) == 0


@pytest.mark.parametrize(("end", "clean"), [(RATE // 2 + 37, False), (None, True)])
def test_a_loop_that_clicks_is_found_out(end: int | None, clean: bool) -> None:
    period = RATE / (440 * 2 ** ((60 - 69) / 12))
    first = round(20 * period)
    last = end or first + round(60 * period)
    breath = np.random.default_rng(0).normal(0, 1e-3, round(1.2 * RATE)).astype(np.float32)
    sample = Sample((tone(60, partials=1, fall=0.0) + breath)[None], RATE)
    region = Region(sample, (60, 71), root=60, loop=Loop(first, last), loop_mode="continuous")
    clicks = listen_to([Instrument("loop", (region,))], 1, 0).clicks
    assert (clicks < 12).all() == clean


def test_plain_tones_have_the_chroma_of_their_notes() -> None:
    part = Notes.of([(0, 1, 60, 90), (1, 2, 67, 90)])
    found = chroma(additive(Track("", part)).astype(np.float32), SLOW, 0.05)
    assert (found[:, 3:17].argmax(axis=0) == 0).all()
    assert (found[:, 23:37].argmax(axis=0) == 7).all()


def test_plain_tones_obey_pedal_bend_and_volume() -> None:
    part = Notes.of([(0, 0.5, 60, 90), (3, 3.5, 67, 90)])
    curves: dict[Controller, Curve] = {
        "sustain": Curve(np.array([0.2, 2.0]), np.array([1, 0], np.float32)),
        "bend": Curve(np.array([1.0, 2.5]), np.array([2, 0], np.float32)),
        "volume": Curve(np.array([0.0, 3.25]), np.array([1, 0.5], np.float32)),
    }
    mono = additive(Track("", part, curves=curves)).astype(np.float32)
    found = chroma(mono, SLOW, 0.05)
    assert (found[:, 3:17].argmax(axis=0) == 0).all()  # held on by the pedal
    assert (found[:, 23:37].argmax(axis=0) == 2).all()  # C bent to D
    assert np.abs(mono[round(2.01 * SLOW) : 3 * SLOW]).max() < 1e-3
    first, second = (mono[round(t * SLOW) : round((t + 0.2) * SLOW)] for t in (3.02, 3.27))
    assert np.sqrt(np.mean(second**2) / np.mean(first**2)) == pytest.approx(0.25, rel=0.02)


def test_a_loud_sample_does_not_drown_the_others() -> None:
    rows = [(0.5 * n, 0.5 * n + 0.45, key, 90) for n, key in enumerate((60, 64, 67, 64))]
    low = [(start, end, key - 9, speed) for start, end, key, speed in rows]
    score = Score((Track("Melody", Notes.of(rows), 73), Track("Bass", Notes.of(low), 33)))
    soft = replace(instrument().regions[0], gain_db=-40.0)
    players = (replace(instrument(), program=73), Instrument("soft", (soft,), program=33))
    heard = hear_score(score, Kit("two", players), MixSettings())
    assert heard.chroma is not None
    assert heard.chroma > 0.9


def test_wrong_notes_are_found_out() -> None:
    rows = [(0.5 * n, 0.5 * n + 0.45, key, 90) for n, key in enumerate((60, 64, 67, 64))]
    score, kit = Score((Track("Melody", Notes.of(rows)),)), Kit("off", (instrument(tune=600),))
    heard = hear_score(score, kit, MixSettings())
    assert heard.chroma is not None
    assert heard.chroma < 0.3


def test_a_score_on_a_kit_in_tune_has_the_chroma_of_the_score() -> None:
    rows = [(0.5 * n, 0.5 * n + 0.45, key, 90) for n, key in enumerate((60, 64, 67, 64, 60, 55))]
    heard = hear_score(
        Score((Track("Melody", Notes.of(rows)),)), Kit("one", (instrument(),)), MixSettings()
    )
    assert heard.chroma is not None
    assert heard.chroma > 0.9
    assert heard.loudness_error < 0.3
    assert heard.over < 0.05
