"""``sonolume models``: which models there are, what they do, and on what terms."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from sonolume.cli._options import json_option, quiet_option, report

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sonolume.hub.registry import Model

__all__ = ["command"]


@click.command
@json_option
@quiet_option
def command(as_json: bool, quiet: bool) -> None:
    """List the models: size, licence, where they are.

    Embedded models are part of this installation; the others are downloaded when first used.
    """
    from sonolume.hub.registry import registry

    models = registry()
    result = {"models": [asdict(model) for model in models]}
    report(result, _table(models), as_json=as_json, quiet=quiet)


def _table(models: Sequence[Model]) -> Iterator[str]:
    rows = [("NAME", "JOB", "PARAMETERS", "SIZE", "LICENCE", "WHERE")]
    rows += [
        (
            model.name,
            model.job,
            f"{model.parameters / 1e6:,.1f} M",
            f"{model.size / 1e6:,.1f} MB",
            model.licence,
            "in this installation" if model.embedded else model.where,
        )
        for model in models
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = zip(row, widths, strict=True)
        yield "  ".join(cell.ljust(width) for cell, width in cells).rstrip()
