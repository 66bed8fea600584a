"""``sonolume evaluate``: the figures of a job, on any data of the known layout."""

from __future__ import annotations

import click

from sonolume.cli.evaluate.controller import command as controller
from sonolume.cli.evaluate.describe import command as describe
from sonolume.cli.evaluate.guide import command as guide
from sonolume.cli.evaluate.joint import command as joint
from sonolume.cli.evaluate.judge import command as judge
from sonolume.cli.evaluate.paint import command as paint
from sonolume.cli.evaluate.play import command as play
from sonolume.cli.evaluate.restyle import command as restyle
from sonolume.cli.evaluate.sound import command as sound

__all__ = ["command"]


@click.group
def command() -> None:
    """Measure a job on FOLDER/sounds and FOLDER/pictures.

    Prints metrics beside their controls; --out also writes evaluation.json and a page with grids.
    """


for _evaluation in (joint, paint, describe, guide, play, restyle, controller, sound, judge):
    command.add_command(_evaluation)
