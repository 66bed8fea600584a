"""Configurations of networks, as they stand in the header of their weights."""

from collections.abc import Mapping
from typing import Any, TypeVar

from sonolume.errors import ModelError

T = TypeVar("T")


def read_config(kind: type[T], metadata: Mapping[str, Any]) -> T:
    """The dataclass `kind` from `metadata["config"]`; JSON's lists become tuples.

    Raises ModelError when its keys are not those of this version.
    """
    try:
        table = metadata["config"].items()
        return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in table})
    except (KeyError, AttributeError, TypeError) as error:
        raise ModelError(
            f"weights of another version: {kind.__name__} does not fit ({error})"
        ) from error
