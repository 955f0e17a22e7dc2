"""GradualUnfreezing: which groups train when, at which rates, in anybody's module, after a resume, and undone afterwards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from practicum.callbacks import GradualUnfreezing
from practicum.callbacks.fine_tuning.gradual_unfreezing import trainable_from
from practicum.lightning_shim import Callback, LightningModule, MisconfigurationException, Trainer, classes
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

ModelCheckpoint = classes("callbacks.ModelCheckpoint")[0]
LearningRateFinder = classes("callbacks.LearningRateFinder")[0]


class Foreign(LightningModule):
    """A stranger's module: three parts, one parameter group, an optimizer and a scheduler of its own."""

    def __init__(self, configure: Callable[[LightningModule], Any] | None = None) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Linear(4, 8, bias=False), nn.BatchNorm1d(8))
        self.body = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Dropout(0.1))
        self.top = nn.Linear(8, 2)
        self.configure = configure or (lambda module: torch.optim.SGD(module.parameters(), lr=0.1, momentum=0.9))

    def forward(self, x: Tensor) -> Tensor:
        return self.top(self.body(self.stem(x)))

    def training_step(self, batch: list[Tensor], batch_idx: int) -> Tensor:
        return nn.functional.cross_entropy(self(batch[0]), batch[1])

    def configure_optimizers(self) -> Any:
        return self.configure(self)


GROUPS = [["stem"], ["body"], ["top"]]


def loader() -> DataLoader[Any]:
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(24, 4, generator=generator)
    return DataLoader(TensorDataset(x, (x[:, 0] > 0).long()), batch_size=8)


def frozen_parts(module: Foreign) -> list[bool]:
    return [not any(p.requires_grad for p in part.parameters()) for part in (module.stem, module.body, module.top)]


class Spy(Callback):
    """What is frozen, in which mode, and at which rates, in every epoch."""

    def __init__(self) -> None:
        self.frozen: list[list[bool]] = []
        self.training: list[bool] = []
        self.rates: list[list[float]] = []

    def on_train_batch_start(self, trainer: Trainer, pl_module: Any, batch: Any, batch_idx: int) -> None:
        if batch_idx == 1:
            self.frozen.append(frozen_parts(pl_module))
            self.training.append(pl_module.stem[1].training)
            self.rates.append([group["lr"] for group in trainer.optimizers[0].param_groups])


@pytest.mark.parametrize(
    ("at", "at_once", "expected"),
    [
        ([1], None, [4, 0, 0, 0]),  # head, then all
        ([1, 2], None, [4, 2, 0, 0]),  # evenly
        ([1, 2, 3], 1, [4, 3, 2, 1]),  # one at a time
        ([0], None, [0, 0, 0, 0]),
        ([], None, [4, 4, 4, 4]),
        ([2], 3, [4, 4, 1, 1]),
    ],
)
def test_schedule_as_a_pure_function(at: list[int], at_once: int | None, expected: list[int]) -> None:
    assert [trainable_from(epoch, 5, at, at_once) for epoch in range(4)] == expected


def test_head_first_then_the_rest_with_smaller_rates(make_trainer: Callable[..., Trainer]) -> None:
    spy, module = Spy(), Foreign()
    before = [p.clone() for p in module.parameters()]
    callback = GradualUnfreezing(at=[1, 2], groups=GROUPS)
    make_trainer(max_epochs=3, callbacks=[callback, spy]).fit(module, loader())
    assert spy.frozen == [[True, True, False], [True, False, False], [False, False, False]]
    assert spy.training == [False, False, False]  # BatchNorm keeps its statistics
    for rates in spy.rates:
        assert rates == pytest.approx([0.1 / 81, 0.1 / 9, 0.1])
    assert all(not torch.equal(p, q) for p, q in zip(module.parameters(), before, strict=True))


def test_frozen_layers_keep_weights_and_statistics(make_trainer: Callable[..., Trainer]) -> None:
    module = Foreign(lambda m: torch.optim.AdamW(m.parameters(), lr=0.1, weight_decay=0.5))
    before = {key: value.clone() for key, value in module.state_dict().items()}
    make_trainer(max_epochs=2, callbacks=[GradualUnfreezing(at=[], groups=GROUPS)]).fit(module, loader())
    for key, value in module.state_dict().items():
        assert torch.equal(value, before[key]) == (not key.startswith("top")), key


