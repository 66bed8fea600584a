"""Embedded weights: exact, deterministic, split, and refused when they are not whole."""

from __future__ import annotations

import hashlib
import json
import struct

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open

from sonolume.errors import ModelError, OptionError
from sonolume.hub import weights

METADATA = {"config": {"width": 4, "gates": [0.5, 1]}, "name": "état"}


@pytest.fixture
def tensors() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {
        "late": torch.randn(3, 5, generator=generator),
        "early": torch.randn(7, generator=generator),
        "scalar": torch.tensor(0.25),
        "steps": torch.tensor([1, 2**40]),
        "mask": torch.tensor([True, False]),
    }


@pytest.fixture
def small_shards(monkeypatch) -> None:
    monkeypatch.setattr(weights, "SHARD_BYTES", 40)


def test_floats_come_back_as_their_nearest_half(tmp_path, tensors) -> None:
    (path,) = weights.save("m", tensors, METADATA, tmp_path)
    assert path == tmp_path / "m.safetensors"
    loaded, metadata = weights.load("m", tmp_path)
    assert metadata == METADATA
    assert set(loaded) == set(tensors)
    for key in ("late", "early", "scalar"):
        expected = tensors[key].numpy().astype(np.float16).astype(np.float32)
        assert loaded[key].dtype == torch.float32
        np.testing.assert_array_equal(loaded[key].numpy(), expected)
    assert torch.equal(loaded["steps"], tensors["steps"])
    assert torch.equal(loaded["mask"], tensors["mask"])


def test_the_file_is_plain_safetensors_in_half_precision(tmp_path, tensors) -> None:
    (path,) = weights.save("m", tensors, METADATA, tmp_path)
    (length,) = struct.unpack("<Q", path.read_bytes()[:8])
    head = json.loads(path.read_bytes()[8 : 8 + length])
    assert head["late"]["dtype"] == "F16"
    assert head["steps"]["dtype"] == "I64"
    assert json.loads(head["__metadata__"]["sonolume"])["metadata"] == METADATA


def test_equal_input_gives_equal_bytes_in_any_order(tmp_path, tensors, small_shards) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    first = weights.save("m", tensors, METADATA, tmp_path / "a")
    backwards = dict(reversed(tensors.items()))
    second = weights.save("m", backwards, dict(reversed(METADATA.items())), tmp_path / "b")
    assert len(first) > 1
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]


def test_shards_stay_below_the_limit_and_load_as_one(tmp_path, tensors, small_shards) -> None:
    paths = weights.save("m", tensors, METADATA, tmp_path)
    count = len(paths)
    assert [p.name for p in paths] == [
        f"m-{i:05}-of-{count:05}.safetensors" for i in range(1, count + 1)
    ]
    for path in paths:
        with safe_open(path, framework="pt") as file:
            assert sum(file.get_tensor(key).nbytes for key in file.keys()) <= 40  # noqa: SIM118
    loaded, metadata = weights.load("m", tmp_path)
    assert set(loaded) == set(tensors)
    assert metadata == METADATA
    assert weights.header("m", tmp_path).parameters == sum(t.numel() for t in tensors.values())
    weights.verify("m", tmp_path)


def test_default_limit_fits_the_repository() -> None:
    assert weights.SHARD_BYTES < 16_000_000


def test_header_counts_without_reading_values(tmp_path, tensors) -> None:
    (path,) = weights.save("m", tensors, METADATA, tmp_path)
    header = weights.header("m", tmp_path)
    assert header == weights.Header("m", METADATA, 15 + 7 + 1 + 2 + 2, path.stat().st_size)


def test_tied_and_strided_tensors_are_saved(tmp_path) -> None:
    table = torch.arange(6.0).reshape(2, 3)
    weights.save("m", {"a": table, "b": table, "t": table.T}, {}, tmp_path)
    loaded, _ = weights.load("m", tmp_path)
    assert torch.equal(loaded["a"], table)
    assert torch.equal(loaded["b"], table)
    assert torch.equal(loaded["t"], table.T)


def test_sha256_is_that_of_the_joined_files(tmp_path, tensors, small_shards) -> None:
    paths = weights.save("m", tensors, METADATA, tmp_path)
    joined = b"".join(path.read_bytes() for path in paths)
    assert weights.sha256("m", tmp_path) == hashlib.sha256(joined).hexdigest()


