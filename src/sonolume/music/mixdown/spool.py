"""A mix on its way: kept on the disk, with what the master chain must know of it in memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sonolume.errors import OptionError
from sonolume.signal.loudness import Weighting

__all__ = ["Outline", "Spool"]

AT_ONCE: Final = 1 << 16
HOP_SECONDS: Final = 0.002


@dataclass(frozen=True, eq=False)
class Outline:
    """A sound in hops of 2 ms.

    Attributes:
        power: K-weighted, summed over channels, mean of a hop, [hops].
        peak: greatest magnitude of a sample, [hops].
        hop: frames.
    """

    power: NDArray[np.float64]
    peak: NDArray[np.float64]
    hop: int


class Spool:
    """Stereo frames in a file without a name, that is gone when it is closed.

    Raises OptionError where the disk for temporary files is full.
    """

    def __init__(self, rate: int) -> None:
        self._rate, self._hop = rate, round(HOP_SECONDS * rate)
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        self.outline = Outline(np.zeros(0), np.zeros(0), self._hop)
        self.frames = 0

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def write(self, blocks: Iterable[NDArray[np.float32]]) -> None:
        """Keep blocks [2, n] and outline them."""
        weighting = Weighting(self._rate, 2)
        held = np.zeros((2, 2, 0))
        powers, peaks = [np.zeros(0)], [np.zeros(0)]
        for block in blocks:
            self._keep(block)
            self.frames += block.shape[1]
            both = np.stack([weighting.power(block), block])
            held = np.concatenate([held, both], axis=2)
            whole = held.shape[2] - held.shape[2] % self._hop
            hops = held[..., :whole].reshape(2, 2, -1, self._hop)
            held = held[..., whole:]
            powers.append(hops[0].sum(axis=0).mean(axis=1))
            peaks.append(np.abs(hops[1]).max(axis=(0, 2)))
        self.outline = Outline(np.concatenate(powers), np.concatenate(peaks), self._hop)

    def read(self) -> Iterator[NDArray[np.float32]]:
        """The same frames, from the start."""
        self._file.seek(0)
        while data := self._file.read(AT_ONCE * 8):
            yield np.frombuffer(data, np.float32).reshape(-1, 2).T

    def _keep(self, block: NDArray[np.float32]) -> None:
        try:
            self._file.write(np.ascontiguousarray(block.T, np.float32).tobytes())
            self._file.flush()
        except OSError as error:
            raise OptionError(
                f"{tempfile.gettempdir()} cannot hold the mix ({error.strerror}); make room there "
                "or set TMPDIR to another folder"
            ) from error
