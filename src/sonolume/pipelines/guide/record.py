"""What a guided picture says about how it was made, enough to make it again."""

import base64
from dataclasses import asdict
from io import BytesIO
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from sonolume import __version__
from sonolume.media import Picture
from sonolume.pipelines.guide.parts import GuideEncoder, GuidePrior
from sonolume.pipelines.guide.prompts import Prompt
from sonolume.pipelines.guide.request import GuideRequest
from sonolume.pipelines.guide.settings import GuideSettings, make_settings

LONGEST = 8192  # numbers of an embedding


def write(
    prior: GuidePrior,
    encoder: GuideEncoder,
    request: GuideRequest,
    settings: GuideSettings,
    caption: str,
) -> dict[str, Any]:
    """The provenance. Words stand for themselves, sounds and pictures are there as embeddings."""
    return {
        "job": "guide",
        "model": prior.name,
        "encoder": encoder.name,
        "prompts": [
            told(prompt) | ({} if prompt.kind == "words" else {"embedding": _pack(place)})
            for prompt, place in zip(request.prompts, request.places, strict=True)
        ],
        "initial": None if request.initial is None else _pack_picture(request.initial),
        "seed": request.seed,
        "settings": asdict(settings),
        "caption": caption,
        "weights": {**prior.hashes(), **encoder.hashes()},
        "versions": {"sonolume": __version__, "torch": torch.__version__},
        **request.notes,
    }


def told(prompt: Prompt) -> dict[str, Any]:
    """A prompt in JSON: kind, value, weight."""
    return {"kind": prompt.kind, "value": prompt.told, "weight": prompt.weight}


def read(
    encoder: GuideEncoder, provenance: dict[str, Any]
) -> tuple[GuideRequest, GuideSettings, str]:
    """What `write` was given, from its result: the request, the settings and the caption.

    Raises KeyError, TypeError, ValueError or OptionError for what cannot have been written by it.
    """
    prompts, places = [], []
    for row in provenance["prompts"]:
        prompt = Prompt(row["kind"], row["value"], row["weight"])
        words = prompt.kind == "words"
        place = encoder.embed_words([prompt.told])[0] if words else _unpack(row["embedding"])
        prompts.append(prompt)
        places.append(place.to(encoder.device))
    if len({place.shape for place in places}) != 1:
        raise ValueError("prompts of different spaces")
    packed = provenance["initial"]
    initial = None if packed is None else _unpack_picture(packed)
    notes = {"enriched": provenance["enriched"]} if "enriched" in provenance else {}
    seed, caption = provenance["seed"], provenance["caption"]
    if not isinstance(caption, str):
        raise TypeError("a caption that is no text")
    request = GuideRequest(tuple(prompts), tuple(places), seed, initial, notes)
    return request, make_settings(provenance["settings"]), caption


def _pack(embedding: Tensor) -> str:
    return base64.b64encode(embedding.cpu().numpy().astype("<f4").tobytes()).decode("ascii")


def _unpack(text: str) -> Tensor:
    blob = base64.b64decode(text, validate=True)
    if len(blob) % 4 or not 4 <= len(blob) <= 4 * LONGEST:
        raise ValueError(f"an embedding of {len(blob)} bytes")
    values = np.frombuffer(blob, "<f4").astype(np.float32)
    if not np.isfinite(values).all() or abs(float(np.linalg.norm(values)) - 1) > 1e-3:
        raise ValueError("an embedding that is not of unit length")
    return torch.from_numpy(values)


def _pack_picture(picture: Picture) -> str:
    page = BytesIO()
    Image.fromarray(np.ascontiguousarray(picture.pixels)).save(page, "PNG", optimize=True)
    return base64.b64encode(page.getvalue()).decode("ascii")


def _unpack_picture(text: str) -> Picture:
    with Image.open(BytesIO(base64.b64decode(text, validate=True)), formats=["PNG"]) as image:
        if max(image.size) > 1024:
            raise ValueError(f"an initial picture of {image.size} pixels")
        return Picture(np.array(image.convert("RGB")))
