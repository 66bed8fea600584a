"""``sonolume evaluate``: the figures of a job, on any data of the known layout."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sonolume.cli._options import force_option, json_option, quiet_option, report, seed_option

if TYPE_CHECKING:
    from sonolume.evaluation.judge import Judge
    from sonolume.evaluation.result import Evaluation

__all__ = ["command"]

Command = TypeVar("Command", bound=Callable[..., Any])

FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)


@click.group
def command() -> None:
    """Measure a job on FOLDER/sounds and FOLDER/pictures.

    Prints metrics beside their controls; --out also writes evaluation.json and a page with grids.
    """


def shared(limit: str, default: int | None = None) -> Callable[[Command], Command]:
    """The options that every evaluation has; ``limit`` says what --limit counts."""
    options = [
        click.option("--data", type=FOLDER, required=True, help="Holds sounds/ and pictures/."),
        click.option("--split", type=click.Choice(["validation", "test"]), default="validation"),
        click.option("--limit", type=click.IntRange(1), default=default, help=limit),
        click.option("--out", type=click.Path(path_type=Path), help="Write a report there."),
        seed_option,
        force_option,
        json_option,
        quiet_option,
    ]

    def decorate(function: Command) -> Command:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


teachers_option = click.option(
    "--teachers",
    type=FOLDER,
    help="Holds the judge's net.  [default: DATA/../teachers, then $SONOLUME_TEACHERS]",
)


model_option = click.option(
    "--model", type=FOLDER, help="Holds other weights.  [default: those of this installation]"
)


@command.command
@shared("Sounds and photos of each concept.  [default: all]")
@model_option
@click.option(
    "--phrases",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Lines of concept TAB phrase.  [default: the 300 shipped ones]",
)
def joint(model: Path | None, phrases: Path | None, **common: Any) -> None:
    """How well the joint encoder knows what it hears, sees and reads."""
    finish = _door(common)
    from sonolume.evaluation.joint import evaluate_joint
    from sonolume.hub import weights
    from sonolume.hub.joint import load_joint

    folder = model or weights.FOLDER
    encoder = load_joint(folder)
    names = [name for name in weights.names(folder) if name.startswith("joint-")]
    hashes = {name: weights.sha256(name, folder) for name in names}
    finish(evaluate_joint(encoder, phrases=phrases, hashes=hashes, **_measured(common)))


@command.command
@shared("Pictures painted of each concept.  [default: 4, about 700 in all]", 4)
@model_option
@click.option("--audio-encoder", type=FOLDER, help="CLAP, for a Stable Diffusion --model.")
@click.option("--size", type=click.IntRange(16, 1024), default=128, show_default=True)
@click.option("--steps", type=click.IntRange(1, 1000), default=20, show_default=True)
@teachers_option
def paint(
    model: Path | None,
    audio_encoder: Path | None,
    teachers: Path | None,
    size: int,
    steps: int,
    **common: Any,
) -> None:
    """Whether painted pictures show what was heard and said, to a judge trained apart."""
    finish = _door(common)
    from sonolume.evaluation.paint import evaluate_paint
    from sonolume.hub import weights
    from sonolume.hub.joint import load_joint
    from sonolume.pipelines import load
    from sonolume.pipelines.paint.pipeline import PaintSettings

    judge, hashes = _judge(teachers, common["data"])
    pipeline = load("paint", model or "pocket", audio_encoder)
    own = model if model is not None and "joint-words" in weights.names(model) else None
    with _progress(quiet=common["quiet"]) as progress:
        result = evaluate_paint(
            pipeline,
            lambda audio: pipeline.hear(audio)[0],
            load_joint(own or weights.FOLDER),
            judge,
            painting=PaintSettings(size=size, steps=steps),
            progress=progress,
            hashes={**pipeline.parts.hashes(), **hashes},
            **_measured(common),
        )
    finish(result)


@command.command
@shared("Sounds and photos of each concept.  [default: all]")
@model_option
@click.option(
    "--fit-calibration",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write there the temperatures that these data fit.",
)
def describe(model: Path | None, fit_calibration: Path | None, **common: Any) -> None:
    """Whether keywords and captions say what is heard and seen, and how surely."""
    finish = _door(common)
    from sonolume.evaluation.describe import evaluate_describe
    from sonolume.hub.calibration import check_calibration, write_calibration
    from sonolume.pipelines import load

    if fit_calibration is not None:
        check_calibration(fit_calibration, force=common["force"])
    pipeline = load("describe", model or "pocket")
    with _progress(quiet=common["quiet"], what="describing") as progress:
        result, calibration = evaluate_describe(
            pipeline, hashes=pipeline.parts.hashes(), progress=progress, **_measured(common)
        )
    if fit_calibration is not None:
        write_calibration(calibration, fit_calibration, force=common["force"])
    finish(result)


@command.command
@shared("Seeds of each concept.  [default: 8]", 8)
@model_option
@click.option("--concepts", type=click.IntRange(2), default=20, show_default=True)
@click.option("--steps", type=click.IntRange(1, 1000), default=50, show_default=True)
@click.option("--fast", is_flag=True, help="Without the gradient through the prior.")
@teachers_option
@click.option(
    "--fit-spreads",
    type=click.Path(path_type=Path, dir_okay=False),
    help="First measure on the split train, use, and write there what makes weights comparable.",
)
def guide(
    model: Path | None,
    teachers: Path | None,
    concepts: int,
    steps: int,
    fast: bool,
    fit_spreads: Path | None,
    **common: Any,
) -> None:
    """Whether guidance leads to what was said and heard, to a judge trained apart."""
    finish = _door(common)
    from sonolume.evaluation.guide import evaluate_guide
    from sonolume.evaluation.guide_spreads import fit
    from sonolume.pipelines import load
    from sonolume.pipelines.guide.settings import GuideSettings

    judge, hashes = _judge(teachers, common["data"])
    pipeline = load("guide", model or "pocket")
    pipeline.describer = None  # captions cost time, and nobody reads them here
    if fit_spreads is not None:
        fit(pipeline, common["data"], fit_spreads, force=common["force"])
    with _progress(quiet=common["quiet"], what="guiding") as progress:
        result = evaluate_guide(
            pipeline,
            judge,
            concepts=concepts,
            guiding=GuideSettings(steps=steps, fast=fast, size=pipeline.prior.side),
            progress=progress,
            hashes={**pipeline.prior.hashes(), **pipeline.encoder.hashes(), **hashes},
            **_measured(common),
        )
    finish(result)


@command.command
@shared("Photos of each concept.  [default: 4]", 4)
@model_option
@click.option("--notes", type=click.IntRange(1), default=1000, show_default=True)
def play(model: Path | None, notes: int, **common: Any) -> None:
    """Whether instruments are in tune and in time, mixes as loud as asked, scenes what is seen.

    Reads FOLDER/scores too.
    """
    finish = _door(common)
    from sonolume.evaluation.play import evaluate_play
    from sonolume.pipelines import load

    pipeline = load("play", model or "pocket")
    with _progress(quiet=common["quiet"], what="looking") as progress:
        result = evaluate_play(pipeline, notes=notes, progress=progress, **_measured(common))
    finish(result)


@command.command
@shared("Sounds.  [default: 50; with --page 12, a question each]")
@model_option
@click.option(
    "--prior",
    type=click.Choice(["hard", "soft", "both"]),
    default="both",
    show_default=True,
    help="Rules, style words, or both.",
)
@click.option(
    "--page",
    type=click.Path(path_type=Path, file_okay=False),
    help="Measure nothing; write a listening test there.",
)
def restyle(model: Path | None, prior: str, page: Path | None, **common: Any) -> None:
    """Whether sounds move as pictures move, and keep their structure.

    Reads FOLDER/scores too.
    """
    if page is not None:
        _listening_test(page, model, prior, common)
        return
    finish = _door(common)
    from sonolume.evaluation.restyle import evaluate_restyle
    from sonolume.hub import weights
    from sonolume.pipelines import load

    folder = model or weights.FOLDER
    names = [name for name in weights.names(folder) if name in ("joint-picture", "joint-words")]
    with _progress(quiet=common["quiet"], what="restyling") as progress:
        result = evaluate_restyle(
            load("restyle", model or "pocket"),
            prior=prior,  # type: ignore[arg-type]  # click's choice
            progress=progress,
            hashes={name: weights.sha256(name, folder) for name in names},
            **_measured(common),
        )
    finish(result)


def _listening_test(page: Path, model: Path | None, prior: str, common: dict[str, Any]) -> None:
    from sonolume.errors import OptionError
    from sonolume.evaluation.listening import check_page, write_page
    from sonolume.evaluation.restyle_questions import questions_of
    from sonolume.pipelines import load

    if common["out"] is not None:
        raise OptionError("--page measures nothing that --out could hold; give one of them")
    check_page(page, force=common["force"])
    questions = questions_of(
        load("restyle", model or "pocket"),
        prior=prior,  # type: ignore[arg-type]
        **_measured(common),
    )
    written = write_page(questions, page, seed=common["seed"], force=common["force"])
    result = {"page": str(written), "questions": len(questions)}
    lines = [f"{written}  {len(questions)} questions"]
    report(result, lines, as_json=common["as_json"], quiet=common["quiet"])


@command.command
@shared("Pairs.  [default: 1024]")
@click.option(
    "--model", type=FOLDER, required=True, help="Holds restyle-heads and restyle-controller."
)
def controller(model: Path, **common: Any) -> None:
    """Whether restyle's learnt controller hears which effects were used, and how far.

    Beside it the published design and the map, if the folder holds them.
    """
    finish = _door(common)
    from sonolume.evaluation.restyle_controller import evaluate_controller

    finish(evaluate_controller(model, **_measured(common)))


@command.command
@shared("Sounds of each concept.  [default: 8]", 8)
@model_option
@click.option("--concepts", type=click.IntRange(2), default=20, show_default=True)
@click.option("--steps", type=click.IntRange(1, 1000), default=20, show_default=True)
@click.option("--guidance", type=click.FloatRange(0, 30), default=3.0, show_default=True)
@teachers_option
def sound(
    model: Path | None,
    teachers: Path | None,
    concepts: int,
    steps: int,
    guidance: float,
    **common: Any,
) -> None:
    """Whether generated sounds are known again, to a judge trained apart."""
    finish = _door(common)
    from sonolume.errors import ModelError
    from sonolume.evaluation.judge import find_teachers
    from sonolume.evaluation.sound import evaluate_sound
    from sonolume.evaluation.sound_judge import NET, load_sound_judge
    from sonolume.hub import weights
    from sonolume.pipelines.play.sounds_generator import load_generator_sounds

    nets = find_teachers(teachers, common["data"], NET)
    if nets is None:
        raise ModelError(f"sounds are judged by {NET}, which was not found; give --teachers FOLDER")
    maker = load_generator_sounds(model or weights.FOLDER, steps=steps, guidance=guidance)
    with _progress(quiet=common["quiet"], what="generating") as progress:
        result = evaluate_sound(
            maker,
            load_sound_judge(nets),
            concepts=concepts,
            progress=progress,
            hashes=maker.hashes,
            **_measured(common),
        )
    finish(result)


@command.command
@shared("Photos of each concept.  [default: all]")
@teachers_option
@click.option("--fit", is_flag=True, help="First train the judge's heads on the split train.")
@click.option("--cache", type=FOLDER, help="With --fit: keep the features of photos there.")
@click.option(
    "--weights",
    type=FOLDER,
    help="Holds, or with --fit receives, the judge's heads.  [default: in this installation]",
)
def judge(
    teachers: Path | None, fit: bool, cache: Path | None, weights: Path | None, **common: Any
) -> None:
    """How often the judge itself is right, on photos."""
    finish = _door(common)
    from sonolume.errors import ModelError, OptionError
    from sonolume.evaluation.judge import NAME, NET, find_teachers, load_judge
    from sonolume.evaluation.judge_report import evaluate_judge
    from sonolume.hub.weights import FOLDER as EMBEDDED
    from sonolume.hub.weights import sha256

    if cache is not None and not fit:
        raise OptionError("--cache keeps features for training; give --fit with it")
    folder = weights or EMBEDDED
    nets = find_teachers(teachers, common["data"])
    if nets is None:
        raise ModelError(f"the judge needs {NET}, which was not found; give --teachers FOLDER")
    if fit:
        _fit(nets, common["data"], cache, folder)
    hashes = {NAME: sha256(NAME, folder)}
    finish(evaluate_judge(load_judge(nets, folder), hashes=hashes, **_measured(common)))


def _fit(teachers: Path, data: Path, cache: Path | None, folder: Path) -> None:
    from sonolume.evaluation.judge import save_heads
    from sonolume.evaluation.judge_fit import fit_judge

    save_heads(fit_judge(teachers, data, cache), folder)


def _judge(teachers: Path | None, data: Path) -> tuple[Judge | None, dict[str, str]]:
    """The judge, if its net is at hand, and the hash of its heads."""
    from sonolume.evaluation.judge import NAME, find_teachers, load_judge
    from sonolume.hub import weights

    folder = find_teachers(teachers, data)
    if folder is None:
        return None, {}
    return load_judge(folder), {NAME: weights.sha256(NAME)}


def _measured(common: dict[str, Any]) -> dict[str, Any]:
    return {name: common[name] for name in ("data", "split", "limit", "seed")}


def _door(common: dict[str, Any]) -> Callable[[Evaluation], None]:
    """Refuse an unusable --out before the work; what is returned prints and writes the result."""
    from sonolume.evaluation.report import check_folder, write_report

    out, force = common["out"], common["force"]
    if out is not None:
        check_folder(out, force=force)

    def finish(result: Evaluation) -> None:
        paths = [] if out is None else write_report(result, out, force=force)
        if common["as_json"] and not common["quiet"]:
            for line in result.skipped:
                click.echo(f"sonolume: left out: {line}", err=True)
        lines = [*result.lines(), *(f"written: {path}" for path in paths[-2:])]
        report(result.to_json(), lines, as_json=common["as_json"], quiet=common["quiet"])

    return finish


@contextmanager
def _progress(*, quiet: bool, what: str = "painting") -> Iterator[Callable[[int, int], None]]:
    from rich.console import Console
    from rich.progress import Progress, TimeRemainingColumn

    console = Console(stderr=True, quiet=quiet)
    columns = (*Progress.get_default_columns()[:-1], TimeRemainingColumn())
    with Progress(*columns, console=console, disable=quiet) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
