import pytest
import torch

from sonolume.diffusion.schedule import emphasis
from sonolume.errors import OptionError

T = torch.linspace(0, 1, 51)


def test_hard_steps_change_after_20_and_35_of_50() -> None:
    levels = emphasis(T[:50], "hard").argmax(1)
    assert levels.tolist() == [2] * 20 + [1] * 15 + [0] * 15


@pytest.mark.parametrize("schedule", ["hard", "smooth"])
def test_shares_sum_to_one_and_are_never_negative(schedule: str) -> None:
    weights = emphasis(T, schedule)
    torch.testing.assert_close(weights.sum(1), torch.ones(51))
    assert (weights >= 0).all()


def test_smooth_begins_with_ambience_and_ends_with_foreground() -> None:
    weights = emphasis(T, "smooth")
    assert weights[0, 2] > 0.95
    assert weights[-1, 0] > 0.9
    assert (weights[:, 2].diff() <= 0).all()
    assert (weights[:, 0].diff() >= 0).all()


def test_all_keeps_every_level() -> None:
    assert torch.equal(emphasis(T, "all"), torch.ones(51, 3))


def test_unknown_schedule_is_refused() -> None:
    with pytest.raises(OptionError, match="expected one of smooth, hard, all"):
        emphasis(T, "soft")  # type: ignore[arg-type]
