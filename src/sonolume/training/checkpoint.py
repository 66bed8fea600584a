"""Checkpoints of a run: complete or absent, tensors only.

A checkpoint is a folder `state-STEP` that appears and disappears by one rename; the one before is
kept until the next is complete.
"""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from sonolume.errors import ModelError, OptionError
from sonolume.training.average import WeightAverage

_WRITING, _DROPPING = ".writing-", ".dropping-"


def save_state(
    folder: Path,
    step: int,
    facts: dict[str, Any],
    tracked: dict[str, Tensor],
    optimizer: torch.optim.Optimizer,
    average: WeightAverage,
) -> Path:
    """Write the checkpoint of `step`, unless it is there, and drop all but the newest two.

    Raises OptionError when it cannot be written; older checkpoints stay.
    """
    _sweep(folder)
    target = folder / f"state-{step:08d}"
    if target.exists():
        return target
    beside = folder / f"{_WRITING}{step:08d}"
    try:
        beside.mkdir(parents=True)
        _write(beside / "weights.safetensors", tracked)
        _write(beside / "average.safetensors", average.values)
        _write(beside / "optimizer.safetensors", _flatten(tracked, optimizer))
        (beside / "state.json").write_text(json.dumps({"step": step, **facts}, indent=1), "utf-8")
        for page in (*beside.iterdir(), beside):
            _sync(page)
        beside.replace(target)
        _sync(folder)
    except (OSError, SafetensorError) as error:
        raise OptionError(
            f"{target}: checkpoint cannot be written ({error}); free space or choose another folder"
        ) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    for old in checkpoints(folder)[:-2]:
        old.replace(old.with_name(f"{_DROPPING}{old.name}"))
    _sweep(folder)
    return target


def load_state(
    folder: Path,
    tracked: dict[str, Tensor],
    optimizer: torch.optim.Optimizer,
    average: WeightAverage,
) -> dict[str, Any] | None:
    """Restore the newest checkpoint under `folder`; None when there is none.

    Raises ModelError when it cannot be read or its tensors are not those of the model.
    """
    found = checkpoints(folder)
    if not found:
        return None
    try:
        weights = load_file(found[-1] / "weights.safetensors")
        averages = load_file(found[-1] / "average.safetensors")
        moments = load_file(found[-1] / "optimizer.safetensors")
        facts: dict[str, Any] = json.loads((found[-1] / "state.json").read_text("utf-8"))
    except (OSError, ValueError, SafetensorError) as error:
        raise ModelError(f"{found[-1]}: unreadable checkpoint ({error})") from error
    shapes = {key: tensor.shape for key, tensor in tracked.items()}
    for stored in (weights, averages):
        odd = sorted(dict(shapes.items() ^ {k: v.shape for k, v in stored.items()}.items()))[:3]
        if odd:
            raise ModelError(f"{found[-1]}: checkpoint of another model (differs in {odd})")
    with torch.no_grad():
        for key, tensor in tracked.items():
            tensor.copy_(weights[key])
            average.values[key].copy_(averages[key])
    _restore(tracked, optimizer, moments)
    return facts


def checkpoints(folder: Path) -> list[Path]:
    """The complete checkpoints under `folder`, oldest first."""
    return sorted(folder.glob("state-*"))


def _sweep(folder: Path) -> None:
    """Remove what a run that was killed left half-written or half-removed."""
    for prefix in (_WRITING, _DROPPING):
        for rest in folder.glob(f"{prefix}*"):
            shutil.rmtree(rest, ignore_errors=True)


def _flatten(tracked: dict[str, Tensor], optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    names = {id(p): k for k, p in tracked.items()}
    return {
        f"{names[id(p)]}|{kind}": torch.as_tensor(value)
        for p, state in optimizer.state.items()
        for kind, value in state.items()
    }


def _restore(
    tracked: dict[str, Tensor],
    optimizer: torch.optim.Optimizer,
    moments: dict[str, Tensor],
) -> None:
    fused = bool(optimizer.defaults.get("fused"))
    for joined, value in moments.items():
        name, kind = joined.rsplit("|", 1)
        parameter = tracked[name]
        # Copies: the file's memory map may be less aligned than torch's own memory. Steps are
        # counted in memory of the host, but for an optimizer that is one kernel.
        if kind != "step":
            value = value.to(parameter.dtype)
        where = "cpu" if kind == "step" and not fused else parameter.device
        optimizer.state[parameter][kind] = value.to(where, copy=True)


def _write(path: Path, tensors: dict[str, Tensor]) -> None:
    save_file({k: v.detach().cpu().contiguous() for k, v in tensors.items()}, path)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
