"""Scores on kits."""

from __future__ import annotations

import numpy as np
import pytest

from sonolume.errors import DataError, OptionError
from sonolume.music.ensemble import DRUM_BANK, placed, seat
from sonolume.music.kit import Instrument, Kit, Region, Sample
from sonolume.music.score import Notes, Score, Track

TONE = Sample(np.sin(2 * np.pi * 261.63 * np.arange(22050) / 22050)[None], 22050)
NOISE = Sample(np.random.default_rng(0).normal(0, 0.2, (1, 4000)), 22050)


def keyed(name: str, low: int = 48, high: int = 72, program: int = 0) -> Instrument:
    return Instrument(name, (Region(TONE, keys=(low, high)),), program=program)


def drum(name: str = "drums", program: int = 0) -> Instrument:
    regions = (Region(NOISE, keys=(35, 81), key_cents=0.0, loop_mode="one_shot"),)
    return Instrument(name, regions, pitched=False, program=program, bank=DRUM_BANK)


def track(name: str, *keys: int, program: int = 0, drums: bool = False) -> Track:
    rows = [(float(n), n + 0.5, key, 90) for n, key in enumerate(keys)]
    return Track(name, Notes.of(rows), program, drums)


def test_a_bank_with_every_program_is_played_by_program() -> None:
    kit = Kit("bank", (keyed("piano"), keyed("flute", program=73), drum()))
    score = Score((track("a", 60, program=73), track("b", 60), track("d", 36, drums=True)))
    seated = seat(score, kit)
    assert seated.names == ("flute", "piano", "drums")
    assert seated.roles[2] == "drums"


def test_another_kit_is_shared_out_drums_to_drums_and_pitches_to_pitches() -> None:
    kit = Kit("own", (keyed("glass"), drum("tin")))
    score = Score((track("Melody", 60, 62, program=40), track("d", 36, drums=True)))
    assert seat(score, kit).names == ("glass", "tin")


def test_a_track_that_nobody_can_play_is_left_out() -> None:
    score = Score((track("Melody", 60), track("d", 36, drums=True)))
    seated = seat(score, Kit("own", (keyed("glass"),)))
    assert seated.names == ("glass", None)
    assert list(seated.instruments) == [0]
    with pytest.raises(DataError, match="no instrument"):
        seat(Score((track("d", 36, drums=True),)), Kit("own", (keyed("glass"),)))


def test_overrides_choose_by_track_or_role() -> None:
    kit = Kit("two", (keyed("a"), keyed("b", program=5)))
    score = Score((track("Melody", 60), track("Bass", 48, program=33)))
    assert seat(score, kit, {"Melody": "b"}).names[0] == "b"
    assert seat(score, kit, {"bass": "a"}).names[1] == "a"
    with pytest.raises(OptionError, match="no such instrument"):
        seat(score, kit, {"bass": "harp"})


def test_notes_are_folded_into_the_range_and_counted() -> None:
    seated = seat(Score((track("Melody", 90, 60),)), Kit("k", (keyed("a", 55, 70),)))
    keys = seated.score.tracks[0].notes.key
    assert ((keys >= 55) & (keys <= 70)).all()
    assert sorted(keys % 12) == sorted([90 % 12, 60 % 12])
    assert seated.folded[0] >= 1


@pytest.mark.parametrize("key", [0, 60, 127])
def test_an_instrument_of_one_key_is_given_an_octave(key: int) -> None:
    seated = seat(Score((track("Melody", 64),)), Kit("k", (keyed("a", key, key),)))
    assert seated.score.tracks[0].notes.key[0] % 12 == 64 % 12


def test_places_in_a_kit_are_free_ones() -> None:
    made = placed([keyed("a"), keyed("b"), drum()], [40, 40, 0])
    assert [(each.bank, each.program) for each in made] == [(0, 40), (0, 41), (DRUM_BANK, 0)]
    assert [each.program for each in placed([keyed("a"), keyed("b")])] == [0, 1]
    with pytest.raises(DataError, match="at most 128"):
        placed([keyed(str(number)) for number in range(129)])


def test_programs_that_say_nothing_are_not_asked() -> None:
    kit = Kit("own", (keyed("low", 30, 54), keyed("high", 54, 90, program=1)))
    score = Score((track("Melody", 76, 79, 84),))
    assert seat(score, kit).names == ("low",)
    assert seat(score, kit, by_program=False).names == ("high",)
