"""Stage `restyle.baseline`: see `restyle_controller`."""

from collections.abc import Mapping
from typing import Any

from sonolume.data.restyle_table import read_pairs
from sonolume.training.context import Context
from sonolume.training.settings import from_table
from sonolume.training.stages.restyle_controller import BaselineSettings, RestyleBaseline

__all__ = ["build"]


def build(context: Context, table: Mapping[str, Any]) -> RestyleBaseline:
    """The stage with the settings of a recipe's table."""
    return RestyleBaseline(
        read_pairs(context.aids),
        from_table(BaselineSettings, table, context.where),
        context.weights,
        commercial=context.commercial,
    )
