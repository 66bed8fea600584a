"""Draw a sound again as its provenance says it was drawn."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from sonolume.errors import ModelError, OptionError
from sonolume.media import Audio
from sonolume.pipelines.restyle.engine.choose import choose_generator
from sonolume.pipelines.restyle.engine.diffusion import RedrawnRendering, in_memory
from sonolume.pipelines.restyle.engine.draw import Drawer
from sonolume.pipelines.restyle.engine.parts import style_of
from sonolume.pipelines.restyle.engine.settings import DiffusionSettings
from sonolume.pipelines.restyle.recording import Recording
from sonolume.pipelines.restyle.rendering import Rendering

__all__ = ["draw_again"]


def draw_again(told: dict[str, Any], rendering: Rendering) -> Rendering:
    """The sound of ``rendering`` as the generator drew it, at the level that its chain sets.

    Args:
        told: the provenance.
        rendering: the sound, the chain and the frames that it tells.

    Raises:
        ModelError: the provenance lacks something, or the generator is gone or another one now.
    """
    try:
        engine = dict(told["engine"])
        settings = DiffusionSettings(**engine["settings"])
        used, seed, values = float(engine["noise_level_used"]), int(told["seed"]), told["targets"]
        seen = dict(engine["seen"])
        was, folder = engine["generator"], Path(engine["generator"]["folder"])
    except (KeyError, TypeError, ValueError, OptionError) as error:
        raise ModelError(f"unusable provenance ({error}); it cannot be drawn again") from error
    if used == 0:
        return rendering
    generator = choose_generator(folder)
    if generator.provenance() != was:
        raise ModelError(f"{folder} holds another generator than the one that drew it")
    recording = rendering.recording
    drawer = Drawer(generator, in_memory(recording), style_of(values, seen), settings, seed)
    made = Recording.open(Audio(drawer(used), recording.rate))
    drawn = replace(rendering, recording=made)
    return RedrawnRendering(
        recording, rendering.chain, rendering.frames, rendering.limited, told, drawn
    )
