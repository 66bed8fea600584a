"""Caption measures, against closed forms and examples counted by hand."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest

from sonolume.errors import DataError
from sonolume.evaluation.captioning import (
    bleu,
    caption_figures,
    cider,
    rouge_l,
    sound_caption_names_concept,
)

DOG = "a brown dog runs fast"
CAT = "the cat sleeps on some chair"


def test_what_everybody_says_scores_most() -> None:
    told = [[DOG, DOG], [CAT, CAT]]
    figures = caption_figures(["A brown dog runs fast.", "The cat sleeps on some chair!"], told)
    assert figures == pytest.approx(
        {"cider": 10.0, "bleu1": 1, "bleu2": 1, "bleu3": 1, "bleu4": 1, "rouge_l": 1.0}
    )


def test_what_nobody_says_scores_nothing() -> None:
    figures = caption_figures(["x y z v", ""], [[DOG], [CAT]])
    assert set(figures.values()) == {0.0}
    assert set(caption_figures(["", ""], [[DOG], [CAT]]).values()) == {0.0}


def test_cider_counted_by_hand() -> None:
    """Two things, so a word of one counts ln 2 and a word of both nothing.

    "a dog sits" against "a dog runs" (the other thing: "a cat sleeps"). Of single words dog and
    sits against dog and runs, cosine 1/2; of pairs (a dog, dog sits) against (a dog, dog runs),
    1/2; the triples differ, 0; there are no runs of four. The mean over four orders is 1/4.
    """
    scores = [cider(["a dog sits", said], [["a dog runs"], ["a cat sleeps"]]) for said in ("", "x")]
    assert scores[0] == pytest.approx(10 * 0.25 / 2)
    assert scores[1] == pytest.approx(10 * 0.25 / 2)


def test_cider_clips_what_is_repeated() -> None:
    """ "dog dog" against "dog cat": min(2, 1) · 1 over √4 · √2; pairs differ; lengths agree."""
    value = cider(["dog dog", "owl"], [["dog cat"], ["bird"]])
    assert value == pytest.approx(10 / 4 * 1 / (2 * math.sqrt(2)) / 2)


@pytest.mark.parametrize("more", [1, 4, 9])
def test_cider_pays_for_other_lengths(more: int) -> None:
    """Each word of the reference is said, and `more` words that nobody knows.

    Of single words: 5 / (√5 · √(5 + more)), and so on for runs; the penalty is exp(−more² / 72).
    """
    said = " ".join([DOG, *(f"x{n}" for n in range(more))])
    shares = [(6 - n) / math.sqrt((6 - n) * (6 - n + more)) for n in range(1, 5)]
    expected = 10 * math.exp(-(more**2) / 72) * np.mean(shares)
    assert cider([said, CAT], [[DOG], [CAT]]) == pytest.approx((expected + 10) / 2)


def test_words_that_all_things_share_do_not_count() -> None:
    told = [["the dog"], ["the cat"]]
    assert cider(["the", "the"], told) == 0.0
    assert cider(["the dog", "dog"], told) > cider(["the", "the"], told)


def test_bleu_of_the_paper() -> None:
    """Papineni et al. 2002: "the" seven times has the modified unigram precision 2/7."""
    told = [["the cat is on the mat", "there is a cat on the mat"]]
    scores = bleu(["the the the the the the the"], told)
    assert scores[0] == pytest.approx(2 / 7)
    assert scores[1:] == [0, 0, 0]


def test_bleu_counted_by_hand() -> None:
    """Six words of which five are right, four of five pairs, three of four triples, two of three.

    "a b c d e x" against "a b c d e f g": brevity exp(1 − 7/6).
    """
    scores = bleu(["a b c d e x"], [["a b c d e f g"]])
    right = [5 / 6, 4 / 5, 3 / 4, 2 / 3]
    for order in range(1, 5):
        mean = math.prod(right[:order]) ** (1 / order)
        assert scores[order - 1] == pytest.approx(math.exp(1 - 7 / 6) * mean)


def test_bleu_takes_the_reference_nearest_in_length() -> None:
    told = [["a b c d e f g h", "a b c", "a b c d e"]]
    assert bleu(["a b c d"], told)[0] == 1.0  # three words are as near as five, and shorter
    assert bleu(["a b c d"], [told[0][::2]])[0] == pytest.approx(math.exp(1 - 5 / 4))


def test_rouge_counted_by_hand() -> None:
    """Lin 2004: "police kill the gunman" and "police killed the gunman" share three in order."""
    told = ["police killed the gunman"]
    assert rouge_l(["police kill the gunman"], [told]) == pytest.approx(3 / 4)
    assert rouge_l(["the gunman kill police"], [told]) == pytest.approx(2 / 4)
    b = 1.2**2
    precision, recall = 1.0, 1 / 2
    expected = (1 + b) * precision * recall / (recall + b * precision)
    assert rouge_l(["police gunman"], [told]) == pytest.approx(expected)


def test_the_longest_common_run_is_that_of_trying_all() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        a, b = (list(rng.choice(list("xyz"), rng.integers(1, 7))) for _ in range(2))
        common = max(
            n
            for n in range(len(a) + 1)
            if n == 0 or set(combinations(a, n)) & set(combinations(b, n))
        )
        p, r = common / len(a), common / len(b)
        expected = (1 + 1.44) * p * r / (r + 1.44 * p) if common else 0.0
        assert rouge_l([" ".join(a)], [[" ".join(b)]]) == pytest.approx(expected)


def test_sounds_named_by_name_synonym_and_plural() -> None:
    captions = ["A dog barks.", "Puppies whine.", "An animal calls.", "The water is flowing."]
    assert sound_caption_names_concept(captions, ["dog"] * 4) == 0.5
    assert sound_caption_names_concept(captions[3:], ["stream"]) == 0.0
    assert sound_caption_names_concept(["Flowing water in a creek."], ["stream"]) == 1.0


@pytest.mark.parametrize(
    ("captions", "references", "message"),
    [
        ([], [], "0 for 0 sets"),
        (["a"], [], "1 for 0 sets"),
        (["a"], [[]], "a set of references is empty"),
    ],
)
def test_what_does_not_pair_up(
    captions: list[str], references: list[list[str]], message: str
) -> None:
    for measure in (caption_figures, bleu, rouge_l, cider):
        with pytest.raises(DataError, match=message):
            measure(captions, references)
    with pytest.raises(DataError, match="expected as many"):
        sound_caption_names_concept(captions, ["dog"] * 3)


def test_unknown_concepts() -> None:
    with pytest.raises(DataError, match="unknown concept 'dragon'"):
        sound_caption_names_concept(["a dragon"], ["dragon"])
