"""What a learnt controller proposes: moves and amounts, from targets and the sound, untried."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sonolume.correspondence.delta import Delta
from sonolume.correspondence.descriptors import DESCRIPTORS
from sonolume.errors import ModelError
from sonolume.hub import weights
from sonolume.hub.style import CONTROLLER, MAP, load_controller, load_map
from sonolume.media import Audio
from sonolume.models.effect_controller import EffectController
from sonolume.models.joint import JointEncoder
from sonolume.models.style_map import StyleMap
from sonolume.pipelines.restyle.chains.palette import palette
from sonolume.signal.cues import CUES, measure_cues
from sonolume.signal.mel import RATE
from sonolume.signal.windows import normalise_level, repeat_to

__all__ = ["Proposer", "load_proposer"]

PALETTE: Final = "moves"
SECONDS: Final = 4  # of a sound that the controller was trained on, and a second of silence
FARTHEST: Final = 6.0  # steps of a descriptor
UNMOVED: Final = ("loudness", "width")  # a gain sets the one, mono has none of the other


class Proposer:
    """A map from pictures to heads, and a controller from heads to the moves of restyle.

    Hears excerpts at 16 kHz, mono, of one level, as in training; moves of width are beyond it.
    """

    def __init__(
        self, joint: JointEncoder, network: StyleMap, controller: EffectController
    ) -> None:
        self.joint, self.map, self.controller = joint, network, controller
        self.items = palette(PALETTE).items

    @torch.inference_mode()
    def __call__(
        self, samples: Tensor, rate: int, change: Delta, targets: Mapping[str, float], most: int
    ) -> list[tuple[int, float]]:
        """The moves, by their places in `moves`, and amounts 0 to 1: `most` of them at most, each
        effect once, those first that are surest.

        Args:
            samples: excerpts [B, C, N].
            rate: Hz.
            change: of the picture.
            targets: just clear steps by cue.
            most: moves.
        """
        heard = torch.from_numpy(np.stack([_prepared(each, rate) for each in samples.numpy()]))
        cues = measure_cues(heard[:, None], RATE)
        steps = torch.stack([cues[name] / cue.step for name, cue in CUES.items()], 1)
        embeddings = self.joint.sound(self.joint.front(heard))
        seen = [np.clip(change.steps[name], -FARTHEST, FARTHEST) for name in DESCRIPTORS]
        asked = [0.0 if name in UNMOVED else targets[name] for name in CUES]
        tokens, gains = self.map(_row(seen), _row(asked), torch.zeros(1, len(CUES)))
        count = len(heard)
        shares, logits = self.controller(
            tokens.expand(count, -1, -1), gains.expand(count, -1), steps, embeddings
        )
        likely = torch.sigmoid(logits).mean(0) - self.controller.mapped_thresholds
        return self._chosen(likely, shares.mean(0), most)

    def _chosen(self, likely: Tensor, amounts: Tensor, most: int) -> list[tuple[int, float]]:
        chosen: dict[str, tuple[int, float]] = {}
        for place in likely.argsort(descending=True).tolist():
            name = self.items[place].effect.name
            if likely[place] > 0 and name not in chosen and len(chosen) < most:
                chosen[name] = (place, float(amounts[place]))
        return list(chosen.values())


def load_proposer(joint: JointEncoder, folder: Path = weights.FOLDER) -> Proposer | None:
    """The proposer whose weights are in a folder; None where there are none.

    Raises ModelError for weights that are broken, or of other moves than those of this version.
    """
    if not {MAP, CONTROLLER} <= set(weights.names(folder)):
        return None
    controller = load_controller(folder)
    trained = weights.header(CONTROLLER, folder).metadata.get("names")
    if trained != [item.name for item in palette(PALETTE).items]:
        raise ModelError(f"{folder}: {CONTROLLER} knows other moves; train it again")
    return Proposer(joint, load_map(folder), controller)


def _row(values: list[float]) -> Tensor:
    return torch.tensor([values], dtype=torch.float32)


def _prepared(excerpt: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    mono = Audio(excerpt, rate).mono().resample(RATE).samples[0]
    level = normalise_level(repeat_to(mono, SECONDS * RATE))
    return np.pad(level, (0, RATE))
