"""``sonolume kit``: sounds → instruments for any sampler."""

from __future__ import annotations

from pathlib import Path

import click

from sonolume.cli._options import force_option, json_option, quiet_option, report

__all__ = ["command"]

FILE = click.Path(path_type=Path)


@click.command
@click.argument("sounds", nargs=-1, required=True, type=FILE)
@click.option("-o", "--output", type=FILE, required=True, help="NAME.sf2, or a folder NAME.sfz.")
@click.option("--drums", is_flag=True, help="One drum kit from all of them.")
@click.option("--resonate", is_flag=True, help="Noises ring at the pitches of keys.")
@click.option("--timbre", type=FILE, help="TorchScript model that changes the timbre (as RAVE).")
@click.option("--trust", is_flag=True, help="Run the code inside --timbre.")
@click.option("--layers", default=2, show_default=True, help="Velocity layers, 1 to 3.")
@click.option("--turns", default=2, show_default=True, help="Round robin, 1 to 4.")
@force_option
@json_option
@quiet_option
def command(
    sounds: tuple[Path, ...],
    output: Path,
    drums: bool,
    resonate: bool,
    timbre: Path | None,
    trust: bool,
    layers: int,
    turns: int,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Make instruments of SOUNDS: one each, in tune where they have a pitch, else drums."""
    from sonolume.cli._sound_making import check_kinds, check_targets, load_timbre
    from sonolume.media import Audio
    from sonolume.music.ensemble import placed
    from sonolume.music.instruments import InstrumentSettings, make_drums, make_instrument
    from sonolume.music.kit import Kit
    from sonolume.music.kits import write_kit

    check_targets((output,), force=force)
    check_kinds(None, output)
    settings = InstrumentSettings(layers=layers, turns=turns, drums=drums, resonate=resonate)
    change = load_timbre(timbre, trust=trust)
    heard = [Audio.read(path) for path in sounds]
    heard = [change(sound) for sound in heard] if change is not None else heard
    if drums:
        made = [make_drums(heard, "drums", settings=settings)]
    else:
        names = [path.stem for path in sounds]
        made = [make_instrument(audio, name, settings=settings) for audio, name in
                zip(heard, names, strict=True)]  # fmt: skip
    kit = Kit(output.stem, placed(made))
    write_kit(kit, output, force=force)
    rows = [
        {
            "name": each.name,
            "pitched": each.pitched,
            "lowest": each.lowest,
            "highest": each.highest,
            "regions": len(each.regions),
            "program": each.program,
            "bank": each.bank,
        }
        for each in kit.instruments
    ]
    lines = [
        f"  {row['name']}: {'keys' if row['pitched'] else 'drums on keys'} "
        f"{row['lowest']} to {row['highest']}, bank {row['bank']}, program {row['program']}"
        for row in rows
    ]
    report({"out": str(output), "instruments": rows}, [*lines, str(output)],
           as_json=as_json, quiet=quiet)  # fmt: skip
