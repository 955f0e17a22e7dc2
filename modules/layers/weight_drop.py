"""Weight drop (DropConnect): single recurrent weights are dropped, the same ones at all steps of a window.

**What it does.** In each forward pass of a training some entries of the matrices from hidden state to hidden state are zero. The
kernels of ``nn.LSTM`` see one matrix for the whole window, so nothing has to be computed step by step.

**Sources.** Wan et al. 2013 (DropConnect); Merity et al. 2018, section 2.
"""

from __future__ import annotations

import warnings
from typing import Any

import torch.nn.functional as F
from torch import nn


class WeightDropLSTM(nn.LSTM):
    """``nn.LSTM``, its recurrent weights dropped in training; parameters have their usual names.

    Args:
        args: Those of ``nn.LSTM``.
        weight_p: Chance of a weight to be dropped.
        options: Those of ``nn.LSTM``.
    """

    def __init__(self, *args: Any, weight_p: float = 0.0, **options: Any) -> None:
        super().__init__(*args, **options)
        self.weight_p = weight_p

    def forward(self, input: Any, hx: Any = None) -> Any:
        """As ``nn.LSTM``'s."""
        if not self.training or self.weight_p == 0:
            return super().forward(input, hx)
        own: Any = self._flat_weights
        dropped = [
            F.dropout(weight, self.weight_p) if name.startswith("weight_hh") else weight
            for name, weight in zip(self._flat_weights_names, own, strict=True)
        ]
        vars(self)["_flat_weights"] = dropped
        try:
            with warnings.catch_warnings():  # cuDNN packs them itself, a copy that costs little beside the window
                warnings.filterwarnings("ignore", "RNN module weights are not part of single contiguous chunk")
                return super().forward(input, hx)
        finally:
            vars(self)["_flat_weights"] = own

    def extra_repr(self) -> str:
        """The chance, too."""
        return f"{super().extra_repr()}, weight_p={self.weight_p}"
