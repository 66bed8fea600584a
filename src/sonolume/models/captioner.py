"""The captioner: a small language model that reads an embedding and writes a caption.

The embedding of the joint space becomes the first tokens of a text (ClipCap, Mokady et al. 2021);
one more token says whose manner to write in, that of captions of sounds or of pictures.
"""

from dataclasses import dataclass
from typing import Final, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sonolume.models.tokenizer import END, LENGTH, PAD, SPECIAL, START
from sonolume.models.transformer import Attention, RMSNorm, SwiGLU, attend, rotate

CaptionKind = Literal["sound", "picture"]
KINDS: Final[tuple[CaptionKind, ...]] = ("sound", "picture")
SILENT: Final = [i for i in range(len(SPECIAL)) if i != END]  # pieces that are never written
# Keys and values [B, heads, N, d] of every block.
Cache = list[tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class CaptionerConfig:
    vocabulary: int = 8192
    width: int = 192
    depth: int = 4
    heads: int = 3
    embedding: int = 512
    prefix: int = 8
    hidden: int = 384  # of the layer between an embedding and its prefix


class PrefixCaptioner(nn.Module):
    """embedding [B, 512], kind [B] (0 sound, 1 picture), ids [B, L ≤ 77] → logits [B, L, V].

    The logits at i are those of the piece after ids[:, i]. The embedding is one of words; `bridge`
    brings one of a sound or a picture there.
    """

    shift: Tensor
    angles: Tensor

    def __init__(self, config: CaptionerConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.pieces = nn.Embedding(config.vocabulary, width)
        self.kinds = nn.Embedding(len(KINDS), width)
        self.prefix = nn.Sequential(
            nn.Linear(config.embedding, config.hidden),
            nn.SiLU(),
            nn.Linear(config.hidden, config.prefix * width),
        )
        self.layers = [CausalBlock(width, config.heads) for _ in range(config.depth)]
        self.blocks = nn.ModuleList(self.layers)
        self.norm = RMSNorm(width)
        for table in (self.pieces, self.kinds):
            nn.init.normal_(table.weight, std=0.02)
        self.register_buffer("shift", torch.zeros(len(KINDS), config.embedding))
        angles = line_angles(1 + config.prefix + LENGTH, width // config.heads)
        self.register_buffer("angles", angles, persistent=False)

    def forward(self, embedding: Tensor, kind: Tensor, ids: Tensor) -> Tensor:
        x = torch.cat([self.start(embedding, kind), self.pieces(ids)], dim=1)
        states, _ = self.states(x)
        return self.logits(states[:, -ids.shape[1] :])

    def bridge(self, embedding: Tensor, kind: Tensor) -> Tensor:
        """Embeddings [B, 512] of sounds or pictures to where their captions' embeddings lie."""
        return bridge(embedding, self.shift[kind])

    def start(self, embedding: Tensor, kind: Tensor) -> Tensor:
        """The tokens [B, 1 + prefix, width] before the text."""
        # Entries of a unit vector are small; a layer learns best from entries about 1.
        told = self.prefix(embedding * embedding.shape[-1] ** 0.5)
        return torch.cat([self.kinds(kind)[:, None], told.unflatten(1, (-1, self.config.width))], 1)

    def states(self, x: Tensor, past: Cache | None = None) -> tuple[Tensor, Cache]:
        """Tokens [B, N, width] that follow those of `past` → last states, and the cache of all."""
        begun = past[0][0].shape[2] if past else 0
        angles = self.angles[begun : begun + x.shape[1]]
        cache: Cache = []
        for place, block in enumerate(self.layers):
            x, kept = block(x, angles, past[place] if past else None)
            cache.append(kept)
        return self.norm(x), cache

    def logits(self, states: Tensor) -> Tensor:
        """[..., width] → [..., V]; the table of pieces is read both ways."""
        return F.linear(states, self.pieces.weight)


class CausalBlock(nn.Module):
    """Pre-norm transformer block in which a token sees itself and those before it."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm_attention = RMSNorm(width)
        self.attention = Attention(width, heads)
        self.norm_feed = RMSNorm(width)
        self.feed = SwiGLU(width)

    def forward(
        self, x: Tensor, angles: Tensor, past: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        read, kept = self._attend(self.norm_attention(x), angles, past)
        x = x + read
        return x + self.feed(self.norm_feed(x)), kept

    def _attend(
        self, x: Tensor, angles: Tensor, past: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        layer = self.attention
        q, k, v = (
            part.unflatten(2, (layer.heads, -1)).transpose(1, 2)
            for part in (layer.q(x), *layer.kv(x).chunk(2, dim=-1))
        )
        q, k = rotate(layer.q_norm(q), angles), rotate(layer.k_norm(k), angles)
        if past is not None:
            k, v = torch.cat([past[0], k], dim=2), torch.cat([past[1], v], dim=2)
        read = attend(q, k, v, _past(q.shape[2], k.shape[2], x.device))
        out: Tensor = layer.out(read.transpose(1, 2).flatten(2))
        return out, (k, v)


class CaptionSteps:
    """A captioner as what `beam_search` calls, with a cache of keys and values.

    embedding [B, 512], kind [B]: one row for each row that the search starts with.
    """

    def __init__(self, model: PrefixCaptioner, embedding: Tensor, kind: Tensor) -> None:
        self.model = model
        self.before = model.start(embedding, kind)
        self.cache: Cache | None = None

    def __call__(self, ids: Tensor, parents: Tensor) -> Tensor:
        x = self.model.pieces(ids if self.cache is None else ids[:, -1:])
        if self.cache is None:
            x = torch.cat([self.before, x], dim=1)
        else:
            self.cache = [(k[parents], v[parents]) for k, v in self.cache]
        states, self.cache = self.model.states(x, self.cache)
        logits = self.model.logits(states[:, -1])
        logits[:, SILENT] = -torch.inf
        return logits.log_softmax(dim=-1)


def _past(new: int, count: int, device: torch.device) -> Tensor | None:
    """True [1, 1, new, count] where the last `new` tokens look back; one token sees all: None."""
    if new == 1:
        return None
    return torch.ones(new, count, dtype=torch.bool, device=device).tril(count - new)[None, None]


def bridge(embedding: Tensor, shift: Tensor) -> Tensor:
    """Unit embeddings [..., 512] of one modality, moved by `shift` and of unit length again.

    Modalities lie apart in any joint space (Liang et al. 2022); `shift` is the mean way from one
    to the other.
    """
    return F.normalize(embedding + shift, dim=-1)


def begin(count: int, device: torch.device) -> Tensor:
    """What `count` captions begin with: ids [count, 1]."""
    return torch.full((count, 1), START, device=device)


def caption_loss(logits: Tensor, ids: Tensor, smoothing: float = 0.0) -> Tensor:
    """Mean cross-entropy of logits [B, L, V] over the pieces after ids[:, :L], ids [B, L + 1].

    Padding does not count; the mark of the end does.
    """
    return F.cross_entropy(
        logits.flatten(0, 1).float(),
        ids[:, 1:].flatten(),
        ignore_index=PAD,
        label_smoothing=smoothing,
    )


def line_angles(length: int, head_width: int, base: float = 1000.0) -> Tensor:
    """Angles [length, head_width / 2] of rotary positions along a line (Su et al. 2021)."""
    speeds = base ** (-torch.arange(head_width // 2) / (head_width // 2))
    return torch.arange(length)[:, None] * speeds
