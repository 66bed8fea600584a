"""The evaluation of `describe` on a pipeline that is right by construction, or wrong by it."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from sonolume.cli.main import main
from sonolume.data.concepts import concepts
from sonolume.errors import DataError
from sonolume.evaluation.describe import evaluate_describe
from sonolume.hub.calibration import read_calibration
from sonolume.pipelines.describe.pipeline import DescribePipeline
from sonolume.pipelines.describe.word_lists import WordList

SLUGS = tuple(concept.slug for concept in concepts())
WORDS = WordList.of("concepts", SLUGS)
SURE = 0.9


class Knowing:
    """Parts that know what they hear and see, and say so with nine tenths of probability."""

    name, rate, window, hop, usual = "knowing", 16_000, 5.0, 5.0, "concepts"

    def __init__(self, knower, writes: bool = True) -> None:
        self.knower, self.writes = knower, writes

    def word_list(self, name: str) -> WordList:
        return WORDS

    def embed_windows(self, windows: np.ndarray) -> torch.Tensor:
        return torch.stack([self.knower.embed_sound(window) for window in windows])

    def embed_picture(self, picture) -> torch.Tensor:
        return self.knower.embed_pictures(torch.from_numpy(picture.to_float())[None])

    def chances(self, embeddings, kind, words) -> torch.Tensor:
        rest = (1 - SURE) / (len(SLUGS) - 1)
        return embeddings[:, : len(SLUGS)] * (SURE - rest) + rest

    def temperature(self, kind) -> float:
        return 0.1

    def captions(self, embeddings, kind):
        if not self.writes:
            return None
        return [concepts()[place].name for place in embeddings.argmax(1).tolist()]


def test_knowing_everything(data, knowing) -> None:
    found, calibration = evaluate_describe(
        DescribePipeline(Knowing(knowing)), data, hashes={"joint-sound": "ab"}
    )
    for name in ("keyword", "picture_keyword"):
        assert found.metrics[f"{name}_top1_macro"] == found.metrics[f"{name}_top5"] == 1.0
        assert found.metrics[f"{name}_ece"] == pytest.approx(1 - SURE, abs=1e-6)
        assert found.controls[f"{name}_top1_macro_shuffled"] < 0.7
    assert found.controls["keyword_top1_macro_most_frequent"] == pytest.approx(1 / 6)
    assert found.metrics["sound_caption_names_concept"] == 1.0
    assert found.controls["sound_caption_names_concept_most_frequent"] == pytest.approx(1 / 6)
    assert "picture_caption_cider" not in found.metrics  # nobody captioned these photos
    # Always right: the surer the likelier, so the fit is as cool as it may be.
    assert calibration.fits["sound"].temperature == pytest.approx(0.1 / 50, rel=1e-2)
    assert calibration.fits["sound"].items == 12


def test_photos_with_captions_are_compared_with_what_people_wrote(
    data, knowing, monkeypatch
) -> None:
    from dataclasses import replace

    from sonolume.evaluation import describe as module

    def captioned(*arguments):
        return [
            replace(p, captions=(f"a {p.concept} here", "there it is"))
            for p in photos(*arguments)
            if p.concept
        ]

    photos = module.photos_of
    monkeypatch.setattr(module, "photos_of", captioned)
    found, _ = evaluate_describe(DescribePipeline(Knowing(knowing)), data)
    assert found.metrics["picture_caption_cider"] > 0
    assert found.metrics["picture_caption_cider"] > found.controls["picture_caption_cider_shuffled"]
    assert "picture_caption_cider_most_frequent" in found.controls


def test_without_a_captioner_its_figures_are_left_out_with_a_line(data, knowing) -> None:
    found, _ = evaluate_describe(DescribePipeline(Knowing(knowing, writes=False)), data)
    assert "sound_caption_names_concept: no captioner among the weights" in found.skipped
    assert not any("caption" in name for name in found.metrics)


def test_unknown_concepts_are_refused(tmp_path, knowing, world, monkeypatch) -> None:
    world.write_sounds(tmp_path / "sounds", ["dog"])
    parts = Knowing(knowing)
    monkeypatch.setattr(parts, "word_list", lambda name: WordList.of("concepts", ("cat",)))
    with pytest.raises(DataError, match="concepts unknown to the list: dog"):
        evaluate_describe(DescribePipeline(parts), tmp_path)


def test_few_groups_have_no_figure_of_their_own_to_hold_back(tmp_path, knowing, world) -> None:
    world.write_sounds(tmp_path / "sounds", ["dog"])
    found, _ = evaluate_describe(DescribePipeline(Knowing(knowing)), tmp_path, limit=1)
    assert any(line.startswith("keyword_ece_held: calibration: too few") for line in found.skipped)
    assert "keyword_ece_held" not in found.metrics


def test_the_command(tiny_pocket, world, tmp_path, capsys) -> None:
    world.write_sounds(tmp_path / "sounds", ["rain"])
    page = tmp_path / "keyword-calibration.json"
    arguments = ["--data", tmp_path, "--model", tiny_pocket, "--fit-calibration", page, "--json"]
    command = [str(a) for a in ("evaluate", "describe", *arguments)]
    assert main(command) == 0
    printed = capsys.readouterr()
    found = json.loads(printed.out)
    assert list(found) == ["job", "metrics", "controls", "settings"]
    assert found["metrics"]["keyword_top1_macro"] == 1.0  # it knows one concept
    assert set(found["settings"]["models"]) == {"joint-words", "joint-sound", "joint-picture"}
    assert "sound_caption_names_concept: no captioner" in printed.err
    assert read_calibration(tmp_path).weights == found["settings"]["models"]
    assert main(command) == 2
    assert "exists; --force replaces it" in capsys.readouterr().err
