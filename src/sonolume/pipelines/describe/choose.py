"""Which parts of `describe` a model name means."""

from pathlib import Path

from sonolume.errors import ModelError, OptionError
from sonolume.pipelines.describe.parts import DescribeParts


def choose_describer(
    model: str | Path, audio_encoder: str | Path | None, device: str | None
) -> DescribeParts:
    """Parts of "pocket", a folder with pocket weights, or full-size models of transformers.

    Raises ModelError when `model` is none of them, OptionError for an audio encoder beside the
    pocket weights, which have their own.
    """
    folder = Path(model)
    if str(model) == "pocket" or any(folder.glob("joint-words*.safetensors")):
        from sonolume.pipelines.describe.pocket import PocketDescriber

        if audio_encoder is not None:
            raise OptionError(f"{model} has its own audio encoder; leave audio_encoder out")
        if str(model) == "pocket":
            return PocketDescriber(device=device)
        return PocketDescriber(folder, device)
    from sonolume.hub.download import is_remote

    if is_remote(model) or folder.is_dir():
        from sonolume.pipelines.describe.keywords_full import load_full_describer

        return load_full_describer(model, audio_encoder, device)
    raise ModelError(f"{model}: no such model; give pocket, a folder, or a name on the hub")
