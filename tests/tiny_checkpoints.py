"""Small random models in the formats in which their projects published them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from scipy.signal.windows import blackmanharris
from tests.tiny_models import save_clip_tokenizer
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor, nn

NARROW = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1}
NARROW |= {"num_attention_heads": 2}


def random_state(network: nn.Module, seed: int = 0) -> dict[str, Tensor]:
    """A state dict of a network's names and shapes, with values that keep signals near one."""
    generator = torch.Generator().manual_seed(seed)
    return {key: _values(key, own, generator) for key, own in network.state_dict().items()}


def _values(key: str, own: Tensor, generator: torch.Generator) -> Tensor:
    if not own.is_floating_point():
        return torch.ones(own.shape, dtype=own.dtype)
    if key.endswith("running_var"):
        return 0.5 + torch.rand(own.shape, generator=generator)
    drawn = torch.randn(own.shape, generator=generator)
    if own.ndim > 1:
        return drawn / own[0].numel() ** 0.5
    return 0.3 * drawn + (1.0 if key.endswith("weight") else 0.0)


@pytest.fixture(scope="session")
def tiny_adm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ADM of three levels, pictures of 32 pixels, as `torch.save` writes it."""
    from sonolume.models.full.adm import Adm, AdmConfig

    config = AdmConfig(32, (32, 64, 128), blocks=1, attention=(1, 2))
    with torch.device("meta"):
        network = Adm(config)
    path = tmp_path_factory.mktemp("adm") / "uncond.pt"
    torch.save(random_state(network), path)
    return path


@pytest.fixture(scope="session")
def tiny_audioclip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """AudioCLIP, narrow, but with its whole front end; its tokenizer stands beside the file."""
    from sonolume.models.full.audioclip import AudioClip
    from sonolume.models.full.clip_resnet import ClipResNetConfig
    from sonolume.models.full.esresnext import EsResNextConfig
    from sonolume.models.full.fbsp import BINS, FRAME

    folder = tmp_path_factory.mktemp("audioclip")
    words = save_clip_tokenizer(folder)
    clip = ClipResNetConfig(4, (1, 2, 1, 1), 64, 24, words, text_width=128, text_depth=2)
    with torch.device("meta"):
        network = AudioClip(clip, EsResNextConfig(8, (1, 2, 1, 1), 16, 8, 24))
    state = random_state(network)
    state["audio.window"] = torch.from_numpy(blackmanharris(FRAME, sym=False)).float()
    generator = torch.Generator().manual_seed(1)
    state["audio.fbsp.m"] = 0.5 * torch.rand(BINS, generator=generator)
    state["audio.fbsp.fb"] = 0.5 + torch.rand(BINS, generator=generator)
    state["audio.fbsp.fc"] = torch.arange(BINS) + torch.rand(BINS, generator=generator)
    state |= {f"logit_scale{kind}": torch.tensor(100.0).log() for kind in ("", "_ai", "_at")}
    torch.save(state, folder / "AudioCLIP.pt")
    return folder / "AudioCLIP.pt"


@pytest.fixture(scope="session")
def tiny_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of transformers' CLIP: pictures of 16 pixels, a space of 24 dimensions."""
    from transformers import CLIPConfig, CLIPModel

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("clip")
    size = save_clip_tokenizer(folder)
    narrow = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1}
    narrow |= {"num_attention_heads": 2}
    marks = {"bos_token_id": size - 2, "eos_token_id": size - 1, "pad_token_id": size - 1}
    config = CLIPConfig(
        text_config={**narrow, **marks, "vocab_size": size},
        vision_config={**narrow, "image_size": 16, "patch_size": 8},
        projection_dim=24,
    )
    CLIPModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_unconditional(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of diffusers' `UNet2DModel`, pictures of 16 pixels, as `DDPMPipeline` saves it."""
    from diffusers import DDPMScheduler, UNet2DModel

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("unconditional")
    UNet2DModel(
        sample_size=16,
        block_out_channels=(16, 32),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D"),
        norm_num_groups=8,
    ).save_pretrained(folder / "unet")
    DDPMScheduler(beta_schedule="linear").save_pretrained(folder / "scheduler")
    return folder


def changed(path: Path, target: Path, **changes: Tensor | None) -> Path:
    """A copy of a checkpoint with some tensors replaced, or left out (None)."""
    state: Mapping[str, Tensor] = torch.load(path, weights_only=True)
    mixed = {**state, **changes}
    torch.save({k: v for k, v in mixed.items() if v is not None}, target)
    return target


def byte_pairs(text: str, special: list[str]) -> Tokenizer:
    """A byte-level BPE tokenizer that knows the words of a text."""

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([text], trainer)
    return tokenizer


def save_smolvlm(folder: Path, text: str, talk: str) -> None:
    """Idefics3, the architecture of SmolVLM, with a tokenizer of `text` and the template `talk`."""
    from transformers import (
        Idefics3Config,
        Idefics3ForConditionalGeneration,
        Idefics3ImageProcessorPil,
        Idefics3Processor,
        PreTrainedTokenizerFast,
    )

    torch.manual_seed(0)
    special = ["<|endoftext|>", "<image>", "<fake_token_around_image>", "<global-img>"]
    special += ["<end_of_utterance>"]
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=byte_pairs(text, special),
        eos_token=special[-1],
        pad_token=special[0],
        additional_special_tokens=special[1:-1],
        padding_side="left",
    )
    ends = {"pad_token_id": 0, "bos_token_id": 0, "eos_token_id": 4}
    talks = {"model_type": "llama", "vocab_size": len(tokenizer), "num_key_value_heads": 2}
    config = Idefics3Config(
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        scale_factor=2,
        pad_token_id=0,
        vision_config={**NARROW, "image_size": 16, "patch_size": 4},
        text_config={**NARROW, **ends, **talks},
    )
    Idefics3ForConditionalGeneration(config).save_pretrained(folder)
    edge = {"longest_edge": 16}
    images = Idefics3ImageProcessorPil(size=edge, max_image_size=edge, do_image_splitting=False)
    processor = Idefics3Processor(images, tokenizer, image_seq_len=4, chat_template=talk)
    processor.save_pretrained(folder)
