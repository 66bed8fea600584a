"""Paints the pictures that the documentation shows: `python examples/make_grids.py docs/grids`."""

from pathlib import Path

import click
from scenes import draw

import sonolume
from sonolume.data.states import STATES
from sonolume.media import Picture
from sonolume.media.grid import grid
from sonolume.pipelines.paint.pipeline import PaintPipeline

SOUNDS = Path(__file__).parent / "sounds"
NAMES = ("thunder", "rain", "waves", "birds", "fire", "wind", "bell")
SCENES = ("a beach", "a city", "a forest", "mountains")
CONCEPTS = (
    "waves", "a dog", "an elephant", "a motorcycle", "a church", "a guitar", "a piano", "a lion",
    "an airplane", "a train", "a bus", "a cat", "a horse", "a clock", "a door", "rain",
    "a stream", "children playing", "a helicopter", "a violin", "a drum kit", "a songbird",
    "an owl", "a police car",
)  # fmt: skip
DRAWN = ("beach", "hills", "city", "forest")
STATE_SIDE = 176
STRENGTHS = (0.0, 0.5, 1.0, 1.5)


def concepts(paint: PaintPipeline) -> Picture:
    """One picture for each of some words, each from a seed of its own."""
    requests = [paint.request(None, words, seed=seed) for seed, words in enumerate(CONCEPTS)]
    return grid(paint.paint_many(requests), columns=8)


def scenes_and_sounds(paint: PaintPipeline) -> Picture:
    """Every scene (rows) without and under every example sound (columns), one seed."""
    requests = [
        paint.request(sound, scene, seed=3)
        for scene in SCENES
        for sound in (None, *(SOUNDS / f"{name}.flac" for name in NAMES))
    ]
    return grid(
        paint.paint_many(requests),
        columns=1 + len(NAMES),
        column_labels=["(no sound)", *NAMES],
        row_labels=SCENES,
    )


def strengths(paint: PaintPipeline) -> Picture:
    """A beach under three sounds (rows) of growing strength (columns)."""
    chosen = ("thunder", "fire", "birds")
    requests = [
        paint.request(SOUNDS / f"{name}.flac", "a beach", strength=strength, seed=3)
        for name in chosen
        for strength in STRENGTHS
    ]
    return grid(
        paint.paint_many(requests),
        columns=len(STRENGTHS),
        column_labels=[str(strength) for strength in STRENGTHS],
        row_labels=chosen,
    )


def seeds(paint: PaintPipeline) -> Picture:
    """Sounds without words (rows), eight seeds each (columns)."""
    requests = [
        paint.request(SOUNDS / f"{name}.flac", "", seed=seed) for name in NAMES for seed in range(8)
    ]
    return grid(paint.paint_many(requests), columns=8, row_labels=NAMES)


def states() -> Picture:
    """Drawn scenes (rows) as they are and in every state (columns) that training renders."""
    made = []
    for seed, name in enumerate(DRAWN):
        scene = draw(name)
        made += [scene, *(Picture(s.edit(scene.pixels, 1.0, seed)) for s in STATES.values())]
    return grid(
        [picture.resize(STATE_SIDE, STATE_SIDE) for picture in made],
        columns=1 + len(STATES),
        column_labels=["(as drawn)", *STATES],
        row_labels=DRAWN,
    )


@click.command
@click.argument("folder", type=click.Path(path_type=Path))
def main(folder: Path) -> None:
    """Paint all grids into FOLDER."""
    folder.mkdir(parents=True, exist_ok=True)
    states().save(folder / "states.jpg", force=True)
    click.echo(folder / "states.jpg")
    paint = sonolume.load("paint")
    for make in (concepts, scenes_and_sounds, strengths, seeds):
        target = folder / f"{make.__name__.replace('_', '-')}.jpg"
        make(paint).save(target, force=True)
        click.echo(target)


if __name__ == "__main__":
    main()
