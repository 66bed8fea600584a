"""CIDEr-D: how much a caption says what people say of the same thing."""

import math
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sonolume.errors import DataError

ORDERS = 4  # n-grams of one to four words
SIGMA = 6.0
Ngram = tuple[str, ...]


def caption_words(caption: str) -> list[str]:
    """The words of a caption, in lower case, without punctuation."""
    return re.findall(r"[a-z0-9]+(?:'[a-z]+)?", caption.lower())


def ngrams(words: Sequence[str], order: int) -> Counter[Ngram]:
    """How often each run of `order` words occurs."""
    return Counter(tuple(words[i : i + order]) for i in range(len(words) - order + 1))


def validate(captions: Sequence[str], references: Sequence[Sequence[str]]) -> None:
    """Raises DataError for captions and references that do not pair up, or none at all."""
    if not captions or len(captions) != len(references):
        raise DataError(
            f"captions: {len(captions)} for {len(references)} sets of references; expected as many"
        )
    if not all(references):
        raise DataError("captions: a set of references is empty; leave that item out")


def cider(captions: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """Corpus CIDEr-D (Vedantam et al. 2015), on the scale on which it is usually printed.

    There an average human caption has about 0.9 on COCO and the largest value is 10: the paper's
    factor of ten is in it. Document frequencies are counted over `references`, so figures of
    different sets do not compare. Raises as `validate` does.
    """
    return float(cider_scores(captions, references).mean())


def cider_scores(
    captions: Sequence[str], references: Sequence[Sequence[str]]
) -> NDArray[np.float64]:
    """CIDEr-D of each caption [N], in 0..10."""
    validate(captions, references)
    told = [[_counts(text) for text in group] for group in references]
    documents = Counter(gram for group in told for gram in set().union(*group))
    total = math.log(len(references))
    rarity = {gram: total - math.log(count) for gram, count in documents.items()}
    scores = [
        np.mean([_similar(_counts(caption), reference, rarity, total) for reference in group])
        for caption, group in zip(captions, told, strict=True)
    ]
    return 10.0 * np.array(scores, dtype=np.float64)


def _counts(caption: str) -> Counter[Ngram]:
    words = caption_words(caption)
    return sum((ngrams(words, order) for order in range(1, ORDERS + 1)), Counter())


def _similar(
    caption: Counter[Ngram], reference: Counter[Ngram], rarity: dict[Ngram, float], unseen: float
) -> float:
    """The mean over orders of the clipped cosine of equation 4, times the penalty on length."""
    length = [sum(n for gram, n in c.items() if len(gram) == 1) for c in (caption, reference)]
    penalty = math.exp(-((length[0] - length[1]) ** 2) / (2 * SIGMA**2))
    shares = []
    for order in range(1, ORDERS + 1):
        a, b = (
            {g: n * rarity.get(g, unseen) for g, n in counts.items() if len(g) == order}
            for counts in (caption, reference)
        )
        product = sum(min(a[gram], b[gram]) * b[gram] for gram in a.keys() & b.keys())
        norm = math.sqrt(sum(v * v for v in a.values()) * sum(v * v for v in b.values()))
        shares.append(product / norm if norm else 0.0)
    return penalty * sum(shares) / ORDERS
