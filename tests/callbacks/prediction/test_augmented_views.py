"""Views of a batch and their combination."""

from __future__ import annotations

import pytest
import torch
from practicum.callbacks.prediction.augmented_views import augment_rows, combine
from torch import Tensor


def test_photos_that_are_alike_are_augmented_differently() -> None:
    def noise(x: Tensor) -> Tensor:
        return x + torch.rand(())

    views = augment_rows(torch.zeros(4, 3, 2, 2), noise, seed=1, view=0, rows=range(4))
    assert len({float(each) for each in views[:, 0, 0, 0]}) == 4


@pytest.mark.parametrize(("beta", "wanted"), [(0.0, [0.8, 0.2]), (0.5, [0.65, 0.35]), (1.0, [0.5, 0.5])])
def test_the_mean_is_weighted_by_beta_and_the_maximum_is_not(beta: float, wanted: list[float]) -> None:
    plain, views = torch.tensor([[0.5, 0.5]]), torch.tensor([[[0.9, 0.1]], [[0.7, 0.3]]])
    assert torch.allclose(combine(plain, views, beta), torch.tensor([wanted]))
    assert torch.allclose(combine(plain, views, beta, "max"), torch.tensor([[0.9, 0.5]]))
