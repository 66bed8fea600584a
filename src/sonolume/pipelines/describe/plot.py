"""A description drawn: the spectrogram or the picture, with the words on it."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from sonolume.errors import ModelError, OptionError
from sonolume.media import Audio, Picture, atomic_path, blocks
from sonolume.pipelines.describe.description import Description, Segment
from sonolume.pipelines.describe.pipeline import Medium
from sonolume.signal.mel import HOP, N_MELS, RATE, LogMel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS: Final = 1200
BLOCK_SECONDS: Final = 20.0
NARROWEST: Final = 0.012  # share of the width that a stretch needs to carry its word
SUFFIXES: Final = (".png", ".pdf", ".svg")
PICTURE_SIDE: Final = 640


def plot(
    description: Description, medium: Medium, path: str | Path, *, force: bool = False
) -> None:
    """Draw what `medium` was described as into a PNG, PDF or SVG file.

    Raises OptionError for another suffix, an existing file without `force`, or a sound that was
    described without a timeline; ModelError where matplotlib is missing.
    """
    target = Path(path)
    check_plot(target)
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(4, 1))
    source = Path(medium) if isinstance(medium, str) else medium
    if isinstance(source, Path) and description.kind == "picture":
        source = Picture.read(source)
    if isinstance(source, Picture):
        _draw_picture(left, source)
    else:
        _draw_sound(left, source, description.timeline)
    _draw_keywords(right, description)
    left.set_title(description.caption or description.file or "", fontsize=11, wrap=True)
    with atomic_path(target, force=force) as temporary:
        figure.savefig(temporary, dpi=120, format=target.suffix.lower().removeprefix("."))


def check_plot(target: Path) -> None:
    """Refuse before the work what `plot` would refuse after it."""
    if target.suffix.lower() not in SUFFIXES:
        raise OptionError(f"{target}: a plot is saved as one of {', '.join(SUFFIXES)}")
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise ModelError(f"a plot needs matplotlib ({error}): pip install matplotlib") from error


def spectrogram(sound: Path | Audio, seconds: float, columns: int = COLUMNS) -> NDArray[np.float32]:
    """Log-mel [64, C ≤ `columns`] of a sound of that length, streamed; columns are means."""
    front = LogMel()
    frames = math.ceil(seconds * RATE / HOP)
    columns = max(1, min(columns, frames))
    sums, counts = np.zeros((N_MELS, columns)), np.zeros(columns)
    done = 0
    for block in blocks(sound, RATE, BLOCK_SECONDS):
        mel = front(torch.from_numpy(block)[None])[0].numpy()[:, : math.ceil(len(block) / HOP)]
        places = np.minimum((done + np.arange(mel.shape[1])) * columns // frames, columns - 1)
        np.add.at(sums.T, places, mel.T)
        np.add.at(counts, places, 1)
        done += mel.shape[1]
    means: NDArray[np.float32] = (sums / np.maximum(counts, 1)).astype(np.float32)
    return means


def _draw_sound(axes: "Axes", sound: Path | Audio, timeline: tuple[Segment, ...]) -> None:
    if not timeline:
        raise OptionError("a plot of a sound needs its timeline; describe it with timeline=True")
    end = timeline[-1].end
    image = spectrogram(sound, end)
    extent = (0.0, end, 0.0, float(N_MELS))
    axes.imshow(image, origin="lower", aspect="auto", extent=extent, cmap="magma")
    for segment in timeline:
        axes.axvline(segment.start, color="white", linewidth=0.6, alpha=0.7)
        if segment.end - segment.start >= NARROWEST * end and segment.keywords:
            middle = (segment.start + segment.end) / 2
            _write(axes, middle, segment.keywords[0].term, segment.end - segment.start > end / 8)
    axes.set_xlabel("seconds")
    axes.set_ylabel("mel band")


def _write(axes: "Axes", x: float, term: str, wide: bool) -> None:
    box: dict[str, Any] = {"facecolor": "black", "alpha": 0.55, "edgecolor": "none", "pad": 1.5}
    angle = 0 if wide else 90
    axes.text(
        x, N_MELS - 2, _plain(term), color="white", ha="center", va="top", rotation=angle,
        fontsize=9, bbox=box, clip_on=True,
    )  # fmt: skip


def _draw_picture(axes: "Axes", picture: Picture) -> None:
    height, width = picture.pixels.shape[:2]
    shrink = min(1.0, PICTURE_SIDE / max(height, width))
    small = picture.resize(max(1, round(width * shrink)), max(1, round(height * shrink)))
    axes.imshow(small.pixels)
    axes.set_axis_off()


def _draw_keywords(axes: "Axes", description: Description) -> None:
    keywords = description.keywords[:10]
    places = range(len(keywords))
    axes.barh(places, [k.probability for k in keywords], color="#4c6a92")
    axes.set_yticks(places, [_plain(k.term) for k in keywords])
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel("probability")
    axes.spines[["top", "right"]].set_visible(False)


def _plain(text: str) -> str:
    """Without the signs that matplotlib would read as mathematics; not longer than fits."""
    short = text if len(text) <= 32 else text[:31] + "…"
    return short.replace("$", r"\$")
