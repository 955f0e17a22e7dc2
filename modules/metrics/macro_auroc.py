"""Area under the ROC curve, averaged over the classes for which there is one.

**What it does.** A class that no example has, or every example, has no ROC curve. torchmetrics counts it as 0, which makes the
mean of one-vs-rest too low wherever a rare class is missing from validation; here it is left out.

**Source.** Fawcett 2006, "An introduction to ROC analysis", sections 7 and 9.
"""

from __future__ import annotations

import warnings

import torch
from torch import Tensor
from torchmetrics.classification import MulticlassAUROC
from torchmetrics.utilities.data import dim_zero_cat


class MacroAUROC(MulticlassAUROC):
    """Mean of one-vs-rest; NaN where no class has both examples and counterexamples.

    Args:
        num_classes: Number of classes.

    Shape:
        Logits or probabilities ``[B, classes]``; targets ``int64 [B]``.

    Example:
        >>> import torch
        >>> from practicum.modules.metrics.macro_auroc import MacroAUROC
        >>> metric = MacroAUROC(3)  # nothing is of the third class
        >>> float(metric(torch.tensor([[0.9, 0.1, 0.0], [0.2, 0.8, 0.0]]), torch.tensor([0, 1])))
        1.0
    """

    def __init__(self, num_classes: int) -> None:
        super().__init__(num_classes, average="none")

    def compute(self) -> Tensor:  # type: ignore[override] # torchmetrics' own AUROC differs from its base likewise
        """The mean."""
        target = dim_zero_cat(self.target)
        counts = torch.bincount(target, minlength=self.num_classes)
        defined = (counts > 0) & (counts < len(target))
        if not defined.any():
            return torch.full((), torch.nan, device=target.device)
        with warnings.catch_warnings():  # torchmetrics warns of the classes that are left out here
            warnings.filterwarnings("ignore", "No (positive|negative) samples in targets")
            return super().compute()[defined].mean()
