"""A restyle drawn: how the picture changed, beside the sound before and after."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from sonolume.correspondence.drawing import draw_delta
from sonolume.media import Audio, Picture, atomic_path
from sonolume.pipelines.describe.plot import check_plot
from sonolume.pipelines.restyle.restyled import Restyled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

__all__ = ["draw_levels", "levels", "plot"]

LONGEST: Final = 30.0  # seconds that are drawn
RATE: Final = 32_000
WINDOW, HOP = 2048, 512
RANGE: Final = 80.0  # dB


def plot(
    made: Restyled,
    before: Path | str | Picture,
    after: Path | str | Picture,
    path: Path | str,
    *,
    force: bool = False,
) -> None:
    """Draw the delta and the spectrograms of the first 30 s into a PNG, PDF or SVG file.

    Raises OptionError for another suffix or an existing file without `force`; ModelError where
    matplotlib is missing.
    """
    target = Path(path)
    check_plot(target)
    from matplotlib.figure import Figure

    figure = Figure(figsize=(15, 7), layout="constrained")
    places = figure.subplot_mosaic([["change", "before"], ["change", "after"]])
    pictures = [p if isinstance(p, Picture) else Picture.read(p) for p in (before, after)]
    places["change"].imshow(draw_delta(pictures[0], pictures[1], made.delta).pixels)
    places["change"].set_axis_off()
    first, second = places["before"], places["after"]
    rate = made.rendering.recording.rate
    sounds = [
        levels(_beginning(blocks, rate), rate)
        for blocks in (made.rendering.recording.blocks(), made.rendering.blocks())
    ]
    top = max(float(each.max()) for each in sounds)
    image = draw_levels(first, sounds[0], rate, top)
    draw_levels(second, sounds[1], rate, top)
    for axes, title in ((first, "before"), (second, "after")):
        axes.set_title(title)
        axes.set_ylabel("kHz")
    second.set_xlabel("seconds")
    figure.colorbar(image, ax=[first, second], label="dB")
    with atomic_path(target, force=force) as temporary:
        figure.savefig(temporary, dpi=110, format=target.suffix.lower().removeprefix("."))


def _beginning(blocks: Iterable[NDArray[np.float32]], rate: int) -> NDArray[np.float32]:
    """Mono, at most half a minute."""
    wanted, found, frames = round(LONGEST * rate), [], 0
    for block in blocks:
        found.append(block[:, : wanted - frames].mean(axis=0))
        frames += found[-1].shape[0]
        if frames >= wanted:
            break
    joined: NDArray[np.float32] = np.concatenate(found)
    return joined


def levels(mono: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """A spectrogram of samples [n], dB [F, T], up to 16 kHz."""
    samples = Audio(mono[None], rate).resample(min(rate, RATE)).samples[0]
    samples = np.pad(samples, (0, max(0, WINDOW - len(samples))))
    frames = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP]
    power = np.abs(np.fft.rfft(frames * np.hanning(WINDOW))) ** 2
    decibels: NDArray[np.float32] = (10 * np.log10(power.T + 1e-9)).astype(np.float32)
    return decibels


def draw_levels(axes: "Axes", found: NDArray[np.float32], rate: int, top: float) -> "AxesImage":
    """Draw what `levels` gave of a sound at ``rate``, 80 dB down from ``top``."""
    lower = min(rate, RATE)
    extent = (0.0, found.shape[1] * HOP / lower, 0.0, lower / 2000)
    return axes.imshow(
        found, origin="lower", aspect="auto", extent=extent, cmap="magma", vmin=top - RANGE,
        vmax=top,
    )  # fmt: skip
