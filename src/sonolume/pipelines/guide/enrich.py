"""Prompt enrichment: what is heard in the given sounds becomes words to go to, as well."""

from collections.abc import Iterable, Sequence
from typing import Final

from sonolume.errors import OptionError
from sonolume.pipelines.describe.description import SILENCE, Description
from sonolume.pipelines.describe.pipeline import DescribePipeline
from sonolume.pipelines.guide.prompts import Prompt

KINDS: Final = ("keywords", "caption")
KEYWORDS: Final = 3
CAPTION_SHARE: Final = 0.5
LEAST_SHARE: Final = 0.05


def enrich(
    prompts: Sequence[Prompt], describer: DescribePipeline, kinds: Iterable[str]
) -> list[Prompt]:
    """`prompts`, and after them the words that the sounds among them bring.

    `kinds` are "keywords" (up to three a sound, each with the sound's weight times its probability,
    unless that is below a twentieth) and "caption" (with half the sound's weight). Words that stand
    there already are not added, and silence brings none. Raises OptionError for another kind.
    """
    wanted = tuple(kinds)
    odd = sorted(set(wanted) - set(KINDS))
    if odd or isinstance(kinds, str):
        raise OptionError(f"enrich {odd or kinds!r}: expected one or both of {', '.join(KINDS)}")
    known = {prompt.told.casefold() for prompt in prompts}
    added = []
    for prompt in prompts:
        for found in _heard(prompt, describer, wanted) if wanted else []:
            if found.told.casefold() not in known:
                known.add(found.told.casefold())
                added.append(found)
    return [*prompts, *added]


def _heard(prompt: Prompt, describer: DescribePipeline, wanted: Sequence[str]) -> list[Prompt]:
    if prompt.kind != "sound":
        return []
    captions = "caption" in wanted
    told = describer(prompt.value, top=KEYWORDS, timeline=False, captions=captions)
    if _is_silent(told):
        return []
    found = []
    if "keywords" in wanted:
        found += [
            Prompt("words", keyword.term, round(prompt.weight * keyword.probability, 3))
            for keyword in told.keywords
            if keyword.probability >= LEAST_SHARE
        ]
    if captions and told.caption:
        found.append(Prompt("words", told.caption, CAPTION_SHARE * prompt.weight))
    return found


def _is_silent(told: Description) -> bool:
    return [keyword.term for keyword in told.keywords] == [SILENCE]
