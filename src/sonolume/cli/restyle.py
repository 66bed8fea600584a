"""``sonolume restyle``: a picture before, one after, and a sound → the sound, changed alike."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sonolume.cli._options import force_option, json_option, quiet_option, report, seed_option
from sonolume.cli._restyling import by_option, prior_option
from sonolume.cli._sound_making import check_targets, steps
from sonolume.errors import OptionError

if TYPE_CHECKING:
    from sonolume.pipelines.restyle.engine.settings import DiffusionSettings

__all__ = ["command"]

FILE = click.Path(path_type=Path)
HELD = "rhythm,harmony,energy"


@click.command
@click.argument("before", type=FILE)
@click.argument("after", type=FILE)
@click.argument("sound", type=FILE)
@click.option("-o", "--output", type=FILE, default=Path("restyled.wav"), show_default=True)
@click.option("--strength", type=float, default=1.0, show_default=True, help="0 to 2.")
@prior_option
@click.option(
    "--keep", default=HELD, show_default=True, help="What is held; the strength gives way. Or none."
)
@click.option("--effects", type=int, default=4, show_default=True, help="At most; 1 to 8.")
@by_option
@click.option(
    "--engine",
    type=click.Choice(["rack", "diffusion"]),
    default="rack",
    show_default=True,
    help="Effects, or a sound generator that draws the sound again.",
)
@click.option("--noise-level", type=float, help="Of diffusion, 0 to 1.  [default: 0.5]")
@click.option(
    "--start",
    type=click.Choice(["inversion", "noise"]),
    help="Where diffusion starts from: DDIM inversion, or SDEdit.  [default: inversion]",
)
@click.option(
    "--detail",
    type=click.Choice(["sound", "generator"]),
    help="Whose fine structure diffusion keeps.  [default: sound]",
)
@click.option(
    "--sounds", help="Generator of diffusion: AudioLDM 2 or Stable Audio.  [default: --model's]"
)
@click.option("--rules", type=FILE, help="TOML table in place of the package's rules.")
@click.option("--plot", "drawing", type=FILE, help="Draw the change: .png, .pdf or .svg.")
@click.option("--model", default="pocket", show_default=True, help="pocket, or a folder of it.")
@seed_option
@force_option
@json_option
@quiet_option
@click.pass_context
def command(
    context: click.Context,
    before: Path,
    after: Path,
    sound: Path,
    output: Path,
    strength: float,
    prior: str,
    keep: str,
    effects: int,
    by: str,
    engine: str,
    noise_level: float | None,
    start: str | None,
    detail: str | None,
    sounds: str | None,
    rules: Path | None,
    drawing: Path | None,
    model: str,
    seed: int,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Change SOUND the way the picture changed from BEFORE to AFTER.

    Rhythm, harmony and the contour of loudness stay; timbre, texture, space and level move. Of a
    picture that did not change, the sound comes back as it is.
    """
    from sonolume.pipelines.restyle.settings import RestyleSettings

    held = read_keep(keep)
    given = {"noise_level": noise_level, "start": start, "detail": detail}
    diffusion = read_diffusion(context, engine, given)
    if sounds is not None and diffusion is None:
        raise OptionError("--sounds is for --engine diffusion; leave it out")
    RestyleSettings(strength, prior, held, effects, by)  # type: ignore[arg-type]  # click's choice
    check_targets((output, drawing), force=force)
    check_target(output, sound)
    if drawing is not None:
        from sonolume.pipelines.describe.plot import check_plot

        check_plot(drawing)
    from sonolume.pipelines import load

    with steps(quiet=quiet or as_json) as tell:
        made = load("restyle", model=model, sounds=sounds)(
            before,
            after,
            sound,
            strength=strength,
            prior=prior,  # type: ignore[arg-type]
            keep=held,
            effects=effects,
            by=by,  # type: ignore[arg-type]
            engine=engine,  # type: ignore[arg-type]
            diffusion=diffusion,
            rules=rules,
            seed=seed,
            progress=tell,
        )
        tell("writing")
        made.save(output, force=force)
        if drawing is not None:
            from sonolume.pipelines.restyle.draw import plot

            plot(made, before, after, drawing, force=force)
    from sonolume.pipelines.restyle.explain import as_json as numbers
    from sonolume.pipelines.restyle.explain import as_lines

    result = {"out": str(output), **numbers(made)}
    lines = [*as_lines(made), f"{output}  {result['seconds']:.1f} s"]
    report(result, lines, as_json=as_json, quiet=quiet)


def read_keep(given: str) -> tuple[str, ...]:
    """``rhythm,energy`` as names; ``none`` as no names."""
    names = tuple(name.strip() for name in given.split(",") if name.strip())
    return () if names == ("none",) else names


def read_diffusion(
    context: click.Context, engine: str, given: Mapping[str, Any]
) -> DiffusionSettings | None:
    """Settings of the diffusion engine, None for another one; options of the one not asked for
    are refused."""
    from sonolume.pipelines.restyle.engine.settings import DiffusionSettings

    chosen = {name: value for name, value in given.items() if value is not None}
    if engine == "diffusion":
        told = context.get_parameter_source
        for name in ("effects", "by"):
            if told(name) is not click.core.ParameterSource.DEFAULT:
                raise OptionError(f"--{name} is for --engine rack; leave it out")
        return DiffusionSettings(**chosen)
    for name in chosen:
        raise OptionError(f"--{name.replace('_', '-')} is for --engine diffusion; leave it out")
    return None


def check_target(output: Path, sound: Path) -> None:
    """Refuse a result that nothing can be written as, or that would be the sound itself."""
    from sonolume.media.sound_file import container_for

    if output.exists() and sound.exists() and output.samefile(sound):
        raise OptionError(f"{output} is the sound itself; give the result another name")
    container_for(output)
