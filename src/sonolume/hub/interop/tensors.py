"""Published checkpoints as flat tables of tensors, and as the weights of a network.

Two kinds of file are read: safetensors, and what `torch.save` wrote. The latter is a pickle, which
can run code: only its tensors are rebuilt (`weights_only`), anything else is refused. Nothing in a
file can make more memory be taken than the file is long.
"""

import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import torch
from torch import Tensor, nn

from sonolume.errors import InteropError
from sonolume.hub.building import frozen

FLOATS: Final = (torch.float32, torch.float16, torch.bfloat16, torch.float64)
MOST_PICKLE: Final = 64 * 2**20  # of bytes that only say where the tensors are
MOST_TENSORS: Final = 10_000
COUNTER: Final = "num_batches_tracked"
SUFFIXES: Final = (".pt", ".pth", ".ckpt", ".bin", ".safetensors")

M = TypeVar("M", bound=nn.Module)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a checkpoint, by their published names.

    Raises InteropError when the file is missing, broken, holds anything but one flat table of
    plain tensors, or would not fit into its own length when unpacked.
    """
    size = _size(path)
    table = _safetensors(path) if _is_safetensors(path) else _saved_by_torch(path, size)
    if not isinstance(table, Mapping) or not table:
        raise InteropError(f"{path}: holds no table of tensors; give a published state dict")
    if len(table) > MOST_TENSORS:
        raise InteropError(f"{path}: names {len(table)} tensors; no model here has so many")
    for key, value in table.items():
        _check_entry(path, key, value)
    if sum(t.nbytes for t in {t.data_ptr(): t for t in table.values()}.values()) > size:
        raise InteropError(f"{path}: its tensors are larger than the file; fetch it again")
    return dict(table)


def shaped(make: Callable[[], M], path: Path) -> M:
    """The network of `make()` on the meta device: shapes without memory.

    Raises InteropError when a configuration that was read from a file gives none.
    """
    try:
        with torch.device("meta"):
            return make()
    except (ArithmeticError, RuntimeError, TypeError, ValueError) as error:
        said = str(error).partition("\n")[0][:160]
        raise InteropError(f"{path}: its shapes make no network ({said})") from error


def fill(network: M, tensors: Mapping[str, Tensor], path: Path) -> M:
    """`network`, built on the meta device, with the weights of `tensors`, frozen, in float32.

    Names and shapes must be the network's, no more and no less. Raises InteropError that names the
    first that is not.
    """
    expected = network.state_dict()
    # Batches that a norm has counted play no part in evaluation; conversions often leave them out.
    counted = {k: torch.tensor(0) for k in expected if k.endswith(COUNTER)}
    tensors = counted | dict(tensors)
    for key, own in expected.items():
        if key not in tensors:
            raise InteropError(f"{path}: {key} is missing (expected {list(own.shape)})")
        _check_against(path, key, tensors[key], own)
    for key in tensors:
        if key not in expected:
            raise InteropError(f"{path}: {key} is not part of this model; is it another one?")
    own_types = {k: tensors[k].to(own.dtype) for k, own in expected.items()}
    network.load_state_dict(own_types, assign=True)
    return frozen(network)


def shape_of(path: Path, tensors: Mapping[str, Tensor], key: str, dimensions: int) -> list[int]:
    """The shape of one tensor, where a configuration is read from.

    Raises InteropError when it is missing or of another number of dimensions.
    """
    if key not in tensors:
        raise InteropError(f"{path}: {key} is missing; is it another model?")
    shape = list(tensors[key].shape)
    if len(shape) != dimensions:
        raise InteropError(f"{path}: {key} has shape {shape}; expected {dimensions} dimensions")
    return shape


def _check_entry(path: Path, key: object, value: object) -> None:
    if not isinstance(key, str):
        raise InteropError(f"{path}: {key!r} is no name of a tensor; give a flat state dict")
    if not isinstance(value, Tensor):
        kind = type(value).__name__
        raise InteropError(f"{path}: {key!r} is a {kind}, not a tensor; give a flat state dict")
    if value.layout != torch.strided or value.is_quantized or value.device.type != "cpu":
        raise InteropError(f"{path}: {key} is no plain tensor; save it again as a dense one")
    # Nothing at all can have any side; only AudioCLIP's unused bias is truly empty.
    if value.numel() == 0 and value.shape != (0,):
        raise InteropError(f"{path}: {key} is empty, of shape {list(value.shape)}; fetch it again")
    # A view can pretend to any size over a few bytes.
    if not value.is_contiguous():
        raise InteropError(f"{path}: {key} is a view {list(value.shape)}; save it contiguous")


def _check_against(path: Path, key: str, found: Tensor, own: Tensor) -> None:
    if found.shape != own.shape:
        shapes = f"{list(found.shape)}; expected {list(own.shape)}"
        raise InteropError(f"{path}: {key} has shape {shapes}")
    if (found.dtype in FLOATS) != own.is_floating_point() or found.is_complex():
        raise InteropError(f"{path}: {key} holds {found.dtype}; expected {own.dtype}")
    if own.is_floating_point() and not bool(torch.isfinite(found).all()):
        raise InteropError(f"{path}: {key} holds NaN or infinite values; fetch it again")


def _size(path: Path) -> int:
    if not path.is_file():
        what = "is a directory" if path.is_dir() else "no such file"
        raise InteropError(f"{path}: {what}; give a checkpoint file")
    size = path.stat().st_size
    if size == 0:
        raise InteropError(f"{path}: is empty; fetch it again")
    return size


def _is_safetensors(path: Path) -> bool:
    """By the content: the JSON header begins after its length of eight bytes."""
    with path.open("rb") as file:
        return file.read(9)[8:] == b"{"


def _safetensors(path: Path) -> dict[str, Tensor]:
    from safetensors.torch import load_file

    with _one_line(path):
        return load_file(path)


def _saved_by_torch(path: Path, size: int) -> Any:
    with _one_line(path):
        packed = zipfile.is_zipfile(path)
        if packed:
            _check_archive(path, size)
        return torch.load(path, map_location="cpu", weights_only=True, mmap=packed)


def _check_archive(path: Path, size: int) -> None:
    """torch stores its records unpacked; a compressed one could be a bomb."""
    with zipfile.ZipFile(path) as archive:
        records = archive.infolist()
    if any(r.compress_type != zipfile.ZIP_STORED for r in records):
        raise InteropError(f"{path}: a compressed archive, not one that torch wrote")
    if any(Path(r.filename).name == "data.pkl" and r.file_size > MOST_PICKLE for r in records):
        raise InteropError(f"{path}: names more tensors than any model has")
    if sum(r.file_size for r in records) > size:
        raise InteropError(f"{path}: its records overlap; fetch it again")


@contextmanager
def _one_line(path: Path) -> Iterator[None]:
    """Any failure of a foreign reader as one line."""
    try:
        yield
    except InteropError:
        raise
    except Exception as error:
        said = str(error).strip().partition("\n")[0]
        if "Weights only load failed" in said or "UnpicklingError" in type(error).__name__:
            said = "it holds more than tensors, or is no checkpoint"
        raise InteropError(
            f"{path}: cannot be read ({type(error).__name__}: {said[:160]}); fetch it again, or "
            "convert it to safetensors"
        ) from error
