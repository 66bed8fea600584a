"""Which generator the diffusion engine takes."""

from collections.abc import Callable
from pathlib import Path

from sonolume.models.joint import JointEncoder
from sonolume.pipelines.restyle.engine_parts import Generator

__all__ = ["choose_generator"]


def choose_generator(
    folder: Path, device: str | None, joint: Callable[[], JointEncoder]
) -> Generator:
    """The pocket generator of a folder of pocket weights.

    Args:
        folder: of the generator.
        device: of its networks.
        joint: gives the joint encoder.

    Raises ModelError for weights that are missing or broken.
    """
    from sonolume.pipelines.restyle.engine_pocket import load_pocket_generator

    return load_pocket_generator(joint(), folder, device)
