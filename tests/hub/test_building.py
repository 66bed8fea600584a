"""Networks from their weights."""

import pytest
import torch
from torch import nn

from sonolume.errors import ModelError
from sonolume.hub.building import built


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(5, 5))
        self.places = nn.Embedding(7, 5)
        self.register_buffer("ramp", torch.linspace(0, 1, 9), persistent=False)


def test_every_value_is_the_one_that_was_saved() -> None:
    given = Net()
    found = built(Net, given.state_dict())
    for name, value in given.state_dict().items():
        assert torch.equal(found.state_dict()[name], value)
    torch.testing.assert_close(found.ramp, torch.linspace(0, 1, 9))
    assert not found.training
    assert not any(parameter.requires_grad for parameter in found.parameters())


def test_nothing_is_drawn_inside_and_everything_behind() -> None:
    weights = Net().state_dict()
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    built(Net, weights)
    assert torch.equal(torch.rand(3), expected)
    assert float(nn.Linear(50, 50).weight.detach().std()) > 0.01


@pytest.mark.parametrize("change", [{"places.weight": None}, {"odd": torch.zeros(1)}])
def test_other_weights_are_refused(change) -> None:
    weights = {k: v for k, v in {**Net().state_dict(), **change}.items() if v is not None}
    with pytest.raises(ModelError, match="weights of another network than .*Net"):
        built(Net, weights)
    weights = {**Net().state_dict(), "places.weight": torch.zeros(7, 6)}
    with pytest.raises(ModelError, match="weights of another network"):
        built(Net, weights)
