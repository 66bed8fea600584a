"""Log-mels as pictures to look at."""

import numpy as np
from numpy.typing import NDArray

from sonolume.media import Picture

DARKEST, BRIGHTEST = -13.8, 4.0  # ln of power


def mel_picture(mel: NDArray[np.float32]) -> Picture:
    """Log-mel [64, T] as a picture of T × 64 pixels, low bands below; black is silence."""
    unit = np.clip((mel[::-1] - DARKEST) / (BRIGHTEST - DARKEST), 0, 1)
    return Picture(np.repeat((255 * unit).astype(np.uint8)[..., None], 3, axis=2))
