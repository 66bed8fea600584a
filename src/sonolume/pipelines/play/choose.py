"""Which parts of `play` the names of a model and of sounds mean."""

import json
from pathlib import Path

import torch

from sonolume.hub import weights
from sonolume.hub.download import folder_of, is_remote
from sonolume.hub.joint import load_joint
from sonolume.hub.layout import Layout
from sonolume.pipelines.play.pipeline import PlayPipeline
from sonolume.pipelines.play.scene import SceneReader, load_scene_reader
from sonolume.pipelines.play.sounds import FoleySounds, JointLikeness, SoundMaker
from sonolume.pipelines.play.sounds_generator import load_generator_sounds

CONFIG: Layout = {".": ("config.json",)}
# Kinds of models that compare pictures with words; any other one of transformers is asked.
COMPARING = frozenset({"clip"})


def choose(model: str | Path, sounds: str | Path | None, device: str | None) -> PlayPipeline:
    """`model` finds the scene: "pocket", pocket weights in a folder, CLIP, or a vision-language
    model. `sounds` is None for the foley synthesiser, "generator" for the pocket sound generator
    beside the pocket weights, a folder of recordings, or AudioLDM 2 or Stable Audio by name or
    folder.

    Raises ModelError or OptionError for what is none of these.
    """
    likeness = JointLikeness(load_joint(_pocket_folder(model)).to(torch.device(device or "cpu")))
    reader = _reader(model, device)
    maker, name = _maker(sounds, likeness, _pocket_folder(model), device)
    return PlayPipeline(reader, maker, likeness, name=str(model), sounds=name)


def _pocket_folder(model: str | Path) -> Path:
    folder = Path(model)
    return folder if any(folder.glob("joint-words*.safetensors")) else weights.FOLDER


def _reader(model: str | Path, device: str | None) -> SceneReader:
    if str(model) == "pocket" or _pocket_folder(model) != weights.FOLDER:
        return load_scene_reader(str(model), device)
    if not is_remote(model) and not Path(model).is_dir():
        return load_scene_reader(str(model), device)  # which says what it could be
    config = json.loads((folder_of(model, CONFIG) / "config.json").read_text("utf-8"))
    if config.get("model_type") in COMPARING:
        return load_scene_reader(str(model), device)
    from sonolume.pipelines.play.scene_full import load_vision_language_scene

    return load_vision_language_scene(model, device)


def _maker(
    sounds: str | Path | None, likeness: JointLikeness, pocket: Path, device: str | None
) -> tuple[SoundMaker, str]:
    if sounds is None or str(sounds) == "foley":
        return FoleySounds(), "foley"
    if str(sounds) == "generator":
        return load_generator_sounds(pocket, device, joint=likeness.joint), "generator"
    folder = Path(sounds)
    if folder.is_dir() and not (folder / "model_index.json").is_file():
        from sonolume.pipelines.play.sounds_folder import FolderSounds

        return FolderSounds(folder, likeness), str(sounds)
    from sonolume.pipelines.play.sounds_diffusers import load_diffusion_sounds

    return load_diffusion_sounds(sounds, device), str(sounds)
