"""Stage `joint.words`: the word tower, from captions, glosses and the phrasebook.

Three losses: texts that say the same lie together (InfoNCE, van den Oord et al. 2018); a phrase
lies at its concept; and, where embeddings of a sentence teacher are at hand, the tower predicts
them (Hinton et al. 2015), which places words that the phrasebook never uses. Two more where asked
for: each of the teacher's texts lies at the concepts whose phrases it is nearest to there; and what
painters read of captions stays as the tower of `--start` has it.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sonolume.data.concepts import concepts
from sonolume.data.corpus import Corpus, read_corpus
from sonolume.data.licences import COMMERCIAL_CAPTIONS
from sonolume.errors import DataError, OptionError
from sonolume.hub import weights
from sonolume.models.tokenizer import END, PAD, WordTokenizer
from sonolume.models.words import WordTower, WordTowerConfig
from sonolume.training.anchors import concept_anchors
from sonolume.training.context import Context
from sonolume.training.figures import macro_top1, nearest
from sonolume.training.reading import read_words
from sonolume.training.sentences import NearestLines, read_sentences
from sonolume.training.settings import from_table
from sonolume.training.stage import Figures
from sonolume.training.start import read_anchors, read_word_tower, start_from

FRAMES = ("{}", "{}", "{}", "the sound of {}", "a photo of {}", "i hear {}", "there is {}", "{}!")


@dataclass(frozen=True)
class JointWordsSettings:
    """Batch shares, temperature and loss weights."""

    texts: int = 96  # texts of the sentence teacher in a batch
    pairs: int = 64  # pairs of texts that say the same
    phrases: int = 96  # phrasebook lines
    temperature: float = 0.07
    teacher_weight: float = 4.0
    phrase_weight: float = 1.0
    concept_weight: float = 0.0  # of the concepts that the teacher takes its texts for
    keep_weight: float = 0.0  # of token states that stay as the tower at the start has them
    drop_words: float = 0.1
    longest: int = 24
    tower: WordTowerConfig = field(default_factory=WordTowerConfig)


class _Trained(nn.Module):
    """The tower with the heads that only training needs."""

    def __init__(self, config: WordTowerConfig, teacher_width: int) -> None:
        super().__init__()
        self.tower = WordTower(config)
        self.anchors = nn.Parameter(torch.randn(len(concepts()), config.embedding))
        self.teacher_head = nn.Linear(config.embedding, teacher_width, bias=False)


class JointWords:
    """See the module's docstring. `teacher` is a folder with `sentences.json` and `.npy`."""

    name = "joint.words"

    def __init__(
        self,
        data: Path,
        teacher: Path | None,
        settings: JointWordsSettings,
        start: Path | None = None,
        *,
        commercial: bool = False,
    ) -> None:
        self.settings, self.commercial = settings, commercial
        self.corpus: Corpus = read_corpus(data, COMMERCIAL_CAPTIONS if commercial else None)
        if len(self.corpus.alike) < settings.pairs:
            found = f"{len(self.corpus.alike)} groups of texts that say the same"
            raise DataError(f"{data}: {found}, but pairs = {settings.pairs}; lower pairs")
        self.slugs = [c.slug for c in concepts()]
        self.lines = [
            (self.slugs.index(slug), text)
            for slug, book in self.corpus.phrasebook.items()
            for text in book
        ]
        self.sentences, self.targets = read_sentences(teacher)
        if commercial:
            self._keep_sentences(set(self.corpus.texts))
        if start is None:
            self.tokenizer = WordTokenizer.train(self.corpus.texts, settings.tower.vocabulary)
        else:
            self.tokenizer = read_word_tower(start, commercial=commercial)[1]
        self.model = _Trained(settings.tower, self.targets.shape[1] if self.sentences else 1)
        start_from(self.model.tower, "joint-words", start, beside=("anchors",))
        if not self.sentences:
            self.model.teacher_head.requires_grad_(False)
        self.nearest: NearestLines | None = None
        if settings.concept_weight and self.sentences:
            self.nearest = NearestLines(self.corpus.phrasebook, self.sentences, self.targets)
        self.kept: WordTower | None = None
        if settings.keep_weight:
            self.kept = self._keep(start)

    def batch(self, rng: np.random.Generator) -> dict[str, Tensor]:
        s = self.settings
        groups = rng.choice(len(self.corpus.alike), s.pairs, replace=False)
        both = [rng.permutation(np.array(self.corpus.alike[g], dtype=object))[:2] for g in groups]
        lines = [self.lines[i] for i in rng.integers(len(self.lines), size=s.phrases)]
        told = [str(rng.choice(FRAMES)).format(self._thin(text, rng)) for _, text in lines]
        count = s.texts if self.sentences else 0
        rows = rng.integers(max(1, len(self.sentences)), size=count)
        taught = [self.sentences[i] for i in rows]
        ids = self.tokenizer.encode([*(p[0] for p in both), *(p[1] for p in both), *told, *taught])
        targets = torch.from_numpy(self.targets[rows].astype(np.float32))
        batch = {
            "ids": self._trim(ids),
            "concepts": torch.tensor([slug for slug, _ in lines]),
            "targets": targets,
        }
        if self.nearest is not None:
            batch["shares"] = self.nearest.shares(targets)
        return batch

    def _keep(self, start: Path | None) -> WordTower:
        """The tower at the start; the concepts stay where they are there."""
        if start is None:
            raise OptionError("keep_weight holds what a tower knows; give one with --start")
        self.model.anchors.data.copy_(read_anchors(start))
        self.model.anchors.requires_grad_(False)
        return deepcopy(self.model.tower).requires_grad_(False)

    def loss(self, batch: dict[str, Tensor], step: int, progress: float) -> tuple[Tensor, Figures]:
        s = self.settings
        z, moved = self._embed(batch["ids"])
        left, right, told = z[: s.pairs], z[s.pairs : 2 * s.pairs], z[2 * s.pairs :][: s.phrases]
        logits = left @ right.T / s.temperature
        order = torch.arange(s.pairs, device=z.device)
        alike = (F.cross_entropy(logits, order) + F.cross_entropy(logits.T, order)) / 2
        anchors = F.normalize(self.model.anchors, dim=-1)
        phrase = F.cross_entropy(
            told @ anchors.T / s.temperature, batch["concepts"], label_smoothing=0.05
        )
        total = alike + s.phrase_weight * phrase
        figures = {"alike": alike.detach(), "phrase": phrase.detach()}
        if self.kept is not None:
            total = total + s.keep_weight * moved
            figures["moved"] = moved.detach()
        if self.sentences:
            taught = F.normalize(self.model.teacher_head(z[-s.texts :]).float(), dim=-1)
            distance = (1 - (taught * batch["targets"]).sum(-1)).mean()
            total = total + s.teacher_weight * distance
            figures["teacher"] = distance.detach()
        if self.nearest is not None:
            guessed = (z[-s.texts :] @ anchors.T / s.temperature).log_softmax(dim=1)
            concept = F.kl_div(guessed, batch["shares"], reduction="batchmean")
            total = total + s.concept_weight * concept
            figures["concept"] = concept.detach()
        return total, figures

    def validate(self, folder: Path) -> dict[str, float]:
        """Macro top-1 over concepts of every fifth phrasebook line: whether they fit, no more.

        The lines were trained on; the anchors are those that the other towers learn.
        """
        anchors = self._anchors()
        lines = self.lines[::5]
        ids = self._trim(self.tokenizer.encode([text for _, text in lines]))
        guesses = nearest(self.model.tower, ids, anchors, list(range(len(self.slugs))))
        return {"phrase_top1": macro_top1(guesses, np.array([slug for slug, _ in lines]))}

    def export(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        tower, anchors = self.model.tower.eval(), self._anchors()
        metadata = {
            "config": asdict(self.settings.tower),
            "tokenizer": self.tokenizer.to_json(),
            "concepts": self.slugs,
            "commercial": self.commercial,
        }
        weights.save("joint-words", {**tower.state_dict(), "anchors": anchors}, metadata, folder)

    def _anchors(self) -> Tensor:
        """Where the concepts lie [concepts, 512]; with a kept tower, where they did."""
        if self.kept is None:
            return concept_anchors(self.model.tower, self.tokenizer)
        return F.normalize(self.model.anchors.detach(), dim=-1)

    def _keep_sentences(self, known: set[str]) -> None:
        rows = [row for row, text in enumerate(self.sentences) if text in known]
        self.sentences, self.targets = [self.sentences[row] for row in rows], self.targets[rows]

    def _thin(self, text: str, rng: np.random.Generator) -> str:
        """The phrase with a few of its words left out, so that no single one is relied on."""
        words = text.split()
        if len(words) < 4:
            return text
        return " ".join(w for w in words if rng.random() > self.settings.drop_words) or text

    def _embed(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """Embeddings of phrases, and how far the states of captions and phrases have moved.

        Computed in four groups of like length: padding costs time.
        """
        lengths, tower = (ids != PAD).sum(1), self.model.tower
        order, parts, moved = lengths.argsort(), [], []
        for rows in order.chunk(4):
            some = ids[rows, : int(lengths[rows].max())]
            states = tower.states(some)
            parts.append(tower.pool(states))
            painted = self._painted(rows)
            if self.kept is not None and painted.any():
                moved.append(_moved(self.kept, some[painted], states[painted]))
        distance = torch.cat(moved).mean() if moved else states.new_zeros(())
        return torch.cat(parts)[order.argsort()], distance

    def _painted(self, rows: Tensor) -> Tensor:
        """Which rows of a batch are captions or phrases, as painters are told them."""
        s = self.settings
        return (rows < s.pairs) | ((rows >= 2 * s.pairs) & (rows < 2 * s.pairs + s.phrases))

    def _trim(self, ids: Tensor) -> Tensor:
        """Cut to the longest phrase of the batch, at most `longest`; the end mark is kept."""
        kept = ids[:, : self.settings.longest].clone()
        over = ids[:, self.settings.longest - 1] != 0
        kept[over, -1] = END
        return kept[:, : int((kept != 0).sum(1).max())]


def build(context: Context, table: Mapping[str, Any]) -> JointWords:
    """The stage with the settings of a recipe's table."""
    settings = from_table(JointWordsSettings, table, context.where)
    return JointWords(
        context.data, context.aids, settings, context.start, commercial=context.commercial
    )


def _moved(kept: WordTower, ids: Tensor, states: Tensor) -> Tensor:
    """Squared distance [B] of token states from those of a frozen tower, over their own square."""
    before = read_words(kept, ids)
    return (states.float() - before).square().sum((1, 2)) / before.square().sum((1, 2))
