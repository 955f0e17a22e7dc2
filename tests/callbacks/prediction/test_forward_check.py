"""What forward returns is looked at in the first validation, at no cost: a test would find out too late."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
import torch
from practicum.callbacks import PredictionTransform
from practicum.callbacks.prediction.forward_check import check_logits
from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

MakeTrainer = Callable[..., Trainer]


class Needs(PredictionTransform):
    """Needs logits, and does nothing with them."""

    def __init__(self, output: str | None = None, multi_label: bool | None = None) -> None:
        super().__init__()
        self.output, self.multi_label = output, multi_label

    @property
    def needs_logits(self) -> bool:
        return True


class Net(LightningModule):
    """``form`` turns logits ``[B, 3]`` into what forward returns."""

    def __init__(self, form: Callable[[Tensor], Any], calls: bool = True, step_output: Any = None) -> None:
        super().__init__()
        self.net, self.form, self.calls, self.step_output = nn.Linear(2, 3), form, calls, step_output
        self.forwards = 0

    def forward(self, x: Tensor) -> Any:
        self.forwards += 1
        return self.form(self.net(x))

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        return self.net(batch[0]).pow(2).mean()

    def validation_step(self, batch: Any, batch_idx: int) -> Any:
        if self.calls:
            self(batch[0])
        return self.step_output

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def fit(make_trainer: MakeTrainer, module: LightningModule, callback: Needs, **options: Any) -> Trainer:
    loader = DataLoader(TensorDataset(torch.randn(6, 2), torch.zeros(6)), batch_size=3)
    trainer = make_trainer(max_epochs=2, callbacks=[callback], **options)
    trainer.fit(module, loader, loader)
    return trainer


@pytest.mark.parametrize(
    ("form", "options", "message"),
    [
        (lambda x: {"logits": x}, {}, "name the one that holds the logits"),
        (lambda x: {"logits": x}, {"output": "scores"}, "returns a dictionary with 'logits'"),
        (lambda x: [x], {}, "it returns a list"),
        (lambda x: x[:, 0], {}, r"to return logits \[B, classes\]; it returns numbers \[3\]"),
        (lambda x: x[:, :1], {}, "one logit for each row"),
        (lambda x: {"logits": "x"}, {"output": "logits"}, "it returns a str"),
    ],
)
def test_a_wrong_forward_is_refused_before_any_step(
    make_trainer: MakeTrainer, form: Any, options: dict[str, Any], message: str
) -> None:
    module = Net(form)
    before = module.net.weight.detach().clone()
    with pytest.raises(MisconfigurationException, match=f"Needs.*{message}"):
        fit(make_trainer, module, Needs(**options), num_sanity_val_steps=1)
    assert torch.equal(module.net.weight, before)
    assert not module._forward_hooks


def test_without_a_sanity_check_it_is_refused_in_the_first_epoch(make_trainer: MakeTrainer) -> None:
    with pytest.raises(MisconfigurationException, match="it returns a list"):
        fit(make_trainer, Net(lambda x: [x]), Needs(), num_sanity_val_steps=0)


def test_a_module_that_predicts_numbers_is_refused(make_trainer: MakeTrainer) -> None:
    numbers = {"prediction": torch.zeros(3, 3), "target": torch.zeros(3)}
    with pytest.raises(MisconfigurationException, match="Needs is for classifiers; Net predicts numbers"):
        fit(make_trainer, Net(lambda x: x, step_output=numbers), Needs())


@pytest.mark.parametrize(
    ("form", "options"),
    [(lambda x: x, {}), (lambda x: {"logits": x}, {"output": "logits"}), (lambda x: x[:, :1], {"multi_label": True})],
)
def test_a_right_one_passes_and_costs_nothing(make_trainer: MakeTrainer, form: Any, options: dict[str, Any]) -> None:
    module = Net(form)
    fit(make_trainer, module, Needs(**options), num_sanity_val_steps=0)
    assert module.forwards == 4  # two batches in each of two validations: none of them for the check
    assert not module._forward_hooks


def test_one_that_is_not_called_is_said_once(make_trainer: MakeTrainer, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        fit(make_trainer, Net(lambda x: x, calls=False), Needs())
    assert caplog.text.count("Net.validation_step does not call self(x)") == 1


def test_switched_off_nothing_is_checked(make_trainer: MakeTrainer) -> None:
    needs = Needs()
    needs.enabled = False
    fit(make_trainer, Net(lambda x: [x]), needs)


def test_logits_of_any_shape_with_classes_last() -> None:
    for shape in ((4, 3), (4, 7, 3)):
        assert check_logits(torch.zeros(shape), None, "X", nn.Identity(), multi_label=False).shape == shape
