"""The visual delta: closed forms, invariances, direction of every descriptor, odd pictures."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from sonolume.correspondence.delta import delta
from sonolume.correspondence.descriptors import DESCRIPTORS, heights, hue_change
from sonolume.correspondence.edits import edit
from sonolume.correspondence.views import comparable_views
from sonolume.errors import OptionError
from sonolume.media import Picture

Scenes = dict[str, Picture]


def picture_of(values: np.ndarray) -> Picture:
    """Levels 0..1, [H, W] grey or [H, W, 3]."""
    if values.ndim == 2:
        values = np.repeat(values[..., None], 3, axis=2)
    return Picture((np.clip(values, 0, 1) * 255 + 0.5).astype(np.uint8))


def flat(red: float, green: float, blue: float) -> Picture:
    return picture_of(np.broadcast_to(np.array([red, green, blue]), (96, 128, 3)))


def jpeg(quality: int) -> Callable[[Picture], Picture]:
    def coded(picture: Picture) -> Picture:
        file = BytesIO()
        Image.fromarray(picture.pixels).save(file, "JPEG", quality=quality)
        return Picture(np.array(Image.open(file)))

    return coded


def cropped(top: float, left: float, bottom: float, right: float) -> Callable[[Picture], Picture]:
    def cut(picture: Picture) -> Picture:
        height, width = picture.pixels.shape[:2]
        rows = slice(round(top * height), height - round(bottom * height))
        columns = slice(round(left * width), width - round(right * width))
        return Picture(picture.pixels[rows, columns])

    return cut


def resized(factor: float) -> Callable[[Picture], Picture]:
    def scaled(picture: Picture) -> Picture:
        height, width = picture.pixels.shape[:2]
        return picture.resize(round(width * factor), round(height * factor))

    return scaled


ACCIDENTS = {
    "jpeg 75": jpeg(75),
    "jpeg 90": jpeg(90),
    "5 % off the top": cropped(0.05, 0, 0, 0),
    "5 % off the bottom": cropped(0, 0, 0.05, 0),
    "5 % off the right": cropped(0, 0, 0, 0.05),
    "5 % off a corner": cropped(0.05, 0.05, 0, 0),
    "5 % all around": cropped(0.025, 0.025, 0.025, 0.025),
    "half the size": resized(0.5),
    "0.8 of the size": resized(0.8),
    "twice the size": resized(2),
}


@pytest.mark.parametrize("accident", ACCIDENTS)
def test_size_crop_and_jpeg_change_less_than_a_quarter_step(accident: str, scenes: Scenes) -> None:
    for picture in scenes.values():
        change = delta(picture, ACCIDENTS[accident](picture), with_maps=False)
        assert not change.identical
        assert {name: steps for name, steps in change.steps.items() if abs(steps) >= 0.25} == {}
        assert change.is_edit


@pytest.mark.slow
@pytest.mark.parametrize("accident", ACCIDENTS)
def test_all_scenes_bear_size_crop_and_jpeg(accident: str, all_scenes: Scenes) -> None:
    test_size_crop_and_jpeg_change_less_than_a_quarter_step(accident, all_scenes)


def test_no_change_is_exactly_zero_everywhere(scenes: Scenes) -> None:
    picture = scenes["beach"]
    change = delta(picture, Picture(picture.pixels.copy()))
    assert change.identical
    assert set(change.steps.values()) == {0.0}
    assert set(change.steps) == set(change.maps) == set(DESCRIPTORS)
    assert all(not plane.any() for plane in change.maps.values())
    assert change.unrelated == 0.0
    assert change.before == change.after
    bare = delta(picture, picture, with_maps=False)
    assert (bare.before, bare.maps) == (change.before, {})


def test_the_way_back_is_the_way_turned_round(scenes: Scenes) -> None:
    first, second = scenes["hills"], edit(scenes["hills"], "warm", 0.6)
    there, back = delta(first, second), delta(second, first)
    for name in DESCRIPTORS:
        assert there.steps[name] == pytest.approx(-back.steps[name], abs=1e-6)
        np.testing.assert_allclose(there.maps[name], -back.maps[name], atol=1e-4)


def test_lightness_of_grey_is_the_cube_root_of_its_light() -> None:
    """OKLab's L of a neutral of linear light Y is Y^(1/3); sRGB 0.5 is 0.21404 of the light."""
    change = delta(flat(1, 1, 1), flat(0.5, 0.5, 0.5))
    level = round(0.5 * 255) / 255
    light = ((level + 0.055) / 1.055) ** 2.4
    assert change.before["brightness"] == pytest.approx(100, abs=0.01)
    assert change.after["brightness"] == pytest.approx(100 * light ** (1 / 3), abs=0.05)
    assert change.after["saturation"] == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize(
    ("colour", "lightness", "a", "b"),
    [
        ((1, 0, 0), 0.62796, 0.22486, 0.12585),
        ((0, 1, 0), 0.86644, -0.23389, 0.17950),
        ((0, 0, 1), 0.45201, -0.03246, -0.31153),
    ],
)
def test_colours_stand_where_oklab_was_published_to_put_them(
    colour: tuple[float, float, float], lightness: float, a: float, b: float
) -> None:
    view = comparable_views(flat(*colour), flat(*colour))[0]
    found = view.lightness.mean(), view.a.mean(), view.b.mean()
    np.testing.assert_allclose(found, (lightness, a, b), atol=2e-4)


