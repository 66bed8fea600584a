"""CLIP RN50 (Radford et al. 2021): a ResNet with an attention pool, and a text transformer.

Modules bear the names of the published checkpoints. transformers has no class for CLIP's ResNets.
"""

from dataclasses import dataclass
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

EXPANSION: Final = 4
HEAD_WIDTH: Final = 64


@dataclass(frozen=True)
class ClipResNetConfig:
    """Shape of both halves; the defaults are those of RN50."""

    width: int = 64  # of the first layer's blocks
    blocks: tuple[int, ...] = (3, 4, 6, 3)
    side: int = 224  # of pictures, in pixels
    embedding: int = 1024
    vocabulary: int = 49_408
    length: int = 77  # tokens
    text_width: int = 512
    text_depth: int = 12


class ClipResNet(nn.Module):
    """Pictures [B, 3, side, side], normalised as CLIP's → [B, embedding]."""

    def __init__(self, config: ClipResNetConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.conv1 = nn.Conv2d(3, width // 2, 3, 2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width // 2)
        self.conv2 = nn.Conv2d(width // 2, width // 2, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width // 2)
        self.conv3 = nn.Conv2d(width // 2, width, 3, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(width)
        inputs = width
        for number, count in enumerate(config.blocks):
            inner = width * 2**number
            first = Bottleneck(inputs, inner, 2 if number else 1)
            inputs = EXPANSION * inner
            rest = [Bottleneck(inputs, inner) for _ in range(count - 1)]
            self.add_module(f"layer{number + 1}", nn.Sequential(first, *rest))
        grid = config.side // 2 ** (len(config.blocks) + 1)
        self.attnpool = AttentionPool(grid, inputs, config.embedding)

    def forward(self, pictures: Tensor) -> Tensor:
        x = F.relu(self.bn1(self.conv1(pictures)))
        x = F.relu(self.bn2(self.conv2(x)))
        x = F.avg_pool2d(F.relu(self.bn3(self.conv3(x))), 2)
        for number in range(1, len(self.config.blocks) + 1):
            x = self.get_submodule(f"layer{number}")(x)
        out: Tensor = self.attnpool(x)
        return out


class Bottleneck(nn.Module):
    """Residual block that shrinks by averaging instead of by striding."""

    def __init__(self, inputs: int, inner: int, stride: int = 1) -> None:
        super().__init__()
        outputs = EXPANSION * inner
        self.stride = stride
        self.conv1 = nn.Conv2d(inputs, inner, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(inner)
        self.conv2 = nn.Conv2d(inner, inner, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(inner)
        self.conv3 = nn.Conv2d(inner, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        shortcut = nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs)
        same = stride == 1 and inputs == outputs
        self.downsample = None if same else nn.Sequential(*shortcut)

    def forward(self, x: Tensor) -> Tensor:
        h = F.relu(self.bn1(self.conv1(x)))
        h = self._shrunk(F.relu(self.bn2(self.conv2(h))))
        h = self.bn3(self.conv3(h))
        return F.relu(h + (x if self.downsample is None else self.downsample(self._shrunk(x))))

    def _shrunk(self, x: Tensor) -> Tensor:
        return x if self.stride == 1 else F.avg_pool2d(x, self.stride)


class AttentionPool(nn.Module):
    """One attention whose query is the mean of all places: [B, C, g, g] → [B, embedding]."""

    def __init__(self, grid: int, width: int, embedding: int) -> None:
        super().__init__()
        self.heads = width // HEAD_WIDTH
        self.positional_embedding = nn.Parameter(torch.zeros(grid**2 + 1, width))
        self.k_proj = nn.Linear(width, width)
        self.q_proj = nn.Linear(width, width)
        self.v_proj = nn.Linear(width, width)
        self.c_proj = nn.Linear(width, embedding)

    def forward(self, x: Tensor) -> Tensor:
        places = x.flatten(2).transpose(1, 2)
        tokens = torch.cat([places.mean(1, keepdim=True), places], dim=1)
        tokens = tokens + self.positional_embedding
        told = (self.q_proj(tokens[:, :1]), self.k_proj(tokens), self.v_proj(tokens))
        out: Tensor = self.c_proj(_attend(*told, self.heads)[:, 0])
        return out


class ClipText(nn.Module):
    """Token ids [B, 77] → [B, embedding], read at the end token, the highest id of all.

    Its parts stand at the top of a published checkpoint, beside `visual`.
    """

    def __init__(self, config: ClipResNetConfig) -> None:
        super().__init__()
        width = config.text_width
        self.transformer = nn.ModuleDict(
            {"resblocks": nn.ModuleList(TextBlock(width) for _ in range(config.text_depth))}
        )
        self.token_embedding = nn.Embedding(config.vocabulary, width)
        self.positional_embedding = nn.Parameter(torch.zeros(config.length, width))
        self.ln_final = nn.LayerNorm(width)
        self.text_projection = nn.Parameter(torch.zeros(width, config.embedding))

    def words(self, ids: Tensor) -> Tensor:
        """See the class; what comes after the end token is not read."""
        x = self.token_embedding(ids) + self.positional_embedding
        for block in self.transformer["resblocks"]:  # type: ignore[attr-defined]
            x = block(x)
        ends = x[torch.arange(len(ids), device=ids.device), ids.argmax(-1)]
        out: Tensor = self.ln_final(ends) @ self.text_projection
        return out


class TextBlock(nn.Module):
    """Causal attention and feed-forward with the quick GELU, x · sigmoid(1.702 x)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.attn = JoinedAttention(width)
        self.ln_1 = nn.LayerNorm(width)
        self.mlp = nn.ModuleDict(
            {"c_fc": nn.Linear(width, 4 * width), "c_proj": nn.Linear(4 * width, width)}
        )
        self.ln_2 = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.ln_1(x))
        h = self.mlp["c_fc"](self.ln_2(x))
        out: Tensor = x + self.mlp["c_proj"](h * torch.sigmoid(1.702 * h))
        return out


class JoinedAttention(nn.Module):
    """Causal self-attention whose three projections are one matrix."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.heads = width // HEAD_WIDTH
        self.in_proj_weight = nn.Parameter(torch.zeros(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = F.linear(x, self.in_proj_weight, self.in_proj_bias).chunk(3, dim=-1)
        out: Tensor = self.out_proj(_attend(q, k, v, self.heads, causal=True))
        return out


def _attend(q: Tensor, k: Tensor, v: Tensor, heads: int, *, causal: bool = False) -> Tensor:
    """Multi-head attention over [B, N, heads · d]."""
    q, k, v = (x.view(*x.shape[:2], heads, -1).transpose(1, 2) for x in (q, k, v))
    read = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
    return read.transpose(1, 2).flatten(2)
