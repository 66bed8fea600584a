"""Weights that travel inside the package: safetensors files, half precision, in small shards.

A model NAME is ``NAME.safetensors`` or ``NAME-00001-of-00003.safetensors`` and its fellows. The
header of each file holds one key, ``sonolume``, whose JSON says what the weights are (``metadata``)
and which set of shards the file belongs to (``set``: SHA-256 over the names, types, shapes and
values of all tensors). A shard of another set is refused, so a save that was cut short between two
files is never loaded, and ``verify`` needs no list of hashes beside the files.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sonolume.errors import ModelError, OptionError
from sonolume.media.atomic import atomic_path

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "FOLDER",
    "SHARD_BYTES",
    "Header",
    "files",
    "header",
    "load",
    "names",
    "save",
    "sha256",
    "verify",
]

FOLDER: Final = Path(__file__).resolve().parents[1] / "weights"
SHARD_BYTES: Final = 15_000_000  # below the 16 MB that a file in the repository may have

_KEY = "sonolume"
_NAME = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
_FILE = re.compile(r"(?P<name>[^.].*?)(?:-(?P<number>\d{5})-of-(?P<count>\d{5}))?\.safetensors")


@dataclass(frozen=True)
class Header:
    """What can be known of a model without reading its tensors."""

    name: str
    metadata: dict[str, Any]
    parameters: int
    size: int
    """Bytes of all its files together."""


def names(folder: Path = FOLDER) -> tuple[str, ...]:
    """Names of the models in ``folder``, sorted."""
    return tuple(sorted({match["name"] for _, match in _listing(folder)}))


def files(name: str, folder: Path = FOLDER) -> tuple[Path, ...]:
    """The files of one model, in shard order.

    Raises:
        ModelError: no such model, a shard is missing, or two sets of shards stand side by side.
    """
    found = [(path, match) for path, match in _listing(folder) if match["name"] == name]
    if not found:
        known = ", ".join(names(folder)) or "none"
        raise ModelError(f"no weights named {name!r} in {folder} (there are: {known})")
    counts = {int(match["count"] or 1) for _, match in found}
    if len(counts) > 1 or len(found) > max(counts):
        raise ModelError(f"{folder}: two sets of files for {name!r}; save it again or reinstall")
    if len(found) < max(counts):
        missing = f"{len(found)} of {max(counts)} files"
        raise ModelError(f"{folder}: only {missing} of {name!r} are there; reinstall sonolume")
    return tuple(path for path, _ in found)


def header(name: str, folder: Path = FOLDER) -> Header:
    """Metadata, parameter count and size of one model; reads headers only.

    Raises:
        ModelError: as for `files`, or a file is broken or belongs to another set.
    """
    metadata, paths = _metadata(name, folder), files(name, folder)
    parameters = sum(_parameters(path) for path in paths)
    size = sum(path.stat().st_size for path in paths)
    return Header(name, metadata, parameters, size)


def load(name: str, folder: Path = FOLDER) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors by name and the metadata they were saved with.

    Floating-point tensors come as float32, others as they were saved.

    Raises:
        ModelError: as for `header`.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    metadata = _metadata(name, folder)
    tensors: dict[str, Tensor] = {}
    for path in files(name, folder):
        try:
            part = load_file(path)
        except (SafetensorError, OSError) as error:
            raise _broken(path, error) from error
        tensors.update((key, t.float() if t.is_floating_point() else t) for key, t in part.items())
    return tensors, metadata


def save(
    name: str, tensors: Mapping[str, Tensor], metadata: Mapping[str, Any], folder: Path = FOLDER
) -> tuple[Path, ...]:
    """Write a model in half precision and return its files; equal input gives equal bytes.

    Args:
        name: lower-case letters, digits, and single ``.``, ``_`` or ``-`` between them.
        tensors: floating-point ones are stored as float16, others as they are.
        metadata: anything JSON can hold, such as the configuration of the network.
        folder: existing folder; files of an older save of ``name`` are replaced.

    Raises:
        OptionError: the name is malformed, or the folder cannot be written.
        ModelError: nothing to save, a value that float16 cannot hold, a tensor above
            ``SHARD_BYTES``, or metadata that is not JSON.
    """
    from safetensors.torch import save as to_bytes
    from safetensors.torch import save_file

    if not _NAME.fullmatch(name):
        raise OptionError(f"{name!r} cannot name weights; use letters a-z, digits and '-'")
    if not tensors:
        raise ModelError(f"{name}: there are no tensors to save")
    halves = {key: _half(name, key, tensors[key]) for key in sorted(tensors)}
    shards = _shards(name, halves)
    tag = _encode(name, metadata, _digest([to_bytes(halves)]))
    paths = tuple(folder / _file_name(name, i, len(shards)) for i in range(len(shards)))
    old = {path for path, match in _listing(folder) if match["name"] == name}
    with ExitStack() as stack:
        targets = [stack.enter_context(atomic_path(path, force=True)) for path in paths]
        for target, shard in zip(targets, shards, strict=True):
            save_file(shard, target, metadata={_KEY: tag})
    for path in old.difference(paths):
        path.unlink()
    return paths


def sha256(name: str, folder: Path = FOLDER) -> str:
    """SHA-256 of a model's files in shard order, as ``cat NAME*.safetensors | sha256sum`` says."""
    digest = hashlib.sha256()
    for path in files(name, folder):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def verify(name: str, folder: Path = FOLDER) -> None:
    """Compare every value of a model with the digest in its header.

    Raises:
        ModelError: as for `header`, or the values are not the ones that were saved.
    """
    header(name, folder)
    paths = files(name, folder)
    if _digest(path.read_bytes() for path in paths) != _tag(paths[0])["set"]:
        raise ModelError(f"{folder}: the weights of {name!r} are damaged; reinstall sonolume")


