"""``sonolume evaluate``: what stands before the measuring."""

from __future__ import annotations

import pytest

from sonolume.evaluation.judge import PLACE
from sonolume.hub import weights

SHIPPED = set(weights.names())


@pytest.mark.parametrize("job", ["joint", "paint", "judge"])
def test_data_must_be_there(run, tmp_path, job) -> None:
    code, _, err = run("evaluate", job, "--data", tmp_path / "absent")
    assert code == 2
    assert "absent' does not exist" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--split", "train"), "'train' is not one of 'validation', 'test'"),
        (("--limit", "0"), "0 is not in the range x>=1"),
        (("--phrases", "absent.tsv"), "'absent.tsv' does not exist"),
    ],
)
def test_options_are_checked(run, tmp_path, arguments, message) -> None:
    code, _, err = run("evaluate", "joint", "--data", tmp_path, *arguments)
    assert code == 2
    assert message in err


def test_a_report_that_is_there_is_refused_before_the_work(run, tmp_path) -> None:
    (tmp_path / "evaluation.json").write_text("{}")
    code, _, err = run("evaluate", "joint", "--data", tmp_path, "--out", tmp_path)
    assert code == 2
    assert "evaluation.json exists; --force replaces it" in err


def test_weights_that_are_not_there_are_named(run, tmp_path) -> None:
    code, _, err = run("evaluate", "joint", "--data", tmp_path, "--model", tmp_path)
    assert code == 2
    assert "no weights named 'joint-words'" in err


def test_the_judge_needs_its_net(run, tmp_path, monkeypatch) -> None:
    monkeypatch.delenv(PLACE, raising=False)
    code, _, err = run("evaluate", "judge", "--data", tmp_path)
    assert code == 2
    assert "the judge needs imagenet_mobilenet_v1, which was not found; give --teachers" in err


def test_a_given_folder_must_hold_the_net(run, tmp_path) -> None:
    code, _, err = run("evaluate", "judge", "--data", tmp_path, "--teachers", tmp_path)
    assert code == 2
    assert "no imagenet_mobilenet_v1.safetensors there" in err


def test_a_cache_without_training_is_contradictory(run, tmp_path) -> None:
    code, _, err = run("evaluate", "judge", "--data", tmp_path, "--cache", tmp_path)
    assert code == 2
    assert "--cache keeps features for training; give --fit with it" in err


@pytest.mark.skipif("joint-picture" not in SHIPPED, reason="no encoder in this installation")
def test_a_folder_without_data_is_refused(run, tmp_path) -> None:
    code, _, err = run("evaluate", "joint", "--data", tmp_path)
    assert code == 2
    assert "neither sounds nor pictures there" in err
