"""How far apart pictures lie as seen from words, sounds and pictures.

Guidance divides every distance by the spread of its kind (`diffusion.energies.prompts_energy`), so
that words and sounds of equal weight count equally. What is measured is how far the pictures that
guidance meets, unguided ones of the prior, differ in their distance to one prompt: a kind of
prompt from which all pictures look equally far has little slope, and is raised. The slopes
themselves are measured too, to show that they come out alike.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from sonolume.data.concepts import concepts
from sonolume.data.shards import RATE, read_photos, read_sounds
from sonolume.diffusion.cutouts import Cutouts, CutoutSettings
from sonolume.diffusion.energies import Target, prompts_energy, spherical_distance
from sonolume.diffusion.flow import sample_euler, times
from sonolume.errors import DataError
from sonolume.evaluation.samples import Item
from sonolume.hub.spreads import Spreads, write_spreads
from sonolume.media import Audio, Picture
from sonolume.pipelines.guide.parts import KINDS, GuideEncoder, GuidePrior, Kind
from sonolume.pipelines.guide.pipeline import GuidePipeline
from sonolume.pipelines.guide.prompts import Prompt
from sonolume.pipelines.guide.request import embed_prompts

PICTURES: Final = 24
STEPS: Final = 10
WHOLE: Final = CutoutSettings(count=1, smallest=1.0, flips=False, jitter=0.0)


def reference_prompts(
    encoder: GuideEncoder, data: Path, split: str = "train"
) -> dict[Kind, Tensor]:
    """Places [N, D] of everyday prompts of each kind: names, clips and photos of all concepts.

    Raises DataError when the data holds no clip or no photo of a concept in this split.
    """
    heard = {c.slug for c in concepts() if c.heard}
    seen = {c.slug for c in concepts() if c.seen}
    clips = _one_of_each(read_sounds(data, split), heard)
    photos = _one_of_each(read_photos(data, split), seen)
    if not clips or not photos:
        raise DataError(f"{data}: no labelled clips, or no photos, of the split {split}")
    given: dict[Kind, list[Prompt]] = {
        "words": [Prompt("words", c.name) for c in concepts() if c.seen],
        "sound": [Prompt("sound", Audio(clip.samples[None], RATE)) for clip in clips],
        "picture": [Prompt("picture", Picture(photo.pixels)) for photo in photos],
    }
    return {kind: torch.stack(embed_prompts(encoder, given[kind])[1]) for kind in KINDS}


def _one_of_each(items: Iterable[Item], slugs: Iterable[str]) -> list[Item]:
    """The first item of each of these concepts; the rest is not read once all are found."""
    wanted, found = set(slugs), []
    for item in items:
        if item.concept in wanted:
            wanted.remove(item.concept)
            found.append(item)
        if not wanted:
            break
    return found


def fit(guide: GuidePipeline, data: Path, path: Path, *, force: bool = False) -> Spreads:
    """Measure the spreads of a pipeline's encoder on the split train, use and write them.

    Raises DataError for data without clips or photos, OptionError when `path` cannot be written.
    """
    places = reference_prompts(guide.encoder, data)
    kinds = measure_spreads(guide.prior, guide.encoder, places)
    found = Spreads(dict(kinds.items()), guide.encoder.hashes())
    write_spreads(found, path, force=force)
    guide.encoder.spreads = kinds
    return found


@torch.no_grad()
def estimates(prior: GuidePrior, count: int = PICTURES) -> list[Tensor]:
    """Unguided clean estimates [count, C, h, w] of a prior, from the first step to the last."""
    draw = torch.Generator().manual_seed(0)
    noise = torch.randn((count, *prior.shape), generator=draw).to(prior.device)
    seen: list[Tensor] = []
    sample_euler(prior.denoise, noise, times(STEPS), lambda _step, _t, clean: seen.append(clean))
    return seen


def measure_spreads(
    prior: GuidePrior, encoder: GuideEncoder, places: Mapping[Kind, Tensor]
) -> dict[Kind, float]:
    """For each kind the deviation of distances over pictures, its mean square over prompts."""
    pictures = prior.look(estimates(prior)[-1])
    draws = [torch.Generator().manual_seed(i) for i in range(len(pictures))]
    with torch.no_grad():
        seen = encoder.embed_pictures(Cutouts(encoder.side, WHOLE, draws)(pictures))
    found: dict[Kind, float] = {}
    for kind, there in places.items():
        distances = spherical_distance(seen[:, None], there[None])
        found[kind] = float(distances.std(0).square().mean().sqrt())
    return found


def measure_slopes(
    prior: GuidePrior,
    encoder: GuideEncoder,
    places: Mapping[Kind, Tensor],
    spreads: Mapping[Kind, float],
    *,
    prompts: int = 8,
    moments: Sequence[int] = (1, 4, 7),
) -> dict[Kind, float]:
    """For each kind the mean length (root mean square) of ∇ energy at estimates of some moments.

    One prompt of weight 1 at a time, `prompts` of each kind, whole pictures. With the right
    `spreads` the lengths are alike; {} shows them as they are by nature.
    """
    found: dict[Kind, float] = {}
    met = estimates(prior, 4)
    for kind, there in places.items():
        lengths = [
            _slope(prior, encoder, met[moment], Target(place, 1.0, spreads.get(kind, 1.0)))
            for moment in moments
            for place in there[:: max(1, len(there) // prompts)][:prompts]
        ]
        found[kind] = float(torch.stack(lengths).mean())
    return found


def _slope(prior: GuidePrior, encoder: GuideEncoder, clean: Tensor, target: Target) -> Tensor:
    draws = [torch.Generator().manual_seed(0) for _ in clean]
    cutouts = Cutouts(encoder.side, WHOLE, draws)
    energy = prompts_energy(encoder.embed_pictures, cutouts, [target])
    start = clean.clone().requires_grad_()
    (slope,) = torch.autograd.grad(energy(prior.look(start)).sum(), start)
    return slope.square().flatten(1).mean(1).sqrt().mean()
