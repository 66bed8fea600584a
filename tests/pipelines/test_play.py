"""Play: from a scene and a score to a sound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from sonolume import pipelines
from sonolume.errors import MediaError, ModelError, OptionError
from sonolume.media import Audio, Picture
from sonolume.media.provenance import read_provenance
from sonolume.music.instruments import InstrumentSettings
from sonolume.music.kits import read_kit, write_kit
from sonolume.music.scene import Scene, Source
from sonolume.music.score import Notes, Score, Track
from sonolume.music.scores.write import write_score
from sonolume.pipelines.play.again import play_again
from sonolume.pipelines.play.band import DRUMS, band, listen
from sonolume.pipelines.play.pipeline import PlayPipeline
from sonolume.pipelines.play.settings import PlaySettings
from sonolume.pipelines.play.sounds import FoleySounds
from sonolume.signal.loudness import loudness

SCENE = Scene(
    "A boat on a lake.",
    "calm",
    (
        Source("hull", "wood", "struck", ("deep", "hollow")),
        Source("fishing line", "string", "plucked", ("light",)),
        Source("ship bell", "bronze", "struck", ("bright",)),
        Source("gravel", "stone", "shaken", ("dry",)),
        Source("reed pipe", "reed", "blown", ("soft",)),
    ),
)


class Eyes:
    """Sees the same scene everywhere."""

    def read(self, picture: Picture, *, sources: int = 10) -> Scene:
        return SCENE


class Ears:
    """Likes the longest sound."""

    def embed_words(self, texts: list[str]) -> Tensor:
        return torch.ones(len(texts), 1)

    def embed_audio(self, sound: Audio) -> Tensor:
        return torch.tensor([sound.duration])


@pytest.fixture(scope="module")
def play() -> PlayPipeline:
    small = InstrumentSettings(rate=22050, layers=1, turns=1, spacing=12, seconds=0.8)
    return PlayPipeline(Eyes(), FoleySounds(seconds=0.8, rate=22050), Ears(), making=small)


def melody(*keys: int, drums: bool = False, name: str = "Melody", program: int = 73) -> Track:
    rows = [(0.4 * n, 0.4 * n + 0.35, key, 90) for n, key in enumerate(keys)]
    return Track(name, Notes.of(rows), program, drums)


SONG = Score(
    (
        melody(72, 74, 76, 72),
        melody(40, 43, 47, 40, name="Bass", program=33),
        melody(36, 38, 36, 42, drums=True, name="Kit", program=0),
    )
)


@pytest.fixture(scope="module")
def performance(play: PlayPipeline):
    return play(Picture(np.zeros((16, 16, 3), np.uint8)), SONG, takes=1, seed=3)


def test_every_track_has_a_player_of_its_kind(performance) -> None:
    roles = {part.name: part.role for part in performance.parts}
    assert roles == {"Melody": "lead", "Bass": "bass", "Kit": "drums"}
    names = {source.name for source in SCENE.sources}
    for part in performance.parts:
        assert set(part.source.split(", ")) <= names
        assert part.instrument is not None
        assert part.why.endswith(".")
    assert performance.parts[2].instrument == DRUMS
    drums = performance.instruments[2]
    assert (drums.pitched, drums.bank) == (False, 128)


def test_the_kit_answers_to_the_programs_of_the_score(performance) -> None:
    places = {(each.bank, each.program) for each in performance.kit.instruments}
    assert {(0, 73), (128, 0)} <= places
    assert len(places) == len(performance.kit.instruments)


def test_notes_stay_within_reach_and_keep_their_names(performance) -> None:
    for index, track in enumerate(performance.score.tracks):
        player = performance.instruments[index]
        keys = track.notes.key
        assert ((keys >= player.lowest) & (keys <= player.highest)).all()
        np.testing.assert_array_equal(keys % 12, SONG.tracks[index].notes.key % 12)


def test_the_sound_is_as_loud_as_asked_and_starts_where_the_score_does(performance) -> None:
    sound = performance.audio()
    assert loudness(sound.samples, sound.rate) == pytest.approx(-14.0, abs=0.5)
    assert np.abs(sound.samples[:, : sound.rate // 4]).max() > 0.01
    assert sound.duration > SONG.duration


def test_saving_writes_sound_stems_and_how_it_was_made(performance, tmp_path: Path) -> None:
    report = performance.save(tmp_path / "a.wav", stems=tmp_path / "stems")
    assert report.true_peak <= -0.9
    assert len(report.stems) == 3
    said = read_provenance(tmp_path / "a.wav")
    assert said is not None
    assert said["job"] == "play"
    assert said["seed"] == 3
    assert Scene.from_json(said["scene"]) == SCENE
    np.testing.assert_allclose(
        Audio.read(tmp_path / "a.wav").samples, performance.audio().samples, atol=1e-4
    )


def test_the_kit_can_be_taken_elsewhere(performance, tmp_path: Path) -> None:
    write_kit(performance.kit, tmp_path / "kit.sf2")
    read = read_kit(tmp_path / "kit.sf2")
    assert {each.bank for each in read.instruments} == {0, 128}
    assert len(read.instruments) == len(performance.kit.instruments)


def test_equal_seeds_give_equal_sounds_and_others_others(play: PlayPipeline) -> None:
    short = Score((melody(60, 64),))
    first, same, other = (
        play(scene=SCENE, score=short, takes=1, seed=seed).audio().samples for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, same)
    assert first.shape != other.shape or not np.array_equal(first, other)


def test_played_again_from_what_the_file_says(play: PlayPipeline, tmp_path: Path) -> None:
    write_score(SONG, tmp_path / "song.mid")
    made = play(scene=SCENE, score=tmp_path / "song.mid", takes=1, seed=5, transpose=2)
    made.save(tmp_path / "a.wav")
    said = read_provenance(tmp_path / "a.wav")
    assert said is not None
    play_again(said, play).save(tmp_path / "b.wav")
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()
    write_score(Score((melody(60),)), tmp_path / "song.mid", force=True)
    with pytest.raises(ModelError, match="another score"):
        play_again(said, play)
    (tmp_path / "song.mid").unlink()
    with pytest.raises(ModelError, match="gone"):
        play_again(said, play)
    with pytest.raises(ModelError, match="unusable provenance"):
        play_again({**said, "scene": {}}, play)
    with pytest.raises(ModelError, match="unusable provenance"):
        play_again({**said, "settings": {"volume": 3}}, play)


def test_music_is_composed_for_the_mood_where_there_is_no_score(play: PlayPipeline) -> None:
    made = play(scene=SCENE, seconds=8.0, takes=1)
    assert 5 < made.score.duration < 20
    assert made.provenance["score"] is None


def test_overrides_put_any_source_to_any_use(play: PlayPipeline) -> None:
    asked = {"drums": "ship bell", "Melody": "gravel"}
    made = play(scene=SCENE, score=SONG, takes=1, overrides=asked)
    by_name = {part.name: part for part in made.parts}
    assert by_name["Kit"].source == "ship bell"
    assert by_name["Melody"].source == "gravel"
    assert not made.instruments[2].pitched
    assert made.instruments[0].pitched
    with pytest.raises(OptionError, match="no such source; there are hull"):
        play(scene=SCENE, score=SONG, takes=1, overrides={"bass": "trombone"})


def test_speed_and_key(play: PlayPipeline) -> None:
    made = play(scene=SCENE, score=SONG, takes=1, tempo=240, transpose=-12)
    assert made.score.tempo == 240
    assert made.score.duration == pytest.approx(SONG.duration / 2)


def test_strokes_become_drums_and_noises_ring_only_when_asked() -> None:
    sounds = FoleySounds(seconds=1.0, rate=22050)
    heard = listen(SCENE, lambda source: sounds.make(source, 1, 0)[0])
    players = band(heard)
    assert "gravel" in players[DRUMS].sources
    assert "gravel" not in players
    assert "gravel" in band(heard, resonate=True)
    noises = [each for each in heard if not each.traits.pitched]
    assert set(band(noises)) == {each.source.name for each in noises} | {DRUMS}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"seconds": 1}, "seconds"),
        ({"seconds": float("nan")}, "seconds"),
        ({"mood": "sad"}, "mood"),
        ({"tempo": 0}, "tempo"),
        ({"transpose": 1.5}, "whole number"),
        ({"takes": 0}, "takes"),
        ({"loudness": 3}, "loudness"),
        ({"volume": 3}, "unknown setting"),
    ],
)
def test_settings_out_of_range(play: PlayPipeline, settings, said) -> None:
    with pytest.raises(OptionError, match=said):
        play(scene=SCENE, **settings)


def test_nothing_to_look_at_or_to_play(play: PlayPipeline, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="picture or a scene"):
        play()
    with pytest.raises(MediaError, match="does not exist"):
        play(tmp_path / "none.png")
    with pytest.raises(OptionError, match="no note"):
        play(scene=SCENE, score=Score(()))


def test_load_knows_what_play_can_be_given() -> None:
    with pytest.raises(OptionError, match="play has no encoder"):
        pipelines.load("play", encoder="x")
    with pytest.raises(OptionError, match="it is for play"):
        pipelines.load("paint", sounds="x")


def test_settings_have_the_documented_defaults() -> None:
    assert PlaySettings().mix().loudness == -14.0
