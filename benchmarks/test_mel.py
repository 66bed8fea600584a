"""The mel front end beside librosa's, on ten seconds of noise."""

import numpy as np
import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from sonolume.signal.mel import F_MAX, F_MIN, FLOOR, HOP, N_FFT, N_MELS, RATE, WIN, LogMel


@pytest.fixture
def samples() -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, 10 * RATE).astype(np.float32)


@pytest.mark.benchmark(group="log-mel of 10 s")
def test_sonolume(benchmark: BenchmarkFixture, samples: np.ndarray) -> None:
    front, waveform = LogMel(), torch.from_numpy(samples)[None]
    benchmark(front, waveform)


@pytest.mark.benchmark(group="log-mel of 10 s")
def test_librosa(benchmark: BenchmarkFixture, samples: np.ndarray) -> None:
    import librosa

    def peer() -> np.ndarray:
        power = librosa.feature.melspectrogram(
            y=samples, sr=RATE, n_fft=N_FFT, hop_length=HOP, win_length=WIN, n_mels=N_MELS,
            fmin=F_MIN, fmax=F_MAX, pad_mode="constant",
        )  # fmt: skip
        return np.log(np.maximum(power, FLOOR))

    benchmark(peer)