def test_batch_norm_may_go_on_learning(make_trainer: Callable[..., Trainer]) -> None:
    module = Foreign()
    before = {key: value.clone() for key, value in module.state_dict().items()}
    make_trainer(callbacks=[GradualUnfreezing(at=[], train_bn=True, groups=GROUPS)]).fit(module, loader())
    changed = {key for key, value in module.state_dict().items() if not torch.equal(value, before[key])}
    assert {"stem.1.weight", "stem.1.running_mean"} <= changed
    assert "stem.0.weight" not in changed


@pytest.mark.parametrize(("update_bn", "at"), [(True, [1]), (False, [1]), (False, [0])])
def test_batch_norm_keeps_what_it_was_pretrained_with(
    make_trainer: Callable[..., Trainer], update_bn: bool, at: list[int]
) -> None:
    module = Foreign()
    module.top = nn.Sequential(nn.BatchNorm1d(8), nn.Linear(8, 2))
    before = {key: value.clone() for key, value in module.state_dict().items()}
    make_trainer(max_epochs=2, callbacks=[GradualUnfreezing(at=at, update_bn=update_bn, groups=GROUPS)]).fit(module, loader())
    changed = {key for key, value in module.state_dict().items() if not torch.equal(value, before[key])}
    assert {"stem.1.weight", "top.0.weight", "top.0.running_mean"} <= changed  # the head is new, and measures its own
    assert ("stem.1.running_mean" in changed) == update_bn


def test_slice_gives_absolute_rates(make_trainer: Callable[..., Trainer]) -> None:
    spy = Spy()
    make_trainer(callbacks=[GradualUnfreezing(at=[0], lr_slice=[0.001, 0.1], groups=GROUPS), spy]).fit(Foreign(), loader())
    assert spy.rates[0] == pytest.approx([0.001, 0.01, 0.1])


SCHEDULERS: dict[str, Callable[[Any], Any]] = {
    "LambdaLR": lambda o: torch.optim.lr_scheduler.LambdaLR(o, lambda step: 0.9**step),
    "OneCycleLR": lambda o: torch.optim.lr_scheduler.OneCycleLR(o, max_lr=0.5, total_steps=9),
    "CyclicLR": lambda o: torch.optim.lr_scheduler.CyclicLR(o, 0.01, 0.1, step_size_up=2),
    "CosineAnnealingLR": lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, T_max=9),
    "SequentialLR": lambda o: torch.optim.lr_scheduler.SequentialLR(
        o,
        [torch.optim.lr_scheduler.ConstantLR(o, 0.5), torch.optim.lr_scheduler.CosineAnnealingLR(o, T_max=5)],
        milestones=[3],
    ),
}


class RateTrace(Callback):
    def __init__(self) -> None:
        self.rates: list[list[float]] = []

    def on_train_batch_start(self, trainer: Trainer, pl_module: Any, batch: Any, batch_idx: int) -> None:
        self.rates.append([group["lr"] for group in trainer.optimizers[0].param_groups])


@pytest.mark.parametrize("name", SCHEDULERS)
def test_any_scheduler_moves_every_group_in_its_own_ratio(name: str, make_trainer: Callable[..., Trainer]) -> None:
    def configure(module: LightningModule) -> Any:
        optimizer = torch.optim.SGD(module.parameters(), lr=0.1, momentum=0.9)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": SCHEDULERS[name](optimizer), "interval": "step"}}

    plain, split = RateTrace(), RateTrace()
    make_trainer(max_epochs=3, callbacks=[plain]).fit(Foreign(configure), loader())
    make_trainer(max_epochs=3, callbacks=[GradualUnfreezing(at=[1], groups=GROUPS), split]).fit(Foreign(configure), loader())
    assert len(split.rates) == 9
    for (rate,), rates in zip(plain.rates, split.rates, strict=True):
        assert rates == pytest.approx([rate / 81, rate / 9, rate], rel=1e-9, abs=1e-12)


