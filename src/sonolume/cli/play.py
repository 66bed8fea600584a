"""``sonolume play``: a picture and a score → music on instruments made of what is seen."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sonolume.cli._options import force_option, json_option, quiet_option, report, seed_option
from sonolume.cli._sound_making import (
    check_kinds,
    check_targets,
    load_timbre,
    read_mapping,
    steps,
)

if TYPE_CHECKING:
    from sonolume.music.mixdown import MixReport
    from sonolume.pipelines.play.performance import Performance

__all__ = ["command"]

FILE = click.Path(path_type=Path)
MUSIC = Path("played.wav")


@click.command
@click.argument("picture", required=False, type=FILE)
@click.option("--score", type=FILE, help="MIDI, MusicXML or ABC; composed for the mood without.")
@click.option("-o", "--output", type=FILE, default=MUSIC, show_default=True, help="The music.")
@click.option("--stems", type=FILE, help="Folder for one WAV a track.")
@click.option("--kit", type=FILE, help="Write the instruments: NAME.sf2, or a folder NAME.sfz.")
@click.option("--midi", type=FILE, help="Write what is played as MIDI.")
@click.option("--roll", type=FILE, help="Draw what is played as a piano roll.")
@click.option("--scene", type=FILE, help="JSON of an earlier --save-scene, instead of looking.")
@click.option("--save-scene", type=FILE, help="Write what is seen as JSON, to edit and use again.")
@click.option("--scene-only", is_flag=True, help="Look, and play nothing.")
@click.option("--map", "mapping", multiple=True, help="Who plays what: drums=footsteps,bass=water.")
@click.option("--mood", help="Of composed music.  [default: the picture's]")
@click.option("--seconds", type=float, help="Length of composed music.  [default: 60]")
@click.option("--tempo", type=float, help="Quarter notes a minute.  [default: the score's]")
@click.option("--transpose", type=int, help="Semitones.")
@click.option("--sources", type=int, help="Sounds to look for.  [default: 10]")
@click.option("--takes", type=int, help="Sounds to choose from for each source.  [default: 4]")
@click.option("--resonate", is_flag=True, default=None, help="Noises ring at pitches too.")
@click.option("--loudness", type=float, help="LUFS.  [default: -14]")
@click.option("--reverb", type=float, help="Amount of room, 0 to 2.  [default: 1]")
@click.option("--model", default="pocket", show_default=True, help="What looks: pocket or a model.")
@click.option(
    "--sounds",
    help="foley, generator, a folder of recordings, or a sound model.  [default: foley]",
)
@click.option("--timbre", type=FILE, help="TorchScript model that changes the timbre (as RAVE).")
@click.option("--trust", is_flag=True, help="Run the code inside --timbre.")
@seed_option
@force_option
@json_option
@quiet_option
def command(
    picture: Path | None,
    score: Path | None,
    output: Path,
    stems: Path | None,
    kit: Path | None,
    midi: Path | None,
    roll: Path | None,
    scene: Path | None,
    save_scene: Path | None,
    scene_only: bool,
    mapping: tuple[str, ...],
    model: str,
    sounds: str | None,
    timbre: Path | None,
    trust: bool,
    seed: int,
    force: bool,
    as_json: bool,
    quiet: bool,
    **settings: Any,
) -> None:
    """Play a score on instruments made of what PICTURE shows.

    The things in the picture become sounds, the sounds instruments in tune, and these share out
    the tracks of the score among them.
    """
    from sonolume.pipelines.play.settings import make_settings

    overrides = read_mapping(mapping)
    table = {key: value for key, value in settings.items() if value is not None}
    make_settings(table)  # refuses a value out of range before the models load
    if picture is None and scene is None:
        raise click.UsageError("Give a PICTURE, or a --scene.")
    asked = (save_scene,) if scene_only else (output, kit, midi, roll, save_scene)
    check_targets(asked, force=force)
    check_kinds(None if scene_only else output, kit)
    from sonolume.pipelines import load

    begun = time.monotonic()
    change = load_timbre(timbre, trust=trust)
    pipeline = load("play", model=model, sounds=sounds, timbre=change)
    with steps(quiet=quiet or as_json) as tell:
        if scene_only:
            seen = pipeline.look(picture, scene, **table)
            if save_scene is not None:
                seen.save(save_scene, force=force)
            report(seen.to_json(), _told(seen.to_json()), as_json=as_json, quiet=quiet)
            return
        performance = pipeline(
            picture, score, scene=scene, overrides=overrides, seed=seed, progress=tell, **table
        )
        tell("playing")
        heard = performance.save(output, stems=stems, force=force)
        _write(performance, kit, midi, roll, save_scene, force=force)
    result = _result(performance, heard, output, kit, time.monotonic() - begun)
    report(result, _lines(performance, result), as_json=as_json, quiet=quiet)


def _write(
    performance: Performance,
    kit: Path | None,
    midi: Path | None,
    roll: Path | None,
    scene: Path | None,
    *,
    force: bool,
) -> None:
    if kit is not None:
        from sonolume.music.kits import write_kit

        write_kit(performance.kit, kit, force=force)
    if midi is not None:
        from sonolume.music.scores.write import write_score

        write_score(performance.score, midi, force=force)
    if roll is not None:
        from sonolume.music.scores.roll import save_roll

        save_roll(performance.score, roll, force=force)
    if scene is not None:
        performance.scene.save(scene, force=force)


def _result(
    performance: Performance,
    heard: MixReport,
    output: Path,
    kit: Path | None,
    took: float,
) -> dict[str, Any]:
    """What ``--json`` prints."""
    sf2 = kit is not None and kit.suffix.lower() == ".sf2"
    return {
        "out": str(output),
        "seconds": round(heard.seconds, 3),
        "took": round(took, 2),
        "tempo": round(performance.score.tempo, 3),
        "scene": performance.scene.to_json(),
        "tracks": [asdict(part) for part in performance.parts],
        "kit": {"sfz": str(kit) if kit and not sf2 else None, "sf2": str(kit) if sf2 else None},
        "stems": {path.stem: str(path) for path in heard.stems},
        "loudness_lufs": round(heard.loudness, 2),
        "true_peak_db": round(heard.true_peak, 2),
    }


def _told(scene: dict[str, Any]) -> list[str]:
    lines = [f"{scene['description']}  ({scene['mood']})"]
    for source in scene["sources"]:
        words = ", ".join((source["material"], source["playing"], *source["timbre"]))
        lines.append(f"  {source['name']}: {words}")
    return lines


def _lines(performance: Performance, result: dict[str, Any]) -> list[str]:
    scene = performance.scene
    lines = [f"{scene.description}  ({scene.mood})"]
    for part in performance.parts:
        folded = f", {part.folded} folded" if part.folded else ""
        lines.append(f"  {part.name}: {part.source or 'nobody'} ({part.notes} notes{folded})")
        lines.append(f"    {part.why}")
    lines.append(
        f"{result['out']}  {result['seconds']:.1f} s of music in {result['took']:.1f} s, "
        f"{result['loudness_lufs']} LUFS, peak {result['true_peak_db']} dBTP"
    )
    return lines
