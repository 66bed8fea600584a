"""The painter's evaluation on painters whose faults are known."""

from __future__ import annotations

import numpy as np
import pytest

from sonolume.data.concepts import concepts
from sonolume.data.states import look
from sonolume.errors import DataError
from sonolume.evaluation.paint import evaluate_paint
from sonolume.pipelines.paint.settings import PaintRequest, PaintSettings

JUDGED = {
    "painted_from_sound_top1",
    "painted_from_sound_top5",
    "painted_from_words_top1",
    "painted_from_words_top5",
    "scene_kept",
    "swap_accuracy_judge",
    "swap_own_sound_judge",
    "kid",
    "diversity",
    "within_concept_distance",
}
UNJUDGED = {"swap_accuracy", "state_visible", "nearest_training_distance"}
SMALL = PaintSettings(size=64, steps=2)


@pytest.fixture(scope="module")
def found(data, judge, world):
    encoder = world.Knowing()
    painter = world.Faithful()
    return evaluate_paint(painter, encoder.hear, encoder, judge, data, limit=2, painting=SMALL)


def test_every_figure_is_there(found) -> None:
    assert set(found.metrics) >= JUDGED | UNJUDGED
    assert found.skipped == []
    assert set(found.definitions) - {"judge_top1"} <= set(found.metrics)


def test_a_faithful_painter(found) -> None:
    assert found.metrics["painted_from_words_top1"] == 1.0
    assert found.metrics["painted_from_sound_top1"] == 1.0
    assert found.metrics["scene_kept"] > 0.7 > found.controls["scene_kept_shuffled"]
    assert found.metrics["swap_accuracy"] == found.metrics["state_visible"] == 1.0
    assert found.metrics["swap_accuracy_judge"] == 1.0
    assert found.controls["judge_top1"] == 1.0
    assert found.controls["judge_scene_top1_macro"] > 0.7


def test_controls_lie_where_chance_is(found) -> None:
    assert found.controls["painted_from_words_top1_shuffled"] == 0.0
    assert found.controls["painted_from_sound_top1_shuffled"] == 0.0
    assert found.controls["painted_from_silence_top1"] <= 0.25
    assert found.controls["swap_accuracy_shuffled"] < 1.0
    assert found.controls["state_visible_shuffled"] < 1.0


def test_sheets_show_every_round_at_its_size(found) -> None:
    assert set(found.sheets) == {
        "painted from words",
        "painted from sounds",
        "scenes under states",
        "same words, other sounds",
        "nearest training photos",
    }
    words = found.sheets["painted from words"].pixels
    assert words.shape[0] == 4 + 4 * (64 + 4)
    states = found.sheets["scenes under states"].pixels
    assert states.shape[1] >= 3 * 64


def test_settings_say_what_was_painted(found) -> None:
    settings = found.to_json()["settings"]
    assert settings["painting"]["size"] == 64
    # Words and sounds 4 x 2, silence 4, swaps 4 x 2, states 4 x 2 x (1 + 2).
    assert settings["counts"] == {"sounds": 12, "pictures": 16, "painted": 8 + 8 + 4 + 8 + 24}


def test_a_dull_painter_is_seen_through(data, judge, knowing, world, found) -> None:
    class Dull(world.Faithful):
        """Paints grey noise, one picture for everything."""

        def _paint(self, request, side):
            return np.random.default_rng(0).integers(100, 156, (side, side, 3)).astype(np.uint8)

    dull = evaluate_paint(Dull(), knowing.hear, knowing, judge, data, limit=2, painting=SMALL)
    assert dull.metrics["painted_from_words_top1"] == 0.25
    assert dull.metrics["diversity"] == pytest.approx(0, abs=1e-3)
    assert dull.metrics["within_concept_distance"] == pytest.approx(0, abs=1e-3)
    assert dull.metrics["swap_accuracy"] == dull.metrics["swap_accuracy_judge"] == 0.5
    assert dull.metrics["state_visible"] == 0.0
    assert dull.metrics["kid"] > found.metrics["kid"]


