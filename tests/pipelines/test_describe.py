"""`describe` at pocket size, with tiny weights."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

import sonolume
from sonolume.errors import MediaError, ModelError, OptionError
from sonolume.media import Audio, Picture
from sonolume.pipelines.describe.description import Description, Segment
from sonolume.pipelines.describe.keywords import Keyword
from sonolume.pipelines.describe.pipeline import DescribePipeline
from sonolume.pipelines.describe.telling import tell
from sonolume.pipelines.describe.word_lists import WordList

RATE = 16_000


@pytest.fixture(scope="module")
def describe(tiny_pocket: Path) -> DescribePipeline:
    return sonolume.load("describe", model=tiny_pocket)


@pytest.fixture(scope="module")
def captioning(tiny_pocket: Path, tmp_path_factory: pytest.TempPathFactory) -> DescribePipeline:
    """The same weights beside a tiny captioner and a calibration."""
    from sonolume.hub import weights
    from sonolume.hub.calibration import NAME, Calibration, Fit, write_calibration
    from sonolume.models.captioner import CaptionerConfig, PrefixCaptioner

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("captioning") / "pocket"
    shutil.copytree(tiny_pocket, folder)
    config = CaptionerConfig(300, width=24, depth=1, heads=2, prefix=2, hidden=16)
    model = PrefixCaptioner(config)
    weights.save("captioner", model.state_dict(), {"config": asdict(config)}, folder)
    fits = {"sound": Fit(0.5, 0.01, 1.0, 100), "picture": Fit(0.01, 0.01, 1.0, 100)}
    write_calibration(Calibration(fits), folder / NAME)
    return sonolume.load("describe", model=folder)


@pytest.fixture
def street(noise: Callable[..., np.ndarray]) -> Audio:
    """Three seconds of noise."""
    return Audio(noise(3, RATE, seed=1)[None], RATE)


@pytest.fixture
def photo() -> Picture:
    return Picture(np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8))


def test_the_shape_that_is_promised(describe, street, tmp_path) -> None:
    street.save(tmp_path / "street.wav")
    found = describe(tmp_path / "street.wav", lists=["colours"], top=3).to_json()
    assert list(found) == ["file", "kind", "caption", "keywords", "timeline"]
    assert found["file"] == str(tmp_path / "street.wav")
    assert (found["kind"], found["caption"]) == ("sound", None)
    assert [list(row) for row in found["keywords"]] == [["term", "probability"]] * 3
    (segment,) = found["timeline"]
    assert list(segment) == ["start", "end", "caption", "keywords"]
    assert (segment["start"], segment["end"]) == (0.0, 3.0)
    assert segment["keywords"] == found["keywords"]
    json.dumps(found, allow_nan=False)


def test_probabilities_fall_and_sum_to_one_over_a_list(describe, street) -> None:
    found = describe(street, lists=["colours"], top=1000).keywords
    chances = [keyword.probability for keyword in found]
    assert len(chances) == 40
    assert chances == sorted(chances, reverse=True)
    assert sum(chances) == pytest.approx(1, abs=1e-5)


def test_a_picture_has_no_timeline(describe, photo, tmp_path) -> None:
    photo.save(tmp_path / "photo.png")
    seen, read = (
        describe(photo, lists=["places"]),
        describe(tmp_path / "photo.png", lists=["places"]),
    )
    assert (seen.kind, seen.file, seen.timeline) == ("picture", None, ())
    assert seen.keywords == read.keywords
    assert len(seen.keywords) == 5


def test_what_a_file_is_its_content_decides(describe, street, photo, tmp_path) -> None:
    street.save(tmp_path / "a.wav")
    photo.save(tmp_path / "b.png")
    (tmp_path / "a.wav").rename(tmp_path / "a.png")
    (tmp_path / "b.png").rename(tmp_path / "b.wav")
    assert describe(tmp_path / "a.png").kind == "sound"
    assert describe(tmp_path / "b.wav").kind == "picture"


def test_without_a_list_it_is_the_concepts(describe, street) -> None:
    assert describe(street).keywords == (Keyword("rain", 1.0),)  # the tiny encoder knows one


def test_lists_of_ones_own_and_several(describe, street) -> None:
    own = WordList.of("own", ("tram", "bus"))
    found = describe(street, lists=["colours", own], top=1).keywords
    assert len(found) == 2
    assert found[1].term in own.terms
    assert (
        describe(street, lists=[own, own], top=5).keywords == describe(street, lists=[own]).keywords
    )


def test_a_high_threshold_leaves_nothing_sure_enough(describe, street) -> None:
    found = describe(street, lists=["colours"], threshold=0.999)
    assert found.keywords == ()
    assert [segment.keywords for segment in found.timeline] == [()]
    assert "nothing sure enough" in tell(found, "txt")


def test_silence_is_said_as_such(describe, captioning) -> None:
    silence = Audio(np.full((2, 12 * RATE), 0.25, np.float32), RATE)
    for pipeline, caption in ((describe, "silence"), (captioning, "silence")):
        found = pipeline(silence, lists=["colours"])
        assert found.is_silent
        assert found.caption == caption
        assert found.timeline == (Segment(0.0, 12.0, caption, (Keyword("silence", 1.0),)),)
    assert describe(silence, captions=False).caption is None


def test_silence_between_sounds_is_a_segment_of_its_own(describe, noise) -> None:
    parts = [noise(10, RATE, seed=1), np.zeros(15 * RATE, np.float32), noise(10, RATE, seed=1)]
    found = describe(Audio(np.concatenate(parts)[None], RATE))
    assert [(s.start, s.end, s.keywords[0].term) for s in found.timeline] == [
        (0.0, 10.0, "rain"), (10.0, 25.0, "silence"), (25.0, 35.0, "rain")
    ]  # fmt: skip
    assert found.keywords == (Keyword("rain", 1.0),)


class Ears:
    """Parts that hear by construction: the loudness of a window is its meaning."""

    name, rate, window, hop, usual = "ears", 1000, 5.0, 5.0, "own"
    words = WordList.of("own", ("low", "high"))

    def word_list(self, name: str) -> WordList:
        return self.words

    def embed_windows(self, windows: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(windows).abs().mean(1, keepdim=True)

    def chances(self, embeddings, kind, words) -> torch.Tensor:
        high = (embeddings[:, :1] > 0.2).float() * 0.9
        return torch.cat([1 - high, high], 1)

    def captions(self, embeddings, kind) -> list[str]:
        return [f"{float(row.mean()):.1f}" for row in embeddings]


def test_segments_begin_and_end_where_the_sound_changes(noise) -> None:
    signs = np.resize([1, -1], 1000)
    levels = np.repeat([0.1, 0.1, 0.1, 0.4, 0.4, 0.4, 0.1, 0.1, 0.1], 5)
    sound = Audio((levels[:, None] * signs).reshape(1, -1).astype(np.float32), 1000)
    found = DescribePipeline(Ears())(sound, top=1)
    assert [(s.start, s.end, s.keywords[0].term, s.caption) for s in found.timeline] == [
        (0.0, 15.0, "low", "0.1"), (15.0, 30.0, "high", "0.4"), (30.0, 45.0, "low", "0.1")
    ]  # fmt: skip
    assert found.caption == "0.2"
    assert found.keywords[0].term == "low"
    assert found.keywords[0].probability == pytest.approx((6 + 3 * 0.1) / 9)


def test_a_file_is_heard_as_its_samples_at_any_rate(describe, noise, tmp_path) -> None:
    sound = Audio(np.stack([noise(12, 44_100, seed=3)] * 2), 44_100)
    soundfile.write(tmp_path / "a.flac", sound.samples.T, 44_100)
    whole = describe(Audio.read(tmp_path / "a.flac"), lists=["colours"])
    streamed = describe(tmp_path / "a.flac", lists=["colours"])
    assert [k.term for k in whole.keywords] == [k.term for k in streamed.keywords]
    for one, other in zip(whole.keywords, streamed.keywords, strict=True):
        assert one.probability == pytest.approx(other.probability, abs=1e-4)
    assert streamed.timeline[-1].end == pytest.approx(12.0, abs=1e-3)


@pytest.mark.parametrize("seconds", [0.001, 0.05, 4.999, 5.001])
def test_short_sounds(describe, noise, seconds) -> None:
    found = describe(Audio(noise(seconds, RATE)[None] + 1e-2, RATE), lists=["colours"])
    assert found.timeline[-1].end == pytest.approx(round(seconds * RATE) / RATE)
    assert len(found.keywords) == 5


def test_captions_where_a_captioner_is(captioning, street, photo) -> None:
    found = captioning(street)
    assert isinstance(found.caption, str)
    assert found.timeline[0].caption == found.caption
    assert isinstance(captioning(photo).caption, str)
    silent = captioning(street, captions=False)
    assert (silent.caption, silent.timeline[0].caption) == (None, None)


def test_the_calibration_beside_the_weights_is_used(describe, captioning, street, photo) -> None:
    flat = captioning(street, lists=["colours"]).keywords[0].probability
    usual = describe(street, lists=["colours"]).keywords[0].probability
    sharp = captioning(photo, lists=["colours"]).keywords[0].probability
    assert 1 / 40 < flat < usual < sharp


def test_what_is_saved_is_loaded_again(captioning, street, tmp_path) -> None:
    captioning.save_pretrained(tmp_path / "own")
    again = DescribePipeline.from_pretrained(tmp_path / "own")
    assert again(street, lists=["moods"]) == captioning(street, lists=["moods"])
    assert again.parts.hashes() == captioning.parts.hashes()
    with pytest.raises(OptionError, match="exists"):
        captioning.save_pretrained(tmp_path / "own")


def test_progress_is_told(describe, noise) -> None:
    told: list[float] = []
    describe(Audio(noise(130, 1000)[None], 1000), progress=told.append)
    assert told[-1] == 130.0
    assert told == sorted(told)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("gone.wav", None, r"gone\.wav does not exist"),
        ("empty.wav", b"", r"empty\.wav is empty"),
        ("notes.txt", b"some notes\n", r"neither a sound nor a picture .*found: text"),
        ("song.mid", b"MThd\0\0\0\6\0\0\0\1\0\x60", "found: MIDI score"),
        ("video.mp4", b"\0\0\0 ftypisom" + bytes(64), "found: MPEG-4 sound or video"),
        ("noise.bin", bytes(range(128, 200)), "found: an unknown kind of file"),
        ("cut.png", b"\x89PNG\r\n\x1a\n" + bytes(30), r"cut\.png"),
        ("cut.wav", b"RIFF\xff\0\0\0WAVEfmt ", r"cut\.wav"),
        ("letters.bmp", b"BM but no picture follows", r"letters\.bmp cannot be read as a picture"),
    ],
)
def test_bad_files(describe, tmp_path, name, content, message) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(MediaError, match=message) as told:
        describe(tmp_path / name)
    assert "\n" not in str(told.value)


def test_a_folder_is_no_file(describe, tmp_path) -> None:
    with pytest.raises(MediaError, match="is a directory"):
        describe(tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"top": 0}, "top 0: expected a whole number from 1 to 1000"),
        ({"top": True}, "top True"),
        ({"top": 2.0}, r"top 2\.0"),
        ({"threshold": 1.5}, r"threshold 1\.5: expected 0 to 1"),
        ({"threshold": float("nan")}, "threshold nan"),
        ({"threshold": "0.5"}, "threshold '0.5'"),
        ({"lists": ["nope"]}, "unknown word list 'nope'; known: actions"),
        ({"lists": "colours"}, "expected a sequence of names"),
        ({"caption": False}, "unknown option 'caption'; known: lists, top, threshold"),
    ],
)
def test_bad_options(describe, street, options, message) -> None:
    with pytest.raises(OptionError, match=message):
        describe(street, **options)


def test_bad_models(tiny_pocket, tmp_path) -> None:
    with pytest.raises(ModelError, match="nowhere: no such model"):
        sonolume.load("describe", model="nowhere")
    with pytest.raises(OptionError, match="has its own audio encoder"):
        sonolume.load("describe", model=tiny_pocket, audio_encoder="laion/clap")
    with pytest.raises(ModelError, match=r"no config\.json that names a model"):
        sonolume.load("describe", model=tmp_path)
    with pytest.raises(OptionError, match="captioner; it is for describe"):
        sonolume.load("paint", captioner="blip")


def test_subtitles_say_captions_or_keywords(describe, photo) -> None:
    rain = (Keyword("rain", 0.7), Keyword("wind", 0.2))
    timeline = (
        Segment(0, 5, "Rain falls.", rain),
        Segment(5, 8, None, rain),
        Segment(8, 9, None, ()),
    )
    found = Description("a.wav", "sound", None, rain, timeline)
    assert tell(found, "srt") == (
        "1\n00:00:00,000 --> 00:00:05,000\nRain falls.\n\n"
        "2\n00:00:05,000 --> 00:00:08,000\nrain, wind\n\n"
    )
    assert tell(found, "vtt").startswith("WEBVTT\n\n00:00:00.000 --> ")
    assert tell(found, "txt").splitlines() == [
        "a.wav: sound",
        "  rain 70%, wind 20%",
        "  00:00.0 - 00:05.0  Rain falls.  rain 70%, wind 20%",
        "  00:05.0 - 00:08.0  rain 70%, wind 20%",
        "  00:08.0 - 00:09.0  nothing sure enough",
    ]
    with pytest.raises(OptionError, match="a picture has no timeline; srt is for sounds"):
        tell(describe(photo), "srt")
