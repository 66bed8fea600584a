"""Restyle: two pictures and a sound → the sound, changed as the picture changed."""

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import torch

from sonolume.correspondence.delta import Delta, delta
from sonolume.correspondence.rules import Rule, read_rules
from sonolume.correspondence.soft_prior import SoftPrior
from sonolume.correspondence.targets import Prior, targets
from sonolume.errors import ModelError, OptionError
from sonolume.hub import weights
from sonolume.hub.joint import load_joint
from sonolume.media import Audio, Picture
from sonolume.pipelines.restyle.chains.propose import Proposer, load_proposer
from sonolume.pipelines.restyle.engine.choose import choose_generator
from sonolume.pipelines.restyle.engine.diffusion import redraw
from sonolume.pipelines.restyle.engine.parts import Generator
from sonolume.pipelines.restyle.engine.settings import DiffusionSettings
from sonolume.pipelines.restyle.follow import follow
from sonolume.pipelines.restyle.listened import Listened, Propose
from sonolume.pipelines.restyle.look import Look
from sonolume.pipelines.restyle.provenance import provenance_of
from sonolume.pipelines.restyle.recording import Recording
from sonolume.pipelines.restyle.restyled import Restyled
from sonolume.pipelines.restyle.settings import HELD, By, Engine, RestyleSettings

__all__ = ["RestylePipeline", "Seen"]

Step = Callable[[str], None]
Source = str | Path


@dataclass(frozen=True, eq=False)
class Seen:
    """How a picture changed, and what a joint space says of it; None without one."""

    change: Delta
    soft: SoftPrior | None


