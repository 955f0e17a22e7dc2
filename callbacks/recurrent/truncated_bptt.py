"""Truncated back-propagation through time: the state of a recurrent network goes on from window to window, gradients do not.

**What it does.** A long sequence comes as windows in succession. Before each window the network's recurrent layers are given the
state in which the last window left them, detached: so the network has read everything before, and the backward pass, and
with it memory, goes through one window only.

**When to use it.** For language models and any other recurrent network on sequences longer than memory allows; with batches
whose rows go on where the batch before stopped (:class:`practicum.datamodules.BPTTWindows`).

**Defaults.** Every ``nn.LSTM``, ``nn.GRU`` and ``nn.RNN`` of the module; states begin at zero with each epoch and with each
loader.

**Sources.** Williams and Peng 1990; Merity et al. 2018, section 5, for the rate in proportion to the window's length. Lightning
had ``truncated_bptt_steps`` until 2.0 (its threads 17848 and 19985 ask for it back).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from practicum.lightning_shim import Callback, LightningModule, MisconfigurationException, Trainer
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils._pytree import tree_map_only
from torch.utils.hooks import RemovableHandle

from ..trainer_internals.batches import inputs_of
from ..trainer_internals.gather import gather_objects

State = Any  # a tensor [layers, B, H], or a nest of them


def detached(state: State) -> State:
    """The same state without its history."""
    return tree_map_only(Tensor, Tensor.detach, state)


def begun_anew(state: State, begins: Tensor, dim: int = 1) -> State:
    """A state of zeros for the rows in which another stream begins, as it was for the others.

    Args:
        state: ``[layers, B, H]``, or any nest of such.
        begins: ``bool [B]``.
        dim: Where the rows are.
    """

    def zeroed(part: Tensor) -> Tensor:
        shape = [1] * part.ndim
        shape[dim] = -1
        return part.masked_fill(begins.to(part.device).view(shape), 0)

    return tree_map_only(Tensor, zeroed, state)


class TruncatedBPTT(Callback):
    """Carries the state of recurrent layers from batch to batch of any LightningModule, with no change to its code.

    A layer that its module calls without a state is given the one it was left in; training, validation, test and prediction have
    states of their own, which begin at zero with each epoch and each loader. A module that keeps its state itself does so in an
    attribute ``state`` (any nest of tensors; what it is at the beginning, each epoch begins with): that is detached and kept
    apart in the same way. With several processes each has
    its own states. They are in the checkpoint, so that a training goes on exactly.

    Args:
        layers: Names of the recurrent layers, as in ``named_modules``. Default: every ``nn.LSTM``, ``nn.GRU`` and ``nn.RNN``, or
            none where the module has an attribute ``state``.
        begins: Key (or place) in the batch of a ``bool [B]`` that says in which rows a new stream begins.
        usual_length: Of a window: the rate of a step is multiplied by the window's length over this, for windows that vary. The
            length is dimension ``time_dim`` of the batch's first tensor. Default: the rate is left alone.
        time_dim: See there.

    Raises:
        MisconfigurationException: No recurrent layer; one is called with a state, or several times for a batch; rows come
            and go between batches.
    """

    def __init__(
        self,
        layers: Sequence[str] | None = None,
        begins: str | int | None = None,
        usual_length: int | None = None,
        time_dim: int = 1,
    ) -> None:
        super().__init__()
        if usual_length is not None and usual_length < 1:
            raise MisconfigurationException(f"TruncatedBPTT: usual_length={usual_length} must be at least 1.")
        self.layers, self.begins, self.usual_length, self.time_dim = layers, begins, usual_length, time_dim
        self._states: dict[str, dict[str, State]] = {}  # by stage and layer
        self._initial: State = None  # of a module that keeps its state itself
        self._stage: str | None = None  # whose batch is being worked on
        self._begins: Tensor | None = None
        self._called: set[str] = set()
        self._hooks: list[RemovableHandle] = []
        self._factor = 1.0

    # Hooks ------------------------------------------------------------------------------------------------------------

    def _found(self, pl_module: LightningModule) -> dict[str, nn.RNNBase]:
        named = dict(pl_module.named_modules())
        if self.layers is None and hasattr(pl_module, "state"):
            return {}
        if self.layers is None:
            found = {name: layer for name, layer in named.items() if isinstance(layer, nn.RNNBase)}
        else:
            missing = [name for name in self.layers if not isinstance(named.get(name), nn.RNNBase)]
            if missing:
                there = [name for name, layer in named.items() if isinstance(layer, nn.RNNBase)]
                raise MisconfigurationException(
                    f"TruncatedBPTT: {type(pl_module).__name__} has no recurrent layer {missing[0]!r}; it has "
                    f"{', '.join(there) or 'none'}."
                )
            found = {name: layer for name, layer in named.items() if name in self.layers and isinstance(layer, nn.RNNBase)}
        if not found:
            raise MisconfigurationException(
                f"TruncatedBPTT: {type(pl_module).__name__} has neither an nn.LSTM, nn.GRU or nn.RNN nor an attribute `state`: "
                "there is nothing to carry from window to window."
            )
        return found

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Hook into the recurrent layers."""
        self._unhook()
        self._initial = detached(getattr(pl_module, "state", None))
        for name, layer in self._found(pl_module).items():
            self._hooks += [
                layer.register_forward_pre_hook(self._give(name), with_kwargs=True),
                layer.register_forward_hook(self._take(name)),
            ]

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Leave the layers as they were."""
        self._unhook()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Leave the layers as they were."""
        self._unhook()

    def _unhook(self) -> None:
        for hook in self._hooks:
            hook.remove()
        self._hooks, self._stage = [], None

    def _give(self, name: str) -> Callable[..., Any]:
        def give(layer: nn.RNNBase, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
            if self._stage is None:  # not within a step: another's business
                return None
            if len(inputs) > 1 or options.get("hx") is not None:
                raise MisconfigurationException(
                    f"TruncatedBPTT: {name} is called with a state of its own; name the layers that carry theirs, layers=[...], "
                    "or keep it in the module's attribute `state`."
                )
            if name in self._called:
                raise MisconfigurationException(
                    f"TruncatedBPTT: {name} is called more than once for a batch, so that it is not clear whose state goes on; "
                    "name the layers that carry theirs, layers=[...]."
                )
            self._called.add(name)
            state = self._states[self._stage].get(name)
            if state is None:
                return None
            x: Any = inputs[0] if inputs else options["input"]
            rows = _rows(x, layer)
            if rows is not None and _first(state).shape[1] != rows:
                raise MisconfigurationException(
                    f"TruncatedBPTT: {name} sees {rows} rows, in the batch before {_first(state).shape[1]}; rows are streams "
                    "that go on from batch to batch: leave out a smaller last batch (drop_last=True), or take BPTTWindows."
                )
            if self._begins is not None:
                state = begun_anew(state, self._begins)
            return inputs, {**options, "hx": state}

        return give

    def _take(self, name: str) -> Callable[..., None]:
        def take(layer: nn.Module, inputs: Any, outputs: Any) -> None:
            if self._stage is not None:
                self._states[self._stage][name] = detached(outputs[1])

        return take

    # Batches ----------------------------------------------------------------------------------------------------------

    def _begin(self, stage: str, pl_module: Any, batch: Any, anew: bool) -> None:
        states = self._states.setdefault(stage, {})
        if anew:
            states.clear()
        self._stage, self._called = stage, set()
        self._begins = None if self.begins is None else _flag(batch, self.begins)
        if hasattr(pl_module, "state"):
            state = states.get("")
            if state is None:
                state = _on(self._initial, pl_module.device)
            elif self._begins is not None:
                state = begun_anew(state, self._begins)
            pl_module.state = state

    def _end(self, pl_module: Any) -> None:
        if hasattr(pl_module, "state") and self._stage is not None:
            pl_module.state = self._states[self._stage][""] = detached(pl_module.state)
        self._stage = None

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Streams begin; Lightning does not call this where a training goes on within an epoch."""
        self._states.pop("train", None)

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Training's states."""
        self._begin("train", pl_module, batch, anew=False)
        if self.usual_length is not None:
            self._factor = _first(inputs_of(batch)).shape[self.time_dim] / self.usual_length

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *args: Any) -> None:
        """The step is over."""
        self._end(pl_module)

    def on_validation_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """Validation's states."""
        self._begin(f"validate {dataloader_idx}", pl_module, batch, anew=batch_idx == 0)

    def on_validation_batch_end(self, trainer: Trainer, pl_module: LightningModule, *args: Any) -> None:
        """The step is over."""
        self._end(pl_module)

    def on_test_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """Test's states."""
        self._begin(f"test {dataloader_idx}", pl_module, batch, anew=batch_idx == 0)

    def on_test_batch_end(self, trainer: Trainer, pl_module: LightningModule, *args: Any) -> None:
        """The step is over."""
        self._end(pl_module)

    def on_predict_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """Prediction's states."""
        self._begin(f"predict {dataloader_idx}", pl_module, batch, anew=batch_idx == 0)

    def on_predict_batch_end(self, trainer: Trainer, pl_module: LightningModule, *args: Any) -> None:
        """The step is over."""
        self._end(pl_module)

    # The rate of windows that vary ------------------------------------------------------------------------------------

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Have each step's rate follow its window's length."""
        if self.usual_length is not None:
            for optimizer in trainer.optimizers:
                self._hooks += [
                    optimizer.register_step_pre_hook(self._scale),
                    optimizer.register_step_post_hook(self._scale_back),
                ]

    def _scale(self, optimizer: Optimizer, *args: Any) -> None:
        for group in optimizer.param_groups:
            group["unscaled_lr"] = group["lr"]
            group["lr"] = group["lr"] * self._factor

    @staticmethod
    def _scale_back(optimizer: Optimizer, *args: Any) -> None:
        for group in optimizer.param_groups:
            group["lr"] = group.pop("unscaled_lr")

    # Checkpoints ------------------------------------------------------------------------------------------------------

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Keep training's states of every process. Called on all of them."""
        mine = {name: _on(state, "cpu") for name, state in self._states.get("train", {}).items()}
        everyone = gather_objects(trainer, mine)
        checkpoint["truncated_bptt"] = everyone

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Go on from them, where a training goes on within an epoch."""
        everyone = checkpoint.get("truncated_bptt")
        if everyone and len(everyone) == trainer.world_size and trainer.state.fn == "fit":
            mine = everyone[trainer.global_rank]
            device = trainer.strategy.root_device
            self._states["train"] = {name: _on(state, device) for name, state in mine.items()}


def _first(state: Any) -> Tensor:
    """The first tensor of a nest."""
    while not isinstance(state, Tensor):
        state = next(iter(state.values() if isinstance(state, Mapping) else state))
    return state


def _on(state: State, device: Any) -> State:
    return tree_map_only(Tensor, lambda part: part.to(device), state)


def _rows(x: Any, layer: nn.RNNBase) -> int | None:
    """How many rows an input has; packed sequences say so otherwise, and one without a batch has none."""
    if not isinstance(x, Tensor) or x.ndim != 3:
        return None
    return x.shape[0 if layer.batch_first else 1]


def _flag(batch: Any, key: str | int) -> Tensor:
    try:
        flag = batch[key]
    except (KeyError, IndexError, TypeError) as error:
        raise MisconfigurationException(
            f"TruncatedBPTT: begins={key!r} is not in the batch; it says in which rows a new stream begins, bool [B]."
        ) from error
    return torch.as_tensor(flag, dtype=torch.bool)
