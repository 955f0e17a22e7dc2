"""Steps of supervised modules: the objective's loss, metrics, predictions and outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
import torch
from practicum.modules.base.supervised import Supervised
from practicum.modules.objectives.classification import Classification
from practicum.modules.objectives.multi_label import MultiLabel
from practicum.modules.objectives.regression import Regression
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset


class Net(Supervised):
    def __init__(self, objective: Any) -> None:
        super().__init__(objective, lambda groups: torch.optim.SGD(groups, lr=0.1))
        self.layer = nn.Linear(4, objective.outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)

    def layer_groups(self) -> list[Any]:
        return [[self.layer]]


def loader(y: Tensor) -> Any:
    return DataLoader(TensorDataset(torch.randn(len(y), 4), y), batch_size=5)


STATS = {"mean": 0.0, "std": 1.0, "min": -3.0, "max": 3.0}
KINDS = [
    (lambda: Classification(["a", "b"]), torch.randint(0, 2, (20,)), {"accuracy", "auroc"}, "logits"),
    (lambda: MultiLabel(["a", "b"]), torch.randint(0, 2, (20, 2)), {"accuracy", "f2", "map"}, "logits"),
    (lambda: Regression(STATS), torch.randn(20), {"rmse", "mae"}, "prediction"),
]


@pytest.mark.parametrize(("objective", "y", "metrics", "output"), KINDS, ids=["class", "labels", "number"])
def test_every_objective_has_its_metrics_and_outputs(
    objective: Callable[[], Any], y: Tensor, metrics: set[str], output: str, make_trainer: Callable[..., Any]
) -> None:
    net, data, trainer = Net(objective()), loader(y), make_trainer()
    trainer.fit(net, data, data)
    assert {f"val/{name}" for name in (*metrics, "loss")} <= trainer.callback_metrics.keys()
    found = trainer.test(net, data, verbose=False)[0]
    assert set(found) == {f"test/{name}" for name in (*metrics, "loss")}
    predictions = torch.cat(trainer.predict(net, data))
    assert len(net.columns(predictions)["predicted"]) == 20
    again = Net(objective())
    again.log = again.log_dict = lambda *args, **options: None  # type: ignore[assignment,method-assign]
    step = again.test_step(next(iter(data)), 0)
    assert set(step) == {"loss", "target", output}


def test_inputs_alone_are_predicted_as_pairs_are() -> None:
    class Inputs(NamedTuple):
        codes: Tensor

    net, x = Net(Classification(["a", "b"])), torch.randn(3, 4)
    expected = net(x).softmax(1)
    torch.testing.assert_close(net.predict_step((x, torch.zeros(3)), 0), expected)
    torch.testing.assert_close(net.predict_step([x, torch.zeros(3)], 0), expected)
    torch.testing.assert_close(net.predict_step(x, 0), expected)
    net.forward = lambda inputs: net.layer(inputs.codes)  # type: ignore[method-assign]
    torch.testing.assert_close(net.predict_step(Inputs(x), 0), expected)


def test_an_epochs_loss_is_that_of_its_rows_whatever_the_batches(make_trainer: Callable[..., Any]) -> None:
    """Class by class, as folders are: in a batch of one class its weight would cancel."""
    y, trainer = torch.tensor([0] * 18 + [1] * 2), make_trainer()
    net, x = Net(Classification(["a", "b"], class_weight=torch.tensor([0.5, 5.0]))), torch.randn(20, 4)
    wanted = float(net.objective.loss(net(x), y))
    for size in (2, 7, 20):
        found = trainer.validate(net, DataLoader(TensorDataset(x, y), batch_size=size), verbose=False)[0]
        assert found["val/loss"] == pytest.approx(wanted, rel=1e-5)
    assert net.objective.score(net.objective.predict(net(x)), y)["loss"] == pytest.approx(wanted, rel=1e-4)
