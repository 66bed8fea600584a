"""Tempo, transposition and range; and the piano roll."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sonolume.errors import OptionError
from sonolume.media import Picture
from sonolume.music.score import Curve, Meter, Notes, Score, Track
from sonolume.music.scores.roll import draw_roll, save_roll
from sonolume.music.scores.shape import fold, retempo, transpose


def line(keys: list[int], drums: bool = False) -> Track:
    rows = [(0.5 * n, 0.5 * n + 0.4, key, 90) for n, key in enumerate(keys)]
    curves = {"pan": Curve(np.array([0.0, 2.0]), np.array([0.0, 1.0], np.float32))}
    return Track("line", Notes.of(rows), 3, drums, curves)


def test_half_the_tempo_is_twice_the_time() -> None:
    meters = (Meter(0.0, 120.0), Meter(1.0, 90.0, 3, 8))
    slow = retempo(Score((line([60, 64, 67]),), meters), 60.0)
    assert slow.meters == (Meter(0.0, 60.0), Meter(2.0, 45.0, 3, 8))
    np.testing.assert_allclose(slow.tracks[0].notes.start, [0, 1, 2])
    np.testing.assert_allclose(slow.tracks[0].notes.end, [0.8, 1.8, 2.8])
    assert slow.tracks[0].curves["pan"].time.tolist() == [0.0, 4.0]


def test_transposition_spares_drums_and_stays_on_the_keyboard() -> None:
    score = transpose(Score((line([60, 126]), line([36, 38], drums=True))), 5)
    assert score.tracks[0].notes.key.tolist() == [65, 119]
    assert score.tracks[1].notes.key.tolist() == [36, 38]


@given(st.lists(st.integers(0, 127), min_size=1, max_size=20), st.integers(-127, 127))
def test_transposition_keeps_pitch_classes(keys: list[int], semitones: int) -> None:
    moved = transpose(Score((line(keys),)), semitones).tracks[0].notes.key
    assert ((moved - np.array(keys) - semitones) % 12 == 0).all()
    assert (moved >= 0).all()
    assert (moved <= 127).all()


def test_a_melody_moves_as_a_whole_where_it_can() -> None:
    folded, count = fold(line([36, 40, 43, 48]), 60, 79)
    assert folded.notes.key.tolist() == [60, 64, 67, 72]
    assert count == 4


def test_phrases_move_together_where_all_cannot() -> None:
    # The high phrase falls an octave as one; the low one stays.
    folded, count = fold(line([60, 64, 67, 84, 83, 79, 84, 60, 62, 64]), 55, 76)
    assert folded.notes.key.tolist() == [60, 64, 67, 72, 71, 67, 72, 60, 62, 64]
    assert count == 4


def test_what_fits_stays() -> None:
    track, drums = line([60, 72]), line([30, 99], drums=True)
    assert fold(track, 60, 72) == (track, 0)
    assert fold(drums, 60, 72) == (drums, 0)


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 127), min_size=1, max_size=40), st.integers(0, 100), st.integers(11, 27)
)
def test_folded_keys_are_in_range_by_whole_octaves(keys: list[int], low: int, span: int) -> None:
    folded, count = fold(line(keys), low, low + span)
    moved = folded.notes.key.astype(int)
    assert ((moved - keys) % 12 == 0).all()
    assert (moved >= low).all()
    assert (moved <= low + span).all()
    assert count == np.count_nonzero(moved != keys)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(30, 100), min_size=1, max_size=5))
def test_no_other_folding_is_cheaper(keys: list[int]) -> None:
    """Against all combinations of octaves: away 1, apart from the neighbour 3, for each octave."""
    low, high = 55, 72
    folded, _ = fold(line(keys), low, high)
    ours = (folded.notes.key.astype(int) - keys) // 12
    if len(set(ours.tolist())) == 1:
        # One distance for all is preferred, whatever its cost.
        return
    grid = np.stack(np.meshgrid(*[np.arange(-4, 5)] * len(keys), indexing="ij"), -1)
    choices = grid.reshape(-1, len(keys))
    moved = choices * 12 + keys
    choices = choices[((moved >= low) & (moved <= high)).all(1)]

    def cost(octaves: np.ndarray) -> np.ndarray:
        return np.abs(octaves).sum(-1) + 3 * np.abs(np.diff(octaves, axis=-1)).sum(-1)

    assert cost(ours) == cost(choices).min()


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (lambda score: retempo(score, 0), "tempo 0"),
        (lambda score: retempo(score, float("nan")), "tempo nan"),
        (lambda score: transpose(score, 128), "semitones 128"),
        (lambda score: fold(score.tracks[0], 60, 70), "range 60 to 70"),
        (lambda score: fold(score.tracks[0], -1, 70), "range -1 to 70"),
        (lambda score: draw_roll(score, width=10), "10x700"),
    ],
)
def test_refused(act, reason: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(OptionError, match=reason):
        act(Score((line([60]),)))


def test_the_roll_shows_where_notes_are() -> None:
    loud = Track("a", Notes.of([(0.0, 1.0, 60, 127)]))
    soft = Track("b", Notes.of([(3.0, 4.0, 72, 20)]))
    pixels = draw_roll(Score((loud, soft)), width=800, height=400).pixels
    assert pixels.shape == (400, 800, 3)
    coloured = np.ptp(pixels[34:374, 44:].astype(int), axis=2) > 30
    rows, columns = np.nonzero(coloured)
    blocks = {bool(column > 378): rows[(columns > 378) == (column > 378)] for column in (0, 700)}
    # The first note is in the first quarter, below the second, which is in the last and paler.
    assert columns.min() < 5
    assert columns.max() > 750
    assert not ((columns > 190) & (columns < 565)).any()
    assert blocks[False].mean() > blocks[True].mean()
    saturation = np.ptp(pixels[34:374, 44:].astype(int), axis=2)
    assert saturation[:, :190].max() > saturation[:, 565:].max()


def test_an_empty_roll_and_a_saved_one(tmp_path: Path) -> None:
    assert draw_roll(Score(())).pixels.shape == (700, 1600, 3)
    save_roll(Score((line([60, 62]),)), tmp_path / "roll.png", width=640, height=300)
    assert Picture.read(tmp_path / "roll.png").pixels.shape == (300, 640, 3)
