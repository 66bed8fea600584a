"""Gated audio attention: the one module by which sound enters a frozen painter."""

import torch
from torch import Tensor, nn

from sonolume.models.transformer import Attention, RMSNorm
from sonolume.models.words import token_mask


class GatedAudioAttention(nn.Module):
    """x + tanh(gate) · attn(norm(x), tokens), after SonicDiffusion (Biner et al. 2024, eq. 3).

    x [B, N, width], tokens [B, 77, context_width] → [B, N, width]. The gate starts at 0, so a
    fresh module changes nothing. All-zero rows of `tokens` are not read, and without any row
    nothing is added.
    """

    def __init__(self, width: int, heads: int, context_width: int) -> None:
        super().__init__()
        self.norm = RMSNorm(width)
        self.attention = Attention(width, heads, context_width)
        self.gate = nn.Parameter(torch.zeros(()))

    @torch.no_grad()
    def start_from(self, norm: RMSNorm, attention: Attention, gain: float = 1.0) -> None:
        """Copy a trained attention of the same shape, such as the block's own over words.

        Tokens that say what words would have said then steer the painter as soon as the gate
        opens (as IP-Adapter starts, Ye et al. 2023). `gain` multiplies what is added, for tokens
        that are smaller than those the attention was trained on.
        """
        self.norm.load_state_dict(norm.state_dict())
        self.attention.load_state_dict(attention.state_dict())
        self.attention.out.weight.mul_(gain)

    def forward(self, x: Tensor, tokens: Tensor) -> Tensor:
        return x + self.added(x, tokens)

    def added(self, x: Tensor, tokens: Tensor) -> Tensor:
        """What the sound adds to x [B, N, width]; exactly 0 while the gate is 0."""
        read = token_mask(tokens)
        silent = ~read.any(dim=1, keepdim=True)
        heard = self.attention(self.norm(x), tokens, mask=(read | silent)[:, None, None, :])
        heard = torch.where(silent[..., None], torch.zeros_like(heard), heard)
        return self.gate.tanh().to(x.dtype) * heard
