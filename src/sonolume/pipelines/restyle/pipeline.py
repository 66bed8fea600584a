"""Restyle: two pictures and a sound → the sound, changed as the picture changed."""

import hashlib
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray

from sonolume import __version__
from sonolume.correspondence.delta import Delta, delta
from sonolume.correspondence.rules import Rule, read_rules
from sonolume.correspondence.targets import Prior, Targets, targets
from sonolume.errors import ModelError, OptionError
from sonolume.hub import weights
from sonolume.hub.joint import load_joint
from sonolume.media import Audio, Picture
from sonolume.pipelines.restyle.contract import Settled, settle
from sonolume.pipelines.restyle.excerpts import excerpts, stretches
from sonolume.pipelines.restyle.look import Look
from sonolume.pipelines.restyle.moves import chain_of
from sonolume.pipelines.restyle.recording import Recording
from sonolume.pipelines.restyle.rendering import REACH, Rendering, level
from sonolume.pipelines.restyle.restyled import Applied, Restyled
from sonolume.pipelines.restyle.search import Found, heard, search
from sonolume.pipelines.restyle.settings import HELD, RestyleSettings
from sonolume.signal.cues import CUES
from sonolume.signal.rack import Chain
from sonolume.signal.structure import Kept

__all__ = ["RestylePipeline"]

Step = Callable[[str], None]
Source = str | Path
UNTOUCHED = Settled(1.0, Kept(1.0, 1.0, 1.0, 1.0), ())
UNHEARD = 0.05  # steps; where no target is more, nothing is done
LOUDNESS = CUES["loudness"].step


