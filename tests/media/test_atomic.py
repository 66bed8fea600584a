import errno
import os
import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from sonolume.errors import OptionError, SonolumeError
from sonolume.media import Audio, Picture, atomic_path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_file_appears_whole_at_the_end(tmp_path: Path) -> None:
    target = tmp_path / "song.wav"
    with atomic_path(target) as temporary:
        assert (temporary.parent, temporary.suffix) == (tmp_path, ".wav")
        temporary.write_bytes(b"whole")
        assert not target.exists()
    assert target.read_bytes() == b"whole"
    assert names(tmp_path) == ["song.wav"]


def test_permissions_follow_the_umask(tmp_path: Path) -> None:
    plain, atomic = tmp_path / "plain", tmp_path / "atomic"
    plain.write_bytes(b"x")
    with atomic_path(atomic) as temporary:
        temporary.write_bytes(b"x")
    assert stat.S_IMODE(atomic.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit, RuntimeError])
@pytest.mark.parametrize("before", [None, b"old"])
def test_an_interrupt_leaves_everything_as_it_was(
    tmp_path: Path, error: type[BaseException], before: bytes | None
) -> None:
    target = tmp_path / "a.png"
    if before is not None:
        target.write_bytes(before)

    def write() -> None:
        with atomic_path(target, force=True) as temporary:
            temporary.write_bytes(b"half")
            raise error

    with pytest.raises(error):
        write()
    assert names(tmp_path) == ([] if before is None else ["a.png"])
    assert before is None or target.read_bytes() == before


def test_an_existing_file_is_replaced_only_by_force(tmp_path: Path) -> None:
    target = tmp_path / "a.png"
    target.write_bytes(b"old")
    with pytest.raises(OptionError, match=r"a\.png exists; .*force"), atomic_path(target):
        pytest.fail("the block must not run")
    with atomic_path(target, force=True) as temporary:
        temporary.write_bytes(b"new")
    assert target.read_bytes() == b"new"


def test_a_file_made_meanwhile_is_kept(tmp_path: Path) -> None:
    target = tmp_path / "a.png"

    def write() -> None:
        with atomic_path(target) as temporary:
            temporary.write_bytes(b"mine")
            target.write_bytes(b"theirs")

    with pytest.raises(OptionError, match=r"a\.png exists"):
        write()
    assert target.read_bytes() == b"theirs"
    assert names(tmp_path) == ["a.png"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: folder, "is a directory"),
        (lambda folder: folder / "absent" / "a.png", "does not exist; make it first"),
        (lambda folder: Path(__file__) / "a.png", "does not exist; make it first"),
        (lambda folder: folder / ("x" * 300), "cannot be written .*too long"),
        (lambda folder: folder / "nul\0.png", "cannot be written .*null"),
        (lambda folder: Path("/proc/a.png"), "cannot be written"),
        (lambda folder: Path(), "is a directory"),
    ],
)
def test_targets_that_cannot_be_written(tmp_path: Path, make, message: str) -> None:
    with pytest.raises(OptionError, match=message), atomic_path(make(tmp_path)):
        pass
    assert names(tmp_path) == []


def test_a_foreign_error_of_the_block_passes_unchanged(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), atomic_path(tmp_path / "a.txt"):
        (tmp_path / "other").read_bytes()
    assert names(tmp_path) == []


def test_a_full_disk_is_reported_as_the_target(tmp_path: Path) -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(OptionError, match="No space left"), atomic_path(tmp_path / "a.txt"):
        raise full


@contextmanager
def small_disk() -> Iterator[None]:
    """No file may grow past 4 KiB, which write(2) reports as it reports a full disk.

    Entered by the test alone: the limit would also stop pytest from writing its own report.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize(
    "name", ["a.wav", "a.flac", "a.ogg", "a.opus", "a.mp3", "a.png", "a.jpg", "a.webp"]
)
def test_no_format_leaves_a_short_file_on_a_full_disk(tmp_path: Path, name: str) -> None:
    noise = np.random.default_rng(0)
    picture = Picture(noise.integers(0, 256, (96, 96, 3), dtype=np.uint8))
    sound = Audio(noise.uniform(-1, 1, (1, 48_000)), 48_000)
    made = picture if name.endswith(("png", "jpg", "webp")) else sound
    with pytest.raises(SonolumeError, match=r"a\.\w+ cannot be written"), small_disk():
        made.save(tmp_path / name)
    assert names(tmp_path) == []
