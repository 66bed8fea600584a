"""Pictures to scenes through a vision-language model."""

from __future__ import annotations

import json
import string
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tiny_checkpoints import save_smolvlm

from sonolume.errors import DataError, ModelError, OptionError
from sonolume.media import Picture
from sonolume.music.scene import Scene
from sonolume.pipelines.play.scene_full import (
    EXAMPLE,
    Turn,
    VisionLanguageModel,
    VisionLanguageScene,
    load_vision_language_scene,
    parse_scene,
    prompt,
)

GREY = Picture(np.full((30, 40, 3), 128, np.uint8))
TALK = (
    "{% for message in messages %}{{ message['role'] }}: {% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<image>{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}\n{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}"
)


class Scripted:
    """Says what it is told, and remembers how it was asked."""

    def __init__(self, *answers: str) -> None:
        self.answers, self.asked = list(answers), list[list[Turn]]()

    def answer(self, picture: Picture, talk: Sequence[Turn]) -> str:
        assert talk[-1].role == "user"
        self.asked.append(list(talk))
        return self.answers.pop(0)


def test_an_answer_may_stand_among_words() -> None:
    said = f"Sure! Here it is:\n```json\n{EXAMPLE}\n```\nAnything else? {{}}"
    scene = VisionLanguageScene(Scripted(said)).read(GREY)
    assert scene == Scene.from_json(json.loads(EXAMPLE))
    assert len(VisionLanguageScene(Scripted(EXAMPLE)).read(GREY, sources=5).sources) == 5


def test_the_prompt_names_what_is_allowed_and_its_example_is_a_scene() -> None:
    asked = prompt(9)
    assert "calm, cheerful" in asked
    assert "struck, plucked" in asked
    assert "5 to 9 different sounds" in asked
    assert parse_scene(asked[asked.index(EXAMPLE[:20]) :]) == parse_scene(EXAMPLE)


def test_wrong_answers_are_sent_back_with_what_is_wrong() -> None:
    wrong = EXAMPLE.replace('"calm"', '"nice"')
    model = Scripted("I see a lake.", wrong, EXAMPLE)
    VisionLanguageScene(model).read(GREY)
    assert [len(talk) for talk in model.asked] == [1, 3, 5]
    assert "no JSON object" in model.asked[1][2].text
    assert model.asked[2][3] == Turn("assistant", wrong)
    assert "mood: 'nice'; expected one of calm" in model.asked[2][4].text


def test_three_wrong_answers_end_the_talk() -> None:
    model = Scripted("{", "{}", "[]", EXAMPLE)
    with pytest.raises(ModelError, match="no scene in 3 answers .answer: no JSON object"):
        VisionLanguageScene(model).read(GREY)
    assert len(model.answers) == 1


def test_sources_have_bounds() -> None:
    with pytest.raises(OptionError, match="4 sources; expected 5 to 64"):
        VisionLanguageScene(Scripted()).read(GREY, sources=4)


def few(count: int, *, alike: bool = False) -> str:
    value = json.loads(EXAMPLE)
    value["sources"] = value["sources"][: 1 if alike else count] * (count if alike else 1)
    return json.dumps(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no JSON object"),
        ("{" * 100_000, "broken JSON"),
        ('{"a":' + "[" * 100_000, "broken JSON"),
        ('{"description": 1e999}', "is missing"),
        (EXAMPLE[:-3], "broken JSON"),
        (few(4), "4 different ones of 4; expected at least 5"),
        (few(6, alike=True), "1 different ones of 6"),
        (EXAMPLE.replace('"struck"', '"hit"'), "source 1: playing: 'hit'"),
        (EXAMPLE.replace('"playing"', '"play"'), "source 1: playing is missing"),
    ],
)
def test_what_is_no_scene(text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        parse_scene(text)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(EXAMPLE) - 1), st.sampled_from(string.printable), st.booleans())
def test_damaged_answers_give_a_scene_or_one_error(at: int, char: str, cut: bool) -> None:
    damaged = EXAMPLE[:at] + char + ("" if cut else EXAMPLE[at + 1 :])
    with suppress(DataError):
        assert len(parse_scene(damaged).sources) >= 5


@pytest.fixture(scope="module")
def smolvlm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SmolVLM's architecture with random weights, in its published format."""
    folder = tmp_path_factory.mktemp("smolvlm")
    save_smolvlm(folder, prompt(8), TALK)
    return folder


def test_a_model_in_the_published_format_is_asked_and_answers(
    smolvlm: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sonolume.pipelines.play.scene_full.PIECES", 12)
    reader = load_vision_language_scene(smolvlm)
    model = reader.model
    assert isinstance(model, VisionLanguageModel)
    talk = [Turn("user", "What is it?"), Turn("assistant", "A lake."), Turn("user", "Sure?")]
    seen: list[str] = []
    tokenizer = model.processor.tokenizer
    generate = model.model.generate

    def watched(**inputs: object) -> object:
        seen.append(tokenizer.decode(inputs["input_ids"][0]))  # type: ignore[index]
        return generate(**inputs)

    monkeypatch.setattr(model.model, "generate", watched)
    first, second = model.answer(GREY, talk), model.answer(GREY, talk)
    assert first == second
    assert seen[0].startswith("user: ")
    assert "What is it?assistant: A lake.user: Sure?assistant:" in seen[0]
    assert seen[0].count("<image>") == 4
    assert "What is it?" not in first
    # Random weights say nothing sensible: the reader asks three times, then says so.
    with pytest.raises(ModelError, match="no scene in 3 answers"):
        reader.read(Picture(np.zeros((3000, 20, 3), np.uint8)))
    assert len(seen) == 5
    assert "No human voices" in seen[2]


def test_what_is_no_vision_language_model(smolvlm: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no config.json in it"):
        load_vision_language_scene(tmp_path)
    with pytest.raises(ModelError, match="no such model folder"):
        load_vision_language_scene(tmp_path / "none")
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(ModelError, match="a bert model answers nothing about pictures"):
        load_vision_language_scene(tmp_path)
