import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sonolume.errors import MediaError
from sonolume.signal.windows import LEVEL, normalise_level, repeat_to, window_batches, windows

SIZE = 160_000


@settings(max_examples=30, deadline=None)
@given(length=st.integers(1, 500_000))
def test_every_sample_is_heard_and_the_shape_is_known(length: int) -> None:
    samples = np.arange(1, length + 1, dtype=np.float32) / length
    cut = windows(samples)
    hops = max(0, -(-(length - SIZE) // 80_000))
    assert cut.shape == (1 + hops, SIZE)
    assert np.isfinite(cut).all()


@settings(max_examples=30, deadline=None)
@given(length=st.integers(1, 700_000), block=st.integers(3_000, 800_000), count=st.integers(1, 5))
def test_a_stream_has_the_windows_of_the_whole(length: int, block: int, count: int) -> None:
    samples = np.random.default_rng(length).normal(0, 0.1, length).astype(np.float32)
    stream = (samples[start : start + block] for start in range(0, length, block))
    batches = list(window_batches(stream, count))
    assert all(len(batch) == count for batch in batches[:-1])
    np.testing.assert_array_equal(np.concatenate(batches), windows(samples))


def test_the_last_window_ends_where_the_sound_ends() -> None:
    rng = np.random.default_rng(0)
    samples = rng.normal(0, 0.1, 200_001).astype(np.float32)
    np.testing.assert_allclose(
        windows(samples)[-1], normalise_level(samples[-SIZE:][None])[0], rtol=1e-5
    )


def test_short_sounds_are_repeated() -> None:
    np.testing.assert_array_equal(
        repeat_to(np.array([1, 2, 3], np.float32), 7), [1, 2, 3, 1, 2, 3, 1]
    )


@given(gain=st.floats(1e-3, 100), offset=st.floats(-1, 1))
def test_level_does_not_depend_on_gain_or_offset(gain: float, offset: float) -> None:
    samples = np.sin(np.arange(16_000) / 7).astype(np.float32)
    moved = normalise_level((gain * samples + offset).astype(np.float32))
    assert np.sqrt(np.mean(moved**2)) == pytest.approx(LEVEL, rel=1e-2)


def test_silence_stays_silence() -> None:
    np.testing.assert_array_equal(normalise_level(np.zeros(100, np.float32)), np.zeros(100))


def test_nothing_is_an_error() -> None:
    with pytest.raises(MediaError, match="empty sound"):
        windows(np.zeros(0, np.float32))
    with pytest.raises(MediaError, match="empty sound"):
        next(window_batches(iter(()), 8))
