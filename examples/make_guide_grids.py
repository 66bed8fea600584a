"""Makes the guided pictures of the docs: `python examples/make_guide_grids.py docs/grids`."""

from pathlib import Path

import click

import sonolume
from sonolume.media import Picture
from sonolume.media.grid import grid
from sonolume.pipelines.guide.pipeline import GuidePipeline, Preview

SOUNDS = Path(__file__).parent / "sounds"
WORDS = ("fire", "waves", "a forest", "a beach", "snow", "a door", "an organ", "a lion")
SEEDS = (0, 1, 2)
BALANCE = (0.0, 0.25, 0.5, 0.75, 1.0)
PAIRS = (("a beach", "fire"), ("a forest", "waves"), ("a city", "thunder"))
EVERY = 6


def words(guide: GuidePipeline) -> Picture:
    """Without guidance, then guided by some words (columns); a row for each seed."""
    cells = [
        guide([(text, weight)], seed=seed)
        for seed in SEEDS
        for text, weight in (("fire", 0.0), *((text, 1.0) for text in WORDS))
    ]
    return grid(cells, columns=1 + len(WORDS), column_labels=["(unguided)", *WORDS])


def balance(guide: GuidePipeline) -> Picture:
    """From words alone to a sound alone (columns) for some pairs of both (rows)."""
    cells = [
        guide([(text, 1 - share)], [(SOUNDS / f"{sound}.flac", share)], seed=1)
        for text, sound in PAIRS
        for share in BALANCE
    ]
    return grid(
        cells,
        columns=len(BALANCE),
        column_labels=[f"{share:.0%} sound" for share in BALANCE],
        row_labels=[f"{text} | {sound}" for text, sound in PAIRS],
    )


def steps(guide: GuidePipeline) -> Picture:
    """How some pictures form: the estimate after every few steps (columns)."""
    rows: list[list[Preview]] = []
    for text in WORDS[:4]:
        seen: list[Preview] = []
        guide(text, seed=3, previews=EVERY, on_preview=seen.append)
        rows.append(seen)
    return grid(
        [preview.picture for row in rows for preview in row],
        columns=len(rows[0]),
        column_labels=[str(preview.step) for preview in rows[0]],
        row_labels=WORDS[:4],
    )


@click.command
@click.argument("folder", type=click.Path(path_type=Path))
def main(folder: Path) -> None:
    """Make all grids into FOLDER."""
    folder.mkdir(parents=True, exist_ok=True)
    guide = sonolume.load("guide")
    guide.describer = None  # nobody reads captions here
    for make in (words, balance, steps):
        target = folder / f"guided-{make.__name__}.jpg"
        make(guide).save(target, force=True)
        click.echo(target)


if __name__ == "__main__":
    main()
