"""Who plays what."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from sonolume.errors import MediaError, OptionError
from sonolume.media.audio import Audio
from sonolume.music.kit import Instrument, Region, Sample
from sonolume.music.parts import part_of
from sonolume.music.roles import _cost, assign
from sonolume.music.score import Notes, Score, Track
from sonolume.music.traits import Traits, measure

RATE = 44100


def track(name: str, key: int, *, length: float = 0.4, chord: int = 1, **options: int) -> Track:
    rows = [
        (0.5 * step, 0.5 * step + length, key + 4 * voice, 90)
        for step in range(16)
        for voice in range(chord)
    ]
    drums = bool(options.pop("drums", 0))
    return Track(name, Notes.of(rows), drums=drums, **options)


BAND = Score(
    (
        track("", 38, drums=1),
        track("", 36),
        track("", 55, chord=3),
        track("", 74),
        track("", 55, chord=3, length=1.9),
    )
)


def traits(pitch: float | None, decay: float = 2.0, brightness: float = 1500.0) -> Traits:
    low, high = (0, 127) if pitch is None else (round(pitch) - 18, round(pitch) + 18)
    return Traits(pitch is not None, pitch, low, high, decay, 0.1, brightness, 0.01)


PLAYERS = {
    "steps": traits(None, 0.3),
    "tuba": traits(38, brightness=500),
    "harp": traits(57),
    "flute": traits(74, 20, 2500),
    "wind": traits(57, float("inf")),
}


def test_tracks_are_told_by_their_notes() -> None:
    roles = [part_of(each).role for each in BAND.tracks]
    assert roles == ["drums", "bass", "keys", "lead", "pad"]


@pytest.mark.parametrize(
    ("program", "role"), [(33, "bass"), (27, "guitar"), (89, "pad"), (73, "lead"), (16, "keys")]
)
def test_programs_say_the_role(program: int, role: str) -> None:
    assert part_of(track("", 60, program=program)).role == role


def test_names_say_the_role() -> None:
    assert part_of(track("Guitar", 40, program=90)).role == "guitar"


def test_polyphony_is_notes_at_a_time() -> None:
    assert part_of(track("", 60, chord=3)).polyphony == pytest.approx(3)
    assert part_of(track("", 60)).polyphony == pytest.approx(1)


def test_everyone_plays_what_suits_them() -> None:
    got = assign(BAND, PLAYERS)
    assert [each.instrument for each in got] == ["steps", "tuba", "harp", "flute", "wind"]
    assert all(each.why.count(".") <= 2 and each.why.endswith(".") for each in got)


def test_the_assignment_is_the_cheapest_of_all() -> None:
    random = np.random.default_rng(0)
    for _ in range(20):
        players = {
            f"p{n}": traits(float(random.uniform(30, 90)), float(random.uniform(0.2, 20)))
            for n in range(4)
        }
        score = Score(BAND.tracks[1:])
        parts = [part_of(each) for each in score.tracks]
        got = assign(score, players)
        if len({each.instrument for each in got}) < 4:
            continue
        total = sum(
            _cost(part, players[str(each.instrument)])
            for part, each in zip(parts, got, strict=True)
        )
        cheapest = min(
            sum(_cost(part, players[name]) for part, name in zip(parts, order, strict=True))
            for order in permutations(players)
        )
        assert total == pytest.approx(cheapest)


def test_few_instruments_serve_again() -> None:
    got = assign(BAND, {"steps": PLAYERS["steps"], "harp": PLAYERS["harp"]})
    assert [each.instrument for each in got] == ["steps", "harp", "harp", "harp", "harp"]


def test_drums_and_pitches_never_mix() -> None:
    assert assign(BAND, {"harp": PLAYERS["harp"]})[0].instrument is None
    only = assign(BAND, {"steps": PLAYERS["steps"]})
    assert [each.instrument for each in only] == ["steps", None, None, None, None]
    assert "no pitched instrument" in only[1].why


def test_overrides_hold_by_role_and_by_name() -> None:
    score = Score((track("Solo", 74), *BAND.tracks[:2]))
    got = assign(score, PLAYERS, {"bass": "flute", "Solo": "wind"})
    assert [each.instrument for each in got] == ["wind", "steps", "flute"]
    assert "asked for" in got[0].why


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"drums": "nobody"}, "no such instrument; there are flute, harp"),
        ({"oboe": "harp"}, "neither a track of the score nor a role"),
        ({"guitar": "harp"}, "the score has no guitar"),
        ({"drums": "harp"}, "drums need one made as drums"),
        ({"lead": "steps"}, "is a drum kit"),
    ],
)
def test_overrides_are_checked(overrides: dict[str, str], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        assign(BAND, PLAYERS, overrides)


def test_someone_must_play() -> None:
    with pytest.raises(OptionError, match="no instruments"):
        assign(BAND, {})


def test_an_empty_score_has_no_assignments() -> None:
    assert assign(Score(()), PLAYERS) == ()


def sample(f0: float, decay: float) -> Sample:
    time = np.arange(RATE) / RATE
    sound = 0.5 * np.sin(2 * np.pi * f0 * time) * np.exp(-decay * time)
    return Sample(sound[None].astype(np.float32), RATE)


def test_traits_of_an_instrument() -> None:
    region = Region(sample(440, 10), keys=(57, 81), root=69)
    got = measure(Instrument("a", (region,)))
    assert got.pitched
    assert got.pitch == 69
    assert (got.lowest, got.highest) == (57, 81)
    # e^(-10t) loses 86.9 dB a second.
    assert got.decay == pytest.approx(60 / 86.86, rel=0.03)
    assert got.brightness == pytest.approx(440, rel=0.15)


def test_traits_of_a_recording() -> None:
    got = measure(Audio(sample(440, 0.0).samples, RATE))
    assert got.pitched
    assert got.pitch == pytest.approx(69, abs=0.01)
    assert got.sustained
    with pytest.raises(MediaError, match="silent"):
        measure(Audio(np.zeros((1, 999), np.float32), RATE))


def test_instruments_of_one_name_are_refused() -> None:
    one = Instrument("a", (Region(sample(440, 10)),))
    with pytest.raises(OptionError, match="same name"):
        assign(BAND, [one, one])


def test_chords_go_to_what_is_harmonic() -> None:
    chords = Score((track("Piano", 60, chord=3),))
    players = {"bell": replace(traits(60), harmonic=0.4), "harp": traits(58)}
    assert assign(chords, players)[0].instrument == "harp"


@pytest.mark.parametrize(("length", "wanted"), [(0.3, "pluck"), (4.0, "organ")])
def test_notes_that_last_go_to_what_lasts(length: float, wanted: str) -> None:
    held = Score((track("Piano", 60, length=length, program=2),))
    players = {"pluck": traits(60, 2.0), "organ": traits(60, 12.0)}
    assert assign(held, players)[0].instrument == wanted
