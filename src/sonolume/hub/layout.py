"""Which files of a model folder are read: one list for loading, downloading, copying, hashing."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Final

from sonolume.errors import ModelError

Layout = dict[str, tuple[str, ...]]

TOKENIZER: Final = ("tokenizer.json", "vocab.json", "merges.txt", "tokenizer_config.json")
TOKENIZER_MORE: Final = ("special_tokens_map.json", "added_tokens.json")

# Part → the files it cannot do without. Weights are safetensors only: a pickle can run code.
STABLE_DIFFUSION: Final[Layout] = {
    "unet": ("config.json", "diffusion_pytorch_model.safetensors"),
    "vae": ("config.json", "diffusion_pytorch_model.safetensors"),
    "text_encoder": ("config.json", "model.safetensors"),
    "tokenizer": ("tokenizer_config.json",),
    "scheduler": ("scheduler_config.json",),
}
CLAP: Final[Layout] = {".": ("config.json", "model.safetensors", "preprocessor_config.json")}


def require(folder: Path, layout: Layout) -> None:
    """Raise ModelError, naming the first, when `folder` lacks a file of `layout`."""
    for path in _needed(layout):
        if not (folder / path).is_file():
            raise ModelError(f"{folder}: no {path} in it; give a whole model folder, safetensors")


def present(folder: Path, layout: Layout) -> list[Path]:
    """Those of the `wanted` files that are in `folder`, relative to it."""
    return [path for path in wanted(layout) if (folder / path).is_file()]


def wanted(layout: Layout) -> list[Path]:
    """Every file that loading may read, relative to the model's folder."""
    spoken = [Path(part) for part in layout if part in ("tokenizer", ".")]
    extra = [part / name for part in spoken for name in (*TOKENIZER, *TOKENIZER_MORE)]
    return sorted({*_needed(layout), *extra})


def copy(source: Path, target: Path, layout: Layout) -> None:
    """Copy the files of `layout` to the new folder `target`, links of a cache followed."""
    for path in present(source, layout):
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / path, target / path)


def write_index(folder: Path) -> None:
    """The file by which diffusers' `StableDiffusionPipeline` knows the parts."""
    parts = {
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "scheduler": ["diffusers", "DDIMScheduler"],
        "safety_checker": [None, None],
        "feature_extractor": [None, None],
    }
    index = {"_class_name": "StableDiffusionPipeline", **parts, "requires_safety_checker": False}
    (folder / "model_index.json").write_text(json.dumps(index, indent=1) + "\n", "utf-8")


def hashes(folder: Path, layout: Layout) -> dict[str, str]:
    """SHA-256 of each weight file, by its path in the folder."""
    weights = [p for p in present(folder, layout) if p.suffix == ".safetensors"]
    return {path.as_posix(): file_hash(folder / path) for path in weights}


def file_hash(path: Path) -> str:
    """SHA-256 of a file of any size."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _needed(layout: Layout) -> list[Path]:
    return [Path(part) / name for part, names in layout.items() for name in names]
