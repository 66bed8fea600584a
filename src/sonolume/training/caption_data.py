"""What a captioner learns from: captions, photos and sounds, embedded once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor

from sonolume.data.caption_groups import CaptionGroup, plain, read_caption_groups, without
from sonolume.data.licences import COMMERCIAL, COMMERCIAL_CAPTIONS
from sonolume.data.shards import Clip, Photo, read_photos, read_sounds
from sonolume.errors import DataError
from sonolume.models.captioner import KINDS, CaptionerConfig, CaptionKind, bridge
from sonolume.models.joint import JointEncoder
from sonolume.training.clips import embed_clips
from sonolume.training.concept_captions import photo_captions, sound_captions
from sonolume.training.labels import chances, class_numbers
from sonolume.training.told import Told, embed_texts, mean_gap, told_by_words, told_views
from sonolume.training.views import embed_photos

T = TypeVar("T")
HELD_TEXTS = 256  # held captions of each kind whose loss is taken, at most
MEASURED = 1000  # things by which the way between two modalities is measured, at most
LABELLED = 3000  # photos without captions of people, at most


@dataclass(frozen=True)
class CaptionSettings:
    """What a batch is made of, and the noise in it."""

    texts: int = 40  # captions of sounds and of pictures, half each
    photos: int = 20  # photos that people captioned
    labelled: int = 6  # photos of a known concept or scene
    sounds: int = 18
    noise: float = 0.03  # in embeddings of captions
    jitter: float = 0.015  # in embeddings of photos and sounds
    views: int = 2  # crops of each photo and sound
    balance: float = 0.5  # concepts are drawn in proportion to count ** balance
    longest: int = 28  # pieces, with start and end
    smoothing: float = 0.05
    held: int = 100  # photos and sounds that a validation captions, at most
    network: CaptionerConfig = field(default_factory=CaptionerConfig)


class CaptionData:
    """Reads and embeds everything when it is made.

    `parts` are what a batch is drawn from, with their shares of it; `shift` [2, 512] is the mean
    way from embeddings of sounds and of pictures to those of their captions, and is taken in
    `parts`. Held back: `held_texts` by kind, `held_photos` with embeddings `seen` [N, 512], and
    sounds of the concepts `held_slugs` with `heard` [N, 512].

    Raises DataError when there is no caption to learn from.
    """

    def __init__(
        self, data: Path, joint: JointEncoder, settings: CaptionSettings, *, commercial: bool
    ) -> None:
        self.joint, self.settings = joint, settings
        self.parts: list[tuple[Told, int]] = []
        self.shift = torch.zeros(len(KINDS), joint.anchors.shape[1])
        licences = COMMERCIAL if commercial else None
        photos = list(read_photos(data, licences=licences))
        clips = list(read_sounds(data, licences=licences))
        sources = COMMERCIAL_CAPTIONS if commercial else None
        held = [text for p in photos if p.split != "train" for text in p.captions]
        groups = {kind: without(read_caption_groups(data, kind, sources), held) for kind in KINDS}
        self.held_texts = self._hold_texts(groups)
        self._add_texts(groups, data)
        self._add_photos([p for p in photos if p.split == "train"])
        spoken = [text for g in groups["sound"] if g.train for text in g.captions]
        self._add_sounds([c for c in clips if c.split == "train"], spoken)
        self._hold_photos([p for p in photos if p.split == "validation" and p.captions])
        self._hold_clips([c for c in clips if c.split == "validation"])

    def _add_texts(self, groups: dict[CaptionKind, list[CaptionGroup]], data: Path) -> None:
        learned = {kind: [g.captions for g in groups[kind] if g.train] for kind in KINDS}
        present = [kind for kind in KINDS if learned[kind]]
        if not present:
            raise DataError(f"{data}: no captions of the split train whose licence is wanted")
        for kind in present:
            told = self._told_by_words(kind, learned[kind], self.settings.noise)
            self.parts.append((told, self.settings.texts // len(present)))

    def _add_photos(self, photos: list[Photo]) -> None:
        """Captioned photos and labelled ones, whose captions are composed."""
        s = self.settings
        told = [(p, tuple(map(plain, p.captions))) for p in photos if p.captions]
        others = [(p, texts) for p in photos if not p.captions and (texts := photo_captions(p))]
        for pairs, count in ((told, s.photos), (_evenly(others, LABELLED), s.labelled)):
            if pairs:
                views = embed_photos(self.joint, [p for p, _ in pairs], s.views)
                captions = [texts for _, texts in pairs]
                if pairs is told or not told:
                    self._measure("picture", views.mean(1), captions)
                part = told_views("picture", bridge(views, self.shift[1]), captions, s.jitter)
                self.parts.append((part, count))

    def _add_sounds(self, clips: list[Clip], spoken: list[str]) -> None:
        s = self.settings
        if not clips:
            return
        views = embed_clips(self.joint, clips, s.views)
        pools = sound_captions(spoken)
        labels = class_numbers([c.concept for c in clips])
        slugs = {int(label): clip.concept for label, clip in zip(labels, clips, strict=True)}
        means = torch.stack([views[labels == label].mean((0, 1)) for label in slugs])
        self._measure("sound", means, [pools[slug] for slug in slugs.values()])
        captions = [pools[c.concept] for c in clips]
        odds = chances(labels, s.balance)
        part = told_views("sound", bridge(views, self.shift[0]), captions, s.jitter, odds)
        self.parts.append((part, s.sounds))

    def _hold_texts(self, groups: dict[CaptionKind, list[CaptionGroup]]) -> dict[CaptionKind, Told]:
        found: dict[CaptionKind, Told] = {}
        for kind in KINDS:
            texts = [text for g in groups[kind] if not g.train for text in g.captions]
            chosen = [(text,) for text in _evenly(texts, HELD_TEXTS)]
            if chosen:
                found[kind] = self._told_by_words(kind, chosen, 0.0)
        return found

    def _hold_photos(self, photos: list[Photo]) -> None:
        self.held_photos = _evenly(photos, self.settings.held)
        self.seen = embed_photos(self.joint, self.held_photos, 1)[:, 0]

    def _hold_clips(self, clips: list[Clip]) -> None:
        chosen = _evenly(clips, self.settings.held)
        self.held_slugs = [c.concept for c in chosen]
        self.heard = torch.zeros(len(chosen), self.shift.shape[1])
        for row, clip in enumerate(chosen):
            self.heard[row] = self.joint.embed_sound(clip.samples)

    def _told_by_words(
        self, kind: CaptionKind, groups: Sequence[tuple[str, ...]], noise: float
    ) -> Told:
        return told_by_words(kind, groups, self.joint.words, self.joint.tokenizer, noise)

    def _measure(self, kind: CaptionKind, shown: Tensor, texts: Sequence[tuple[str, ...]]) -> None:
        """Note the mean way from things shown [N, 512] to their captions."""
        rows = _evenly(range(len(texts)), MEASURED)
        shown, texts = shown[rows], [texts[row] for row in rows]
        flat = [text for group in texts for text in group]
        lies = embed_texts(flat, self.joint.words, self.joint.tokenizer)
        told = [part.mean(0) for part in torch.split(lies, [len(group) for group in texts])]
        self.shift[KINDS.index(kind)] = mean_gap(shown, torch.stack(told))


def _evenly(items: Sequence[T], most: int) -> list[T]:
    """At most so many of the items, at even distances."""
    count = min(most, len(items))
    return [items[place * len(items) // count] for place in range(count)]
