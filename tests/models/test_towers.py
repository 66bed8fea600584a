import pytest
import torch

from sonolume.models.towers import PictureTower, SoundTower, TowerConfig

TINY = TowerConfig(stages=(8, 8, 16), blocks=(0, 1, 0), width=32, depth=1, heads=2)


@pytest.mark.parametrize("frames", [16, 101, 1001])
def test_sound_of_any_length(frames: int) -> None:
    torch.manual_seed(0)
    z = SoundTower(TINY).eval()(torch.randn(2, 64, frames) - 6)
    assert z.shape == (2, 512)
    torch.testing.assert_close(z.norm(dim=1), torch.ones(2))


def test_pictures() -> None:
    torch.manual_seed(0)
    tower = PictureTower(TINY).eval()
    pictures = torch.rand(3, 3, 128, 128) * 2 - 1
    z = tower(pictures)
    assert z.shape == (3, 512)
    torch.testing.assert_close(z[:1], tower(pictures[:1]), atol=1e-5, rtol=1e-4)


def test_full_towers_have_at_most_six_million_parameters() -> None:
    for tower in (SoundTower(TowerConfig()), PictureTower(TowerConfig())):
        assert sum(p.numel() for p in tower.parameters()) <= 6_000_000


def test_smaller_pictures_keep_their_places() -> None:
    """A cell of a small picture stands where the middle of the cells that it covers stood."""
    tower = PictureTower(TINY).eval()
    z = tower(torch.rand(2, 3, 64, 64) * 2 - 1)
    torch.testing.assert_close(z.norm(dim=1), torch.ones(2))
    full, half = tower._angles(8), tower._angles(4)
    torch.testing.assert_close(half.view(4, 4, -1)[1, 3], full.view(8, 8, -1)[2, 6])
