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
from torch import Tensor

from sonolume.correspondence.said import evidence_of
from sonolume.correspondence.style_words import style_table
from sonolume.data.restyle_table import Pairs, read_pairs
from sonolume.diffusion.flow import velocity_loss
from sonolume.errors import DataError
from sonolume.hub import weights
from sonolume.hub.generator import GENERATOR, VOCODER, load_generator, load_vocoder
from sonolume.hub.joint import load_joint
from sonolume.hub.style import FILM, HEADS, MAP, load_heads, load_map
from sonolume.models.film import Film, FilmConfig, film_layers
from sonolume.models.lora import add_lora, lora_state
from sonolume.models.sound_generator import from_mel
from sonolume.models.style_heads import StyleHeads
from sonolume.pipelines.restyle.engine.words import word_ways
from sonolume.signal.cues import CUES
from sonolume.signal.mel import RATE
from sonolume.training.context import Context
from sonolume.training.edit_deltas import EditDeltas, read_edit_deltas
from sonolume.training.pair_batches import check_pairs
from sonolume.training.rendered_pairs import RenderedPairs
from sonolume.training.restyle_inputs import as_targets, encode
from sonolume.training.restyle_losses import along, preserve_loss
from sonolume.training.restyle_moved import MEASURED, Ear, Moved, map_terms, sound_terms
from sonolume.training.settings import from_table
from sonolume.training.stage import Figures
from sonolume.training.start import check_terms
from sonolume.training.style_facts import facts_of, moved_of

NEAREST = 8  # edits that may stand for a pair
HELD = 32  # pairs that figures are told of


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
        self.ear, self.generator_hash = Ear(load_vocoder(models)), weights.sha256(GENERATOR, models)
        self.frames = generator.config.frames
        if settings.rank:
            add_lora(generator, settings.rank)
        widths = tuple(width for _, width in film_layers(generator))
        film = Film(FilmConfig(widths, style.config.token))
        film.mean.copy_(heads.mean)
        film.deviation.copy_(heads.deviation)
        joint = load_joint(models)
        ways = word_ways(joint).cpu().clone()
        self.model = Moved(style.requires_grad_(True), film, generator, ways)
        self.train, self.held = pairs.of("train"), pairs.of("held")[:HELD]
        rows = np.concatenate([self.train, self.held])
        self.rendered = RenderedPairs(pairs, data, rows, commercial=commercial)
        self.room = self.rendered.frames - self.frames + 1
        if self.room < 1:
            raise DataError(
                f"pairs of {self.rendered.frames} frames are shorter than the generator's "
                f"{self.frames}; train one of shorter sounds"
            )
        self._remember(heads)
        self.near = deltas.nearest(as_targets(pairs.steps[self.train]), NEAREST)

    def _remember(self, heads: StyleHeads) -> None:
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
        terms = map_terms(self.model, batch) | sound_terms(self.model, self.ear, batch)
        total = torch.stack([getattr(s, f"{k}_weight") * v for k, v in terms.items()]).sum()
        return total, {name: value.detach() for name, value in terms.items()}

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
        drawn = self.model.drawn(batch, noise, torch.ones(count, device=device))
        plain = self.model.drawn(batch, noise, torch.zeros(count, device=device))
        was, made, control = (self.ear.waveforms(each) for each in (batch["before"], drawn, plain))
        wanted = batch["wanted"][:, MEASURED]
        moved = self.ear.cues(made) - self.ear.cues(control)
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
