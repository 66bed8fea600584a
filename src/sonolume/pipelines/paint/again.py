"""Paint a picture again from what it says about itself."""

import warnings
from typing import Any

from sonolume.errors import ModelError, OptionError
from sonolume.media import Picture
from sonolume.pipelines.paint.pipeline import PaintPipeline
from sonolume.pipelines.paint.record import unpack_embedding
from sonolume.pipelines.paint.settings import PaintRequest, make_settings

KEPT = ("sound", "best_of")


def paint_again(provenance: dict[str, Any], pipeline: PaintPipeline | None = None) -> Picture:
    """The picture that `provenance` describes; the sound is there as its embedding.

    `pipeline` is by default the one that the provenance names. Warns when the weights are not those
    that painted it. Raises ModelError when the provenance lacks something, or names a model that
    only its word speaks for: a picture must not start the download of whatever it likes.
    """
    try:
        request = PaintRequest(
            provenance["words"],
            unpack_embedding(provenance["sound_embedding"]),
            provenance["strength"],
            provenance["seed"],
            {key: provenance[key] for key in KEPT if key in provenance},
        )
        settings = make_settings(provenance["settings"])
        model, hashes = provenance["model"], provenance["weights"]
    except (KeyError, TypeError, ValueError, OptionError) as error:
        raise ModelError(f"unusable provenance ({error}); it cannot be painted again") from error
    pipeline = pipeline or _load(model)
    if pipeline.parts.hashes() != hashes:
        warnings.warn("painted by other weights: expect another picture", stacklevel=2)
    return pipeline.paint_many([request], settings)[0]


def _load(model: str) -> PaintPipeline:
    from sonolume.hub.download import is_remote, known

    if is_remote(model) and known(model) is None:
        raise ModelError(f"painted by {model!r}, which is not here: load it and give the pipeline")
    return PaintPipeline.from_pretrained(model)
