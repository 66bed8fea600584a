"""Play again what a sound says about itself."""

import warnings
from pathlib import Path
from typing import Any

from sonolume import __version__
from sonolume.errors import DataError, ModelError, OptionError
from sonolume.hub.download import is_remote, known
from sonolume.hub.layout import file_hash
from sonolume.music.scene import Scene
from sonolume.pipelines.play.performance import Performance
from sonolume.pipelines.play.pipeline import PlayPipeline
from sonolume.pipelines.play.settings import make_settings

OWN = ("pocket", "foley", "generator")


def play_again(provenance: dict[str, Any], pipeline: PlayPipeline | None = None) -> Performance:
    """The performance that `provenance` describes: the scene is in it, a score must still be
    where it was.

    `pipeline` is by default the one that is named. Warns when made by another version. Raises
    ModelError when the provenance lacks something, names a model that only its word speaks for, a
    timbre, or a score that is gone or another one now.
    """
    try:
        scene = Scene.from_json(provenance["scene"], "provenance")
        seed, overrides = provenance["seed"], dict(provenance["overrides"])
        settings, origin = dict(provenance["settings"]), provenance["score"]
        make_settings(settings)
        names = str(provenance["model"]), str(provenance["sounds"])
        version, timbre = provenance["versions"]["sonolume"], provenance["timbre"]
    except (KeyError, TypeError, ValueError, DataError, OptionError) as error:
        raise ModelError(f"unusable provenance ({error}); it cannot be played again") from error
    if timbre and pipeline is None:
        raise ModelError("played with a timbre model: load it and give the pipeline")
    if version != __version__:
        warnings.warn(f"played by version {version}: expect another sound", stacklevel=2)
    score = _same(origin)
    pipeline = pipeline or _load(*names)
    try:
        return pipeline(score=score, scene=scene, overrides=overrides, seed=seed, **settings)
    except (OptionError, TypeError) as error:
        raise ModelError(f"unusable provenance ({error}); it cannot be played again") from error


def _load(model: str, sounds: str) -> PlayPipeline:
    for name in (model, sounds):
        if name not in OWN and is_remote(name) and known(name) is None:
            raise ModelError(f"played with {name!r}, which is not here: give the pipeline")
    return PlayPipeline.from_pretrained(model, sounds=sounds)


def _same(origin: Any) -> Path | None:
    """The score, if it is still what it was."""
    if origin is None:
        return None
    path = Path(str(origin.get("file"))) if isinstance(origin, dict) else Path()
    if not path.is_file():
        raise ModelError(f"played from the score {path}, which is gone; put it back")
    if file_hash(path) != origin.get("sha256"):
        raise ModelError(f"{path} is another score than the one that was played")
    return path
