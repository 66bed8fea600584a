"""Frozen nets of others, for distillation, perceptual losses and judging; never shipped."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, overload

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from sonolume.errors import ModelError
from sonolume.models.teachers.audioset import AudioSetMn04
from sonolume.models.teachers.mobilenet_v1 import MobileNetV1
from sonolume.models.teachers.mobilenet_v2 import MobileNetV2
from sonolume.models.teachers.perceptual import feature_distance
from sonolume.models.teachers.pixels import enlarge
from sonolume.models.teachers.squeezenet import SqueezeNet

__all__ = [
    "TEACHERS",
    "AudioSetMn04",
    "MobileNetV1",
    "MobileNetV2",
    "SqueezeNet",
    "enlarge",
    "feature_distance",
    "load_teacher",
]

TEACHERS: dict[str, type[nn.Module]] = {
    "audioset_mn04": AudioSetMn04,
    "imagenet_mobilenet_v1": MobileNetV1,
    "imagenet_mobilenet_v2": MobileNetV2,
    "imagenet_squeezenet11": SqueezeNet,
}


@overload
def load_teacher(name: Literal["audioset_mn04"], folder: Path) -> AudioSetMn04: ...
@overload
def load_teacher(name: Literal["imagenet_mobilenet_v1"], folder: Path) -> MobileNetV1: ...
@overload
def load_teacher(name: Literal["imagenet_mobilenet_v2"], folder: Path) -> MobileNetV2: ...
@overload
def load_teacher(name: Literal["imagenet_squeezenet11"], folder: Path) -> SqueezeNet: ...
@overload
def load_teacher(name: str, folder: Path) -> nn.Module: ...
def load_teacher(name: str, folder: Path) -> nn.Module:
    """The net called `name` with the weights of `folder/NAME.safetensors`, fp32 and frozen.

    It is in eval mode and its parameters take no gradient; inputs still do.

    Raises ModelError for an unknown name and for a file that is missing, unreadable or holds
    other tensors than the net.
    """
    if name not in TEACHERS:
        raise ModelError(f"{name}: unknown teacher; choose one of {', '.join(TEACHERS)}")
    path = folder / f"{name}.safetensors"
    if not path.is_file():
        raise ModelError(f"{path}: no teacher weights there; give the folder that holds the file")
    net = TEACHERS[name]()
    try:
        weights = {key: tensor.float() for key, tensor in load_file(path).items()}
        net.load_state_dict(weights)
    except (SafetensorError, OSError) as error:
        raise ModelError(
            f"{path}: not readable as safetensors ({error}); fetch it again"
        ) from error
    except RuntimeError as error:
        raise ModelError(f"{path}: tensors do not fit {name}; fetch the right file") from error
    return net.eval().requires_grad_(False)
