"""Cutouts: shapes, ranges, chances, slopes."""

from __future__ import annotations

import pytest
import torch

from sonolume.diffusion.cutouts import Cutouts, CutoutSettings, colour_jitter
from sonolume.errors import OptionError


def generators(*seeds: int) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed) for seed in seeds]


@pytest.mark.parametrize(("height", "width", "side"), [(16, 16, 32), (64, 40, 8), (7, 9, 7)])
def test_shapes(height: int, width: int, side: int) -> None:
    cut = Cutouts(side, CutoutSettings(count=3), generators(0, 1))
    assert cut(torch.rand(2, 3, height, width)).shape == (6, 3, side, side)


def test_a_picture_is_cut_alike_in_a_batch_and_alone() -> None:
    pictures = torch.rand(3, 3, 16, 16)
    settings = CutoutSettings(count=4)
    together = Cutouts(12, settings, generators(5, 6, 7))(pictures)
    alone = Cutouts(12, settings, generators(6))(pictures[1:2])
    assert torch.equal(together[4:8], alone)


def test_equal_seeds_cut_alike_and_every_call_anew() -> None:
    picture = torch.rand(1, 3, 16, 16)
    one, other = (Cutouts(12, CutoutSettings(), generators(3)) for _ in range(2))
    first = one(picture)
    assert torch.equal(first, other(picture))
    assert not torch.equal(first, one(picture))


def test_one_colour_stays_itself_without_jitter() -> None:
    colour = torch.tensor([0.3, -0.8, 0.1]).view(1, 3, 1, 1)
    cut = Cutouts(20, CutoutSettings(count=5, jitter=0), generators(0))(colour.expand(1, 3, 33, 33))
    torch.testing.assert_close(cut, colour.expand_as(cut))


def test_whole_cutouts_are_the_picture_or_its_mirror_image() -> None:
    picture = torch.rand(1, 3, 8, 8)
    settings = CutoutSettings(count=40, smallest=1.0, jitter=0)
    mirrored = [
        torch.equal(cut, picture[0].flip(-1))
        for cut in Cutouts(8, settings, generators(0))(picture)
    ]
    straight = [
        torch.equal(cut, picture[0]) for cut in Cutouts(8, settings, generators(0))(picture)
    ]
    assert all(a != b for a, b in zip(mirrored, straight, strict=True))
    assert 8 < sum(mirrored) < 32


def test_every_pixel_is_seen_and_every_cutout_lies_inside() -> None:
    """The slope of a sum counts how often each pixel was shown."""
    picture = torch.rand(1, 3, 24, 24, requires_grad=True)
    settings = CutoutSettings(count=64, smallest=0.3, power=1.0, jitter=0)
    cut = Cutouts(24, settings, generators(1))(picture)
    (slope,) = torch.autograd.grad(cut.sum(), picture)
    assert (slope > 0).all()


def test_a_higher_power_gives_smaller_cutouts() -> None:
    """A cutout of a ramp spans its share of the ramp's range."""
    ramp = torch.linspace(0, 1, 64).expand(1, 3, 64, 64)

    def mean_span(power: float) -> float:
        settings = CutoutSettings(count=64, smallest=0.2, power=power, flips=False, jitter=0)
        cut = Cutouts(16, settings, generators(0))(ramp)
        return float((cut[..., -1] - cut[..., 0]).mean())

    assert mean_span(4) < mean_span(1) < mean_span(0.25)


def test_jitter_by_known_factors() -> None:
    pictures = torch.rand(1, 3, 6, 6) * 2 - 1
    torch.testing.assert_close(colour_jitter(pictures, torch.ones(1, 3)), pictures)
    dark = colour_jitter(pictures, torch.tensor([[0.0, 1.0, 1.0]]))
    torch.testing.assert_close(dark, torch.full_like(pictures, -1.0))
    flat = colour_jitter(pictures, torch.tensor([[1.0, 0.0, 1.0]]))
    assert float(flat.std()) < 1e-6
    grey = colour_jitter(pictures, torch.tensor([[1.0, 1.0, 0.0]]))
    torch.testing.assert_close(grey, pictures.mean(1, keepdim=True).expand_as(pictures))


@pytest.mark.parametrize(
    "odd",
    [
        {"count": 0},
        {"count": 2.5},
        {"count": True},
        {"power": -1},
        {"power": float("nan")},
        {"smallest": 0},
        {"smallest": 1.1},
        {"jitter": 2},
    ],
)
def test_values_out_of_range_are_refused(odd: dict[str, float]) -> None:
    with pytest.raises(OptionError, match="expected"):
        CutoutSettings(**odd)  # type: ignore[arg-type]


def test_as_many_generators_as_pictures() -> None:
    with pytest.raises(OptionError, match="2 pictures, 1 generators"):
        Cutouts(8, CutoutSettings(), generators(0))(torch.rand(2, 3, 8, 8))
