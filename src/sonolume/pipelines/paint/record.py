"""What a painted picture says of how it was made."""

import base64
from dataclasses import asdict
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from sonolume import __version__
from sonolume.pipelines.paint.parts import PaintParts
from sonolume.pipelines.paint.settings import PaintRequest, PaintSettings

__all__ = ["provenance_of", "unpack_embedding"]

EMBEDDING: Final = 512


def provenance_of(
    parts: PaintParts, request: PaintRequest, settings: PaintSettings
) -> dict[str, Any]:
    """All that `paint_again` needs."""
    native = parts.native
    return {
        "job": "paint",
        "model": parts.name,
        "words": request.words,
        "sound_embedding": _pack(request.sound),
        "strength": request.strength,
        "seed": request.seed,
        "settings": asdict(settings),
        "upscaled_from": native if settings.size != native else None,
        "weights": parts.hashes(),
        "versions": {"sonolume": __version__, "torch": torch.__version__},
        **request.notes,
    }


def unpack_embedding(text: str | None) -> Tensor | None:
    """The embedding [512] that a provenance carries. Raises ValueError for anything else."""
    if text is None:
        return None
    values = np.frombuffer(base64.b64decode(text, validate=True), "<f4").astype(np.float32)
    if values.shape != (EMBEDDING,) or not np.isfinite(values).all():
        raise ValueError(f"a sound embedding of {len(values)} numbers, expected {EMBEDDING}")
    return torch.from_numpy(values)


def _pack(embedding: Tensor | None) -> str | None:
    if embedding is None:
        return None
    return base64.b64encode(embedding.cpu().numpy().astype("<f4").tobytes()).decode("ascii")
