"""Gated audio attention that starts as a copy of another attention."""

import torch

from sonolume.models.denoiser import DenoiserBlock
from sonolume.models.gated import GatedAudioAttention
from sonolume.models.transformer import Attention, RMSNorm


def test_started_from_word_attention_it_adds_what_words_would_add() -> None:
    torch.manual_seed(0)
    block = DenoiserBlock(width=32, heads=2, context=24)
    torch.nn.init.normal_(block.attend_words.out.weight)
    torch.nn.init.uniform_(block.norm_words.weight, 0.5, 1.5)
    x, tokens = torch.randn(2, 9, 32), torch.randn(2, 77, 24)
    block.audio.start_from(block.norm_words, block.attend_words, gain=3.0)
    assert torch.equal(block.audio(x, tokens), x)  # the gate is still closed

    block.audio.gate.data.fill_(40.0)  # tanh is 1
    expected = 3.0 * block.attend_words(block.norm_words(x), tokens)
    torch.testing.assert_close(block.audio.added(x, tokens), expected)


def test_a_copy_is_trained_apart() -> None:
    norm, attention = RMSNorm(16), Attention(16, 2, 8)
    audio = GatedAudioAttention(16, 2, 8)
    audio.start_from(norm, attention)
    audio.attention.q.weight.data.zero_()
    assert attention.q.weight.abs().sum() > 0
