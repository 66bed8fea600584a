"""An AudioSet tagger."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


class AudioTagger:
    """An audio spectrogram transformer (Gong et al. 2021) that tags sounds with AudioSet classes.

    `model` and `extractor` are transformers' ASTForAudioClassification and ASTFeatureExtractor.
    """

    def __init__(self, model: Any, extractor: Any) -> None:
        self.model, self.extractor = model, extractor
        labels = model.config.id2label
        self.classes: tuple[str, ...] = tuple(labels[number] for number in range(len(labels)))

    @torch.inference_mode()
    def logits(self, windows: NDArray[np.float32]) -> Tensor:
        """Windows [W, n] of mono sound at `extractor.sampling_rate` → [W, classes].

        A class is present with the logistic function of its logit, whatever the others say.
        """
        heard = self.extractor(
            list(windows), sampling_rate=self.extractor.sampling_rate, return_tensors="pt"
        )
        values = heard.input_values.to(self.model.device, self.model.dtype)
        out: Tensor = self.model(input_values=values).logits.float()
        return out
