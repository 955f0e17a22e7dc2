"""How large batches and how many epochs suit few examples: as many steps as a network needs to learn anything.

**What it does.** A usual recipe counts in epochs and in batches of a usual size. Of few examples that is a handful of steps,
after which a network is hardly different from what it was. So batches shrink until an epoch has several, and epochs grow until
the training has its steps. Of many examples nothing changes.

**When to use it.** ``data.batch_size=null`` and ``epochs=null``. Tables have a rule of their own, see
:mod:`practicum.datamodules.tabular.training_length`.

**Source.** docs/defaults.md, small data.
"""

from __future__ import annotations

import math


def fewer_per_batch(examples: int, usual: int, least: int, batches: int = 8) -> int:
    """Examples per batch: the usual number, or the power of two that leaves an epoch ``batches`` of them.

    Args:
        examples: For training.
        usual: Where there are examples enough.
        least: Never fewer than this.
        batches: Per epoch, at least.

    Example:
        >>> from practicum.datamodules.loading.training_length import fewer_per_batch
        >>> [fewer_per_batch(examples, usual=1024, least=32) for examples in (5, 300, 3000, 8192, 1_000_000)]
        [32, 32, 256, 1024, 1024]
    """
    share = max(1, examples // batches)
    return min(usual, max(least, 1 << (share.bit_length() - 1)))


def enough_epochs(examples: int, batch_size: int, usual: int, steps: int) -> int:
    """Passes over the examples: the usual number, or as many as make ``steps``.

    Args:
        examples: For training.
        batch_size: Examples per batch.
        usual: Where there are examples enough.
        steps: Least number of steps.

    Example:
        >>> from practicum.datamodules.loading.training_length import enough_epochs
        >>> [enough_epochs(examples, 32, usual=25, steps=500) for examples in (5, 300, 3000)]
        [500, 50, 25]
    """
    return max(usual, math.ceil(steps / math.ceil(examples / batch_size)))
