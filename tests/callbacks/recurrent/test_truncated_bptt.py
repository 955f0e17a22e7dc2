"""Truncated back-propagation on modules that know nothing of it, against loops written by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from practicum.callbacks import LastCheckpoint, LRFinder, OneCycle, TruncatedBPTT
from practicum.callbacks.recurrent.truncated_bptt import reset_rows
from practicum.lightning_shim import Callback, LightningModule, MisconfigurationException, Trainer, classes
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torch.utils.data import DataLoader, Dataset, DistributedSampler, TensorDataset
from torchdata.stateful_dataloader import StatefulDataLoader

BoringModel = classes("demos.boring_classes.BoringModel")[0]
MakeTrainer = Callable[..., Trainer]
Batch = dict[str, Tensor]


class Windows(Dataset[Batch]):
    """A sequence ``[B, T]`` cut into windows that go on from one to the next."""

    def __init__(self, x: Tensor, y: Tensor, length: int) -> None:
        self.windows = list(zip(x.split(length, 1), y.split(length, 1), strict=True))

    def __len__(self) -> int:
        return len(self.windows)

    def __getitem__(self, number: int) -> Batch:
        x, y = self.windows[number]
        return {"x": x, "y": y, "begins": torch.tensor([False] * (len(x) - 1) + [number == 2])}


class Tagger(LightningModule):
    """Somebody's module: a GRU between an embedding and a linear layer."""

    def __init__(self, data: Dataset[Batch], lr: float = 0.1, layer: str = "GRU", loader: Any = DataLoader) -> None:
        super().__init__()
        self.embed, self.out = nn.Embedding(5, 6), nn.Linear(8, 3)
        self.rnn = getattr(nn, layer)(6, 8, batch_first=True)
        self.data, self.lr, self.loader = data, lr, loader
        self.losses: list[float] = []
        self.grads: list[Tensor] = []

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.rnn(self.embed(x))[0])

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        loss = F.cross_entropy(self(batch["x"]).flatten(0, 1), batch["y"].flatten())
        self.losses.append(float(loss.detach()))
        return loss

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        self.log("val/loss", F.cross_entropy(self(batch["x"]).flatten(0, 1), batch["y"].flatten()))

    def on_before_optimizer_step(self, optimizer: Any) -> None:
        self.grads.append(torch.cat([p.grad.flatten().clone() for p in self.parameters() if p.grad is not None]))

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=self.lr)

    def train_dataloader(self) -> Any:
        return self.loader(self.data, batch_size=None)

    def val_dataloader(self) -> Any:
        return DataLoader(self.data, batch_size=None)


def sequence(rows: int = 4, steps: int = 24) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(5)
    x = torch.randint(0, 5, (rows, steps), generator=generator)
    return x, (x + x.roll(1, 1)) % 3


@pytest.mark.parametrize("layer", ["GRU", "LSTM", "RNN"])
def test_gradients_are_those_of_a_loop_written_by_hand(layer: str, make_trainer: MakeTrainer) -> None:
    module = Tagger(Windows(*sequence(), 6), layer=layer).double()
    twin = Tagger(module.data, layer=layer).double()
    twin.load_state_dict(module.state_dict())
    make_trainer(max_epochs=2, callbacks=[TruncatedBPTT()], limit_val_batches=1).fit(module)

    optimizer = torch.optim.SGD(twin.parameters(), lr=0.1)
    expected = []
    for _ in range(2):
        state: Any = None
        for number in range(4):
            batch = module.data[number]
            outputs, state = twin.rnn(twin.embed(batch["x"]), state)
            state = tuple(each.detach() for each in state) if isinstance(state, tuple) else state.detach()
            loss = F.cross_entropy(twin.out(outputs).flatten(0, 1), batch["y"].flatten())
            optimizer.zero_grad()
            loss.backward()
            expected.append(torch.cat([p.grad.flatten().clone() for p in twin.parameters() if p.grad is not None]))
            optimizer.step()
    torch.testing.assert_close(torch.stack(module.grads), torch.stack(expected), atol=1e-6, rtol=0)


class LastMarker(Dataset[Batch]):
    """Which marker (1 or 2) came last? They come every 20 to 40 steps; windows are of 10."""

    def __init__(self) -> None:
        generator = torch.Generator().manual_seed(3)
        rows, steps = 16, 400
        x, y = torch.zeros(rows, steps, dtype=torch.int64), torch.zeros(rows, steps, dtype=torch.int64)
        for row in range(rows):
            at = 0
            while at < steps:
                marker = int(torch.randint(1, 3, (), generator=generator))
                x[row, at], y[row, at:] = marker, marker
                at += int(torch.randint(20, 41, (), generator=generator))
        self.windows = Windows(x, y, 10)

    def __len__(self) -> int:
        return len(self.windows)

    def __getitem__(self, number: int) -> Batch:
        return self.windows[number]


