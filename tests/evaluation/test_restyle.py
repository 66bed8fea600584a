"""The measures of `restyle`: on trials whose answer is known, on tones, and from start to file."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from sonolume.cli.main import main
from sonolume.evaluation import restyle_trials
from sonolume.evaluation.restyle_figures import by_cue, by_edit, controls, figures, pairs_of
from sonolume.evaluation.restyle_sounds import Kind, beginning, examples_of, scene_of
from sonolume.evaluation.restyle_trials import STRENGTHS, Trial
from sonolume.music.score import Notes, Score, Track
from sonolume.signal.cues import CUES
from sonolume.signal.kept import Kept

RATE = 16_000
WHOLE = Kept(1.0, 1.0, 0.8, 0.9)
OTHER = Kept(0.2, 1.0, 0.1, 0.0)
STRUCTURE = ("onset_f1", "chroma", "loudness_contour")
TARGETS = {"darken": {"brightness": -1.0, "width": 0.9}, "warm": {"warmth": 1.0, "richness": 0.2}}


def trials(
    moves: Callable[[float, float], float], kind: Kind = "scene", sounds: int = 3
) -> list[Trial]:
    """All cues with a target move as ``moves`` of target and strength says."""
    made = []
    for sound in range(sounds):
        for edit, told in TARGETS.items():
            for strength in STRENGTHS:
                wanted = dict.fromkeys(CUES, 0.0) | {k: strength * v for k, v in told.items()}
                moved = {name: moves(value, strength) for name, value in wanted.items()}
                made.append(Trial(sound, kind, edit, strength, wanted, moved, WHOLE, OTHER, False))
    return made


def test_what_follows_its_targets_is_right_and_steady() -> None:
    found = figures(trials(lambda target, _: target))
    assert found["direction_right"] == found["monotonic"] == found["halfway"] == 1
    assert [found[name] for name in STRUCTURE] == pytest.approx([1.0, 0.8, 0.9])


def test_what_goes_against_them_or_stays_is_not() -> None:
    away = figures(trials(lambda target, _: -target))
    assert away["direction_right"] == away["monotonic"] == away["halfway"] == 0
    still = figures(trials(lambda target, _: 0.05 * np.sign(target)))
    assert still["direction_right"] == 0
    assert still["monotonic"] == 1


def test_a_movement_that_falls_is_not_steady() -> None:
    found = figures(trials(lambda target, strength: target * (0.1 if strength > 1 else 1)))
    assert found["monotonic"] == 0
    assert found["direction_right"] == 1


def test_mono_has_no_width() -> None:
    made = trials(lambda target, _: target * 0, "recording")
    for trial in made:
        trial.moved["brightness"], trial.moved["warmth"] = -1.0, 1.0  # type: ignore[index]
    found = figures(made)
    assert found["direction_right"] == 1
    assert "width" not in by_cue(made)
    # Brightness and warmth at three strengths; width, 0.45, 0.9 and 1.35, at three.
    assert found["direction_right_mono_width"] == pytest.approx(6 / 9)


def test_controls_are_other_targets_and_other_sounds() -> None:
    found = controls(trials(lambda target, _: target), seed=0)
    assert found["direction_right_shuffled"] == 0
    assert found["onset_f1_other"] == pytest.approx(0.2)
    assert found["identity_exact_edited"] == 0


def test_tables_are_by_cue_and_by_edit() -> None:
    made = trials(lambda target, _: max(target, 0.0))
    assert by_cue(made) == {"brightness": 0, "warmth": 1, "width": 1}
    assert by_edit(made) == {"darken": 0.5, "warm": 1}
    assert pairs_of(made)["darken width"] == 1


def test_a_scene_has_its_sounds_at_two_places() -> None:
    rng = np.random.default_rng(0)
    left, right = (rng.standard_normal(n).astype(np.float32) for n in (4000, 3000))
    scene = scene_of(left, right, RATE).samples
    assert scene.shape == (2, 4000)
    repeated = np.resize(right, 4000)
    assert np.corrcoef(scene[0], left)[0, 1] > 0.85
    assert np.corrcoef(scene[1], repeated)[0, 1] > 0.85
    power = np.square(scene_of(left, 0 * right, RATE).samples).sum()
    assert power == pytest.approx(np.square(left).sum(), rel=0.01)
    late = np.correlate(scene_of(left, 0 * right, RATE).samples[1], left, "full").argmax() - 3999
    assert late == round(0.0004 * RATE)


def test_a_beginning_ends_in_time() -> None:
    notes = Notes.of([(0, 1, 60, 90), (1, 9, 64, 90), (5, 6, 67, 90)])
    late = Notes.of([(8, 9, 60, 90)])
    cut = beginning(Score((Track("a", notes), Track("b", late))), 4.0)
    assert [len(track.notes) for track in cut.tracks] == [2]
    assert cut.duration == 4.0


@pytest.fixture
def strummed(world, tmp_path, monkeypatch):
    """Patterns, and chords of two seconds, struck every half second."""

    def chord(slug: str) -> NDArray[np.float32]:
        time = np.arange(2 * RATE) / RATE
        base = 110 * (1 + len(slug) % 5)
        waves = sum(np.sin(2 * np.pi * base * n * time) / n for n in (1, 2, 3, 5))
        return (0.1 * waves * (1 - time % 0.5)).astype(np.float32)

    monkeypatch.setitem(world.write_sounds.__globals__, "tone", chord)
    world.write_sounds(tmp_path / "sounds", world.PAIRED)
    world.write_photos(tmp_path / "pictures", "validation", (3,))
    return tmp_path


def test_examples_are_mono_and_stereo(strummed) -> None:
    skipped: list[str] = []
    found = examples_of(strummed, "validation", 4, 0, skipped)
    assert [example.kind for example in found] == ["recording", "recording", "scene", "scene"]
    assert [len(example.sound.samples) for example in found] == [1, 1, 2, 2]
    assert len({example.name for example in found}) == 4
    assert all(np.abs(example.sound.samples).max() < 0.41 for example in found)
    assert skipped == ["music: " + strummed.name + "/scores holds no score"]


@pytest.mark.slow
def test_restyle_is_measured_from_start_to_file(
    strummed, tiny_pocket, tmp_path, capsys, monkeypatch
) -> None:
    monkeypatch.setattr(restyle_trials, "EDITS_TRIED", ("darken", "warm"))
    arguments = ["--data", strummed, "--model", tiny_pocket, "--limit", 1, "--prior", "hard"]
    out = tmp_path / "out"
    assert main([str(a) for a in ("evaluate", "restyle", *arguments, "--out", out, "--json")]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["metrics"]["identity_exact"] == 1
    assert found["metrics"]["onset_f1"] > 0.8
    assert found["settings"]["counts"]["restyles"] == 6
    assert found["controls"]["identity_exact_edited"] < 1
    assert "direction by edit" in (out / "index.html").read_text()


@pytest.mark.slow
def test_the_diffusion_engine_is_measured_alike(
    strummed, tiny_pocket, tiny_sounds, tmp_path, capsys, monkeypatch
) -> None:
    monkeypatch.setattr(restyle_trials, "EDITS_TRIED", ("darken",))
    diffusion = ["--engine", "diffusion", "--limit", 1, "--prior", "hard"]
    arguments = ["--data", strummed, "--model", tiny_sounds, *diffusion, "--json"]
    assert main([str(a) for a in ("evaluate", "restyle", *arguments)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["settings"]["engine"] == "diffusion"
    assert {"sound-generator", "vocoder"} <= set(found["settings"]["models"])
    assert found["metrics"]["identity_exact"] == 1
    assert found["metrics"]["loudness_contour"] >= 0.9
    without = ["--data", strummed, "--model", tiny_pocket, *diffusion]
    assert main([str(a) for a in ("evaluate", "restyle", *without)]) == 2
    assert "holds no sound-generator" in capsys.readouterr().err
    page = ["--data", strummed, *diffusion, "--page", tmp_path / "page"]
    assert main([str(a) for a in ("evaluate", "restyle", *page)]) == 2
    assert "--page restyles by the rack" in capsys.readouterr().err


def test_a_controller_is_for_the_rack_and_must_be_there(strummed, tiny_pocket, capsys) -> None:
    arguments = ["evaluate", "restyle", "--data", strummed, "--by", "controller", "--limit", 1]
    assert main([str(a) for a in (*arguments, "--engine", "diffusion")]) == 2
    assert "--by is for --engine rack" in capsys.readouterr().err
    assert main([str(a) for a in (*arguments, "--page", strummed / "page")]) == 2
    assert "leave --engine and --by out" in capsys.readouterr().err
    told = [*arguments, "--model", tiny_pocket, "--prior", "hard"]
    assert main([str(a) for a in told]) == 2
    assert "holds no controller" in capsys.readouterr().err


def test_a_listening_test_is_written(strummed, tiny_pocket, tmp_path, capsys) -> None:
    page = tmp_path / "page"
    arguments = ["--data", strummed, "--model", tiny_pocket, "--limit", 1, "--prior", "hard"]
    assert main([str(a) for a in ("evaluate", "restyle", *arguments, "--page", page)]) == 0
    assert "1 questions" in capsys.readouterr().out
    key = json.loads((page / "key.json").read_text())
    assert {row["condition"] for row in key.values()} == {"restyled", "control", "reference"}
    again = ["evaluate", "restyle", *arguments, "--page", page, "--out", tmp_path / "out"]
    assert main([str(a) for a in again]) == 2
    assert "--page measures nothing" in capsys.readouterr().err


def test_where_nothing_is_intended_there_is_no_direction() -> None:
    made = trials(lambda target, _: target)
    for trial in made:
        trial.targets.update(dict.fromkeys(CUES, 0.1))  # type: ignore[attr-defined]
    found = {**figures(made), **controls(made, 0)}
    assert not [name for name in found if "direction" in name or "monotonic" in name]
    assert by_cue(made) == {}
