"""``sonolume render``: any score on any kit."""

from __future__ import annotations

from pathlib import Path

import click

from sonolume.cli._options import force_option, json_option, quiet_option, report

__all__ = ["command"]

FILE = click.Path(path_type=Path)


@click.command
@click.argument("score", type=FILE)
@click.option("--kit", type=FILE, required=True, help="SF2 file, SFZ file, or a folder of SFZ.")
@click.option("-o", "--output", type=FILE, required=True, help="The music.")
@click.option("--stems", type=FILE, help="Folder for one WAV a track.")
@click.option("--map", "mapping", multiple=True, help="Who plays what: bass=Cello,Melody=Flute.")
@click.option("--tempo", type=float, help="Quarter notes a minute.  [default: the score's]")
@click.option("--transpose", type=int, default=0, help="Semitones.")
@click.option("--loudness", type=float, default=-14.0, show_default=True, help="LUFS.")
@click.option("--reverb", type=float, default=1.0, show_default=True, help="Room, 0 to 2.")
@force_option
@json_option
@quiet_option
def command(
    score: Path,
    kit: Path,
    output: Path,
    stems: Path | None,
    mapping: tuple[str, ...],
    tempo: float | None,
    transpose: int,
    loudness: float,
    reverb: float,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Play SCORE on a kit: ours, or anybody's SF2 or SFZ."""
    from sonolume.cli._sound_making import check_kinds, check_targets, read_mapping
    from sonolume.music.ensemble import seat
    from sonolume.music.kits import read_kit
    from sonolume.music.mixdown import MixSettings, mixdown
    from sonolume.music.scores.read import read_score
    from sonolume.music.scores.shape import retempo
    from sonolume.music.scores.shape import transpose as transposed

    check_targets((output,), force=force)
    check_kinds(output, None)
    settings = MixSettings(loudness=loudness, reverb=reverb)
    played = transposed(read_score(score), transpose)
    if tempo is not None:
        played = retempo(played, tempo)
    seated = seat(played, read_kit(kit), read_mapping(mapping))
    heard = mixdown(
        seated.score,
        seated.instruments,
        output,
        roles=seated.roles,
        settings=settings,
        stems=stems,
        provenance={"job": "render", "score": str(score), "kit": str(kit)},
        force=force,
    )
    tracks = [
        {"name": track.name, "instrument": name, "notes": len(track.notes), "folded": folded}
        for track, name, folded in zip(
            seated.score.tracks, seated.names, seated.folded, strict=True
        )
    ]
    result = {
        "out": str(output),
        "seconds": round(heard.seconds, 3),
        "tracks": tracks,
        "stems": {path.stem: str(path) for path in heard.stems},
        "loudness_lufs": round(heard.loudness, 2),
        "true_peak_db": round(heard.true_peak, 2),
    }
    lines = [f"  {row['name']}: {row['instrument'] or 'nobody'}" for row in tracks]
    lines.append(f"{output}  {result['seconds']:.1f} s, {result['loudness_lufs']} LUFS")
    report(result, lines, as_json=as_json, quiet=quiet)
