"""Does the controller hear which effects made a sound of another, and how far they were turned?"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sonolume.data.restyle_pairs import drawn_pairs
from sonolume.data.restyle_sounds import read_split
from sonolume.data.restyle_table import Pairs
from sonolume.evaluation.result import Evaluation, settings
from sonolume.hub import weights
from sonolume.hub.joint import load_joint
from sonolume.hub.style import BASELINE, MAP, load_baseline, load_controller, load_heads, load_map
from sonolume.models.joint import JointEncoder
from sonolume.pipelines.restyle.chains.palette import Palette, palette
from sonolume.training.activity import active_rmse, macro_f1
from sonolume.training.proposals import Proposals, proposals
from sonolume.training.restyle_inputs import encode, mapped, style_shares, whole

__all__ = ["CONTROLLER_DEFINITIONS", "controller_figures", "evaluate_controller", "guess_figures"]

PAIRS: Final = 1024
DRAWN: Final = 4096

CONTROLLER_DEFINITIONS: Final = {
    "active_rmse": "root mean square error of the shares 0 to 1 of controls whose effect is truly "
    "active, an effect that was missed counting with its bypass; the heads come from the pair",
    "activity_f1": "F1 of which effects are active, mean over effects",
    "mapped_active_rmse": "the same where the heads come from the ten changes of cues alone",
    "baseline_active_rmse": "the published design, of 24 style words and one embedding, trained on "
    "the same pairs",
    "mean_active_rmse": "the mean setting of all pairs, active or not, for every pair",
    "on_active_rmse": "every effect on, at the mean setting of those that are active",
}


def controller_figures(
    data: Path,
    *,
    models: Path = weights.FOLDER,
    split: str = "validation",
    pairs: int = PAIRS,
    seed: int = 0,
    joint: JointEncoder | None = None,
) -> dict[str, float]:
    """`CONTROLLER_DEFINITIONS` on new pairs of the sounds of a split, which no training saw.

    The map's and the baseline's figures are there if `models` holds their weights. Thresholds are
    those that were fitted in training, on sounds apart from these.

    Raises ModelError where there is no controller; DataError where the split has no sounds.
    """
    controller = load_controller(models)
    encoder = joint or load_joint(models if any(models.glob("joint-*")) else weights.FOLDER)
    found = palette(controller.config.palette)
    drawn = drawn_pairs(read_split(data, split), found, encoder, pairs, seed=seed)
    rows = drawn.of("held")
    sound = whole(drawn, rows)
    named = weights.names(models)
    ways: dict[str, Callable[[], tuple[Proposals, NDArray[np.float32]]]] = {
        "": lambda: (
            proposals(controller, drawn, rows, (*encode(load_heads(models), drawn, rows), *sound)),
            controller.thresholds.numpy(),
        )
    }
    if MAP in named:
        ways["mapped_"] = lambda: (
            proposals(controller, drawn, rows, (*mapped(load_map(models), drawn.steps), *sound)),
            controller.mapped_thresholds.numpy(),
        )
    if BASELINE in named:
        ways["baseline_"] = lambda: _baseline(models, encoder, drawn, rows)
    figures = guess_figures(found, drawn, seed)
    for name, way in ways.items():
        told, thresholds = way()
        figures |= {f"{name}{key}": value for key, value in told.figures(thresholds).items()}
    return figures


def evaluate_controller(
    models: Path,
    data: Path,
    *,
    split: str = "validation",
    limit: int | None = None,
    seed: int = 0,
) -> Evaluation:
    """`controller_figures` as an evaluation; ``limit`` pairs."""
    figures = controller_figures(data, models=models, split=split, pairs=limit or PAIRS, seed=seed)
    hashes = {name: weights.sha256(name, models) for name in weights.names(models)}
    facts = settings(data, split, hashes, limit=limit or PAIRS, seed=seed)
    result = Evaluation("controller", facts, definitions=dict(CONTROLLER_DEFINITIONS))
    for name, value in figures.items():
        guessed = name.startswith(("mean_", "on_", "baseline_"))
        (result.controls if guessed else result.metrics)[name] = value
    return result


def _baseline(
    models: Path, joint: JointEncoder, drawn: Pairs, rows: NDArray[np.int64]
) -> tuple[Proposals, NDArray[np.float32]]:
    network = load_baseline(models)
    read = style_shares(joint, drawn, rows), whole(drawn, rows)[1]
    return proposals(network, drawn, rows, read), network.thresholds.numpy()


def guess_figures(found: Palette, drawn: Pairs, seed: int) -> dict[str, float]:
    """Controls that hear nothing, `mean_` and `on_`: settings drawn like those of the pairs."""
    rng = np.random.default_rng([seed, 1])
    orders, shares = zip(*(found.draw(1, rng) for _ in range(DRAWN)), strict=True)
    settings = np.concatenate(shares)
    on = np.stack([np.isin(np.arange(len(found.items)), order) for order in orders])
    owned = on[:, found.owners]
    truth, active = drawn.shares.numpy(), drawn.active.numpy()
    always = np.ones_like(active)
    guesses = {
        "mean": settings.mean(0),
        "on": np.where(owned, settings, 0).sum(0) / owned.sum(0),
    }
    told = {
        f"{name}_active_rmse": active_rmse(
            np.broadcast_to(guess, truth.shape).astype(np.float32), truth, active, found.owners
        )
        for name, guess in guesses.items()
    }
    return {**told, "on_activity_f1": macro_f1(always, active)}
