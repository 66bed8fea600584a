"""Energy of the twelve pitch classes over time."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["chroma"]

WINDOW: Final = 0.186  # seconds: semitones are told apart from A3 (220 Hz) on
LOWEST, HIGHEST = 100.0, 5000.0  # Hz
MIDDLE_C: Final = 261.6255653
WEIGHT: Final = (math.log2(440.0), 2.0)  # octaves around A4 that count, as in Ellis and Poliner
SILENT_DB: Final = 60.0
AT_ONCE: Final = 256


def chroma(mono: NDArray[np.float32], rate: int, step: float) -> NDArray[np.float64]:
    """Chromagram [12, T] of mono samples [N] every ``step`` seconds, T = 1 + N // (step · rate).

    The magnitude spectrum of frames of 186 ms, peaks only, which keeps noise and the feet of loud
    partials out; each peak goes to the pitch class of its frequency, found between the bins, A4 =
    440 Hz. Columns are divided by their maximum; 60 dB below the loudest they are zero.
    """
    hop = max(1, round(step * rate))
    size = 2 * max(16, round(WINDOW * rate / 2))
    padded = np.pad(np.asarray(mono, np.float32), (size // 2, size // 2))
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop]
    parts = [_classes(frames[i : i + AT_ONCE], rate) for i in range(0, len(frames), AT_ONCE)]
    classes = np.concatenate(parts, axis=1)
    loudest = classes.max(axis=0)
    heard = loudest > loudest.max(initial=0.0) * 10 ** (-SILENT_DB / 20)
    scaled: NDArray[np.float64] = np.where(heard, classes / np.where(heard, loudest, 1.0), 0.0)
    return scaled


def _classes(frames: NDArray[np.float32], rate: int) -> NDArray[np.float64]:
    """Magnitude of each class in frames [T, n], [12, T]."""
    from scipy import fft

    size = frames.shape[1]
    spectrum = np.abs(fft.rfft(frames * np.hanning(size).astype(np.float32), axis=1))
    first = max(1, math.ceil(LOWEST * size / rate))
    last = min(spectrum.shape[1] - 1, math.floor(HIGHEST * size / rate))
    left, middle, right = (
        spectrum[:, first + shift : last + shift].astype(np.float64) for shift in (-1, 0, 1)
    )
    frame, column = np.nonzero((middle > left) & (middle >= right))
    a, b, c = (np.log(part[frame, column] + 1e-20) for part in (left, middle, right))
    bend = a - 2 * b + c
    offset = np.where(bend < 0, 0.5 * (a - c) / np.where(bend < 0, bend, -1.0), 0.0)
    octave = np.log2((column + first + offset.clip(-0.5, 0.5)) * rate / size)
    weight = np.exp(-0.5 * ((octave - WEIGHT[0]) / WEIGHT[1]) ** 2)
    pitch = np.round(12 * (octave - math.log2(MIDDLE_C))).astype(int) % 12
    strengths = middle[frame, column] * weight
    flat = np.bincount(frame * 12 + pitch, strengths, minlength=12 * len(frames))
    classes: NDArray[np.float64] = flat.astype(np.float64).reshape(-1, 12).T
    return classes