def _metadata(name: str, folder: Path) -> dict[str, Any]:
    tags = [_tag(path) for path in files(name, folder)]
    if any(tag != tags[0] for tag in tags):
        raise ModelError(f"{folder}: the files of {name!r} were not saved together; reinstall")
    metadata: dict[str, Any] = tags[0]["metadata"]
    return metadata


def _listing(folder: Path) -> list[tuple[Path, re.Match[str]]]:
    matches = ((path, _FILE.fullmatch(path.name)) for path in sorted(folder.glob("*.safetensors")))
    return [(path, match) for path, match in matches if match]


def _file_name(name: str, index: int, count: int) -> str:
    part = "" if count == 1 else f"-{index + 1:05}-of-{count:05}"
    return f"{name}{part}.safetensors"


def _half(name: str, key: str, tensor: Tensor) -> Tensor:
    import torch

    if not tensor.is_floating_point():
        return tensor.detach().cpu().contiguous()
    # A copy of its own: safetensors refuses tensors that share memory (tied weights).
    half = tensor.detach().to("cpu", torch.float16, copy=True).contiguous()
    if not torch.isfinite(half).all():
        largest = float(tensor.abs().max())
        raise ModelError(f"{name}: float16 cannot hold {key!r} (largest magnitude {largest:g})")
    return half


def _shards(name: str, tensors: Mapping[str, Tensor]) -> list[dict[str, Tensor]]:
    shards: list[dict[str, Tensor]] = [{}]
    room = SHARD_BYTES
    for key, tensor in tensors.items():
        if tensor.nbytes > SHARD_BYTES:
            limit = f"{tensor.nbytes / 1e6:.1f} MB, at most {SHARD_BYTES / 1e6:g} MB fit a file"
            raise ModelError(f"{name}: {key!r} has {limit}; split it in the network")
        if tensor.nbytes > room:
            shards.append({})
            room = SHARD_BYTES
        shards[-1][key] = tensor
        room -= tensor.nbytes
    return shards


def _encode(name: str, metadata: Mapping[str, Any], digest: str) -> str:
    try:
        return json.dumps(
            {"metadata": dict(metadata), "set": digest}, sort_keys=True, allow_nan=False
        )
    except (TypeError, ValueError) as error:
        raise ModelError(f"{name}: its metadata is not JSON: {error}") from error


def _digest(blobs: Iterable[bytes]) -> str:
    """SHA-256 over the tensors in serialised safetensors ``blobs``, whatever their sharding."""
    from safetensors import deserialize

    digest = hashlib.sha256()
    tensors = {
        key: value
        for blob in blobs
        for key, value in deserialize(blob)  # type: ignore[no-untyped-call]
    }
    for key in sorted(tensors):
        digest.update(f"{key} {tensors[key]['dtype']} {tensors[key]['shape']}\n".encode())
        digest.update(tensors[key]["data"])
    return digest.hexdigest()


def _tag(path: Path) -> dict[str, Any]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            tag = json.loads((file.metadata() or {})[_KEY])
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise _broken(path, error) from error
    if not isinstance(tag, dict) or not isinstance(tag.get("metadata"), dict) or "set" not in tag:
        raise _broken(path, "its header says nothing about the model")
    return tag


def _parameters(path: Path) -> int:
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as file:
        return sum(math.prod(file.get_slice(key).get_shape()) for key in file.keys())  # noqa: SIM118


def _broken(path: Path, why: object) -> ModelError:
    return ModelError(f"{path} is not a whole weights file of sonolume ({why}); reinstall sonolume")