class RestylePipeline:
    """Two pictures and a sound → the sound, changed as the picture changed.

    >>> restyle = sonolume.load("restyle")                                   # doctest: +SKIP
    >>> restyle("day.jpg", "night.jpg", "song.flac").save("night.flac")      # doctest: +SKIP

    `look` is the joint space of the soft prior; without one there are only the rules. `name` says
    for the provenance what it is.
    """

    def __init__(self, look: Look | None = None, *, name: str = "pocket") -> None:
        self.look, self.name = look, name

    @classmethod
    def from_pretrained(
        cls, model: str | Path = "pocket", *, device: str | None = None
    ) -> "RestylePipeline":
        """`model` is "pocket", or a folder of pocket weights.

        Raises ModelError for anything else: the soft prior's confidence is fitted for the pocket
        encoder alone.
        """
        folder = weights.FOLDER if str(model) == "pocket" else Path(model)
        if not any(folder.glob("joint-picture*.safetensors")):
            raise ModelError(f"{model}: restyle looks by pocket weights; give 'pocket' or a folder")
        return cls(Look(load_joint(folder).to(torch.device(device or "cpu"))), name=str(model))

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
            strength, prior, keep, effects: see `RestyleSettings`.
            rules: a TOML file or rules in place of the package's own.
            seed: of the excerpts that are listened to.
            progress: told each step in a few words.

        Raises:
            OptionError: values out of range. MediaError: an unreadable picture or sound.
            DataError: unreadable rules.
        """
        asked = RestyleSettings(strength, prior, tuple(keep), effects)
        if not isinstance(seed, int) or seed < 0:
            raise OptionError(f"seed {seed!r}: expected 0 or more")
        tell = progress or (lambda _: None)
        table = read_rules(rules) if rules is None or isinstance(rules, str | Path) else rules
        pictures = _picture(before), _picture(after)
        recording = Recording.open(sound)
        tell("looking")
        change, wanted = self._look(*pictures, tuple(table), asked)
        if recording.is_silent:
            warnings.warn("the sound is silent and stays as it is", stacklevel=2)
            wanted = targets(change, (), prior="hard", strength=0.0)
        made = _restyled(recording, change, wanted, asked, seed, tell)
        made.provenance.update(self._provenance(pictures, recording, asked, made, seed))
        return made

    def _look(
        self, before: Picture, after: Picture, rules: tuple[Rule, ...], asked: RestyleSettings
    ) -> tuple[Delta, Targets]:
        moved = None
        if self.look is not None and asked.prior != "hard":
            moved = self.look.change(before, after)
        change = delta(before, after, embedding_change=moved)
        if not change.is_edit:
            warnings.warn(
                f"the pictures have little in common (unrelated {change.unrelated:.2f} of 1); "
                "expected one that was edited: the sound follows what differs",
                stacklevel=3,
            )
        soft = self.look.soft(moved) if self.look is not None and moved is not None else None
        return change, targets(change, rules, soft, prior=asked.prior, strength=asked.strength)

    def _provenance(
        self,
        pictures: tuple[Picture, Picture],
        recording: Recording,
        asked: RestyleSettings,
        made: Restyled,
        seed: int,
    ) -> dict[str, Any]:
        memory = isinstance(recording.source, Audio)
        file = None if memory else str(Path(str(recording.source)).resolve())
        return {
            "job": "restyle",
            "model": self.name,
            "versions": {"sonolume": __version__, "torch": str(torch.__version__)},
            "sound": {"file": file, "sha256": recording.sha256()},
            "pictures": [hashlib.sha256(p.pixels.tobytes()).hexdigest() for p in pictures],
            "settings": {
                "strength": asked.strength,
                "prior": asked.prior,
                "keep": list(asked.keep),
                "effects": asked.effects,
            },
            "seed": seed,
            "strength_used": made.strength_used,
            "targets": made.targets.values,
            "chain": made.rendering.chain.as_list(),
            "frames": made.rendering.frames,
            "limited": made.rendering.limited,
        }


def _restyled(
    recording: Recording,
    change: Delta,
    wanted: Targets,
    asked: RestyleSettings,
    seed: int,
    tell: Step,
) -> Restyled:
    if max(map(abs, wanted.values.values())) < UNHEARD:
        rendering = Rendering(recording, Chain(), recording.frames, False, {})
        still = dict.fromkeys(wanted.values, 0.0)
        return Restyled(
            rendering, change, wanted, still, (), UNTOUCHED.kept, asked.strength, asked.strength, ()
        )
    parts = stretches(recording)
    samples, rate = excerpts(parts, recording.rate, seed)
    unit = {name: value / asked.strength for name, value in wanted.values.items()}
    found = search(samples, rate, unit, effects=asked.effects, strength=asked.strength, tell=tell)
    tell("listening")
    settled = _settled(parts, recording.rate, found, asked)
    tell("setting the level")
    chain = _chain(found, settled.share)
    rendering = level(recording, chain, wanted.values["loudness"] * LOUDNESS * settled.share)
    moved = heard(samples, rate, rendering.chain)
    used = asked.strength * settled.share
    if settled.lost:
        _tell_loss(settled, asked.strength, used)
    applied = _applied(found, settled.share, rendering.chain)
    return Restyled(
        rendering, change, wanted, moved, applied, settled.kept, asked.strength, used, settled.lost
    )


def _settled(parts: list[NDArray[Any]], rate: int, found: Found, asked: RestyleSettings) -> Settled:
    if not found.chosen:
        return UNTOUCHED
    return settle(parts, rate, lambda share: _chain(found, share), asked.keep)


def _tell_loss(settled: Settled, strength: float, used: float) -> None:
    warnings.warn(
        f"strength {strength:g} would break the {' and the '.join(settled.lost)} of the sound; "
        f"{used:.2g} is used (keep says what is held)",
        stacklevel=4,
    )


def _chain(found: Found, share: float) -> Chain:
    return chain_of(found.chosen, [share * amount for amount in found.amounts])


def _applied(found: Found, share: float, chain: Chain) -> tuple[Applied, ...]:
    """The effects of a chain, with their moves; a gain was no move."""
    by_name = {m.effect.name: (m, a) for m, a in zip(found.chosen, found.amounts, strict=True)}
    applied = []
    for step in chain.active().steps:
        name = step.effect.name
        settings = {key: float(value[0]) for key, value in step.values.items()}
        if name in by_name:
            move, amount = by_name[name]
            applied.append(Applied(name, share * amount, settings, move.doc))
            continue
        raised = settings["level"]
        doc = "louder" if raised > 0 else "quieter"
        applied.append(Applied(name, abs(raised) / REACH, settings, doc))
    return tuple(applied)


def _picture(picture: Source | Picture) -> Picture:
    return picture if isinstance(picture, Picture) else Picture.read(picture)
