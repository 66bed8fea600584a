"""How folders in the layout of diffusers and transformers are loaded: safetensors, from here."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sonolume.errors import ModelError
from sonolume.hub.download import folder_of, needs_full
from sonolume.hub.layout import Layout

VOCABULARY: Final[Layout] = {".": ("tokenizer_config.json",)}


def network(kind: Any, folder: Path, **options: Any) -> Any:
    """A network of diffusers or transformers, from the safetensors of a local folder."""
    return kind.from_pretrained(folder, use_safetensors=True, local_files_only=True, **options)


@contextmanager
def loading(folder: Path) -> Iterator[None]:
    """Let transformers load without its progress bars, any failure as one ModelError."""
    from transformers.utils import logging

    bars: Any = logging
    shown = bars.is_progress_bar_enabled()
    bars.disable_progress_bar()
    try:
        yield
    except Exception as error:
        raise unusable(folder, error) from error
    finally:
        if shown:
            bars.enable_progress_bar()


def load_tokenizer(kind: str, name: str | Path, vocabulary: int) -> Any:
    """A tokenizer of transformers, of the class `kind`: of a folder with its files or on the hub.

    Raises ModelError when it is not there, or has another vocabulary than `vocabulary` pieces.
    """
    folder = folder_of(name, VOCABULARY)
    try:
        import transformers
    except ImportError as error:
        raise needs_full(error) from error
    with loading(folder):
        tokenizer = getattr(transformers, kind).from_pretrained(folder, local_files_only=True)
    if len(tokenizer) != vocabulary:
        raise ModelError(f"{folder}: {len(tokenizer)} pieces of words; the model has {vocabulary}")
    return tokenizer


def unusable(folder: Path, error: Exception) -> ModelError:
    """One line of what a library said about a model's files."""
    said = str(error).strip().partition("\n")[0][:200]
    return ModelError(
        f"{folder}: cannot be loaded ({type(error).__name__}: {said}); fetch it again"
    )


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object of a configuration file. Raises ModelError when it holds none."""
    try:
        table = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise unusable(path, error) from error
    if not isinstance(table, dict):
        raise ModelError(f"{path}: not a configuration; expected a JSON object")
    return table
