"""Photographic edits: exactness at zero, determinism, direction and growth of the change."""

from collections.abc import Callable

import numpy as np
import pytest

from sonolume.data import states
from sonolume.data.concepts import concept
from sonolume.data.retouch import sky, warp
from sonolume.data.states import STATES, Pixels, apply, look
from sonolume.errors import DataError, OptionError

NAMES = tuple(STATES)


def landscape(height: int = 128, width: int = 128, seed: int = 0) -> Pixels:
    """A daylight scene: pale blue sky, rough green and brown ground, a few dark trunks."""
    rng = np.random.default_rng(seed)
    picture = np.empty((height, width, 3))
    horizon = int(height * 0.45)
    fade = np.linspace(0, 1, horizon)[:, None, None]
    picture[:horizon] = np.array([0.5, 0.68, 0.9]) * (1 - fade) + 0.88 * fade
    earth = np.array([0.42, 0.44, 0.24]) * rng.uniform(0.5, 1.4, (height - horizon, width, 1))
    picture[horizon:] = earth
    for x in rng.integers(0, width, 3):
        picture[height // 4 :, x : x + max(2, width // 25)] = [0.16, 0.12, 0.08]
    return (np.clip(picture, 0, 1) * 255).astype(np.uint8)


def room(seed: int = 0) -> Pixels:
    """An indoor scene without sky: warm mottled walls and a bright lamp."""
    rng = np.random.default_rng(seed)
    wall = np.array([0.6, 0.48, 0.36]) * rng.uniform(0.4, 1.3, (16, 16, 1))
    picture = wall.repeat(8, axis=0).repeat(8, axis=1)
    picture[20:40, 80:100] = [0.95, 0.9, 0.75]
    return (np.clip(picture, 0, 1) * 255).astype(np.uint8)


def static(seed: int = 0) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (128, 128, 3), dtype=np.uint8)


def change(a: Pixels, b: Pixels) -> float:
    return float(np.abs(a.astype(float) - b.astype(float)).mean())


@pytest.mark.parametrize("name", NAMES)
def test_strength_zero_changes_no_byte_and_leaves_the_input_alone(name: str) -> None:
    for photo in (landscape(), room(), static()):
        before = photo.copy()
        assert np.array_equal(apply(name, photo, 0.0, 5), before)
        apply(name, photo, 1.0, 5)
        assert np.array_equal(photo, before)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(16, 16), (64, 64), (90, 160), (160, 90), (300, 280)])
def test_shape_and_type_survive(name: str, shape: tuple[int, int]) -> None:
    photo = landscape(*shape)
    edited = apply(name, photo, 1.0, 1)
    assert edited.shape == photo.shape
    assert edited.dtype == np.uint8
    assert change(photo, edited) > 1


@pytest.mark.parametrize("name", NAMES)
def test_one_seed_gives_one_edit_and_another_seed_another(name: str) -> None:
    photo = landscape()
    assert np.array_equal(apply(name, photo, 0.8, 7), apply(name, photo, 0.8, 7))
    assert not np.array_equal(apply(name, photo, 0.8, 7), apply(name, photo, 0.8, 8))


@pytest.mark.parametrize("name", NAMES)
def test_change_grows_with_strength(name: str) -> None:
    for photo in (landscape(seed=3), room()):
        for seed in range(3):
            steps = [apply(name, photo, s, seed) for s in (0.0, 0.02, 0.25, 0.5, 0.75, 1.0)]
            changes = [change(photo, step) for step in steps]
            assert changes == sorted(changes)
            assert changes[-1] > 3
            assert changes[1] < 2.5


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scene", [landscape, room])
def test_look_moves_as_the_table_says(name: str, scene: Callable[..., Pixels]) -> None:
    state = STATES[name]
    for seed in range(4):
        photo = scene(seed=seed)
        moved = np.subtract(look(apply(name, photo, 1.0, seed)), look(photo))
        for part, expected in zip(
            moved, (state.brightness, state.warmth, state.blueness), strict=True
        ):
            assert expected == 0 or part * expected > 0.003


@pytest.mark.parametrize("name", ["thunder", "rain", "fog", "fire", "night", "birds"])
def test_colour_and_light_move_on_random_pixels(name: str) -> None:
    state = STATES[name]
    moved = np.subtract(look(apply(name, static(), 1.0, 2)), look(static()))
    expected = np.array([state.brightness, state.warmth, state.blueness])
    assert (moved * expected >= 0).all()
    assert np.abs(moved).max() > 0.02


