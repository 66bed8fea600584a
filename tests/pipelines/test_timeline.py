"""Timelines of sounds whose content is known to the sample."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sonolume.errors import MediaError
from sonolume.pipelines.describe.timeline import Run, hear, runs, smooth

RATE = 100


def level(windows: np.ndarray) -> torch.Tensor:
    """[W, 1]: the mean of each window."""
    return torch.from_numpy(windows.mean(axis=1, keepdims=True))


def steps(*values: float, seconds: float = 5.0) -> np.ndarray:
    """Stretches that waver around a value each, too little for the ear to matter here."""
    wave = np.resize([0.01, -0.01], round(seconds * RATE))
    return np.concatenate([value + wave for value in values]).astype(np.float32)


@pytest.mark.parametrize("block", [7, 500, 10_000])
def test_cells_wherever_the_blocks_end(block: int) -> None:
    sound = steps(0.1, 0.2, 0.3, 0.4)
    parts = [sound[at : at + block] for at in range(0, len(sound), block)]
    cells = hear(parts, level, RATE, 5.0, 5.0)
    assert cells.bounds == (0.0, 5.0, 10.0, 15.0, 20.0)
    torch.testing.assert_close(cells.embeddings[:, 0], torch.tensor([0.1, 0.2, 0.3, 0.4]))
    assert cells.sounding == [0, 1, 2, 3]


def test_overlapping_windows_speak_for_their_middles() -> None:
    cells = hear([steps(0.1, 0.2)], level, RATE, 5.0, 2.5)
    assert cells.bounds == (0.0, 3.75, 6.25, 10.0)
    torch.testing.assert_close(cells.embeddings[:, 0], torch.tensor([0.1, 0.15, 0.2]))


def test_the_last_window_ends_the_sound() -> None:
    sound = steps(0.1, 0.2)[:720]
    cells = hear([sound], level, RATE, 5.0, 5.0)
    assert cells.bounds[0] == 0.0
    assert cells.bounds[-1] == 7.2
    assert list(cells.bounds) == sorted(cells.bounds)
    assert cells.embeddings[-1, 0] == pytest.approx(sound[220:].mean(), abs=1e-6)


def test_a_short_sound_is_one_cell_and_repeated() -> None:
    cells = hear([steps(0.1)[:30]], level, RATE, 5.0, 5.0)
    assert cells.bounds == (0.0, 0.3)
    assert len(cells.embeddings) == 1


def test_silence_is_told_from_quiet() -> None:
    quiet = 0.001 * np.resize([1, -1], 500)
    sound = np.concatenate([np.full(500, 0.3), quiet, np.zeros(500)]).astype(np.float32)
    assert hear([sound], level, RATE, 5.0, 5.0).silent == (True, False, True)


def test_progress_counts_seconds() -> None:
    told: list[float] = []
    parts = [steps(0.1, seconds=5.0)] * 30
    hear(parts, level, RATE, 5.0, 5.0, told.append)
    assert told == sorted(told)
    assert told[-1] == 150.0


def test_nothing_is_refused() -> None:
    with pytest.raises(MediaError, match="no samples"):
        hear([], level, RATE, 5.0, 5.0)


def test_runs_join_equal_neighbours_and_keep_silence_apart() -> None:
    silent = [False, False, True, True, False, False, False]
    assert runs("aabcaab", silent) == [
        Run(0, 1, False), Run(2, 3, True), Run(4, 5, False), Run(6, 6, False)
    ]  # fmt: skip
    assert runs([], []) == []


def test_smoothing_takes_half_from_the_neighbours_but_not_over_silence() -> None:
    chances = torch.tensor([[1.0], [0.0], [0.0], [9.0], [1.0]])
    found = smooth(chances, [False, False, False, True, False])
    torch.testing.assert_close(found[:, 0], torch.tensor([0.75, 0.25, 0.0, 9.0, 1.0]))


def test_smoothing_keeps_what_is_constant() -> None:
    chances = torch.full((4, 3), 1 / 3)
    torch.testing.assert_close(smooth(chances, [False] * 4), chances)