def test_what_lies_further_back_than_a_window_is_learnt_with_it_and_not_without(make_trainer: MakeTrainer) -> None:
    last: dict[bool, float] = {}
    for carried in (True, False):
        torch.manual_seed(1)
        module = Tagger(LastMarker(), lr=1.0)
        make_trainer(max_epochs=12, callbacks=[TruncatedBPTT()] if carried else [], limit_val_batches=0).fit(module)
        last[carried] = sum(module.losses[-40:]) / 40
    # Without it a window that holds no marker (two thirds do not) can only be guessed at: ln 2.
    assert last[True] < 0.05
    assert last[False] > 0.3


def test_rows_that_begin_anew_start_at_zero(make_trainer: MakeTrainer) -> None:
    x, y = sequence()
    module = Tagger(Windows(x, y, 6), lr=0.0)
    states: list[Tensor] = []
    own = module.rnn.forward

    def forward(x: Tensor, hx: Tensor | None = None) -> Any:
        states.append(torch.zeros(1, 4, 8) if hx is None else hx)
        return own(x, hx)

    module.rnn.forward = forward  # type: ignore[assignment, method-assign]
    make_trainer(callbacks=[TruncatedBPTT(begins="begins")], limit_val_batches=0).fit(module)
    assert states[0].abs().sum() == 0
    assert (states[1].abs().sum(2) > 0).all()
    assert (states[2].abs().sum(2) > 0).tolist() == [[True, True, True, False]]


def test_states_may_be_any_nest() -> None:
    nest = {"a": torch.ones(1, 3, 2), "b": [torch.ones(1, 3, 2), None]}
    anew = reset_rows(nest, torch.tensor([False, True, False]))
    assert anew["a"].sum(2).tolist() == [[2, 0, 2]]
    assert anew["b"][0].sum(2).tolist() == [[2, 0, 2]]
    assert anew["b"][1] is None


def test_a_row_of_zeros_keeps_the_others() -> None:
    hidden, cell = torch.ones(2, 3, 4), torch.full((2, 3, 4), 2.0)
    anew = reset_rows((hidden, cell), torch.tensor([False, True, False]))
    assert anew[0].sum((0, 2)).tolist() == [8, 0, 8]
    assert anew[1].sum((0, 2)).tolist() == [16, 0, 16]


class OwnState(Tagger):
    """Keeps its state itself."""

    state: Any = None

    def forward(self, x: Tensor) -> Tensor:
        outputs, self.state = self.rnn(self.embed(x), self.state)
        return self.out(outputs)


def test_a_module_that_keeps_its_own_state_does_the_same(make_trainer: MakeTrainer) -> None:
    module = Tagger(Windows(*sequence(), 6))
    own = OwnState(module.data)
    own.load_state_dict(module.state_dict())
    make_trainer(max_epochs=2, callbacks=[TruncatedBPTT()]).fit(module)
    make_trainer(max_epochs=2, callbacks=[TruncatedBPTT(state="state")]).fit(own)
    assert own.losses == module.losses
    assert own.state is None  # as it was: what follows begins anew


class Hidden(LightningModule):
    """A cell whose state is an attribute: what it starts each window with is noted."""

    def __init__(self, initial: Tensor | None = None) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.cell, self.hidden = nn.GRUCell(2, 3), initial
        self.started: list[Any] = []

    def forward(self, x: Tensor) -> Tensor:
        self.started.append(self.hidden)
        for step in x.unbind(1):
            self.hidden = self.cell(step, self.hidden)
        assert self.hidden is not None
        return self.hidden

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        return self(batch[0]).pow(2).mean()

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        self(batch[0])

    def test_step(self, batch: Any, batch_idx: int) -> None:
        self(batch[0])

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def windows(rows: int) -> DataLoader[Any]:
    return DataLoader(TensorDataset(torch.randn(2 * rows, 4, 2, generator=torch.Generator().manual_seed(1))), batch_size=rows)


@pytest.mark.parametrize("split", [None, 2])
def test_a_state_that_the_module_keeps_is_put_back(make_trainer: MakeTrainer, split: int | None) -> None:
    module = Hidden()
    trainer = make_trainer(max_epochs=1, callbacks=[TruncatedBPTT(state="hidden", split=split)])
    trainer.validate(module, windows(4), verbose=False)
    trainer.fit(module, windows(4))
    assert module.started[0] is module.started[2] is None
    for rows in (2, 3):
        module.started = []
        trainer.test(module, windows(rows), verbose=False)
        assert module.started[0] is None
        assert module.hidden is None


