"""Embeddings of training clips, several crops of each."""

import numpy as np
import torch
from torch import Tensor

from sonolume.data.shards import Clip
from sonolume.models.joint import JointEncoder
from sonolume.signal.mel import RATE
from sonolume.signal.windows import normalise_level, repeat_to

SECONDS = 5


@torch.no_grad()
def embed_clips(joint: JointEncoder, clips: list[Clip], crops: int) -> Tensor:
    """[clips, crops, 512]: the first crop begins at the start, the others at even distances."""
    size = SECONDS * RATE
    cut = np.stack(
        [
            normalise_level(
                repeat_to(np.roll(clip.samples, -crop * len(clip.samples) // crops), size)
            )
            for clip in clips
            for crop in range(crops)
        ]
    )
    parts = [joint.sound(joint.front(part)) for part in torch.split(torch.from_numpy(cut), 16)]
    return torch.cat(parts).view(len(clips), crops, -1)
