"""Builds unconditional pixel priors: `UNet2DModel` of diffusers, with its scheduler's file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from sonolume.errors import ModelError
from sonolume.hub.building import frozen
from sonolume.hub.download import needs_full
from sonolume.hub.layout import Layout, require
from sonolume.hub.pretrained import loading, network, read_json
from sonolume.hub.stable_diffusion import read_schedule

KIND: Final = "UNet2DModel"
# Newer folders have a part each, older ones everything at the top.
PARTS: Final[Layout] = {
    "unet": ("config.json", "diffusion_pytorch_model.safetensors"),
    "scheduler": ("scheduler_config.json",),
}
FLAT: Final[Layout] = {
    ".": ("config.json", "diffusion_pytorch_model.safetensors", "scheduler_config.json")
}


@dataclass(frozen=True)
class Unconditional:
    """A frozen network, α² of its training steps [T], what it predicts, its pictures' side."""

    network: Any
    alphas_cumprod: Tensor
    prediction: Any
    side: int


def layout_of(folder: Path) -> Layout | None:
    """How an unconditional model lies in `folder`; None when there is none."""
    for layout, part in ((PARTS, "unet"), (FLAT, ".")):
        config = folder / part / "config.json"
        if config.is_file() and read_json(config).get("_class_name") == KIND:
            return layout
    return None


def load_unconditional(folder: Path, device: torch.device) -> Unconditional:
    """The network and schedule of a folder, in float32.

    Raises ModelError when a file is missing or broken, or the model does not paint RGB pictures by
    a schedule of betas.
    """
    layout = layout_of(folder)
    if layout is None:
        raise ModelError(f"{folder}: no {KIND} of diffusers in it")
    require(folder, layout)
    try:
        from diffusers import UNet2DModel
    except ImportError as error:
        raise needs_full(error) from error
    parts = ("unet", "scheduler") if layout is PARTS else (".", ".")
    schedule = folder / parts[1] / "scheduler_config.json"
    with loading(folder):
        unet = network(UNet2DModel, folder / parts[0])
    _check(folder, unet.config, read_json(schedule))
    alphas, prediction = read_schedule(schedule)
    return Unconditional(frozen(unet.to(device)), alphas, prediction, int(unet.config.sample_size))


def _check(folder: Path, config: Any, schedule: dict[str, Any]) -> None:
    channels = (config.in_channels, config.out_channels)
    if channels not in ((3, 3), (3, 6)) or not isinstance(config.sample_size, int):
        raise ModelError(
            f"{folder}: {channels[0]} channels in, {channels[1]} out, side {config.sample_size}; "
            "expected square RGB pictures"
        )
    if config.class_embed_type or config.num_class_embeds:
        raise ModelError(f"{folder}: conditional on classes; give an unconditional model")
    # Schedulers of other families would pass for DDPM's default betas.
    if "beta_start" not in schedule and not schedule.get("trained_betas"):
        kind = schedule.get("_class_name", "its scheduler")
        raise ModelError(f"{folder}: {kind} has no betas; give a model that was trained as DDPM")
