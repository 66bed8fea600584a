"""The listening test: what its folder holds, what its page says, and what answers come to."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from sonolume.errors import DataError, OptionError
from sonolume.evaluation.listening import KEY, Question, write_page
from sonolume.evaluation.listening_answers import main, opinions
from sonolume.media import Audio, Picture

RATE = 8000
CONDITIONS = ("restyled", "control", "reference")


def question(name: str, number: int) -> Question:
    tones = [
        np.sin(2 * np.pi * (200 * number + 50 * k) * np.arange(800) / RATE)[None] for k in range(4)
    ]
    sounds = [Audio((0.2 * tone).astype(np.float32), RATE) for tone in tones]
    pictures = [Picture(np.full((8, 8, 3), 20 * number + k, np.uint8)) for k in (0, 9)]
    told = dict(zip(CONDITIONS, sounds[1:], strict=True))
    return Question(name, pictures[0], pictures[1], sounds[0], told)


@pytest.fixture
def questions() -> list[Question]:
    return [question(f"<edit {n}> of it", n) for n in range(1, 5)]


class Seen(HTMLParser):
    """Tags, their attributes, and what labels and legends say."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_the_folder_holds_all_that_the_page_asks_for(questions, tmp_path) -> None:
    page = write_page(questions, tmp_path / "test")
    seen = Seen(page.read_text())
    wanted = {each["src"] for tag in ("img", "audio") for each in seen.all(tag)}
    there = {path.name for path in page.parent.iterdir()} - {page.name, KEY}
    assert wanted == there
    assert len(there) == 4 * (3 + 1 + 2)
    assert not seen.all("link")
    assert not re.search(r"https?://|import\(|fetch\(", page.read_text())


def test_the_page_is_told_to_those_who_do_not_see_it(questions, tmp_path) -> None:
    seen = Seen(write_page(questions, tmp_path).read_text())
    assert seen.all("html")[0]["lang"] == "en"
    assert all(each["alt"] for each in seen.all("img"))
    assert all(each["aria-label"] for each in seen.all("audio"))
    assert len(seen.all("fieldset")) == len(seen.all("legend")) == 4 * (3 + 1)
    assert len(seen.all("label")) == len(seen.all("input")) == 1 + 4 * (3 * 5 + 3)
    assert {each.get("type") for each in seen.all("input")} == {"radio", None}


def test_the_page_does_not_tell_which_is_which(questions, tmp_path) -> None:
    page = write_page(questions, tmp_path)
    text = page.read_text()
    assert not any(f"{name}" in text for name in ("restyled", "control ", "edit 1"))
    key = json.loads((tmp_path / KEY).read_text())
    assert len(key) == 12
    asked = {question.name: question for question in questions}
    for token, row in key.items():
        saved = Audio.read(tmp_path / f"{token}.wav").samples
        told = asked[row["question"]].sounds[row["condition"]].samples
        assert np.abs(saved - told).max() < 1e-4


def test_the_seed_sets_the_order(questions, tmp_path) -> None:
    keys = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_page(questions, tmp_path / name, seed=seed)
        keys.append(json.loads((tmp_path / name / KEY).read_text()))
    assert keys[0] == keys[1] != keys[2]


def test_a_test_is_not_overwritten(questions, tmp_path) -> None:
    write_page(questions, tmp_path)
    with pytest.raises(OptionError, match=r"key\.json exists; --force replaces it"):
        write_page(questions, tmp_path)
    write_page(questions[:2], tmp_path, force=True)
    (tmp_path / "file").write_text("")
    with pytest.raises(OptionError, match="cannot be made"):
        write_page(questions, tmp_path / "file" / "in")


def answered(folder: Path, path: Path, listener: str, ratings: dict[str, list[int]]) -> Path:
    """Answers as the page saves them: the k-th question of a condition gets its k-th rating."""
    key = json.loads((folder / KEY).read_text())
    left = {name: list(values) for name, values in ratings.items()}
    quoted = listener.replace('"', '""')
    lines = ["listener,sound,rating,best"]
    for token, row in key.items():
        best = int(row["condition"] == "restyled")
        lines.append(f'"{quoted}",{token},{left[row["condition"]].pop(0)},{best}')
    path.write_text("\r\n".join(lines) + "\r\n", encoding="utf-8")
    return path


def test_answers_become_means_and_intervals(questions, tmp_path, capsys) -> None:
    write_page(questions, tmp_path)
    first = {"restyled": [5, 5, 4, 4], "control": [2, 2, 2, 2], "reference": [1, 1, 1, 1]}
    second = {"restyled": [4, 4, 4, 3], "control": [3, 3, 2, 2], "reference": [1, 1, 1, 1]}
    files = [
        answered(tmp_path, tmp_path / "one.csv", 'Ann "A", B', first),
        answered(tmp_path, tmp_path / "two.csv", "Ben", second),
    ]
    told = {each.condition: each for each in opinions(tmp_path, files)}
    assert list(told) == list(CONDITIONS)
    assert told["restyled"].rating == pytest.approx(4.125)
    # Student's t of two listeners: 12.706 standard errors of their means 4.5 and 3.75.
    reach = 12.7062 * (0.75 / np.sqrt(2)) / np.sqrt(2)
    assert told["restyled"].rating_within == pytest.approx((4.125 - reach, 4.125 + reach), abs=1e-3)
    assert told["restyled"].best == 1
    # Wilson's interval of 8 of 8 and 0 of 8: n / (n + z²).
    assert told["restyled"].best_within == pytest.approx((8 / (8 + 1.959964**2), 1), abs=1e-5)
    assert told["control"].best_within[1] == pytest.approx(1 - 8 / (8 + 1.959964**2), abs=1e-5)
    assert main([str(tmp_path), *map(str, files)]) is None
    assert "restyled: rated 4.12 (" in capsys.readouterr().out
    assert np.isnan(opinions(tmp_path, files[:1])[0].rating_within).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected columns listener, sound"),
        ("a,b\n1,2\n", "expected columns listener, sound"),
        ("listener,sound,rating,best\nx,q01-a,6,0\n", "line 2: no answer to this test"),
        ("listener,sound,rating,best\nx,q99-a,3,0\n", "line 2: no answer to this test"),
        ("listener,sound,rating,best\nx,q01-a,3,yes\n", "line 2: no answer to this test"),
    ],
)
def test_other_files_are_refused(questions, tmp_path, text, message) -> None:
    write_page(questions, tmp_path)
    path = tmp_path / "answers.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        opinions(tmp_path, [path])
    with pytest.raises(DataError, match="no answers"):
        opinions(tmp_path, [])
    assert "holds no listening test" in str(main([str(tmp_path / "nowhere"), str(path)]))
