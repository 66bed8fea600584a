"""The best of several pictures is the one that the encoder puts nearest, and can be made again."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from torch import Tensor

import sonolume
from sonolume.errors import OptionError
from sonolume.media import Picture
from sonolume.pipelines.paint.again import paint_again
from sonolume.pipelines.paint.best import BestOf
from sonolume.pipelines.paint.pipeline import PaintPipeline
from sonolume.pipelines.paint.settings import PaintRequest


class Grey:
    """Paints one grey from black, seed 0, to white, seed 9."""

    def paint_many(self, requests, settings=None, /):
        return [
            Picture(
                np.full((8, 8, 3), round(255 * request.seed / 9), np.uint8),
                {"seed": request.seed, **request.notes},
            )
            for request in requests
        ]


@dataclass
class Light:
    """Sees how light a picture is, as an angle: 0 black, a quarter turn white."""

    spreads: dict[str, float] = field(default_factory=dict)
    device = torch.device("cpu")
    side = 4

    def embed_words(self, texts: list[str]) -> Tensor:
        return torch.stack([_at(float(text)) for text in texts])

    def embed_pictures(self, pictures: Tensor) -> Tensor:
        assert pictures.shape[1:] == (3, 4, 4)
        return torch.stack([_at((float(p.mean()) + 1) / 2) for p in pictures])


def _at(share: float) -> Tensor:
    angle = torch.tensor(share * np.pi / 2)
    return torch.stack([angle.cos(), angle.sin()]).float()


def lightness(picture: Picture) -> float:
    return float(picture.pixels.mean()) / 255


def best(request: PaintRequest, count: int, **spreads: float) -> Picture:
    return BestOf(Grey(), Light(spreads), count).paint(request)


@pytest.mark.parametrize("count", [1, 4, 10, 17])
@pytest.mark.parametrize("asked", [0.0, 0.5, 1.0])
def test_the_nearest_to_the_words_is_kept(count: int, asked: float) -> None:
    def grey(seed: int) -> float:
        return round(255 * seed / 9) / 255

    count = min(count, 10)
    made = best(PaintRequest(str(asked)), count)
    nearest = min((grey(seed) for seed in range(count)), key=lambda g: abs(g - asked))
    assert lightness(made) == pytest.approx(nearest)
    assert made.provenance is not None
    assert made.provenance["best_of"] == {"count": count, "first_seed": 0}
    assert grey(made.provenance["seed"]) == pytest.approx(lightness(made))


def test_words_and_sound_count_by_strength_and_spread() -> None:
    """Half squared angles to 0 and 1, weighed w and s: least at s / (w + s)."""
    white = _at(1.0)
    for strength, spreads, expected in (
        (1.0, {}, 0.5),
        (2.0, {}, 2 / 3),
        (1.0, {"words": 0.5, "sound": 1.0}, 1 / 3),
        (0.0, {}, 0.0),
    ):
        made = best(PaintRequest("0", white, strength), 10, **spreads)
        assert lightness(made) == pytest.approx(expected, abs=0.5 / 9 + 0.01)


def test_another_hearing_stands_for_the_painters_own() -> None:
    request = PaintRequest("", _at(1.0))
    chooser = BestOf(Grey(), Light(), 10)
    assert lightness(chooser.paint(request)) == 1.0
    assert lightness(chooser.paint(request, heard=_at(0.0))) == 0.0


@pytest.mark.parametrize("count", [0, -1, 65, 2.0, True])
def test_a_count_out_of_range_is_refused(count) -> None:
    with pytest.raises(OptionError, match="best of"):
        BestOf(Grey(), Light(), count)


def test_seeds_go_round_at_their_end() -> None:
    class Seeds:
        def paint_many(self, requests, settings=None, /):
            seen.extend(request.seed for request in requests)
            return Grey().paint_many([PaintRequest("0")] * len(requests))

    seen: list[int] = []
    BestOf(Seeds(), Light(), 3).paint(PaintRequest("0", seed=2**63 - 2))
    assert seen[:3] == [2**63 - 2, 2**63 - 1, 0]


def test_the_pocket_painter_paints_it_again_from_the_seed_that_won(tiny_pocket) -> None:
    paint = sonolume.load("paint", model=tiny_pocket)
    sound = sonolume.Audio(np.random.default_rng(0).standard_normal((1, 8000)), 16_000)
    made = paint(sound, "a beach", best_of=5, steps=2, seed=3)
    assert made.provenance is not None
    won = made.provenance["seed"]
    assert won in range(3, 8)
    assert np.array_equal(paint(sound, "a beach", steps=2, seed=won).pixels, made.pixels)
    again = paint_again(made.provenance, paint)
    assert np.array_equal(again.pixels, made.pixels)
    assert again.provenance == made.provenance
    # By the encoder itself, the pictures one by one.
    seen = paint.parts.joint.picture
    far = []
    for seed in range(3, 8):
        pixels = torch.from_numpy(paint(sound, "a beach", steps=2, seed=seed).to_float())[None]
        side = paint._ranker.side
        small = torch.nn.functional.interpolate(
            pixels, (side, side), mode="bilinear", antialias=True
        )
        with torch.no_grad():
            place = seen(small)[0]
        spreads = paint._ranker.spreads
        request = paint.request(sound, "a beach")
        cosines = (place @ paint.parts.joint.embed_words(["a beach"])[0], place @ request.sound)
        far.append(
            sum(
                float(torch.arccos(cosine) ** 2 / 2) / spreads.get(kind, 1.0)
                for kind, cosine in zip(("words", "sound"), cosines, strict=True)
            )
        )
    assert int(np.argmin(far)) + 3 == won


def test_a_full_size_painter_is_ranked_by_the_pocket_space(tiny_full) -> None:
    paint = PaintPipeline.from_pretrained(tiny_full)
    sound = sonolume.Audio(np.random.default_rng(0).standard_normal((1, 24_000)), 48_000)
    made = paint(sound, "a beach", best_of=2, steps=1, size=16)
    assert made.provenance is not None
    assert made.provenance["seed"] in (0, 1)
    with pytest.warns(UserWarning, match="silent"):
        silent = paint(sonolume.Audio(np.zeros((1, 24_000)), 48_000), "a beach", best_of=2,
                       steps=1, size=16)  # fmt: skip
    assert silent.provenance is not None
    assert silent.provenance["sound_embedding"] is None
