"""The rooms of the package and the order in which they may know each other."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import sonolume

PACKAGE = Path(sonolume.__file__).parent

LOWEST_FIRST = (
    "errors",
    "media",
    "signal",
    "models",
    "diffusion",
    "correspondence",
    "music",
    "hub",
    "pipelines",
    "data",
    "training",
    "evaluation",
)
DOORS = frozenset({"cli", "server", "studio"})
FRONT = frozenset({"__init__", "__main__"})
COMPUTING = frozenset(
    {
        "signal",
        "models",
        "diffusion",
        "correspondence",
        "hub",
        "pipelines",
        "data",
        "training",
        "evaluation",
    }
)
RANK = {room: rank for rank, room in enumerate(LOWEST_FIRST)} | dict.fromkeys(DOORS, 100)


def room_of(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imports(tree: ast.AST, module: str) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of every import, at any depth; relative ones made absolute.

    ``from a import b`` gives ``a.b``: b may be a module.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = module.split(".")[: -node.level] if node.level else []
            stem = ".".join([*base, *filter(None, [node.module])])
            yield from ((node.lineno, f"{stem}.{alias.name}") for alias in node.names)


def fault(room: str, imported: str) -> str | None:
    """What is wrong with ``room`` importing ``imported``, or None."""
    top, *inner = imported.split(".")
    if top == "torch" and room not in COMPUTING:
        return f"{room} does not compute, so it may not import torch"
    if top != "sonolume" or room in FRONT or inner[:1] in (["__version__"], [room]):
        return None
    if not inner or inner[0] not in RANK:
        return f"{imported}: import from the module that holds the name, not from the front"
    if RANK[inner[0]] >= RANK[room]:
        return f"{room} may not know {inner[0]}"
    return None


def sources() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def test_every_module_stands_in_a_known_room() -> None:
    rooms = {room_of(path) for path in sources()}
    assert rooms - FRONT - set(RANK) == set()
    assert {"errors", "hub", "cli"} <= rooms


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_rooms_import_only_lower_rooms(path: Path) -> None:
    module = ".".join(("sonolume", *path.relative_to(PACKAGE).with_suffix("").parts))
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = ((line, fault(room_of(path), name)) for line, name in imports(tree, module))
    assert [f"line {line}: {what}" for line, what in found if what] == []


@pytest.mark.parametrize(
    ("room", "source", "message"),
    [
        ("media", "import sonolume.models.words", "media may not know models"),
        ("media", "from sonolume import hub", "media may not know hub"),
        ("signal", "def f():\n    from ..pipelines import load", "signal may not know pipelines"),
        ("cli", "from sonolume.server import app", "cli may not know server"),
        ("cli", "import torch.nn", "cli does not compute"),
        ("media", "def f():\n    from torch import Tensor", "media does not compute"),
        ("hub", "from sonolume import load", "not from the front"),
    ],
)
def test_the_walk_sees_what_is_forbidden(room: str, source: str, message: str) -> None:
    (found,) = imports(ast.parse(source), f"sonolume.{room}.some")
    assert message in str(fault(room, found[1]))


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("hub", "from .weights import load"),
        ("cli", "from sonolume.evaluation import figures"),
        ("media", "from sonolume import __version__"),
        ("models", "import torch"),
        ("__init__", "from sonolume.pipelines import load"),
    ],
)
def test_the_walk_allows_what_is_allowed(room: str, source: str) -> None:
    (found,) = imports(ast.parse(source), f"sonolume.{room}.some")
    assert fault(room, found[1]) is None