def test_orange_is_warm_and_azure_is_cool() -> None:
    grey = flat(0.5, 0.5, 0.5)
    assert delta(grey, flat(0.8, 0.5, 0.2)).steps["warmth"] > 2
    assert delta(grey, flat(0.2, 0.5, 0.8)).steps["warmth"] < -2


def test_hue_turns_by_the_shorter_way_and_grey_has_none() -> None:
    def at(degrees: float, chroma: float) -> np.ndarray:
        return chroma * np.array([np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))])

    assert hue_change(at(350, 1e6), at(20, 1e6)) == pytest.approx(30)
    assert hue_change(at(20, 1e6), at(350, 1e6)) == pytest.approx(-30)
    assert hue_change(at(0, 0.02), at(90, 0.5)) == pytest.approx(45)
    assert hue_change(at(0, 0.0), at(90, 0.5)) == 0


def test_contrast_counts_octaves_of_the_deviation() -> None:
    rows = np.tile(np.linspace(-1, 1, 128), (128, 1))
    strong, weak = (delta(picture_of(0.5 + swing * rows), flat(0, 0, 0)) for swing in (0.4, 0.2))
    gained = strong.before["contrast"] - weak.before["contrast"]
    assert gained == pytest.approx(0.95, abs=0.15)


def test_up_is_up() -> None:
    """Row 0 is the top of a picture and stands highest."""
    column = heights((4, 7))[:, 0]
    assert column.tolist() == [0.875, 0.625, 0.375, 0.125]
    above, below = np.full((128, 128), 0.5), np.full((128, 128), 0.5)
    above[10:40, 50:80] = 1
    below[88:118, 50:80] = 1
    change = delta(picture_of(below), picture_of(above))
    assert change.before["vertical_weight"] == pytest.approx(100 * (1 - 103 / 128), abs=4)
    assert change.after["vertical_weight"] == pytest.approx(100 * (1 - 25 / 128), abs=4)
    assert change.steps["vertical_weight"] > 3


def test_grain_reads_the_deviation_of_the_noise_that_was_added() -> None:
    """Of white noise as large as the pixels of the view (half of the picture's)."""
    noise = np.random.default_rng(0).normal(0, 0.04, (128, 128))
    large = np.kron(noise, np.ones((2, 2)))
    level = 0.5 + large
    change = delta(picture_of(np.full((256, 256), 0.5)), picture_of(level))
    slope = (0.5 * 1.055 / (2.4 * (0.5 + 0.055))) ** -1  # of light over level
    light = ((0.5 + 0.055) / 1.055) ** 2.4
    deviation = 100 * 0.04 * slope * light / (3 * light ** (2 / 3))
    assert change.before["grain"] == pytest.approx(0, abs=0.01)
    assert change.after["grain"] == pytest.approx(deviation, rel=0.25)


def star(points: int, inner: float) -> Picture:
    """A star, or a disc for `points` 0."""
    image = Image.new("L", (512, 512), 60)
    pen = ImageDraw.Draw(image)
    if points == 0:
        pen.ellipse((96, 96, 416, 416), fill=220)
    else:
        turns = np.arange(2 * points) * np.pi / points
        reach = np.where(np.arange(2 * points) % 2, inner, 1) * 170
        corners = np.stack([256 + reach * np.sin(turns), 256 - reach * np.cos(turns)], axis=1)
        pen.polygon([(float(x), float(y)) for x, y in corners], fill=220)
    return picture_of(np.asarray(image) / 255)


def test_stars_are_more_angular_than_discs() -> None:
    disc = star(0, 1)
    assert delta(disc, star(5, 0.4)).steps["angularity"] > 1
    assert delta(disc, star(9, 0.6)).steps["angularity"] > 2
    assert delta(star(9, 0.6), disc).steps["angularity"] < -2