class RestylePipeline:
    """Two pictures and a sound → the sound, changed as the picture changed.

    >>> restyle = sonolume.load("restyle")                                   # doctest: +SKIP
    >>> restyle("day.jpg", "night.jpg", "song.flac").save("night.flac")      # doctest: +SKIP

    `look` is the joint space of the soft prior; without one there are only the rules. `proposer` is
    the learnt controller; without one, chains are found by search. `generator` gives what the
    diffusion engine draws with, and is called with its first use; without one there is only the
    rack. `name` says for the provenance what it is.
    """

    def __init__(
        self,
        look: Look | None = None,
        proposer: Proposer | None = None,
        *,
        generator: Callable[[], Generator] | None = None,
        name: str = "pocket",
    ) -> None:
        self.look, self.proposer, self.name = look, proposer, name
        self._load_generator = generator

    @classmethod
    def from_pretrained(
        cls,
        model: str | Path = "pocket",
        *,
        device: str | None = None,
        sounds: str | Path | None = None,
    ) -> "RestylePipeline":
        """`model` is "pocket", or a folder of pocket weights. `sounds` is the generator of the
        diffusion engine: AudioLDM 2 or Stable Audio by folder or name, else that of `model`.

        Raises ModelError for anything else: the soft prior's confidence is fitted for the pocket
        encoder alone.
        """
        folder = weights.FOLDER if str(model) == "pocket" else Path(model)
        if not any(folder.glob("joint-picture*.safetensors")):
            raise ModelError(f"{model}: restyle looks by pocket weights; give 'pocket' or a folder")
        joint = load_joint(folder)
        proposer = load_proposer(joint, folder)
        look = Look(joint.to(torch.device(device or "cpu")))
        generator = partial(choose_generator, sounds or folder, device)
        return cls(look, proposer, generator=generator, name=str(model))

    @cached_property
    def generator(self) -> Generator:
        """What the diffusion engine draws with. Raises ModelError where there is none."""
        if self._load_generator is None:
            raise ModelError(f"{self.name} holds no generator; use the engine rack")
        return self._load_generator()

    def __call__(
        self,
        before: Source | Picture,
        after: Source | Picture,
        sound: Source | Audio,
        *,
        strength: float = 1.0,
        prior: Prior = "both",
        keep: Iterable[str] = HELD,
        effects: int = 4,
        by: By = "search",
        engine: Engine = "rack",
        diffusion: DiffusionSettings | None = None,
        rules: Source | Iterable[Rule] | None = None,
        seed: int = 0,
        progress: Step | None = None,
    ) -> Restyled:
        """Find the chain that moves the sound as the picture moved: `Restyled.save`, `.audio`.

        Where nothing is to move, the sound comes back bit for bit. Warns where the pictures show
        different things, where the strength had to be lowered to keep the structure, and of
        silence, which comes back as it is.

        Args:
            before: the picture that goes with the sound as it is; a file or a `Picture`.
            after: the picture as it was changed.
            sound: a file of any length or an `Audio`; 8 to 192 kHz, up to eight channels.
            strength, prior, keep, effects, by, engine: see `RestyleSettings`.
            diffusion: how the engine "diffusion" draws; for no other one.
            rules: a TOML file or rules in place of the package's own.
            seed: of the excerpts that are listened to, or of the noise.
            progress: told each step in a few words.

        Raises:
            OptionError: values out of range. MediaError: an unreadable picture or sound.
            DataError: unreadable rules. ModelError: ``by`` asks for a controller, or ``engine`` for
                a generator, that is not there.
        """
        if diffusion is not None and engine != "diffusion":
            raise OptionError(f"the engine {engine} has no diffusion settings; leave them out")
        drawing = diffusion or DiffusionSettings()
        asked = RestyleSettings(strength, prior, tuple(keep), effects, by, engine, drawing)
        heard = self.listen(sound, seed=seed)
        pictures = _picture(before), _picture(after)
        tell = progress or (lambda _: None)
        tell("looking")
        seen = self.look_at(*pictures, prior=prior)
        if not seen.change.is_edit:
            warnings.warn(
                f"the pictures have little in common (unrelated {seen.change.unrelated:.2f} of 1); "
                "expected one that was edited: the sound follows what differs",
                stacklevel=2,
            )
        made = self.follow(seen, heard, asked, rules=rules, tell=tell)
        made.provenance.update(provenance_of(self.name, pictures, heard, asked, made))
        return made

    def listen(self, sound: Source | Audio, *, seed: int = 0) -> Listened:
        """A sound for `follow`, to be restyled again and again.

        Raises:
            OptionError: a seed below 0. MediaError: an unreadable sound.
        """
        if not isinstance(seed, int) or seed < 0:
            raise OptionError(f"seed {seed!r}: expected 0 or more")
        return Listened(Recording.open(sound), seed)

    def look_at(self, before: Picture, after: Picture, *, prior: Prior = "both") -> Seen:
        """How a picture changed, for `follow`; with "hard" nothing is asked of the joint space."""
        moved = None
        if self.look is not None and prior != "hard":
            moved = self.look.change(before, after)
        change = delta(before, after, embedding_change=moved)
        soft = self.look.soft(moved) if self.look is not None and moved is not None else None
        return Seen(change, soft)

    def follow(
        self,
        seen: Seen,
        heard: Listened,
        asked: RestyleSettings,
        *,
        rules: Source | Iterable[Rule] | None = None,
        tell: Step = lambda _: None,
    ) -> Restyled:
        """`__call__` with what was seen and heard before; without provenance.

        Raises:
            DataError: unreadable rules. ModelError: no controller or generator, but one is asked
                for. MediaError: a sound too long for the engine.
        """
        table = read_rules(rules) if rules is None or isinstance(rules, str | Path) else rules
        wanted = targets(
            seen.change, tuple(table), seen.soft, prior=asked.prior, strength=asked.strength
        )
        if heard.recording.is_silent:
            warnings.warn("the sound is silent and stays as it is", stacklevel=3)
            wanted = targets(seen.change, (), prior="hard", strength=0.0)
        if asked.engine == "diffusion":
            return redraw(heard, seen.change, wanted, asked, lambda: self.generator, tell)
        return follow(heard, seen.change, wanted, asked, tell, self._propose(seen.change, asked))

    def _propose(self, change: Delta, asked: RestyleSettings) -> Propose | None:
        if asked.by == "search":
            return None
        if self.proposer is None:
            raise ModelError(
                f"{self.name} holds no controller; train restyle.controller and give its folder, "
                "or leave the chain to the search"
            )
        proposer = self.proposer
        return lambda sound, unit, most: proposer(sound.samples, sound.rate, change, unit, most)


def _picture(picture: Source | Picture) -> Picture:
    return picture if isinstance(picture, Picture) else Picture.read(picture)
