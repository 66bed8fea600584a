"""Reports: four keys, a page that needs nothing, nothing overwritten by accident."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import numpy as np
import pytest

from sonolume.errors import OptionError
from sonolume.evaluation.report import check_folder, page, write_report
from sonolume.evaluation.result import Evaluation, by_label, settings
from sonolume.media.picture import Picture

SHEET = Picture(np.arange(48, dtype=np.uint8).reshape(4, 4, 3))


@pytest.fixture
def result(tmp_path) -> Evaluation:
    facts = settings(tmp_path / "photos", "test", {"judge": "ab"}, seed=3)
    return Evaluation(
        "paint",
        facts,
        metrics={"kid": 0.1234567},
        controls={"judge_top1": 0.5},
        definitions={"kid": "squared MMD <unbiased>"},
        skipped=["sounds: photos/sounds is not there"],
        tables={"painted from words, top-1": {"dog": 0.25}},
        sheets={"painted from words": SHEET},
    )


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.sources: list[str] = []
        self.text = ""

    def handle_starttag(self, tag, attrs) -> None:
        self.sources += [value for key, value in attrs if key in ("src", "href")]
        if tag not in ("meta", "img", "li"):
            self.open.append(tag)

    def handle_endtag(self, tag) -> None:
        if tag != "li":
            assert self.open.pop() == tag

    def handle_data(self, data) -> None:
        self.text += data


def test_json_keys_and_rounding(result) -> None:
    found = result.to_json()
    assert list(found) == ["job", "metrics", "controls", "settings"]
    assert found["metrics"] == {"kid": 0.123457}
    assert found["settings"]["skipped"] == ["sounds: photos/sounds is not there"]
    assert found["settings"]["data"] == "photos"
    assert found["settings"]["models"] == {"judge": "ab"}


def test_the_page_is_well_formed_and_points_only_beside_itself(result) -> None:
    reader = Reader()
    reader.feed(page(result))
    assert reader.open == []
    assert reader.sources == ["painted-from-words.png"]
    for part in ("0.123", "squared MMD <unbiased>", "photos/sounds is not there", "dog", "0.250"):
        assert part in reader.text


def test_files_are_written_and_the_grid_is_exact(result, tmp_path) -> None:
    folder = tmp_path / "new" / "report"
    paths = write_report(result, folder)
    assert sorted(p.name for p in paths) == sorted(p.name for p in folder.iterdir())
    assert {p.name for p in paths} == {"index.html", "evaluation.json", "painted-from-words.png"}
    assert json.loads((folder / "evaluation.json").read_text()) == result.to_json()
    np.testing.assert_array_equal(
        Picture.read(folder / "painted-from-words.png").pixels, SHEET.pixels
    )


def test_an_evaluation_is_replaced_only_by_force(result, tmp_path) -> None:
    write_report(result, tmp_path)
    with pytest.raises(OptionError, match=r"evaluation\.json exists; --force replaces it"):
        check_folder(tmp_path)
    result.metrics["kid"] = 0.5
    write_report(result, tmp_path, force=True)
    assert json.loads((tmp_path / "evaluation.json").read_text())["metrics"]["kid"] == 0.5


def test_a_file_cannot_be_the_folder(tmp_path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(OptionError, match="taken: cannot be made"):
        check_folder(tmp_path / "taken")


def test_lines_are_a_table(result) -> None:
    assert list(result.lines()) == [
        "paint: metrics",
        "  kid    0.1235",
        "paint: controls",
        "  judge_top1    0.5000",
        "  left out: sounds: photos/sounds is not there",
    ]


def test_shares_by_label() -> None:
    assert by_label(np.array([True, False, True]), ["b", "b", "a"]) == {"a": 1.0, "b": 0.5}