def test_groups_of_the_module_s_own_are_split_with_their_settings(make_trainer: Callable[..., Trainer]) -> None:
    def configure(module: Any) -> Any:
        decay = [p for p in module.parameters() if p.ndim > 1]
        rest = [p for p in module.parameters() if p.ndim == 1]
        return torch.optim.SGD([{"params": decay, "weight_decay": 0.3}, {"params": rest, "lr": 0.2}], lr=0.1)

    module, trainer = Foreign(configure), make_trainer(callbacks=[GradualUnfreezing(at=[0], groups=GROUPS)])
    trainer.fit(module, loader())
    groups = trainer.optimizers[0].param_groups
    assert [group["weight_decay"] for group in groups] == [0.3] * 3 + [0] * 3
    assert [group["lr"] for group in groups] == pytest.approx([0.1 / 81, 0.1 / 9, 0.1, 0.2 / 81, 0.2 / 9, 0.2])
    assert sum(len(group["params"]) for group in groups) == len(list(module.parameters()))


def test_resume_is_bit_equal_to_a_run_without_a_stop(tmp_path: Path, make_trainer: Callable[..., Trainer]) -> None:
    def run(epochs: int, resume: Path | None = None, keep: Path | None = None) -> Foreign:
        torch.manual_seed(1)
        module = Foreign(lambda m: torch.optim.Adam(m.parameters(), lr=0.05))
        module.body[2].p = 0.0
        trainer = make_trainer(max_epochs=epochs, callbacks=[GradualUnfreezing(at=[1, 2], groups=GROUPS)])
        trainer.fit(module, loader(), ckpt_path=resume, weights_only=True)
        if keep:
            trainer.save_checkpoint(keep)
        return module

    whole = run(4)
    run(2, keep=tmp_path / "half.ckpt")
    resumed = run(4, resume=tmp_path / "half.ckpt")
    for key, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[key]), key


def test_a_resume_in_mid_epoch_freezes_what_that_epoch_freezes(tmp_path: Path, make_trainer: Callable[..., Trainer]) -> None:
    """Lightning skips on_train_epoch_start for an epoch that goes on."""
    keep = ModelCheckpoint(dirpath=tmp_path, filename="{step}", every_n_train_steps=2, save_top_k=-1)
    trainer = make_trainer(max_epochs=1, callbacks=[GradualUnfreezing(at=[], groups=GROUPS), keep], enable_checkpointing=True)
    trainer.fit(Foreign(), loader())
    spy, module = Spy(), Foreign()
    seen: list[list[bool]] = []

    class Last(Callback):
        def on_train_batch_start(self, trainer: Trainer, pl_module: Any, batch: Any, batch_idx: int) -> None:
            seen.append(frozen_parts(pl_module))

    resumed = make_trainer(max_epochs=1, callbacks=[GradualUnfreezing(at=[], groups=GROUPS), Last(), spy])
    resumed.fit(module, loader(), ckpt_path=tmp_path / "step=2.ckpt", weights_only=True)
    assert seen == [[True, True, False]]


def test_named_parameters_are_split_with_their_names(make_trainer: Callable[..., Trainer]) -> None:
    trainer = make_trainer(callbacks=[GradualUnfreezing(at=[0], groups=GROUPS)])
    trainer.fit(Foreign(lambda m: torch.optim.SGD(m.named_parameters(), lr=0.1)), loader())
    for group, part in zip(trainer.optimizers[0].param_groups, ("stem", "body", "top"), strict=True):
        assert len(group["param_names"]) == len(group["params"])
        assert all(name.startswith(part) for name in group["param_names"])


def test_thread_14674_lightnings_lr_finder_runs_beside_it(make_trainer: Callable[..., Trainer]) -> None:
    """Lightning's BackboneFinetuning adds groups in mid-training, which its own finder can't restore; here they all exist."""

    class WithRate(Foreign):
        lr = 0.1

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), lr=self.lr)

    finder = LearningRateFinder(num_training_steps=8, update_attr=False)
    trainer = make_trainer(max_epochs=3, callbacks=[GradualUnfreezing(at=[1], groups=GROUPS), finder], enable_checkpointing=True)
    trainer.fit(WithRate(), loader())
    assert trainer.current_epoch == 3
    assert len(trainer.optimizers[0].param_groups) == 3


