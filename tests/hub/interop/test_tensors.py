"""Hostile and broken checkpoint files: one line each, and nothing in them is run."""

import os
import pickle
import struct
import tarfile
import zipfile
from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from torch import nn

from sonolume.errors import InteropError
from sonolume.hub.interop.tensors import fill, read_tensors, shape_of, shaped

GOOD = {"weight": torch.ones(4, 3), "bias": torch.zeros(4)}


class Trap:
    """Unpickled, it makes the file that says so."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


def trap(path: Path) -> None:
    torch.save({"weight": torch.ones(2), "bias": Trap(path.parent / "sprung")}, path)


def bare_pickle(path: Path) -> None:
    path.write_bytes(pickle.dumps(Trap(path.parent / "sprung")))


def whole_module(path: Path) -> None:
    torch.save(nn.Linear(3, 4), path)


def cut(path: Path) -> None:
    torch.save({"weight": torch.ones(1000)}, path)
    path.write_bytes(path.read_bytes()[:-700])


def cut_within(path: Path) -> None:
    torch.save({"weight": torch.ones(1000)}, path)
    data = path.read_bytes()
    path.write_bytes(data[:2000] + data[3000:])


def cut_legacy(path: Path) -> None:
    torch.save({"weight": torch.ones(1000)}, path, _use_new_zipfile_serialization=False)
    path.write_bytes(path.read_bytes()[:-700])


def huge_legacy(path: Path) -> None:
    """A storage that claims to hold an exabyte."""
    torch.save({"weight": torch.ones(77)}, path, _use_new_zipfile_serialization=False)
    data = path.read_bytes()
    assert b"K\x4d" in data
    path.write_bytes(data.replace(b"K\x4d", b"\x8a\x08" + struct.pack("<q", 2**58)))


def bomb(path: Path) -> None:
    """The same archive, its zeros packed."""
    torch.save({"weight": torch.zeros(10**6)}, path)
    with zipfile.ZipFile(path) as archive:
        records = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in records.items():
            archive.writestr(name, data)


def spread(path: Path) -> None:
    """A terabyte that is one number."""
    torch.save({"weight": torch.ones(1).expand(2**38)}, path)


def absurd_header(path: Path) -> None:
    path.write_bytes(struct.pack("<Q", 2**40) + b"{}")


def absurd_safetensors(path: Path) -> None:
    header = b'{"weight":{"dtype":"F32","shape":[1099511627776],"data_offsets":[0,4398046511104]}}'
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(16))


def cut_safetensors(path: Path) -> None:
    from safetensors.torch import save_file

    save_file(GOOD, path)
    path.write_bytes(path.read_bytes()[:-10])


def nested(path: Path) -> None:
    torch.save({"state_dict": GOOD, "epoch": 3}, path)


def sparse(path: Path) -> None:
    torch.save({"weight": torch.ones(2, 2).to_sparse()}, path)


def tar(path: Path) -> None:
    with tarfile.open(path, "w") as archive:
        archive.add(__file__, "storages")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: None, "no such file; give a checkpoint file"),
        (lambda path: path.mkdir(), "is a directory; give a checkpoint file"),
        (lambda path: path.write_bytes(b""), "is empty; fetch it again"),
        (lambda path: path.write_bytes(b"version https://git-lfs.github.com"), "cannot be read"),
        (lambda path: path.write_bytes(os.urandom(500)), "cannot be read"),
        (trap, "it holds more than tensors, or is no checkpoint"),
        (bare_pickle, "cannot be read"),
        (whole_module, "it holds more than tensors, or is no checkpoint"),
        (cut, "cannot be read"),
        (cut_within, "cannot be read"),
        (cut_legacy, "cannot be read"),
        (huge_legacy, "cannot be read"),
        (bomb, "a compressed archive, not one that torch wrote"),
        (spread, "weight is a view .274877906944.; save it contiguous"),
        (absurd_header, "cannot be read"),
        (absurd_safetensors, "cannot be read"),
        (cut_safetensors, "cannot be read"),
        (nested, "'state_dict' is a dict, not a tensor; give a flat state dict"),
        (sparse, "weight is no plain tensor"),
        (tar, "cannot be read"),
        (
            lambda path: torch.save({"weight": torch.ones(2**40, 0)}, path),
            "weight is empty, of shape .1099511627776, 0.; fetch it again",
        ),
        (
            lambda path: torch.save(dict.fromkeys(map(str, range(10_001)), torch.ones(2)), path),
            "names 10001 tensors; no model here has so many",
        ),
        (lambda path: torch.save(torch.ones(3), path), "holds no table of tensors"),
        (lambda path: torch.save({}, path), "holds no table of tensors"),
        (
            lambda path: torch.save({1: torch.ones(3)}, path),
            "1 is no name of a tensor",
        ),
    ],
)
def test_bad_files_are_one_line(tmp_path, spoil, message) -> None:
    path = tmp_path / "model.pt"
    spoil(path)
    with pytest.raises(InteropError, match=message) as told:
        read_tensors(path)
    assert str(told.value).startswith(f"{path}: ")
    assert "\n" not in str(told.value)
    assert len(str(told.value)) < len(str(path)) + 300
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("legacy", [False, True])
def test_what_torch_saved_is_read(tmp_path, legacy) -> None:
    path = tmp_path / "model.pt"
    torch.save(OrderedDict(GOOD), path, _use_new_zipfile_serialization=not legacy)
    found = read_tensors(path)
    assert list(found) == ["weight", "bias"]
    assert torch.equal(found["weight"], GOOD["weight"])


def test_tensors_that_share_memory_are_counted_once(tmp_path) -> None:
    shared = torch.ones(10_000)
    torch.save({"a": shared, "b": shared}, tmp_path / "model.pt")
    assert set(read_tensors(tmp_path / "model.pt")) == {"a", "b"}


def linear() -> nn.Linear:
    with torch.device("meta"):
        return nn.Linear(3, 4)


def test_a_network_is_filled_and_frozen() -> None:
    made = fill(linear(), {k: v.half() for k, v in GOOD.items()}, Path("some.pt"))
    assert made.weight.dtype == torch.float32
    assert torch.equal(made(torch.ones(1, 3)), torch.full((1, 4), 3.0))
    assert not made.weight.requires_grad


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weight": torch.ones(4, 2)}, r"weight has shape \[4, 2\]; expected \[4, 3\]"),
        (
            {"weight": torch.ones(4, 3).long()},
            r"weight holds torch\.int64; expected torch\.float32",
        ),
        ({"weight": torch.ones(4, 3).bool()}, r"weight holds torch\.bool; expected torch\.float32"),
        ({"weight": torch.ones(4, 3) * 1j}, r"weight holds torch\.complex64"),
        ({"bias": torch.full((4,), torch.inf)}, "bias holds NaN or infinite values"),
        ({"more": torch.ones(1)}, "more is not part of this model"),
    ],
)
def test_what_does_not_fit_is_named(changes, message) -> None:
    with pytest.raises(InteropError, match=rf"^some\.pt: {message}"):
        fill(linear(), {**GOOD, **changes}, Path("some.pt"))


def test_what_is_missing_is_named() -> None:
    with pytest.raises(InteropError, match=r"^some\.pt: bias is missing \(expected \[4\]\)"):
        fill(linear(), {"weight": GOOD["weight"]}, Path("some.pt"))
    with pytest.raises(InteropError, match=r"^some\.pt: scale is missing; is it another model\?"):
        shape_of(Path("some.pt"), GOOD, "scale", 1)


def test_shapes_that_make_no_network() -> None:
    with pytest.raises(InteropError, match=r"^some\.pt: its shapes make no network \(") as told:
        shaped(lambda: nn.Linear(2**40, 2**40), Path("some.pt"))
    assert "\n" not in str(told.value)


def test_counted_batches_may_be_left_out() -> None:
    with torch.device("meta"):
        norm = nn.BatchNorm1d(2)
    state = {k: torch.ones(2) for k in ("weight", "bias", "running_mean", "running_var")}
    assert fill(norm, state, Path("some.pt")).num_batches_tracked == 0
