"""Entity embeddings as features: a trained network's view of a table, for other models.

**What it does.** Replaces each category of a row by its learnt vector and leaves the numbers as they are.

**When to use it.** To feed gradient-boosted trees or nearest neighbours with what a network has learnt about the categories.

**Source.** Guo & Berkhahn 2016, "Entity embeddings of categorical variables", section 5: embeddings improve other methods.
"""

from __future__ import annotations

from typing import Any

from practicum.lightning_shim import LightningModule, MisconfigurationException
from torch import Tensor


class EmbeddingExtractor(LightningModule):
    """A module whose predictions are another one's embedded rows: ``trainer.predict(EmbeddingExtractor(model), loader)``.

    Args:
        model: Has ``embedded(x)`` and ``embedded_names()``, such as :class:`.EntityEmbeddingModel`.

    Raises:
        MisconfigurationException: It has not.

    Example:
        >>> import torch
        >>> from practicum.modules import EmbeddingExtractor, EntityEmbeddingModel
        >>> model = EntityEmbeddingModel({"shop": ["a", "b"]}, ["price"], classes=["no", "yes"], embedding_dims={"shop": 3})
        >>> extractor = EmbeddingExtractor(model).eval()
        >>> x = torch.tensor([[1], [0]]), torch.randn(2, 1)
        >>> extractor.predict_step((x, torch.zeros(2)), 0).shape
        torch.Size([2, 4])
        >>> extractor.names()
        ['shop_1', 'shop_2', 'shop_3', 'price']
    """

    def __init__(self, model: LightningModule) -> None:
        super().__init__()
        if not callable(getattr(model, "embedded", None)):
            raise MisconfigurationException(
                f"EmbeddingExtractor: {type(model).__name__} has no embedded columns; EntityEmbeddingModel has."
            )
        self.model: Any = model

    def names(self) -> list[str]:
        """Names of the features."""
        return list(self.model.embedded_names())

    def forward(self, x: Any) -> Tensor:
        """Embedded rows ``[B, features]``."""
        return self.model.embedded(x)

    def predict_step(self, batch: tuple[Any, Any], batch_idx: int) -> Tensor:
        """Embedded rows of a batch ``(x, y)``."""
        return self(batch[0])
