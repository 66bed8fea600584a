"""From a picture to a scene through a vision-language model, which is asked for JSON."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from sonolume.errors import DataError, ModelError, OptionError
from sonolume.hub.building import frozen
from sonolume.hub.download import folder_of, needs_full
from sonolume.hub.image_text import FETCHED
from sonolume.hub.layout import Layout
from sonolume.hub.pretrained import loading, network
from sonolume.media import Picture
from sonolume.music.scene import MAX_SOURCES, MOODS, PLAYINGS, Scene
from sonolume.pipelines.play.scene import SOURCES

__all__ = [
    "Answerer",
    "Turn",
    "VisionLanguageModel",
    "VisionLanguageScene",
    "load_vision_language_scene",
    "parse_scene",
]

TRIES: Final = 3
LEAST: Final = 5  # sources of a scene
PIECES: Final = 1024  # that an answer may have
SIDE: Final = 768  # pixels: what is larger costs memory and tells such a model no more
SHARDED: Final[Layout] = {".": (*FETCHED["."], "*.safetensors", "model.safetensors.index.json")}

EXAMPLE: Final = """{"description": "A rowing boat lies on a quiet lake at dawn.", "mood": "calm",
 "sources": [
  {"name": "boat hull", "material": "wood", "playing": "struck", "timbre": ["deep", "hollow"]},
  {"name": "oar in its lock", "material": "metal", "playing": "rubbed", "timbre": ["creaking"]},
  {"name": "mooring rope", "material": "rope", "playing": "plucked", "timbre": ["low", "warm"]},
  {"name": "reed stem", "material": "reed", "playing": "blown", "timbre": ["breathy", "soft"]},
  {"name": "lake water", "material": "water", "playing": "poured", "timbre": ["bright"]}]}"""
PROMPT: Final = """Which things in this picture could make a sound, and how would they sound? \
Their sounds will become musical instruments.
Answer with one JSON object and nothing else:
- "description": one sentence about the picture.
- "mood": one of {moods}.
- "sources": {least} to {most} different sounds, each an object with "name" (the thing), \
"material" (one or two words), "playing" (one of {playings}) and "timbre" (one to three words).
Only things that are in the picture or belong to its place. No human voices: no speech, laughter, \
singing or crying. Vary materials and ways of playing: something to drum on, something low, \
something that lasts, something that rings.
An example, for another picture:
{example}"""


class Turn(NamedTuple):
    """What one side says; the picture belongs to the first turn."""

    role: Literal["user", "assistant"]
    text: str


class Answerer(Protocol):
    """What can be asked about a picture."""

    def answer(self, picture: Picture, talk: Sequence[Turn]) -> str:
        """What it says next in a talk that ends with the user's turn."""
        ...


class VisionLanguageModel:
    """See `Answerer`: an image-text-to-text model of transformers that was trained on talks.

    The likeliest piece is taken each time, so an answer depends on nothing but what is asked.
    """

    def __init__(self, model: Any, processor: Any) -> None:
        self.model, self.processor = model, processor

    @torch.inference_mode()
    def answer(self, picture: Picture, talk: Sequence[Turn]) -> str:
        content = [[{"type": "text", "text": turn.text}] for turn in talk]
        content[0].insert(0, {"type": "image"})
        rows = zip(talk, content, strict=True)
        messages = [{"role": turn.role, "content": parts} for turn, parts in rows]
        prompt = self.processor.apply_chat_template(messages, add_generation_prompt=True)
        inputs = self.processor(text=[prompt], images=[[_small(picture)]], return_tensors="pt")
        inputs = inputs.to(self.model.device, self.model.dtype)
        ids = self.model.generate(**inputs, max_new_tokens=PIECES, do_sample=False)
        said = ids[:, inputs["input_ids"].shape[1] :]
        return str(self.processor.batch_decode(said, skip_special_tokens=True)[0])


