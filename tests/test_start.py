"""The first moment: nothing heavy is imported before it is needed."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys

import pytest

import sonolume

HEAVY = frozenset({"PIL", "accelerate", "diffusers", "numpy", "scipy", "torch", "transformers"})

MODULES = "import json, sys; print(json.dumps(sorted({n.split('.')[0] for n in sys.modules})))"


def loaded_after(code: str) -> set[str]:
    """Top-level modules in a fresh interpreter after it ran ``code``."""
    run = subprocess.run(
        [sys.executable, "-c", f"{code}\n{MODULES}"], capture_output=True, text=True, check=True
    )
    return set(json.loads(run.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "code",
    [
        "import sonolume",
        "import sonolume; sonolume.MediaError; dir(sonolume)",
        "from sonolume.cli.main import main; assert main(['--help']) == 0",
    ],
    ids=["import", "errors", "help"],
)
def test_nothing_heavy_at_the_start(code: str) -> None:
    loaded = loaded_after(code)
    assert "sonolume" in loaded
    assert loaded & HEAVY == set()


def test_help_of_every_verb_is_light() -> None:
    code = (
        "import click; from sonolume.cli.main import group, main\n"
        "verbs = group.list_commands(click.Context(group))\n"
        "assert len(verbs) > 2\n"
        "assert [main([verb, '--help']) for verb in verbs] == [0] * len(verbs)"
    )
    assert loaded_after(code) & HEAVY == set()


def test_the_list_of_models_needs_no_torch() -> None:
    code = "from sonolume.cli.main import main; assert main(['models', '--quiet']) == 0"
    assert "torch" not in loaded_after(code)


def test_help_takes_less_than_two_fifths_of_a_second() -> None:
    # Processor time: equal to the wall clock on an idle machine, and steady on a busy one.
    def seconds() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-m", "sonolume", "--help"]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True, env=os.environ)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(seconds() for _ in range(3)) < 0.4


def test_public_names_are_sorted_and_exist() -> None:
    assert sonolume.__all__ == sorted(sonolume.__all__)
    assert set(sonolume.__all__) <= set(dir(sonolume))
    for name in sonolume.__all__:
        assert getattr(sonolume, name) is not None


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'sonolume' has no attribute 'paintt'"):
        sonolume.paintt  # noqa: B018
