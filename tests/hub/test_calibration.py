"""The file of temperatures beside the weights."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sonolume.errors import ModelError, OptionError
from sonolume.hub import weights
from sonolume.hub.calibration import (
    NAME,
    UNFITTED,
    Calibration,
    Fit,
    check_calibration,
    read_calibration,
    write_calibration,
)

FIT = Fit(0.05, 0.03, 1.2, 400)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    calibration = Calibration({"sound": FIT}, {"joint-sound": "ab" * 32})
    write_calibration(calibration, tmp_path / NAME)
    assert read_calibration(tmp_path) == calibration
    assert read_calibration(tmp_path).temperature("sound") == 0.05
    assert read_calibration(tmp_path).temperature("picture") == UNFITTED
    with pytest.raises(OptionError, match="exists"):
        write_calibration(calibration, tmp_path / NAME)


def test_without_a_file_nothing_is_fitted(tmp_path: Path) -> None:
    assert read_calibration(tmp_path) == Calibration()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"weights": 3}',
        '{"weights": {}, "sound": {"temperature": 0.1}}',
        '{"weights": {}, "sound": {"temperature": 0, "ece": 0, "nll": 0, "items": 1}}',
        '{"weights": {}, "sound": {"temperature": NaN, "ece": 0, "nll": 0, "items": 1}}',
        '{"weights": {}, "sound": {"temperature": "1", "ece": 0, "nll": 0, "items": 1}}',
        '{"weights": {}, "sound": {"temperature": 1, "ece": 0, "nll": 0, "items": 1, "x": 2}}',
    ],
)
def test_what_is_no_calibration(tmp_path: Path, text: str) -> None:
    (tmp_path / NAME).write_text(text)
    with pytest.raises(ModelError, match="no calibration of keywords .*; fit it again"):
        read_calibration(tmp_path)


def test_a_place_that_cannot_be_written_is_refused_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "there.json").write_text("{}")
    with pytest.raises(OptionError, match=r"there\.json exists; --force replaces it"):
        check_calibration(tmp_path / "there.json")
    check_calibration(tmp_path / "there.json", force=True)
    with pytest.raises(OptionError, match="does not exist; make it first"):
        check_calibration(tmp_path / "gone" / "k.json")


def test_the_shipped_temperatures_were_fitted_to_the_shipped_weights() -> None:
    calibration = read_calibration()
    assert set(calibration.fits) == {"sound", "picture"}
    for name in ("joint-words", "joint-sound", "joint-picture"):
        assert calibration.weights[name] == weights.sha256(name), (
            "fit it again: sonolume evaluate describe --data FOLDER --fit-calibration FILE"
        )
    assert len(json.dumps(dict(calibration.weights))) < 1000
