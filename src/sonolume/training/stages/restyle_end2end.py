"""Stage `restyle.end2end`: the map, the modulation and low-rank changes of the sound generator.

Pairs of a sound before and after effects stand for edits: their measured changes are what a picture
would ask for. The generator, frozen but for changes of a low rank, starts from the noisy sound
before, is told the heads that the map makes of what is asked, and should draw the sound after.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sonolume.correspondence.said import evidence_of
from sonolume.correspondence.style_words import style_table
from sonolume.data.restyle_table import Pairs, read_pairs
from sonolume.diffusion.flow import mix, velocity_loss
from sonolume.errors import DataError
from sonolume.hub import weights
from sonolume.hub.generator import GENERATOR, VOCODER, load_generator, load_vocoder
from sonolume.hub.joint import load_joint
from sonolume.hub.style import FILM, HEADS, MAP, load_heads, load_map
from sonolume.models.film import Film, FilmConfig, film_layers, installed
from sonolume.models.lora import add_lora, lora_state
from sonolume.models.sound_generator import SoundGenerator, from_mel, to_mel
from sonolume.models.style_map import StyleMap
from sonolume.pipelines.restyle.engine_pocket import moved_along, word_ways
from sonolume.pipelines.restyle.propose import UNMOVED
from sonolume.signal.cues import CUES, measure_cues
from sonolume.signal.mel import RATE
from sonolume.training.context import Context
from sonolume.training.edit_deltas import EditDeltas, read_edit_deltas
from sonolume.training.map_losses import (
    identity_loss,
    manifold_loss,
    monotonic_loss,
    pseudo_loss,
)
from sonolume.training.pair_batches import check_pairs, cue_steps
from sonolume.training.rendered_pairs import RenderedPairs
from sonolume.training.restyle_inputs import as_targets, encode
from sonolume.training.restyle_losses import (
    along,
    coherence_loss,
    consistency_loss,
    preserve_loss,
    rank_loss,
)
from sonolume.training.settings import from_table
from sonolume.training.spectra import stft_distance
from sonolume.training.stage import Figures
from sonolume.training.start import check_terms
from sonolume.training.style_facts import facts_of, moved_of

NEAREST = 8  # edits that may stand for a pair
HELD = 32  # pairs that figures are told of

MEASURED = [place for place, name in enumerate(CUES) if name not in UNMOVED]


@dataclass(frozen=True)
class EndToEndSettings:
    """Batch, noise, chances of what is left out, loss weights, and the rank of the changes of the
    generator's attention (0: none; more needs peft)."""

    palette: str = "moves"
    batch: int = 8
    same: int = 2  # rows of a picture that did not change
    photos: int = 12
    earliest: float = 0.2  # share of the sound in the noisiest state
    latest: float = 0.9
    noise: float = 0.15  # of targets, in steps
    drop_picture: float = 0.5
    rank: int = 4
    flow_weight: float = 1.0
    stft_weight: float = 0.3
    preserve_weight: float = 0.3
    coherence_weight: float = 0.4
    consistency_weight: float = 0.2
    order_weight: float = 0.1
    pseudo_weight: float = 0.3
    manifold_weight: float = 0.4
    identity_weight: float = 0.2
    monotonic_weight: float = 0.1


class Moved(nn.Module):
    """A map, a modulation, and the generator that they move."""

    def __init__(self, style: StyleMap, film: Film, generator: SoundGenerator) -> None:
        super().__init__()
        self.map, self.film, self.generator = style, film, generator
        installed(film, [layer for layer, _ in film_layers(generator)])

    def forward(self, x: Tensor, t: Tensor, told: Tensor, tokens: Tensor, gains: Tensor) -> Tensor:
        """See `SoundGenerator`; `tokens` [B, 6, D] and `gains` [B, 6] are the map's."""
        with self.film.telling(tokens, gains):
            clean: Tensor = self.generator(x, t, told)
        return clean.float()


