"""Makes the restyle grid of the docs: `python examples/make_restyle_grid.py docs/grids`."""

import warnings
from pathlib import Path

import click
import numpy as np
from matplotlib.figure import Figure
from scenes import draw

from sonolume.correspondence.edits import edit
from sonolume.media import Audio, Picture
from sonolume.media.atomic import atomic_path
from sonolume.pipelines.restyle.draw import draw_levels, levels
from sonolume.pipelines.restyle.pipeline import RestylePipeline
from sonolume.pipelines.restyle.restyled import Restyled
from sonolume.pipelines.restyle.settings import RestyleSettings

EDITS = ("darken", "brighten", "blur", "noise", "zoom_out")
EDITED = 0.6
STRENGTHS = (0.5, 1.0, 1.5)
SCENE = "hills"
RATE, SECONDS = 32_000, 3.0
NOTES = (220.0, 277.2, 329.6, 440.0, 329.6, 277.2)
SHOWN = 10.0  # kHz
NAME = "restyle.png"


def melody() -> Audio:
    """Plucked notes every half second, of 24 harmonics, in stereo."""
    time = np.arange(round(SECONDS * RATE)) / RATE
    since, note = time % 0.5, (time // 0.5).astype(int)
    hertz = np.array(NOTES)[note % len(NOTES)]
    tones = sum(np.sin(2 * np.pi * hertz * k * since) / k for k in range(1, 25))
    voice = 0.08 * tones * np.exp(-4 * since) * np.minimum(1, since * 200)
    return Audio(np.stack([voice, 0.7 * np.roll(voice, RATE // 500)]).astype(np.float32), RATE)


def restyled(pipeline: RestylePipeline, picture: Picture, sound: Audio) -> list[list[Restyled]]:
    """A row for each edit, a column for each strength; by the rules alone."""
    heard = pipeline.listen(sound)
    rows = []
    for kind in EDITS:
        seen = pipeline.look_at(picture, edit(picture, kind, EDITED), prior="hard")
        rows.append([pipeline.follow(seen, heard, RestyleSettings(s, "hard")) for s in STRENGTHS])
    return rows


def told(made: Restyled) -> str:
    """How far went what was to move the most, as "brightness −1.2", a line each."""
    wanted = sorted(made.targets.values, key=lambda name: -abs(made.targets.values[name]))[:3]
    return "\n".join(f"{name} {made.moved[name]:+.1f}" for name in wanted).replace("-", "−")


def drawn(picture: Picture, sound: Audio, rows: list[list[Restyled]]) -> Figure:
    """Pictures on the left, spectrograms beside them."""
    figure = Figure(figsize=(15, 3 * len(EDITS)), layout="constrained")
    axes = figure.subplots(len(EDITS), 2 + len(STRENGTHS), width_ratios=[1, *[1.5] * 4])
    before = levels(sound.samples.mean(axis=0), RATE)
    for line, (kind, row) in enumerate(zip(EDITS, rows, strict=True)):
        axes[line, 0].imshow(edit(picture, kind, EDITED).pixels)
        axes[line, 0].set_title(kind.replace("_", " "))
        axes[line, 0].set_axis_off()
        draw_levels(axes[line, 1], before, RATE, float(before.max()))
        axes[line, 1].set_title("before")
        axes[line, 1].set_ylabel("kHz")
        for place, made in zip(axes[line, 2:], row, strict=True):
            heard = made.audio().samples[:, : sound.samples.shape[1]].mean(axis=0)
            draw_levels(place, levels(heard, RATE), RATE, float(before.max()))
            place.set_title(f"strength {made.strength:g}\n{told(made)}", fontsize=9)
        for place in axes[line, 1:]:
            place.set_ylim(0, SHOWN)
    for place in axes[-1, 1:]:
        place.set_xlabel("seconds")
    return figure


@click.command
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def main(folder: Path) -> None:
    """Write the grid into FOLDER."""
    folder.mkdir(parents=True, exist_ok=True)
    picture, sound = draw(SCENE), melody()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        rows = restyled(RestylePipeline(), picture, sound)
    with atomic_path(folder / NAME, force=True) as temporary:
        drawn(picture, sound, rows).savefig(temporary, dpi=70, format="png")


if __name__ == "__main__":
    main()
