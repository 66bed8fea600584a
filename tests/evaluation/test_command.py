"""The commands from start to file, on the small world."""

from __future__ import annotations

import json

from sonolume.cli.main import main
from sonolume.evaluation.judge import PLACE


def test_the_judge_is_trained_measured_and_reported(data, teachers, tmp_path, capsys) -> None:
    heads, out = tmp_path / "heads", tmp_path / "out"
    heads.mkdir()
    arguments = ["--data", data, "--teachers", teachers, "--weights", heads, "--out", out]
    code = main([str(a) for a in ("evaluate", "judge", *arguments, "--fit", "--json")])
    found = json.loads(capsys.readouterr().out)
    assert code == 0
    assert found["job"] == "judge"
    assert found["metrics"]["judge_concept_top1_128"] == 1.0
    assert len(found["settings"]["models"]["judge"]) == 64
    assert json.loads((out / "evaluation.json").read_text()) == found
    assert (heads / "judge.safetensors").exists()
    assert str(tmp_path) not in (out / "index.html").read_text()


def test_a_painter_is_measured_without_a_judge(
    data, tiny_pocket, tmp_path, capsys, monkeypatch
) -> None:
    monkeypatch.delenv(PLACE, raising=False)
    arguments = ["--data", data, "--model", tiny_pocket, "--size", 16, "--steps", 2, "--limit", 1]
    code = main([str(a) for a in ("evaluate", "paint", *arguments, "--out", tmp_path, "--json")])
    printed = capsys.readouterr()
    found = json.loads(printed.out)
    assert code == 0
    assert set(found["metrics"]) >= {"swap_accuracy", "state_visible", "nearest_training_distance"}
    assert all(0 <= value <= 2 for value in found["metrics"].values())
    assert len(found["settings"]["models"]) == 6
    assert "sonolume: left out: judged figures: the judge needs" in printed.err
    # Words 51; sounds, silence and swaps 5 each (fire is seen too); states 4 x (1 + 2).
    assert found["settings"]["counts"]["painted"] == 78
    assert {path.suffix for path in tmp_path.iterdir()} == {".html", ".json", ".png"}


def test_an_encoder_is_measured(tiny_pocket, world, tmp_path, capsys) -> None:
    world.write_sounds(tmp_path / "sounds", ["rain"])
    page = tmp_path / "own.tsv"
    page.write_text("rain\tthunder rolls over the beach\n")
    arguments = ["--data", tmp_path, "--model", tiny_pocket, "--phrases", page]
    assert main([str(a) for a in ("evaluate", "joint", *arguments)]) == 0
    printed = capsys.readouterr().out
    # It knows one concept, so every sound is nearest to that one.
    assert "sound_concept_top1_macro    1.0000" in printed
    assert "left out: pictures: " in printed
