"""Low-rank changes of a frozen network's attention: trained through peft, used without it."""

from typing import Any, Final

import torch
from torch import Tensor, nn

from sonolume.errors import ModelError

__all__ = ["add_lora", "lora_state", "merge_lora"]

# Queries, keys and values, as the pocket networks and those of diffusers call them.
TARGETS: Final = r"(?:.*\.)?(?:q|kv|to_q|to_k|to_v)"
A, B = ".lora_A.default.weight", ".lora_B.default.weight"


def add_lora(network: nn.Module, rank: int) -> None:
    """Give the attention of a network changes of a rank, the only ones that will be trained
    (LoRA, Hu et al. 2021: W + B A, B = 0 at first).

    Raises ModelError where peft is missing, or the network has no attention that it knows.
    """
    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError as error:
        raise ModelError(
            f"low-rank training needs peft ({error}): pip install 'sonolume[train]', or rank 0"
        ) from error
    network.requires_grad_(False)
    config = LoraConfig(r=rank, lora_alpha=rank, target_modules=TARGETS)
    try:
        inject_adapter_in_model(config, network)
    except ValueError as error:
        raise ModelError(f"this network has no attention to change ({error})") from error


def lora_state(network: nn.Module) -> dict[str, Tensor]:
    """What was learnt: ``LAYER.A`` [rank, in] and ``LAYER.B`` [out, rank]; nothing without."""
    tensors = network.state_dict()
    found = {f"{k.removesuffix(A)}.A": v for k, v in tensors.items() if k.endswith(A)}
    found |= {f"{k.removesuffix(B)}.B": v for k, v in tensors.items() if k.endswith(B)}
    return found


@torch.no_grad()
def merge_lora(network: nn.Module, state: dict[str, Tensor]) -> None:
    """Add what `lora_state` gave to the weights of a network without it.

    Raises ModelError when a layer is not in the network, or of another size.
    """
    layers: dict[str, Any] = dict(network.named_modules())
    for name in sorted({key.rpartition(".")[0] for key in state}):
        weight: Any = getattr(layers.get(name), "weight", None)
        try:
            change = state[f"{name}.B"] @ state[f"{name}.A"]
        except (KeyError, RuntimeError):
            change = None
        if change is None or weight is None or change.shape != weight.shape:
            raise ModelError(f"the low-rank change of {name!r} does not fit this network")
        weight += change.to(weight)
