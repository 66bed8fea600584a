"""The full-size painter's parts: Stable Diffusion 1.x, LAION CLAP, and what joins them."""

import warnings
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from sonolume.errors import ModelError
from sonolume.hub import adapter as adapters
from sonolume.hub import clap, layout
from sonolume.hub.adapter import AdapterFacts
from sonolume.hub.download import folder_of, is_remote
from sonolume.hub.joint import frozen
from sonolume.hub.stable_diffusion import load_stable_diffusion
from sonolume.models.audio_tokens import AudioTokens, AudioTokensConfig
from sonolume.models.full.attention import Blocks, audio_state, load_audio_state
from sonolume.models.full.denoiser import LatentDenoiser
from sonolume.models.full.encoders import CLAP_RATE, ClapEncoder

ADAPTER, ENCODER = "adapter", "audio_encoder"


class FullParts:
    """See `PaintParts`. Float32 on the CPU, float16 elsewhere; what hears stays in float32.

    Args:
        model: a Stable Diffusion folder in the layout of diffusers, or its name on the hub.
        audio_encoder: folder or name of a CLAP model; loaded with the first sound. By default the
            one that the adapter was made for, else laion/clap-htsat-unfused.
        device: such as "cuda"; the CPU by default.
        adapter: folder of an adapter; by default `adapter` inside the model's folder. Without one
            the gates stay closed.
        blocks: where a fresh adapter listens, see `models.full.attention.install`.

    Raises:
        ModelError: something is missing, broken, or does not fit together.
    """

    rate = CLAP_RATE
    small = False
    steps = 20
    shift = 1.0
    text_scale, audio_scale, audio_alone = (
        7.5,
        7.5,
        7.5,
    )  # as Stable Diffusion and SonicDiffusion are used

    def __init__(
        self,
        model: str | Path,
        audio_encoder: str | Path | None = None,
        device: str | None = None,
        *,
        adapter: str | Path | None = None,
        blocks: Blocks = "all",
    ) -> None:
        self.name = str(model)
        self.device = torch.device(device or "cpu")
        self.folder = folder_of(model, layout.STABLE_DIFFUSION)
        self.adapter = _adapter_folder(self.folder, adapter)
        facts = adapters.read_facts(self.adapter) if self.adapter else None
        self.audio_encoder = _choose_encoder(self.folder, audio_encoder, facts)
        dtype = torch.float32 if self.device.type == "cpu" else torch.float16
        found = load_stable_diffusion(self.folder, self.device, dtype)
        self.vae, self.words = found.vae, found.words
        self.denoiser = LatentDenoiser(
            found.unet, found.alphas_cumprod, found.prediction, facts.blocks if facts else blocks
        )
        width = found.unet.config.cross_attention_dim
        self.audio_tokens = AudioTokens(facts.tokens if facts else AudioTokensConfig(context=width))
        if self.adapter:
            self._load_adapter(self.adapter)
        frozen(self.denoiser.to(self.device))
        frozen(self.audio_tokens.to(self.device))
        cells = found.unet.config.sample_size
        self.shape = (found.unet.config.in_channels, cells, cells)
        self.native = cells * 2 ** (len(found.vae.config.block_out_channels) - 1)
        self.side = self.native
        self._warned = False

    def encode_words(self, texts: list[str]) -> Tensor:
        return self.words.states(texts)

    def knows(self, text: str) -> bool:
        """CLIP was trained on English: a phrase without any Latin letter or digit is lost on it."""
        return any(c.isascii() and c.isalnum() for c in text)

    def fits(self, text: str) -> bool:
        return self.words.fits(text)

    def embed_sound(self, blocks: Iterable[NDArray[np.float32]]) -> Tensor:
        if self.denoiser.deaf and not self._warned:
            self._warned = True
            warnings.warn(
                f"{self.name} has no trained adapter: the sound has no influence yet", stacklevel=5
            )
        return self.clap.embed_stream(blocks)

    @cached_property
    def clap(self) -> ClapEncoder:
        """The audio encoder."""
        return clap.load_clap(self.audio_encoder, self.device)

    def decode(self, clean: Tensor, side: int) -> Tensor:
        latents = (clean / self.vae.config.scaling_factor).to(self.vae.dtype)
        pictures: Tensor = self.vae.decode(latents).sample.float().clamp(-1, 1)
        if side == pictures.shape[-1]:
            return pictures
        return F.interpolate(pictures, (side, side), mode="bicubic", antialias=True).clamp(-1, 1)

    def hashes(self) -> dict[str, str]:
        """Of the painter and its adapter. The encoder's trace is the embedding itself."""
        return dict(self._hashes)

    @cached_property
    def _hashes(self) -> dict[str, str]:
        found = layout.hashes(self.folder, layout.STABLE_DIFFUSION)
        if self.adapter:
            found[ADAPTER] = layout.file_hash(self.adapter / adapters.WEIGHTS)
        return found

    def save(self, folder: Path) -> None:
        """Copy the model, and its audio encoder if that is a local folder, and add the adapter.

        Apart from the adapter the folder is one that diffusers' pipelines read too.
        """
        layout.copy(self.folder, folder, layout.STABLE_DIFFUSION)
        layout.write_index(folder)
        encoder = str(self.audio_encoder)
        if not is_remote(encoder):
            layout.copy(folder_of(encoder, layout.CLAP), folder / ENCODER, layout.CLAP)
            encoder = ENCODER
        (folder / ADAPTER).mkdir()
        facts = AdapterFacts(self.audio_tokens.config, self.denoiser.blocks, encoder)
        adapters.save_adapter(folder / ADAPTER, facts, self._adapter_state())

    def _adapter_state(self) -> dict[str, Tensor]:
        tokens = {f"tokens.{k}": v for k, v in self.audio_tokens.state_dict().items()}
        unet = {f"unet.{k}": v for k, v in audio_state(self.denoiser.unet).items()}
        return tokens | unet

    def _load_adapter(self, folder: Path) -> None:
        state = adapters.read_weights(folder)
        try:
            self.audio_tokens.load_state_dict(adapters.under("tokens.", state))
            load_audio_state(self.denoiser.unet, adapters.under("unet.", state))
        except (RuntimeError, ModelError) as error:
            said = str(error).partition("\n")[0]
            raise ModelError(f"{folder}: an adapter of another model ({said})") from error


def _adapter_folder(model: Path, adapter: str | Path | None) -> Path | None:
    if adapter is not None:
        return Path(adapter)
    inside = model / ADAPTER
    return inside if inside.is_dir() else None


def _choose_encoder(
    model: Path, asked: str | Path | None, facts: AdapterFacts | None
) -> str | Path:
    """The encoder that was asked for, looked at once so that a typing error shows early."""
    if asked is not None:
        if not is_remote(asked):
            layout.require(folder_of(asked, layout.CLAP), layout.CLAP)
        return asked
    named = facts.audio_encoder if facts else None
    return model / ENCODER if named == ENCODER else named or clap.DEFAULT
