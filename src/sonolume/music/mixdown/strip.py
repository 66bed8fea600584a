"""The linear part of a mix: equaliser and room of every track, in one fast convolution."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sonolume.music.mixdown.settings import MixSettings
from sonolume.music.parts import Role
from sonolume.signal.equaliser import (
    Section,
    band_limit,
    high_pass,
    high_shelf,
    impulse_response,
    low_pass,
    low_shelf,
    peak,
)
from sonolume.signal.reverb import room_response

__all__ = ["SENDS", "Strips", "sections"]

# Amplitude of the room beside the direct sound.
SENDS: Final[dict[Role, float]] = {
    "drums": 0.12, "bass": 0.05, "guitar": 0.2, "keys": 0.22, "lead": 0.25, "pad": 0.35,
}  # fmt: skip
RUMBLE: Final = 30.0  # Hz
# The high pass has fallen below -200 dB by then.
EQUALISER_SECONDS: Final = 0.2


def sections(role: Role, rate: int) -> list[Section]:
    """A high pass at 30 Hz, the end of the band, and colour that keeps roles apart."""
    colour: dict[Role, list[Section]] = {
        "drums": [high_shelf(rate, 8000, 1.5)],
        "bass": [low_shelf(rate, 90, 1.5), low_pass(rate, 7000)],
        "guitar": [high_pass(rate, 80), peak(rate, 300, -1.5)],
        "keys": [high_pass(rate, 60), peak(rate, 350, -1.5)],
        "lead": [high_pass(rate, 110), peak(rate, 3000, 1.5)],
        "pad": [high_pass(rate, 130), high_shelf(rate, 6000, -2.0)],
    }
    return [high_pass(rate, RUMBLE), *colour[role], *band_limit()]


class Strips:
    """Filters lanes [lanes, 2, n], block by block; each comes back with its room.

    The room hears the middle of a lane, and answers to both sides.

    Args:
        roles: of the lanes.
        settings: of the mix.
    """

    def __init__(self, roles: Sequence[Role], settings: MixSettings) -> None:
        rate = settings.rate
        frames = round(EQUALISER_SECONDS * rate)
        self._equalisers = np.stack([impulse_response(sections(r, rate), frames) for r in roles])
        self._sends = np.array([SENDS[role] * settings.reverb for role in roles], np.float32)
        self._room = room_response(rate, settings.room)
        self.tail = self._equalisers.shape[1] + self._room.shape[1] - 2
        self._held = np.zeros((len(roles), 2, self.tail), np.float32)
        self._spectra = lru_cache(maxsize=2)(self._transformed)

    def process(self, lanes: NDArray[np.float32]) -> NDArray[np.float32]:
        """As many frames as were given."""
        count = lanes.shape[2]
        answer = self._convolved(lanes)
        answer[..., : self.tail] += self._held
        self._held = answer[..., count:]
        return answer[..., :count]

    def flush(self) -> NDArray[np.float32]:
        """The last `tail` frames, the room's."""
        return self._held

    def _convolved(self, lanes: NDArray[np.float32]) -> NDArray[np.float32]:
        from scipy import fft

        length = lanes.shape[2] + self.tail
        size = fft.next_fast_len(length, real=True)
        equalisers, room = self._spectra(size)
        answer = np.empty((*lanes.shape[:2], length), np.float32)
        for lane, sound in enumerate(lanes):
            direct = fft.rfft(sound, size)
            wet = direct.mean(axis=0) * (self._sends[lane] * room)
            answer[lane] = fft.irfft(equalisers[lane] * (direct + wet), size)[:, :length]
        return answer

    def _transformed(self, size: int) -> tuple[NDArray[Any], NDArray[Any]]:
        from scipy import fft

        return fft.rfft(self._equalisers, size), fft.rfft(self._room, size)
