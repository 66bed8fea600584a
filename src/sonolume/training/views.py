"""Embeddings of training photos, several crops of each."""

import numpy as np
import torch
from torch import Tensor

from sonolume.data.shards import Photo
from sonolume.models.joint import PICTURE_SIDE, JointEncoder
from sonolume.training.pixels import crop, to_float

ZOOM = 0.25
AT_ONCE = 32  # photos


def embed_photos(joint: JointEncoder, photos: list[Photo], views: int) -> Tensor:
    """[photos, views, 512]: the first view is the whole photo, the others are random crops."""
    if not photos:
        return torch.zeros(0, views, joint.anchors.shape[1])
    rng = np.random.default_rng(0)
    parts = []
    for start in range(0, len(photos), AT_ONCE):
        some = photos[start : start + AT_ONCE]
        pixels = [
            p.pixels if view == 0 else crop(p.pixels, PICTURE_SIDE, ZOOM, rng)
            for p in some
            for view in range(views)
        ]
        seen = joint.embed_pictures(to_float(np.stack(pixels)))
        parts.append(seen.view(len(some), views, -1))
    return torch.cat(parts)
