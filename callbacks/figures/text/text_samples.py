"""A few lines in a language model's own words, at the end of a training.

**What it shows.** What has been learnt, sooner than any number: spelling, then grammar, then what goes with what.
``figures/samples.txt``, also on the page.

**Source.** Graves 2013, "Generating sequences with recurrent neural networks"; Karpathy 2015.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from practicum.lightning_shim import Callback, LightningModule, MisconfigurationException, Trainer

from ...run.atomic_file import atomic_write


class TextSamples(Callback):
    """Writes texts drawn from a language model after a test, so with its best weights.

    Needs a module with ``sample(rows, length, begin, temperature, seed)`` that returns lists of tokens. They are written out by
    the data module's ``written(tokens)`` where it has that.

    Args:
        folder: Where ``samples.txt`` goes.
        count: Texts.
        length: Tokens of each.
        begin: Tokens each begins with. Default: ``xxbos``.
        temperature: Lower is more cautious.
        seed: Of the draws.

    Raises:
        MisconfigurationException: The module has no ``sample``.
    """

    watches_only = True

    def __init__(
        self,
        folder: str | os.PathLike[str],
        count: int = 4,
        length: int = 60,
        begin: list[str] | None = None,
        temperature: float = 0.8,
        seed: int = 1,
    ) -> None:
        super().__init__()
        if count < 1 or length < 1 or temperature <= 0:
            raise MisconfigurationException(
                f"TextSamples: count={count} and length={length} must be at least 1, temperature={temperature} above 0."
            )
        self.path = Path(folder) / "samples.txt"
        self.count, self.length, self.temperature, self.seed = count, length, temperature, seed
        self.begin = ["xxbos"] if begin is None else begin

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Refuse what could not be written, before anything is trained."""
        if not callable(getattr(pl_module, "sample", None)):
            raise MisconfigurationException(f"TextSamples needs {type(pl_module).__name__}.sample().")
        vocab = getattr(pl_module, "vocab", None)
        if vocab is not None and (missing := [token for token in self.begin if token not in vocab]):
            raise MisconfigurationException(f"TextSamples: begin={self.begin}: {missing[0]!r} is not in the vocabulary.")

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw and write."""
        if not trainer.is_global_zero:
            return
        module: Any = pl_module
        texts = module.sample(self.count, self.length, self.begin, self.temperature, self.seed)
        written = getattr(getattr(trainer, "datamodule", None), "written", " ".join)
        with atomic_write(self.path) as beside:
            beside.write_text("\n\n".join(written(tokens).strip() for tokens in texts) + "\n", encoding="utf-8")
