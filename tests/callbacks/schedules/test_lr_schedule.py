"""Schedules within a trainer: the trace of every step, through resumes, with the loops and loaders Lightning has."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from practicum.callbacks import SGDR, CyclicalLR, FlatCosine, LastCheckpoint, OneCycle, SlantedTriangular
from practicum.callbacks.schedules.cyclical_lr import cyclical
from practicum.callbacks.schedules.flat_cosine import flat_cosine
from practicum.callbacks.schedules.one_cycle import one_cycle
from practicum.callbacks.schedules.sgdr import sgdr
from practicum.callbacks.schedules.slanted_triangular import slanted_triangular
from practicum.lightning_shim import Callback, LightningModule, MisconfigurationException, Trainer, classes
from torch.utils.data import DataLoader, IterableDataset
from torchdata.stateful_dataloader import StatefulDataLoader

GradientAccumulationScheduler = classes("callbacks.GradientAccumulationScheduler")[0]
LearningRateMonitor = classes("callbacks.LearningRateMonitor")[0]
BoringModel = classes("demos.boring_classes.BoringModel")[0]
RandomDataset = classes("demos.boring_classes.RandomDataset")[0]
MakeTrainer = Callable[..., Trainer]
STEPS = 6  # an epoch


class TwoGroups(BoringModel):
    """Lightning's own module, with two parameter groups at rates of their own."""

    def __init__(self, optimizer: Callable[..., torch.optim.Optimizer] | None = None, scheduled: bool = False) -> None:
        super().__init__()
        self.make, self.scheduled = optimizer or (lambda groups: torch.optim.SGD(groups, momentum=0.9)), scheduled

    def configure_optimizers(self) -> Any:
        optimizer = self.make([{"params": [self.layer.weight], "lr": 0.02}, {"params": [self.layer.bias], "lr": 0.1}])
        if self.scheduled:
            return [optimizer], [torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=[0.02, 0.1], total_steps=100)]
        return optimizer

    def train_dataloader(self) -> Any:
        return StatefulDataLoader(RandomDataset(32, 2 * STEPS), batch_size=2)

    def val_dataloader(self) -> Any:
        return []


