"""What a restyled sound says about how it was made."""

import hashlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from sonolume import __version__
from sonolume.media import Audio, Picture
from sonolume.pipelines.restyle.listened import Listened
from sonolume.pipelines.restyle.restyled import Restyled
from sonolume.pipelines.restyle.settings import RestyleSettings

__all__ = ["provenance_of"]


def provenance_of(
    model: str,
    pictures: tuple[Picture, Picture],
    heard: Listened,
    asked: RestyleSettings,
    made: Restyled,
) -> dict[str, Any]:
    """All that `restyle_again` needs, and what people may ask: JSON values."""
    recording = heard.recording
    memory = isinstance(recording.source, Audio)
    file = None if memory else str(Path(str(recording.source)).resolve())
    return {
        "job": "restyle",
        "model": model,
        "versions": {"sonolume": __version__, "torch": str(torch.__version__)},
        "sound": {"file": file, "sha256": recording.sha256()},
        "pictures": [hashlib.sha256(p.pixels.tobytes()).hexdigest() for p in pictures],
        "settings": {
            "strength": asked.strength,
            "prior": asked.prior,
            "keep": list(asked.keep),
            "effects": asked.effects,
            "by": asked.by,
        },
        "seed": heard.seed,
        "strength_used": made.strength_used,
        "targets": made.targets.values,
        "chain": made.rendering.chain.as_list(),
        "frames": made.rendering.frames,
        "limited": made.rendering.limited,
        **_drawn(asked, made),
    }


def _drawn(asked: RestyleSettings, made: Restyled) -> dict[str, Any]:
    """How a generator drew the sound; nothing for the rack."""
    if made.redrawn is None:
        return {}
    settings, used = asdict(asked.diffusion), made.redrawn.noise_level_used
    generator = dict(made.redrawn.generator)
    told = {"settings": settings, "noise_level_used": used, "seen": dict(made.delta.steps)}
    return {"engine": {**told, "generator": generator}}
