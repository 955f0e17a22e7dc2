"""Truncated back-propagation through time: a recurrent network's state is carried from window to window, gradients are not.

**What it does.** A long sequence arrives as consecutive windows. Before each window the recurrent layers are given the state in
which the previous window left them, detached: the network has read everything before, while the backward pass, and so its memory,
is limited to one window.

Given ``split``, it does the same within a batch: each part of the batch along time has a forward pass, a backward pass and a
step.

**When to use it.** For language models and any other recurrent network on sequences longer than memory allows: with batches whose
rows continue where those of the previous batch stopped (:class:`practicum.datamodules.BPTTWindows`), or with ``split`` for
batches of whole sequences.

**Defaults.** Every ``nn.LSTM``, ``nn.GRU`` and ``nn.RNN`` of the module; states are zero at the start of each epoch and of each
loader.

**Source.** Williams and Peng 1990. Lightning had ``truncated_bptt_steps`` until 2.0 (its threads 17848 and 19985 ask for it
back).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Sequence
from typing import Any

import torch
from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer
from torch import Tensor, nn

from ..roles import Reverts
from ..schedules.lr_schedule import LRSchedule
from ..trainer_internals.gather import gather_objects
from ..trainer_internals.loaders import steps_take_iterator, train_loaders
from ..trainer_internals.run_in_parts import run_in_parts
from .carried_state import State, StateAttribute, check_rows, detached, moved, recurrent_layers, reset_rows, rows_of
from .split_batch import parts_of_batch, takes_hiddens
from .stream_order import broken_order
from .window_length_lr import WindowLengthLR

log = logging.getLogger(__name__)


class TruncatedBPTT(Reverts):
    """Carries the state of recurrent layers from batch to batch of any LightningModule, without changes to its code.

    A layer that its module calls without a state is given the one that it was left in. Training, validation, test and prediction
    have separate states, which are zero at the start of each epoch and of each loader. A module that keeps its state itself, in
    an attribute, names it: ``state="hidden"``; it is detached and kept separately in the same way. With several processes each
    has its own states. Training's are in the checkpoint, so that a resume within an epoch is exact.

    With ``split``, rows are sequences of their own: states are zero at the start of each batch, and each part of a training batch
    has a step of the optimizer (automatic optimization) or a call of ``training_step`` (manual optimization). Hooks and schedules
    are called once per batch, ``trainer.global_step`` counts parts. A ``training_step(batch, batch_idx, hiddens)`` that returns
    ``{"loss": ..., "hiddens": ...}``, as Lightning 1 wanted it, runs as it is, and so does a module's ``tbptt_split_batch(batch,
    split)``. In validation, test and prediction a batch is read as a whole.

    Args:
        layers: Names of the recurrent layers, as in ``named_modules``. Default: every ``nn.LSTM``, ``nn.GRU`` and ``nn.RNN``, or
            none with ``state`` or ``hiddens``.
        begins: Key (or index) in the batch of a ``bool [B]`` that marks the rows in which a new stream begins.
        state: Name of the attribute in which the module keeps its state: any nest of tensors, whose initial value is what each
            epoch starts with. Dotted for one of an inner module.
        split: Steps of a part of a batch. Default: batches are not split, they continue one another.
        time_dim: Dimension of time in a batch's tensors, for ``split``.

    Raises:
        MisconfigurationException: There is no recurrent layer, or a bidirectional one; one is called with a state, or several
            times per batch; the number of rows changes between batches; or a batch can't be split.

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

    def __init__(
        self,
        layers: Sequence[str] | None = None,
        begins: str | int | None = None,
        state: str | None = None,
        split: int | None = None,
        time_dim: int = 1,
    ) -> None:
        super().__init__()
        if split is not None and (isinstance(split, bool) or not isinstance(split, int) or split < 1):
            raise MisconfigurationException(f"TruncatedBPTT: split={split} must be a whole number of time steps, at least 1.")
        if time_dim not in (0, 1):
            raise MisconfigurationException(f"TruncatedBPTT: time_dim={time_dim} must be 0 or 1.")
        if split is None and time_dim != 1:
            raise MisconfigurationException(
                f"TruncatedBPTT: time_dim={time_dim} is the dimension that split cuts, and split is not given; the length of "
                "whole windows is measured along WindowLengthLR's time_dim."
            )
        if split is not None and begins is not None:
            raise MisconfigurationException(
                "TruncatedBPTT: with split every row begins anew in each batch; leave begins out, or split."
            )
        self.layers, self.begins, self.state, self.split, self.time_dim = layers, begins, state, split, time_dim
        self._states: dict[str, dict[str, State]] = {}  # by stage and layer
        self._own: StateAttribute | None = None  # of a module that keeps its state itself
        self._stage: str | None = None  # of the batch in progress
        self._begins: Tensor | None = None
        self._called: set[str] = set()

    # Hooks ------------------------------------------------------------------------------------------------------------

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Hook into the recurrent layers, and into the trainer's loops for ``split``."""
        self.reverts.close()
        keeps_state = self.state is not None or (self.split is not None and takes_hiddens(pl_module))
        layers = {} if self.layers is None and keeps_state else recurrent_layers(pl_module, self.layers)
        self._own = None if self.state is None else StateAttribute(pl_module, self.state)
        if self._own is not None:  # or the last state would be what the next fit or test begins with
            self.reverts.callback(self._own.set, self._own.initial)
        self.reverts.callback(setattr, self, "_stage", None)
        for name, layer in layers.items():
            self.reverts.callback(layer.register_forward_pre_hook(self._set_state(name), with_kwargs=True).remove)
            self.reverts.callback(layer.register_forward_hook(self._keep_state(name)).remove)
        if stage != "fit":
            return
        if self.split is not None:
            if any(isinstance(each, WindowLengthLR) for each in trainer.callbacks):  # type: ignore[attr-defined]
                raise MisconfigurationException(
                    "TruncatedBPTT: split and WindowLengthLR don't go together: it takes the length of whole batches; leave one "
                    "out."
                )
            if trainer.max_steps != -1 and any(isinstance(each, LRSchedule) for each in trainer.callbacks):  # type: ignore[attr-defined]
                raise MisconfigurationException(
                    f"TruncatedBPTT: with split max_steps={trainer.max_steps} counts parts of batches and a schedule counts "
                    "batches; give max_epochs."
                )
            self.reverts.callback(run_in_parts(trainer, lambda batch: self._parts(trainer, pl_module, batch)))
        elif takes_hiddens(pl_module, required=True):
            raise MisconfigurationException(
                f"TruncatedBPTT: {type(pl_module).__name__}.training_step takes `hiddens`, as Lightning gave them with "
                "truncated_bptt_steps; give the steps of a part of a batch, split=72."
            )

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Warn if the training loader does not read windows in their order."""
        if self.split is not None and steps_take_iterator(trainer):
            raise MisconfigurationException(
                "TruncatedBPTT: split needs batches, but training_step takes an iterator; split them there."
            )
        for loader in train_loaders(trainer) if self.split is None else ():
            if (reason := broken_order(loader)) is not None:
                log.warning(
                    f"TruncatedBPTT: batches should continue one another, but {reason}: states are carried to rows that they do "
                    "not belong to. Read windows in their order (BPTTWindows), or give split where each batch holds whole "
                    "sequences."
                )

    def _parts(
        self, trainer: Trainer, pl_module: Any, batch: Any
    ) -> Generator[tuple[Any, dict[str, Any], float], dict[str, Any], None]:
        """Yield the parts of a batch with what :func:`.run_in_parts` wants to know, and carry the state from one to the next."""
        parts = parts_of_batch(trainer, pl_module, batch, self.split or 1, self.time_dim)
        hiddens: State = None
        passed = takes_hiddens(pl_module)
        for part, size in parts:
            self._called = set()
            output = yield part, {"hiddens": hiddens} if passed else {}, float(size)
            hiddens = detached(output.pop("hiddens", None))
            if self._own is not None:
                self._own.set(detached(self._own.get()))

    def _set_state(self, name: str) -> Callable[..., Any]:
        def set_state(layer: nn.RNNBase, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
            if self._stage is None:  # not within a step
                return None
            if len(inputs) > 1 or options.get("hx") is not None:
                raise MisconfigurationException(
                    f"TruncatedBPTT: {name} is called with a state of its own; name the layers whose state is to be carried, "
                    "layers=[...], or the attribute in which the module keeps it, state='hidden'."
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
            check_rows(name, state, rows_of(inputs[0] if inputs else options["input"], layer))
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
        if self._own is not None:
            state = states.get("")
            if state is None:
                state = moved(self._own.initial, pl_module.device)
            elif self._begins is not None:
                state = reset_rows(state, self._begins)
            self._own.set(state)

    def _end(self) -> None:
        if self._own is not None and self._stage is not None:
            self._states[self._stage][""] = detached(self._own.get())
            self._own.set(self._states[self._stage][""])
        self._stage = None

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Reset the states; Lightning does not call this when a training is resumed within an epoch."""
        self._states.pop("train", None)

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Set training's states."""
        self._begin("train", pl_module, batch, reset=self.split is not None)

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *args: Any) -> None:
        """Detach and store the states after the step."""
        self._end()

    def on_validation_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """Set validation's states."""
        self._begin(f"validate {dataloader_idx}", pl_module, batch, reset=batch_idx == 0 or self.split is not None)

    def on_validation_batch_end(self, trainer: Trainer, pl_module: LightningModule, *args: Any) -> None:
        """Detach and store the states after the step."""
        self._end()

    def on_test_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """Set test's states."""
        self._begin(f"test {dataloader_idx}", pl_module, batch, reset=batch_idx == 0 or self.split is not None)

    def on_test_batch_end(self, trainer: Trainer, pl_module: LightningModule, *args: Any) -> None:
        """Detach and store the states after the step."""
        self._end()

    def on_predict_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """Set prediction's states."""
        self._begin(f"predict {dataloader_idx}", pl_module, batch, reset=batch_idx == 0 or self.split is not None)

    def on_predict_batch_end(self, trainer: Trainer, pl_module: LightningModule, *args: Any) -> None:
        """Detach and store the states after the step."""
        self._end()

    # Checkpoints ------------------------------------------------------------------------------------------------------

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Save training's states of every process; all processes must call it."""
        mine = {name: moved(state, "cpu") for name, state in self._states.get("train", {}).items()}
        checkpoint["truncated_bptt"] = gather_objects(trainer, mine)

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Restore them, for a training that is resumed within an epoch."""
        everyone = checkpoint.get("truncated_bptt")
        if everyone and len(everyone) == trainer.world_size and trainer.state.fn == "fit":
            mine = everyone[trainer.global_rank]
            device = trainer.strategy.root_device
            self._states["train"] = {name: moved(state, device) for name, state in mine.items()}


def _flag(batch: Any, key: str | int) -> Tensor:
    try:
        flag = batch[key]
    except (KeyError, IndexError, TypeError) as error:
        raise MisconfigurationException(
            f"TruncatedBPTT: begins={key!r} is not in the batch; it must name a bool [B] that marks where streams begin."
        ) from error
    return torch.as_tensor(flag, dtype=torch.bool)
