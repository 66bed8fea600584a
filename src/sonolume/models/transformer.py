"""The parts that every pocket transformer is made of: norms, attention, feed-forward, positions."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class RMSNorm(nn.Module):
    """x / rms(x) · weight over the last dimension (Zhang & Sennrich 2019), computed in fp32."""

    def __init__(self, width: int, eps: float = 1e-6) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        y = x.float()
        y = y * torch.rsqrt(y.square().mean(-1, keepdim=True) + self.eps)
        return (y * self.weight).to(x.dtype)


class SwiGLU(nn.Module):
    """Gated feed-forward (Shazeer 2020): out(silu(a) · b), hidden width 8/3 of `width`."""

    def __init__(self, width: int) -> None:
        super().__init__()
        hidden = 64 * math.ceil(width * 8 / 3 / 64)
        self.into = nn.Linear(width, 2 * hidden, bias=False)
        self.out = nn.Linear(hidden, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        a, b = self.into(x).chunk(2, dim=-1)
        out: Tensor = self.out(F.silu(a) * b)
        return out


def attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
    """Scaled dot-product attention over [B, heads, N, d]; `mask` [B, 1, 1, M] is True where read.

    On the CPU plain products are used: its fused bf16 kernel is several times slower at these
    sizes, forward and backward.
    """
    if q.device.type != "cpu":
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    read: Tensor = scores.softmax(dim=-1).to(v.dtype) @ v
    return read


class Attention(nn.Module):
    """Multi-head attention with normalised queries and keys.

    Reads `context` [B, M, context_width] (or x itself when `context_width` is None) into
    x [B, N, width]. `angles` (see `rotary_angles`) turn queries and keys by position.
    """

    def __init__(self, width: int, heads: int, context_width: int | None = None) -> None:
        super().__init__()
        self.heads = heads
        self.q = nn.Linear(width, width, bias=False)
        self.kv = nn.Linear(context_width or width, 2 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.q_norm = RMSNorm(width // heads)
        self.k_norm = RMSNorm(width // heads)

    def forward(
        self,
        x: Tensor,
        context: Tensor | None = None,
        *,
        angles: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        q = self._split(self.q(x))
        k, v = (
            self._split(part) for part in self.kv(x if context is None else context).chunk(2, -1)
        )
        q, k = self.q_norm(q), self.k_norm(k)
        if angles is not None:
            q, k = rotate(q, angles), rotate(k, angles)
        y = attend(q, k, v, mask)
        out: Tensor = self.out(y.transpose(1, 2).flatten(2))
        return out

    def _split(self, x: Tensor) -> Tensor:
        count, length, width = x.shape
        return x.view(count, length, self.heads, width // self.heads).transpose(1, 2)


def rotary_angles(
    rows: int, columns: int, head_width: int, base: float = 100.0, spread: float = 1.0
) -> Tensor:
    """Angles [rows·columns, head_width / 2] of two-dimensional rotary positions.

    Half of the pairs turn with the row, half with the column (Su et al. 2021, axial form).
    Neighbours are `spread` apart.
    """
    count = head_width // 4
    speeds = spread * base ** (-torch.arange(count) / count)
    y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    return torch.cat([y.reshape(-1, 1) * speeds, x.reshape(-1, 1) * speeds], dim=-1)


def rotate(x: Tensor, angles: Tensor) -> Tensor:
    """Turn the pairs (x[i], x[i + d/2]) of [B, heads, N, d] by `angles` [N, d/2]."""
    a, b = x.chunk(2, dim=-1)
    cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    return torch.cat([a * cos - b * sin, a * sin + b * cos], dim=-1)


def sinusoid(t: Tensor, width: int) -> Tensor:
    """Features [B, width] of times t [B] in 0..1, as in Vaswani et al. 2017 over 1000 t."""
    speeds = torch.exp(-math.log(10_000) * torch.arange(width // 2, device=t.device) / (width // 2))
    angles = 1000 * t.float()[:, None] * speeds
    return torch.cat([angles.cos(), angles.sin()], dim=-1)
