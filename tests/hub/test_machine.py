"""What is measured of the processor."""

from pathlib import Path

import pytest

from sonolume.hub import machine
from sonolume.training.precision import resolve_precision


def test_the_gain_is_measured_once_and_plausible() -> None:
    assert 0.01 < machine.bf16_gain() < 100
    assert machine.bf16_gain() == machine.bf16_gain()


@pytest.mark.parametrize(("gain", "used"), [(6.0, "bf16"), (1.2, "no"), (0.5, "no")])
def test_automatic_precision_follows_the_measurement(
    gain: float, used: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "bf16_gain", lambda: gain)
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert resolve_precision("auto") == used
    assert resolve_precision("bf16") == "bf16"
    assert resolve_precision("fp32") == "no"


def test_translation_takes_a_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    assert not machine.can_compile()
    compiler = tmp_path / "clang++"
    compiler.touch(0o755)
    assert machine.can_compile()
    compiler.rename(tmp_path / "another")
    assert not machine.can_compile()
    monkeypatch.setenv("CXX", "another")
    assert machine.can_compile()


def test_threads() -> None:
    assert machine.threads() >= 1
