"""Running commands as a user would, in this process."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest
from tests.tiny_models import tiny_pocket, tiny_sounds
from tests.tiny_training import tiny

from sonolume.cli.main import main

__all__ = ["Outcome", "run", "tiny", "tiny_pocket", "tiny_sounds"]


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """``run("paint", "a.wav", ...)`` gives the exit code and what was printed."""

    def call(*args: object) -> Outcome:
        code = main([str(argument) for argument in args])
        return Outcome(code, *capsys.readouterr())

    return call
