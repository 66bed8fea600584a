"""The front end against librosa, and its own invariances."""

import librosa
import numpy as np
import pytest
import torch

from sonolume.signal.mel import F_MAX, F_MIN, FLOOR, HOP, N_FFT, N_MELS, RATE, WIN, LogMel
from sonolume.signal.windows import normalise_level


def reference(samples: np.ndarray) -> np.ndarray:
    power = librosa.feature.melspectrogram(
        y=samples,
        sr=RATE,
        n_fft=N_FFT,
        hop_length=HOP,
        win_length=WIN,
        window="hann",
        center=True,
        pad_mode="constant",
        power=2.0,
        n_mels=N_MELS,
        fmin=F_MIN,
        fmax=F_MAX,
    )
    return np.log(np.maximum(power, FLOOR))


def sounds() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    t = np.arange(RATE) / RATE
    return {
        "noise": rng.uniform(-1, 1, 2 * RATE).astype(np.float32),
        "tone": (0.5 * np.sin(2 * np.pi * 440 * t)).astype(np.float32),
        "sweep": np.sin(2 * np.pi * (50 + 3900 * t) * t).astype(np.float32),
        "click": np.eye(1, RATE, 5000, dtype=np.float32)[0],
        "silence": np.zeros(RATE, np.float32),
        "short": rng.uniform(-1, 1, 700).astype(np.float32),
    }


@pytest.mark.parametrize("name", list(sounds()))
def test_equals_librosa(name: str) -> None:
    samples = normalise_level(sounds()[name])
    ours = LogMel()(torch.from_numpy(samples)[None])[0].numpy()
    assert ours.shape == (N_MELS, 1 + len(samples) // HOP)
    np.testing.assert_allclose(ours, reference(samples), atol=1e-4)


def test_filters_equal_librosa() -> None:
    theirs = librosa.filters.mel(sr=RATE, n_fft=N_FFT, n_mels=N_MELS, fmin=F_MIN, fmax=F_MAX)
    np.testing.assert_allclose(LogMel().filters.numpy(), theirs, atol=1e-7)


def test_batch_equals_single() -> None:
    batch = torch.from_numpy(np.stack([sounds()["tone"], sounds()["click"]]))
    front = LogMel()
    together = front(batch)
    for row, alone in zip(together, batch, strict=True):
        torch.testing.assert_close(row, front(alone[None])[0])


def test_many_sounds_at_once_equal_each_alone() -> None:
    rng = np.random.default_rng(3)
    batch = torch.from_numpy(rng.normal(0, 0.1, (300, 4 * HOP)).astype(np.float32))
    front = LogMel()
    torch.testing.assert_close(front(batch)[7], front(batch[7:8])[0])


def test_gradients_reach_the_waveform() -> None:
    waveform = torch.from_numpy(sounds()["noise"])[None].double().requires_grad_()
    front = LogMel()
    front(waveform)[..., 60:80].mean().backward()
    assert waveform.grad is not None
    step = 1e-2 * waveform.grad / waveform.grad.norm()
    with torch.no_grad():
        rise = (front(waveform + step) - front(waveform - step))[..., 60:80].mean() / 2
    assert float(rise) == pytest.approx(float((waveform.grad * step).sum()), rel=0.05)


def test_twice_as_loud_is_two_ln_two_more() -> None:
    samples = torch.from_numpy(sounds()["noise"])[None] / 4
    front = LogMel()
    torch.testing.assert_close(
        front(2 * samples) - front(samples),
        torch.full((1, 64, 201), 2 * np.log(2).item()),
        atol=1e-3,
        rtol=0,
    )
