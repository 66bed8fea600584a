"""The figure of a delta, and the scripts that make pairs."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

from sonolume.correspondence.delta import delta
from sonolume.correspondence.drawing import draw_delta
from sonolume.correspondence.edits import EDITS, edit
from sonolume.errors import OptionError
from sonolume.media import Picture


def darkened_left(picture: Picture) -> Picture:
    pixels = picture.pixels.copy()
    pixels[:, :128] = edit(picture, "darken", 0.6).pixels[:, :128]
    return Picture(pixels)


def test_the_figure_is_blue_where_it_fell(scenes: dict[str, Picture]) -> None:
    before, after = scenes["hills"], darkened_left(scenes["hills"])
    change = delta(before, after)
    assert max(change.steps, key=lambda name: abs(change.steps[name])) == "brightness"
    sheet = draw_delta(before, after, change, side=100, count=1).pixels.astype(float)
    assert sheet.shape == (6 + 126, 6 + 3 * 106, 3)
    panel = sheet[26:126, 218:318]
    bluer = panel[..., 2] - panel[..., 0]
    assert bluer[:, :35].min() > 20
    assert np.abs(bluer[:, 65:]).max() < 20


def test_the_figure_takes_every_shape(scenes: dict[str, Picture]) -> None:
    tall = Picture(np.random.default_rng(0).integers(0, 256, (300, 7, 3), dtype=np.uint8))
    change = delta(scenes["hills"], tall)
    assert draw_delta(scenes["hills"], tall, change, side=64, count=14).pixels.shape[1] == 286
    for options, message in (({"side": 8}, "panels of 8 pixels"), ({"count": 15}, "15 maps")):
        with pytest.raises(OptionError, match=message):
            draw_delta(tall, tall, change, **options)
    with pytest.raises(OptionError, match="a delta without maps cannot be drawn"):
        draw_delta(tall, tall, delta(tall, tall, with_maps=False))


def test_pairs_are_written_with_what_they_are(
    tmp_path: Path,
    examples_folder: Path,
    scenes: dict[str, Picture],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = tmp_path / "still.png"
    scenes["still"].resize(64, 64).save(source)
    folder = tmp_path / "pairs"
    asked = [str(folder), "--strengths", "0.5", "1", "--pictures", str(source)]
    monkeypatch.setattr(sys, "argv", ["make_edits.py", *asked])
    runpy.run_path(str(examples_folder / "make_edits.py"), run_name="__main__")
    pairs = [json.loads(line) for line in (folder / "pairs.jsonl").read_text().splitlines()]
    assert len(pairs) == 2 * len(EDITS)
    for pair in pairs:
        before, after = (Picture.read(folder / pair[side]) for side in ("before", "after"))
        expected = edit(before, pair["edit"], pair["strength"])
        assert np.array_equal(after.pixels, expected.pixels)
        assert pair["direction"] == EDITS[pair["edit"]].direction


def test_accidents_change_less_than_a_quarter_step(
    examples_folder: Path, scenes: dict[str, Picture]
) -> None:
    """What the confidence is fitted against is what the delta calls unseen."""
    script = runpy.run_path(str(examples_folder / "fit_confidence.py"))
    for picture in script["accidents"](scenes["beach"]):
        change = delta(scenes["beach"], picture)
        assert max(map(abs, change.steps.values())) < 0.25
