"""What the inputs of ``sonolume paint`` mean: sounds, folders, words; and where pictures go."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sonolume.errors import MediaError, OptionError

SOUNDS = frozenset({".wav", ".flac", ".ogg", ".opus", ".mp3", ".aiff", ".aif", ".m4a", ".aac"})
MEDIA = SOUNDS | {".png", ".jpg", ".jpeg", ".webp", ".gif", ".mid", ".mp4"}
DEFAULT = Path("painting.png")


@dataclass(frozen=True)
class Task:
    """One picture to make."""

    sound: Path | None
    words: str
    target: Path

    def told(self) -> dict[str, Any]:
        """What the manifest says of its inputs."""
        return {"sound": None if self.sound is None else str(self.sound), "words": self.words}


def plan(
    inputs: tuple[str, ...], prompts: Path | None, output: Path | None
) -> tuple[list[Task], Path | None]:
    """The pictures to make, and their folder when there are several.

    Raises OptionError for contradictory inputs, MediaError for files that are not there.
    """
    sounds, words, several = _sort(inputs)
    if prompts is not None:
        if words:
            raise OptionError("words and --prompts together: put the words into the file")
        return _from_prompts(_read_prompts(prompts), sounds, output)
    if not sounds and not words:
        raise OptionError("nothing to paint from: give a sound, words, or both")
    if not several and len(sounds) <= 1:
        sound = sounds[0] if sounds else None
        return [Task(sound, words, _single(output))], None
    folder = _folder(output)
    names = Counter(sound.stem for sound in sounds)
    return [
        Task(s, words, folder / f"{s.stem if names[s.stem] == 1 else s.name}.png") for s in sounds
    ], folder


def check_targets(tasks: list[Task], *, force: bool) -> None:
    """Refuse before the work what would be refused after it."""
    for task in tasks:
        if task.target.exists() and not force:
            raise OptionError(f"{task.target} exists; --force replaces it, -o gives another name")


def _sort(inputs: tuple[str, ...]) -> tuple[list[Path], str, bool]:
    """Sounds, words, and whether a folder was among the inputs."""
    sounds: list[Path] = []
    words: list[str] = []
    several = False
    for text in inputs:
        path = Path(text)
        if _is(path, "dir"):
            sounds += _in_folder(path)
            several = True
        elif _is(path, "file"):
            sounds.append(path)
        elif path.suffix.lower() in MEDIA and " " not in path.suffix:
            raise MediaError(f"{text}: no such file; words do not end in {path.suffix}")
        else:
            words.append(text)
    if len(words) > 1:
        raise OptionError(
            f"words twice: {words[0]!r} and {words[1]!r}; put them in one pair of quotes"
        )
    return sounds, words[0] if words else "", several


def _is(path: Path, kind: str) -> bool:
    """Whether the path is there; text too long or odd for a path is not."""
    try:
        return path.is_dir() if kind == "dir" else path.exists()
    except (OSError, ValueError):
        return False


def _in_folder(folder: Path) -> list[Path]:
    found = sorted(p for p in folder.iterdir() if p.suffix.lower() in SOUNDS and p.is_file())
    if not found:
        raise MediaError(f"{folder}: no sound in this folder; expected files such as NAME.wav")
    return found


def _read_prompts(page: Path) -> list[str]:
    try:
        lines = page.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise OptionError(f"{page}: unreadable prompts ({error}); expected UTF-8 text") from error
    prompts = [line.strip() for line in lines if line.strip()]
    if not prompts:
        raise OptionError(f"{page}: no prompt in it; write one a line")
    return prompts


def _from_prompts(
    prompts: list[str], sounds: list[Path], output: Path | None
) -> tuple[list[Task], Path]:
    """One picture a line; with several sounds, each line under each sound."""
    folder = _folder(output)
    heard: list[Path | None] = [*sounds] or [None]
    pairs = [(sound, words) for sound in heard for words in prompts]
    return [
        Task(sound, words, folder / f"{number:04d}.png")
        for number, (sound, words) in enumerate(pairs, 1)
    ], folder


def _single(output: Path | None) -> Path:
    if output is None:
        return DEFAULT
    return output / DEFAULT if output.is_dir() else output


def _folder(output: Path | None) -> Path:
    if output is None:
        return Path("paintings")
    if output.suffix.lower() in MEDIA:
        raise OptionError(f"{output}: several pictures need a folder; give -o FOLDER/")
    if output.exists() and not output.is_dir():
        raise OptionError(f"{output} is a file; give -o FOLDER/")
    return output
