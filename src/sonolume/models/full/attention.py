"""Gated audio attention inside the U-Net of Stable Diffusion.

Each transformer block of the U-Net adds self-attention, text attention and a feed-forward to its
stream x. Sound enters between the last two, as x + tanh(gate) · attn(norm(x), sound tokens).
"""

from dataclasses import dataclass
from typing import Any, Literal, get_args

from diffusers.models.attention import BasicTransformerBlock
from torch import Tensor, nn

from sonolume.errors import ModelError
from sonolume.models.gated import GatedAudioAttention

Blocks = Literal["all", "mid+up"]
NORMS = ("layer_norm", "ada_norm")  # kinds of block whose norm2 stands before the text attention


@dataclass
class Hearing:
    """The sound tokens [B, 77, D] that every audio attention of one U-Net reads, or None."""

    tokens: Tensor | None = None


class AudioProcessor(nn.Module):
    """An attention processor: the block's own text attention, then gated audio attention.

    A processor is handed norm2(x) and returns what the block adds to x. The audio attention reads
    x after the text was added, so `note_stream` keeps x as it enters norm2.
    """

    def __init__(self, text: Any, audio: GatedAudioAttention, hearing: Hearing) -> None:
        super().__init__()
        self.text = text
        self.audio = audio
        self.hearing = hearing
        self._stream: Tensor | None = None

    def note_stream(self, _norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        """A forward pre-hook of norm2."""
        self._stream = inputs[0]

    # diffusers reads the signature of `__call__` itself, so `forward` would receive nothing.
    def __call__(
        self,
        attn: nn.Module,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        temb: Tensor | None = None,
    ) -> Tensor:
        told: Tensor = self.text(attn, hidden_states, encoder_hidden_states, attention_mask, temb)
        stream, self._stream = self._stream, None
        tokens = self.hearing.tokens
        if tokens is None or stream is None:
            return told
        return told + self.audio.added(stream + told, tokens.to(told.dtype))


def install(unet: nn.Module, context: int, blocks: Blocks = "all") -> Hearing:
    """Put gated audio attention, gates at 0, behind the text attention of a diffusers U-Net.

    `context` is the width of the sound tokens; "mid+up" leaves the down blocks out, as
    SonicDiffusion does. Returns where the U-Net looks for the tokens of its next call. Set
    diffusers' own attention processors before, not after.

    Raises ModelError for unknown `blocks`, a U-Net that has audio attention already, or one
    without text attention.
    """
    if blocks not in get_args(Blocks):
        raise ModelError(
            f"audio attention in blocks {blocks!r}: expected {' or '.join(get_args(Blocks))}"
        )
    if audio_layers(unet):
        raise ModelError("this U-Net has audio attention already; install it once")
    chosen = {n: b for n, b in _text_blocks(unet).items() if blocks == "all" or n[:4] != "down"}
    if not chosen:
        raise ModelError(
            "this U-Net has no text attention to stand behind; use Stable Diffusion 1.x"
        )
    hearing = Hearing()
    for block in chosen.values():
        attn = block.attn2
        audio = GatedAudioAttention(attn.query_dim, attn.heads, context)
        weight = attn.to_q.weight
        processor = AudioProcessor(attn.processor, audio.to(weight.device, weight.dtype), hearing)
        attn.set_processor(processor)
        block.norm2.register_forward_pre_hook(processor.note_stream)
    return hearing


def audio_layers(unet: nn.Module) -> dict[str, GatedAudioAttention]:
    """The audio attention of a U-Net by the name of its transformer block."""
    processors = {n: b.attn2.processor for n, b in _text_blocks(unet).items()}
    return {n: p.audio for n, p in processors.items() if isinstance(p, AudioProcessor)}


def audio_state(unet: nn.Module) -> dict[str, Tensor]:
    """Weights of all audio attention, named BLOCK.PARAMETER."""
    return {
        f"{name}.{key}": tensor
        for name, layer in audio_layers(unet).items()
        for key, tensor in layer.state_dict().items()
    }


def load_audio_state(unet: nn.Module, state: dict[str, Tensor]) -> None:
    """Set what `audio_state` gave.

    Raises ModelError when names or shapes are not those of this U-Net.
    """
    own = audio_state(unet)
    odd = sorted(set(own) ^ set(state))
    odd += sorted(k for k in set(own) & set(state) if own[k].shape != state[k].shape)
    if odd:
        raise ModelError(
            f"the audio attention does not fit this U-Net: {odd[0]} is missing or other"
        )
    for key, tensor in state.items():
        own[key].copy_(tensor)


def _text_blocks(unet: nn.Module) -> dict[str, Any]:
    return {
        name: module
        for name, module in unet.named_modules()
        if isinstance(module, BasicTransformerBlock)
        and module.attn2 is not None
        and module.norm_type in NORMS
    }
