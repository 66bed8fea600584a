from pathlib import Path

import numpy as np

from sonolume.data.captions import SCENES, PhotoCaptions, look
from sonolume.data.concepts import concept
from sonolume.data.pairs import PairMaker
from sonolume.data.shards import read_photos
from sonolume.data.states import STATES


def flat(red: int, green: int, blue: int) -> np.ndarray:
    return np.full((128, 128, 3), (red, green, blue), np.uint8)


def test_look_names_what_is_plain() -> None:
    assert look(flat(10, 10, 12)) == ["dark", "grey"]
    assert look(flat(255, 255, 255)) == ["bright", "grey", "on a white background"]
    assert "blue" in look(flat(30, 60, 200))
    assert "warm" in look(flat(220, 120, 40))
    assert "green" in look(flat(60, 140, 50))


def test_captions_are_human_ones_or_composed(data_folder: Path) -> None:
    photos = list(read_photos(data_folder))
    captions = PhotoCaptions(photos)
    rng = np.random.default_rng(0)
    drawn = [{captions.draw(i, rng) for _ in range(60)} for i in range(len(photos))]
    assert drawn[2] == {"A dog runs .", "A brown dog runs"}
    assert drawn[4] == {""}
    assert any("waves" in text for text in drawn[0])
    assert any("in the street" in text for text in drawn[5])


def test_concept_pairs_agree_and_state_pairs_change_a_scene(data_folder: Path) -> None:
    photos = list(read_photos(data_folder, "train"))
    concepts = ["thunder", "waves", "rain"]
    maker = PairMaker(concepts, photos, states=0.5)
    rng = np.random.default_rng(1)
    pairs = [maker.draw(rng) for _ in range(200)]
    same = [p for p in pairs if p.pixels is photos[p.photo].pixels]
    edited = [p for p in pairs if p.pixels is not photos[p.photo].pixels]
    assert 60 < len(same) < 140
    for pair in same:
        photo = photos[pair.photo]
        assert concepts[pair.sound] in (photo.concept, photo.weak_concept)
    evoking = {slug for state in STATES.values() for slug in state.sounds}
    for pair in edited:
        assert concepts[pair.sound] in evoking
        assert not np.array_equal(pair.pixels, photos[pair.photo].pixels)
        assert "thunder" not in pair.words
        assert "storm" not in pair.words
        assert pair.whole.startswith(pair.words)
        assert len(pair.whole) > len(pair.words)
    assert all(p.true for p in pairs)
    assert all(p.whole == concept(concepts[p.sound]).name for p in same if not p.words)
    assert all(p.whole == p.words for p in same if p.words)


def test_composed_pairs_say_a_concept_in_a_scene_that_words_set(data_folder: Path) -> None:
    photos = list(read_photos(data_folder, "train"))
    concepts = ["thunder", "waves", "rain"]
    maker = PairMaker(concepts, photos, states=0.2, composed=0.5)
    rng = np.random.default_rng(2)
    pairs = [maker.draw(rng) for _ in range(200)]
    composed = [p for p in pairs if not p.true]
    assert 70 < len(composed) < 130
    for pair in composed:
        assert pair.words in SCENES.values()
        assert pair.whole.startswith(f"{concept(concepts[pair.sound]).name} ")
