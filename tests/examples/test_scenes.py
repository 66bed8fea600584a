"""The drawn scenes: the same every time, and what their names say."""

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

PATH = Path(__file__).parents[2] / "examples" / "scenes.py"


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("scenes", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


scenes = _load()


@pytest.fixture(scope="module")
def drawn() -> dict[str, np.ndarray]:
    return {name: scenes.draw(name).pixels.astype(float) for name in scenes.SCENES}


def test_size_and_repeatability(drawn: dict[str, np.ndarray]) -> None:
    assert {pixels.shape for pixels in drawn.values()} == {(256, 256, 3)}
    np.testing.assert_array_equal(scenes.draw("beach").pixels, drawn["beach"])
    assert np.abs(scenes.draw("beach", seed=1).pixels - drawn["beach"]).mean() > 1


def test_colours_are_where_they_belong(drawn: dict[str, np.ndarray]) -> None:
    for name in ("beach", "hills", "city"):
        red, _, blue = drawn[name][:60].mean((0, 1))
        assert blue > red + 30  # sky
    red, _, blue = drawn["beach"][-40:].mean((0, 1))
    assert red > blue + 30  # sand
    for pixels in (drawn["hills"][-40:], drawn["forest"]):
        red, green, blue = pixels.mean((0, 1))
        assert green > max(red, blue) + 8
    # A skyline is full of upright edges, water of flat ones.
    houses, water = drawn["city"][110:170], drawn["beach"][120:160]
    across = [np.abs(np.diff(part, axis=1)).mean() for part in (houses, water)]
    assert across[0] > 2 * across[1]
