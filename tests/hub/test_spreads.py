"""The file of spreads beside the weights."""

from __future__ import annotations

import json

import pytest

from sonolume.errors import ModelError, OptionError
from sonolume.hub.spreads import NAME, Spreads, read_spreads, write_spreads


def test_what_is_written_is_read(tmp_path) -> None:
    spreads = Spreads({"words": 0.1, "sound": 0.08}, {"joint-words": "ab"})
    write_spreads(spreads, tmp_path / NAME)
    assert read_spreads(tmp_path) == spreads
    with pytest.raises(OptionError, match="exists"):
        write_spreads(spreads, tmp_path / NAME)


def test_without_a_file_there_are_none(tmp_path) -> None:
    assert read_spreads(tmp_path) == Spreads()


@pytest.mark.parametrize(
    "table",
    [
        "",
        "[]",
        "{}",
        '{"weights": 5}',
        {"weights": {}, "smell": 0.1},
        {"weights": {}, "words": 0},
        {"weights": {}, "words": -1},
        {"weights": {}, "words": "0.1"},
        {"weights": {}, "words": True},
        '{"weights": {}, "words": NaN}',
    ],
)
def test_a_broken_file_is_named(tmp_path, table) -> None:
    (tmp_path / NAME).write_text(table if isinstance(table, str) else json.dumps(table))
    with pytest.raises(ModelError, match="measure them again"):
        read_spreads(tmp_path)
