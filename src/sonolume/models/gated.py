"""Gated audio modules: the only ways by which sound enters a frozen painter."""

import torch
from torch import Tensor, nn

from sonolume.models.transformer import Attention, RMSNorm
from sonolume.models.words import masked_mean, token_mask


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


class GatedAudioSummary(nn.Module):
    """condition + tanh(gate) · what the sound says as a whole.

    For painters that read the mean of their words beside attending to each. condition [B, width],
    words [B, L, D], tokens [B, 77, D] → [B, width]. What is added is linear in the mean token, but
    for a small network that hears sound and words together: "a beach" under thunder is not the sum
    of both. Zero rows and closed gates count as in `GatedAudioAttention`.
    """

    def __init__(self, context: int, width: int) -> None:
        super().__init__()
        self.alone = nn.Linear(context, width)
        self.together = nn.Sequential(
            nn.Linear(2 * context, context), nn.SiLU(), nn.Linear(context, width)
        )
        self.gate = nn.Parameter(torch.zeros(()))
        for parameter in self.together[-1].parameters():
            nn.init.zeros_(parameter)

    @torch.no_grad()
    def start_from(self, summary: nn.Linear, nothing: Tensor, gain: float = 1.0) -> None:
        """Copy the layer that reads the mean word.

        `nothing` [D] is the mean of the empty phrase, in whose place the sound speaks. `gain` is
        that of `GatedAudioAttention.start_from`.
        """
        self.alone.weight.copy_(gain * summary.weight)
        self.alone.bias.copy_(-summary.weight @ nothing)

    def forward(self, condition: Tensor, words: Tensor, tokens: Tensor) -> Tensor:
        heard = masked_mean(tokens)
        said = self.alone(heard) + self.together(torch.cat([masked_mean(words), heard], dim=-1))
        said = said * token_mask(tokens).any(dim=1, keepdim=True)
        out: Tensor = condition + self.gate.tanh().to(condition.dtype) * said
        return out
