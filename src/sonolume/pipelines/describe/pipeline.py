"""Describe: a sound or a picture → keywords, caption, timeline."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from sonolume.errors import MediaError, OptionError
from sonolume.media import Audio, Picture, blocks
from sonolume.media.guard import SOUND_KINDS, foreign_errors, require_file, sniff
from sonolume.pipelines.describe.description import SILENCE, Description, Segment
from sonolume.pipelines.describe.keywords import Keyword, Kind, choose
from sonolume.pipelines.describe.parts import DescribeParts
from sonolume.pipelines.describe.timeline import Cells, Run, hear, runs, smooth
from sonolume.pipelines.describe.word_lists import WordList
from sonolume.pipelines.options import settings_of

if TYPE_CHECKING:
    from sonolume.pipelines.describe.captions_full import PictureCaptioner

Medium = str | Path | Audio | Picture
Progress = Callable[[float], None]
BLOCK_SECONDS = 60.0
QUIET: tuple[Keyword, ...] = (Keyword(SILENCE, 1.0),)


@dataclass(frozen=True)
class DescribeSettings:
    """What is said: `top` terms of each list whose probability reaches `threshold`, 0..1; captions
    and a timeline or not. Raises OptionError for values out of range."""

    top: int = 5
    threshold: float = 0.0
    captions: bool = True
    timeline: bool = True

    def __post_init__(self) -> None:
        whole = isinstance(self.top, int) and not isinstance(self.top, bool)
        if not whole or not 1 <= self.top <= 1000:
            raise OptionError(f"top {self.top!r}: expected a whole number from 1 to 1000")
        number = isinstance(self.threshold, int | float) and not isinstance(self.threshold, bool)
        if not number or not 0 <= self.threshold <= 1:  # also refuses NaN
            raise OptionError(f"threshold {self.threshold!r}: expected 0 to 1")


class DescribePipeline:
    """A sound or a picture → keywords, caption and timeline.

    >>> describe = sonolume.load("describe")           # doctest: +SKIP
    >>> describe("street.wav", lists=["things"]).keywords  # doctest: +SKIP
    """

    def __init__(self, parts: DescribeParts, captioner: "PictureCaptioner | None" = None) -> None:
        self.parts, self.captioner = parts, captioner

    @classmethod
    def from_pretrained(
        cls,
        model: str | Path = "pocket",
        *,
        audio_encoder: str | Path | None = None,
        captioner: str | Path | None = None,
        device: str | None = None,
    ) -> "DescribePipeline":
        """See `sonolume.load`."""
        from sonolume.pipelines.describe.choose import choose_describer

        parts = choose_describer(model, audio_encoder, device)
        if captioner is None:
            return cls(parts)
        from sonolume.pipelines.describe.captions_full import load_picture_captioner

        return cls(parts, load_picture_captioner(captioner, device=device))

    def save_pretrained(self, folder: str | Path) -> None:
        """Write all weights but a captioner of its own to a new folder, for `from_pretrained`.

        Raises OptionError when the folder exists or cannot be written.
        """
        from sonolume.pipelines.saving import new_folder

        with new_folder(Path(folder)) as place:
            self.parts.save(place)

    def __call__(
        self,
        medium: Medium,
        *,
        lists: Sequence[str | WordList] = (),
        progress: Progress | None = None,
        **settings: Any,
    ) -> Description:
        """Describe a sound or picture file, an `Audio` or a `Picture`.

        `lists` are names of shipped word lists or lists of one's own (`word_lists.read_list`); by
        default the model's usual one. `settings` are those of `DescribeSettings`. `progress` is
        told how many seconds of a sound are done. A file of any length is heard in flat memory.

        Raises OptionError for values out of range and unknown lists, MediaError for files that are
        neither a sound nor a picture.
        """
        chosen = make_settings(settings)
        words = self.word_lists(lists)
        name = str(medium) if isinstance(medium, str | Path) else None
        source = Path(medium) if isinstance(medium, str | Path) else medium
        if isinstance(source, Picture):
            return self._describe_picture(name, source, words, chosen)
        if isinstance(source, Path) and kind_of(source) == "picture":
            return self._describe_picture(name, Picture.read(source), words, chosen)
        return self._describe_sound(name, self.hear(source, progress), words, chosen)

    def word_lists(self, lists: Sequence[str | WordList] = ()) -> tuple[WordList, ...]:
        """The lists that are meant; without any, the usual one. Raises OptionError if unknown."""
        if isinstance(lists, str):
            raise OptionError(f"lists {lists!r}: expected a sequence of names")
        named = [self.parts.word_list(x) if isinstance(x, str) else x for x in lists]
        return tuple(dict.fromkeys(named)) or (self.parts.word_list(self.parts.usual),)

    def hear(self, sound: Path | Audio, progress: Progress | None = None) -> Cells:
        """A sound as the embeddings of its windows. Raises MediaError for unusable files."""
        parts = self.parts
        stream = blocks(sound, parts.rate, BLOCK_SECONDS)
        return hear(stream, parts.embed_windows, parts.rate, parts.window, parts.hop, progress)

    @torch.inference_mode()
    def _describe_sound(
        self,
        name: str | None,
        cells: Cells,
        words: tuple[WordList, ...],
        settings: DescribeSettings,
    ) -> Description:
        heard = cells.embeddings[cells.sounding]
        if len(heard) == 0:
            return self._silence(name, cells.bounds[-1], settings)
        chances = [self.parts.chances(cells.embeddings, "sound", each) for each in words]
        whole = [chance[cells.sounding].mean(0) for chance in chances]
        found = choose(list(zip(words, whole, strict=True)), settings.top, settings.threshold)
        segments = self._segments(cells, words, chances, settings) if settings.timeline else ()
        return Description(name, "sound", self._caption(heard, "sound", settings), found, segments)

    def _segments(
        self,
        cells: Cells,
        words: tuple[WordList, ...],
        chances: list[Tensor],
        settings: DescribeSettings,
    ) -> tuple[Segment, ...]:
        mixed = [smooth(chance, cells.silent) for chance in chances]
        labels = _labels(mixed, settings.threshold)
        parts = runs(labels, cells.silent)
        captions = self._captions(cells, parts, settings)
        found = []
        for run, caption in zip(parts, captions, strict=True):
            keywords = QUIET
            if not run.silent:
                means = [chance[run.first : run.last + 1].mean(0) for chance in mixed]
                pairs = list(zip(words, means, strict=True))
                keywords = choose(pairs, settings.top, settings.threshold)
            bounds = cells.bounds[run.first], cells.bounds[run.last + 1]
            found.append(Segment(*bounds, caption, keywords))
        return tuple(found)

    def _captions(
        self, cells: Cells, parts: Sequence[Run], settings: DescribeSettings
    ) -> list[str | None]:
        """A caption for each run, all sounding ones written in one go."""
        told: list[str | None] = [None] * len(parts)
        if not settings.captions:
            return told
        sounding = [place for place, run in enumerate(parts) if not run.silent]
        rows = [_mean(cells, parts[place]) for place in sounding]
        written = self.parts.captions(torch.stack(rows), "sound")
        for place, text in zip(sounding, written or (), strict=written is not None):
            told[place] = text
        return [SILENCE if run.silent else text for run, text in zip(parts, told, strict=True)]

    @torch.inference_mode()
    def _describe_picture(
        self,
        name: str | None,
        picture: Picture,
        words: tuple[WordList, ...],
        settings: DescribeSettings,
    ) -> Description:
        seen = self.parts.embed_picture(picture)
        chances = [(each, self.parts.chances(seen, "picture", each)[0]) for each in words]
        keywords = choose(chances, settings.top, settings.threshold)
        if self.captioner is not None and settings.captions:
            caption: str | None = self.captioner.caption_pictures([picture])[0]
        else:
            caption = self._caption(seen, "picture", settings)
        return Description(name, "picture", caption, keywords)

    def _caption(self, embeddings: Tensor, kind: Kind, settings: DescribeSettings) -> str | None:
        """One caption for the mean of embeddings [B, D]."""
        if not settings.captions:
            return None
        written = self.parts.captions(embeddings.mean(0, keepdim=True), kind)
        return written[0] if written else None

    def _silence(
        self, name: str | None, duration: float, settings: DescribeSettings
    ) -> Description:
        caption = SILENCE if settings.captions else None
        whole = (Segment(0.0, duration, caption, QUIET),) if settings.timeline else ()
        return Description(name, "sound", caption, QUIET, whole)


def make_settings(table: dict[str, Any]) -> DescribeSettings:
    """Settings from keywords. Raises OptionError for an unknown one."""
    return settings_of(DescribeSettings, table, "lists")


def kind_of(path: Path) -> Kind:
    """Whether a file holds a sound or a picture, by its content.

    Raises MediaError for files that are missing, empty or surely neither.
    """
    require_file(path)
    found = sniff(path)
    if found in SOUND_KINDS:
        return "sound"
    if found.endswith("picture") or _begins_plain_picture(path):
        return "picture"
    raise MediaError(
        f"{path} is neither a sound nor a picture that can be read (found: {found}); expected "
        "WAV, FLAC, Ogg, Opus, MP3 or AIFF, or PNG, JPEG, WebP, GIF, BMP, TIFF, PPM or AVIF"
    )


def _begins_plain_picture(path: Path) -> bool:
    """BMP and PPM begin with two letters: too little to be sure, the reader of pictures decides."""
    with foreign_errors(path, "read"), path.open("rb") as file:
        return file.read(2) in (b"BM", b"P1", b"P2", b"P3", b"P4", b"P5", b"P6")


def _labels(chances: Sequence[Tensor], threshold: float) -> list[tuple[int, ...]]:
    """For each cell the likeliest term of every list, −1 where it does not reach the threshold."""
    best = [chance.max(dim=1) for chance in chances]
    rows = [
        torch.where(found.values >= threshold, found.indices, torch.full_like(found.indices, -1))
        for found in best
    ]
    return [tuple(row) for row in torch.stack(rows, dim=1).tolist()]


def _mean(cells: Cells, run: Run) -> Tensor:
    return cells.embeddings[run.first : run.last + 1].mean(0)
