"""What the inputs of `paint` mean: no weights are needed to know."""

from pathlib import Path

import pytest

from sonolume.cli._paint_inputs import check_targets, plan
from sonolume.errors import MediaError, OptionError


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in (
        "rain.wav",
        "owl.flac",
        "sounds/b.ogg",
        "sounds/a.wav",
        "sounds/a.mp3",
        "sounds/x.txt",
    ):
        page = tmp_path / name
        page.parent.mkdir(exist_ok=True)
        page.write_bytes(b"")
    (tmp_path / "prompts.txt").write_text("a beach\n\n  a city \n", "utf-8")
    (tmp_path / "empty").mkdir()
    return tmp_path


def told(tasks: list) -> list[tuple[str | None, str, str]]:
    return [(t.sound and t.sound.as_posix(), t.words, t.target.as_posix()) for t in tasks]


def test_one_sound_and_words(here: Path) -> None:
    tasks, folder = plan(("rain.wav", "a beach"), None, Path("out.png"))
    assert told(tasks) == [("rain.wav", "a beach", "out.png")]
    assert folder is None


def test_words_or_sound_alone(here: Path) -> None:
    assert told(plan(("a beach",), None, None)[0]) == [(None, "a beach", "painting.png")]
    assert told(plan(("rain.wav",), None, None)[0]) == [("rain.wav", "", "painting.png")]


def test_several_sounds_give_a_folder(here: Path) -> None:
    tasks, folder = plan(("rain.wav", "owl.flac", "a hill"), None, Path("made"))
    assert folder == Path("made")
    assert told(tasks) == [
        ("rain.wav", "a hill", "made/rain.png"), ("owl.flac", "a hill", "made/owl.png")
    ]  # fmt: skip


def test_a_folder_keeps_names_and_never_paints_twice_into_one(here: Path) -> None:
    tasks, _ = plan(("sounds",), None, None)
    assert [t.target.as_posix() for t in tasks] == [
        "paintings/a.mp3.png", "paintings/a.wav.png", "paintings/b.png"
    ]  # fmt: skip


def test_prompts_are_numbered(here: Path) -> None:
    tasks, _ = plan(("rain.wav",), Path("prompts.txt"), Path("made"))
    assert told(tasks) == [
        ("rain.wav", "a beach", "made/0001.png"), ("rain.wav", "a city", "made/0002.png")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("inputs", "prompts", "output", "error", "message"),
    [
        ((), None, None, OptionError, "nothing to paint from"),
        (("gone.wav",), None, None, MediaError, "gone.wav: no such file"),
        (("my song.MP3", "a hill"), None, None, MediaError, "my song.MP3: no such file"),
        (("a beach", "a city"), None, None, OptionError, "words twice: 'a beach' and 'a city'"),
        (("empty",), None, None, MediaError, "empty: no sound in this folder"),
        (("a beach",), "prompts.txt", None, OptionError, "words and --prompts together"),
        ((), "gone.txt", None, OptionError, "gone.txt: unreadable prompts"),
        (("sounds",), None, "out.png", OptionError, "several pictures need a folder"),
        (("sounds",), None, "rain.wav", OptionError, "several pictures need a folder"),
    ],
)
def test_refusals(
    here: Path,
    inputs: tuple[str, ...],
    prompts: str | None,
    output: str | None,
    error: type[Exception],
    message: str,
) -> None:
    with pytest.raises(error, match=message):
        plan(inputs, Path(prompts) if prompts else None, Path(output) if output else None)


@pytest.mark.parametrize("text", ["a" * 5000, "a beach/with a pier", "\x00", "Mr. Smith", "3.5 m"])
def test_odd_text_is_words(here: Path, text: str) -> None:
    assert plan((text,), None, None)[0][0].words == text


def test_existing_targets_are_kept(here: Path) -> None:
    tasks, _ = plan(("a beach",), None, Path("owl.flac"))
    with pytest.raises(OptionError, match="owl.flac exists; --force replaces it"):
        check_targets(tasks, force=False)
    check_targets(tasks, force=True)
