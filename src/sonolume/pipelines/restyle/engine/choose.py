"""Which generator the diffusion engine takes."""

from pathlib import Path

from sonolume.hub import weights
from sonolume.hub.joint import load_joint
from sonolume.pipelines.restyle.engine.parts import Generator

__all__ = ["choose_generator"]


def choose_generator(name: str | Path, device: str | None = None) -> Generator:
    """The pocket generator of a folder of pocket weights, else AudioLDM 2 or Stable Audio.

    Args:
        name: "pocket", a folder, or a name on the hub.
        device: of its networks.

    Raises ModelError for weights that are missing or broken.
    """
    folder = weights.FOLDER if str(name) == "pocket" else Path(name)
    if any(folder.glob("joint-*.safetensors")):
        from sonolume.pipelines.restyle.engine.pocket import load_pocket_generator

        return load_pocket_generator(load_joint(folder), folder, device)
    from sonolume.pipelines.restyle.engine.full import load_full_generator

    return load_full_generator(name, device)
