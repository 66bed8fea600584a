"""Priors and encoders of guidance at full size, by the names that users give."""

from functools import cached_property
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from sonolume.errors import ModelError
from sonolume.hub import layout
from sonolume.hub.download import folder_of, is_remote
from sonolume.hub.interop.guided_diffusion import alphas_cumprod, read_adm
from sonolume.hub.interop.tensors import SUFFIXES
from sonolume.hub.unconditional import FLAT, PARTS, layout_of, load_unconditional
from sonolume.models.full.unconditional import Sampled, UnconditionalDenoiser
from sonolume.pipelines.guide.parts import GuidePrior
from sonolume.pipelines.paint.full import FullParts

EITHER: layout.Layout = {**layout.STABLE_DIFFUSION, **PARTS, **FLAT}


def full_prior(model: str | Path, device: str | None = None) -> GuidePrior:
    """The prior of a published checkpoint, a folder, or a name on the hub.

    A file is ADM in the format in which guided diffusion was published; a folder of diffusers is
    Stable Diffusion 1.x or 2.x, whose words are left empty, or an unconditional `UNet2DModel`.

    Raises ModelError or InteropError when it is none of them, or broken.
    """
    place = torch.device(device or "cpu")
    if is_checkpoint(model):
        return _adm(Path(model), place)
    if not is_remote(model) and not Path(model).is_dir():
        raise ModelError(f"{model}: no such model; give a checkpoint, a folder, or a hub name")
    folder = folder_of(model, EITHER)
    if layout_of(folder) is not None:
        return _unconditional(str(model), folder, place)
    return LatentPrior(FullParts(model, device=device))


def is_checkpoint(name: str | Path) -> bool:
    """Whether `name` is a file, or could only be one."""
    path = Path(name)
    return path.is_file() or (path.suffix in SUFFIXES and not path.exists())


class PixelPrior:
    """See `GuidePrior`: a DDPM that paints pixels, without words."""

    small = False

    def __init__(
        self, name: str, denoiser: UnconditionalDenoiser, side: int, files: tuple[Path, ...]
    ) -> None:
        self.name, self.denoiser, self._files = name, denoiser, files
        self.device = denoiser.log_ratios.device
        self.place: Tensor | None = None
        self.shape = (3, side, side)
        self.native = self.side = side

    def denoise(self, x: Tensor, t: Tensor) -> Tensor:
        clean, place = self.denoiser.estimate(x, t)
        self.place = None if place is None else place.detach()
        return clean

    def look(self, clean: Tensor) -> Tensor:
        return clean

    def state(self, pictures: Tensor) -> Tensor:
        return pictures

    def decode(self, clean: Tensor, side: int) -> Tensor:
        return resized(clean.float().clamp(-1, 1), side)

    def hashes(self) -> dict[str, str]:
        return dict(self._hashes)

    @cached_property
    def _hashes(self) -> dict[str, str]:
        return {path.name: layout.file_hash(path) for path in self._files}


class LatentPrior:
    """See `GuidePrior`: Stable Diffusion without words, seen through its VAE's decoder.

    In float32 on every device: gradients of energies are small enough to vanish in float16.
    """

    place, small = None, False

    def __init__(self, parts: FullParts) -> None:
        self.parts = parts
        self.name, self.device = parts.name, parts.device
        self.shape, self.native, self.side = parts.shape, parts.native, parts.side
        parts.denoiser.float()
        parts.vae.float()
        # A copy, because tensors of inference mode keep no gradients.
        self.nothing = parts.encode_words([""]).float().clone()

    def denoise(self, x: Tensor, t: Tensor) -> Tensor:
        out: Tensor = self.parts.denoiser(x, t, self.nothing.expand(len(x), -1, -1), None)
        return out

    def look(self, clean: Tensor) -> Tensor:
        out: Tensor = self.parts.vae.decode(clean / self.parts.vae.config.scaling_factor).sample
        return out

    @torch.no_grad()
    def state(self, pictures: Tensor) -> Tensor:
        found = self.parts.vae.encode(pictures).latent_dist.mode()
        out: Tensor = found * self.parts.vae.config.scaling_factor
        return out

    def decode(self, clean: Tensor, side: int) -> Tensor:
        return self.parts.decode(clean, side)

    def hashes(self) -> dict[str, str]:
        return self.parts.hashes()


def resized(pictures: Tensor, side: int) -> Tensor:
    """Pictures [B, 3, h, w] in −1..1 at `side`."""
    if pictures.shape[-1] == side:
        return pictures
    return F.interpolate(pictures, (side, side), mode="bicubic", antialias=True).clamp(-1, 1)


def _adm(path: Path, device: torch.device) -> PixelPrior:
    network = read_adm(path)
    denoiser = UnconditionalDenoiser(network, alphas_cumprod()).to(device)
    return PixelPrior(str(path), denoiser.eval(), network.config.side, (path,))


def _unconditional(name: str, folder: Path, device: torch.device) -> PixelPrior:
    found = load_unconditional(folder, device)
    denoiser = UnconditionalDenoiser(
        Sampled(found.network), found.alphas_cumprod, found.prediction
    ).to(device)
    used = layout_of(folder) or PARTS
    weights = [p for p in layout.present(folder, used) if p.suffix == ".safetensors"]
    return PixelPrior(name, denoiser.eval(), found.side, tuple(folder / p for p in weights))
