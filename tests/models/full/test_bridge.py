"""The bridge of words against its closed form."""

import pytest
import torch
import torch.nn.functional as F

from sonolume.models.full.bridge import WordBridge

HERE = torch.eye(4)
THERE = F.normalize(torch.randn(4, 6, generator=torch.Generator().manual_seed(0)), dim=-1)


def test_with_one_word_a_sound_is_that_word() -> None:
    place = F.normalize(torch.tensor([0.1, 0.9, 0.3, 0.0]), dim=0)
    torch.testing.assert_close(WordBridge(HERE, THERE, 10, nearest=1).cross(place), THERE[1])


def test_weights_are_a_softmax_over_the_nearest() -> None:
    place = torch.tensor([0.8, 0.6, 0.0, -0.1])
    numbers, weights = WordBridge(HERE, THERE, 5.0, nearest=2).weights(place)
    assert numbers.tolist() == [0, 1]
    odds = torch.tensor(5.0 * (0.8 - 0.6)).exp()
    torch.testing.assert_close(weights, torch.stack([odds, torch.tensor(1.0)]) / (odds + 1))


@pytest.mark.parametrize("scale", [0.0, 3.0, 100.0])
def test_the_order_of_the_vocabulary_does_not_matter(scale) -> None:
    place = F.normalize(torch.tensor([0.5, 0.4, 0.3, 0.2]), dim=0)
    order = torch.tensor([2, 0, 3, 1])
    found = WordBridge(HERE, THERE, scale, 3).cross(place)
    torch.testing.assert_close(WordBridge(HERE[order], THERE[order], scale, 3).cross(place), found)
    assert float(found.norm()) == pytest.approx(1)


def test_a_small_vocabulary_is_used_whole() -> None:
    place = F.normalize(torch.ones(4), dim=0)
    found = WordBridge(HERE, THERE, 10.0).cross(place)
    torch.testing.assert_close(found, F.normalize(THERE.mean(0), dim=0))
