"""Recipes and settings: unknown keys, wrong types, what ships."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

from sonolume.errors import OptionError
from sonolume.training.caption_data import CaptionSettings
from sonolume.training.recipes import find_recipe, read_loop, read_stage
from sonolume.training.settings import LoopSettings, from_table, read_recipe
from sonolume.training.stages.base import BaseSettings
from sonolume.training.stages.joint_picture import JointPictureSettings
from sonolume.training.stages.joint_sound import JointSoundSettings
from sonolume.training.stages.joint_words import JointWordsSettings
from sonolume.training.stages.registry import STAGES

SETTINGS: dict[str, Any] = {
    "joint.words": JointWordsSettings,
    "joint.sound": JointSoundSettings,
    "joint.picture": JointPictureSettings,
    "base": BaseSettings,
    "caption": CaptionSettings,
}


@dataclass(frozen=True)
class Inner:
    width: int = 4
    levels: tuple[int, ...] = (1, 2)


@dataclass(frozen=True)
class Outer:
    rate: float = 0.5
    loud: bool = False
    name: str = "a"
    shape: Literal["round", "flat"] = "round"
    pair: tuple[float, float] = (0.0, 1.0)
    inner: Inner = field(default_factory=lambda: Inner(width=7))


def test_tables_become_settings() -> None:
    table = {
        "rate": 2, "loud": True, "shape": "flat", "pair": [1, 2.5], "inner": {"levels": [3, 4, 5]}
    }  # fmt: skip
    built = from_table(Outer, table, "here")
    assert built == Outer(2.0, True, "a", "flat", (1.0, 2.5), Inner(7, (3, 4, 5)))
    assert isinstance(built.rate, float)
    assert from_table(Outer, {}, "here") == Outer()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"rats": 1}, r"here: unknown key 'rats'; known: inner, loud, name, pair, rate, shape"),
        ({"inner": {"wide": 1}}, r"here.inner: unknown key 'wide'; known: levels, width"),
        ({"inner": 3}, r"here.inner = 3 should be a table"),
        ({"rate": "fast"}, r"here: rate = 'fast' should be of type float"),
        ({"rate": True}, r"here: rate = True should be of type float"),
        ({"loud": 1}, r"here: loud = 1 should be of type bool"),
        ({"name": 1}, r"here: name = 1 should be of type str"),
        ({"shape": "square"}, r"here: shape = 'square' should be one of round, flat"),
        ({"pair": 1}, r"here: pair = 1 should be a list"),
        ({"pair": [1]}, r"here: pair = \[1\] should hold 2 values"),
        ({"inner": {"width": 1.5}}, r"here.inner: width = 1.5 should be of type int"),
        ({"inner": {"levels": [1, "x"]}}, r"here.inner: levels = 'x' should be of type int"),
    ],
)
def test_what_is_wrong_is_told(table: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=f"^{message}$"):
        from_table(Outer, table, "here")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({}, "a run needs an end: give steps or --minutes above 0"),
        ({"steps": 1, "precision": "fp8"}, "precision 'fp8': expected auto, fp32 or bf16"),
        ({"steps": 1, "rate": 0}, "rate = 0.0: expected above 0"),
        ({"steps": 1, "average": 1.0}, "average = 1.0: expected from 0 to below 1"),
        ({"steps": 1, "cooldown": 1.5}, "cooldown = 1.5: expected 0 to 1"),
        ({"steps": 1, "log_every": 0}, "log_every = 0: expected 1 or more"),
        ({"steps": 1, "seed": -1}, "seed = -1: expected 0 or more"),
        ({"steps": 1, "betas": [0.9, 1.0]}, "betas = (0.9, 1.0): expected from 0 to below 1"),
        ({"steps": 1, "clip": 0}, "clip = 0.0: expected above 0"),
    ],
)
def test_loop_settings_out_of_range(table: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError) as caught:
        from_table(LoopSettings, table, "loop")
    assert str(caught.value) == f"loop: {message}"


def test_an_end_that_is_given_replaces_that_of_the_recipe() -> None:
    table = {"steps": 100, "minutes": 3.0, "rate": 0.1}
    assert read_loop(table, "loop") == LoopSettings(steps=100, minutes=3.0, rate=0.1)
    assert read_loop(table, "loop", minutes=8.0) == LoopSettings(minutes=8.0, rate=0.1)
    assert read_loop(table, "loop", steps=5, minutes=None, seed=4).seed == 4
    assert read_loop({}, "loop", steps=5) == LoopSettings(steps=5)
    with pytest.raises(OptionError, match="loop = 3 should be a table"):
        read_loop(3, "loop")


@pytest.mark.parametrize("recipe", ["gpu", "pocket", "tiny"])
@pytest.mark.parametrize("stage", SETTINGS)
def test_shipped_recipes_hold_every_stage(recipe: str, stage: str) -> None:
    table, loop = read_stage(find_recipe(recipe), stage, STAGES)
    from_table(SETTINGS[stage], table, stage)
    assert read_loop(loop, stage).steps > 0


@pytest.mark.parametrize("stage", SETTINGS)
def test_the_pocket_recipe_says_what_the_code_says(stage: str) -> None:
    table, _ = read_stage(find_recipe("pocket"), stage, STAGES)
    built, default = from_table(SETTINGS[stage], table, stage), SETTINGS[stage]()
    expected = {"width", "heads"} if stage == "base" else set()
    assert set(_differences(built, default)) == expected


def _differences(a: Any, b: Any) -> list[str]:
    found = []
    for item in fields(a):
        left, right = getattr(a, item.name), getattr(b, item.name)
        if is_dataclass(left):
            found += _differences(left, right)
        elif left != right:
            found.append(item.name)
    return found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[joint.wrods]\n", r"'joint.wrods' is no stage; known: a.b, base, joint.words"),
        ("[bse]\n", r"'bse' is no stage"),
        ("steps = 3\n", r"'steps' is no stage"),
        ("[base]\n", r"no table \[joint.words\]; there are: base"),
        ("[base\n", r"not a TOML file"),
    ],
)
def test_recipes_that_cannot_be_read(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(OptionError, match=message):
        read_stage(path, "joint.words", ("joint.words", "base", "a.b"))


def test_a_table_and_its_loop_come_apart(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text("[joint.words]\npairs = 3\n[joint.words.loop]\nsteps = 4\n", "utf-8")
    assert find_recipe(str(path)) == path
    assert read_stage(path, "joint.words", ("joint.words",)) == ({"pairs": 3}, {"steps": 4})


def test_a_recipe_says_what_differs_from_the_one_it_extends(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text('extends = "tiny"\n[base.network]\nwidth = 64\n[base.loop]\nrate = 0.5\n')
    table, loop = read_stage(path, "base", STAGES)
    earlier, before = read_stage(find_recipe("tiny"), "base", STAGES)
    assert table == {**earlier, "network": {**earlier["network"], "width": 64}}
    assert loop == {**before, "rate": 0.5}
    other = read_stage(path, "upscale", STAGES)
    assert other == read_stage(find_recipe("tiny"), "upscale", STAGES)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("extends = 3\n", "extends = 3; expected the name of a recipe"),
        ('extends = "none"\n', "none: no such recipe"),
        ('extends = "gpu"\n', "extends gpu, which extends another one"),
    ],
)
def test_recipes_that_extend_what_they_should_not(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(OptionError, match=message):
        read_stage(path, "base", STAGES)


def test_missing_recipes(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"huge: no such recipe; give one of gpu, pocket, "):
        find_recipe("huge")
    with pytest.raises(OptionError, match="none.toml: no such recipe"):
        read_recipe(tmp_path / "none.toml")
    with pytest.raises(OptionError, match="unreadable recipe"):
        read_recipe(tmp_path)