def test_a_new_save_replaces_every_old_file(tmp_path, tensors, monkeypatch) -> None:
    weights.save("other", tensors, {}, tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(weights, "SHARD_BYTES", 40)
        weights.save("m", tensors, {"round": 1}, tmp_path)
    weights.save("m", tensors, {"round": 2}, tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.safetensors", "other.safetensors"]
    assert weights.load("m", tmp_path)[1] == {"round": 2}


def test_names_are_sorted_and_shards_counted_once(tmp_path, tensors, small_shards) -> None:
    for name in ("words-small", "painter", "painter-128"):
        weights.save(name, tensors, {}, tmp_path)
    (tmp_path / "notes.md").write_text("not weights")
    (tmp_path / ".0123.safetensors").write_bytes(b"being written")
    assert weights.names(tmp_path) == ("painter", "painter-128", "words-small")


def test_unknown_name_lists_the_known_ones(tmp_path, tensors) -> None:
    with pytest.raises(ModelError, match=r"no weights named 'x' in .* \(there are: none\)"):
        weights.load("x", tmp_path)
    weights.save("m", tensors, {}, tmp_path)
    with pytest.raises(ModelError, match=r"\(there are: m\)"):
        weights.load("../m", tmp_path)


def test_a_missing_shard_is_named(tmp_path, tensors, small_shards) -> None:
    paths = weights.save("m", tensors, {}, tmp_path)
    paths[1].unlink()
    message = rf"only {len(paths) - 1} of {len(paths)} files of 'm' are there"
    with pytest.raises(ModelError, match=message):
        weights.load("m", tmp_path)


def test_two_sets_side_by_side_are_refused(tmp_path, tensors, monkeypatch) -> None:
    weights.save("m", tensors, {}, tmp_path)
    whole = (tmp_path / "m.safetensors").read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(weights, "SHARD_BYTES", 40)
        weights.save("m", tensors, {}, tmp_path)
    (tmp_path / "m.safetensors").write_bytes(whole)
    with pytest.raises(ModelError, match="two sets of files for 'm'"):
        weights.load("m", tmp_path)


def test_shards_of_two_saves_are_refused(tmp_path, tensors, small_shards) -> None:
    paths = weights.save("m", tensors, {}, tmp_path)
    stale = paths[0].read_bytes()
    weights.save("m", {**tensors, "late": tensors["late"] + 1}, {}, tmp_path)
    paths[0].write_bytes(stale)
    with pytest.raises(ModelError, match="the files of 'm' were not saved together"):
        weights.load("m", tmp_path)


def test_one_changed_bit_is_noticed(tmp_path, tensors) -> None:
    (path,) = weights.save("m", tensors, {}, tmp_path)
    weights.verify("m", tmp_path)
    data = bytearray(path.read_bytes())
    data[-3] ^= 0b100
    path.write_bytes(data)
    with pytest.raises(ModelError, match="the weights of 'm' are damaged"):
        weights.verify("m", tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"version https://git-lfs.github.com/spec/v1\n",
        b"\x80\x04\x95pickle",
        struct.pack("<Q", 2**62) + b"{}",
        struct.pack("<Q", 2) + b"{}",
        struct.pack("<Q", 36) + b'{"__metadata__": {"sonolume": "[]"}}',
        struct.pack("<Q", 36) + b'{"__metadata__": {"sonolume": "{]"}}',
    ],
)
def test_what_is_no_weights_file_is_refused(tmp_path, content) -> None:
    (tmp_path / "m.safetensors").write_bytes(content)
    message = r"m\.safetensors is not a whole weights file of sonolume \(.+\); reinstall"
    with pytest.raises(ModelError, match=message):
        weights.load("m", tmp_path)


@given(st.integers(0, 10_000))
def test_a_truncated_file_is_refused(tmp_path_factory, cut) -> None:
    folder = tmp_path_factory.mktemp("cut")
    (path,) = weights.save("m", {"w": torch.ones(4, 4)}, {}, folder)
    data = path.read_bytes()
    path.write_bytes(data[: cut % len(data)])
    with pytest.raises(ModelError, match="is not a whole weights file of sonolume"):
        weights.load("m", folder)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 70_000.0])
def test_values_that_half_precision_cannot_hold_are_refused(tmp_path, value) -> None:
    with pytest.raises(ModelError, match=r"m: float16 cannot hold 'w' \(largest magnitude"):
        weights.save("m", {"w": torch.tensor([1.0, value])}, {}, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_tensor_above_the_limit_is_refused(tmp_path, small_shards) -> None:
    with pytest.raises(ModelError, match=r"m: 'w' has .* MB, at most .* split it"):
        weights.save("m", {"w": torch.ones(21)}, {}, tmp_path)


def test_nothing_to_save_is_refused(tmp_path) -> None:
    with pytest.raises(ModelError, match="m: there are no tensors to save"):
        weights.save("m", {}, {}, tmp_path)


@pytest.mark.parametrize("metadata", [{"a": object()}, {"a": float("nan")}, {"a": {1, 2}}])
def test_metadata_must_be_json(tmp_path, metadata) -> None:
    with pytest.raises(ModelError, match="m: its metadata is not JSON"):
        weights.save("m", {"w": torch.ones(1)}, metadata, tmp_path)


@pytest.mark.parametrize("name", ["", "../m", "a/b", "M", "a b", "-a", "a-", "a--b", ".a", "a\n"])
def test_malformed_names_are_refused(tmp_path, name) -> None:
    with pytest.raises(OptionError, match="cannot name weights"):
        weights.save(name, {"w": torch.ones(1)}, {}, tmp_path)


def test_a_folder_that_is_not_there_is_refused(tmp_path) -> None:
    with pytest.raises(OptionError, match="absent"):
        weights.save("m", {"w": torch.ones(1)}, {}, tmp_path / "absent")


@pytest.mark.parametrize("name", weights.names())
def test_embedded_weights_are_whole_and_small(name) -> None:
    weights.verify(name)
    assert all(path.stat().st_size < 16_000_000 for path in weights.files(name))


def test_embedded_weights_together_stay_small() -> None:
    assert sum(weights.header(name).size for name in weights.names()) <= 90_000_000
