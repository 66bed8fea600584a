"""Play: a picture and a score → music on instruments made of what is seen."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from sonolume import __version__
from sonolume.errors import OptionError
from sonolume.hub.layout import file_hash
from sonolume.media import Audio, Picture
from sonolume.music.ensemble import placed, within
from sonolume.music.instruments import InstrumentSettings
from sonolume.music.kit import Instrument, Kit
from sonolume.music.parts import part_of
from sonolume.music.roles import Assignment, assign
from sonolume.music.scene import Scene, Source
from sonolume.music.score import Score, Track
from sonolume.music.scores.compose import compose
from sonolume.music.scores.read import read_score
from sonolume.music.scores.shape import retempo, transpose
from sonolume.pipelines.play.band import USUAL, Player, band, listen, overridden
from sonolume.pipelines.play.performance import Part, Performance
from sonolume.pipelines.play.scene import SceneReader
from sonolume.pipelines.play.settings import PlaySettings, make_settings
from sonolume.pipelines.play.sounds import Likeness, SoundMaker, best_of
from sonolume.pipelines.play.timbre import Timbre

MAKERS_AT_ONCE = 2
Step = Callable[[str], None]


class PlayPipeline:
    """A picture and a score → music on instruments made of what is seen.

    >>> play = sonolume.load("play")                                        # doctest: +SKIP
    >>> play("photo.jpg", score="song.mid", seed=7).save("song.wav")        # doctest: +SKIP

    `reader` finds the scene, `maker` makes the sounds of its sources, `likeness` chooses among
    takes, `timbre` changes those that have a pitch. `name` and `sounds` say for the provenance what
    they are, `making` how instruments are made of sounds.
    """

    def __init__(
        self,
        reader: SceneReader,
        maker: SoundMaker,
        likeness: Likeness,
        *,
        timbre: Timbre | None = None,
        making: InstrumentSettings = USUAL,
        name: str = "pocket",
        sounds: str = "foley",
    ) -> None:
        self.reader, self.maker, self.likeness = reader, maker, likeness
        self.timbre, self.making = timbre, making
        self.name, self.sounds = name, sounds

    @classmethod
    def from_pretrained(
        cls,
        model: str | Path = "pocket",
        *,
        sounds: str | Path | None = None,
        timbre: Timbre | None = None,
        device: str | None = None,
    ) -> "PlayPipeline":
        """See `sonolume.load`."""
        from sonolume.pipelines.play.choose import choose

        pipeline = choose(model, sounds, device)
        pipeline.timbre = timbre
        return pipeline

    def __call__(
        self,
        picture: str | Path | Picture | None = None,
        score: str | Path | Score | None = None,
        *,
        scene: str | Path | Scene | None = None,
        overrides: Mapping[str, str] | None = None,
        seed: int = 0,
        progress: Step | None = None,
        **settings: Any,
    ) -> Performance:
        """Make everything ready to be heard: `Performance.audio`, `Performance.save`.

        Args:
            picture: a file or a `Picture`; not needed beside a scene.
            score: a MIDI, MusicXML or ABC file or a `Score`; without one, music is composed for
                the mood.
            scene: a JSON file that `Scene.save` wrote, or a `Scene`, instead of looking.
            overrides: role or track name → name of a source that shall play it.
            seed: of sounds and composition.
            progress: told each step in a few words.
            settings: those of `PlaySettings`.

        Raises:
            OptionError: neither picture nor scene, values out of range, unknown overrides.
            MediaError: an unreadable picture. DataError: an unreadable score or scene.
        """
        chosen = make_settings(settings)
        tell = progress or (lambda _: None)
        if seed < 0:
            raise OptionError(f"seed {seed}: expected 0 or more")
        tell("looking")
        seen = self._scene(picture, scene, chosen)
        played, origin = _score(score, seen, chosen, seed)
        tell("making sounds")
        soundings = listen(
            seen, lambda source: self._sound(source, chosen.takes, seed), self.timbre
        )
        players = band(soundings, self.making, resonate=chosen.resonate)
        players, wanted = overridden(players, soundings, played, overrides or {}, self.making)
        assigned = assign(played, {name: each.traits for name, each in players.items()}, wanted)
        used = list(dict.fromkeys(each.instrument for each in assigned if each.instrument))
        tell(f"making {len(used)} instruments")
        kit = _kit(seen, played, assigned, _make({n: players[n] for n in used}, played, assigned))
        record = self._provenance(seen, origin, overrides or {}, seed, chosen)
        return _perform(seen, played, assigned, players, kit, chosen, record)

    def look(
        self,
        picture: str | Path | Picture | None = None,
        scene: str | Path | Scene | None = None,
        **settings: Any,
    ) -> Scene:
        """What is seen, without a sound; see `__call__`."""
        return self._scene(picture, scene, make_settings(settings))

    def _scene(
        self,
        picture: str | Path | Picture | None,
        scene: str | Path | Scene | None,
        settings: PlaySettings,
    ) -> Scene:
        if scene is not None:
            return scene if isinstance(scene, Scene) else Scene.read(scene)
        if picture is None:
            raise OptionError("play needs a picture or a scene; give one of them")
        seen = picture if isinstance(picture, Picture) else Picture.read(picture)
        return self.reader.read(seen, sources=settings.sources)

    def _sound(self, source: Source, takes: int, seed: int) -> Audio:
        return best_of(self.maker, source, self.likeness, of=takes, seed=seed)[0]

    def _provenance(
        self,
        scene: Scene,
        origin: dict[str, Any] | None,
        overrides: Mapping[str, str],
        seed: int,
        settings: PlaySettings,
    ) -> dict[str, Any]:
        return {
            "job": "play",
            "model": self.name,
            "sounds": self.sounds,
            "timbre": self.timbre is not None,
            "scene": scene.to_json(),
            "score": origin,
            "overrides": dict(overrides),
            "seed": seed,
            "settings": asdict(settings),
            "versions": {"sonolume": __version__},
        }


def _score(
    given: str | Path | Score | None, scene: Scene, settings: PlaySettings, seed: int
) -> tuple[Score, dict[str, Any] | None]:
    """What is played, and where it came from; None is for the composer."""
    origin: dict[str, Any] | None = None
    if given is None:
        mood = settings.mood or scene.mood
        score = compose(mood, seconds=settings.seconds, seed=seed, tempo=settings.tempo)
    elif isinstance(given, Score):
        score, origin = given, {"file": None}
    else:
        score = read_score(given)
        origin = {"file": str(given), "sha256": file_hash(Path(given))}
    if not score.tracks:
        raise OptionError("the score holds no note; give another one")
    if settings.tempo is not None:
        score = retempo(score, settings.tempo)
    return transpose(score, settings.transpose), origin


def _make(
    players: Mapping[str, Player], score: Score, assigned: tuple[Assignment, ...]
) -> dict[str, Instrument]:
    """The instruments, each for the keys that it will play."""

    def make(name: str) -> Instrument:
        tracks = [score.tracks[each.track] for each in assigned if each.instrument == name]
        return players[name].made_for(np.concatenate([track.notes.key for track in tracks]))

    with ThreadPoolExecutor(MAKERS_AT_ONCE) as pool:
        return dict(zip(players, pool.map(make, players), strict=True))


def _kit(
    scene: Scene, score: Score, assigned: tuple[Assignment, ...], made: Mapping[str, Instrument]
) -> Kit:
    """The instruments under the programs of the tracks they play, so that other players of the
    same score choose them as well."""
    first = [next(each.track for each in assigned if each.instrument == name) for name in made]
    named = [replace(instrument, name=name) for name, instrument in made.items()]
    programs = [score.tracks[track].program for track in first]
    return Kit(scene.description[:40] or "scene", placed(named, programs))


def _perform(
    scene: Scene,
    score: Score,
    assigned: tuple[Assignment, ...],
    players: Mapping[str, Player],
    kit: Kit,
    settings: PlaySettings,
    record: dict[str, Any],
) -> Performance:
    by_name = {instrument.name: instrument for instrument in kit.instruments}
    instruments: dict[int, Instrument] = {}
    tracks: list[Track] = []
    parts: list[Part] = []
    for each in assigned:
        track, folded = score.tracks[each.track], 0
        player = by_name.get(each.instrument or "")
        if player is not None:
            track, folded = within(track, player)
            instruments[each.track] = player
        sources = players[each.instrument].sources if each.instrument else ()
        tracks.append(track)
        parts.append(_part(each, track, sources, folded))
    if not instruments:
        raise OptionError("no track of the score can be played by what is seen; try resonate")
    played = replace(score, tracks=tuple(tracks))
    return Performance(scene, played, instruments, tuple(parts), kit, settings, record)


def _part(each: Assignment, track: Track, sources: tuple[str, ...], folded: int) -> Part:
    keys = track.notes.key
    return Part(
        track.name or part_of(track).role,
        each.role,
        ", ".join(sources),
        each.instrument,
        len(keys),
        int(keys.min()),
        int(keys.max()),
        folded,
        each.why,
    )
