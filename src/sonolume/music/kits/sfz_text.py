"""The text of an SFZ instrument: comments, macros, includes, headers and opcodes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sonolume.errors import DataError
from sonolume.music.kits.inside import inside

__all__ = ["Section", "sections"]

MAX_BYTES = 8 * 2**20
MAX_DEPTH, MAX_FILES = 16, 500
MAX_MACROS, LONGEST_NAME, LONGEST_MACRO = 10_000, 100, 1_000
MAX_WORDS = 500_000

COMMENT = re.compile(r"//[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
DIRECTIVE = re.compile(r'#define\s+\$(\w+)\s+([^\s<]+)|#include\s*"([^"\n]*)"')
WORD = re.compile(r"<(\w+)>|(?:(?<=[\s>])|^)([A-Za-z_]\w*+)=")
MACRO = re.compile(r"\$(\w+)")


@dataclass
class Section:
    """A header and the opcodes after it, in their order."""

    header: str
    opcodes: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class _Source:
    """What has been read so far, held against the limits."""

    root: Path
    macros: dict[str, str] = field(default_factory=dict)
    files: int = 0
    characters: int = 0


def sections(path: Path) -> Iterator[Section]:
    """The sections of ``path`` in order, macros replaced and includes in their places.

    An include is relative to the folder of ``path``, whichever file asks for it.

    Raises:
        DataError: a file that is missing, not text, outside the folder of ``path``; includes
            deeper than 16 or more than 500; more than 8 MiB of text after replacement.
    """
    current = Section("")
    count = 0
    for line in _lines(path, _Source(path.parent), 0):
        for header, name, value in _words(line):
            count += 1
            if count > MAX_WORDS:
                raise DataError(f"{path}: more than {MAX_WORDS} headers and opcodes")
            if not header:
                current.opcodes.append((name, value))
                continue
            yield current
            current = Section(header)
    yield current


def _words(line: str) -> Iterator[tuple[str, str, str]]:
    """Headers as (header, "", ""), opcodes as ("", name, value); a value may hold spaces."""
    matches = list(WORD.finditer(line))
    ends = [match.start() for match in matches[1:]] + [len(line)]
    for match, end in zip(matches, ends, strict=False):
        header, name = match.groups()
        if header:
            yield header.lower(), "", ""
        else:
            yield "", name.lower(), line[match.end() : end].strip()


def _lines(path: Path, source: _Source, depth: int) -> Iterator[str]:
    for line in COMMENT.sub(" ", _text(path, source, depth)).splitlines():
        at = 0
        for match in DIRECTIVE.finditer(line) if "#" in line else ():
            yield _replaced(line[at : match.start()], path, source)
            at = match.end()
            macro, value, include = match.groups()
            if macro:
                _define(macro, value, path, source)
            else:
                target = inside(source.root, _replaced(include, path, source), path)
                yield from _lines(target, source, depth + 1)
        yield _replaced(line[at:], path, source)


def _text(path: Path, source: _Source, depth: int) -> str:
    source.files += 1
    if depth > MAX_DEPTH or source.files > MAX_FILES:
        raise DataError(
            f"{path}: includes deeper than {MAX_DEPTH} or more than {MAX_FILES}; "
            "does a file include itself?"
        )
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DataError(f"{path}: an instrument of more than 8 MiB of text")
        raw = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror or error})") from None
    if b"\0" in raw:
        raise DataError(f"{path} is not text; expected an SFZ instrument")
    source.characters += len(raw)
    _check_length(path, source)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def _check_length(path: Path, source: _Source) -> None:
    if source.characters > MAX_BYTES:
        raise DataError(f"{path}: more than 8 MiB of text with its includes and macros")


def _define(macro: str, value: str, path: Path, source: _Source) -> None:
    value = _replaced(value, path, source)
    if max(len(value) - LONGEST_MACRO, len(macro) - LONGEST_NAME) > 0:
        raise DataError(f"{path}: macro ${macro[:20]} is longer than {LONGEST_MACRO} characters")
    if len(source.macros) >= MAX_MACROS:
        raise DataError(f"{path}: more than {MAX_MACROS} macros")
    source.macros[macro] = value


def _replaced(text: str, path: Path, source: _Source) -> str:
    """``text`` with each macro replaced; where several names fit, the longest one."""
    if "$" not in text or not source.macros:
        return text
    growth = 0

    def value(match: re.Match[str]) -> str:
        nonlocal growth
        name = match.group(1)
        lengths = range(min(len(name), LONGEST_NAME), 0, -1)
        known = next((name[:n] for n in lengths if name[:n] in source.macros), "")
        result = source.macros[known] + name[len(known) :] if known else match.group()
        growth += len(result)
        if source.characters + growth > MAX_BYTES:
            source.characters += growth
            _check_length(path, source)
        return result

    replaced = MACRO.sub(value, text)
    source.characters += growth
    return replaced