def test_module_is_given_back_as_it_was_also_after_an_error(make_trainer: Callable[..., Trainer]) -> None:
    class Fails(Foreign):
        def training_step(self, batch: list[Tensor], batch_idx: int) -> Tensor:
            if batch_idx == 1:
                raise RuntimeError("out of memory, say")
            return super().training_step(batch, batch_idx)

    for module in (Foreign(), Fails()):
        module.top.bias.requires_grad_(False)
        trainer = make_trainer(callbacks=[GradualUnfreezing(at=[], groups=GROUPS)])
        if isinstance(module, Fails):
            with pytest.raises(RuntimeError, match="out of memory"):
                trainer.fit(module, loader())
        else:
            trainer.fit(module, loader())
        assert "configure_optimizers" not in vars(module)
        assert {name for name, p in module.named_parameters() if not p.requires_grad} == {"top.bias"}
        assert all(part.training for part in module.modules())


def test_random_weights_are_left_alone(make_trainer: Callable[..., Trainer]) -> None:
    module, spy = Foreign(), Spy()
    module.pretrained = False
    make_trainer(callbacks=[GradualUnfreezing(at=[], groups=GROUPS), spy]).fit(module, loader())
    assert spy.frozen == [[False, False, False]]
    assert spy.rates == [[0.1]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"at": [2, 1]}, "rising order"),
        ({"at": [-1]}, "must be epochs"),
        ({"groups_at_once": 0}, "groups_at_once=0"),
        ({"lr_ratio": 0.5}, "lr_ratio=0.5"),
        ({"lr_slice": [0.1, 0.01]}, "lr_slice"),
    ],
)
def test_bad_options_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(MisconfigurationException, match=message):
        GradualUnfreezing(**options)


def test_a_group_may_name_parameters(make_trainer: Callable[..., Trainer]) -> None:
    class Scaled(Foreign):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.ones(4))

        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x * self.scale)

    module = Scaled()
    before = module.top.weight.detach().clone()
    groups = [["scale", "stem"], ["body", "top.bias"], ["top.weight"]]
    make_trainer(max_epochs=1, callbacks=[GradualUnfreezing(at=[1], groups=groups)]).fit(module, loader())
    assert torch.equal(module.scale, torch.ones(4))
    assert not torch.equal(module.top.weight, before)


def test_a_module_without_groups_and_an_unknown_name_are_named(make_trainer: Callable[..., Trainer]) -> None:
    with pytest.raises(MisconfigurationException, match="needs Foreign.layer_groups"):
        make_trainer(callbacks=[GradualUnfreezing()]).fit(Foreign(), loader())
    with pytest.raises(MisconfigurationException, match="names 'stemm'"):
        make_trainer(callbacks=[GradualUnfreezing(groups=[["stemm"], ["top"]])]).fit(Foreign(), loader())


def test_ddp_that_needs_every_gradient_is_refused() -> None:
    trainer = Trainer(
        accelerator="cpu",
        devices=2,
        strategy="ddp",
        logger=False,
        enable_checkpointing=False,
        default_root_dir="/nonexistent",
    )
    with pytest.raises(MisconfigurationException, match="find_unused_parameters"):
        GradualUnfreezing(groups=GROUPS).setup(trainer, Foreign(), "fit")


def test_lazy_layers_are_frozen_and_unfrozen(make_trainer: Callable[..., Trainer]) -> None:
    class Lazy(Foreign):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(nn.LazyLinear(8), nn.ReLU())

    spy, module = Spy(), Lazy()
    make_trainer(max_epochs=3, callbacks=[GradualUnfreezing([1, 2], groups=GROUPS), spy]).fit(module, loader())
    assert spy.frozen == [[True, True, False], [True, False, False], [False, False, False]]
