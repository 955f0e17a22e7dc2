"""The log-loss of validation data: scikit-learn's, for each form of targets; and which batches are read."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from practicum.callbacks.prediction.validation_loss import summed_log_loss, validation_batches
from practicum.lightning_shim import MisconfigurationException
from sklearn.metrics import log_loss
from torch import Tensor


def drawn(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("form", ["int64", "int32", "column", "one-hot"])
def test_the_sum_is_scikit_learns(form: str) -> None:
    logits, target = drawn(20, 3), torch.randint(3, (20,), generator=torch.Generator().manual_seed(1))
    wanted = log_loss(target.numpy(), logits.double().softmax(1).numpy(), labels=[0, 1, 2])
    given = {"int64": target, "int32": target.int(), "column": target[:, None], "one-hot": F.one_hot(target, 3)}[form]
    assert summed_log_loss(logits, given, False, "x") / 20 == pytest.approx(wanted, abs=1e-6)


def test_for_several_labels_it_is_the_mean_over_classes() -> None:
    logits, target = drawn(20, 3), (drawn(20, 3, seed=2) > 0).int()
    each = [log_loss(target[:, c].numpy(), logits[:, c].double().sigmoid().numpy(), labels=[0, 1]) for c in range(3)]
    assert summed_log_loss(logits, target, True, "x") / 20 == pytest.approx(sum(each) / 3, abs=1e-6)
    one = summed_log_loss(logits[:, :1], target[:, 0].float(), True, "x")  # one label, as a vector
    assert one / 20 == pytest.approx(each[0], abs=1e-6)


def test_targets_of_another_shape_are_refused() -> None:
    for target, several in ((torch.zeros(20, 2), False), (torch.zeros(20), True)):
        with pytest.raises(MisconfigurationException, match=r"x: targets \[20.* do not fit logits \[20, 3\]"):
            summed_log_loss(drawn(20, 3), target, several, "x")


@pytest.mark.parametrize(
    ("loaders", "limit", "read"),
    [
        ([1, 2, 3, 4], 1.0, [1, 2, 3, 4]),
        ({"a": [1, 2], "b": [3]}, 1.0, [1, 2, 3]),
        ([[1, 2], [3]], 1.0, [1, 2, 3]),
        (SimpleNamespace(flattened=[[1], [2]]), 1.0, [1, 2]),
        ([[1, 2, 3, 4]], 0.5, [1, 2]),
        ([[1, 2, 3, 4]], 0.1, [1]),
        ([[1, 2, 3, 4]], 3, [1, 2, 3]),
        ([[1, 2, 3, 4]], 0, []),
        (None, 1.0, []),
    ],
)
def test_as_many_batches_are_read_as_a_validation_reads(loaders: Any, limit: float, read: list[int]) -> None:
    class Data:
        def val_dataloader(self) -> Any:
            return [loaders] if isinstance(loaders, list) and loaders and isinstance(loaders[0], int) else loaders

    trainer: Any = SimpleNamespace(datamodule=Data(), limit_val_batches=limit, limit_test_batches=1.0)
    assert [*validation_batches(trainer, "x")] == read