def test_the_judge_sees_through_a_painter_and_an_encoder_in_league(data, judge, world) -> None:
    order = [c.slug for c in concepts() if c.slug in world.PAIRED]
    partner = {slug: order[(i + 2) % 4] for i, slug in enumerate(order)}
    rows = [[c.slug for c in concepts()].index(partner.get(c.slug, c.slug)) for c in concepts()]

    class Encoder(world.Knowing):
        def embed_pictures(self, pictures, /):
            return super().embed_pictures(pictures)[:, [*rows, *range(len(rows), 512)]]

    class Painter(world.Faithful):
        """Paints under each sound what belongs to the other one."""

        def _paint(self, request, side):
            if request.sound is None:
                return super()._paint(request, side)
            sound = request.sound[[*rows, *range(len(rows), 512)]]
            return super()._paint(PaintRequest(request.words, sound, seed=request.seed), side)

    found = evaluate_paint(
        Painter(), Encoder().hear, Encoder(), judge, data, limit=1, painting=SMALL
    )
    assert found.metrics["swap_accuracy"] == 1.0
    assert found.metrics["swap_accuracy_judge"] == 0.0


def test_a_copying_painter_is_caught(data, knowing, world) -> None:
    class Copying(world.Faithful):
        def _paint(self, request, side):
            return world.pattern(world.PLACES[request.seed % 4], 0, side)[:, ::-1]

    settings = PaintSettings(size=128, steps=2)
    found = evaluate_paint(Copying(), knowing.hear, knowing, None, data, limit=1, painting=settings)
    assert found.metrics["nearest_training_distance"] == pytest.approx(0, abs=1e-4)


def test_without_a_judge_the_rest_is_measured_and_one_line_says_so(data, knowing, faithful) -> None:
    found = evaluate_paint(faithful, knowing.hear, knowing, None, data, limit=1, painting=SMALL)
    assert set(found.metrics) >= UNJUDGED
    assert not JUDGED & set(found.metrics)
    (line,) = found.skipped
    assert line.startswith("judged figures: the judge needs imagenet_mobilenet_v1")


def test_pictures_alone(tmp_path, knowing, faithful, judge, world) -> None:
    data = tmp_path / "world"
    world.write_photos(data / "pictures", "validation", [3, 4])
    found = evaluate_paint(faithful, knowing.hear, knowing, judge, data, limit=2, painting=SMALL)
    assert found.metrics["painted_from_words_top1"] == 1.0
    assert not any("sound" in name for name in found.metrics)
    assert found.skipped == [
        "sounds: world/sounds is not there",
        "nearest_training_distance: the data has no photo of the split train",
    ]


def test_sounds_alone(tmp_path, knowing, faithful, judge, world) -> None:
    data = tmp_path / "world"
    world.write_sounds(data / "sounds", ["dog", "waves", "thunder"])
    found = evaluate_paint(faithful, knowing.hear, knowing, judge, data, limit=1, painting=SMALL)
    assert found.metrics["painted_from_sound_top1"] == 1.0
    assert found.metrics["swap_accuracy"] == found.metrics["swap_accuracy_judge"] == 1.0
    assert "kid" not in found.metrics
    assert found.skipped == ["pictures: world/pictures is not there"]


def test_a_folder_without_data_is_refused(tmp_path, knowing, faithful) -> None:
    with pytest.raises(DataError, match="neither sounds nor pictures"):
        evaluate_paint(faithful, knowing.hear, knowing, None, tmp_path)


def test_the_tints_of_the_faithful_painter_are_what_states_claim(faithful, world) -> None:
    plain = look(world.pattern("beach"))
    storm = look(np.uint8(world.pattern("beach") * np.array(faithful.TINTS["thunder"])))
    assert storm.brightness < plain.brightness
    assert storm.blueness > plain.blueness
