"""``sonolume doctor``: what works here, what does not, and what to do about it."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Literal

import click

from sonolume.cli._options import json_option, quiet_option, report

__all__ = ["command"]

Status = Literal["ok", "absent", "fault"]

_CORE = ("numpy", "pillow", "safetensors", "soundfile", "soxr", "tokenizers", "torch")
_EXTRAS = {"full": ("diffusers", "transformers"), "train": ("accelerate", "matplotlib")}
_FORMATS = {"WAV": "wav", "FLAC": "flac", "OGG": "ogg", "MP3": "mp3"}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; ``absent`` things are optional, a ``fault`` breaks the core."""

    name: str
    status: Status
    found: str
    advice: str = ""


@click.command
@json_option
@quiet_option
@click.pass_context
def command(context: click.Context, as_json: bool, quiet: bool) -> None:
    """Say what works here, and what to do about the rest.

    The exit code is 0 if the core works, else 1.
    """
    findings = list(_findings())
    works = all(finding.status != "fault" for finding in findings)
    result = {"works": works, "findings": [asdict(finding) for finding in findings]}
    report(result, _lines(findings, works), as_json=as_json, quiet=quiet)
    context.exit(0 if works else 1)


def _findings() -> Iterator[Finding]:
    yield Finding("python", "ok", f"{platform.python_version()} on {platform.machine()}")
    for package in _CORE:
        yield _package(package)
    yield _sound_formats()
    yield from _machine()
    yield from _weights()
    for extra, packages in _EXTRAS.items():
        yield _extra(extra, packages)


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _package(package: str) -> Finding:
    version = _version(package)
    if version is None:
        return Finding(package, "fault", "not installed", "pip install sonolume")
    return Finding(package, "ok", version)


def _sound_formats() -> Finding:
    try:
        import soundfile
    except (ImportError, OSError) as error:
        return Finding(
            "sound files", "fault", str(error), "pip install --force-reinstall soundfile"
        )
    available = soundfile.available_formats()
    known = [suffix for name, suffix in _FORMATS.items() if name in available]
    if "OPUS" in soundfile.available_subtypes("OGG"):
        known.append("opus")
    library = f"libsndfile {soundfile.__libsndfile_version__}"
    missing = sorted({*_FORMATS.values(), "opus"}.difference(known))
    if missing:
        advice = f"{library} lacks {', '.join(missing)}; pip install --upgrade soundfile"
        return Finding("sound files", "absent", " ".join(known), advice)
    return Finding("sound files", "ok", f"{' '.join(known)} ({library})")


def _machine() -> Iterator[Finding]:
    from sonolume.hub import machine

    try:
        speed = f"{machine.bf16_gain():.1f} × the speed of float32"
        used = "used" if machine.has_fast_bf16() else "float32 is used"
        yield Finding("bfloat16", "ok", f"{speed}: {used}")
        yield Finding("threads", "ok", str(machine.threads()))
        name = machine.accelerator()
    except (ImportError, OSError) as error:
        advice = "pip install --force-reinstall sonolume"
        yield Finding("torch starts", "fault", " ".join(str(error).split()), advice)
        return
    yield Finding("accelerator", "ok" if name else "absent", name or "none; the CPU is used")


def _weights() -> Iterator[Finding]:
    from sonolume.errors import ModelError
    from sonolume.hub import weights

    folder = weights.FOLDER
    names = weights.names(folder)
    if not names:
        advice = "pip install --force-reinstall sonolume"
        yield Finding("weights", "fault", f"none in {folder}", advice)
    for name in names:
        try:
            weights.verify(name, folder)
        except ModelError as error:
            yield Finding(f"weights {name}", "fault", str(error))
            continue
        header = weights.header(name, folder)
        size = f"{header.parameters / 1e6:.1f} M parameters, {header.size / 1e6:.1f} MB"
        yield Finding(f"weights {name}", "ok", f"{size}, unharmed")


def _extra(extra: str, packages: tuple[str, ...]) -> Finding:
    versions = {package: _version(package) for package in packages}
    missing = [package for package, version in versions.items() if version is None]
    if missing:
        advice = f'pip install "sonolume[{extra}]"'
        return Finding(f"extra {extra}", "absent", f"no {', '.join(missing)}", advice)
    found = ", ".join(f"{package} {version}" for package, version in versions.items())
    return Finding(f"extra {extra}", "ok", found)


def _lines(findings: list[Finding], works: bool) -> Iterator[str]:
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        advice = f"  ->  {finding.advice}" if finding.advice else ""
        yield f"{finding.status:<6}  {finding.name:<{width}}  {finding.found}{advice}"
    yield "The core works." if works else "The core does not work: see the faults above."