def _small(picture: Picture) -> NDArray[np.uint8]:
    height, width = picture.pixels.shape[:2]
    scale = min(1.0, SIDE / max(height, width))
    small = picture.resize(max(1, round(width * scale)), max(1, round(height * scale)))
    return small.pixels


class VisionLanguageScene:
    """A `SceneReader` that asks ``model``; an answer that is no scene is sent back, with what is
    wrong with it, up to three times in all."""

    def __init__(self, model: Answerer) -> None:
        self.model = model

    def read(self, picture: Picture, *, sources: int = SOURCES) -> Scene:
        """The scene, with 5 to ``sources`` sources.

        Raises OptionError unless ``sources`` is 5 to 64, ModelError when no answer is a scene.
        """
        if not LEAST <= sources <= MAX_SOURCES:
            raise OptionError(f"{sources} sources; expected {LEAST} to {MAX_SOURCES}")
        talk = [Turn("user", prompt(sources))]
        for _ in range(TRIES):
            said = self.model.answer(picture, talk)
            try:
                scene = parse_scene(said)
                return Scene(scene.description, scene.mood, scene.sources[:sources])
            except DataError as error:
                wrong = str(error)
                talk += [Turn("assistant", said), Turn("user", _again(wrong))]
        raise ModelError(
            f"the vision-language model gave no scene in {TRIES} answers ({wrong}); "
            "use a larger model, or write the scene by hand"
        )


def prompt(sources: int) -> str:
    """What the model is asked, for up to that many sources."""
    return PROMPT.format(
        moods=", ".join(MOODS),
        playings=", ".join(PLAYINGS),
        least=LEAST,
        most=sources,
        example=EXAMPLE,
    )


def parse_scene(text: str) -> Scene:
    """The scene in an answer: the JSON object at its first brace, whatever stands around it.

    Raises DataError, saying what is wrong, unless it is a scene of at least 5 sources, no two of
    them alike.
    """
    start = text.find("{")
    if start < 0:
        raise DataError("answer: no JSON object in it")
    try:
        value, _ = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError) as error:
        raise DataError(f"answer: broken JSON ({error})") from None
    scene = Scene.from_json(value, "answer")
    different = {(source.name, source.playing, source.material) for source in scene.sources}
    if len(different) < max(LEAST, len(scene.sources)):
        raise DataError(
            f"answer: sources: {len(different)} different ones of {len(scene.sources)}; "
            f"expected at least {LEAST}, all different"
        )
    return scene


def _again(wrong: str) -> str:
    return f"That is not right: {wrong}. Give the whole JSON object again, corrected."


def load_vision_language_scene(model: str | Path, device: str | None = None) -> VisionLanguageScene:
    """A reader over SmolVLM, Qwen-VL or their kind: a folder, or a name on the hub.

    Weights keep the precision they are stored in on a GPU, and are float32 on a CPU. Raises
    ModelError when the model is not there, broken, of another kind, or not trained on talks.
    """
    folder = folder_of(model, SHARDED)
    try:
        from transformers import AutoConfig, AutoModelForImageTextToText, AutoProcessor
    except ImportError as error:
        raise needs_full(error) from error
    if not (folder / "config.json").is_file():
        raise ModelError(f"{folder}: no config.json in it; give a whole model folder, safetensors")
    place = torch.device(device or "cpu")
    with loading(folder):
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
    if type(config) not in AutoModelForImageTextToText._model_mapping:
        raise ModelError(f"{folder}: a {config.model_type} model answers nothing about pictures")
    dtype: Any = torch.float32 if place.type == "cpu" else "auto"
    processors: Any = AutoProcessor
    with loading(folder):
        processor = processors.from_pretrained(folder, local_files_only=True)
        weights = network(AutoModelForImageTextToText, folder, dtype=dtype)
    if not getattr(processor, "chat_template", None):
        raise ModelError(f"{folder}: no chat template; give a model that was trained on talks")
    return VisionLanguageScene(VisionLanguageModel(frozen(weights.to(place)), processor))
