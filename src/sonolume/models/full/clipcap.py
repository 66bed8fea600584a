"""ClipCap (Mokady et al. 2021): an embedding of CLIP becomes a prefix that GPT-2 goes on from."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from sonolume.models.decoding import BeamSettings

HEADS = 8  # of the mapper
# As published: five beams, 67 pieces with the last, the mean log-probability of a piece counts.
SETTINGS = BeamSettings(width=5, shortest=0, longest=66, length_power=1.0, ngram=0)


@dataclass(frozen=True)
class MapperConfig:
    """`depth` 0 is the mapper of two layers, which has no `constants`."""

    embedding: int = 512
    width: int = 768  # of GPT-2
    prefix: int = 10  # tokens that GPT-2 reads
    depth: int = 0
    tokens: int = 0  # that the embedding becomes inside a transformer mapper


class ClipCap(nn.Module):
    """`clip_project` maps embeddings; `gpt` is transformers' GPT2LMHeadModel."""

    def __init__(self, config: MapperConfig, gpt: Any) -> None:
        super().__init__()
        self.config = config
        self.clip_project: nn.Module = TransformerMapper(config) if config.depth else Mlp(config)
        self.gpt = gpt

    def prefix(self, embedding: Tensor) -> Tensor:
        """Embeddings [B, D] as CLIP gives them, not of unit length → [B, prefix, width]."""
        out: Tensor = self.clip_project(embedding)
        return out.view(len(embedding), self.config.prefix, self.config.width)


class Mlp(nn.Module):
    """Two layers with tanh between them: [B, D] → [B, prefix · width]."""

    def __init__(self, config: MapperConfig) -> None:
        super().__init__()
        out = config.prefix * config.width
        self.model = nn.Sequential(
            nn.Linear(config.embedding, out // 2), nn.Tanh(), nn.Linear(out // 2, out)
        )

    def forward(self, embedding: Tensor) -> Tensor:
        out: Tensor = self.model(embedding)
        return out


class TransformerMapper(nn.Module):
    """The embedding as `tokens` tokens, then learned constants, whose states are the prefix."""

    def __init__(self, config: MapperConfig) -> None:
        super().__init__()
        self.linear = nn.Linear(config.embedding, config.tokens * config.width)
        self.prefix_const = nn.Parameter(torch.zeros(config.prefix, config.width))
        self.transformer = _Transformer(config.width, config.depth)

    def forward(self, embedding: Tensor) -> Tensor:
        constants = self.prefix_const.expand(len(embedding), -1, -1)
        told = self.linear(embedding).view(len(embedding), -1, constants.shape[-1])
        out: Tensor = self.transformer(torch.cat([told, constants], dim=1))
        return out[:, told.shape[1] :]


class _Transformer(nn.Module):
    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(_Layer(width) for _ in range(depth))

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return x


class _Layer(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attn = _Attention(width)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = _Feed(width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.norm1(x))
        out: Tensor = x + self.mlp(self.norm2(x))
        return out


class _Attention(nn.Module):
    """Keys and values are one layer, keys first; only the last layer has a bias."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.to_queries = nn.Linear(width, width, bias=False)
        self.to_keys_values = nn.Linear(width, 2 * width, bias=False)
        self.project = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (
            part.unflatten(-1, (HEADS, -1)).transpose(1, 2)
            for part in (self.to_queries(x), *self.to_keys_values(x).chunk(2, dim=-1))
        )
        read = nn.functional.scaled_dot_product_attention(q, k, v)
        out: Tensor = self.project(read.transpose(1, 2).flatten(2))
        return out


class _Feed(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, 2 * width)
        self.fc2 = nn.Linear(2 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.fc2(self.fc1(x).relu())
        return out


class ClipCapSteps:
    """ClipCap as what `beam_search` calls; nothing comes before the first piece: `start` [B, 0]."""

    def __init__(self, model: ClipCap, embedding: Tensor) -> None:
        self.model = model
        self.before = model.prefix(embedding)
        self.cache: Any = None

    def __call__(self, ids: Tensor, parents: Tensor) -> Tensor:
        gpt = self.model.gpt
        if self.cache is None:
            told = gpt(inputs_embeds=self.before, use_cache=True)
        else:
            self.cache.reorder_cache(parents)
            told = gpt(input_ids=ids[:, -1:], past_key_values=self.cache, use_cache=True)
        self.cache = told.past_key_values
        logs: Tensor = told.logits[:, -1].float().log_softmax(dim=-1)
        return logs
