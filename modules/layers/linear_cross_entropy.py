"""Cross-entropy over a large vocabulary without materialising all logits.

**What it does.** Cross-entropy of ``x @ weight.T + bias``, some rows at a time; the gradients are computed along with the loss,
while a chunk's logits are still in the cache. Memory: ``rows x V`` instead of ``N x V``.

**When to use it.** For language models: with 10,000 words the output layer is most of a small model's work.

**Defaults.** 1,024 rows on a CPU, 8,192 elsewhere. In autocast's precision; softmax in float32.

**Source.** The same idea as in Wijmans et al. 2025, "Cut your losses in large-vocabulary language models", section 4; torch has
its own ``linear_cross_entropy`` from 2.14 on, a tenth slower on a CPU.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


class _LinearCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, target: Tensor, rows: int, dtype: torch.dtype, trains: bool
    ) -> Tensor:
        wide = torch.float32 if dtype in (torch.bfloat16, torch.float16) else dtype
        inputs, matrix, shift = x.to(dtype), weight.to(dtype), bias.to(dtype)
        loss = torch.zeros((), dtype=wide, device=x.device)
        if not (trains and any(ctx.needs_input_grad[:3])):  # which says nothing of no_grad
            for part, aim in zip(inputs.split(rows), target.split(rows), strict=True):
                logits = torch.addmm(shift, part, matrix.T).to(wide)
                loss += (logits.logsumexp(1) - logits.gather(1, aim[:, None])[:, 0]).sum()
            return loss / len(inputs)
        grad_x = torch.empty_like(inputs)
        grad_weight, grad_bias = torch.zeros_like(weight, dtype=wide), torch.zeros_like(bias, dtype=wide)
        for start in range(0, len(inputs), rows):
            part, aim = inputs[start : start + rows], target[start : start + rows, None]
            logits = torch.addmm(shift, part, matrix.T)
            # bfloat16 logits are no finer than this softmax, which computes in float32 internally; float16 would underflow.
            p = (logits if dtype == torch.bfloat16 else logits.to(wide)).softmax(1)
            loss -= p.gather(1, aim).to(wide).clamp(min=torch.finfo(wide).tiny).log().sum()
            p = p.to(dtype)
            torch.mm(p, matrix, out=grad_x[start : start + rows])
            grad_weight += p.T @ part
            grad_bias += p.sum(0)
        # Minus one at each target.
        grad_x -= matrix[target]
        grad_weight.index_add_(0, target, inputs.to(wide), alpha=-1)
        grad_bias.index_add_(0, target, grad_bias.new_ones(len(target)), alpha=-1)
        ctx.save_for_backward(grad_x, grad_weight, grad_bias)
        ctx.dtypes = x.dtype, weight.dtype, bias.dtype
        return loss / len(inputs)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Any) -> Any:
        grad_x, grad_weight, grad_bias = ctx.saved_tensors
        scale = grads[0] / len(grad_x)
        x_dtype, weight_dtype, bias_dtype = ctx.dtypes
        return (
            (grad_x.to(scale.dtype) * scale).to(x_dtype),
            (grad_weight * scale).to(weight_dtype),
            (grad_bias * scale).to(bias_dtype),
            None,
            None,
            None,
            None,
        )


def linear_cross_entropy(x: Tensor, weight: Tensor, bias: Tensor, target: Tensor, rows: int | None = None) -> Tensor:
    """Mean cross-entropy of ``x @ weight.T + bias`` with ``target``.

    Args:
        x: ``[N, H]``.
        weight: ``[V, H]``.
        bias: ``[V]``.
        target: ``int64 [N]``.
        rows: Number of rows of ``x`` processed at a time.

    Returns:
        A scalar, once differentiable.
    """
    device = x.device.type
    dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else x.dtype
    rows = rows or (1024 if device == "cpu" else 8192)
    with torch.autocast(device, enabled=False):
        loss: Tensor = _LinearCrossEntropy.apply(x, weight, bias, target, rows, dtype, torch.is_grad_enabled())
    return loss
