"""How good the captions of `describe` are."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sonolume.data.shards import Photo
from sonolume.evaluation.captioning import caption_figures, cider, sound_caption_names_concept
from sonolume.evaluation.result import Evaluation
from sonolume.media import Picture
from sonolume.pipelines.describe.keywords import Kind
from sonolume.pipelines.describe.pipeline import DescribePipeline

DEFINITIONS: Final = {
    "sound_caption_names_concept": "captions of sounds that name the sound's concept or a listed "
    "synonym, over sounds",
    "picture_caption_cider": "CIDEr-D of captions of photos against those that people wrote",
}


@dataclass(frozen=True)
class Items:
    """What was heard in or seen of labelled sounds or photos.

    `embeddings` [W, D] are those of windows, `windows` [W] the item that each is of; every item has
    a concept in `labels` and a group.
    """

    kind: Kind
    embeddings: Tensor
    windows: NDArray[np.int64]
    labels: Sequence[str]
    groups: Sequence[str]

    def means(self) -> Tensor:
        """The mean embedding of each item, [N, D]."""
        rows = torch.from_numpy(self.windows)
        sums = torch.zeros(len(self.labels), self.embeddings.shape[1])
        return sums.index_add(0, rows, self.embeddings) / rows.bincount()[:, None]


def measure_captions(
    result: Evaluation,
    pipeline: DescribePipeline,
    heard: Items | None,
    photos: Sequence[Photo],
    rng: np.random.Generator,
    told: Callable[[], None],
) -> None:
    """Put figures and controls into `result`, or a line where nobody writes captions.

    `heard` are sounds, `photos` such as people have captioned; `told` is called after each photo.
    """
    result.definitions |= DEFINITIONS
    if heard is not None:
        _measure_sounds(result, pipeline, heard, rng)
    if photos:
        _measure_photos(result, pipeline, photos, rng, told)


def _measure_sounds(
    result: Evaluation, pipeline: DescribePipeline, heard: Items, rng: np.random.Generator
) -> None:
    captions = pipeline.parts.captions(heard.means(), "sound")
    if captions is None:
        result.skipped.append("sound_caption_names_concept: no captioner among the weights")
        return
    name, slugs = "sound_caption_names_concept", list(heard.labels)
    result.metrics[name] = sound_caption_names_concept(captions, slugs)
    shuffled = [slugs[place] for place in rng.permutation(len(slugs))]
    result.controls[f"{name}_shuffled"] = sound_caption_names_concept(captions, shuffled)
    usual = [_usual(captions)] * len(slugs)
    result.controls[f"{name}_most_frequent"] = sound_caption_names_concept(usual, slugs)


def _measure_photos(
    result: Evaluation,
    pipeline: DescribePipeline,
    photos: Sequence[Photo],
    rng: np.random.Generator,
    told: Callable[[], None],
) -> None:
    rows = []
    for photo in photos:
        rows.append(pipeline.parts.embed_picture(Picture(photo.pixels)).cpu())
        told()
    captions = pipeline.parts.captions(torch.cat(rows), "picture")
    if captions is None:
        result.skipped.append("picture_caption_cider: no captioner among the weights")
        return
    references = [photo.captions for photo in photos]
    for name, figure in caption_figures(captions, references).items():
        result.metrics[f"picture_caption_{name}"] = figure
    shuffled = [captions[place] for place in rng.permutation(len(captions))]
    result.controls["picture_caption_cider_shuffled"] = cider(shuffled, references)
    written = [_usual(captions)] * len(captions)
    result.controls["picture_caption_cider_most_frequent"] = cider(written, references)
    said = [_usual([text for group in references for text in group])] * len(captions)
    result.controls["picture_caption_cider_most_said"] = cider(said, references)


def _usual(captions: Sequence[str]) -> str:
    """The caption that stands there most often; the first of several."""
    return Counter(captions).most_common(1)[0][0]
