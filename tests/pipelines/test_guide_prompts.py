"""Prompts as people type them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sonolume.errors import OptionError
from sonolume.media import Audio, Picture
from sonolume.pipelines.guide.prompts import Prompt, gather, read_prompt, type_prompt
from sonolume.pipelines.words import clean_words


@pytest.mark.parametrize(
    ("text", "value", "weight"),
    [
        ("a beach", "a beach", 1.0),
        ("a beach:0.5", "a beach", 0.5),
        ("a beach: 0.5 ", "a beach", 0.5),
        ("a beach:-1", "a beach", -1.0),
        ("a beach:+.25", "a beach", 0.25),
        ("a beach:1e-1", "a beach", 0.1),
        ("a beach:2.", "a beach", 2.0),
        ("a beach:0", "a beach", 0.0),
        ("a sign: stop", "a sign: stop", 1.0),
        ("a sign: stop:2", "a sign: stop", 2.0),
        ("one:two:three:3", "one:two:three", 3.0),
        (r"ratio 3\:4", "ratio 3:4", 1.0),
        (r"ratio 3\:4:0.5", "ratio 3:4", 0.5),
        ("a clock at 10:30", "a clock at 10:30", 1.0),
        ("a clock at 10:30:2", "a clock at 10:30", 2.0),
        ("blade runner 2049:2", "blade runner 2049", 2.0),
        ("http://example.org:8080", "http://example.org:8080", 1.0),
        ("http://example.org:8080/a:0.5", "http://example.org:8080/a", 0.5),
        ("https://example.org/a b:-2", "https://example.org/a b", -2.0),
        ("a dog:nan", "a dog:nan", 1.0),
        ("a dog:inf", "a dog:inf", 1.0),
        ("a dog:", "a dog:", 1.0),
        ("a dog:1,5", "a dog:1,5", 1.0),
        ("雷:2", "雷", 2.0),
    ],
)
def test_words_and_their_weight(text: str, value: str, weight: float) -> None:
    found = read_prompt("words", text)
    assert (found.value, found.weight) == (value, weight)


def test_files_and_their_weight(tmp_path: Path) -> None:
    odd = tmp_path / "take:2"
    odd.touch()
    assert read_prompt("sound", str(odd)) == Prompt("sound", str(odd), 1.0)
    assert read_prompt("sound", f"{odd}:0.5") == Prompt("sound", str(odd), 0.5)
    assert read_prompt("sound", "waves.wav:-0.3") == Prompt("sound", "waves.wav", -0.3)
    assert read_prompt("picture", "C:/photos/a.png:2") == Prompt("picture", "C:/photos/a.png", 2.0)
    assert read_prompt("picture", "C:/photos/a.png") == Prompt("picture", "C:/photos/a.png", 1.0)


@example("take 9", 30)  # would be a time of day
@given(
    st.text(min_size=1).filter(lambda text: bool(clean_words(text)) and "\\" not in text),
    st.integers(-999, 999),
)
def test_a_typed_prompt_reads_as_itself(text: str, weight: int) -> None:
    prompt = Prompt("words", clean_words(text), float(weight))
    assert read_prompt("words", type_prompt(prompt)) == prompt


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "without words"),
        ("   ", "without words"),
        (":0.5", "without words"),
        ("\x00\x01:2", "without words"),
        ("a dog:1e400", "weight"),
        ("a dog:-1e9", "weight"),
        ("a dog:5000", "weight"),
    ],
)
def test_unusable_words(text: str, said: str) -> None:
    with pytest.raises(OptionError, match=said):
        read_prompt("words", text)


@pytest.mark.parametrize("text", ["", "  ", ":0.5"])
def test_files_that_are_not_named(text: str) -> None:
    with pytest.raises(OptionError, match="no file is named"):
        read_prompt("sound", text)


def test_one_or_several_with_weights_or_without() -> None:
    words = Prompt("words", "a beach:0.5")
    assert gather("words", None) == []
    assert gather("words", "a beach:0.5") == [Prompt("words", "a beach", 0.5)]
    assert gather("words", ("a beach:0.5", 1.0)) == [words]
    assert gather("words", ["a beach", ("a city", -1)]) == [
        Prompt("words", "a beach"),
        Prompt("words", "a city", -1),
    ]
    assert gather("words", ("a beach", "a city")) == [
        Prompt("words", "a beach"),
        Prompt("words", "a city"),
    ]
    sound = Audio(np.zeros((1, 10), np.float32), 16_000)
    assert gather("sound", sound) == gather("sound", [(sound, 1.0)])
    assert gather("picture", Path("a.png")) == [Prompt("picture", Path("a.png"))]


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("words", 5),
        ("words", [5]),
        ("words", [None]),
        ("words", [("a", "b", "c")]),
        ("words", Path("a.wav")),
        ("sound", [b"a.wav"]),
        ("sound", Picture(np.zeros((2, 2, 3), np.uint8))),
        ("picture", [1.5]),
        ("words", ("a beach", float("nan"))),
        ("words", ("a beach", True)),
    ],
)
def test_what_is_no_prompt(kind, given) -> None:
    with pytest.raises(OptionError):
        gather(kind, given)
