"""Adapters: what lets a U-Net hear, as two files beside its model.

`adapter.safetensors` holds the audio tokens (`tokens.*`) and the audio attention (`unet.*`),
`adapter.json` the configuration, and the audio encoder whose embeddings they were made for.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from sonolume.errors import ModelError
from sonolume.media.atomic import atomic_path
from sonolume.models.audio_tokens import AudioTokensConfig
from sonolume.models.full.attention import Blocks

WEIGHTS, FACTS = "adapter.safetensors", "adapter.json"


@dataclass(frozen=True)
class AdapterFacts:
    """What must be known before an adapter's weights can be loaded."""

    tokens: AudioTokensConfig
    blocks: Blocks = "all"
    audio_encoder: str | None = None


def save_adapter(folder: Path, facts: AdapterFacts, state: dict[str, Tensor]) -> None:
    """Write an adapter into an existing folder. Raises OptionError when that cannot be."""
    from safetensors.torch import save_file

    plain = {key: tensor.detach().cpu().contiguous() for key, tensor in state.items()}
    with atomic_path(folder / WEIGHTS, force=True) as path:
        save_file(plain, path)
    with atomic_path(folder / FACTS, force=True) as path:
        path.write_text(json.dumps(asdict(facts), indent=1) + "\n", "utf-8")


def read_facts(folder: Path) -> AdapterFacts:
    """Raises ModelError when the folder holds no adapter of this version."""
    try:
        table: dict[str, Any] = json.loads((folder / FACTS).read_text("utf-8"))
        tokens: dict[str, Any]
        tokens = {k: tuple(v) if isinstance(v, list) else v for k, v in table["tokens"].items()}
        return AdapterFacts(**{**table, "tokens": AudioTokensConfig(**tokens)})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{folder / FACTS}: no adapter of sonolume ({error})") from error


def read_weights(folder: Path) -> dict[str, Tensor]:
    """Raises ModelError when the weights are missing or broken."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(folder / WEIGHTS)
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{folder / WEIGHTS}: not a whole adapter ({error})") from error


def under(prefix: str, state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The entries whose names begin with `prefix`, without it."""
    return {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
