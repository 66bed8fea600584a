"""Pairs of a sound and the same sound under effects of known settings, as features in files.

After the inverse mapping of a published controller: one or two effects in any order, well off
their bypass, the level of the result that of the sound. Otherwise: recordings are in one part
alone, tails ring on, effects that are not drawn are not in the chain, and nothing is cropped at
random.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sonolume.data.restyle_listening import Heard, Listener, steps_between
from sonolume.data.restyle_sounds import PARTS, Stretches, read_remixes, read_stretches
from sonolume.data.restyle_table import Pairs, as_pairs, read_rows
from sonolume.errors import OptionError
from sonolume.media.atomic import atomic_path
from sonolume.models.joint import JointEncoder
from sonolume.pipelines.restyle.chains.palette import Palette
from sonolume.pipelines.restyle.chains.surrogates import lost_each, traces
from sonolume.signal.mel import RATE
from sonolume.signal.rack import process

__all__ = ["Plan", "changed", "drawn_pairs", "pair_files"]

AT_ONCE: Final = 16  # rows that are rendered together
SAME: Final = 2  # rows of one setting, on different sounds
BATCHES: Final = 32  # of a file, at most
OTHERS: Final = 6  # times fewer pairs in the parts that are not trained on
LOUDEST: Final = 100.0  # factor on a result, at most, to bring it to the level of its sound

Rows = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Plan:
    """What a folder of pairs holds; written beside them, so that none of another kind get in.

    Attributes:
        palette: its name.
        rows: of each part of `PARTS`.
        seed: of sounds and settings.
        data: the name of the folder of sounds.
        remixes: that of the folder of remixes, or "".
        commercial: whether all sounds are licensed for commercial use.
    """

    palette: str
    rows: tuple[int, int, int]
    seed: int
    data: str
    remixes: str
    commercial: bool


def pair_files(
    data: Path,
    out: Path,
    palette: Palette,
    joint: JointEncoder,
    *,
    train: int = 6144,
    seed: int = 0,
    remixes: Path | None = None,
    commercial: bool = False,
) -> tuple[Plan, list[Callable[[], None]]]:
    """What to call, one after another, so that `out` holds pairs as `read_pairs` reads them.

    `train` pairs, and a sixth as many for each other part, rounded up to 16. Every file of up to
    512 rows is drawn by the seed and its own number, and left alone where it is: a run that was
    interrupted goes on where it stopped, to the same pairs.

    Raises OptionError where `out` holds other pairs or cannot be written; DataError for sounds
    that cannot be read.
    """
    batches = [-(-train // AT_ONCE), *[-(-train // (OTHERS * AT_ONCE))] * 2]
    rows = (AT_ONCE * batches[0], AT_ONCE * batches[1], AT_ONCE * batches[2])
    other = "" if remixes is None else remixes.resolve().name
    plan = Plan(palette.name, rows, seed, data.resolve().name, other, commercial)
    stretches = read_stretches(data, commercial=commercial)
    mixes = None if remixes is None else read_remixes(remixes)
    _claim(out, plan)
    listener = Listener(joint)
    sounds = _Sounds(stretches, listener, out / "stretches.npz")
    files: list[Callable[[], None]] = []
    for part, at in ((p, a) for p, n in enumerate(batches) for a in range(0, n, BATCHES)):
        rng = np.random.default_rng([seed, part, at // BATCHES])
        drawn = partial(_drawn, sounds, part, min(BATCHES, batches[part] - at), palette, rng)
        files.append(partial(_write, out / f"{PARTS[part]}-{at // BATCHES:04d}.npz", drawn))
    if mixes is not None:
        originals, others = mixes
        mixed = _Sounds(originals, listener, out / "stretches-remixed.npz")
        files.append(partial(_write, out / "remixed.npz", partial(_mixed, mixed, others, palette)))
    return plan, files


def drawn_pairs(
    stretches: Stretches, palette: Palette, joint: JointEncoder, count: int, *, seed: int = 0
) -> Pairs:
    """`count` pairs, rounded up to 16, of the held stretches; in memory."""
    sounds = _Sounds(stretches, Listener(joint))
    rng = np.random.default_rng([seed, PARTS.index("held")])
    rows = _drawn(sounds, PARTS.index("held"), -(-count // AT_ONCE), palette, rng)
    return as_pairs(palette, sounds.features, rows, commercial=False)


def _claim(out: Path, plan: Plan) -> None:
    page = out / "plan.json"
    text = json.dumps(asdict(plan), indent=1) + "\n"
    try:
        out.mkdir(parents=True, exist_ok=True)
        there = page.read_text("utf-8") if page.exists() else None
    except OSError as error:
        raise OptionError(f"{out} cannot be written ({error.strerror})") from error
    if there not in (None, text):
        raise OptionError(f"{out} holds other pairs ({page}); choose another folder")
    with atomic_path(page, force=True) as temporary:
        temporary.write_text(text, "utf-8")


def _write(path: Path, make: Callable[[], Rows]) -> None:
    """The file, unless it is there."""
    if path.exists():
        return
    with atomic_path(path) as temporary:
        arrays: dict[str, Any] = make()
        np.savez(temporary, **arrays)


class _Sounds:
    """Stretches [S], with what every pair of theirs asks for: features and traces [S, n].

    The features are kept in a file, if there is one, which is written where it is not there.
    """

    def __init__(self, stretches: Stretches, listener: Listener, path: Path | None = None) -> None:
        self.stretches, self.listener, self.path = stretches, listener, path

    @cached_property
    def features(self) -> Rows:
        if self.path is None:
            return _stretch_rows(self.stretches, self.listener)
        _write(self.path, lambda: _stretch_rows(self.stretches, self.listener))
        return read_rows(self.path)

    @cached_property
    def cues(self) -> Tensor:
        return torch.from_numpy(self.features["cues"])

    @cached_property
    def traces(self) -> list[Tensor]:
        with torch.inference_mode():
            parts = [traces(batch, RATE) for batch in _batches(self.stretches.samples)]
        return [torch.cat(kind) for kind in zip(*parts, strict=True)]


def _stretch_rows(stretches: Stretches, listener: Listener) -> Rows:
    heard = [listener(part) for part in _batches(stretches.samples)]
    found = _joined([_features(each) for each in heard])
    return {**found, "parts": stretches.parts, "groups": np.array(stretches.groups)}


def _batches(samples: NDArray[np.float32]) -> Iterator[Tensor]:
    for start in range(0, len(samples), AT_ONCE):
        yield torch.from_numpy(samples[start : start + AT_ONCE, None])


def _features(heard: Heard) -> Rows:
    return {
        "mels": heard.mels.numpy().astype(np.float16),
        "cues": heard.cues.numpy(),
        "embeddings": heard.embeddings.numpy().astype(np.float16),
    }


def _joined(parts: list[Rows]) -> Rows:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _drawn(
    sounds: _Sounds, part: int, batches: int, palette: Palette, rng: np.random.Generator
) -> Rows:
    among = np.flatnonzero(sounds.stretches.parts == part)
    rows = []
    for _ in range(batches):
        # Of few sounds all, again and again: equal settings never meet one sound twice in a row.
        drawn = rng.choice(among, min(AT_ONCE, len(among)), replace=False)
        chosen = np.resize(drawn, AT_ONCE)
        order, settings = palette.draw(AT_ONCE // SAME, rng)
        shares = np.repeat(settings, SAME, axis=0)
        before = torch.from_numpy(sounds.stretches.samples[chosen][:, None])
        after = changed(before, palette, order, torch.from_numpy(shares))
        first, numbers = int(rng.integers(2**62)), np.arange(AT_ONCE) // SAME
        row = _row(sounds, chosen, after)
        row["settings"] = first + numbers
        row["shares"] = shares
        row["order"] = np.tile(_padded(order, palette.most), (AT_ONCE, 1))
        rows.append(row)
    return _joined(rows)


def changed(before: Tensor, palette: Palette, order: list[int], shares: Tensor) -> Tensor:
    """Sounds [B, 1, N] through items of a palette at shares [B, P], at their level of before."""
    with torch.inference_mode():
        after = process(before, palette.chain(order, shares), RATE)
        powers = [s.square().mean(-1, keepdim=True) for s in (before, after)]
        factor = (powers[0] / powers[1].clamp(min=1e-12)).sqrt().clamp(max=LOUDEST)
        matched: Tensor = after * factor
    return matched


def _row(sounds: _Sounds, chosen: NDArray[Any], after: Tensor) -> Rows:
    heard, before = sounds.listener(after), [trace[chosen] for trace in sounds.traces]
    features = _features(heard)
    del features["cues"]
    return {
        **features,
        "steps": steps_between(sounds.cues[chosen], heard.cues).numpy(),
        "lost": lost_each(before, heard.traces).numpy(),
        "stretch": chosen.astype(np.int32),
    }


def _padded(order: list[int], most: int) -> NDArray[np.int8]:
    return np.array([*order, *[-1] * (most - len(order))], np.int8)


def _mixed(sounds: _Sounds, remixes: NDArray[np.float32], palette: Palette) -> Rows:
    count = len(remixes)
    places = np.split(np.arange(count), range(AT_ONCE, count, AT_ONCE))
    pairs = zip(places, _batches(remixes), strict=True)
    return {
        **_joined([_row(sounds, where, after) for where, after in pairs]),
        "settings": np.full(count, -1),
        "shares": np.tile(palette.bypass, (count, 1)),
        "order": np.full((count, palette.most), -1, np.int8),
    }
