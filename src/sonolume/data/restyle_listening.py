"""What is heard of a sound, and of a sound beside itself changed: what restyle's networks read."""

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional as F

from sonolume.models.joint import JointEncoder
from sonolume.pipelines.restyle.chains.surrogates import traces
from sonolume.signal.cues import CUES, measure_cues
from sonolume.signal.mel import RATE

__all__ = ["Heard", "Listener", "steps_between"]

POOLED: Final = 2  # frames of the log-mel that are averaged, 20 ms


@dataclass(frozen=True, eq=False)
class Heard:
    """Of sounds [B, 1, N].

    Attributes:
        mels: log-mel [B, 64, T], a frame every 20 ms.
        cues: each of `CUES` in its unit [B, 10].
        embeddings: of the joint space, unit vectors [B, 512].
        traces: of rhythm, level and pitch, for `lost_each`.
    """

    mels: Tensor
    cues: Tensor
    embeddings: Tensor
    traces: list[Tensor]


class Listener:
    """Hears mono sounds at 16 kHz by the front end, the cues and the joint encoder."""

    def __init__(self, joint: JointEncoder) -> None:
        self.joint = joint

    @torch.inference_mode()
    def __call__(self, samples: Tensor) -> Heard:
        """Samples [B, 1, N], of the level of `normalise_level`."""
        mels = self.joint.front(samples[:, 0])
        measured = measure_cues(samples, RATE)
        return Heard(
            F.avg_pool1d(mels, POOLED),
            torch.stack([measured[name] for name in CUES], 1),
            self.joint.sound(mels),
            traces(samples, RATE),
        )


def steps_between(before: Tensor, after: Tensor) -> Tensor:
    """Cues [B, 10] twice → just clear steps from the first to the second."""
    steps = torch.tensor([cue.step for cue in CUES.values()])
    return (after - before) / steps