def test_an_initial_state_is_not_what_the_module_makes_of_it(make_trainer: MakeTrainer) -> None:
    class InPlace(Hidden):
        def validation_step(self, batch: Any, batch_idx: int) -> None:
            assert self.hidden is not None
            self.hidden.add_(1)

    module = InPlace(torch.zeros(4, 3))
    make_trainer(callbacks=[TruncatedBPTT(state="hidden")]).validate(module, windows(4), verbose=False)
    assert module.hidden is not None
    assert float(module.hidden.abs().max()) == 0


def test_steps_of_parts_and_a_schedule_of_batches_are_refused(make_trainer: MakeTrainer) -> None:
    callbacks = [TruncatedBPTT(state="hidden", split=2), OneCycle(momentum=None)]
    with pytest.raises(MisconfigurationException, match="max_steps=8 counts parts of batches and a schedule counts batches"):
        make_trainer(max_steps=8, callbacks=callbacks).fit(Hidden(), windows(4))
    make_trainer(max_epochs=1, callbacks=callbacks).fit(Hidden(), windows(4))


class Unrelated(Tagger):
    """Has an attribute called ``state`` that is none of a recurrent network."""

    def __init__(self, data: Any, state: Any) -> None:
        super().__init__(data)
        self.state = state


@pytest.mark.parametrize("state", ["Bavaria", None, {"step": 1}])
def test_an_attribute_that_is_called_state_is_none_unless_named(state: Any, make_trainer: MakeTrainer) -> None:
    module = Tagger(Windows(*sequence(), 6))
    other = Unrelated(module.data, state)
    other.load_state_dict(module.state_dict())
    make_trainer(max_epochs=2, callbacks=[TruncatedBPTT()]).fit(module)
    make_trainer(max_epochs=2, callbacks=[TruncatedBPTT()]).fit(other)
    assert other.losses == module.losses  # carried, not silently switched off
    assert other.state == state


class Inner(nn.Module):
    hidden: Any = None

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.GRU(6, 8, batch_first=True)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        outputs, self.hidden = self.rnn(x, self.hidden)
        return outputs, self.hidden


def test_the_state_of_an_inner_module_has_a_dotted_name(make_trainer: MakeTrainer) -> None:
    module = Tagger(Windows(*sequence(), 6))
    own = Tagger(module.data)
    own.rnn = Inner()
    own.load_state_dict({name.replace("rnn.", "rnn.rnn."): value for name, value in module.state_dict().items()})
    make_trainer(max_epochs=2, callbacks=[TruncatedBPTT()]).fit(module)
    make_trainer(max_epochs=2, callbacks=[TruncatedBPTT(state="rnn.hidden")]).fit(own)
    assert own.losses == module.losses


def test_validation_and_training_have_states_of_their_own(make_trainer: MakeTrainer) -> None:
    x, y = sequence()
    losses = []
    for validate in (0, 2):
        torch.manual_seed(2)
        module = Tagger(Windows(x, y, 6))
        make_trainer(callbacks=[TruncatedBPTT()], val_check_interval=2, limit_val_batches=validate).fit(module)
        losses.append(module.losses)
    assert losses[0] == losses[1]


class Stop(Callback):
    def __init__(self, step: int) -> None:
        self.step = step

    def on_train_batch_start(self, trainer: Trainer, pl_module: Any, batch: Any, batch_idx: int) -> None:
        if trainer.global_step == self.step:
            raise RuntimeError


def test_a_training_that_stops_within_an_epoch_goes_on_exactly(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    data = Windows(*sequence(), 3)
    torch.manual_seed(7)
    start = Tagger(data, loader=StatefulDataLoader).state_dict()

    def train(*callbacks: Callback, checkpoint: Path | None = None) -> Tagger:
        module = Tagger(data, loader=StatefulDataLoader)
        module.load_state_dict(start)
        trainer = make_trainer(
            max_epochs=2, callbacks=[TruncatedBPTT(), *callbacks], limit_val_batches=0, enable_checkpointing=bool(callbacks)
        )
        trainer.fit(module, ckpt_path=checkpoint, weights_only=True)
        return module

    whole = train()
    with pytest.raises(RuntimeError):
        train(LastCheckpoint(tmp_path, every_n_steps=1), Stop(5))
    resumed = train(LastCheckpoint(tmp_path), checkpoint=tmp_path / "last.ckpt")
    assert len(resumed.losses) == 16 - 5
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name


def test_a_range_test_leaves_states_as_they_were(make_trainer: MakeTrainer) -> None:
    losses = []
    for finders in ([], [LRFinder(steps=25, update=False)]):
        torch.manual_seed(2)
        module = Tagger(Windows(*sequence(), 6))
        make_trainer(max_epochs=2, callbacks=[TruncatedBPTT(), *finders], limit_val_batches=0).fit(module)
        losses.append(module.losses[-8:])
    assert losses[0] == losses[1]


def test_it_leaves_nothing_behind_also_after_an_error(make_trainer: MakeTrainer) -> None:
    module = Tagger(Windows(*sequence(), 6))
    with pytest.raises(RuntimeError):
        make_trainer(callbacks=[TruncatedBPTT(), Stop(2)]).fit(module)
    x = sequence()[0]
    assert torch.equal(module(x), module(x))  # no state is carried any more


class Twice(Tagger):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + super().forward(x.flip(1))


class TwoWays(Tagger):
    def __init__(self, data: Any) -> None:
        super().__init__(data)
        self.rnn = nn.GRU(6, 4, batch_first=True, bidirectional=True)


class Packed(Tagger):
    def forward(self, x: Tensor) -> Tensor:
        packed = pack_padded_sequence(self.embed(x), [x.shape[1]] * len(x), batch_first=True, enforce_sorted=False)
        return self.out(pad_packed_sequence(self.rnn(packed)[0], batch_first=True)[0])


class Alone(Tagger):
    """Gives its layer one row without a batch in the third window."""

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.rnn(self.embed(x[0] if len(x) == 3 else x))[0]).expand(*x.shape, 3)


