"""What the painter is told at each moment: words, sounds beside them, sounds in their place."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sonolume.diffusion.schedule import Schedule, emphasis
from sonolume.pipelines.paint.parts import PaintParts
from sonolume.pipelines.paint.settings import PaintRequest, PaintSettings, audio_scale_of

__all__ = ["Conditions", "conditions_of", "is_beside_words", "speaks"]


@dataclass(frozen=True)
class Conditions:
    """Of a batch of B requests, for `diffusion.guidance.guide`.

    Attributes:
        words: tokens [B, 77, D] of what is said, by words or by sounds in their place.
        nothing: those of the empty phrase.
        sound: the tokens [B, 77, D] that gated modules read at times t [B], or None.
        text_scale: [B].
        audio_scale: [B].
    """

    words: Tensor
    nothing: Tensor
    sound: Callable[[Tensor], Tensor] | None
    text_scale: Tensor
    audio_scale: Tensor


def speaks(parts: PaintParts, request: PaintRequest) -> bool:
    """Whether the request's sound stands in the place of words."""
    return request.is_heard and not request.words and parts.audio_tokens.config.speaks > 0


def is_beside_words(parts: PaintParts, request: PaintRequest) -> bool:
    """Whether the gated modules read the request's sound."""
    return request.is_heard and not speaks(parts, request)


def conditions_of(
    parts: PaintParts, batch: Sequence[PaintRequest], settings: PaintSettings
) -> Conditions:
    """Of requests all of which, or none of which, have a sound beside words; each sound is
    projected once."""
    encoded = parts.encode_words([*(request.words for request in batch), ""])
    words, nothing = encoded[:-1].clone(), encoded[-1:].expand(len(batch), -1, -1)
    rows = [row for row, request in enumerate(batch) if speaks(parts, request)]
    if rows:
        words[rows] = parts.audio_tokens.spoken(_tokens(parts, [batch[i] for i in rows])).to(words)
    beside = [request for request in batch if is_beside_words(parts, request)]
    return Conditions(
        words,
        nothing,
        _at(parts, beside, settings.schedule) if beside else None,
        torch.tensor([_text_scale(parts, settings, request) for request in batch]),
        torch.tensor([audio_scale_of(settings, request) for request in batch]),
    )


def _tokens(parts: PaintParts, requests: Sequence[PaintRequest]) -> Tensor:
    sounds = [request.sound for request in requests if request.sound is not None]
    return parts.audio_tokens.tokens(torch.stack(sounds).to(parts.device))


def _at(
    parts: PaintParts, requests: Sequence[PaintRequest], schedule: Schedule
) -> Callable[[Tensor], Tensor]:
    tokens = _tokens(parts, requests)
    return lambda t: parts.audio_tokens.at(tokens, emphasis(t, schedule))


def _text_scale(parts: PaintParts, settings: PaintSettings, request: PaintRequest) -> float:
    if speaks(parts, request):
        return audio_scale_of(settings, request)
    return settings.text_scale if request.words else 1.0
