"""Which prior, encoder and describer a guide is made of."""

from pathlib import Path

from sonolume.pipelines.describe.pipeline import DescribePipeline
from sonolume.pipelines.describe.pocket import PocketDescriber
from sonolume.pipelines.guide.parts import GuideEncoder, GuidePrior
from sonolume.pipelines.guide.pocket import PocketEncoder, PocketPrior
from sonolume.pipelines.paint.pocket import PocketParts

Parts = tuple[GuidePrior, GuideEncoder, DescribePipeline]


def choose_guide_parts(
    model: str | Path = "pocket", encoder: str | Path | None = None, device: str | None = None
) -> Parts:
    """The prior `model`, what guides it, and who describes sounds and results.

    Each of the first two is "pocket", a folder with pocket weights, or one of the full size, see
    `guide_full.full_prior` and `guide_full_encoders.full_encoder`; they can be mixed. Without an
    encoder pocket weights guide themselves, and CLIP and CLAP guide the others. Pocket weights
    describe. Raises ModelError or InteropError for what is none of them.
    """
    own = _pocket(model, device)
    same = encoder is None or str(encoder) == str(model)
    other = _pocket(encoder, device) if encoder is not None and not same else None
    guiding = own if same else other
    pocket = guiding or own
    return (
        PocketPrior(own) if own else _full_prior(model, device),
        PocketEncoder(guiding) if guiding else _full_encoder(encoder, device),
        DescribePipeline(
            PocketDescriber(pocket.folder, device) if pocket else PocketDescriber(device=device)
        ),
    )


def _pocket(model: str | Path, device: str | None) -> PocketParts | None:
    if str(model) == "pocket":
        return PocketParts(device=device)
    if any(Path(model).glob("painter-base*.safetensors")):
        return PocketParts(Path(model), device)
    return None


def _full_prior(model: str | Path, device: str | None) -> GuidePrior:
    from sonolume.pipelines.guide.full import full_prior

    return full_prior(model, device)


def _full_encoder(encoder: str | Path | None, device: str | None) -> GuideEncoder:
    from sonolume.pipelines.guide.full_encoders import USUAL, full_encoder

    return full_encoder(USUAL if encoder is None else encoder, device)
