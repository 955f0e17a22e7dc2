"""States of recurrent networks as they are carried: any nest of tensors, detached, with rows that may begin anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from practicum.lightning_shim import MisconfigurationException
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from ..trainer_internals.batches import first_tensor
from ..trainer_internals.torch_names import tree_map, tree_map_only

State = Any  # a tensor [layers, B, H], or any nest of them


def detached(state: State) -> State:
    """Return a state without its history of gradients."""
    return tree_map_only(Tensor, Tensor.detach, state)


def moved(state: State, device: Any) -> State:
    """Return a state on a device."""
    return tree_map_only(Tensor, lambda part: part.to(device), state)


def reset_rows(state: State, begins: Tensor, dim: int = 1) -> State:
    """Return a state that is zero for the rows in which a new stream begins.

    Args:
        state: ``[layers, B, H]``, or any nest of such tensors.
        begins: ``bool [B]``: the rows to reset.
        dim: Dimension of the rows.
    """

    def zeroed(part: Tensor) -> Tensor:
        shape = [1] * part.ndim
        shape[dim] = -1
        return part.masked_fill(begins.to(part.device).view(shape), 0)

    return tree_map_only(Tensor, zeroed, state)


def rows_of(x: Any, layer: nn.RNNBase) -> int | None:
    """Return the number of rows of a recurrent layer's input, packed or not; ``None`` for a sequence without a batch."""
    if isinstance(x, PackedSequence):
        return int(x.batch_sizes[0])
    if not isinstance(x, Tensor) or x.ndim != 3:
        return None
    return x.shape[0 if layer.batch_first else 1]


def check_rows(name: str, state: State, rows: int | None) -> None:
    """Raise if a state is not of the rows of a layer's input.

    Args:
        name: Of the layer.
        state: ``[layers, B, H]``, or ``[layers, H]`` without a batch; or a nest of such tensors.
        rows: What :func:`rows_of` returned.

    Raises:
        MisconfigurationException: Another number of rows.
    """
    first = first_tensor(state)
    before = first.shape[1] if first.ndim == 3 else None
    if before != rows:
        now, then = ("a sequence without rows" if number is None else f"{number} rows" for number in (rows, before))
        raise MisconfigurationException(
            f"TruncatedBPTT: {name} gets {now}, in the batch before {then.removesuffix(' rows')}; rows are streams that "
            "continue from "
            "batch to batch: drop a smaller last batch (drop_last=True), or use BPTTWindows. Where each batch is made of "
            "sequences of "
            "its own, give split: their state then begins at zero."
        )


def recurrent_layers(module: nn.Module, names: Sequence[str] | None = None) -> dict[str, nn.RNNBase]:
    """Return the recurrent layers of a module whose state is to be carried, by name.

    Args:
        module: The module.
        names: As in ``named_modules``. Default: every ``nn.LSTM``, ``nn.GRU`` and ``nn.RNN``.

    Raises:
        MisconfigurationException: There are none, or a bidirectional one.
    """
    found = {name: layer for name, layer in module.named_modules() if isinstance(layer, nn.RNNBase)}
    kind = type(module).__name__
    if missing := [name for name in names or () if name not in found]:
        raise MisconfigurationException(
            f"TruncatedBPTT: {kind} has no recurrent layer {missing[0]!r}; it has {', '.join(found) or 'none'}."
        )
    found = {name: layer for name, layer in found.items() if names is None or name in names}
    if not found:
        raise MisconfigurationException(
            f"TruncatedBPTT: {kind} has no nn.LSTM, nn.GRU or nn.RNN: there is nothing to carry from window to window. If it "
            "keeps its state in an attribute, name that: state='hidden'."
        )
    if both := [name for name, layer in found.items() if layer.bidirectional]:
        raise MisconfigurationException(
            f"TruncatedBPTT: {both[0]} is bidirectional: its backward half reads from a window's end, where no state has been "
            "left; "
            "name the layers whose state is to be carried, layers=[...]."
        )
    return found


class StateAttribute:
    """The attribute of a module in which it keeps its state itself.

    Args:
        module: The module.
        name: The attribute; dotted for one of an inner module.

    Raises:
        MisconfigurationException: There is no such attribute, or it holds something that is no state.
    """

    def __init__(self, module: nn.Module, name: str) -> None:
        inner, _, self._name = name.rpartition(".")
        try:
            self._owner: Any = module.get_submodule(inner)
            self._initial: State = tree_map_only(Tensor, _copy, getattr(self._owner, self._name))
        except AttributeError as error:
            raise MisconfigurationException(
                f"TruncatedBPTT: state={name!r}: {type(module).__name__} has no such attribute; name the one in which it keeps "
                "its state, with its value at the start of an epoch."
            ) from error
        tree_map(self._check, self._initial)

    @property
    def initial(self) -> State:
        """A copy of its value at the start, which a module may change in place."""
        return tree_map_only(Tensor, _copy, self._initial)

    def _check(self, part: Any) -> None:
        if not isinstance(part, Tensor | int | float | None):
            raise MisconfigurationException(
                f"TruncatedBPTT: state={self._name!r} holds {type(part).__name__}; a state is None, a tensor, or a nest of "
                "tensors."
            )

    def get(self) -> State:
        """Return its value."""
        return getattr(self._owner, self._name)

    def set(self, state: State) -> None:
        """Set its value."""
        setattr(self._owner, self._name, state)


def _copy(part: Tensor) -> Tensor:
    return part.detach().clone()
