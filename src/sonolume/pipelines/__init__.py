"""Jobs, each composed of the rooms below."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from sonolume.errors import ModelError, OptionError

if TYPE_CHECKING:
    from sonolume.media import Picture
    from sonolume.pipelines.describe.pipeline import DescribePipeline
    from sonolume.pipelines.guide.pipeline import GuidePipeline
    from sonolume.pipelines.paint.pipeline import PaintPipeline
    from sonolume.pipelines.play.performance import Performance
    from sonolume.pipelines.play.pipeline import PlayPipeline
    from sonolume.pipelines.play.timbre import Timbre
    from sonolume.pipelines.restyle.pipeline import RestylePipeline
    from sonolume.pipelines.restyle.rendering import Rendering

JOBS = ("paint", "guide", "describe", "play", "restyle")
# Parts that a job can be given besides its model.
OPTIONS = {
    "paint": {"audio_encoder"},
    "guide": {"encoder"},
    "describe": {"audio_encoder", "captioner"},
    "play": {"sounds", "timbre"},
    "restyle": {"sounds"},
}


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


@overload
def load(
    job: Literal["play"],
    model: str | Path = ...,
    audio_encoder: None = ...,
    device: str | None = ...,
    *,
    sounds: str | Path | None = ...,
    timbre: "Timbre | None" = ...,
) -> "PlayPipeline": ...


@overload
def load(
    job: Literal["restyle"],
    model: str | Path = ...,
    audio_encoder: None = ...,
    device: str | None = ...,
    *,
    sounds: str | Path | None = ...,
) -> "RestylePipeline": ...


def load(
    job: str,
    model: str | Path = "pocket",
    audio_encoder: str | Path | None = None,
    device: str | None = None,
    *,
    encoder: str | Path | None = None,
    captioner: str | Path | None = None,
    sounds: str | Path | None = None,
    timbre: "Timbre | None" = None,
) -> Any:
    """The pipeline of a job, ready to be called.

    `model` is "pocket" (shipped inside the package), a folder that `save_pretrained` wrote, or
    Stable Diffusion 1.x: a folder in the layout of diffusers, "sd15", or another name on the hub.
    With the last, `audio_encoder` is the folder or name of a CLAP model. For "guide", `model` is
    the prior that is steered, and `encoder` what steers it, by default what fits the prior.
    For "describe", it is CLIP, which sees, beside the CLAP of `audio_encoder`, or a tagger;
    `captioner` is a ClipCap file, or a folder or name of what writes captions for pictures.
    For "play", it is what looks at the picture: also CLIP or a vision-language model; `sounds` is
    where the instruments' sounds come from: "foley", a folder of recordings, or AudioLDM 2 or
    Stable Audio by folder or name; `timbre` changes those that have a pitch.
    For "restyle", it is what looks at the pictures, "pocket" or a folder of pocket weights;
    `sounds` is what the diffusion engine draws with: AudioLDM 2 or Stable Audio by folder or name.

    Raises OptionError for an unknown job or a part that the job has not, ModelError for unusable
    weights.
    """
    if job not in JOBS:
        raise OptionError(f"unknown job {job!r}; known: {', '.join(JOBS)}")
    options = {
        "audio_encoder": audio_encoder,
        "encoder": encoder,
        "captioner": captioner,
        "sounds": sounds,
        "timbre": timbre,
    }
    given = {name: value for name, value in options.items() if value is not None}
    for name in given:
        if name not in OPTIONS[job]:
            owners = " and ".join(each for each in JOBS if name in OPTIONS[each])
            raise OptionError(f"{job} has no {name}; it is for {owners}")
    return _pipeline(job).from_pretrained(model, device=device, **given)


def _pipeline(job: str) -> Any:
    """The class of a job, imported with its first use."""
    if job == "guide":
        from sonolume.pipelines.guide.pipeline import GuidePipeline

        return GuidePipeline
    if job == "describe":
        from sonolume.pipelines.describe.pipeline import DescribePipeline

        return DescribePipeline
    if job == "play":
        from sonolume.pipelines.play.pipeline import PlayPipeline

        return PlayPipeline
    if job == "restyle":
        from sonolume.pipelines.restyle.pipeline import RestylePipeline

        return RestylePipeline
    from sonolume.pipelines.paint.pipeline import PaintPipeline

    return PaintPipeline


def reproduce(provenance: dict[str, Any]) -> "Picture | Performance | Rendering":
    """Make again what `provenance` describes: a picture, music or a sound; all have a `save`.

    Raises ModelError when it was made by weights, or of a score or a sound, that are not here.
    """
    job = provenance.get("job")
    if job == "play":
        from sonolume.pipelines.play.again import play_again

        return play_again(provenance)
    if job == "restyle":
        from sonolume.pipelines.restyle.again import restyle_again

        return restyle_again(provenance)
    if job == "guide":
        from sonolume.pipelines.guide.again import guide_again

        return guide_again(provenance)
    if job != "paint":
        raise ModelError(f"cannot reproduce job {job!r}; known: {', '.join(JOBS)}")
    from sonolume.pipelines.paint.again import paint_again

    return paint_again(provenance)
