"""Embedded rows as predictions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from practicum.lightning_shim import MisconfigurationException
from practicum.modules import EmbeddingExtractor, EntityEmbeddingModel
from torch import nn
from torch.utils.data import DataLoader


def test_predictions_are_the_embedded_rows(make_trainer: Callable[..., Any]) -> None:
    model = EntityEmbeddingModel(
        {"shop": ["a", "b"]}, ["price"], classes=["no", "yes"], embedding_dims={"shop": 3}, embedding_dropout=0.5
    )
    codes, numbers = torch.tensor([[1], [0], [2], [1]]), torch.randn(4, 1)
    loader: Any = DataLoader([((codes[:2], numbers[:2]), 0), ((codes[2:], numbers[2:]), 0)], batch_size=None)  # type: ignore
    extractor = EmbeddingExtractor(model)
    found = torch.cat(make_trainer().predict(extractor, loader))
    torch.testing.assert_close(found, model.eval().embedded((codes, numbers)))
    assert extractor.names() == model.embedded_names()
    assert found.shape == (4, len(extractor.names()))


def test_a_model_without_embeddings_is_refused() -> None:
    with pytest.raises(MisconfigurationException, match="Linear has no embedded columns"):
        EmbeddingExtractor(nn.Linear(2, 2))  # type: ignore[arg-type]
