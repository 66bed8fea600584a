"""Models by name: a local folder, or one that is downloaded once and then kept."""

import re
from pathlib import Path

from sonolume.errors import ModelError
from sonolume.hub.layout import Layout, wanted
from sonolume.hub.registry import HUB_MODELS, Model

HUB = "https://huggingface.co/"
_REPOSITORY = re.compile(r"\w[\w.-]*/\w[\w.-]*")


def known(name: str) -> Model | None:
    """The full-size model of that short name or repository, if sonolume knows it."""
    return next((m for m in HUB_MODELS if name in (m.name, m.where.removeprefix(HUB))), None)


def is_remote(name: str | Path) -> bool:
    """Whether `name` is no local folder, and may be a model on the hub: "sd15", "OWNER/NAME"."""
    text = str(name)
    if Path(text).exists():
        return False
    return known(text) is not None or _REPOSITORY.fullmatch(text) is not None


def folder_of(name: str | Path, layout: Layout) -> Path:
    """The folder of a model; what is not a local folder is looked for on the hub.

    Only files of `layout` are downloaded, into the cache of huggingface_hub. Raises ModelError
    when there is no such folder and no such download.
    """
    if not is_remote(name):
        if not Path(name).is_dir():
            raise ModelError(f"{name}: no such model folder")
        return Path(name)
    model = known(str(name))
    repository = model.where.removeprefix(HUB) if model else str(name)
    return _download(repository, layout, _terms(model))


def _download(repository: str, layout: Layout, terms: str) -> Path:
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise needs_full(error) from error
    patterns = [path.as_posix() for path in wanted(layout)]
    try:
        return Path(snapshot_download(repository, allow_patterns=patterns))
    except Exception as error:
        raise ModelError(
            f"{repository} is neither a folder here nor could it be downloaded "
            f"({_first_line(error)}); where there is a network, 'hf download {repository} "
            f"--local-dir FOLDER' fetches it ({terms}), then give FOLDER"
        ) from error


def _terms(model: Model | None) -> str:
    if model is None:
        return "its page states its licence"
    return f"{model.size / 1e9:.1f} GB, licence {model.licence}"


def needs_full(error: ImportError) -> ModelError:
    """What to say when diffusers or transformers are not installed."""
    return ModelError(
        f"full-size models need diffusers and transformers ({error}): pip install 'sonolume[full]'"
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".")
