"""How large the batches of ratings are, and how many epochs: enough steps where there are few.

Why these numbers: docs/defaults.md.
"""

from __future__ import annotations

from ..loading.training_length import enough_epochs, fewer_per_batch
from ..tabular.table_facts import TableFacts

USUAL_BATCH = 1024
_SMALLEST_BATCH = 32
_EPOCHS, _STEPS = 25, 500  # at least


class RatingsLength(TableFacts):
    """A data module's length of training, from its number of training rows.

    Attributes:
        batch_size: Rows per batch; ``None``: chosen.
    """

    batch_size: int | None

    def rows_per_batch(self) -> int:
        """``batch_size``, or what is chosen in its place."""
        rows = len(self.arrays().rows["train"])
        return fewer_per_batch(rows, USUAL_BATCH, _SMALLEST_BATCH) if self.batch_size is None else self.batch_size

    def suggested_epochs(self) -> int:
        """25, or as many as make 500 steps."""
        return enough_epochs(len(self.arrays().rows["train"]), self.rows_per_batch(), _EPOCHS, _STEPS)
