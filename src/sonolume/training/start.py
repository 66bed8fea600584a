"""Earlier weights that a stage goes on from or builds upon."""

from collections.abc import Collection
from pathlib import Path

from torch import Tensor, nn

from sonolume.data.concepts import concepts
from sonolume.errors import ModelError, OptionError
from sonolume.hub import weights
from sonolume.hub.joint import load_word_tower
from sonolume.models.tokenizer import WordTokenizer
from sonolume.models.words import WordTower


def start_from(
    model: nn.Module,
    name: str,
    folder: Path | None,
    *,
    beside: Collection[str] = (),
    without: str | None = None,
    commercial: bool = False,
) -> None:
    """Load the weights `name` of `folder`, if one is given, into `model`.

    `beside` are tensors of the file that are not the model's; parameters of the model whose names
    (after a dot) contain `without` are not in the file. Raises ModelError when the weights do not
    fit, and as `check_terms` does.
    """
    if folder is None:
        return
    check_terms(name, folder, commercial=commercial)
    tensors = {k: v for k, v in weights.load(name, folder)[0].items() if k not in beside}
    try:
        missing, odd = model.load_state_dict(tensors, strict=False)
    except RuntimeError as error:
        raise ModelError(f"{folder}: {name} has other shapes than the recipe's network") from error
    odd += [key for key in missing if without is None or without not in f".{key}"]
    if odd:
        raise ModelError(f"{folder}: {name} is of another network than the recipe's ({odd[0]})")


def read_word_tower(folder: Path, *, commercial: bool) -> tuple[WordTower, WordTokenizer]:
    """The frozen word tower of `folder` that a stage builds upon; raises as `check_terms` does."""
    check_terms("joint-words", folder, commercial=commercial)
    return load_word_tower(folder)


def read_anchors(folder: Path) -> Tensor:
    """Where the concepts lie, [concepts, 512], as the word tower of `folder` was saved with.

    They are not computed anew: all towers go to the same places, whatever the phrasebook has
    become. Raises ModelError when these weights are of other concepts.
    """
    tensors, metadata = weights.load("joint-words", folder)
    if tuple(metadata["concepts"]) != tuple(c.slug for c in concepts()):
        raise ModelError(f"{folder}: joint-words knows other concepts; train it again")
    return tensors["anchors"].float()


def check_terms(name: str, folder: Path, *, commercial: bool) -> None:
    """Raise OptionError when a commercial run would build upon weights that are not."""
    if commercial and not weights.header(name, folder).metadata.get("commercial"):
        raise OptionError(
            f"{folder}: {name} was trained on data for non-commercial use too; "
            "train it with --commercial first"
        )
