"""How large batches and how many epochs suit a table of so many rows.

**What it does.** Counts in steps, as a network does: a small table is gone through many times, a large one a few times, and
neither is trained for five steps.

**When to use it.** ``data.batch_size=null`` and ``epochs=null``, as in ``experiment=table``.

**Defaults.** Batches of 256; an eighth of the rows where that is less, and a hundredth, up to 4,096, where that is more. Then as
many epochs as make 1,500 steps, from 8 to 60; below some 260 rows more than 60, so that there are 500 steps.

**Source.** Batches of 256: Holzmüller et al. 2024 (RealMLP) and Gorishniy et al. 2025 (TabM).
"""

from __future__ import annotations

import math

_BATCH, _SMALLEST, _LARGEST = 256, 32, 4096
_BATCHES = 8, 100  # in an epoch: at least, and at most while batches may grow
_STEPS = 1500
_EPOCHS = 8, 60
_LEAST_STEPS = 500


def choose_batch_size(rows: int) -> int:
    """Rows per batch, a power of two.

    Args:
        rows: Training rows.

    Example:
        >>> from practicum.datamodules.tabular.training_length import choose_batch_size
        >>> [choose_batch_size(rows) for rows in (100, 1_000, 10_000, 100_000, 10_000_000)]
        [32, 64, 256, 512, 4096]
    """
    least, most = rows // _BATCHES[1], max(_SMALLEST, rows // _BATCHES[0])
    size = min(max(_BATCH, least), most, _LARGEST)
    return 1 << (size.bit_length() - 1)


def choose_epochs(rows: int, batch_size: int) -> int:
    """Passes over the training rows.

    Args:
        rows: Training rows.
        batch_size: Rows per batch.

    Example:
        >>> from practicum.datamodules.tabular.training_length import choose_epochs
        >>> [choose_epochs(rows, 256) for rows in (10_000, 100_000)], choose_epochs(1_000, 64), choose_epochs(100, 32)
        ([38, 8], 60, 125)
    """
    least, most = _EPOCHS
    batches = math.ceil(rows / batch_size)
    return max(min(max(round(_STEPS / batches), least), most), math.ceil(_LEAST_STEPS / batches))
