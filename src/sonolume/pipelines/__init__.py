"""Jobs, each composed of the rooms below."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sonolume.errors import ModelError, OptionError

if TYPE_CHECKING:
    from sonolume.media import Picture
    from sonolume.pipelines.paint import PaintPipeline

JOBS = ("paint",)


def load(
    job: str,
    model: str | Path = "pocket",
    audio_encoder: str | Path | None = None,
    device: str | None = None,
) -> "PaintPipeline":
    """The pipeline of a job, ready to be called.

    `model` is "pocket" (shipped inside the package), a folder that `save_pretrained` wrote, or
    Stable Diffusion 1.x: a folder in the layout of diffusers, "sd15", or another name on the hub.
    With the last, `audio_encoder` is the folder or name of a CLAP model.

    Raises OptionError for an unknown job, ModelError for unusable weights.
    """
    if job not in JOBS:
        raise OptionError(f"unknown job {job!r}; known: {', '.join(JOBS)}")
    from sonolume.pipelines.paint import PaintPipeline

    return PaintPipeline.from_pretrained(model, audio_encoder=audio_encoder, device=device)


def reproduce(provenance: dict[str, Any]) -> "Picture":
    """Make the picture again that `provenance` describes.

    Raises ModelError when it was made by weights that are not here.
    """
    job = provenance.get("job")
    if job != "paint":
        raise ModelError(f"cannot reproduce job {job!r}; known: {', '.join(JOBS)}")
    from sonolume.pipelines.paint_again import paint_again

    return paint_again(provenance)
