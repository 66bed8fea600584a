"""``sonolume guide``: weighted words, sounds and pictures → pictures, by steering a prior."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sonolume.cli._options import force_option, json_option, quiet_option, report, seed_option

if TYPE_CHECKING:
    from sonolume.cli._guide_outputs import Outputs
    from sonolume.pipelines.guide.pipeline import GuidePipeline
    from sonolume.pipelines.guide.request import GuideRequest
    from sonolume.pipelines.guide.settings import GuideSettings

__all__ = ["command"]

StepDone = Callable[[int, float, Any], None]


@click.command
@click.option("--text", multiple=True, metavar="WORDS[:WEIGHT]", help="Words to go to.")
@click.option("--sound", multiple=True, metavar="FILE[:WEIGHT]", help="A sound to go to.")
@click.option("--picture", multiple=True, metavar="FILE[:WEIGHT]", help="A picture to go to.")
@click.option("--enrich", help="Add what is heard in the sounds: keywords, caption, or both.")
@click.option("--enrich-only", is_flag=True, help="Print what --enrich adds, and make nothing.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Picture, or folder for many."
)
@click.option("--count", type=click.IntRange(1, 1000), default=1, help="Pictures, of rising seeds.")
@click.option("--steps", default=50, show_default=True, help="Predictions a picture takes.")
@click.option("--scale", type=float, help="How far guidance moves the picture in a step.")
@click.option("--fast", is_flag=True, help="Leave out the gradient through the prior.")
@click.option("--cutouts", type=int, help="Cutouts that the encoder is shown in a step.")
@click.option(
    "--cut-power", type=float, help="Above 1 more small cutouts, below 1 more large ones."
)
@click.option("--init", "initial", type=click.Path(path_type=Path), help="Picture to start from.")
@click.option("--skip", type=int, help="Steps that the picture of --init spares.")
@click.option("--init-scale", type=float, help="How much the distance to --init counts.")
@click.option("--tv-scale", type=float, help="How much roughness counts.")
@click.option("--range-scale", type=float, help="How much values out of range count.")
@click.option("--sampler", help="euler, heun or ancestral.  [default: euler]")
@click.option("--size", type=int, help="Side in pixels, up to 1024.  [default: 128 for pocket]")
@click.option("--previews", type=click.IntRange(1), help="Also write every Nth estimate.")
@click.option("--gif", is_flag=True, help="With --previews: also an animation of the run.")
@click.option("--mp4", is_flag=True, help="With --previews: also a film; needs sonolume[video].")
@click.option("--model", default="pocket", show_default=True, help="The prior: pocket, or a model.")
@click.option("--encoder", help="What guides: pocket, or a model.  [default: as fits the prior]")
@seed_option
@force_option
@json_option
@quiet_option
def command(
    text: tuple[str, ...],
    sound: tuple[str, ...],
    picture: tuple[str, ...],
    enrich: str | None,
    enrich_only: bool,
    output: Path | None,
    count: int,
    initial: Path | None,
    previews: int | None,
    gif: bool,
    mp4: bool,
    model: str,
    encoder: str | None,
    seed: int,
    force: bool,
    as_json: bool,
    quiet: bool,
    **settings: Any,
) -> None:
    r"""Make pictures by steering a diffusion prior with words, sounds and pictures.

    Each of --text, --sound and --picture may stand several times. A weight follows the last colon
    and is 1 without one; a negative one leads away. \: is a colon that belongs to the words.
    """
    from sonolume.cli._guide_outputs import plan

    if enrich_only and enrich is None:
        raise click.UsageError("--enrich-only prints what --enrich adds: give that too.")
    films = tuple(suffix for suffix, on in ((".gif", gif), (".mp4", mp4)) if on)
    outputs = plan(output, count, previews, films)
    if not enrich_only:
        outputs.check(force=force)
    from sonolume.pipelines import load
    from sonolume.pipelines.guide.pipeline import steps_skipped
    from sonolume.pipelines.guide.prompts import gather, type_prompt
    from sonolume.pipelines.guide.record import told
    from sonolume.pipelines.guide.settings import make_settings

    given = [*gather("words", text), *gather("sound", sound), *gather("picture", picture)]
    table = {key: value for key, value in settings.items() if value is not None}
    make_settings(table)  # refuses a value out of range before the models load
    pipeline = load("guide", model=model, encoder=encoder)
    chosen = make_settings({"size": pipeline.prior.side, **table})
    kinds = [kind.strip() for kind in enrich.split(",")] if enrich else []
    rich = pipeline.enrich(given, kinds)
    added = [f"--text {shlex.quote(type_prompt(prompt))}" for prompt in rich[len(given) :]]
    if enrich_only:
        report({"prompts": list(map(told, rich))}, added, as_json=as_json, quiet=quiet)
        return
    if added and not quiet and not as_json:
        click.echo("\n".join(added))
    request = pipeline.request_for(rich, initial=initial, seed=seed)
    steps = chosen.steps - steps_skipped(request, chosen)
    begun = time.monotonic()
    with _progress(count * steps, quiet=quiet or as_json) as step_done:
        captions = _make(pipeline, request, chosen, outputs, step_done, force=force)
    seconds = round(time.monotonic() - begun, 2)
    result = {
        "out": [str(target) for target in outputs.targets],
        "captions": captions,
        "prompts": [told(prompt) for prompt in request.prompts],
        "seeds": list(range(seed, seed + count)),
        "steps": chosen.steps,
        "seconds": seconds,
    }
    outputs.save_manifest(result, force=force)
    lines = [
        f"{target}  {caption}".rstrip()
        for target, caption in zip(outputs.targets, captions, strict=True)
    ]
    report(result, [*lines, f"({seconds:.1f} s)"], as_json=as_json, quiet=quiet)


def _make(
    pipeline: GuidePipeline,
    request: GuideRequest,
    settings: GuideSettings,
    outputs: Outputs,
    step_done: StepDone,
    *,
    force: bool,
) -> list[str]:
    """Make and write every picture, one seed each; returns their captions."""
    made = []
    for number, target in enumerate(outputs.targets):
        one = replace(request, seed=request.seed + number)
        with outputs.previews_of(target, force=force) as keep:
            picture = pipeline.guide(
                one,
                settings,
                previews=outputs.every,
                on_preview=keep,
                callback_on_step_end=step_done,
            )
        outputs.save(picture, target, force=force)
        made.append(picture)
    outputs.save_grid(made, force=force)
    return [(picture.provenance or {})["caption"] for picture in made]


@contextmanager
def _progress(total: int, *, quiet: bool) -> Iterator[StepDone]:
    from rich.console import Console
    from rich.progress import Progress, TimeRemainingColumn

    console = Console(stderr=True, quiet=quiet)
    columns = (*Progress.get_default_columns()[:-1], TimeRemainingColumn())
    with Progress(*columns, console=console, disable=quiet) as bar:
        task = bar.add_task("guiding", total=total)
        yield lambda _step, _t, _clean: bar.advance(task)
