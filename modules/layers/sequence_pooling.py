"""Pooling of a recurrent network's outputs over time: last, maximum and mean, of sequences of any length.

**What it does.** Concatenates three summaries of each sequence. What was read earlier, in windows and without gradients, enters
as a running maximum and sum, so memory does not grow with the length.

**Source.** Howard and Ruder 2018 (ULMFiT), section 3.3: concat pooling.
"""

from __future__ import annotations

import torch
from torch import Tensor


class RunningPool:
    """Running maximum and sum of outputs, row by row, without their history.

    Args:
        rows: Batch size.
        features: Size of the outputs.
        like: Tensor whose device is used, and whose precision, but at least float32.
    """

    def __init__(self, rows: int, features: int, like: Tensor) -> None:
        dtype = torch.float64 if like.dtype == torch.float64 else torch.float32
        self.maximum = like.new_full((rows, features), -torch.inf, dtype=dtype)
        self.total = like.new_zeros((rows, features), dtype=dtype)
        self.count = like.new_zeros((rows, 1), dtype=dtype)

    def update(self, rows: Tensor, outputs: Tensor) -> None:
        """Add the outputs ``[T, len(rows), E]`` of some rows."""
        outputs = outputs.to(self.total)
        self.maximum[rows] = torch.maximum(self.maximum[rows], outputs.amax(0))
        self.total[rows] += outputs.sum(0)
        self.count[rows] += len(outputs)


def last_max_mean(outputs: Tensor, lengths: Tensor, before: RunningPool | None = None) -> Tensor:
    """Last, maximum and mean output of each row, ignoring padding.

    Args:
        outputs: ``[T, B, E]``; row ``b`` ends at ``lengths[b]``.
        lengths: ``int64 [B]``, each at least 1.
        before: Pooled outputs of what was read before, if anything.

    Returns:
        ``[B, 3E]``, at least float32.
    """
    outputs = outputs if outputs.dtype == torch.float64 else outputs.float()
    steps = torch.arange(outputs.shape[0], device=outputs.device)[:, None]
    inside = (steps < lengths)[..., None]
    last = outputs.gather(0, (lengths - 1)[None, :, None].expand(1, -1, outputs.shape[2]))[0]
    maximum = outputs.masked_fill(~inside, -torch.inf).amax(0)
    total = outputs.masked_fill(~inside, 0).sum(0)
    count = lengths[:, None].to(outputs)
    if before is not None:
        maximum, total, count = torch.maximum(maximum, before.maximum), total + before.total, count + before.count
    return torch.cat([last, maximum, total / count], 1)
