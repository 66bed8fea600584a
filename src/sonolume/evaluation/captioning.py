"""How good captions are: CIDEr-D, BLEU, ROUGE-L, and whether a sound's caption names its concept.

Words are lower case without punctuation (`caption_words`). CIDEr is on the scale on which it is
usually printed: human captions reach about 0.9 on COCO, the largest value is 10. All others are
0..1. Figures of different reference sets do not compare.
"""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from sonolume.data.naming import names_concept
from sonolume.errors import DataError
from sonolume.training.cider import Ngram, caption_words, cider, ngrams, validate

__all__ = ["bleu", "caption_figures", "cider", "rouge_l", "sound_caption_names_concept"]

ORDERS = 4
BETA = 1.2  # how much more recall counts than precision in ROUGE-L, as COCO's evaluation has it


def caption_figures(
    captions: Sequence[str], references: Sequence[Sequence[str]]
) -> dict[str, float]:
    """All measures of captions [N] against N sets of what people said.

    Raises DataError when they do not pair up, there are none, or a set is empty.
    """
    scores = bleu(captions, references)
    return {
        "cider": cider(captions, references),
        **{f"bleu{order}": score for order, score in enumerate(scores, 1)},
        "rouge_l": rouge_l(captions, references),
    }


def bleu(captions: Sequence[str], references: Sequence[Sequence[str]]) -> list[float]:
    """Corpus BLEU-1 to BLEU-4 (Papineni et al. 2002), unsmoothed.

    The brevity penalty takes, for each caption, the reference nearest in length, the shorter of
    two that are as near. Raises as `caption_figures` does.
    """
    validate(captions, references)
    said = [caption_words(text) for text in captions]
    told = [[caption_words(text) for text in group] for group in references]
    length = sum(map(len, said))
    wanted = sum(_nearest(len(w), [len(r) for r in g]) for w, g in zip(said, told, strict=True))
    if length == 0:
        return [0.0] * ORDERS
    brevity = min(0.0, 1 - wanted / length)
    logs = []
    for order in range(1, ORDERS + 1):
        pairs = [_clipped(w, group, order) for w, group in zip(said, told, strict=True)]
        right, total = (sum(column) for column in zip(*pairs, strict=True))
        logs.append(math.log(right / total) if right else -math.inf)
    return [math.exp(brevity + float(np.mean(logs[:order]))) for order in range(1, ORDERS + 1)]


def rouge_l(captions: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """Mean ROUGE-L (Lin 2004), with the best precision and the best recall over the references.

    Raises as `caption_figures` does.
    """
    validate(captions, references)
    return float(np.mean([_rouge(c, group) for c, group in zip(captions, references, strict=True)]))


def sound_caption_names_concept(captions: Sequence[str], slugs: Sequence[str]) -> float:
    """Share of captions of sounds that name the sound's concept or a listed synonym.

    `data/naming.toml` has the list. Raises DataError for an unknown concept, or none at all.
    """
    if not captions or len(captions) != len(slugs):
        raise DataError(f"captions: {len(captions)} for {len(slugs)} concepts; expected as many")
    pairs = zip(captions, slugs, strict=True)
    return float(np.mean([names_concept(caption, slug) for caption, slug in pairs]))


def _nearest(length: int, lengths: Sequence[int]) -> int:
    return min(lengths, key=lambda other: (abs(other - length), other))


def _clipped(words: list[str], group: list[list[str]], order: int) -> tuple[int, int]:
    """N-grams of a caption that stand in its references, each as often as in one; and all."""
    most: Counter[Ngram] = Counter()
    for reference in group:
        most |= ngrams(reference, order)
    counts = ngrams(words, order)
    return (counts & most).total(), counts.total()


def _rouge(caption: str, group: Sequence[str]) -> float:
    words = caption_words(caption)
    told = [caption_words(text) for text in group]
    common = [_common(words, reference) for reference in told]
    if not any(common):
        return 0.0
    precision = max(common) / len(words)
    recall = max(n / len(r) for n, r in zip(common, told, strict=True) if r)
    return (1 + BETA**2) * precision * recall / (recall + BETA**2 * precision)


def _common(a: Sequence[str], b: Sequence[str]) -> int:
    """Length of the longest common subsequence."""
    row = [0] * (len(b) + 1)
    for word in a:
        left = 0
        for place, other in enumerate(b, 1):
            corner, left = left, row[place]
            row[place] = corner + 1 if word == other else max(row[place], row[place - 1])
    return row[-1]
