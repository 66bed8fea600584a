"""Gated audio modules that start as copies of what reads words."""

import torch

from sonolume.models.denoiser import DenoiserBlock
from sonolume.models.gated import GatedAudioAttention, GatedAudioSummary
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


def test_a_summary_puts_the_sound_in_the_place_of_no_words() -> None:
    torch.manual_seed(0)
    read, audio = torch.nn.Linear(24, 32), GatedAudioSummary(24, 32)
    nothing, tokens = torch.randn(24), torch.randn(2, 77, 24)
    audio.start_from(read, nothing, gain=3.0)
    words = nothing.expand(2, 5, -1)
    condition = read(nothing).expand(2, -1)
    assert torch.equal(audio(condition, words, tokens), condition)  # the gate is still closed

    audio.gate.data.fill_(40.0)  # tanh is 1
    torch.testing.assert_close(audio(condition, words, tokens), read(3.0 * tokens.mean(1)))


def test_a_summary_of_no_tokens_adds_nothing() -> None:
    audio = GatedAudioSummary(24, 32)
    audio.gate.data.fill_(1.0)
    condition, words, tokens = torch.randn(2, 32), torch.randn(2, 5, 24), torch.randn(2, 77, 24)
    tokens[1] = 0
    heard = audio(condition, words, tokens)
    assert not torch.equal(heard[0], condition[0])
    assert torch.equal(heard[1], condition[1])


def test_a_summary_hears_words_and_sound_together() -> None:
    audio = GatedAudioSummary(24, 32)
    torch.nn.init.normal_(audio.together[-1].weight)
    audio.gate.data.fill_(1.0)
    condition, tokens = torch.zeros(2, 32), torch.randn(1, 77, 24).expand(2, -1, -1)
    heard = audio(condition, torch.randn(2, 5, 24), tokens)
    assert (heard[0] - heard[1]).abs().max() > 1e-2
