"""Another timbre for a sound, by an exported TorchScript model such as RAVE's."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sonolume.errors import ModelError, OptionError
from sonolume.media import Audio
from sonolume.media.guard import require_file

USUAL_RATE = 48_000
RATE_NAMES = ("sampling_rate", "sample_rate", "sr")
# RAVE compresses by powers of two, up to this; longer blocks would be no use for single sounds.
LONGEST_STRIDE = 1 << 16
MAX_BYTES = 1 << 30
FAILURES = (RuntimeError, AttributeError, torch.jit.Error)


class Timbre:
    """A sound → the same sound as another instrument would make it: waveform in, waveform out.

    The model is called with [1, 1, n] and may answer for whole blocks only; the length of a block
    is measured when it is loaded.
    """

    def __init__(self, model: Callable[[torch.Tensor], torch.Tensor], rate: int) -> None:
        self._model, self.rate = model, rate
        self.stride = _stride(self._length)

    @classmethod
    def load(cls, path: Path | str, *, trust: bool) -> "Timbre":
        """A model that `torch.jit.save` wrote.

        Such a file holds code, which runs here. Raises OptionError without `trust`, MediaError for
        a missing file, ModelError for one that is no such model.
        """
        path = Path(path)
        require_file(path)
        if not trust:
            raise OptionError(
                f"{path} holds code that would run here; give --trust if you know where it is from"
            )
        if path.stat().st_size > MAX_BYTES:
            raise ModelError(f"{path}: a model of more than 1 GiB")
        try:
            model: Any = torch.jit.load(path, map_location="cpu").eval()  # type: ignore[no-untyped-call]
            return cls(model, _rate_of(model))
        except (RuntimeError, ValueError) as error:
            said = str(error).strip().splitlines()
            raise ModelError(
                f"{path} is no TorchScript model ({said[0] if said else ''})"
            ) from None

    @torch.inference_mode()
    def __call__(self, sound: Audio) -> Audio:
        """The sound in the other timbre: mono, as long and as loud as before.

        Raises ModelError when the model fails or gives no numbers.
        """
        mono = sound.mono().resample(self.rate).samples[0]
        padded = np.pad(mono, (0, -len(mono) % self.stride))
        given = torch.from_numpy(np.ascontiguousarray(padded))[None, None]
        try:
            out = self._model(given).float().reshape(-1)[: len(mono)].numpy()
        except FAILURES as error:
            raise ModelError(f"the timbre model failed ({str(error)[:120]})") from None
        if len(out) < len(mono) or not np.isfinite(out).all():
            raise ModelError("the timbre model gave too few numbers, or none; is it mono?")
        level = np.sqrt(np.square(mono).mean() / max(float(np.square(out).mean()), 1e-12))
        return Audio((out * level)[None].astype(np.float32), self.rate).resample(sound.rate)

    @torch.inference_mode()
    def _length(self, frames: int) -> int | None:
        """Frames that come out of so many; None where the model refuses."""
        try:
            return int(self._model(torch.zeros(1, 1, frames)).numel())
        except FAILURES:
            return None


def _stride(length: Callable[[int], int | None]) -> int:
    """The shortest block: lengths that are multiples of it come back whole.

    Raises ModelError where no power of two up to 65536 is one.
    """
    stride = LONGEST_STRIDE
    if not _whole(length, stride):
        raise ModelError(
            f"the timbre model does not give back {2 * LONGEST_STRIDE} samples for as many"
        )
    while stride > 1 and _whole(length, stride // 2):
        stride //= 2
    return stride


def _whole(length: Callable[[int], int | None], stride: int) -> bool:
    # An odd number of blocks, more than one: no multiple of a longer block.
    frames = stride * (2 * math.ceil(LONGEST_STRIDE / stride) + 1)
    return length(frames) == frames


def _rate_of(model: Any) -> int:
    """What the model says of its sample rate; 48 kHz, RAVE's, where it says nothing."""
    for name in RATE_NAMES:
        value = getattr(model, name, None)
        if value is not None and float(value) >= 1000:
            return int(value)
    return USUAL_RATE
