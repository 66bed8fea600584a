"""Stage `caption`: the captioner, mostly from text alone.

A caption is to be written from its own embedding with noise in it (CapDec, Nukrai et al. 2022;
DeCap, Li et al. 2023). The rest of each batch are photos with their captions and sounds with
captions that name their concepts, from the embeddings of the picture and the sound tower, after
the mean distance to the words is taken out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sonolume.data.naming import names_concept
from sonolume.errors import OptionError
from sonolume.hub import weights
from sonolume.hub.joint import load_joint
from sonolume.media.atomic import atomic_path
from sonolume.models.captioner import PrefixCaptioner, caption_loss
from sonolume.models.tokenizer import PAD, WordTokenizer
from sonolume.pipelines.describe.captions import PocketCaptioner
from sonolume.training.caption_data import CaptionData, CaptionSettings
from sonolume.training.cider import cider
from sonolume.training.context import Context
from sonolume.training.settings import from_table
from sonolume.training.stage import Figures
from sonolume.training.start import check_terms, start_from

JOINT = ("joint-words", "joint-sound", "joint-picture")


class Caption:
    """See the module's docstring."""

    name = "caption"

    def __init__(
        self,
        data: Path,
        settings: CaptionSettings,
        models: Path = weights.FOLDER,
        start: Path | None = None,
        *,
        commercial: bool = False,
    ) -> None:
        self.settings, self.commercial = settings, commercial
        for name in JOINT:
            check_terms(name, models, commercial=commercial)
        joint = load_joint(models)
        self.tokenizer: WordTokenizer = joint.tokenizer
        if settings.network.vocabulary < len(self.tokenizer):
            found = f"the tokenizer of {models} has {len(self.tokenizer)} pieces"
            raise OptionError(f"network.vocabulary = {settings.network.vocabulary}: {found}")
        self.model = PrefixCaptioner(settings.network)
        start_from(self.model, "captioner", start, commercial=commercial)
        self.data = CaptionData(data, joint, settings, commercial=commercial)
        self.model.shift.copy_(self.data.shift)

    def batch(self, rng: np.random.Generator) -> dict[str, Tensor]:
        drawn = [(part, *part.draw(count, rng)) for part, count in self.data.parts]
        embeddings = torch.cat([embeddings for _, embeddings, _ in drawn])
        kinds = torch.cat([part.kinds(len(texts)) for part, _, texts in drawn])
        return self._sorted(embeddings, kinds, [text for _, _, texts in drawn for text in texts])

    def loss(self, batch: dict[str, Tensor], step: int, progress: float) -> tuple[Tensor, Figures]:
        return self._loss(batch, self.settings.smoothing), {}

    def validate(self, folder: Path) -> dict[str, float]:
        """Loss of a piece of held captions, by kind; CIDEr of held photos; sounds named right.

        What is written of held photos and sounds goes to `captions.txt`.
        """
        figures = {}
        for kind, told in self.data.held_texts.items():
            texts = [text for (text,) in told.captions]
            batch = self._sorted(told.embeddings, told.kinds(len(texts)), texts)
            there = {key: value.to(self.model.shift.device) for key, value in batch.items()}
            figures[f"{kind}_text_loss"] = float(self._loss(there))
        writer = PocketCaptioner(self.model, self.tokenizer)
        seen = writer.captions(self.data.seen, "picture")
        heard = writer.captions(self.data.heard, "sound")
        if seen:
            figures["picture_cider"] = cider(seen, [p.captions for p in self.data.held_photos])
        if heard:
            pairs = zip(heard, self.data.held_slugs, strict=True)
            figures["sound_named"] = float(np.mean([names_concept(*pair) for pair in pairs]))
        folder.mkdir(parents=True, exist_ok=True)
        with atomic_path(folder / "captions.txt", force=True) as page:
            page.write_text("\n".join(self._lines(seen, heard)) + "\n", "utf-8")
        return figures

    def export(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        facts = {"config": asdict(self.settings.network), "commercial": self.commercial}
        weights.save("captioner", self.model.state_dict(), facts, folder)

    def _lines(self, seen: list[str], heard: list[str]) -> Iterator[str]:
        for photo, caption in zip(self.data.held_photos, seen, strict=True):
            yield f"{photo.key}\t{caption}\t{photo.captions[0]}"
        for slug, caption in zip(self.data.held_slugs, heard, strict=True):
            yield f"{slug}\t{caption}"

    def _sorted(self, embeddings: Tensor, kinds: Tensor, texts: Sequence[str]) -> dict[str, Tensor]:
        """A batch in the order of the texts' lengths; a text that is cut has no end mark."""
        longest = self.settings.longest
        ids = self.tokenizer.encode(texts, longest + 1)[:, :longest]
        order = (ids != PAD).sum(1).argsort(stable=True)
        return {"embeddings": embeddings[order], "kinds": kinds[order], "ids": ids[order]}

    def _loss(self, batch: dict[str, Tensor], smoothing: float = 0.0) -> Tensor:
        """Mean over pieces, computed in four groups of like length: padding costs time."""
        parts = [batch[key].chunk(4) for key in ("embeddings", "kinds", "ids")]
        total, count = torch.zeros((), device=batch["ids"].device), 0
        for embeddings, kinds, ids in zip(*parts, strict=True):
            ids = ids[:, : int((ids != PAD).sum(1).max())]
            pieces = int((ids[:, 1:] != PAD).sum())
            logits = self.model(embeddings, kinds, ids[:, :-1])
            total = total + pieces * caption_loss(logits, ids, smoothing)
            count += pieces
        return total / count


def build(context: Context, table: Mapping[str, Any]) -> Caption:
    """The stage with the settings of a recipe's table."""
    return Caption(
        context.data,
        from_table(CaptionSettings, table, context.where),
        context.weights,
        context.start,
        commercial=context.commercial,
    )
