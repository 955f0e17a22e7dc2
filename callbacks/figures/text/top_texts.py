"""Top losses of texts: those the model is most wrong about, with what it said and what they are.

**What it shows.** Mislabelled texts, irony, and what the model has not understood. ``figures/top_losses.txt``, also on the page.

**Source.** fast.ai's ``plot_top_losses``.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from ...run.atomic_file import atomic_write
from ..images.top_losses import TopLosses, Wrong


class TopTexts(TopLosses):
    """Writes the texts of a test that have the highest loss.

    Needs batches ``(x, y)`` with tokens ``x`` of shape ``int64 [B, T]``, a module with ``vocab`` (a token a number), and what
    else :class:`.TopLosses` needs. Tokens are written out by the data module's ``written(tokens)`` where it has that.

    Args:
        folder: Where ``top_losses.txt`` goes.
        count: Texts, at most.
        length: Tokens of each, at most; of a longer one the beginning and the end.
    """

    def __init__(self, folder: str | os.PathLike[str], count: int = 10, length: int = 200) -> None:
        super().__init__(folder, count)
        self.path = Path(folder) / "top_losses.txt"
        self.length = length
        self._vocab: Sequence[str] = ()

    def on_test_start(self, trainer: Any, pl_module: Any) -> None:
        """Begin anew."""
        super().on_test_start(trainer, pl_module)
        self._vocab = getattr(pl_module, "vocab", ())

    def can_show(self, x: Tensor) -> bool:
        """Whether rows of ``x`` are tokens whose names are known."""
        return x.ndim == 2 and not x.is_floating_point() and len(self._vocab) > 0

    def show(self, worst: Sequence[Wrong], names: Sequence[str] | None, datamodule: Any) -> None:
        """Write the texts."""
        written = getattr(datamodule, "written", " ".join)
        parts = []
        for wrong in worst:
            tokens = [token for number in wrong.x.tolist() if (token := self._vocab[number]) != "xxpad"]
            if len(tokens) > self.length:
                tokens = [*tokens[: self.length // 2], "...", *tokens[-self.length // 2 :]]
            name = f"  {names[wrong.row]}" if names else ""
            parts.append(f"said {wrong.said}, is {wrong.true} (loss {wrong.loss:.2f}){name}\n{written(tokens)}\n")
        with atomic_write(self.path) as beside:
            beside.write_text("\n".join(parts), encoding="utf-8")