class Trace(Callback):
    """Rates and momenta of each step, as the optimizer is about to use them."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.rates: dict[int, list[float]] = {}
        self.momenta: dict[int, float] = {}
        self.stop_at = stop_at

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: LightningModule, optimizer: Any) -> None:
        if trainer.global_step == self.stop_at:
            raise InterruptedError
        self.rates[trainer.global_step] = [group["lr"] for group in optimizer.param_groups]
        group = optimizer.param_groups[0]
        self.momenta[trainer.global_step] = group["betas"][0] if "betas" in group else group.get("momentum", 0.0)


CASES = [
    (lambda: SGDR(1, 2), lambda step: sgdr(step, STEPS, 2)),
    (lambda: CyclicalLR(1, mode="triangular2"), lambda step: cyclical(step, STEPS, 0.25, "triangular2")),
    (OneCycle, lambda step: one_cycle(step, 7 * STEPS)),
    (FlatCosine, lambda step: flat_cosine(step, 7 * STEPS)),
    (SlantedTriangular, lambda step: slanted_triangular(step, 7 * STEPS)),
]


@pytest.mark.parametrize(("build", "wanted"), CASES, ids=["sgdr", "cyclical", "one_cycle", "flat_cosine", "slanted_triangular"])
def test_each_step_has_its_rate_through_a_resume(
    make_trainer: MakeTrainer, tmp_path: Path, build: Callable[[], Callback], wanted: Callable[[int], float]
) -> None:
    trace = Trace()
    make_trainer(max_epochs=7, callbacks=[build(), trace]).fit(TwoGroups())
    # Once more, stopped in the middle of the second cycle of SGDR(1, 2): steps 6 to 17.
    broken, rest = Trace(stop_at=13), Trace()
    options: dict[str, Any] = {"max_epochs": 7, "enable_checkpointing": True}
    trainer = make_trainer(callbacks=[build(), broken, LastCheckpoint(tmp_path, every_n_steps=4)], **options)
    with pytest.raises(InterruptedError):
        trainer.fit(TwoGroups())
    trainer = make_trainer(callbacks=[build(), rest, LastCheckpoint(tmp_path)], **options)
    trainer.fit(TwoGroups(), ckpt_path=tmp_path / "last.ckpt", weights_only=True)
    assert min(rest.rates) > STEPS
    assert set(trace.rates) == set(broken.rates) | set(rest.rates) == set(range(7 * STEPS))
    for run in (trace, broken, rest):
        for step, rates in run.rates.items():
            assert rates == pytest.approx([0.02 * wanted(step), 0.1 * wanted(step)], rel=0, abs=1e-12)
        assert run.momenta == pytest.approx({step: trace.momenta[step] for step in run.momenta}, rel=0, abs=0)


@pytest.mark.parametrize("optimizer", [lambda groups: torch.optim.SGD(groups, momentum=0.9), torch.optim.AdamW])
def test_momentum_cycles_against_the_rate(make_trainer: MakeTrainer, optimizer: Any) -> None:
    trace = Trace()
    make_trainer(max_epochs=4, callbacks=[OneCycle(), trace]).fit(TwoGroups(optimizer))
    assert trace.momenta[0] == pytest.approx(0.95)
    assert trace.momenta[6] == pytest.approx(0.85)
    assert trace.momenta[6] == min(trace.momenta.values())


def test_accumulated_batches_make_one_step(make_trainer: MakeTrainer) -> None:
    trace = Trace()
    make_trainer(max_epochs=3, accumulate_grad_batches=4, callbacks=[SGDR(1, 2), trace]).fit(TwoGroups())
    # 6 batches by 4 are 2 steps an epoch, the second of 2 batches.
    assert [rates[1] for rates in trace.rates.values()] == pytest.approx([0.1 * sgdr(step, 2, 2) for step in range(6)])


@pytest.mark.parametrize(
    ("options", "total"),
    [({"limit_train_batches": 3, "max_epochs": 4}, 12), ({"max_steps": 9, "max_epochs": 50}, 9), ({"max_steps": 9}, 9)],
)
def test_length_follows_the_trainers_limits(make_trainer: MakeTrainer, options: dict[str, Any], total: int) -> None:
    trace = Trace()
    make_trainer(callbacks=[FlatCosine(), trace], **{"max_epochs": -1, **options}).fit(TwoGroups())
    assert [rates[1] for rates in trace.rates.values()] == pytest.approx(
        [0.1 * flat_cosine(step, total) for step in range(total)]
    )


class Stream(IterableDataset[torch.Tensor]):
    def __iter__(self) -> Iterator[torch.Tensor]:
        return (torch.ones(32) for _ in range(12))


def test_data_without_a_length(make_trainer: MakeTrainer) -> None:
    loader = DataLoader(Stream(), batch_size=2)
    for schedule, advice in ((OneCycle(), "max_steps"), (SGDR(), "unit=step"), (CyclicalLR(), "unit=step")):
        with pytest.raises(MisconfigurationException, match=advice):
            make_trainer(max_epochs=2, callbacks=[schedule]).fit(TwoGroups(), loader)
    for options in ({"max_epochs": 2, "limit_train_batches": 5}, {"max_epochs": -1, "max_steps": 10}):
        trace = Trace()
        make_trainer(callbacks=[SGDR(5, 1, unit="step"), trace], **options).fit(TwoGroups(), loader)
        assert [rates[1] for rates in trace.rates.values()] == pytest.approx([0.1 * sgdr(step, 5) for step in range(10)])


@pytest.mark.parametrize(
    ("model", "callbacks", "message"),
    [
        (TwoGroups(scheduled=True), [SGDR()], "replace=True"),
        (TwoGroups(torch.optim.SGD), [OneCycle()], "momentum can't cycle"),
        (TwoGroups(torch.optim.Adagrad), [OneCycle()], "Adagrad has none"),
        (TwoGroups(), [SGDR(), GradientAccumulationScheduler({0: 1, 2: 2})], "GradientAccumulationScheduler"),
        (TwoGroups(), [OneCycle(momentum=None), GradientAccumulationScheduler({0: 4})], "the trainer's accumulate_grad_batches"),
    ],
)
def test_what_does_not_go_together_is_one_sentence(
    make_trainer: MakeTrainer, model: LightningModule, callbacks: list[Callback], message: str
) -> None:
    with pytest.raises(MisconfigurationException, match=message):
        make_trainer(max_epochs=3, callbacks=callbacks).fit(model)


def test_lbfgs_takes_a_schedule_but_no_momentum(make_trainer: MakeTrainer) -> None:
    class Whole(BoringModel):
        def configure_optimizers(self) -> Any:
            return torch.optim.LBFGS(self.parameters(), lr=0.1, max_iter=2)

    make_trainer(max_epochs=2, callbacks=[SGDR()], limit_train_batches=4).fit(Whole())
    with pytest.raises(MisconfigurationException, match="LBFGS has none"):
        make_trainer(max_epochs=2, callbacks=[OneCycle()]).fit(Whole())


def test_optimization_by_hand_is_refused(make_trainer: MakeTrainer) -> None:
    class ByHand(TwoGroups):
        automatic_optimization = False  # type: ignore[assignment]

    with pytest.raises(MisconfigurationException, match="automatic_optimization=False"):
        make_trainer(callbacks=[SGDR()]).fit(ByHand())


def test_a_schedule_of_the_modules_own_is_replaced_by_choice(make_trainer: MakeTrainer) -> None:
    trace = Trace()
    trainer = make_trainer(max_epochs=3, callbacks=[SGDR(replace=True), trace])
    trainer.fit(TwoGroups(scheduled=True))
    assert len(trainer.lr_scheduler_configs) == 1
    for step, rates in trace.rates.items():
        assert rates == pytest.approx([0.02 * sgdr(step, STEPS, 2), 0.1 * sgdr(step, STEPS, 2)])


@pytest.mark.parametrize(
    ("schedule", "epochs", "advice"),
    [(SGDR(1, 2), 5, "max_epochs=3 or 7"), (CyclicalLR(2), 6, "max_epochs=4 or 8"), (SGDR(1, 2), 7, None)],
)
def test_an_end_that_cuts_a_cycle_is_a_warning(
    make_trainer: MakeTrainer, caplog: pytest.LogCaptureFixture, schedule: Callback, epochs: int, advice: str | None
) -> None:
    with caplog.at_level(logging.WARNING, logger="practicum"):
        make_trainer(max_epochs=epochs, callbacks=[schedule]).fit(TwoGroups())
    warned = [record.message for record in caplog.records if "cut off" in record.message]
    assert (advice in warned[0]) if advice else not warned


def test_lightning_monitors_and_checkpoints_it(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    logged: list[float] = []

    class Log(classes("loggers.CSVLogger")[0]):
        def log_metrics(self, metrics: dict[str, Any], step: int | None = None) -> None:  # type: ignore[override]
            logged.extend(value for name, value in metrics.items() if name.startswith("lr-"))

    logger = Log(tmp_path)
    monitor = LearningRateMonitor("step")
    make_trainer(max_epochs=3, log_every_n_steps=1, logger=logger, callbacks=[SGDR(), monitor]).fit(TwoGroups())
    assert logged[1::2][: 3 * STEPS] == pytest.approx([0.1 * sgdr(step, STEPS, 2) for step in range(3 * STEPS)])


def test_a_training_that_ended_early_is_told(make_trainer: MakeTrainer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stops(Callback):
        def on_train_batch_end(self, trainer: Trainer, *args: Any) -> None:
            trainer.should_stop = trainer.global_step >= STEPS

    planned: list[Any] = []
    monkeypatch.setattr("practicum.callbacks.schedules.lr_schedule.draw_schedule", lambda *args: planned.append(args[3]))
    make_trainer(max_epochs=3, callbacks=[OneCycle(folder="figures"), Stops()]).fit(TwoGroups())
    assert planned == [3 * STEPS]


def test_figure_shows_plan_and_course(make_trainer: MakeTrainer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Any] = []
    monkeypatch.setattr("practicum.callbacks.schedules.lr_schedule.draw_schedule", lambda *args: drawn.append(args))
    trace = Trace()
    make_trainer(max_epochs=3, callbacks=[OneCycle(folder="figures"), trace]).fit(TwoGroups())
    ((curves, title, path, planned),) = drawn
    assert (title, path, planned) == ("OneCycle", tmp_path / "figures" / "schedule.png", None)
    lr, momentum = curves
    total = 3 * STEPS
    assert lr.planned == pytest.approx([0.1 * one_cycle(step, total) for step in range(total)])
    assert lr.actual == [(step, max(trace.rates[step])) for step in range(total)]
    assert momentum.planned == pytest.approx([trace.momenta[step] for step in range(total)])


def test_without_a_folder_nothing_is_drawn(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    schedule = OneCycle()
    make_trainer(max_epochs=3, callbacks=[schedule]).fit(TwoGroups())
    assert not list(tmp_path.rglob("*.png"))
    (line,) = schedule.plot().axes[0].lines  # but it is at hand, as it was planned
    assert line.get_ydata() == pytest.approx([0.1 * one_cycle(step, 3 * STEPS) for step in range(3 * STEPS)])


def test_a_training_that_was_whole_when_it_was_resumed_draws_nothing(
    make_trainer: MakeTrainer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    trainer = make_trainer(max_epochs=2, callbacks=[OneCycle(folder="figures")])
    trainer.fit(TwoGroups())
    trainer.save_checkpoint(tmp_path / "whole.ckpt")
    drawn = (tmp_path / "figures" / "schedule.png").stat().st_mtime_ns
    again = make_trainer(max_epochs=2, callbacks=[OneCycle(folder="figures")])
    again.fit(TwoGroups(), ckpt_path=tmp_path / "whole.ckpt", weights_only=True)
    assert (tmp_path / "figures" / "schedule.png").stat().st_mtime_ns == drawn
    assert "nothing is drawn" not in caplog.text


def test_record_of_long_trainings_stays_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_trainer: MakeTrainer) -> None:
    monkeypatch.setattr("practicum.callbacks.schedules.lr_schedule._MAX_HISTORY", 16)
    schedule = FlatCosine(folder=tmp_path)
    make_trainer(max_epochs=12, callbacks=[schedule]).fit(TwoGroups())
    kept = [each[0] for each in schedule.state_dict()["history"]]
    assert len(kept) <= 16
    assert kept[0] == 0
    assert kept[-1] > 12 * STEPS - 2 * schedule.state_dict()["stride"]
    assert math.log2(schedule.state_dict()["stride"]).is_integer()


def test_a_trainer_that_goes_on_has_a_schedule_of_the_steps_that_are_left(make_trainer: MakeTrainer) -> None:
    trace = Trace()
    trainer = make_trainer(max_epochs=2, callbacks=[OneCycle(), trace])
    module = TwoGroups()
    trainer.fit(module)
    trainer.fit_loop.max_epochs = 5
    trainer.fit(module)
    first, second = ([trace.rates[step][1] / 0.1 for step in steps] for steps in (range(2 * STEPS), range(2 * STEPS, 5 * STEPS)))
    assert first == pytest.approx([one_cycle(step, 2 * STEPS) for step in range(2 * STEPS)])
    assert second == pytest.approx([one_cycle(step, 3 * STEPS) for step in range(3 * STEPS)])


def test_a_second_fit_has_a_record_of_its_own(tmp_path: Path, make_trainer: MakeTrainer) -> None:
    schedule = FlatCosine(folder=tmp_path)
    for _ in range(2):
        make_trainer(max_epochs=2, callbacks=[schedule]).fit(TwoGroups())
        assert [each[0] for each in schedule.state_dict()["history"]] == list(range(2 * STEPS))


def test_a_figure_that_fails_ends_no_training(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: Any) -> None:
        raise RuntimeError("no figure today")

    monkeypatch.setattr("practicum.callbacks.schedules.lr_schedule.draw_schedule", fail)
    make_trainer(max_epochs=3, callbacks=[OneCycle(folder="figures")]).fit(TwoGroups())
    assert "OneCycle: nothing is drawn, and the run goes on: RuntimeError: no figure today" in caplog.text
