"""Which parts a model name means."""

from pathlib import Path

from sonolume.errors import ModelError, OptionError
from sonolume.pipelines.paint.parts import PaintParts

PARTS_OF_FULL = ("model_index.json", "unet")


def choose_parts(
    model: str | Path, audio_encoder: str | Path | None, device: str | None
) -> PaintParts:
    """Parts of "pocket", a folder with pocket weights, a Stable Diffusion folder or hub name.

    Raises ModelError when `model` is none of them, OptionError for an audio encoder beside the
    pocket weights, which have their own.
    """
    from sonolume.hub.download import is_remote

    folder = Path(model)
    if str(model) == "pocket" or any(folder.glob("painter-base*.safetensors")):
        from sonolume.pipelines.paint.pocket import PocketParts

        if audio_encoder is not None:
            raise OptionError(f"{model} has its own audio encoder; leave audio_encoder out")
        return PocketParts(device=device) if str(model) == "pocket" else PocketParts(folder, device)
    if is_remote(model) or any((folder / part).exists() for part in PARTS_OF_FULL):
        from sonolume.pipelines.paint.full import FullParts

        return FullParts(model, audio_encoder, device)
    raise ModelError(
        f"{model}: neither pocket weights nor a Stable Diffusion folder in diffusers' layout there"
    )
