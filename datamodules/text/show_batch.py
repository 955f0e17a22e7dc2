"""Training texts as a table, for a look at the data before anything is trained."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import polars as pl
from practicum.lightning_shim import MisconfigurationException

from .tokenizer import PAD


class ShowsTexts:
    """Mixin of data modules of texts."""

    @abstractmethod
    def train_dataloader(self) -> Any:
        """Batches of tokens, and of labels or the next tokens."""

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """Facts: the vocabulary, and classes if there are some."""

    @abstractmethod
    def detokenize(self, tokens: Sequence[str]) -> str:
        """Join tokens into readable text."""

    def show_batch(self, count: int = 6, length: int = 60) -> pl.DataFrame:
        """The first training texts of an epoch as a network reads them, with their labels.

        Args:
            count: Texts, at most.
            length: Tokens of each, at most.

        Raises:
            MisconfigurationException: A number is below 1.

        Returns:
            Columns ``text``, and ``label`` where texts have one. A notebook shows it as a table.
        """
        if min(count, length) < 1:
            raise MisconfigurationException(f"show_batch: count={count}, length={length} must be at least 1.")
        facts = self.describe()
        x, y = next(iter(self.train_dataloader()))[:2]
        rows = [[facts["vocab"][token] for token in row.tolist()] for row in x[:count]]
        kept = [[token for token in row if token != PAD] for row in rows]
        columns = {"text": [self.detokenize(row[:length]) + (" ..." if len(row) > length else "") for row in kept]}
        if "classes" in facts:
            columns["label"] = [facts["classes"][int(label)] for label in y[:count]]
        return pl.DataFrame(columns)
