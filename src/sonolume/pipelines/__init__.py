"""Jobs, each composed of the rooms below."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from sonolume.errors import ModelError, OptionError

if TYPE_CHECKING:
    from sonolume.media import Picture
    from sonolume.pipelines.describe import DescribePipeline
    from sonolume.pipelines.guide import GuidePipeline
    from sonolume.pipelines.paint import PaintPipeline

JOBS = ("paint", "guide", "describe")


@overload
def load(
    job: Literal["paint"],
    model: str | Path = ...,
    audio_encoder: str | Path | None = ...,
    device: str | None = ...,
) -> "PaintPipeline": ...


@overload
def load(
    job: Literal["guide"],
    model: str | Path = ...,
    audio_encoder: None = ...,
    device: str | None = ...,
    *,
    encoder: str | Path | None = ...,
) -> "GuidePipeline": ...


@overload
def load(
    job: Literal["describe"],
    model: str | Path = ...,
    audio_encoder: str | Path | None = ...,
    device: str | None = ...,
    *,
    captioner: str | Path | None = ...,
) -> "DescribePipeline": ...


def load(
    job: str,
    model: str | Path = "pocket",
    audio_encoder: str | Path | None = None,
    device: str | None = None,
    *,
    encoder: str | Path | None = None,
    captioner: str | Path | None = None,
) -> Any:
    """The pipeline of a job, ready to be called.

    `model` is "pocket" (shipped inside the package), a folder that `save_pretrained` wrote, or
    Stable Diffusion 1.x: a folder in the layout of diffusers, "sd15", or another name on the hub.
    With the last, `audio_encoder` is the folder or name of a CLAP model. For "guide", `model` is
    the prior that is steered, and `encoder` what steers it, by default what fits the prior.
    For "describe", it is CLIP, which sees, beside the CLAP of `audio_encoder`, or a tagger;
    `captioner` is a ClipCap file, or a folder or name of what writes captions for pictures.

    Raises OptionError for an unknown job or a part that the job has not, ModelError for unusable
    weights.
    """
    if job not in JOBS:
        raise OptionError(f"unknown job {job!r}; known: {', '.join(JOBS)}")
    if captioner is not None and job != "describe":
        raise OptionError(f"{job} writes no captions; captioner is for describe")
    if job == "guide":
        if audio_encoder is not None:
            raise OptionError("guide has no audio_encoder of its own; give encoder instead")
        from sonolume.pipelines.guide import GuidePipeline

        return GuidePipeline.from_pretrained(model, encoder=encoder, device=device)
    if encoder is not None:
        raise OptionError(f"{job} has no encoder to choose; encoder is for guide")
    if job == "describe":
        from sonolume.pipelines.describe import DescribePipeline

        return DescribePipeline.from_pretrained(
            model, audio_encoder=audio_encoder, captioner=captioner, device=device
        )
    from sonolume.pipelines.paint import PaintPipeline

    return PaintPipeline.from_pretrained(model, audio_encoder=audio_encoder, device=device)


def reproduce(provenance: dict[str, Any]) -> "Picture":
    """Make the picture again that `provenance` describes.

    Raises ModelError when it was made by weights that are not here.
    """
    job = provenance.get("job")
    if job == "guide":
        from sonolume.pipelines.guide_again import guide_again

        return guide_again(provenance)
    if job != "paint":
        raise ModelError(f"cannot reproduce job {job!r}; known: {', '.join(JOBS)}")
    from sonolume.pipelines.paint_again import paint_again

    return paint_again(provenance)
