"""Faults of painted pictures: mild, different for each picture, a function of the generator."""

import numpy as np
import torch

from sonolume.training.degrade import degrade


def photos() -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(32, 3, 8, 8, generator=generator) * 1.6 - 0.8
    return torch.nn.functional.interpolate(coarse, scale_factor=4, mode="bilinear")


def test_the_same_generator_gives_the_same_faults() -> None:
    first = degrade(photos(), np.random.default_rng(7))
    torch.testing.assert_close(first, degrade(photos(), np.random.default_rng(7)))
    assert not torch.equal(first, degrade(photos(), np.random.default_rng(8)))


def test_faults_are_mild_and_within_range() -> None:
    change = degrade(photos(), np.random.default_rng(0)) - photos()
    assert (change + photos()).abs().max() <= 1
    each = change.abs().mean((1, 2, 3))
    assert 0.001 < each.mean() < 0.06
    assert each.max() < 0.12
    assert each.std() > 0.1 * each.mean()


def test_colour_keeps_its_mean() -> None:
    change = degrade(photos(), np.random.default_rng(0)) - photos()
    assert change.mean().abs() < 0.005
    assert change.mean((2, 3)).abs().max() < 0.05


def test_some_pictures_are_spared() -> None:
    change = degrade(photos(), np.random.default_rng(0)) - photos()
    assert (change.abs().amax((1, 2, 3)) < 1e-5).any()


def test_pictures_that_are_not_square() -> None:
    assert degrade(torch.zeros(2, 3, 5, 17), np.random.default_rng(0)).shape == (2, 3, 5, 17)


def test_any_size_has_patches_to_its_edge() -> None:
    rng = np.random.default_rng(0)
    for side in (5, 6, 13, 15):
        for _ in range(20):
            small = photos()[:2, :, :side, :side]
            assert degrade(small, rng).shape == small.shape