class Smaller(Windows):
    def __getitem__(self, number: int) -> Batch:
        batch = super().__getitem__(number)
        return {key: value[:3] for key, value in batch.items()} if number == 1 else batch


@pytest.mark.parametrize(
    ("module", "callback", "message"),
    [
        (lambda data: BoringModel(), TruncatedBPTT(), "nothing to carry"),
        (Tagger, TruncatedBPTT(layers=["lstm"]), "it has rnn"),
        (OwnState, TruncatedBPTT(layers=["rnn"]), "state of its own"),
        (OwnState, TruncatedBPTT(), "state='hidden'"),
        (OwnState, TruncatedBPTT(state="hiddn"), "has no such attribute"),
        (OwnState, TruncatedBPTT(state="rnn.hidden"), "has no such attribute"),
        (lambda data: Unrelated(data, "Bavaria"), TruncatedBPTT(state="state"), "holds str"),
        (TwoWays, TruncatedBPTT(), "rnn is bidirectional"),
        (Twice, TruncatedBPTT(), "more than once"),
        (Tagger, TruncatedBPTT(begins="first"), "begins='first'"),
    ],
)
def test_what_it_cannot_carry_is_refused(module: Any, callback: TruncatedBPTT, message: str, make_trainer: MakeTrainer) -> None:
    data = Windows(*sequence(), 6)
    made = module(data)
    if module is OwnState:
        made.state = torch.zeros(1, 4, 8)
    with pytest.raises(MisconfigurationException, match=message):
        make_trainer(callbacks=[callback], limit_val_batches=0).fit(made)


@pytest.mark.parametrize(
    ("kind", "message"),
    [(Tagger, "3 rows, in the batch before 4"), (Packed, "3 rows, in the batch before 4"), (Alone, "without rows")],
)
def test_rows_that_come_and_go_are_refused(kind: type[Tagger], message: str, make_trainer: MakeTrainer) -> None:
    module = kind(Smaller(*sequence(), 6))
    with pytest.raises(MisconfigurationException, match=message):
        make_trainer(callbacks=[TruncatedBPTT()], limit_val_batches=0).fit(module)


def test_packed_windows_are_carried_like_padded_ones(make_trainer: MakeTrainer) -> None:
    module = Tagger(Windows(*sequence(), 6))
    packed = Packed(module.data)
    packed.load_state_dict(module.state_dict())
    for each in (module, packed):
        make_trainer(callbacks=[TruncatedBPTT()], limit_val_batches=0).fit(each)
    assert packed.losses == pytest.approx(module.losses, abs=1e-6)


def shuffled(data: Any, **options: Any) -> Any:
    return DataLoader(data, shuffle=True, **options)


def dealt(data: Any, **options: Any) -> Any:
    return DataLoader(data, sampler=DistributedSampler(data, num_replicas=2, rank=0, shuffle=False), **options)


@pytest.mark.parametrize(("loader", "said"), [(DataLoader, None), (shuffled, "shuffles"), (dealt, "deals them out")])
def test_windows_out_of_their_order_are_said(
    loader: Any, said: str | None, make_trainer: MakeTrainer, caplog: pytest.LogCaptureFixture
) -> None:
    module = Tagger(Windows(*sequence(), 6), loader=loader)
    make_trainer(callbacks=[TruncatedBPTT()], limit_val_batches=0).fit(module)
    assert (said in caplog.text) if said else "TruncatedBPTT" not in caplog.text
    caplog.clear()
    make_trainer(callbacks=[TruncatedBPTT(split=3)], limit_val_batches=0).fit(module)  # its rows are sequences of their own
    assert "TruncatedBPTT" not in caplog.text
