"""Make edited pairs of pictures: every edit of `sonolume.correspondence.edits`, on drawn scenes.

    python examples/make_edits.py [FOLDER] [--strengths 0.25 0.5 1] [--pictures FILE ...]

Writes SCENE.png, SCENE-EDIT-STRENGTH.png for each, and pairs.jsonl: a line for each pair with the
two files, the edit, its strength, and the visual descriptor that it moves, and which way.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from scenes import SCENES, draw

from sonolume.correspondence.edits import EDITS, edit
from sonolume.media import Picture
from sonolume.media.atomic import atomic_path

Pair = dict[str, str | float | int]


def pictures(files: Sequence[Path]) -> Iterator[tuple[str, Picture]]:
    """Names and pictures: the files given, or the drawn scenes."""
    if files:
        yield from ((file.stem, Picture.read(file)) for file in files)
    else:
        yield from ((name, draw(name)) for name in SCENES)


def write_pairs(
    folder: Path, name: str, picture: Picture, strengths: Sequence[float]
) -> Iterator[Pair]:
    """Write a picture and all its edits; what each pair is."""
    picture.save(folder / f"{name}.png", force=True)
    for kind, item in EDITS.items():
        for strength in strengths:
            after = f"{name}-{kind}-{strength:g}.png"
            edit(picture, kind, strength).save(folder / after, force=True)
            yield {
                "before": f"{name}.png",
                "after": after,
                "edit": kind,
                "strength": strength,
                "descriptor": item.descriptor,
                "direction": item.direction,
            }


def main() -> None:
    """Write all pairs into the folder of the command line."""
    parser = argparse.ArgumentParser(description="Make edited pairs of pictures.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path("edits"))
    parser.add_argument("--strengths", nargs="+", type=float, default=[0.25, 0.5, 1.0])
    parser.add_argument("--pictures", nargs="+", type=Path, default=[])
    arguments = parser.parse_args()
    folder: Path = arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    pairs = [
        pair
        for name, picture in pictures(arguments.pictures)
        for pair in write_pairs(folder, name, picture, arguments.strengths)
    ]
    with atomic_path(folder / "pairs.jsonl", force=True) as temporary:
        temporary.write_text("".join(json.dumps(pair) + "\n" for pair in pairs), encoding="utf-8")


if __name__ == "__main__":
    main()