def test_finer_stripes_raise_spatial_frequency_by_their_octaves() -> None:
    across = np.arange(512) / 512

    def stripes(periods: int) -> Picture:
        return picture_of(np.tile(0.5 + 0.3 * np.sin(2 * np.pi * periods * across), (512, 1)))

    change = delta(stripes(8), stripes(32))
    gained = change.after["spatial_frequency"] - change.before["spatial_frequency"]
    assert gained == pytest.approx(2, abs=0.7)


@pytest.mark.parametrize("factor", [1.25, 1.5, 2.0])
def test_scale_is_the_octaves_of_a_true_zoom(scenes: Scenes, factor: float) -> None:
    for picture in scenes.values():
        side = round(256 / factor)
        start = (256 - side) // 2
        part = Picture(picture.pixels[start : start + side, start : start + side])
        closer, further = delta(picture, part), delta(part, picture)
        assert closer.after["scale"] == pytest.approx(np.log2(factor), abs=0.07)
        assert further.after["scale"] == pytest.approx(-np.log2(factor), abs=0.07)
        assert closer.is_edit


def test_vignette_counts_stops_from_corner_to_centre() -> None:
    down, right = np.mgrid[-1:1:256j, -1:1:256j]
    light = np.where((down**2 + right**2) / 2 > 0.25, 0.1, 0.4)
    level = 1.055 * light ** (1 / 2.4) - 0.055
    change = delta(picture_of(np.full((256, 256), 0.5)), picture_of(level))
    assert change.before["vignette"] == pytest.approx(0, abs=1e-3)
    assert change.after["vignette"] == pytest.approx(2, abs=0.15)


def test_maps_show_where_it_changed(scenes: Scenes) -> None:
    picture = scenes["beach"]
    pixels = picture.pixels.copy()
    pixels[:, :128] = edit(picture, "darken", 0.5).pixels[:, :128]
    change = delta(picture, Picture(pixels))
    plane = change.maps["brightness"]
    assert plane.shape == (64, 64)
    assert plane.dtype == np.float32
    assert plane[:, :22].max() < -1.5
    assert np.abs(plane[:, 42:]).max() < 0.1
    assert plane.mean() == pytest.approx(change.steps["brightness"], abs=0.1)


def test_a_share_map_adds_up_to_the_whole_change(scenes: Scenes) -> None:
    for kind, name in (("weigh_above", "vertical_weight"), ("vignette", "vignette")):
        change = delta(scenes["beach"], edit(scenes["beach"], kind, 0.6))
        assert change.maps[name].mean() == pytest.approx(change.steps[name], rel=0.5)


def test_pictures_of_different_things_are_told(scenes: Scenes) -> None:
    names = list(scenes)
    for first, second in zip(names, names[1:] + names[:1], strict=True):
        assert delta(scenes[first], scenes[second]).unrelated > 0.65
        assert not delta(scenes[first], scenes[second]).is_edit
    for kind in ("darken", "sepia", "blur", "solarise", "noise"):
        assert delta(scenes["hills"], edit(scenes["hills"], kind, 0.6)).is_edit


def test_the_embedding_change_is_kept_and_checked(scenes: Scenes) -> None:
    pair = scenes["beach"], scenes["hills"]
    assert delta(*pair).embedding is None
    kept = delta(*pair, embedding_change=[0.1, -0.2]).embedding
    assert kept is not None
    assert kept.tolist() == [0.1, -0.2]
    for wrong in ([], [[0.1]], [float("nan")]):
        with pytest.raises(OptionError, match="an embedding change of shape"):
            delta(*pair, embedding_change=wrong)


SIZES = st.one_of(st.integers(1, 6), st.integers(7, 90), st.sampled_from([300, 1200]))


@settings(max_examples=25, deadline=None)
@given(
    sides=st.tuples(SIZES, SIZES, SIZES, SIZES),
    seed=st.integers(0, 99),
    contents=st.tuples(*[st.sampled_from(["noise", "black", "white", "ramp"])] * 2),
)
def test_any_two_pictures_have_a_finite_delta(
    sides: tuple[int, int, int, int], seed: int, contents: tuple[str, str]
) -> None:
    rng = np.random.default_rng(seed)

    def made(height: int, width: int, content: str) -> Picture:
        if content == "noise":
            return Picture(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))
        level = {
            "black": np.zeros(width),
            "white": np.ones(width),
            "ramp": np.linspace(0, 1, width),
        }
        return picture_of(np.tile(level[content], (height, 1)))

    change = delta(made(*sides[:2], contents[0]), made(*sides[2:], contents[1]))
    assert all(np.isfinite(steps) for steps in change.steps.values())
    assert all(np.isfinite(plane).all() for plane in change.maps.values())
    assert 0 <= change.unrelated <= 1
