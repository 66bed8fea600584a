"""``sonolume reproduce``: make a file again from what it says about itself."""

from __future__ import annotations

from pathlib import Path

import click

from sonolume.cli._options import force_option, json_option, quiet_option, report

__all__ = ["command"]

PICTURED = frozenset({"paint", "guide"})


@click.command
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Where to write the copy.  [default: NAME.reproduced.SUFFIX beside FILE]",
)
@force_option
@json_option
@quiet_option
def command(file: Path, output: Path | None, force: bool, as_json: bool, quiet: bool) -> None:
    """Make FILE again from what it says about itself.

    The copy is compared with the original. Equal bytes need the same version of torch and the same
    kind of processor; elsewhere the largest difference between two pixels of a picture is told.
    """
    from sonolume.errors import MediaError
    from sonolume.media.provenance import read_provenance

    target = output or file.with_name(f"{file.stem}.reproduced{file.suffix}")
    provenance = read_provenance(file)
    if provenance is None:
        raise MediaError(f"{file} does not say how it was made; only files that sonolume wrote do")
    _check_target(target, file, force=force)

    from sonolume.pipelines import reproduce

    reproduce(provenance).save(target, force=force)
    equal = target.read_bytes() == file.read_bytes()
    seen = provenance.get("job") in PICTURED
    difference = _largest_difference(file, target) if seen and not equal else 0
    result = {"file": str(file), "output": str(target), "bytes_equal": equal}
    if seen:
        result["largest_pixel_difference"] = difference
    verdict = "byte for byte the same"
    if not equal:
        verdict = _differs(difference) if seen else "not the same"
    report(result, [f"{target}: {verdict}"], as_json=as_json, quiet=quiet)


def _check_target(target: Path, file: Path, *, force: bool) -> None:
    """Refuse before the work what would be refused, or regretted, after it."""
    from sonolume.errors import OptionError

    if target.resolve() == file.resolve():
        raise OptionError(f"{target} is the original; give its copy another name with -o")
    if target.exists() and not force:
        raise OptionError(f"{target} exists; --force replaces it, -o gives another name")


def _largest_difference(a: Path, b: Path) -> int | None:
    """Largest difference of a pixel value, 0..255; None for pictures of different size."""
    import numpy as np

    from sonolume.media.picture import Picture

    first, second = Picture.read(a).pixels, Picture.read(b).pixels
    if first.shape != second.shape:
        return None
    return int(np.abs(first.astype(np.int16) - second).max())


def _differs(difference: int | None) -> str:
    if difference is None:
        return "not the same size"
    if difference == 0:
        return "the same pixels in different bytes"
    return f"not the same; pixel values differ by up to {difference} of 255"
