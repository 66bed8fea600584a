"""Silence for decoders that write to the process's error stream."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["hushed"]

STDERR = 2


class _ErrorStream:
    """Descriptor 2, and how many blocks want it closed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._blocks = 0
        self._kept: int | None = None

    def close(self) -> None:
        with self._lock:
            self._blocks += 1
            if self._blocks > 1:
                return
            try:
                self._kept = os.dup(STDERR)
            except OSError:  # a process without an error stream
                return
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, STDERR)
            os.close(nowhere)

    def open(self) -> None:
        with self._lock:
            self._blocks -= 1
            if self._blocks == 0 and self._kept is not None:
                os.dup2(self._kept, STDERR)
                os.close(self._kept)
                self._kept = None


_STREAM = _ErrorStream()  # one, as the process has one


@contextmanager
def hushed() -> Iterator[None]:
    """Send descriptor 2 nowhere inside the block, in every thread: keep the block short.

    libmpg123 prints its complaints there, whatever the caller does with its errors. Blocks may
    nest, and overlap in several threads: the stream comes back when the last one ends.
    """
    _STREAM.close()
    try:
        yield
    finally:
        _STREAM.open()
