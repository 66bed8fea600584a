"""Every error that sonolume raises on purpose.

    SonolumeError
    ├── MediaError     a sound or a picture: missing, broken, too large, not what it claims
    ├── ModelError     weights, configurations and networks
    ├── OptionError    what the caller asked for: out of range, contradictory, unwritable target
    ├── DataError      training and evaluation data, scores and kits
    └── InteropError   files and services of other projects

A message is one line: what went wrong, where, and what to do about it.
"""

from __future__ import annotations

__all__ = [
    "DataError",
    "InteropError",
    "MediaError",
    "ModelError",
    "OptionError",
    "SonolumeError",
]


class SonolumeError(Exception):
    """Base of the family; a command that meets one exits with ``exit_code``."""

    exit_code = 2


class MediaError(SonolumeError):
    """A sound or a picture cannot be read, held or written as asked."""


class ModelError(SonolumeError):
    """Weights, a configuration or a network cannot be used as asked."""


class OptionError(SonolumeError):
    """An option is out of range, contradicts another, or names a target that cannot be written."""


class DataError(SonolumeError):
    """Training or evaluation data, a score or a kit is malformed."""


class InteropError(SonolumeError):
    """A file or a service of another project cannot be understood."""
