"""Truncated back-propagation through time: a recurrent network's state is carried from window to window, gradients are not.

**What it does.** A long sequence arrives as consecutive windows. Before each window the recurrent layers are given the state in
which the previous window left them, detached: the network has read everything before, while the backward pass, and so its memory,
is limited to one window.

**When to use it.** For language models and any other recurrent network on sequences longer than memory allows, with batches whose
rows continue where those of the previous batch stopped (:class:`practicum.datamodules.BPTTWindows`).

**Defaults.** Every ``nn.LSTM``, ``nn.GRU`` and ``nn.RNN`` of the module; states are zero at the start of each epoch and of each
loader.

**Source.** Williams and Peng 1990. Lightning had ``truncated_bptt_steps`` until 2.0 (its threads 17848 and 19985 ask for it
back).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer
from torch import Tensor, nn

from ..trainer_internals.batches import first_tensor
from ..trainer_internals.gather import gather_objects
from ..trainer_internals.roles import Reverts
from ..trainer_internals.torch_names import tree_map_only

State = Any  # a tensor [layers, B, H], or any nest of them


def detached(state: State) -> State:
    """Return a state without its history of gradients."""
    return tree_map_only(Tensor, Tensor.detach, state)


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


class TruncatedBPTT(Reverts):
    """Carries the state of recurrent layers from batch to batch of any LightningModule, without changes to its code.

    A layer that its module calls without a state is given the one that it was left in. Training, validation, test and prediction
    have separate states, which are zero at the start of each epoch and of each loader. A module that keeps its state itself does
    so in an attribute ``state`` (any nest of tensors; its initial value is what each epoch starts with): it is detached and kept
    separately in the same way. With several processes each has its own states. Training's are in the checkpoint, so that a resume
    within an epoch is exact.

    Args:
        layers: Names of the recurrent layers, as in ``named_modules``. Default: every ``nn.LSTM``, ``nn.GRU`` and ``nn.RNN``, or
            none if the module has an attribute ``state``.
        begins: Key (or index) in the batch of a ``bool [B]`` that marks the rows in which a new stream begins.

    Raises:
        MisconfigurationException: There is no recurrent layer; one is called with a state, or several times per batch; or the
            number of rows changes between batches.

    Example:
        >>> import torch
        >>> from practicum.callbacks import TruncatedBPTT
        >>> from practicum.lightning_shim import LightningModule, Trainer
        >>> class Tagger(LightningModule):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.rnn = torch.nn.GRU(2, 4, batch_first=True)
        ...     def predict_step(self, batch, batch_idx):
        ...         return self.rnn(batch)[0]  # no state here
        >>> x, tagger = torch.randn(3, 10, 2), Tagger()
        >>> quiet = dict(logger=False, enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False)
        >>> trainer = Trainer(accelerator="cpu", callbacks=[TruncatedBPTT()], **quiet)
        >>> windows = torch.utils.data.DataLoader(x.split(5, dim=1), batch_size=None)
        >>> torch.allclose(torch.cat(trainer.predict(tagger, windows), 1), tagger.rnn(x)[0], atol=1e-6)
        True
    """

    def __init__(self, layers: Sequence[str] | None = None, begins: str | int | None = None) -> None:
        super().__init__()
        self.layers, self.begins = layers, begins
        self._states: dict[str, dict[str, State]] = {}  # by stage and layer
        self._initial: State = None  # of a module that keeps its state itself
        self._stage: str | None = None  # of the batch in progress
        self._begins: Tensor | None = None
        self._called: set[str] = set()

    # Hooks ------------------------------------------------------------------------------------------------------------

    def _recurrent_layers(self, pl_module: LightningModule) -> dict[str, nn.RNNBase]:
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
        self.reverts.close()
        self._initial = detached(getattr(pl_module, "state", None))
        self.reverts.callback(setattr, self, "_stage", None)
        for name, layer in self._recurrent_layers(pl_module).items():
            self.reverts.callback(layer.register_forward_pre_hook(self._set_state(name), with_kwargs=True).remove)
            self.reverts.callback(layer.register_forward_hook(self._keep_state(name)).remove)

    def _set_state(self, name: str) -> Callable[..., Any]:
        def set_state(layer: nn.RNNBase, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
            if self._stage is None:  # not within a step
                return None
            if len(inputs) > 1 or options.get("hx") is not None:
                raise MisconfigurationException(
                    f"TruncatedBPTT: {name} is called with a state of its own; name the layers whose state is to be carried, "
                    "layers=[...], or keep it in the module's attribute `state`."
                )
            if name in self._called:
                raise MisconfigurationException(
                    f"TruncatedBPTT: {name} is called more than once per batch, so that its state is ambiguous; name the layers "
                    "whose state is to be carried, layers=[...]."
                )
            self._called.add(name)
            state = self._states[self._stage].get(name)
            if state is None:
                return None
            x: Any = inputs[0] if inputs else options["input"]
            rows = _rows(x, layer)
            if rows is not None and first_tensor(state).shape[1] != rows:
                raise MisconfigurationException(
                    f"TruncatedBPTT: {name} gets {rows} rows, in the batch before {first_tensor(state).shape[1]}; rows are "
                    "streams that continue from batch to batch: drop a smaller last batch (drop_last=True), or use BPTTWindows."
                )
            if self._begins is not None:
                state = reset_rows(state, self._begins)
            return inputs, {**options, "hx": state}

        return set_state

    def _keep_state(self, name: str) -> Callable[..., None]:
        def keep_state(layer: nn.Module, inputs: Any, outputs: Any) -> None:
            if self._stage is not None:
                self._states[self._stage][name] = detached(outputs[1])

        return keep_state

    # Batches ----------------------------------------------------------------------------------------------------------

    def _begin(self, stage: str, pl_module: Any, batch: Any, reset: bool) -> None:
        states = self._states.setdefault(stage, {})
        if reset:
            states.clear()
        self._stage, self._called = stage, set()
        self._begins = None if self.begins is None else _flag(batch, self.begins)
        if hasattr(pl_module, "state"):
            state = states.get("")
            if state is None:
                state = _on(self._initial, pl_module.device)
            elif self._begins is not None:
                state = reset_rows(state, self._begins)
            pl_module.state = state

    def _end(self, pl_module: Any) -> None:
        if hasattr(pl_module, "state") and self._stage is not None:
            pl_module.state = self._states[self._stage][""] = detached(pl_module.state)
        self._stage = None

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Reset the states; Lightning does not call this when a training is resumed within an epoch."""
        self._states.pop("train", None)

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Set training's states."""
        self._begin("train", pl_module, batch, reset=False)

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *args: Any) -> None:
        """Detach and store the states after the step."""
        self._end(pl_module)

    def on_validation_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """Set validation's states."""
        self._begin(f"validate {dataloader_idx}", pl_module, batch, reset=batch_idx == 0)

    def on_validation_batch_end(self, trainer: Trainer, pl_module: LightningModule, *args: Any) -> None:
        """Detach and store the states after the step."""
        self._end(pl_module)

    def on_test_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """Set test's states."""
        self._begin(f"test {dataloader_idx}", pl_module, batch, reset=batch_idx == 0)

    def on_test_batch_end(self, trainer: Trainer, pl_module: LightningModule, *args: Any) -> None:
        """Detach and store the states after the step."""
        self._end(pl_module)

    def on_predict_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """Set prediction's states."""
        self._begin(f"predict {dataloader_idx}", pl_module, batch, reset=batch_idx == 0)

    def on_predict_batch_end(self, trainer: Trainer, pl_module: LightningModule, *args: Any) -> None:
        """Detach and store the states after the step."""
        self._end(pl_module)

    # Checkpoints ------------------------------------------------------------------------------------------------------

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Save training's states of every process; all processes must call it."""
        mine = {name: _on(state, "cpu") for name, state in self._states.get("train", {}).items()}
        checkpoint["truncated_bptt"] = gather_objects(trainer, mine)

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Restore them, for a training that is resumed within an epoch."""
        everyone = checkpoint.get("truncated_bptt")
        if everyone and len(everyone) == trainer.world_size and trainer.state.fn == "fit":
            mine = everyone[trainer.global_rank]
            device = trainer.strategy.root_device
            self._states["train"] = {name: _on(state, device) for name, state in mine.items()}


def _on(state: State, device: Any) -> State:
    return tree_map_only(Tensor, lambda part: part.to(device), state)


def _rows(x: Any, layer: nn.RNNBase) -> int | None:
    """Return the number of rows of an input; ``None`` for packed and for unbatched sequences."""
    if not isinstance(x, Tensor) or x.ndim != 3:
        return None
    return x.shape[0 if layer.batch_first else 1]


def _flag(batch: Any, key: str | int) -> Tensor:
    try:
        flag = batch[key]
    except (KeyError, IndexError, TypeError) as error:
        raise MisconfigurationException(
            f"TruncatedBPTT: begins={key!r} is not in the batch; it must name a bool [B] that marks where streams begin."
        ) from error
    return torch.as_tensor(flag, dtype=torch.bool)
