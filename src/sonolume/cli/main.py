"""The command ``sonolume``: finds its verbs, and turns every failure into one line.

Exit codes: 0 done, 2 the request cannot be met (one line says why), 130 interrupted (Ctrl-C),
143 terminated (SIGTERM), 1 anything unforeseen, or a check that found a fault.
"""

from __future__ import annotations

import os
import pkgutil
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from types import FrameType

import click

import sonolume.cli as verbs
from sonolume import __version__
from sonolume.errors import SonolumeError

__all__ = ["group", "main"]

INTERRUPTED = 130
TERMINATED = 143


class Terminated(BaseException):
    """SIGTERM arrived; unwinds the stack as Ctrl-C does, so that nothing partial stays."""


class VerbGroup(click.Group):
    """A group whose commands are the modules beside this one, imported when they are asked for."""

    def list_commands(self, _context: click.Context) -> list[str]:
        names = (module.name for module in pkgutil.iter_modules(verbs.__path__))
        return sorted(name for name in names if name != "main" and not name.startswith("_"))

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in self.list_commands(context):
            return None
        command: click.Command = import_module(f"{verbs.__name__}.{name}").command
        return command


@click.group(cls=VerbGroup)
@click.option(
    "--debug",
    is_flag=True,
    expose_value=False,
    help="Show the traceback of an error; may also stand after the verb.",
)
@click.version_option(__version__, prog_name="sonolume")
def group() -> None:
    """What sound and sight say about each other."""


def main(args: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; ``args`` are those of the process if None."""
    debug, rest = _take_debug(sys.argv[1:] if args is None else args)
    try:
        with _terminable(), _warnings_in_one_line():
            code = group.main(rest, prog_name="sonolume", standalone_mode=False)
            sys.stdout.flush()
            return code if isinstance(code, int) else 0
    except BrokenPipeError:
        # The reader has left (`sonolume models | head`); Python's flush at exit must not fail too.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except BaseException as error:  # noqa: BLE001  every failure ends here
        if debug:
            traceback.print_exc()
        line, code = _verdict(error)
        if line:
            click.echo(f"sonolume: {line}", err=True)
        return code


def _take_debug(args: Sequence[str]) -> tuple[bool, list[str]]:
    """Whether ``--debug`` stands among the options, and the arguments without it."""
    end = args.index("--") if "--" in args else len(args)
    options = [argument for argument in args[:end] if argument != "--debug"]
    return len(options) < end, [*options, *args[end:]]


def _verdict(error: BaseException) -> tuple[str, int]:
    """The line to print, which may be empty, and the exit code for an exception."""
    match error:
        case click.exceptions.NoArgsIsHelpError():
            error.show()
            return "", 2
        case click.UsageError():
            path = error.ctx.command_path if error.ctx else "sonolume"
            return f"{_one_line(error.format_message())} See '{path} --help'.", 2
        case click.ClickException():
            return _one_line(error.format_message()), 2
        case SonolumeError():
            return _one_line(str(error)), error.exit_code
        case KeyboardInterrupt() | click.Abort():
            return "interrupted", INTERRUPTED
        case Terminated():
            return "terminated", TERMINATED
        case SystemExit():
            return "", error.code if isinstance(error.code, int) else 1
        case _:
            what = _one_line(f"{type(error).__name__}: {error}")
            return f"unforeseen {what} (--debug shows where)", 1


def _one_line(text: str) -> str:
    return " ".join(text.split())


@contextmanager
def _terminable() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set handlers
        return

    def terminate(_: int, __: FrameType | None) -> None:
        raise Terminated

    previous = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


@contextmanager
def _warnings_in_one_line() -> Iterator[None]:
    def show(message: Warning | str, *_: object, **__: object) -> None:
        click.echo(f"sonolume: warning: {_one_line(str(message))}", err=True)

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield
