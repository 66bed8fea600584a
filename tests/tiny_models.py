"""Tiny models of the real classes, with random weights, in folders as users have them.

Fixtures; a folder of tests has those that its `conftest.py` imports.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

PHRASES = ["a beach in the evening", "the city under rain", "thunder rolls", "a forest of pines"]


@pytest.fixture(scope="session")
def noise() -> Callable[..., np.ndarray]:
    """Mono samples [n] of quiet noise, another for each seed."""

    def make(seconds: float, rate: int, seed: int = 0) -> np.ndarray:
        samples = np.random.default_rng(seed).standard_normal(round(seconds * rate))
        return (0.1 * samples).astype(np.float32)

    return make


@pytest.fixture(scope="session")
def tiny_pocket(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of pocket weights: pictures of 16 pixels, gates open."""
    import torch

    from sonolume.hub import weights
    from sonolume.models.audio_tokens import AudioTokens, AudioTokensConfig
    from sonolume.models.denoiser import DenoiserConfig, PocketDenoiser
    from sonolume.models.tokenizer import WordTokenizer
    from sonolume.models.towers import PictureTower, SoundTower, TowerConfig
    from sonolume.models.upscaler import Upscaler, UpscalerConfig
    from sonolume.models.words import WordTower, WordTowerConfig

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("pocket")
    tokenizer = WordTokenizer.train(PHRASES, 300)
    words = WordTower(WordTowerConfig(len(tokenizer), width=32, depth=1, heads=2))
    towers = TowerConfig((8, 8, 16, 16), (0, 0, 0, 0), width=32, depth=1, heads=2)
    painter = PocketDenoiser(
        DenoiserConfig(16, 4, width=32, depth=2, heads=2, context=32, patch_rank=8, border=2)
    )
    tokens = AudioTokens(AudioTokensConfig(context=32, width=32, depth=1, heads=2))
    upscaler = Upscaler(UpscalerConfig(width=8, blocks=1))
    for parameter in (*painter.parameters(), *upscaler.parameters()):
        if not parameter.any():  # what starts at zero paints grey
            torch.nn.init.normal_(parameter, std=0.3)
    state = painter.state_dict()
    heard = {f"denoiser.{k}": state.pop(k) for k in painter.audio_parameters()}
    heard |= {f"tokens.{k}": v for k, v in tokens.state_dict().items()}
    said = {"config": asdict(words.config), "tokenizer": tokenizer.to_json(), "concepts": ["rain"]}
    anchors = {"anchors": torch.nn.functional.normalize(torch.randn(1, 512))}
    tower = {"config": asdict(towers)}
    weights.save("joint-words", words.state_dict() | anchors, said, folder)
    weights.save("joint-sound", SoundTower(towers).state_dict(), tower, folder)
    weights.save("joint-picture", PictureTower(towers).state_dict(), tower, folder)
    weights.save("painter-base", state, {"config": asdict(painter.config)}, folder)
    weights.save("painter-audio", heard, {"config": asdict(tokens.config)}, folder)
    weights.save("upscaler", upscaler.state_dict(), {"config": asdict(upscaler.config)}, folder)
    return folder


@pytest.fixture(scope="session")
def tiny_sounds(tiny_pocket: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Towers, a sound generator that answers loudly, and a vocoder."""
    import torch

    from sonolume.hub import weights
    from sonolume.models.sound_generator import SoundGenerator, SoundGeneratorConfig
    from sonolume.models.vocoder import Vocoder, VocoderConfig

    folder = tmp_path_factory.mktemp("sounds")
    for path in tiny_pocket.glob("joint-*"):
        (folder / path.name).write_bytes(path.read_bytes())
    torch.manual_seed(0)
    config = SoundGeneratorConfig(
        frames=48, patch=8, width=32, depth=1, heads=2, tokens=2, rank=16, seams=4
    )
    generator, vocoder = SoundGenerator(config), Vocoder(VocoderConfig(16, 1, 16))
    for parameter in generator.parameters():
        if not bool((parameter == 1).all()):
            torch.nn.init.normal_(parameter, std=0.3)
    weights.save("sound-generator", generator.state_dict(), {"config": asdict(config)}, folder)
    weights.save("vocoder", vocoder.state_dict(), {"config": asdict(vocoder.config)}, folder)
    return folder


@pytest.fixture(scope="session")
def tiny_diffusion(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Stable Diffusion folder in diffusers' layout: 8 × 8 latents, pictures of 16 pixels."""
    import torch
    from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("diffusion")
    size = save_clip_tokenizer(folder / "tokenizer")
    UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(32, 64),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=32,
        attention_head_dim=2,
        norm_num_groups=8,
    ).save_pretrained(folder / "unet")
    AutoencoderKL(
        block_out_channels=(16, 16),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        latent_channels=4,
        norm_num_groups=8,
        sample_size=16,
    ).save_pretrained(folder / "vae")
    text = CLIPTextConfig(
        vocab_size=size,
        hidden_size=32,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        bos_token_id=size - 2,
        eos_token_id=size - 1,
        pad_token_id=size - 1,
    )
    CLIPTextModel(text).save_pretrained(folder / "text_encoder")
    DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        steps_offset=1,
    ).save_pretrained(folder / "scheduler")
    return folder


@pytest.fixture(scope="session")
def tiny_clap(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of unfused CLAP."""
    import torch
    from transformers import ClapConfig, ClapFeatureExtractor, ClapModel

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("clap")
    size = save_clip_tokenizer(folder)
    text = {"vocab_size": size, "num_hidden_layers": 1, "max_position_embeddings": 80}
    text |= {"hidden_size": 16, "intermediate_size": 16, "num_attention_heads": 2}
    audio = {"patch_embeds_hidden_size": 16, "hidden_size": 32, "depths": [1, 1]}
    audio |= {"num_attention_heads": [2, 2], "num_hidden_layers": 2}
    config = ClapConfig(
        text_config={**text, "pad_token_id": 1}, audio_config=audio, projection_dim=512
    )
    ClapModel(config).save_pretrained(folder)
    ClapFeatureExtractor(truncation="rand_trunc", padding="repeatpad").save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_full(
    tiny_diffusion: Path, tiny_clap: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """What `save_pretrained` writes of both, gates open."""
    import torch

    from sonolume.pipelines.paint.full import FullParts
    from sonolume.pipelines.paint.pipeline import PaintPipeline

    torch.manual_seed(1)
    parts = FullParts(tiny_diffusion, tiny_clap)
    for name, parameter in parts.denoiser.audio_parameters().items():
        if name.endswith("gate"):
            parameter.fill_(1.0)
    folder = tmp_path_factory.mktemp("full") / "painter"
    PaintPipeline(parts).save_pretrained(folder)
    return folder


def save_clip_tokenizer(folder: Path) -> int:
    """A byte-pair vocabulary of our phrases in CLIP's files; returns its size."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    bpe = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    bpe.pre_tokenizer = pre_tokenizers.Whitespace()
    letters = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        initial_alphabet=letters,
        end_of_word_suffix="</w>",
        show_progress=False,
    )
    bpe.train_from_iterator(PHRASES, trainer)
    learned = json.loads(bpe.to_str())["model"]
    pieces = list(dict.fromkeys([*learned["vocab"], *(f"{c}</w>" for c in sorted(letters))]))
    pieces += ["<|startoftext|>", "<|endoftext|>"]
    folder.mkdir(exist_ok=True)
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    merges = (" ".join(pair) for pair in learned["merges"])
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]) + "\n")
    special = dict.fromkeys(["eos_token", "pad_token", "unk_token"], "<|endoftext|>")
    table = {"tokenizer_class": "CLIPTokenizer", "bos_token": "<|startoftext|>"}
    table |= special | {"model_max_length": 77}
    (folder / "tokenizer_config.json").write_text(json.dumps(table))
    return len(pieces)
