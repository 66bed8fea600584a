"""Networks from their weights, without the random values that they would start training with."""

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

from torch import Tensor, nn
from torch.nn import init
from torch.overrides import TorchFunctionMode

from sonolume.errors import ModelError

M = TypeVar("M", bound=nn.Module)

_DRAWS: Final = frozenset(
    {
        Tensor.uniform_, Tensor.normal_, init.uniform_, init.normal_, init.trunc_normal_,
        init.kaiming_uniform_, init.kaiming_normal_, init.xavier_uniform_, init.xavier_normal_,
    }
)  # fmt: skip


def built(make: Callable[[], M], tensors: dict[str, Tensor]) -> M:
    """The network of `make()` with the weights `tensors`, frozen and in evaluation mode.

    The tensors become its parameters, uncopied. Drawing first values for twenty million parameters
    takes longer than reading them, so none are drawn: every one must be in `tensors`.

    Raises ModelError when the tensors are not those of the network.
    """
    with _Undrawn():
        network = make()
    try:
        network.load_state_dict(tensors, assign=True)
    except RuntimeError as error:
        said = " ".join(str(error).split())
        raise ModelError(f"weights of another network than {said[:200]}") from error
    return frozen(network)


def frozen(model: M) -> M:
    """`model` in evaluation mode, none of its parameters trained."""
    return model.eval().requires_grad_(False)


class _Undrawn(TorchFunctionMode):
    """Inside it, tensors that would be filled at random keep what lies in their memory."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        given = kwargs or {}
        if func in _DRAWS:
            return args[0] if args else given["tensor"]
        return func(*args, **given)
