"""Rendered notes against closed forms: pitch, time, loudness, loops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sonolume.errors import OptionError
from sonolume.music.kit import Envelope, Instrument, Loop, Region, Sample
from sonolume.music.sampler import TableCache, render, render_track
from sonolume.music.score import Curve, Notes, Score, Track

RATE = 44_100
# Volume rests at 100/127, in squares.
REST = (100 / 127) ** 2
SIDE = np.sqrt(0.5) * REST
PLAIN = Envelope(attack=0.0, release=0.01)


def sine(hertz: float, seconds: float, rate: int = RATE) -> NDArray[np.float32]:
    return np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)[None].astype("f4")


def instrument(samples: NDArray[np.float32], rate: int = RATE, **fields: object) -> Instrument:
    fields = {"envelope": PLAIN, "velocity_gain": 0.0, "root": 69, **fields}
    return Instrument("x", (Region(Sample(samples, rate), **fields),))  # type: ignore[arg-type]


def looped(hertz: float = 441.0, mode: str = "continuous", **fields: object) -> Instrument:
    """A sine whose loop is a whole number of periods."""
    return instrument(
        sine(hertz, 1.0), loop=Loop(10_000, 10_000 + 100 * 200), loop_mode=mode, **fields
    )


def track(*rows: tuple[float, float, int, int], **curves: Curve) -> Track:
    return Track("t", Notes.of(rows), curves=dict(curves))  # type: ignore[arg-type]


def curve(*points: tuple[float, float]) -> Curve:
    return Curve(np.array([p[0] for p in points]), np.array([p[1] for p in points], "f4"))


def play(track: Track, instrument: Instrument, **options: object) -> NDArray[np.float32]:
    blocks = list(render_track(track, instrument, **options))  # type: ignore[arg-type]
    return np.concatenate([np.zeros((2, 0), "f4"), *blocks], axis=1)


def hertz_of(sound: NDArray[np.float32], rate: int = RATE) -> float:
    """Frequency of a steady sine: slope of the phase of its analytic signal."""
    from scipy.signal import hilbert

    phase = np.unwrap(np.angle(hilbert(sound.astype(float))))[2000:-2000]
    return float(np.polyfit(np.arange(len(phase)), phase, 1)[0] * rate / (2 * np.pi))


def cents(measured: float, wanted: float) -> float:
    return abs(1200 * np.log2(measured / wanted))


@settings(max_examples=15, deadline=None)
@given(
    key=st.integers(30, 105),
    root=st.integers(48, 81),
    tune=st.floats(-100, 100),
    rate=st.sampled_from([22_050, 44_100, 48_000]),
)
def test_notes_sound_at_their_key(key: int, root: int, tune: float, rate: int) -> None:
    recorded = 440 * 2 ** ((root - 69) / 12)
    x = instrument(sine(recorded, 2.0, rate), rate, root=root, tune=tune)
    wanted = 440 * 2 ** ((key - 69) / 12 + tune / 1200)
    sound = play(track((0, 0.4, key, 100)), x)
    assert cents(hertz_of(sound[0, : round(0.3 * RATE)]), wanted) < 1


@pytest.mark.parametrize("key", [40, 57, 69, 70, 81, 93])
def test_loops_sound_at_their_key_and_do_not_click(key: int) -> None:
    sound = play(track((0, 4, key, 100)), looped())[0, : 4 * RATE - 100]
    wanted = 441 * 2 ** ((key - 69) / 12)
    hertz = hertz_of(sound)
    assert cents(hertz, wanted) < 0.05
    # What is left beside the sine: a click would stand out.
    steady = sound[5000:-5000].astype(float)
    t = 2 * np.pi * hertz * np.arange(len(steady)) / RATE
    basis = np.stack([np.sin(t), np.cos(t)], axis=1)
    rest = steady - basis @ np.linalg.lstsq(basis, steady, rcond=None)[0]
    assert np.abs(rest).max() < 1e-3 * np.abs(steady).max()


def test_single_period_loops_hold_their_pitch_for_long() -> None:
    x = instrument(sine(441, 0.2), loop=Loop(1000, 1100), loop_mode="continuous")
    sound = play(track((0, 20, 64, 100)), x)[0]
    assert cents(hertz_of(sound[: 19 * RATE]), 441 * 2 ** (-5 / 12)) < 0.05


@pytest.mark.parametrize("shift", [5, 12, 19])
def test_notes_above_the_root_do_not_alias(shift: int) -> None:
    # Everything beyond the band after the shift has to be gone, not folded.
    tone = sine(21_000 / 2 ** (shift / 12) * 1.15, 1.0)
    sound = play(track((0, 1, 69 + shift, 100)), instrument(tone))[0]
    spectrum = np.abs(np.fft.rfft(sound[2000:12_000] * np.hanning(10_000)))
    full = SIDE * np.hanning(10_000).sum() / 2
    assert 20 * np.log10(spectrum.max() / full) < -70


@settings(max_examples=25, deadline=None)
@given(start=st.floats(0, 3), key=st.integers(50, 80), rate=st.sampled_from([22_050, 44_100]))
def test_notes_start_on_the_nearest_frame(start: float, key: int, rate: int) -> None:
    # Slow and symmetric around its peak, which is found to a fraction of a frame.
    frames = np.arange(rate // 2) - rate // 8
    bump = np.exp(-0.5 * np.square(frames / (rate / 100)))[None].astype("f4")
    sound = play(track((start, start + 3, key, 100)), instrument(bump, rate))[0].astype(float)
    ratio = rate / RATE * 2 ** ((key - 69) / 12)
    middle = np.sum(np.arange(len(sound)) * sound) / sound.sum()
    assert abs(middle - (start * RATE + rate // 8 / ratio)) <= 0.6


def test_the_envelope_is_what_it_says() -> None:
    shape = Envelope(delay=0.1, attack=0.2, hold=0.1, decay=1.0, sustain=0.1, release=0.5)
    x = instrument(np.ones((1, 5 * RATE), "f4"), envelope=shape)
    sound = play(track((0, 1.5, 69, 100)), x)[0] / SIDE
    t = np.arange(len(sound)) / RATE
    held = np.minimum(np.clip((t - 0.1) / 0.2, 0, 1), np.maximum(10 ** (-5 * (t - 0.4)), 0.1))
    wanted = np.where(t < 1.5, held, 0.1 * 10 ** (-5 * (t - 1.5) / 0.5))
    np.testing.assert_allclose(sound, wanted, atol=2e-5)
    assert len(sound) == 2 * RATE


def test_a_release_begins_where_the_attack_had_come() -> None:
    x = instrument(np.ones((1, RATE), "f4"), envelope=Envelope(attack=0.4, release=0.2))
    sound = play(track((0, 0.1, 69, 100)), x)[0] / SIDE
    assert sound.max() == pytest.approx(0.25, abs=1e-3)
    assert sound[round(0.14 * RATE)] == pytest.approx(0.25 * 10 ** (-5 * 0.2), rel=1e-3)


@pytest.mark.parametrize(("amount", "velocity"), [(1.0, 64), (0.5, 64), (0.0, 1), (1.0, 127)])
def test_velocity(amount: float, velocity: int) -> None:
    x = instrument(np.ones((1, RATE), "f4"), velocity_gain=amount)
    sound = play(track((0, 0.5, 69, velocity)), x)[0] / SIDE
    assert sound[100] == pytest.approx(1 + amount * ((velocity / 127) ** 2 - 1), rel=1e-5)


@pytest.mark.parametrize("pan", [-1.0, -0.3, 0.0, 0.6, 1.0])
def test_pan_keeps_the_power(pan: float) -> None:
    ones = np.ones((1, RATE), "f4")
    left, right = play(track((0, 0.5, 69, 100)), instrument(ones, pan=pan))[:, 100] / REST
    assert left**2 + right**2 == pytest.approx(1, rel=1e-5)
    assert left == pytest.approx(np.cos((pan + 1) * np.pi / 4), abs=1e-6)
    moved = track((0, 0.5, 69, 100), pan=curve((0, pan)))
    np.testing.assert_allclose(
        play(moved, instrument(ones))[:, 5000] / REST, [left, right], atol=1e-5
    )


def test_stereo_samples_keep_their_sides() -> None:
    sides = np.stack([np.full(RATE, 0.5, "f4"), np.full(RATE, -0.25, "f4")])
    sound = play(track((0, 0.5, 69, 100)), instrument(sides))
    np.testing.assert_allclose(sound[:, 100], np.array([0.5, -0.25]) * REST, rtol=1e-5)


def test_volume_and_expression_go_with_the_square_and_without_steps() -> None:
    x = instrument(np.ones((1, 2 * RATE), "f4"))
    part = track((0, 2, 69, 100), volume=curve((0, 1.0), (1, 0.5)), expression=curve((0, 0.8)))
    sound = play(part, x)[0] / np.sqrt(0.5)
    assert sound[RATE - 10] == pytest.approx(0.64, rel=1e-4)
    assert sound[RATE + 1000] == pytest.approx(0.16, rel=1e-4)
    assert np.abs(np.diff(sound[: 2 * RATE])).max() < 0.005


def test_bends_are_exact_and_in_tune() -> None:
    bent = track((0, 3, 69, 100), bend=curve((0, 0), (1, 2), (2, -0.5)))
    sound = play(bent, looped())[0]
    for second, semitones in enumerate((0, 2, -0.5)):
        part = sound[second * RATE + 500 : (second + 1) * RATE - 500]
        assert cents(hertz_of(part), 441 * 2 ** (semitones / 12)) < 0.2
    assert np.abs(np.diff(sound[: 3 * RATE])).max() < SIDE * 2 * np.pi * 441 * 1.13 / RATE


def test_modulation_is_a_vibrato_of_half_a_semitone() -> None:
    from scipy.signal import hilbert

    part = track((0, 3, 69, 100), modulation=curve((0, 1)))
    sound = play(part, looped())[0, : 3 * RATE].astype(float)
    speed = np.diff(np.unwrap(np.angle(hilbert(sound))))[5000:-5000] * RATE / (2 * np.pi)
    swing = 1200 * np.log2(speed / 441)
    assert swing.max() == pytest.approx(50, abs=2)
    assert swing.min() == pytest.approx(-50, abs=2)
    spectrum = np.abs(np.fft.rfft(swing - swing.mean(), 1 << 20))
    assert spectrum.argmax() * RATE / (1 << 20) == pytest.approx(5.5, abs=0.1)


def test_a_sustain_loop_is_left_when_the_key_is() -> None:
    # Silent loop in the middle, a step behind it: heard only when the loop is left.
    samples = np.zeros((1, 30_000), "f4")
    samples[:, 20_000:] = 1
    x = instrument(
        samples, loop=Loop(5000, 10_000), loop_mode="sustain", envelope=Envelope(release=10)
    )
    sound = play(track((0, 2, 69, 100)), x)[0] / SIDE
    assert np.abs(sound[: 2 * RATE]).max() < 1e-3
    place = 5000 + (2 * RATE - 5000) % 5000
    step = np.flatnonzero(sound > 0.25)[0]
    assert abs(step - (2 * RATE + 20_000 - place)) <= 1


def test_leaving_a_sustain_loop_is_seamless_at_any_pitch() -> None:
    x = looped(mode="sustain", envelope=Envelope(release=5))
    sound = play(track((0, 1.2345, 73, 100)), x)[0]
    edge = round(1.2345 * RATE)
    part = sound[edge - 3000 : edge + 3000].astype(float)
    # The fourth difference takes the sine away and leaves a jump sixfold: below -85 dB.
    assert np.abs(np.diff(part, 4)).max() < 6 * 10 ** (-85 / 20)


def test_one_shots_play_to_their_end_and_others_stop() -> None:
    ones = np.ones((1, RATE), "f4")
    once = play(track((0, 0.1, 69, 100)), instrument(ones, loop_mode="one_shot"))
    assert once.shape == (2, RATE)
    assert play(track((0, 0.1, 69, 100)), instrument(ones)).shape == (2, round(0.11 * RATE))


def test_the_pedal_holds_and_striking_again_damps() -> None:
    ones = np.ones((1, 4 * RATE), "f4")
    pedal = {"sustain": curve((0, 1), (2, 0))}
    held = play(track((0, 0.5, 69, 100), **pedal), instrument(ones))
    # Lifted by the end of the track at the latest, as nothing is played any more.
    assert held.shape[1] == round(0.51 * RATE)
    both = play(track((0, 0.5, 69, 100), (3, 3.5, 60, 100), **pedal), instrument(ones))[0] / SIDE
    assert both[RATE] == pytest.approx(1, rel=1e-4)
    assert both[round(2.1 * RATE)] == 0
    again = play(track((0, 0.5, 69, 100), (1, 1.5, 69, 100), **pedal), instrument(ones))[0] / SIDE
    assert again[round(1.2 * RATE)] == pytest.approx(1, rel=1e-4)


def test_regions_take_turns_and_layers_sound_together() -> None:
    def region(level: float, **fields: object) -> Region:
        fields = {"envelope": PLAIN, "velocity_gain": 0.0, "loop_mode": "one_shot", **fields}
        return Region(Sample(np.full((1, 1000), level, "f4"), RATE), root=60, **fields)  # type: ignore[arg-type]

    x = Instrument("x", (
        region(0.1, turn=(1, 3), key_cents=0), region(0.2, turn=(2, 3), key_cents=0),
        region(0.3, turn=(3, 3), key_cents=0), region(0.5, velocities=(120, 127), key_cents=0),
    ))  # fmt: skip
    rows = [(k / 10, k / 10 + 0.05, 60, 127 if k == 4 else 90) for k in range(6)]
    sound = play(track(*rows), x)[0] / SIDE
    heard = [round(float(sound[k * 4410 + 100]), 3) for k in range(6)]
    assert heard == [0.1, 0.2, 0.3, 0.1, 0.7, 0.3]


def test_a_group_chokes_another() -> None:
    def region(key: int, **fields: int) -> Region:
        sample = Sample(np.ones((1, RATE), "f4"), RATE)
        return Region(
            sample, keys=(key, key), root=key, loop_mode="one_shot", velocity_gain=0.0,
            envelope=PLAIN, **fields,
        )  # fmt: skip

    x = Instrument("hat", (region(46, group=0, off_by=1), region(42, group=1)))
    sound = play(track((0, 0.1, 46, 100), (0.5, 0.6, 42, 100)), x)[0] / SIDE
    edge = RATE // 2
    assert sound[edge - 1] == pytest.approx(1, rel=1e-4)
    assert sound[edge + 110] == pytest.approx(1.5, abs=0.01)
    assert sound[edge + 230] == pytest.approx(1, rel=1e-4)


def test_the_voice_released_first_is_stolen() -> None:
    x = instrument(np.ones((1, 4 * RATE), "f4"), key_cents=0, envelope=Envelope(release=60))
    rows = [(0, 3, 60, 100), (0.1, 0.5, 61, 100), (0.2, 0.3, 62, 100), (1, 2, 63, 100)]
    sound = play(track(*rows), x, polyphony=3)[0] / SIDE
    # 62 was released at 0.3 s, before 61: it goes, within 5 ms.
    fading = 10 ** (-5 * (1.02 - 0.5) / 60)
    assert sound[round(1.02 * RATE)] == pytest.approx(2 + fading, rel=1e-3)


def test_ten_thousand_notes_at_once_are_bounded() -> None:
    rows = [(0.5, 0.7, 50 + k % 30, 100) for k in range(10_000)]
    sound = play(track(*rows), looped(), polyphony=32)
    assert np.isfinite(sound).all()
    assert np.abs(sound).max() <= 32 * SIDE * 1.01


@pytest.mark.parametrize("block", [256, 5000, 44_100])
def test_the_block_changes_nothing(block: int) -> None:
    rng = np.random.default_rng(1)
    starts = rng.uniform(0, 3, 60)
    rows = [(s, s + rng.uniform(0.05, 1), int(rng.integers(50, 90)), 100) for s in starts]
    for mode in ("continuous", "sustain"):
        part = track(
            *rows, bend=curve((0, 0), (1, 0.7), (1.5, 0)), modulation=curve((2, 0.5), (2.5, 0)),
            volume=curve((0.5, 0.4), (1.3, 1)), pan=curve((1, -0.5)), sustain=curve((1, 1), (2, 0)),
        )  # fmt: skip
        whole = play(part, looped(mode=mode), block=1 << 20, polyphony=12)
        np.testing.assert_allclose(
            play(part, looped(mode=mode), block=block, polyphony=12), whole, atol=1e-6
        )


def test_silence() -> None:
    assert play(Track("", Notes.of([])), looped()).shape == (2, 0)
    unanswered = Instrument("x", (Region(Sample(sine(440, 1), RATE), keys=(10, 20)),))
    assert play(track((1, 2, 60, 100)), unanswered).shape == (2, 0)


def test_tracks_are_rendered_together() -> None:
    first, second = track((0, 1, 60, 100)), track((0.5, 2.5, 72, 100))
    score = Score((first, track((0, 9, 60, 1)), second))
    blocks = list(render(score, {0: looped(), 2: looped()}, block=10_000))
    sound = np.concatenate(blocks, axis=2)
    alone = play(first, looped())
    assert sound.shape[0] == 2
    np.testing.assert_array_equal(sound[0, :, : alone.shape[1]], alone)
    assert not sound[0, :, alone.shape[1] :].any()
    np.testing.assert_array_equal(sound[1], play(second, looped()))


@pytest.mark.parametrize("key", [0, 127])
@pytest.mark.parametrize("root", [0, 60, 127])
@pytest.mark.parametrize("rate", [1000, 768_000])
def test_absurd_shifts_stay_bounded(key: int, root: int, rate: int) -> None:
    x = instrument(np.ones((2, 5000), "f4"), rate, root=root, loop_mode="one_shot")
    frames = 0
    for block in render_track(track((0, 1, key, 100)), x):
        assert np.isfinite(block).all()
        frames += block.shape[1]
        if frames > 20 * RATE:
            break


def test_tables_are_dropped_beyond_the_budget() -> None:
    tables = TableCache(max_bytes=1 << 20)
    x = instrument(sine(440, 2.0))
    rows = [(k / 10, k / 10 + 0.5, 40 + k, 100) for k in range(40)]
    np.testing.assert_array_equal(play(track(*rows), x, tables=tables), play(track(*rows), x))
    assert tables.bytes <= 1 << 20


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rate": 10}, "sample rate of 10"),
        ({"block": 0}, "block of 0 frames"),
        ({"polyphony": 0}, "polyphony of 0"),
    ],
)
def test_options(options: dict[str, int], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        render_track(track((0, 1, 60, 100)), looped(), **options)
    with pytest.raises(OptionError, match="track 3; the score has 1"):
        render(Score((track((0, 1, 60, 100)),)), {3: looped()})
