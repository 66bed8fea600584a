"""A generator that a map and a modulation move, and what its sounds come to."""

from typing import Final

import torch
from torch import Tensor, nn

from sonolume.diffusion.flow import mix, velocity_loss
from sonolume.models.film import Film, film_layers, installed
from sonolume.models.sound_generator import SoundGenerator, to_mel
from sonolume.models.style_map import StyleMap
from sonolume.models.vocoder import Vocoder
from sonolume.pipelines.restyle.chains.propose import UNMOVED
from sonolume.pipelines.restyle.engine.words import moved_along
from sonolume.signal.cues import CUES, measure_cues
from sonolume.signal.mel import RATE
from sonolume.training.map_losses import (
    identity_loss,
    manifold_loss,
    monotonic_loss,
    pseudo_loss,
)
from sonolume.training.pair_batches import cue_steps
from sonolume.training.restyle_losses import (
    coherence_loss,
    consistency_loss,
    preserve_loss,
    rank_loss,
)
from sonolume.training.spectra import stft_distance

__all__ = ["MEASURED", "Ear", "Moved", "map_terms", "sound_terms"]

MEASURED: Final = [place for place, name in enumerate(CUES) if name not in UNMOVED]
"""Places of the cues that mono sounds of one level have."""

Batch = dict[str, Tensor]


class Moved(nn.Module):
    """A map, a modulation, and the generator that they move; `ways` [K, 512] are those of words."""

    ways: Tensor

    def __init__(
        self, style: StyleMap, film: Film, generator: SoundGenerator, ways: Tensor
    ) -> None:
        super().__init__()
        self.map, self.film, self.generator = style, film, generator
        self.register_buffer("ways", ways, persistent=False)
        installed(film, [layer for layer, _ in film_layers(generator)])

    def forward(self, x: Tensor, t: Tensor, told: Tensor, tokens: Tensor, gains: Tensor) -> Tensor:
        """See `SoundGenerator`; `tokens` [B, 6, D] and `gains` [B, 6] are the map's."""
        with self.film.telling(tokens, gains):
            clean: Tensor = self.generator(x, t, told)
        return clean.float()

    def heads(self, batch: Batch, factor: Tensor) -> tuple[Tensor, Tensor]:
        """Of so much [B] of what is asked; the soft prior's say is left to the words."""
        seen, hard = (factor[:, None] * batch[name] for name in ("seen", "hard"))
        tokens, gains = self.map(seen, hard, torch.zeros_like(hard))
        return tokens.float(), gains.float()

    def drawn(self, batch: Batch, noise: Tensor, factor: Tensor) -> Tensor:
        """The clean estimate [B, 64, T] from a noisy state on the way from before to so much [B]
        of after."""
        share = (batch["between"] * factor)[:, None, None]
        on_the_way = torch.lerp(batch["before"], batch["after"], share)
        told = moved_along(batch["heard"], factor[:, None] * batch["evidence"], self.ways)
        t = batch["t"]
        clean: Tensor = self(mix(on_the_way, noise, t), t, told, *self.heads(batch, factor))
        return clean


class Ear:
    """Hears states of the generator: by the vocoder, in one go, so that there are slopes."""

    def __init__(self, vocoder: Vocoder) -> None:
        self.vocoder = vocoder

    def waveforms(self, state: Tensor) -> Tensor:
        """States [B, 64, T] → [B, n]."""
        heard: Tensor = self.vocoder.to(state.device)(to_mel(state.float()))
        return heard

    def cues(self, waveforms: Tensor) -> Tensor:
        """Those of `MEASURED`, in just clear steps, [B, cues]."""
        found = measure_cues(waveforms[:, None], RATE)
        return cue_steps(torch.stack([found[name] for name in CUES], 1))[:, MEASURED]


def map_terms(model: Moved, batch: Batch) -> dict[str, Tensor]:
    """Losses of tokens and gains; see `map_losses`."""
    style, still = model.map, batch["still"]
    tokens, gains = model.heads(batch, torch.ones_like(batch["factor"]))
    less = model.heads(batch, batch["factor"])[1]
    scale, moving = style.deviation.clamp(min=1e-4), ~still
    true, moved = batch["tokens"][moving] / scale, batch["moved"][moving]
    return {
        "pseudo": pseudo_loss(tokens[moving] / scale, gains[moving], true, moved),
        "manifold": manifold_loss(tokens[moving], style.mean, scale),
        "identity": identity_loss(gains[still]) if bool(still.any()) else gains.sum() * 0,
        "monotonic": monotonic_loss(less, gains),
    }


def sound_terms(model: Moved, ear: Ear, batch: Batch) -> dict[str, Tensor]:
    """Losses of what is drawn: whole, from other noise, and with a part of what is asked."""
    before, wanted = batch["before"], batch["wanted"][:, MEASURED]
    whole, part = torch.ones_like(batch["factor"]), batch["factor"]
    noise = torch.randn_like(before)
    drawn = model.drawn(batch, noise, whole)
    others = model.drawn(batch, torch.randn_like(before), whole), model.drawn(batch, noise, part)
    with torch.no_grad():
        was, true = ear.waveforms(before), ear.waveforms(batch["after"])
        cues = ear.cues(was)
    made = [ear.waveforms(each) for each in (drawn, *others)]
    moved = torch.stack([ear.cues(each) - cues for each in made])
    rising = torch.stack([torch.zeros_like(moved[0]), moved[2], moved[0]])
    strengths = torch.stack([torch.zeros_like(part), part, whole])
    return {
        "flow": velocity_loss(drawn, batch["after"], batch["t"]).mean(),
        "stft": stft_distance(made[0], true),
        "preserve": preserve_loss(was, made[0], RATE),
        "coherence": coherence_loss(moved[0], wanted),
        "consistency": consistency_loss(moved[:2]),
        "order": rank_loss(rising, wanted, strengths),
    }
