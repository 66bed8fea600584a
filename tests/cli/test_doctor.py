"""``sonolume doctor``."""

from __future__ import annotations

import json
import platform

import pytest
import torch

from sonolume.cli import doctor
from sonolume.hub import weights


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An installation whose weights are one small model."""
    monkeypatch.setattr(weights, "FOLDER", tmp_path)
    weights.save("small", {"w": torch.ones(3, 5)}, {}, tmp_path)
    return tmp_path


def findings(out: str) -> dict[str, dict[str, str]]:
    return {finding["name"]: finding for finding in json.loads(out)["findings"]}


def test_a_working_installation(run, folder) -> None:
    code, out, err = run("doctor", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["works"] is True
    found = findings(out)
    assert found["python"]["found"].startswith(platform.python_version())
    assert found["torch"]["found"] == torch.__version__
    assert found["threads"]["found"] == str(torch.get_num_threads())
    assert found["weights small"]["status"] == "ok"
    assert found["weights small"]["found"].startswith("0.0 M parameters")
    assert {"extra full", "extra train", "bfloat16", "accelerator", "sound files"} <= set(found)
    assert all(f["status"] in ("ok", "absent") for f in found.values())


def test_lines_for_people(run, folder) -> None:
    code, out, _ = run("doctor")
    assert code == 0
    assert out.splitlines()[-1] == "The core works."
    assert all(line.split()[0] in ("ok", "absent") for line in out.splitlines()[:-1])


def test_damaged_weights_are_a_fault(run, folder) -> None:
    path = folder / "small.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    code, out, _ = run("doctor")
    assert code == 1
    assert "the weights of 'small' are damaged" in out
    assert out.splitlines()[-1].startswith("The core does not work")


def test_missing_weights_are_a_fault(run, folder) -> None:
    (folder / "small.safetensors").unlink()
    code, out, _ = run("doctor", "--json")
    assert code == 1
    assert findings(out)["weights"]["status"] == "fault"
    assert json.loads(out)["works"] is False


def test_a_missing_extra_says_how_to_get_it(run, folder, monkeypatch) -> None:
    monkeypatch.setitem(doctor._EXTRAS, "full", ("no-such-package-anywhere",))
    code, out, _ = run("doctor", "--json")
    assert code == 0
    extra = findings(out)["extra full"]
    assert extra["status"] == "absent"
    assert extra["advice"] == 'pip install "sonolume[full]"'
