"""The super-resolver: its geometry with any weights, its manners with the trained ones."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from sonolume.errors import OptionError
from sonolume.hub.upscaler import load_upscaler
from sonolume.models.upscaler import Upscaler, UpscalerConfig, enlarge_bicubic, upscale


@pytest.fixture(scope="module")
def trained() -> Upscaler:
    return load_upscaler()


@pytest.fixture
def noisy() -> Upscaler:
    """Random weights everywhere, so that nothing holds by being zero."""
    torch.manual_seed(0)
    model = Upscaler(UpscalerConfig(width=8, blocks=2)).eval()
    torch.nn.init.normal_(model.tail.weight, std=0.1)
    return model


def shape(name: str) -> Tensor:
    """A sharp white shape on black [1, 3, 128, 128], each pixel a mean of 4 × 4."""
    fine = torch.linspace(-1, 1, 512)
    y, x = fine[:, None], fine[None, :]
    masks = {
        "disc": (x + 0.4).square() + (y + 0.4).square() < 0.2,
        "ring": ((x.square() + y.square()).sqrt() - 0.6).abs() < 0.03,
        "edge": (y + 0.4 * x > 0.1) & (x > 0.2),
        "bars": (torch.sin(30 * x) > 0) & (y > 0.3),
    }
    picture = masks[name].float() * 1.6 - 0.8
    return F.avg_pool2d(picture.expand(1, 3, -1, -1), 4)


@pytest.mark.parametrize("size", [(1, 1), (7, 12), (64, 64)])
def test_doubles_both_sides(noisy: Upscaler, size: tuple[int, int]) -> None:
    made = noisy(torch.randn(2, 3, *size))
    assert made.shape == (2, 3, 2 * size[0], 2 * size[1])


def test_untrained_is_bicubic() -> None:
    picture = torch.randn(1, 3, 16, 16)
    plain = F.interpolate(picture, scale_factor=2, mode="bicubic")
    torch.testing.assert_close(Upscaler(UpscalerConfig())(picture), plain)


def test_size_for_shipping() -> None:
    parameters = sum(p.numel() for p in Upscaler(UpscalerConfig()).parameters())
    assert 300_000 < parameters < 1_000_000


def test_a_shifted_picture_gives_a_shifted_result(noisy: Upscaler) -> None:
    picture = torch.randn(1, 3, 40, 40)
    made, shifted = noisy(picture), noisy(picture.roll((3, -2), (2, 3)))
    # Six convolutions reach 6 pixels, and the roll wraps 3 more.
    inner = slice(2 * 9, 2 * 31)
    expected = made.roll((6, -4), (2, 3))
    torch.testing.assert_close(
        shifted[..., inner, inner], expected[..., inner, inner], atol=1e-5, rtol=1e-5
    )


def test_pictures_of_a_batch_do_not_mix(noisy: Upscaler) -> None:
    pictures = torch.rand(3, 3, 12, 12) * 2 - 1
    single = torch.cat([upscale(p[None], 48, noisy) for p in pictures])
    torch.testing.assert_close(upscale(pictures, 48, noisy), single, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("side", [1, 20, 32, 33, 64, 100, 128, 200])
def test_any_side(noisy: Upscaler, side: int) -> None:
    made = upscale(torch.randn(2, 3, 32, 32) * 5, side, noisy)
    assert made.shape == (2, 3, side, side)
    assert made.abs().max() <= 1


def test_own_side_changes_nothing(noisy: Upscaler) -> None:
    picture = torch.rand(1, 3, 32, 32) * 2 - 1
    torch.testing.assert_close(upscale(picture, 32, noisy), picture)


@pytest.mark.parametrize("side", [0, -4, 2049])
def test_sides_out_of_range(noisy: Upscaler, side: int) -> None:
    with pytest.raises(OptionError, match=rf"side {side}: expected 1 to 2048 pixels"):
        upscale(torch.zeros(1, 3, 8, 8), side, noisy)


@pytest.mark.parametrize("shape", [(3, 8, 8), (1, 4, 8, 8), (1, 3, 8, 9), (1, 3, 0, 0)])
def test_shapes_out_of_range(noisy: Upscaler, shape: tuple[int, ...]) -> None:
    with pytest.raises(OptionError, match=r"expected \[B, 3, H, H\]"):
        upscale(torch.zeros(shape), 16, noisy)


@pytest.mark.parametrize("level", [-1.0, -0.7, 0.0, 0.5, 1.0])
def test_plain_colour_stays_plain(trained: Upscaler, level: float) -> None:
    picture = torch.full((1, 3, 32, 32), level)
    made = upscale(picture, 128, trained)
    assert (made - level).abs().mean() < 0.02
    assert (made - level)[..., 16:-16, 16:-16].abs().max() < 0.04


@pytest.mark.parametrize("name", ["disc", "ring", "edge", "bars"])
def test_brings_sharp_shapes_back(trained: Upscaler, name: str) -> None:
    true = shape(name)
    small = F.avg_pool2d(true, 2)
    made, plain = upscale(small, 128, trained), enlarge_bicubic(small).clamp(-1, 1)
    assert F.l1_loss(made, true) < 0.8 * F.l1_loss(plain, true)


def test_does_not_ring_beside_an_edge(trained: Upscaler) -> None:
    picture = torch.full((1, 3, 32, 32), -0.5)
    picture[..., 16:] = 0.5
    made = upscale(picture, 128, trained)[..., 16:-16, :]
    assert made.max() < 0.7
    assert made.min() > -0.7
    # Eight pixels off the edge nothing of it is left.
    far = torch.cat([made[..., 16:56] + 0.5, made[..., 72:112] - 0.5], -1)
    assert far.abs().mean() < 0.03


def test_colour_survives_two_doublings(trained: Upscaler) -> None:
    torch.manual_seed(0)
    coarse = torch.rand(4, 3, 4, 4) * 1.4 - 0.7
    picture = F.interpolate(coarse, (64, 64), mode="bicubic", align_corners=True).clamp(-1, 1)
    back = F.avg_pool2d(upscale(picture, 256, trained), 4)
    assert (back - picture).abs().mean() < 0.02
