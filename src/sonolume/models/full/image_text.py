"""Models of transformers that write about pictures: BLIP, BLIP-2, GIT, SmolVLM and their kind."""

from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

QUESTION: Final = "Describe this picture in one short sentence."
BEAMS: Final = 4
LONGEST: Final = 40  # pieces


class ImageTextModel:
    """`model` and `processor` are an image-text-to-text model of transformers and its processor.

    A model that was trained on talks, as its processor's template tells, is asked `QUESTION`.
    """

    def __init__(self, model: Any, processor: Any) -> None:
        self.model, self.processor = model, processor

    @torch.inference_mode()
    def write(self, pictures: list[NDArray[np.uint8]]) -> list[str]:
        """A caption for each picture [H, W, 3]."""
        if not pictures:
            return []
        inputs = self._read(pictures).to(self.model.device)
        ids = self.model.generate(
            **inputs, num_beams=BEAMS, max_new_tokens=LONGEST, do_sample=False
        )
        if self._talks:
            ids = ids[:, inputs["input_ids"].shape[1] :]
        told: list[str] = self.processor.batch_decode(ids, skip_special_tokens=True)
        return [" ".join(text.split()) for text in told]

    @property
    def _talks(self) -> bool:
        return bool(getattr(self.processor, "chat_template", None))

    def _read(self, pictures: list[NDArray[np.uint8]]) -> Any:
        if not self._talks:
            return self.processor(images=pictures, return_tensors="pt")
        content = [{"type": "image"}, {"type": "text", "text": QUESTION}]
        asked = [{"role": "user", "content": content}]
        prompt = self.processor.apply_chat_template(asked, add_generation_prompt=True)
        return self.processor(
            text=[prompt] * len(pictures),
            images=[[picture] for picture in pictures],
            return_tensors="pt",
            padding=True,
        )
