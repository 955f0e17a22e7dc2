"""Generated samples: a few texts from a language model at the end of a training.

**What it shows.** What has been learnt, sooner than any metric: grammar, then what goes with what; of characters spelling first.
``figures/samples.txt``, also in the report.

**Source.** Graves 2013, "Generating sequences with recurrent neural networks"; Karpathy 2015.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer

from ...files.output_path import output_path
from ..figure_callback import FigureCallback
from ..page_table import PageTable, TableSheet, save_tables

_CAPTION = (
    "What the model writes by itself: grammar comes first, then what goes with what; where it repeats itself, "
    "train longer or raise callbacks.samples.temperature."
)


class TextSamples(FigureCallback):
    """Writes texts sampled from a language model after a test, that is with its best weights.

    Needs a module with ``sample(rows, length, begin, temperature, seed)`` that returns lists of tokens. They are turned into text
    by the data module's ``detokenize(tokens)`` where it has that.

    Args:
        folder: Folder of ``samples.txt``, relative to ``trainer.default_root_dir``.
        count: Number of texts.
        length: Tokens of each.
        begin: Tokens that each begins with. Default: ``xxbos``.
        temperature: Divides the logits; lower is more conservative.
        seed: Of the sampling.

    Raises:
        MisconfigurationException: The module has no ``sample``, a token of ``begin`` is not in its ``vocab``, or a number is out
            of range.

    Example:
        >>> from types import SimpleNamespace
        >>> from practicum.callbacks import TextSamples
        >>> callback = TextSamples(count=2, begin=["the"])  # Trainer(callbacks=[callback]) writes figures/samples.txt
        >>> model = SimpleNamespace(vocab=["the", "cat"], sample=lambda *options: [["the", "cat"], ["the", "the"]])
        >>> callback.samples(model)
        ['the cat', 'the the']
    """

    def __init__(
        self,
        folder: str | os.PathLike[str] = "figures",
        count: int = 4,
        length: int = 60,
        begin: Sequence[str] | None = None,
        temperature: float = 0.8,
        seed: int = 1,
    ) -> None:
        super().__init__()
        if count < 1 or length < 1 or temperature <= 0:
            raise MisconfigurationException(
                f"TextSamples: count={count} and length={length} must be at least 1, temperature={temperature} above 0."
            )
        self.folder = folder
        self.count, self.length, self.temperature, self.seed = count, length, temperature, seed
        self.begin = ["xxbos"] if begin is None else list(begin)

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Raise if nothing could be sampled, before anything is trained."""
        if not callable(getattr(pl_module, "sample", None)):
            raise MisconfigurationException(f"TextSamples needs {type(pl_module).__name__}.sample().")
        vocab = getattr(pl_module, "vocab", None)
        if vocab is not None and (missing := [token for token in self.begin if token not in vocab]):
            raise MisconfigurationException(f"TextSamples: begin={self.begin}: {missing[0]!r} is not in the vocabulary.")

    def samples(self, module: Any, detokenize: Callable[[Sequence[str]], str] = " ".join) -> list[str]:
        """Sample texts.

        Args:
            module: Its ``sample`` is called.
            detokenize: Turns tokens into text.
        """
        texts = module.sample(self.count, self.length, self.begin, self.temperature, self.seed)
        return [detokenize(tokens).strip() for tokens in texts]

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Sample and write."""
        if not trainer.is_global_zero:
            return
        texts = self.samples(pl_module, getattr(getattr(trainer, "datamodule", None), "detokenize", " ".join))
        path = output_path(trainer, self.folder, "samples.txt")
        self.write_list("\n\n".join(texts), path)
        table = PageTable("", ["", "text"], [[number, text] for number, text in enumerate(texts, 1)])
        save_tables(TableSheet("Generated samples", _CAPTION, [table]), path.with_suffix(".json"))
