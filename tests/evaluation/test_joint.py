"""The joint encoder's evaluation on an encoder that is right by construction, or wrong by it."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from sonolume.data.concepts import concepts, phrases
from sonolume.errors import DataError
from sonolume.evaluation.joint import evaluate_joint

METRICS = {
    "sound_concept_top1_macro",
    "sound_concept_top5",
    "picture_concept_top1_macro",
    "phrase_concept_top1",
    "phrase_concept_top5",
    "sound_picture_map",
}


@pytest.fixture
def page(tmp_path):
    """One stranger's phrase for each concept."""
    page = tmp_path / "own.tsv"
    page.write_text("".join(f"{c.slug}\tindeed {phrases(c.slug)[0]}\n" for c in concepts()))
    return page


def test_knowing_everything(data, knowing, page) -> None:
    found = evaluate_joint(knowing, data, phrases=page, hashes={"joint-words": "ab"})
    assert set(found.metrics) == METRICS
    assert set(found.metrics.values()) == {1.0}
    assert all(value < 0.7 for value in found.controls.values())
    assert found.skipped == []


def test_json_has_four_keys_and_no_path(data, knowing, page) -> None:
    found = evaluate_joint(knowing, data, phrases=page, hashes={"joint-words": "ab"}).to_json()
    assert list(found) == ["job", "metrics", "controls", "settings"]
    settings = found["settings"]
    assert settings["data"] == "small"
    assert settings["counts"] == {"sounds": 12, "pictures": 8, "phrases": 70}
    assert settings["models"] == {"joint-words": "ab"}
    assert str(data.parent) not in json.dumps(found)
    assert str(page.parent) not in json.dumps(found)


def test_knowing_nothing(data, world, page) -> None:
    class Numb(world.Knowing):
        """Places everything at the same point."""

        def embed_sound(self, samples, /):
            return torch.full((512,), 512**-0.5)

        def embed_pictures(self, pictures, /):
            return self.embed_sound(None).expand(len(pictures), -1)

        def embed_words(self, texts, /):
            return self.embed_sound(None).expand(len(texts), -1)

    found = evaluate_joint(Numb(), data, phrases=page).metrics
    assert found["sound_concept_top1_macro"] == found["picture_concept_top1_macro"] == 0.0
    assert found["phrase_concept_top1"] == 0.0
    assert found["sound_picture_map"] < 0.5


def test_one_concept_taken_for_another(data, knowing, page) -> None:
    slugs = [concept.slug for concept in concepts()]
    anchors = knowing.anchors.clone()
    anchors[slugs.index("dog")] = 0
    anchors[slugs.index("piano"), slugs.index("dog")] = 1
    knowing.anchors = anchors
    found = evaluate_joint(knowing, data, phrases=page)
    assert found.metrics["sound_concept_top1_macro"] == pytest.approx(5 / 6)
    assert found.metrics["picture_concept_top1_macro"] == pytest.approx(3 / 4)
    assert found.tables["sound concept top-1"]["dog"] == 0.0


def test_limit_takes_the_first_of_each_concept(data, knowing, page) -> None:
    found = evaluate_joint(knowing, data, limit=1, phrases=page)
    assert found.settings["counts"] == {"sounds": 6, "pictures": 4, "phrases": 70}


def test_equal_seeds_give_equal_controls(data, knowing, page) -> None:
    first, again, other = (
        evaluate_joint(knowing, data, phrases=page, seed=seed).controls for seed in (3, 3, 4)
    )
    assert first == again != other


def test_what_is_missing_is_skipped_with_a_line(tmp_path, knowing, page, world) -> None:
    data = tmp_path / "sounds-only"
    world.write_sounds(data / "sounds", ["dog", "waves"])
    found = evaluate_joint(knowing, data, phrases=page)
    assert found.skipped == [
        "pictures: sounds-only/pictures is not there",
        "sound_picture_map: no concept has both sounds and pictures",
    ]
    assert "sound_concept_top1_macro" in found.metrics
    assert not any("picture" in name for name in found.metrics)


def test_a_split_without_items_is_skipped_with_a_line(tmp_path, knowing, page, world) -> None:
    data = tmp_path / "world"
    world.write_photos(data / "pictures", "train", [0])
    found = evaluate_joint(knowing, data, split="test", phrases=page)
    assert found.skipped[:2] == [
        "sounds: world/sounds is not there",
        "pictures: world/pictures has no photo of the split test",
    ]


def test_phrases_of_the_phrasebook_are_left_out(data, knowing, tmp_path) -> None:
    page = tmp_path / "own.tsv"
    line = phrases("dog")[0]
    page.write_text(f"dog\t{line}\ndog\tindeed {line}\n")
    found = evaluate_joint(knowing, data, phrases=page)
    assert found.skipped == ["1 of 2 phrases: they stand in the phrasebook"]
    assert found.settings["counts"]["phrases"] == 1


def test_a_folder_without_data_is_refused(tmp_path, knowing) -> None:
    with pytest.raises(DataError, match="neither sounds nor pictures there; give the folder"):
        evaluate_joint(knowing, tmp_path)


def test_a_concept_that_nobody_knows_is_refused(tmp_path, knowing, page, world) -> None:
    knowing.concepts, knowing.anchors = ("dog",), torch.eye(1, 512)
    world.write_sounds(tmp_path / "sounds", ["cat"])
    with pytest.raises(DataError, match="concepts unknown to the encoder: cat"):
        evaluate_joint(knowing, tmp_path, phrases=page)


def test_figures_do_not_depend_on_the_order_of_concepts(data, knowing, page) -> None:
    order = np.random.default_rng(0).permutation(70)
    straight = evaluate_joint(knowing, data, phrases=page).metrics
    knowing.concepts = tuple(knowing.concepts[i] for i in order)
    knowing.anchors = knowing.anchors[order]
    assert evaluate_joint(knowing, data, phrases=page).metrics == straight
