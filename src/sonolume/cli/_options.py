"""Options that mean the same in every command, and how results leave a command."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import click

__all__ = [
    "best_of_option",
    "force_option",
    "json_option",
    "quiet_option",
    "report",
    "seed_option",
]

Command = Callable[..., Any]


json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print the result as one line of JSON."
)
quiet_option = click.option(
    "--quiet", is_flag=True, help="Print nothing but errors (and JSON, if asked for)."
)
force_option = click.option("--force", is_flag=True, help="Replace files that exist.")
seed_option = click.option(
    "--seed",
    type=click.IntRange(0, 2**63 - 1),
    default=0,
    show_default=True,
    help="Equal seeds give equal results.",
)


def best_of_option(told: str) -> Callable[[Command], Command]:
    """``--best-of``, with what it does there."""
    return click.option(
        "--best-of", type=click.IntRange(1, 64), default=1, show_default=True, help=told
    )


def report(
    result: Mapping[str, Any], lines: Iterable[str], *, as_json: bool = False, quiet: bool = False
) -> None:
    """Print ``result`` as one line of JSON, or else the ``lines`` meant for people.

    ``--json`` wins over ``--quiet``: who asks for JSON wants to read it.
    """
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False))
    elif not quiet:
        for line in lines:
            click.echo(line)
