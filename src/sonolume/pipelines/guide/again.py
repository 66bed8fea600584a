"""Make a guided picture again from what it says about itself."""

import warnings
from typing import Any

from sonolume.errors import ModelError, OptionError
from sonolume.media import Picture
from sonolume.pipelines.guide import record
from sonolume.pipelines.guide.pipeline import GuidePipeline


def guide_again(provenance: dict[str, Any], pipeline: GuidePipeline | None = None) -> Picture:
    """The picture that `provenance` describes; sounds and pictures are there as embeddings.

    `pipeline` is by default the one that the provenance names. The caption is the one that was
    written. Warns when the weights are not those that made the picture. Raises ModelError when the
    provenance lacks something, or names a model that only its word speaks for: a picture must not
    start the download of whatever it likes.
    """
    try:
        model, encoder, hashes = (provenance[key] for key in ("model", "encoder", "weights"))
        pipeline = pipeline or _load(str(model), str(encoder))
        request, settings, caption = record.read(pipeline.encoder, provenance)
    except (KeyError, TypeError, ValueError, AttributeError, OSError, OptionError) as error:
        raise ModelError(f"unusable provenance ({error}); it cannot be made again") from error
    if {**pipeline.prior.hashes(), **pipeline.encoder.hashes()} != hashes:
        warnings.warn("made by other weights: expect another picture", stacklevel=2)
    return pipeline.guide(request, settings, caption=caption)


def _load(model: str, encoder: str) -> GuidePipeline:
    from sonolume.hub.download import is_remote, known

    # An encoder's name may join those of two models.
    for name in (model, encoder, *encoder.split("+")):
        if name != "pocket" and is_remote(name) and known(name) is None:
            raise ModelError(f"made by {name!r}, which is not here: load it and give the pipeline")
    return GuidePipeline.from_pretrained(model, encoder=encoder)
