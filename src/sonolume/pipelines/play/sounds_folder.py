"""One's own recordings as the sounds of instruments."""

from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from sonolume.errors import MediaError, OptionError
from sonolume.media import Audio
from sonolume.music.scene import Source
from sonolume.pipelines.play.sounds import Likeness, check_order

__all__ = ["FolderSounds"]

SUFFIXES: Final = frozenset(
    {".wav", ".flac", ".ogg", ".opus", ".mp3", ".aif", ".aiff", ".caf", ".au", ".w64"}
)
MOST_FILES: Final = 2000
LONGEST: Final = 600.0  # seconds of a recording
KEPT: Final = 8.0  # seconds that an instrument is made of

State = tuple[Path, int, int]
"""Path, size and time of change: what a kept embedding belongs to."""


class FolderSounds:
    """See `SoundMaker`: the recordings of a folder that are most like the source's words.

    Recordings are those files in the folder and below whose suffix names a format that can be
    read. Each is heard once, one at a time, and its embedding kept until the file changes. Of a
    recording longer than 8 s the loudest 8 s are taken. The seed changes nothing: there are no
    further takes of a recording.

    Raises:
        OptionError: no such folder, no recording in it, or more than 2000.
        MediaError: when used, a file that is no sound, silent, or longer than ten minutes.
    """

    def __init__(self, folder: Path | str, likeness: Likeness) -> None:
        self.folder, self.likeness = Path(folder), likeness
        self._known: dict[State, Tensor] = {}
        self._files()

    def make(self, source: Source, count: int, seed: int) -> list[Audio]:
        check_order(count, seed)
        files = self._files()
        with torch.inference_mode():
            (wanted,) = self.likeness.embed_words([source.prompt])
            alike = torch.stack([self._embedding(path) for path in files]) @ wanted
        order = alike.argsort(descending=True, stable=True)[:count]
        return [_loudest(_read(files[at])) for at in order.tolist()]

    def _files(self) -> list[Path]:
        if not self.folder.is_dir():
            raise OptionError(f"{self.folder}: no such folder of recordings")
        inside = (path for path in self.folder.rglob("*") if path.suffix.lower() in SUFFIXES)
        files = sorted(path for path in inside if path.is_file())
        if not 1 <= len(files) <= MOST_FILES:
            raise OptionError(
                f"{self.folder}: {len(files)} recordings; expected 1 to {MOST_FILES} files "
                f"({', '.join(sorted(SUFFIXES))})"
            )
        return files

    def _embedding(self, path: Path) -> Tensor:
        stat = path.stat()
        state = (path, stat.st_size, stat.st_mtime_ns)
        if state not in self._known:
            self._known[state] = self.likeness.embed_audio(_loudest(_read(path)))
        return self._known[state]


def _read(path: Path) -> Audio:
    sound = Audio.read(path, max_seconds=LONGEST)
    if sound.is_silent:
        raise MediaError(f"{path} is silent; take it out of the folder")
    return sound


def _loudest(sound: Audio) -> Audio:
    """The stretch of 8 s that holds the most energy."""
    size = round(KEPT * sound.rate)
    frames = sound.samples.shape[1]
    if frames <= size:
        return sound
    power = np.square(sound.samples, dtype=np.float64).sum(axis=0)
    total = np.concatenate([[0.0], np.cumsum(power)])
    start = int((total[size:] - total[:-size]).argmax())
    return Audio(sound.samples[:, start : start + size], sound.rate)
