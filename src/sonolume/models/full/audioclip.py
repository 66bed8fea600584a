"""AudioCLIP (Guzhov et al. 2021): sounds, pictures and words in one space of 1024 dimensions."""

from collections.abc import Iterable
from itertools import islice
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from sonolume.models.full.clip import normalised
from sonolume.models.full.clip_resnet import ClipResNet, ClipResNetConfig, ClipText
from sonolume.models.full.esresnext import EsResNext, EsResNextConfig
from sonolume.models.full.fbsp import FRAME, RATE
from sonolume.signal.windows import cut

SECONDS: Final = 5  # of a window: what it was trained to tell apart, ESC-50, lasts as long
AT_ONCE: Final = 4  # windows


class AudioClip(ClipText):
    """Both halves of CLIP RN50 and the one for sounds; every embedding has unit length."""

    def __init__(self, clip: ClipResNetConfig, sound: EsResNextConfig) -> None:
        super().__init__(clip)
        self.side = clip.side
        self.visual = ClipResNet(clip)
        self.audio = EsResNext(sound)
        self.logit_scale = nn.Parameter(torch.zeros(()))
        self.logit_scale_ai = nn.Parameter(torch.zeros(()))
        self.logit_scale_at = nn.Parameter(torch.zeros(()))

    def embed_ids(self, ids: Tensor) -> Tensor:
        """Token ids [B, 77] → [B, 1024]."""
        return F.normalize(self.words(ids), dim=-1)

    def embed_pictures(self, pictures: Tensor) -> Tensor:
        """Pictures [B, 3, side, side] in −1..1 → [B, 1024], differentiable."""
        return F.normalize(self.visual(normalised(pictures)), dim=-1)

    @torch.inference_mode()
    def embed_stream(self, blocks: Iterable[NDArray[np.float32]]) -> Tensor:
        """Mono samples in −1..1 at 44.1 kHz, in blocks [n] → [1024]: the mean over windows."""
        windows = cut(blocks, SECONDS * RATE, SECONDS * RATE)
        parts = []
        while batch := list(islice(windows, AT_ONCE)):
            heard = torch.from_numpy(np.clip(np.stack(batch), -1, 1)).to(self.logit_scale)
            heard = F.pad(heard, (0, max(0, FRAME - heard.shape[-1])))
            parts.append(F.normalize(self.audio(heard), dim=-1))
        return F.normalize(torch.cat(parts).mean(0), dim=-1)
