"""Every failure ends in one line and the right exit code."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from textwrap import dedent

import click
import pytest

import sonolume.cli
from sonolume import __version__
from sonolume.cli.main import group, main

FAILING = dedent(
    """
    import warnings
    import click
    from sonolume.errors import MediaError

    @click.command
    @click.argument("how")
    def command(how):
        "Fail in one of several ways."
        if how == "media":
            raise MediaError("x.wav is\\n  broken; give another")
        if how == "interrupt":
            raise KeyboardInterrupt
        if how == "bug":
            raise ZeroDivisionError("by nought")
        if how == "click":
            raise click.ClickException("no way")
        if how == "exit":
            click.get_current_context().exit(1)
        if how == "warn":
            warnings.simplefilter("always")
            warnings.warn("nothing is\\nknown of it")
        click.echo(f"done: {how}")
    """
)

WAITING = dedent(
    """
    import time
    from pathlib import Path
    import click
    from sonolume.media.atomic import atomic_path

    @click.command
    @click.argument("target", type=click.Path(path_type=Path))
    def command(target):
        "Write half a file and wait."
        with atomic_path(target) as path:
            path.write_text("half")
            click.echo("waiting")
            time.sleep(60)
    """
)


@pytest.fixture
def failing(tmp_path, monkeypatch):
    """One more verb, ``failing``, beside the real ones."""
    (tmp_path / "failing.py").write_text(FAILING)
    monkeypatch.setattr(sonolume.cli, "__path__", [*sonolume.cli.__path__, str(tmp_path)])
    yield
    sys.modules.pop("sonolume.cli.failing", None)


def test_help_lists_the_verbs_and_nothing_private(run) -> None:
    code, out, err = run("--help")
    assert (code, err) == (0, "")
    listed = out.split("Commands:")[1]
    verbs = [line.split()[0] for line in listed.splitlines() if line.strip()]
    assert {"doctor", "models", "reproduce"} <= set(verbs)
    assert not {"main"} & set(verbs)
    assert not [verb for verb in verbs if verb.startswith("_")]


def test_every_verb_has_a_command_with_help_and_json(run) -> None:
    context = click.Context(group)
    for verb in group.list_commands(context):
        command = group.get_command(context, verb)
        assert isinstance(command, click.Command), verb
        assert command.get_short_help_str(), verb
        if not isinstance(command, click.Group):
            assert "as_json" in {p.name for p in command.params}, f"{verb} has no --json"


def test_version(run) -> None:
    assert run("--version") == (0, f"sonolume, version {__version__}\n", "")


def test_no_arguments_show_the_help(run) -> None:
    code, out, err = run()
    assert (code, out) == (2, "")
    assert err.startswith("Usage: sonolume")


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (["modles"], "sonolume: No such command 'modles'"),
        (["models", "--jsn"], "sonolume: No such option '--jsn'"),
        (["models", "extra"], "sonolume: Got unexpected extra argument (extra)"),
        (["reproduce"], "sonolume: Missing argument 'FILE'."),
        (["--frobnicate"], "sonolume: No such option '--frobnicate'"),
        (["main"], "sonolume: No such command 'main'"),
        (["_options"], "sonolume: No such command '_options'"),
        (["../evil"], "sonolume: No such command '../evil'"),
    ],
)
def test_a_wrong_call_is_one_line_and_exit_2(run, args, line) -> None:
    code, out, err = run(*args)
    assert (code, out) == (2, "")
    assert err.startswith(line)
    assert err.endswith("--help'.\n")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("how", "code", "err"),
    [
        ("media", 2, "sonolume: x.wav is broken; give another\n"),
        ("click", 2, "sonolume: no way\n"),
        ("interrupt", 130, "\nsonolume: interrupted\n"),
        ("bug", 1, "sonolume: unforeseen ZeroDivisionError: by nought (--debug shows where)\n"),
        ("exit", 1, ""),
    ],
)
def test_failures(run, failing, how, code, err) -> None:
    assert run("failing", how) == (code, "", err)


def test_a_warning_is_one_line_and_no_failure(run, failing) -> None:
    expected = (0, "done: warn\n", "sonolume: warning: nothing is known of it\n")
    assert run("failing", "warn") == expected


@pytest.mark.parametrize("args", [["--debug", "failing", "media"], ["failing", "media", "--debug"]])
def test_debug_shows_the_traceback_wherever_it_stands(run, failing, args) -> None:
    code, out, err = run(*args)
    assert (code, out) == (2, "")
    assert err.startswith("Traceback (most recent call last)")
    assert err.endswith("sonolume: x.wav is broken; give another\n")


def test_debug_behind_two_dashes_is_an_argument(run, failing) -> None:
    assert run("failing", "--", "--debug") == (0, "done: --debug\n", "")


def test_handlers_and_warnings_are_put_back() -> None:
    import warnings

    before = signal.getsignal(signal.SIGTERM), warnings.showwarning
    main(["--version"])
    assert (signal.getsignal(signal.SIGTERM), warnings.showwarning) == before


def heed_interrupts() -> None:
    """What a shell starts in the background ignores Ctrl-C, and its children do."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.mark.parametrize(
    ("number", "code", "line"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)
def test_a_signal_leaves_nothing_partial(tmp_path, number, code, line) -> None:
    verbs = tmp_path / "verbs"
    verbs.mkdir()
    (verbs / "waiting.py").write_text(WAITING)
    start = (
        f"import sys, sonolume.cli; sonolume.cli.__path__.append({str(verbs)!r})\n"
        "from sonolume.cli.main import main; sys.exit(main())"
    )
    folder = tmp_path / "results"
    folder.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", start, "waiting", str(folder / "half.txt")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"
        assert list(folder.iterdir())
        time.sleep(0.05)
        process.send_signal(number)
        _, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert err.strip() == f"sonolume: {line}"
    assert list(folder.iterdir()) == []


def test_a_reader_that_leaves_early_gets_no_traceback() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "sonolume", "models"]
    process = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert (process.returncode, process.stderr) == (1, "")


def test_verbs_are_found_where_the_package_is(tmp_path) -> None:
    process = subprocess.run(
        [sys.executable, "-m", "sonolume", "models", "--json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert process.stdout.startswith('{"models": [')
    assert list(Path(tmp_path).iterdir()) == []
