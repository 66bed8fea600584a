"""A listening test as a folder: one page that needs no network, its sounds and pictures, and a key.

Each question shows a picture before and after, plays the sound before, and asks of a few hidden
sounds how well they follow the change, as MUSHRA does (ITU-R BS.1534: a hidden reference, a
control, any order, as often as one likes), on five points, and then which follows it best.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Final

import numpy as np

from sonolume.errors import OptionError
from sonolume.media import Audio, Picture
from sonolume.media.atomic import atomic_path

__all__ = ["KEY", "PAGE", "POINTS", "Question", "check_page", "write_page"]

KEY: Final = "key.json"
PAGE: Final = "index.html"
POINTS: Final = ("not at all", "hardly", "somewhat", "well", "very well")
INTRODUCTION: Final = (
    "Each question shows how a picture changed, and plays a sound that goes with it before. Then "
    "come several sounds. Say of each how well it changed the way the picture did, and which of "
    "them did best. Listen in any order and as often as you like, best with headphones. One of "
    "the sounds may not have changed at all. At the end, save your answers as a file."
)


@dataclass(frozen=True, eq=False)
class Question:
    """What is asked.

    Attributes:
        name: unique in a test.
        before, after: the pictures.
        reference: the sound that goes with the picture before.
        sounds: what is judged, by condition; a condition's name is not shown.
    """

    name: str
    before: Picture
    after: Picture
    reference: Audio
    sounds: Mapping[str, Audio]


def check_page(folder: Path, *, force: bool = False) -> None:
    """Make the folder, and refuse before the work what would be refused after it.

    Raises OptionError when it cannot be made, or holds a test and `force` is not given.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OptionError(f"{folder}: cannot be made ({error.strerror})") from error
    if (folder / KEY).exists() and not force:
        raise OptionError(f"{folder / KEY} exists; --force replaces it")


def write_page(
    questions: Sequence[Question], folder: Path, *, seed: int = 0, force: bool = False
) -> Path:
    """Write the test into ``folder``; the page. The seed sets the order of questions and sounds.

    The names of files tell nothing; which is which stands in `KEY` alone, which the page does not
    read: keep it from listeners.

    Raises OptionError as `check_page`, or when a file cannot be written.
    """
    check_page(folder, force=force)
    rng = np.random.default_rng(seed)
    key: dict[str, dict[str, str]] = {}
    parts: list[str] = []
    for number, at in enumerate(rng.permutation(len(questions)), 1):
        question = questions[at]
        names = list(question.sounds)
        hidden = [names[i] for i in rng.permutation(len(names))]
        tokens = [f"q{number:02d}-{letter}" for letter in "abcdefgh"[: len(hidden)]]
        for token, name in zip(tokens, hidden, strict=True):
            question.sounds[name].save(folder / f"{token}.wav", force=True)
        question.reference.save(folder / f"q{number:02d}-reference.wav", force=True)
        question.before.save(folder / f"q{number:02d}-before.png", force=True)
        question.after.save(folder / f"q{number:02d}-after.png", force=True)
        key |= {
            token: {"question": question.name, "condition": name}
            for token, name in zip(tokens, hidden, strict=True)
        }
        parts += _question(number, tokens)
    _write(folder / PAGE, "\n".join(_page(parts)) + "\n")
    _write(folder / KEY, json.dumps(key, indent=1) + "\n")
    return folder / PAGE


def _write(path: Path, text: str) -> None:
    with atomic_path(path, force=True) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _page(parts: Sequence[str]) -> Iterator[str]:
    style, script = (
        files("sonolume.evaluation").joinpath(name).read_text("utf-8")
        for name in ("listening.css", "listening.js")
    )
    yield '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>Listening test</title>\n<style>\n{style}</style>"
    yield f"<main>\n<h1>Listening test</h1>\n<p>{escape(INTRODUCTION)}</p>"
    yield '<form novalidate>\n<p><label>Your name or number <input id="listener" name="listener"'
    yield 'autocomplete="off" maxlength="40" required></label></p>'
    yield from parts
    yield '<p><button type="submit">Save the answers</button></p>'
    yield '<p id="told" role="status" aria-live="polite"></p>\n</form>\n</main>'
    yield f"<script>\n{script}</script>\n</html>"


def _question(number: int, tokens: Sequence[str]) -> Iterator[str]:
    name = f"q{number:02d}"
    yield f'<section aria-labelledby="{name}">\n<h2 id="{name}">Question {number}</h2>'
    yield '<div class="pictures">'
    for which in ("before", "after"):
        yield f'<figure><img src="{name}-{which}.png" alt="The picture {which}">'
        yield f"<figcaption>{which}</figcaption></figure>"
    yield "</div>"
    yield f"<p>The sound before {_audio(f'{name}-reference', 'The sound before')}</p>"
    for letter, token in zip("ABCDEFGH", tokens, strict=False):
        yield f"<fieldset><legend>Sound {letter}: how well does it follow the change?</legend>"
        yield _audio(token, f"Sound {letter}")
        yield '<span class="points">'
        for points, words in enumerate(POINTS, 1):
            yield _choice(f"rating-{token}", str(points), f"{points} {words}")
        yield "</span></fieldset>"
    yield "<fieldset><legend>Which follows it best?</legend>"
    for letter, token in zip("ABCDEFGH", tokens, strict=False):
        yield _choice(f"best-{name}", token, f"Sound {letter}")
    yield "</fieldset>\n</section>"


def _audio(token: str, label: str) -> str:
    return f'<audio controls preload="none" src="{token}.wav" aria-label="{label}"></audio>'


def _choice(name: str, value: str, label: str) -> str:
    return f'<label><input type="radio" name="{name}" value="{value}" required>{label}</label>'
