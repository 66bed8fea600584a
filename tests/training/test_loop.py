"""The loop's arithmetic against closed forms, and its records."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from sonolume.errors import ModelError, OptionError
from sonolume.training.average import WeightAverage
from sonolume.training.batches import batches
from sonolume.training.figures import macro_top1, nearest
from sonolume.training.journal import Journal
from sonolume.training.labels import chances, class_numbers
from sonolume.training.loop import rate_factor, train
from sonolume.training.settings import LoopSettings
from sonolume.training.stages.base import draw_chances

COMPILER = shutil.which("c++") or shutil.which("g++")
SLOW = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # torch's own, as it translates
    pytest.mark.skipif(COMPILER is None, reason="translating for the CPU takes a C++ compiler"),
]


class Line:
    """y = a·x + b from noisy points; a batch norm gives it running statistics."""

    name = "line"

    def __init__(self, width: int = 1) -> None:
        self.model = nn.Sequential(nn.BatchNorm1d(1), nn.Linear(1, width))
        with torch.no_grad():
            self.model[1].weight.fill_(0.5)
            self.model[1].bias.zero_()

    def batch(self, rng: np.random.Generator) -> dict[str, Tensor]:
        x = torch.from_numpy(rng.normal(2, 3, (64, 1)).astype(np.float32))
        return {"x": x, "y": 4 * x - 1}

    def loss(
        self, batch: dict[str, Tensor], step: int, progress: float
    ) -> tuple[Tensor, dict[str, float]]:
        return (self.model(batch["x"]) - batch["y"]).square().mean(), {"step": float(step)}

    def validate(self, folder: Path) -> dict[str, float]:
        return {"training": float(self.model.training)}

    def export(self, folder: Path) -> None:
        torch.save(self.model.state_dict(), folder / "line.pt")


def settings(**changes: Any) -> LoopSettings:
    given = {"steps": 20, "warmup": 1, "precision": "fp32", "log_every": 1, **changes}
    return LoopSettings(**given)


@pytest.mark.parametrize(
    ("step", "progress", "expected"),
    [
        (0, 0.0, 0.1),  # 1 of 10 steps of warm-up
        (4, 0.0, 0.5),
        (9, 0.1, 1.0),
        (500, 0.7, 1.0),  # flat until the last 0.3
        (500, 0.85, 0.5),
        (500, 1.0, 0.0),
        (500, 1.2, 0.0),  # a clock may run over
        (4, 0.85, 0.25),  # both at once
    ],
)
def test_rate_rises_stays_and_falls(step: int, progress: float, expected: float) -> None:
    shape = LoopSettings(steps=1, warmup=10, cooldown=0.3)
    assert rate_factor(step, progress, shape) == pytest.approx(expected)


def test_rate_without_warmup_and_cooldown_is_flat() -> None:
    shape = LoopSettings(steps=1, warmup=0, cooldown=0.0)
    assert [rate_factor(s, p, shape) for s, p in ((0, 0.0), (9, 0.5), (99, 1.0))] == [1, 1, 1]


def test_average_of_a_ramp_is_the_closed_form() -> None:
    weight = torch.zeros(3, dtype=torch.float64)
    average = WeightAverage({"w": weight}, decay=0.9)
    expected = 0.0
    for step in range(1, 200):
        weight.fill_(step)
        average.update(step)
        decay = min(0.9, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * step
    torch.testing.assert_close(average.values["w"], torch.full((3,), expected))
    # Once the decay is constant the average of a ramp lags by decay / (1 − decay) steps.
    assert float(average.values["w"][0]) == pytest.approx(199 - 9, abs=0.01)


def test_average_of_a_constant_is_the_constant() -> None:
    weight = torch.tensor([1.7, -3.3])
    average = WeightAverage({"w": weight}, decay=0.999)
    for step in range(1, 50):
        average.update(step)
    assert torch.equal(average.values["w"], weight)


def test_average_is_applied_and_taken_back_even_after_an_error() -> None:
    weight = torch.tensor([1.0, 2.0])
    average = WeightAverage({"w": weight}, decay=0.5)
    average.values["w"].fill_(9.0)

    def fail() -> None:
        with average.applied():
            assert weight.tolist() == [9.0, 9.0]
            raise ArithmeticError

    with pytest.raises(ArithmeticError):
        fail()
    assert weight.tolist() == [1.0, 2.0]


def test_one_step_is_adam_by_hand(tmp_path: Path) -> None:
    stage = Line()
    train(stage, settings(steps=1, rate=0.01, decay=0.1), tmp_path, quiet=True)
    # Adam's first step is rate · sign(gradient); matrices alone also shrink by rate · decay.
    assert stage.model[1].weight.item() == pytest.approx(0.5 * (1 - 0.001) + 0.01, abs=1e-6)
    assert abs(stage.model[1].bias.item()) == pytest.approx(0.01, abs=1e-6)


def test_the_loss_of_a_line_goes_to_zero(tmp_path: Path) -> None:
    train(Line(), settings(steps=150, rate=0.3, cooldown=0.5), tmp_path, quiet=True)
    losses = [row["loss"] for row in Journal(tmp_path, "", True).rows() if "loss" in row]
    assert losses[-1] < 0.02 * losses[0]


def test_validation_is_in_evaluation_mode_and_stages_learn_their_step(tmp_path: Path) -> None:
    train(Line(), settings(steps=3), tmp_path, quiet=True)
    journal = Journal(tmp_path, "", True)
    assert journal.last_validation() == {"training": 0.0}
    assert [row["step"] for row in journal.rows() if "loss" in row] == [0.0, 1.0, 2.0]


def test_a_run_that_is_done_stays_as_it_is(tmp_path: Path) -> None:
    train(Line(), settings(), tmp_path, quiet=True)
    first = (tmp_path / "export" / "line.pt").read_bytes()
    train(Line(), settings(), tmp_path, quiet=True)
    assert (tmp_path / "export" / "line.pt").read_bytes() == first


def test_a_folder_of_another_run_is_refused(tmp_path: Path) -> None:
    train(Line(), settings(steps=2), tmp_path, quiet=True)
    other = Line()
    other.name = "curve"
    with pytest.raises(OptionError, match=r"holds a run of line; choose another folder"):
        train(other, settings(), tmp_path, quiet=True)
    with pytest.raises(ModelError, match=r"checkpoint of another model \(differs in \['1.bias'"):
        train(Line(width=2), settings(), tmp_path, quiet=True)


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OptionError, match=r"file cannot hold a run \(File exists\)"):
        train(Line(), settings(), tmp_path / "file", quiet=True)


def test_both_precisions_in_one_process(tmp_path: Path) -> None:
    for precision in ("bf16", "fp32"):
        train(Line(), settings(steps=2, precision=precision), tmp_path / precision, quiet=True)
        losses = [row["loss"] for row in Journal(tmp_path / precision, "", True).rows()[:2]]
        assert np.isfinite(losses).all()


def test_the_journal_survives_missing_figures_and_cut_lines(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "a stage", quiet=True)
    journal.plot()
    journal.add(1, 0.5, {"norm": 1.0}, 0.1)
    journal.add(2, 1.0, {"loss": float("nan")}, 0.2)
    journal.add_validation(2, 1.0, {})
    journal.plot()
    journal.add_validation(3, 60.0, {"a": 0.5})
    journal.add_validation(4, 120.0, {"b": 0.25})
    with journal.path.open("a") as page:
        page.write('{"step": 5, "los')
    journal.plot()
    assert len(journal.rows()) == 5
    assert journal.last_validation() == {"b": 0.25}
    assert journal.picture.stat().st_size > 1000
    journal.rewind(2)
    assert [row["step"] for row in journal.rows()] == [1, 2, 2]
    assert [json.loads(line)["step"] for line in journal.path.read_text().splitlines()] == [1, 2, 2]


def test_the_journal_tells_the_time_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = Journal(tmp_path, "joint.words", quiet=False)
    journal.add(1, 0.5, {"loss": 2.0}, 0.25)
    journal.add(2, 1.0, {"loss": 1.5}, 0.5)
    told = capsys.readouterr().err.splitlines()
    assert told[0] == "joint.words 25.0% step 1 loss 2"
    assert told[1] == "joint.words 50.0% step 2 loss 1.5, 0 min left"


def test_macro_top1_weighs_classes_alike() -> None:
    truth = np.array([0, 0, 0, 1])
    assert macro_top1(np.array([0, 0, 3, 2]), truth) == pytest.approx((2 / 3 + 0) / 2)


def test_nearest_looks_only_among_those_given() -> None:
    anchors = torch.eye(4)
    inputs = torch.tensor([[0.9, 0.1, 0.0, 0.8], [0.0, 0.2, 0.9, 0.3]])
    tower = nn.Linear(4, 4, bias=False)
    with torch.no_grad():
        tower.weight.copy_(torch.eye(4))
        assert nearest(tower, inputs, anchors, [0, 1, 2, 3], part=1).tolist() == [0, 2]
        assert nearest(tower, inputs, anchors, [1, 3]).tolist() == [3, 3]


def test_class_numbers_and_chances() -> None:
    numbers = class_numbers(["dog", None, "dog", "rain"])
    assert numbers[1] == -1
    assert numbers[0] == numbers[2] < numbers[3]
    labels = np.array([0, 0, 0, 0, 2])
    np.testing.assert_allclose(chances(labels, 1.0), [0.2] * 5)
    np.testing.assert_allclose(chances(labels, 0.0), [0.125] * 4 + [0.5])
    np.testing.assert_allclose(chances(labels, 0.5), [1 / 6] * 4 + [1 / 3])


def test_draw_chances_when_no_photo_or_every_photo_has_a_concept() -> None:
    class Photo:
        weak_concept = None

        def __init__(self, concept: str | None) -> None:
            self.concept = concept

    photos: Any = [Photo("dog"), Photo("dog"), Photo("cat"), Photo(None)]
    np.testing.assert_allclose(draw_chances(photos, 0.8, 0.0), [0.2, 0.2, 0.4, 0.2])
    np.testing.assert_allclose(draw_chances(photos[:3], 0.8, 1.0), [1 / 3] * 3)
    np.testing.assert_allclose(draw_chances(photos[3:], 0.8, 1.0), [1.0])


class Dial(Line):
    """A vector and a single number pulled by the same gradient."""

    def __init__(self) -> None:
        self.model = nn.Module()
        self.model.vector = nn.Parameter(torch.zeros(1))
        self.model.gate = nn.Parameter(torch.zeros(()))

    def loss(
        self, batch: dict[str, Tensor], step: int, progress: float
    ) -> tuple[Tensor, dict[str, float]]:
        return -(self.model.vector.sum() + self.model.gate), {}


def test_single_numbers_learn_faster_by_the_factor(tmp_path: Path) -> None:
    stage = Dial()
    train(stage, settings(steps=3, rate=1e-3, scalars=20.0), tmp_path, quiet=True)
    # AdamW's steps under a constant gradient are the learning rate each.
    assert stage.model.vector.item() == pytest.approx(3e-3, rel=1e-3)
    assert stage.model.gate.item() == pytest.approx(60e-3, rel=1e-3)


@pytest.mark.filterwarnings("ignore:This DataLoader will create")
@pytest.mark.parametrize("workers", [1, 3])
def test_workers_draw_the_batches_of_the_same_steps(workers: int) -> None:
    here, there = (batches(Line(), seed=5, first=7, workers=count) for count in (0, workers))
    for step in range(7, 17):
        (draw, batch), (drawn, other) = next(here), next(there)
        assert draw == drawn
        torch.testing.assert_close(batch, other, rtol=0, atol=0)
        rng = np.random.default_rng([5, step])
        assert draw == int(rng.integers(2**62))
        torch.testing.assert_close(batch, Line().batch(rng), rtol=0, atol=0)


@pytest.mark.filterwarnings("ignore:This DataLoader will create")
@pytest.mark.parametrize("change", [{"workers": 2}, pytest.param({"compiled": True}, marks=SLOW)])
def test_workers_and_translation_change_nothing_learned(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    ends = []
    for name, given in (("plain", {}), ("changed", change)):
        stage = Line()
        train(stage, settings(**given), tmp_path / name, quiet=True)
        ends.append(stage.model.state_dict())
    torch.testing.assert_close(ends[0], ends[1], rtol=1e-5, atol=1e-6)