class RestyleEndToEnd:
    """See the module's docstring."""

    name = "restyle.end2end"

    def __init__(
        self,
        pairs: Pairs,
        data: Path,
        deltas: EditDeltas,
        settings: EndToEndSettings,
        models: Path,
        *,
        commercial: bool = False,
    ) -> None:
        check_pairs(pairs, settings.palette, commercial=commercial)
        for name in (HEADS, MAP, GENERATOR, VOCODER):
            check_terms(name, models, commercial=commercial)
        self.pairs, self.deltas, self.settings = pairs, deltas, settings
        self.commercial = commercial
        heads, style, generator = load_heads(models), load_map(models), load_generator(models)
        self.vocoder, self.generator_hash = load_vocoder(models), weights.sha256(GENERATOR, models)
        self.frames = generator.config.frames
        if settings.rank:
            add_lora(generator, settings.rank)
        widths = tuple(width for _, width in film_layers(generator))
        film = Film(FilmConfig(widths, style.config.token))
        film.mean.copy_(heads.mean)
        film.deviation.copy_(heads.deviation)
        self.model = Moved(style.requires_grad_(True), film, generator)
        self.train, self.held = pairs.of("train"), pairs.of("held")[:HELD]
        rows = np.concatenate([self.train, self.held])
        self.rendered = RenderedPairs(pairs, data, rows, commercial=commercial)
        self.room = self.rendered.frames - self.frames + 1
        if self.room < 1:
            raise DataError(
                f"pairs of {self.rendered.frames} frames are shorter than the generator's "
                f"{self.frames}; train one of shorter sounds"
            )
        self._remember(heads, load_joint(models))
        self.near = deltas.nearest(as_targets(pairs.steps[self.train]), NEAREST)

    def _remember(self, heads: Any, joint: Any) -> None:
        """Tokens, targets and conditions of all pairs, which no training changes."""
        pairs, rows = self.pairs, np.concatenate([self.train, self.held])
        tokens, _ = encode(heads, pairs, rows)
        self.tokens = torch.zeros(len(pairs.stretch), *tokens.shape[1:])
        self.tokens[rows] = tokens
        self.moved = moved_of(facts_of(pairs.steps, pairs.lost))
        self.wanted = as_targets(pairs.steps)
        said = [
            evidence_of(dict(zip(CUES, row, strict=True)), style_table().pairs)
            for row in self.wanted.tolist()
        ]
        self.evidence = torch.tensor(np.stack(said)).float()
        self.ways = word_ways(joint).cpu().clone()

    def batch(self, rng: np.random.Generator) -> dict[str, Tensor]:
        s = self.settings
        places = rng.integers(len(self.train), size=s.batch)
        edits = self.near[places, rng.integers(self.near.shape[1], size=s.batch)]
        kept = torch.from_numpy(rng.random((s.batch, 1)) >= s.drop_picture)
        found = self._rows(self.train[places], int(rng.integers(self.room)))
        noise = torch.from_numpy(rng.normal(0, s.noise, found["wanted"].shape)).float()
        still = torch.arange(s.batch) < s.same
        found |= {
            "seen": self.deltas.steps[edits] * kept,
            "hard": found["wanted"] + noise,
            "t": torch.from_numpy(rng.uniform(s.earliest, s.latest, s.batch)).float(),
            "between": torch.from_numpy(rng.uniform(0, 1, s.batch)).float(),
            "factor": torch.from_numpy(rng.uniform(0.2, 0.8, s.batch)).float(),
            "still": still,
        }
        for name in ("seen", "hard", "wanted", "evidence", "moved"):
            found[name] = torch.where(still[:, None], 0.0, found[name])
        found["after"] = torch.where(still[:, None, None], found["before"], found["after"])
        return found

    def _rows(self, rows: Any, start: int) -> dict[str, Tensor]:
        cut = slice(start, start + self.frames)
        before, after = (from_mel(mel[..., cut]) for mel in self.rendered(rows))
        chosen = torch.as_tensor(np.asarray(rows))
        return {
            "before": before,
            "after": after,
            "heard": self.pairs.before_embeddings[self.pairs.stretch[chosen]],
            "wanted": self.wanted[chosen],
            "evidence": self.evidence[chosen],
            "tokens": self.tokens[chosen],
            "moved": self.moved[chosen],
        }

    def loss(self, batch: dict[str, Tensor], step: int, progress: float) -> tuple[Tensor, Figures]:
        s = self.settings
        terms = self._map_terms(batch) | self._sound_terms(batch)
        total = torch.stack([getattr(s, f"{k}_weight") * v for k, v in terms.items()]).sum()
        return total, {name: value.detach() for name, value in terms.items()}

    def _map_terms(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        style, still = self.model.map, batch["still"]
        tokens, gains = self._heads(batch, torch.ones_like(batch["factor"]))
        less = self._heads(batch, batch["factor"])[1]
        scale = style.deviation.clamp(min=1e-4)
        moving = ~still
        return {
            "pseudo": pseudo_loss(
                tokens[moving] / scale, gains[moving],
                batch["tokens"][moving] / scale, batch["moved"][moving],
            ),
            "manifold": manifold_loss(tokens[moving], style.mean, scale),
            "identity": identity_loss(gains[still]) if bool(still.any()) else gains.sum() * 0,
            "monotonic": monotonic_loss(less, gains),
        }  # fmt: skip

    def _sound_terms(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        before, wanted = batch["before"], batch["wanted"][:, MEASURED]
        ones = torch.ones_like(batch["factor"])
        noise = torch.randn_like(before), torch.randn_like(before)
        drawn = self._drawn(batch, noise[0], ones)
        others = self._drawn(batch, noise[1], ones), self._drawn(batch, noise[0], batch["factor"])
        with torch.no_grad():
            was, true = self._heard(before), self._heard(batch["after"])
            cues = self._cues(was)
        made = [self._heard(each) for each in (drawn, *others)]
        moved = torch.stack([self._cues(each) - cues for each in made])
        nothing = torch.zeros_like(moved[0])
        return {
            "flow": velocity_loss(drawn, batch["after"], batch["t"]).mean(),
            "stft": stft_distance(made[0], true),
            "preserve": preserve_loss(was, made[0], RATE),
            "coherence": coherence_loss(moved[0], wanted),
            "consistency": consistency_loss(moved[:2]),
            "order": rank_loss(
                torch.stack([nothing, moved[2], moved[0]]),
                wanted,
                torch.stack([0 * ones, batch["factor"], ones]),
            ),
        }

    def _heads(self, batch: dict[str, Tensor], factor: Tensor) -> tuple[Tensor, Tensor]:
        """Of so much of what is asked; the soft prior's say is left to the words."""
        seen, hard = (factor[:, None] * batch[name] for name in ("seen", "hard"))
        tokens, gains = self.model.map(seen, hard, torch.zeros_like(hard))
        return tokens.float(), gains.float()

    def _drawn(self, batch: dict[str, Tensor], noise: Tensor, factor: Tensor) -> Tensor:
        """The clean estimate from a noisy state on the way from before to so much of after."""
        share = (batch["between"] * factor)[:, None, None]
        on_the_way = torch.lerp(batch["before"], batch["after"], share)
        tokens, gains = self._heads(batch, factor)
        evidence = factor[:, None] * batch["evidence"]
        told = moved_along(batch["heard"], evidence, self.ways.to(noise))
        t = batch["t"]
        clean: Tensor = self.model(mix(on_the_way, noise, t), t, told, tokens, gains)
        return clean

    def _heard(self, state: Tensor) -> Tensor:
        """Waveforms [B, n], as the vocoder writes them in one go."""
        waveform: Tensor = self.vocoder.to(state.device)(to_mel(state.float()))
        return waveform

    def _cues(self, waveforms: Tensor) -> Tensor:
        """In just clear steps, those that mono sounds of one level have, [B, cues]."""
        found = measure_cues(waveforms[:, None], RATE)
        return cue_steps(torch.stack([found[name] for name in CUES], 1))[:, MEASURED]

    def validate(self, folder: Path) -> dict[str, float]:
        """On held pairs, from the same noise each time at half of it: how far cues went along
        their targets, in steps, beside how far was asked; how many went the right way; what was
        lost of the structure; and the error of the velocity beside that of the frozen words."""
        device = self.model.map.mean.device
        batch = {k: v.to(device) for k, v in self._rows(self.held, 0).items()}
        count = len(self.held)
        batch |= {
            "hard": batch["wanted"],
            "seen": torch.zeros(count, self.model.map.config.descriptors, device=device),
            "t": torch.full((count,), 0.5, device=device),
            "between": torch.zeros(count, device=device),
        }
        draw = torch.Generator().manual_seed(0)
        noise = torch.randn(batch["before"].shape, generator=draw).to(device)
        drawn = self._drawn(batch, noise, torch.ones(count, device=device))
        plain = self._drawn(batch, noise, torch.zeros(count, device=device))
        was, made, control = (self._heard(each) for each in (batch["before"], drawn, plain))
        wanted = batch["wanted"][:, MEASURED]
        moved = self._cues(made) - self._cues(control)
        plainly = wanted.abs() >= 0.4
        right = ((moved * wanted) > 0)[plainly]
        return {
            "along": float(along(moved, wanted).mean()),
            "asked": float(wanted.norm(dim=-1).mean()),
            "right": float(right.float().mean()) if len(right) else 0.0,
            "preserve": float(preserve_loss(was, made, RATE)),
            "flow": float(velocity_loss(drawn, batch["after"], batch["t"]).mean()),
            "flow_untold": float(velocity_loss(plain, batch["after"], batch["t"]).mean()),
        }

    def export(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        facts = {"palette": self.settings.palette, "commercial": self.commercial}
        style, film = self.model.map, self.model.film
        weights.save(MAP, style.state_dict(), {**facts, "config": asdict(style.config)}, folder)
        tensors = {f"film.{k}": v for k, v in film.state_dict().items()}
        tensors |= {f"lora.{k}": v for k, v in lora_state(self.model.generator).items()}
        facts |= {"config": asdict(film.config), "generator": self.generator_hash}
        weights.save(FILM, tensors, facts, folder)


def build(context: Context, table: Mapping[str, Any]) -> RestyleEndToEnd:
    """The stage with the settings of a recipe's table."""
    settings = from_table(EndToEndSettings, table, context.where)
    pairs = read_pairs(context.aids)
    deltas = read_edit_deltas(context.data, settings.photos, commercial=context.commercial)
    return RestyleEndToEnd(
        pairs, context.data, deltas, settings, context.weights, commercial=context.commercial
    )
