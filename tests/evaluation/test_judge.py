"""The judge: found or not, trained on what it is shown, kept whole on disk."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch

from sonolume.data.shards import read_photos
from sonolume.errors import DataError, ModelError
from sonolume.evaluation import judge_fit
from sonolume.evaluation.judge import (
    NET,
    PLACE,
    Head,
    features,
    find_teachers,
    load_judge,
    save_heads,
)
from sonolume.evaluation.judge_fit import cached_features, fit_head, held_out, scene
from sonolume.evaluation.judge_report import evaluate_judge
from sonolume.hub import weights
from sonolume.models.teachers import enlarge, load_teacher


def test_features_are_those_of_the_net_at_224_px(teachers, world) -> None:
    net = load_teacher(NET, teachers)
    pictures = [world.pattern("dog", n) for n in range(3)]
    stack = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2) / 255
    with torch.inference_mode():
        expected = net.features(enlarge(stack)).numpy()
    np.testing.assert_allclose(features(net, pictures), expected, rtol=1e-4, atol=1e-4)
    assert features(net, []).shape == (0, 1024)


def test_the_judge_learns_patterns_it_then_names(judge, data, world) -> None:
    assert judge.concepts.labels == tuple(sorted(world.PAIRED))
    assert set(judge.scenes.labels) == {*world.PLACES, "elsewhere", "beach"}
    found = evaluate_judge(judge, data)
    for side in (128, 64):
        assert found.metrics[f"judge_concept_top1_{side}"] == 1.0
        assert found.metrics[f"judge_scene_top1_macro_{side}"] > 0.8
        assert found.controls[f"judge_concept_top1_{side}_shuffled"] < 0.8
    assert found.settings["counts"] == {"pictures": 16}


def test_heads_come_back_as_they_were_saved(judge, tmp_path, teachers) -> None:
    save_heads({"concepts": judge.concepts, "scenes": judge.scenes}, tmp_path)
    again = load_judge(teachers, tmp_path)
    assert again.concepts.labels == judge.concepts.labels
    np.testing.assert_array_equal(again.scenes.weight, judge.scenes.weight)


def test_a_separable_problem_is_solved_and_the_bias_counts() -> None:
    rng = np.random.default_rng(0)
    centres = rng.normal(5, 3, (3, 8))
    truth = np.arange(90) % 3
    rows = (centres[truth] + rng.normal(0, 0.3, (90, 8))).astype(np.float32)
    labels = [f"c{n}" for n in truth]
    head = fit_head(rows, labels, [str(i) for i in range(90)])
    assert (head.scores(rows).argmax(1) == head.indices(labels)).all()
    assert (head.scores(centres.astype(np.float32)).argmax(1) == [0, 1, 2]).all()


def test_balance_saves_the_rare_label() -> None:
    rng = np.random.default_rng(0)
    rows = np.concatenate([rng.normal(0, 1, (400, 1)), rng.normal(1.5, 1, (20, 1))])
    rows = rows.astype(np.float32)
    labels = ["often"] * 400 + ["rarely"] * 20
    groups = [str(i) for i in range(420)]
    share = {
        balanced: np.mean(fit_head(rows, labels, groups, balanced).scores(rows[400:]).argmax(1))
        for balanced in (False, True)
    }
    assert share[True] > share[False] + 0.3


def test_one_label_cannot_be_learnt() -> None:
    with pytest.raises(DataError, match="two labels or more to learn; the data has 1"):
        fit_head(np.zeros((4, 2), np.float32), ["a"] * 4, list("abcd"))


def test_a_quarter_is_held_out_and_no_group_is_split() -> None:
    groups = [f"g{i % 40}" for i in range(200)]
    held = held_out(groups)
    assert held.sum() == 50
    assert {len(set(held[np.array(groups) == g])) for g in set(groups)} == {1}


def test_unknown_labels_are_refused() -> None:
    head = Head(("a", "b"), np.zeros((2, 3), np.float32), np.zeros(2, np.float32))
    with pytest.raises(DataError, match="the judge does not know c, d; leave those out"):
        head.indices(["a", "d", "c"])


def test_scenes_of_photos(data) -> None:
    named = {photo.key: scene(photo) for photo in read_photos(data, "validation")}
    assert named["city-validation-3"] == "city"
    assert named["dog-validation-3"] == "elsewhere"
    assert named["waves-validation-3"] == "beach"


def test_the_net_is_looked_for_in_three_places(tmp_path, teachers, monkeypatch) -> None:
    monkeypatch.delenv(PLACE, raising=False)
    data = tmp_path / "data"
    data.mkdir()
    assert find_teachers(None, data) is None
    monkeypatch.setenv(PLACE, str(teachers))
    assert find_teachers(None, data) == teachers
    beside = tmp_path / "teachers"
    beside.mkdir()
    shutil.copy(teachers / f"{NET}.safetensors", beside)
    assert find_teachers(None, data) == beside
    assert find_teachers(teachers, data) == teachers
    with pytest.raises(ModelError, match=rf"data: no {NET}.safetensors there; give the folder"):
        find_teachers(data, data)


def test_features_are_kept_and_read_again(tmp_path, teachers, data, monkeypatch) -> None:
    net = load_teacher(NET, teachers)
    photos = list(read_photos(data, "validation"))[:3]
    first = cached_features(net, photos, 64, tmp_path)
    monkeypatch.setattr(judge_fit, "features", None)
    again = cached_features(net, photos[::-1], 64, tmp_path)
    np.testing.assert_allclose(again, first[::-1], rtol=1e-3, atol=1e-3)
    with pytest.raises(DataError, match=r"no features of .* and 0 more; remove"):
        cached_features(net, list(read_photos(data, "train"))[:1], 64, tmp_path)
    (tmp_path / "mobilenet_v1_64.npz").write_bytes(b"broken")
    with pytest.raises(DataError, match=r"unreadable features .*; remove the file"):
        cached_features(net, photos, 64, tmp_path)


@pytest.mark.skipif("judge" not in weights.names(), reason="no judge in this installation")
def test_the_shipped_judge_knows_what_can_be_seen(world) -> None:
    from sonolume.data.concepts import concepts

    metadata = weights.header("judge").metadata
    assert set(metadata["concepts"]) == {c.slug for c in concepts() if c.seen}
    assert set(metadata["scenes"]) == {*world.PLACES, "elsewhere"}
