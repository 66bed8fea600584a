"""Builds Stable Diffusion 1.x from a folder in the layout of diffusers."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sonolume.errors import ModelError
from sonolume.hub.building import frozen
from sonolume.hub.download import needs_full
from sonolume.hub.layout import STABLE_DIFFUSION, require
from sonolume.hub.pretrained import loading, network, read_json, unusable
from sonolume.models.full.encoders import LENGTH, ClipWords

SCHEDULE_KEYS = frozenset(
    {
        "num_train_timesteps",
        "beta_start",
        "beta_end",
        "beta_schedule",
        "trained_betas",
        "rescale_betas_zero_snr",
    }
)


@dataclass(frozen=True)
class StableDiffusion:
    """Its networks, frozen; α² of each training step [T]; and what its U-Net predicts."""

    unet: Any
    vae: Any
    words: ClipWords
    alphas_cumprod: Tensor
    prediction: Any


def load_stable_diffusion(
    folder: Path, device: torch.device, dtype: torch.dtype
) -> StableDiffusion:
    """Load the parts that painting needs; the safety checker is none of them.

    Raises ModelError when a file is missing or broken, or the model is of another family.
    """
    require(folder, STABLE_DIFFUSION)
    try:
        from diffusers import AutoencoderKL, UNet2DConditionModel
        from transformers import CLIPTextModel, CLIPTokenizer
    except ImportError as error:
        raise needs_full(error) from error
    _check_unet(folder, read_json(folder / "unet" / "config.json"))
    with loading(folder):
        unet = network(UNet2DConditionModel, folder / "unet", torch_dtype=dtype)
        vae = network(AutoencoderKL, folder / "vae", torch_dtype=dtype)
        text = network(CLIPTextModel, folder / "text_encoder", dtype=dtype)
        tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True)
    _check_text(folder, unet.config.cross_attention_dim, text.config)
    # The decoder's activations for one picture are larger than all its weights.
    vae.enable_slicing()
    alphas, prediction = read_schedule(folder / "scheduler" / "scheduler_config.json")
    return StableDiffusion(
        frozen(unet.to(device)),
        frozen(vae.to(device)),
        ClipWords(tokenizer, frozen(text.to(device))),
        alphas,
        prediction,
    )


def read_schedule(path: Path) -> tuple[Tensor, str]:
    """α² of each training step [T], and the kind of prediction, of any diffusers scheduler's file.

    Raises ModelError when the file holds no such schedule.
    """
    from diffusers import DDPMScheduler

    config = read_json(path)
    kind: Any = DDPMScheduler
    try:
        scheduler = kind(**{k: v for k, v in config.items() if k in SCHEDULE_KEYS})
    except (NotImplementedError, TypeError, ValueError) as error:
        raise unusable(path, error) from error
    return scheduler.alphas_cumprod, str(config.get("prediction_type", "epsilon"))


def _check_unet(folder: Path, config: dict[str, Any]) -> None:
    channels = (config.get("in_channels", 4), config.get("out_channels", 4))
    if channels != (4, 4) or config.get("addition_embed_type") or config.get("class_embed_type"):
        raise ModelError(
            f"{folder}: not Stable Diffusion 1.x or 2.x as painted from words (inpainting models "
            "and XL differ); give a model such as sd15"
        )


def _check_text(folder: Path, width: int, config: Any) -> None:
    if config.hidden_size != width or config.max_position_embeddings < LENGTH:
        raise ModelError(
            f"{folder}: the text encoder gives {config.max_position_embeddings} tokens of width "
            f"{config.hidden_size}; the U-Net reads {LENGTH} of width {width}"
        )
