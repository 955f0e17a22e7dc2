"""Top losses of texts: those with the highest loss, with their predicted and true labels.

**What it shows.** Mislabelled texts, irony, and what the model has not learnt. ``figures/top_losses.txt``, also in the report.

**Source.** fast.ai's ``plot_top_losses``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer
from torch import Tensor

from ...files.output_path import output_path
from ..highest_loss_examples import HighestLossExamples
from ..page_table import PageTable, TableSheet, save_tables
from ..worst_rows import Mistake

_CAPTION = (
    "The texts whose label the model found least likely, the worst first, though it may have got some right: correct wrong "
    "labels, and get more texts of the kind that remains, such as irony or a verdict at the very end."
)
_LEFT_OUT = "[…]"
_LEFT_OUT_MEANS = f" {_LEFT_OUT} stands for the middle of a long text."
_UNKNOWN = "xxunk"  # of the tokenizer, as fastai's
_UNKNOWN_MEANS = f" {_UNKNOWN} stands for a word that the vocabulary lacks: the model does not know which."


def describe_text(
    mistake: Mistake,
    name: str | None,
    vocab: Sequence[str],
    length: int = 200,
    detokenize: Callable[[Sequence[str]], str] = " ".join,
) -> str:
    """Describe a text in two lines: prediction, label and loss; its words.

    Args:
        mistake: ``x`` holds its tokens ``int64 [T]``.
        name: Of the text, if any.
        vocab: Token by number; ``xxpad`` is left out.
        length: Tokens shown, at most; of a longer text the beginning and the end.
        detokenize: Turns tokens into text.
    """
    name = f"  {name}" if name else ""
    text = detokenize(_shown_tokens(mistake, vocab, length))
    return f"predicted {mistake.predicted}, true {mistake.true} (loss {mistake.loss:.2f}){name}\n{text}"


def texts_table(
    mistakes: Sequence[Mistake],
    names: Sequence[str] | None,
    vocab: Sequence[str],
    length: int = 200,
    detokenize: Callable[[Sequence[str]], str] = " ".join,
) -> PageTable:
    """The texts of :func:`describe_text` as a table.

    Args:
        mistakes: The texts.
        names: Of each, if there are any.
        vocab: As there.
        length: As there.
        detokenize: As there.
    """
    head, rows = ["predicted", "true", "loss", "text"], []
    for each in mistakes:
        rows.append([each.predicted, each.true, f"{each.loss:.2f}", detokenize(_shown_tokens(each, vocab, length))])
    if names:
        head, rows = [*head, "source"], [[*row, name] for row, name in zip(rows, names, strict=True)]
    return PageTable("", head, rows)


def _shown_tokens(mistake: Mistake, vocab: Sequence[str], length: int) -> list[str]:
    tokens = [token for number in mistake.x.tolist() if (token := vocab[number]) != "xxpad"]
    return tokens if len(tokens) <= length else [*tokens[: length // 2], _LEFT_OUT, *tokens[-length // 2 :]]


class TopTexts(HighestLossExamples):
    """Writes the texts of a test that have the highest loss; holds only those in memory.

    Needs batches ``(x, y)`` with tokens ``x`` of shape ``int64 [B, T]`` (others are passed over), ``test_step`` to return a
    dictionary with ``logits`` and ``target``, and a module with ``vocab`` (token by number). Tokens are turned into text by the
    data module's ``detokenize(tokens)`` where it has that. Under several processes the first one shows its own rows.

    Args:
        folder: Folder of ``top_losses.txt``, relative to ``trainer.default_root_dir``.
        count: Number of texts, at most.
        length: Tokens shown of each, at most; of a longer text the beginning and the end.

    Raises:
        MisconfigurationException: A number is out of range, or ``test_step`` returns something else.

    Example:
        >>> import torch
        >>> from practicum.callbacks import TopTexts
        >>> from practicum.callbacks.figures.text.top_texts import describe_text
        >>> from practicum.callbacks.figures.worst_rows import Mistake
        >>> callback = TopTexts(count=5)  # Trainer(callbacks=[callback]) writes figures/top_losses.txt after a test
        >>> mistake = Mistake(0.89, 0, torch.tensor([0, 1]), "neg (0.59)", "pos")
        >>> print(describe_text(mistake, "7.txt", ["not", "bad"]))
        predicted neg (0.59), true pos (loss 0.89)  7.txt
        not bad
    """

    def __init__(self, folder: str | os.PathLike[str] = "figures", count: int = 10, length: int = 200) -> None:
        super().__init__(folder, count)
        if length < 2:
            raise MisconfigurationException(f"TopTexts: length={length} must be at least 2.")
        self.length = length

    def accepts(self, x: Tensor, pl_module: LightningModule) -> bool:
        """Whether rows of ``x`` are tokens whose names are known."""
        return x.ndim == 2 and not x.is_floating_point() and len(getattr(pl_module, "vocab", ())) > 0

    def show(
        self, trainer: Trainer, pl_module: LightningModule, mistakes: Sequence[Mistake], names: Sequence[str] | None
    ) -> None:
        """Write the texts."""
        vocab: Any = pl_module.vocab
        detokenize = getattr(getattr(trainer, "datamodule", None), "detokenize", " ".join)
        texts = [
            describe_text(mistake, names[place] if names else None, vocab, self.length, detokenize)
            for place, mistake in enumerate(mistakes)
        ]
        path = output_path(trainer, self.folder, "top_losses.txt")
        self.write_list("\n\n".join(texts), path)
        table = texts_table(mistakes, names, vocab, self.length, detokenize)
        unknown = any(_UNKNOWN in row[3] for row in table.rows)
        cut = any(_LEFT_OUT in row[3] for row in table.rows)
        caption = _CAPTION + (_LEFT_OUT_MEANS if cut else "") + (_UNKNOWN_MEANS if unknown else "")
        save_tables(TableSheet("Highest-loss examples", caption, [table]), path.with_suffix(".json"))
