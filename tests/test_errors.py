import subprocess
import sys

import pytest

from sonolume import errors

FAMILY = [
    errors.MediaError,
    errors.ModelError,
    errors.OptionError,
    errors.DataError,
    errors.InteropError,
]


@pytest.mark.parametrize("kind", FAMILY)
def test_each_error_is_of_the_family_and_exits_with_2(kind: type[errors.SonolumeError]) -> None:
    with pytest.raises(errors.SonolumeError, match=r"^what, where, what to do$") as caught:
        raise kind("what, where, what to do")
    assert caught.value.exit_code == 2


def test_kinds_do_not_overlap() -> None:
    for kind in FAMILY:
        assert [other for other in FAMILY if issubclass(kind, other)] == [kind]


def test_everything_public_is_listed() -> None:
    public = {name for name, value in vars(errors).items() if isinstance(value, type)}
    assert public == set(errors.__all__)


def test_importing_errors_and_media_is_light() -> None:
    code = (
        "import sys, sonolume.errors, sonolume.media; "
        "heavy = {'numpy', 'PIL', 'soundfile', 'soxr', 'torch'} & set(sys.modules); "
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
