"""Weight drop (DropConnect): individual recurrent weights are dropped, the same ones at all time steps of a window.

**What it does.** In each forward pass during training, some entries of the hidden-to-hidden matrices are zero. The kernels of
``nn.LSTM`` see one matrix for the whole window, so nothing has to be computed step by step.

**Sources.** Wan et al. 2013 (DropConnect); Merity et al. 2018, section 2.
"""

from __future__ import annotations

import warnings
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call


class _PlainLSTM(nn.Module):
    """Runs ``nn.LSTM.forward`` of a layer, without its hooks and its weight drop."""

    def __init__(self, lstm: nn.LSTM) -> None:
        super().__init__()
        self.lstm = lstm

    def forward(self, input: Any, hx: Any) -> Any:
        return nn.LSTM.forward(self.lstm, input, hx)


class WeightDropLSTM(nn.LSTM):
    """``nn.LSTM`` whose recurrent weights are dropped in training. Parameters keep their usual names.

    Args:
        args: Arguments of ``nn.LSTM``.
        weight_p: Probability of dropping a recurrent weight.
        options: Options of ``nn.LSTM``.
    """

    _may_flatten = True

    def __init__(self, *args: Any, weight_p: float = 0.0, **options: Any) -> None:
        super().__init__(*args, **options)
        self.weight_p = weight_p

    def flatten_parameters(self) -> None:
        """Pack the weights for cuDNN, but not while some of them are replaced by dropped ones: that would move the others."""
        if self._may_flatten:
            super().flatten_parameters()

    def forward(self, input: Any, hx: Any = None) -> Any:
        """Same as ``nn.LSTM.forward``, with dropped recurrent weights in training."""
        if not self.training and torch.is_grad_enabled() and getattr(input, "is_cuda", False):
            # cuDNN has no backward pass in evaluation mode: a frozen layer above an embedding that trains
            with torch.backends.cudnn.flags(enabled=False):
                return super().forward(input, hx)
        if not self.training or self.weight_p == 0:
            return super().forward(input, hx)
        dropped = {
            f"lstm.{name}": F.dropout(weight, self.weight_p)
            for name, weight in self.named_parameters()
            if name.startswith("weight_hh")
        }
        self._may_flatten = False
        try:
            with warnings.catch_warnings():  # cuDNN packs them itself; that copy costs little compared to the window
                warnings.filterwarnings("ignore", "RNN module weights are not part of single contiguous chunk")
                return functional_call(_PlainLSTM(self), dropped, (input, hx))
        finally:
            self._may_flatten = True

    def extra_repr(self) -> str:
        """Arguments of ``nn.LSTM`` and the probability."""
        return f"{super().extra_repr()}, weight_p={self.weight_p}"
