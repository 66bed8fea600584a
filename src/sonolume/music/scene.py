"""What is seen, as things that sound."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

from sonolume.errors import DataError
from sonolume.media.atomic import atomic_path

__all__ = ["MOODS", "PLAYINGS", "Mood", "Playing", "Scene", "Source"]

Playing = Literal["struck", "plucked", "blown", "rubbed", "poured", "burning", "shaken", "called"]
Mood = Literal["calm", "cheerful", "melancholic", "tense", "playful", "majestic", "mysterious"]
PLAYINGS: tuple[Playing, ...] = get_args(Playing)
MOODS: tuple[Mood, ...] = get_args(Mood)
MAX_BYTES = 1 << 20
MAX_SOURCES = 64
LONGEST = 400
T = TypeVar("T", bound=str)


@dataclass(frozen=True)
class Source:
    """A thing that sounds.

    Attributes:
        name: what it is: "glass bottle".
        material: what it is made of: "glass".
        playing: how it is made to sound.
        timbre: words for the sound: ("bright", "ringing").
        concept: the concept of the joint space nearest to it, or "".
    """

    name: str
    material: str
    playing: Playing
    timbre: tuple[str, ...] = ()
    concept: str = ""

    @property
    def prompt(self) -> str:
        """Words for a sound generator and for judging by similarity."""
        words = ", ".join(self.timbre)
        return f"{self.name}, {self.material}, {self.playing}" + (f", {words}" if words else "")


@dataclass(frozen=True)
class Scene:
    """A picture in words: a sentence, a mood, and the things in it that sound."""

    description: str
    mood: Mood
    sources: tuple[Source, ...]

    def to_json(self) -> dict[str, Any]:
        """JSON values, as `from_json` reads them."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: object, where: str = "scene") -> Scene:
        """Raises DataError, naming the field, for values that are no scene."""
        fields = _object(value, where, {"description", "mood", "sources"}, set())
        mood = _choice(fields["mood"], f"{where}: mood", MOODS)
        listed = fields["sources"]
        if not isinstance(listed, list | tuple) or not 1 <= len(listed) <= MAX_SOURCES:
            raise DataError(f"{where}: sources: expected a list of 1 to {MAX_SOURCES}")
        sources = tuple(
            _source(each, f"{where}: source {number}") for number, each in enumerate(listed, 1)
        )
        return cls(_text(fields["description"], f"{where}: description"), mood, sources)

    @classmethod
    def read(cls, path: Path | str) -> Scene:
        """Read a JSON file. Raises DataError for a missing, large or malformed one."""
        path = Path(path)
        try:
            if path.stat().st_size > MAX_BYTES:
                raise DataError(f"{path}: a scene of more than 1 MiB")
            value = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise DataError(f"{path}: cannot be read as a scene in JSON ({error})") from None
        return cls.from_json(value, str(path))

    def save(self, path: Path | str, *, force: bool = False) -> None:
        """Write as JSON, to be edited and read again. Raises OptionError for a bad target."""
        text = json.dumps(self.to_json(), indent=2, ensure_ascii=False) + "\n"
        with atomic_path(Path(path), force=force) as temporary:
            temporary.write_text(text, encoding="utf-8")


def _source(value: object, where: str) -> Source:
    fields = _object(value, where, {"name", "material", "playing"}, {"timbre", "concept"})
    timbre = fields.get("timbre", ())
    if not isinstance(timbre, list | tuple) or len(timbre) > 12:
        raise DataError(f"{where}: timbre: expected a list of up to 12 words")
    concept = fields.get("concept", "")
    return Source(
        _text(fields["name"], f"{where}: name"),
        _text(fields["material"], f"{where}: material"),
        _choice(fields["playing"], f"{where}: playing", PLAYINGS),
        tuple(_text(word, f"{where}: timbre") for word in timbre),
        _text(concept, f"{where}: concept") if concept != "" else "",
    )


def _object(value: object, where: str, needed: set[str], optional: set[str]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise DataError(f"{where}: expected an object with {', '.join(sorted(needed))}")
    missing, unknown = needed - value.keys(), value.keys() - needed - optional
    if missing:
        raise DataError(f"{where}: {sorted(missing)[0]} is missing")
    if unknown:
        raise DataError(f"{where}: unknown field {sorted(map(str, unknown))[0]!r}")
    return value


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST:
        raise DataError(f"{where}: expected 1 to {LONGEST} characters")
    return " ".join(value.split())


def _choice(value: object, where: str, choices: tuple[T, ...]) -> T:
    for choice in choices:
        if value == choice:
            return choice
    raise DataError(f"{where}: {value!r}; expected one of {', '.join(choices)}")
