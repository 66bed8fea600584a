"""Options that restyling and its evaluation share."""

from __future__ import annotations

import click

__all__ = ["by_option", "prior_option"]

prior_option = click.option(
    "--prior",
    type=click.Choice(["hard", "soft", "both"]),
    default="both",
    show_default=True,
    help="Rules, style words, or both.",
)
by_option = click.option(
    "--by",
    type=click.Choice(["search", "controller", "both"]),
    default="search",
    show_default=True,
    help="What finds the effects; a controller only where --model holds one.",
)