def test_table_names_known_concepts() -> None:
    assert set(NAMES) == {"thunder", "rain", "fog", "fire", "wind", "drip", "night", "birds"}
    for state in STATES.values():
        assert all(concept(slug).heard or concept(slug).seen for slug in state.sounds)
    assert STATES["thunder"].sounds == ("thunder",)


def test_lightning_is_the_brightest_thing_of_a_dark_sky() -> None:
    photo = landscape()
    grey = states.thunder(photo, 1.0, 4).astype(float).mean(axis=2)
    assert np.median(grey[:50]) < 80
    assert 0.002 < (grey[:70] > 215).mean() < 0.1
    assert (grey[-30:] > 215).sum() == 0


def test_fog_hides_the_far_before_the_near() -> None:
    rng = np.random.default_rng(0)
    photo = rng.integers(40, 216, (128, 128, 1), dtype=np.uint8).repeat(3, axis=2)
    left = states.fog(photo, 1.0, 0).astype(float).std(axis=(1, 2))
    assert left[20:40].mean() < 0.35 * left[-20:].mean()


def test_fire_glows_below_and_night_keeps_only_points_of_light() -> None:
    burning = states.fire(landscape(), 1.0, 0).astype(float)
    assert burning[-40:, :, 0].mean() > 1.6 * burning[:40, :, 0].mean()
    dark = states.night(landscape(), 1.0, 0).astype(float).mean(axis=2)
    assert np.percentile(dark, 90) < 70 < dark.max()


def test_birds_are_dark_and_in_the_sky() -> None:
    photo = landscape()
    grey = states.birds(photo, 1.0, 0).astype(float).mean(axis=2)
    assert 20 < (grey[:30] < 120).sum() < 900


def test_wind_bends_texture_but_not_a_plain_wall() -> None:
    wall = np.full((128, 128, 3), 140, dtype=np.uint8)
    assert change(wall, states.wind(wall, 1.0, 0)) < change(
        landscape(), states.wind(landscape(), 1.0, 0)
    )


def test_warp_matches_closed_forms() -> None:
    y, x = np.mgrid[:32, :48].astype(np.float32)
    ramp = np.stack([x, y, x + 2 * y], axis=2)
    right, down = np.full_like(x, 1.25), np.full_like(x, -2.5)
    moved = warp(ramp, right, down)[4:-4, 4:-4]
    expected = np.stack([x + 1.25, y - 2.5, x + 1.25 + 2 * (y - 2.5)], axis=2)[4:-4, 4:-4]
    assert np.allclose(moved, expected, atol=1e-4)
    assert np.array_equal(warp(ramp, x * 0, x * 0), ramp)


def test_sky_is_found_above_the_horizon() -> None:
    mask = sky(landscape().astype(np.float32) / 255)
    assert mask[:20].mean() > 0.8
    assert mask[-40:].mean() < 0.05


def test_look_is_exact_on_plain_colours() -> None:
    plain = np.full((16, 16, 3), (255, 102, 51), dtype=np.uint8)
    brightness, warmth, blueness = look(plain)
    assert brightness == pytest.approx(0.2126 + 0.7152 * 0.4 + 0.0722 * 0.2)
    assert warmth == pytest.approx(0.8 / 1.6)
    assert blueness == pytest.approx(0.2 / 1.6)
    assert look(np.zeros((16, 16, 3), np.uint8)) == (0.0, 0.0, pytest.approx(1 / 3))


@pytest.mark.parametrize("strength", [-0.1, 1.5, float("nan")])
def test_strength_outside_the_range_is_refused(strength: float) -> None:
    with pytest.raises(OptionError, match="give a number from 0 to 1"):
        apply("rain", landscape(), strength)


def test_bad_photos_and_names_are_refused() -> None:
    with pytest.raises(DataError, match=r"expected uint8 \[H, W, 3\], got float64 \[4, 4, 3\]"):
        apply("rain", np.zeros((4, 4, 3)))
    with pytest.raises(DataError, match=r"got uint8 \[20, 20\]"):
        apply("fog", np.zeros((20, 20), np.uint8))
    with pytest.raises(DataError, match="photo 40x8: give 16 px or more"):
        apply("fog", np.zeros((8, 40, 3), np.uint8))
    with pytest.raises(DataError, match="unknown state 'hail'; known: thunder, rain"):
        apply("hail", landscape())
