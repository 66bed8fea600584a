"""Every edit moves the descriptor it declares, the way it declares, more when stronger."""

from __future__ import annotations

import numpy as np
import pytest

from sonolume.correspondence.delta import delta
from sonolume.correspondence.descriptors import DESCRIPTORS
from sonolume.correspondence.edits import EDITS, edit
from sonolume.errors import OptionError
from sonolume.media import Picture

Scenes = dict[str, Picture]
STRENGTHS = (0.25, 0.5, 1.0)
# A little, because not every picture has what an edit takes away.
SEEN = 0.05


# A forest is as dense as pictures get, and the windows of a city are corners already.
FULL = {
    ("forest", "miniaturise"),
    ("forest", "clutter"),
    ("forest", "close_above"),
    ("city", "jag"),
}


def moves(kind: str, picture: Picture) -> list[float]:
    """Steps in the declared direction, by strength."""
    item = EDITS[kind]
    return [
        item.direction * delta(picture, edited, with_maps=False).steps[item.descriptor]
        for edited in (edit(picture, kind, strength) for strength in STRENGTHS)
    ]


@pytest.mark.parametrize("name", ["hills", "still"])
@pytest.mark.parametrize("kind", EDITS)
def test_an_edit_moves_its_descriptor_its_way_and_more_when_stronger(
    kind: str, name: str, scenes: Scenes
) -> None:
    steps = moves(kind, scenes[name])
    assert 0 <= steps[0] < steps[1] < steps[2]
    assert steps[2] > SEEN


@pytest.mark.slow
@pytest.mark.parametrize("name", ["beach", "city", "forest"])
@pytest.mark.parametrize("kind", EDITS)
def test_an_edit_does_so_on_the_other_scenes(kind: str, name: str, all_scenes: Scenes) -> None:
    if (name, kind) not in FULL:
        steps = moves(kind, all_scenes[name])
        assert 0 <= steps[0] < steps[1] < steps[2]
        assert steps[2] > SEEN


def test_there_are_edits_for_every_descriptor() -> None:
    assert len(EDITS) >= 14
    assert {item.descriptor for item in EDITS.values()} == set(DESCRIPTORS)
    assert all(item.doc.endswith(".") for item in EDITS.values())


@pytest.mark.parametrize("kind", EDITS)
def test_an_edit_keeps_the_size_and_repeats_itself(kind: str) -> None:
    picture = Picture(np.random.default_rng(1).integers(0, 256, (45, 61, 3), dtype=np.uint8))
    once = edit(picture, kind, 0.7, seed=4)
    assert once.pixels.shape == picture.pixels.shape
    assert np.array_equal(once.pixels, edit(picture, kind, 0.7, seed=4).pixels)
    assert not np.array_equal(once.pixels, picture.pixels)
    again = edit(picture, kind, 0.7, seed=5)
    assert np.array_equal(once.pixels, again.pixels) != EDITS[kind].random
    assert edit(picture, kind, 0) is picture


@pytest.mark.parametrize("kind", EDITS)
@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 2)])
def test_an_edit_takes_the_smallest_pictures(kind: str, shape: tuple[int, int]) -> None:
    picture = Picture(np.full((*shape, 3), 120, dtype=np.uint8))
    assert edit(picture, kind, 1.0).pixels.shape == picture.pixels.shape


def test_pixels_become_the_means_of_their_squares() -> None:
    values = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    blocks = edit(Picture(values), "pixelate", 2 / 3).pixels.astype(float)
    means = values.reshape(32, 8, 32, 8, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(blocks[::8, ::8], means, atol=0.51)
    np.testing.assert_allclose(blocks[7::8, 7::8], means, atol=0.51)


def test_turning_hues_keeps_luma() -> None:
    picture = Picture(np.random.default_rng(2).integers(90, 160, (32, 32, 3), dtype=np.uint8))
    luma = np.array([0.299, 0.587, 0.114])
    turned = edit(picture, "rotate_hue", 1.0)
    np.testing.assert_allclose(turned.pixels @ luma, picture.pixels @ luma, atol=1.0)


@pytest.mark.parametrize(
    ("kind", "strength", "message"),
    [
        ("brightn", 0.5, "an edit called 'brightn' is not known"),
        ("blur", -0.1, "an edit of strength -0.1"),
        ("blur", 1.5, "an edit of strength 1.5"),
        ("blur", float("nan"), "an edit of strength nan"),
    ],
)
def test_what_is_no_edit_is_told(kind: str, strength: float, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        edit(Picture(np.zeros((4, 4, 3), dtype=np.uint8)), kind, strength)
