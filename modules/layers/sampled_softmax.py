"""Cross-entropy over a part of a large vocabulary in training: the batch's own classes and a random sample of the others.

**What it does.** The softmax of every row is over the classes that are a target somewhere in the batch, and over ``num_sampled``
of the others, drawn anew each time, each of which stands for as many as were left out: its logit is raised by the logarithm of
that ratio. So the normalizing sum is right in expectation, whatever the batch, and the weights learnt are those of the full
softmax: validation, test and generation use it as it is. Frequent words are in nearly every batch, and are exact.

**When to use it.** For language models whose output layer is most of the work: with 10,000 words and the small model it is three
fifths of a step.

**Sources.** Jean et al. 2015, "On using very large target vocabulary for neural machine translation", section 3; Bengio and
Senecal 2008 on the correction. Classes that occur in the batch are taken in any case, as a stratum of their own.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .linear_cross_entropy import linear_cross_entropy


def sampled_softmax_loss(x: Tensor, weight: Tensor, bias: Tensor, target: Tensor, num_sampled: int) -> Tensor:
    """Estimate the mean cross-entropy of ``x @ weight.T + bias`` with ``target``.

    Args:
        x: ``[N, H]``.
        weight: ``[V, H]``.
        bias: ``[V]``.
        target: ``int64 [N]``.
        num_sampled: Number of classes drawn from those that are no target here, by torch's generator; up to seven more, so that
            the matrix has a multiple of 8 rows. If there are no more than that, the loss is exact.

    Returns:
        A scalar, once differentiable. A little too low on average (the logarithm of a mean is above the mean of logarithms).
    """
    present = torch.zeros(len(weight), dtype=torch.bool, device=target.device)
    present[target] = True
    own, others = present.nonzero()[:, 0], (~present).nonzero()[:, 0]
    count = num_sampled + -(len(own) + num_sampled) % 8
    if len(others) <= count:
        return linear_cross_entropy(x, weight, bias, target)
    drawn = others[torch.randperm(len(others), device=target.device)[:count]]
    classes = torch.cat([own, drawn])
    place = torch.empty(len(weight), dtype=torch.long, device=target.device)
    place[classes] = torch.arange(len(classes), device=target.device)
    raised = bias.new_zeros(len(classes))
    raised[len(own) :] = math.log(len(others) / count)
    return linear_cross_entropy(x, weight.index_select(0, classes), bias.index_select(0, classes) + raised, place[target])
