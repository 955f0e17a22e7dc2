"""The log-loss of validation data: torchmetrics' and a plain sum's, for one label and for several."""

from __future__ import annotations

import pytest
import torch
from practicum.callbacks.prediction.validation_loss import batches_of, summed_log_loss
from sklearn.metrics import log_loss


def test_the_sum_is_scikit_learns() -> None:
    generator = torch.Generator().manual_seed(1)
    logits, target = torch.randn(20, 3, generator=generator), torch.randint(3, (20,), generator=generator)
    wanted = log_loss(target.numpy(), logits.softmax(1).double().numpy(), labels=[0, 1, 2])
    assert summed_log_loss(logits, target) / 20 == pytest.approx(wanted, abs=1e-6)


def test_for_several_labels_it_is_the_mean_over_classes() -> None:
    generator = torch.Generator().manual_seed(2)
    logits, target = torch.randn(20, 3, generator=generator), torch.randint(2, (20, 3), generator=generator)
    each = [log_loss(target[:, c].numpy(), logits[:, c].sigmoid().double().numpy(), labels=[0, 1]) for c in range(3)]
    assert summed_log_loss(logits, target) / 20 == pytest.approx(sum(each) / 3, abs=1e-6)


def test_batches_of_one_loader_and_of_several() -> None:
    assert [*batches_of(iter([1, 2]))] == [1, 2]
    assert [*batches_of([[1, 2], [3]])] == [1, 2, 3]
