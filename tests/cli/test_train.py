"""`sonolume train` from the recipe to the weights."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sonolume.hub import weights
from sonolume.training.checkpoint import checkpoints


def test_a_stage_from_recipe_to_weights(
    run: Callable[..., Any], tiny: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    options = ("--recipe", "tiny", "--data", tiny.data, "--models", tiny.models)
    first = run("train", "joint.sound", *options, "--steps", 2, "--json", "--quiet")
    assert (first.code, first.err) == (0, "")
    result = json.loads(first.out)
    assert result["stage"] == "joint.sound"
    assert result["export"] == str(Path("runs/joint.sound/export"))
    assert 0 <= result["validation"]["macro_top1"] <= 1
    assert weights.names(Path(result["export"])) == ("joint-sound",)
    # The same command with more steps goes on where that one ended.
    again = run("train", "joint.sound", *options, "--steps", 3)
    assert again.code == 0
    assert "joint.sound validation at 3 macro_top1" in again.err
    assert again.out.startswith(f"{Path('runs/joint.sound/export')}: joint.sound, macro_top1 ")
    assert [path.name for path in checkpoints(Path("runs/joint.sound"))][-1] == "state-00000003"


def test_commercial_is_written_into_the_weights(
    run: Callable[..., Any], tiny: Any, tmp_path: Path
) -> None:
    recipe = tmp_path / "own.toml"
    recipe.write_text(
        "[joint.words]\npairs = 2\ntexts = 2\nphrases = 2\n"
        "tower = {vocabulary = 300, width = 16, depth = 1, heads = 2}\n"
        "loop = {steps = 1}\n",
        "utf-8",
    )
    shared = ("--recipe", recipe, "--data", tiny.data, "--out", tmp_path / "out", "--quiet")
    assert run("train", "joint.words", *shared, "--commercial").code == 0
    metadata = weights.header("joint-words", tmp_path / "out" / "export").metadata
    assert metadata["commercial"] is True


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("joint",), "'joint' is not one of"),
        (("base", "--recipe", "huge"), "huge: no such recipe; give one of gpu, pocket, "),
        (("base", "--recipe", "tiny", "--aids", "a"), "base does not read --aids; leave it out"),
        (("base", "--steps", "0"), "0 is not in the range x>=1"),
        (("base", "--minutes", "0"), "0.0 is not in the range x>0"),
        (("joint.words", "--recipe", "tiny"), "unreadable"),
    ],
)
def test_what_cannot_be_trained(
    run: Callable[..., Any], arguments: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    outcome = run("train", *arguments, "--data", tmp_path, "--out", out)
    assert outcome.code == 2
    assert message in outcome.err
    assert len(outcome.err.splitlines()) == 1
    assert not out.exists()


def test_unknown_settings_are_named_with_their_file(
    run: Callable[..., Any], tiny: Any, tmp_path: Path
) -> None:
    recipe = tmp_path / "own.toml"
    recipe.write_text("[joint.words]\npears = 2\n[joint.words.loop]\nsteps = 1\n", "utf-8")
    outcome = run("train", "joint.words", "--recipe", recipe, "--data", tiny.data)
    assert outcome.code == 2
    assert f"{recipe}: joint.words: unknown key 'pears'; known: " in outcome.err
    recipe.write_text("[joint.words]\n[joint.words.loop]\nstep = 1\n", "utf-8")
    outcome = run("train", "joint.words", "--recipe", recipe, "--data", tiny.data)
    assert f"{recipe}: joint.words.loop: unknown key 'step'; known: " in outcome.err
    recipe.write_text("[joint.words]\n", "utf-8")
    outcome = run("train", "joint.words", "--recipe", recipe, "--data", tiny.data)
    assert "a run needs an end: give steps or --minutes above 0" in outcome.err
