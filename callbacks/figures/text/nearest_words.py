"""Nearest neighbours of words in a module's embedding.

**What it shows.** Which words the model treats alike: plurals, names, opposites too. ``figures/nearest_words.txt``, also in the
report.

**Source.** Mikolov et al. 2013; cosine similarity.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence
from typing import Any

from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer
from torch import Tensor, nn

from ...files.output_path import output_path
from ..figure_callback import FigureCallback
from ..page_table import PageTable, TableSheet, save_tables

_CAPTION = (
    "The words of a row are alike to the model: they should go together in meaning or use; where they don't, train longer or on "
    "more text. Two words at random have a cosine of {random:.2f}: nearest ones say something where they are well above."
)


def nearest(vectors: Tensor, row: int, count: int) -> list[tuple[int, float]]:
    """Find the rows with the highest cosine similarity to one, the highest first.

    Args:
        vectors: ``[V, E]``.
        row: Whose neighbours.
        count: Number of neighbours, at most.

    Returns:
        Row and cosine of each, without ``row`` itself.
    """
    unit = nn.functional.normalize(vectors.float(), dim=1)
    cosines = unit @ unit[row]
    cosines[row] = -2
    values, rows = cosines.topk(min(count, len(vectors) - 1))
    return list(zip(rows.tolist(), values.tolist(), strict=True))


def _is_word(token: str) -> bool:
    """Whether a token is made of letters with their marks; in ASCII of three at least, other scripts have words of one or two."""
    letters = all(unicodedata.category(char)[0] in "LM" for char in token)
    return bool(token) and letters and (len(token) > 2 or not token.isascii())


def _is_neighbour(token: str) -> bool:
    """Whether a token has letters, and is no special one of the tokenizer's."""
    return any(map(str.isalpha, token)) and not token.startswith("xx")


def words_to_show(vocab: Sequence[str], count: int) -> list[str]:
    """Choose words spread over the more frequent half of a vocabulary in the order of frequency; special tokens are left out."""
    words = [word for word in vocab if _is_word(word) and _is_neighbour(word)]
    half = words[: max(count, len(words) // 2)]
    step = max(1, len(half) // count)
    return half[::step][:count]


def describe_neighbours(vectors: Tensor, vocab: Sequence[str], words: Sequence[str], neighbours: int) -> list[str]:
    """Return a line for each word with its nearest neighbours and their cosines.

    Args:
        vectors: ``[V, E]``.
        vocab: Word of each row, or more.
        words: Words of ``vocab``.
        neighbours: Of each word; special tokens, numbers and punctuation are not among them.
    """
    lines = []
    kept = [row for row, word in enumerate(vocab[: len(vectors)]) if word in words or _is_neighbour(word)]
    places = {row: place for place, row in enumerate(kept)}
    theirs = vectors[kept]
    for word in words:
        near = nearest(theirs, places[vocab.index(word)], neighbours)
        lines.append(f"{word}: {', '.join(f'{vocab[kept[row]]} {cosine:.3f}' for row, cosine in near)}")
    return lines


def random_cosine(vectors: Tensor) -> float:
    """Mean cosine of two different rows ``[V, E]``: the square of the mean unit vector's length, without each with itself."""
    unit = nn.functional.normalize(vectors.double(), dim=1)
    count = max(2, len(unit))
    return float((unit.sum(0).square().sum() - len(unit)) / (count * (count - 1)))


class NearestWords(FigureCallback):
    """Writes the nearest neighbours of some words after a test; nothing where no token is a word.

    Needs a module with ``vocab`` (token by row), and ``word_vectors()`` or an ``nn.Embedding`` with as many rows.

    Args:
        folder: Folder of ``nearest_words.txt``, relative to ``trainer.default_root_dir``.
        words: Words to show. Default: ``count`` words spread over the more frequent half, for a vocabulary in the order of
            frequency.
        count: Number of words where none are named.
        neighbours: Of each word.
        max_vocab: Use this many first rows only, the frequent ones.

    Raises:
        MisconfigurationException: There is no such embedding, or a word is not among the first ``max_vocab``; a number is
            below 1.

    Example:
        >>> import torch
        >>> from practicum.callbacks import NearestWords
        >>> from practicum.callbacks.figures.text.nearest_words import describe_neighbours
        >>> callback = NearestWords(words=["good"], neighbours=1)
        >>> vectors = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.1]])
        >>> describe_neighbours(vectors, ["good", "bad", "great"], callback.words, callback.neighbours)
        ['good: great 0.995']
    """

    def __init__(
        self,
        folder: str | os.PathLike[str] = "figures",
        words: Sequence[str] | None = None,
        count: int = 12,
        neighbours: int = 6,
        max_vocab: int = 10_000,
    ) -> None:
        super().__init__()
        for name, value in (("count", count), ("neighbours", neighbours), ("max_vocab", max_vocab)):
            if value < 1:
                raise MisconfigurationException(f"NearestWords: {name}={value} must be at least 1.")
        self.folder = folder
        self.words, self.count, self.neighbours, self.max_vocab = words, count, neighbours, max_vocab

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Raise if a word has no vector, before anything is trained."""
        vocab = set(getattr(pl_module, "vocab", ())[: self.max_vocab])
        if missing := [word for word in self.words or () if word not in vocab]:
            raise MisconfigurationException(f"NearestWords: {missing[0]!r} is not among the first {len(vocab)} words.")

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Find the neighbours and write them."""
        if not trainer.is_global_zero:
            return
        vocab: Sequence[str] = getattr(pl_module, "vocab", ())
        words = self.words if self.words is not None else words_to_show(vocab[: self.max_vocab], self.count)
        vectors = _vectors(pl_module, len(vocab))[: self.max_vocab]
        lines = describe_neighbours(vectors, vocab, words, self.neighbours)
        if not lines:  # characters: no token is a word
            return
        path = output_path(trainer, self.folder, "nearest_words.txt")
        self.write_list("\n".join(lines), path)
        rows = [line.split(": ", 1) for line in lines]
        table = PageTable("", ["word", "nearest neighbours and their cosines"], rows)
        caption = _CAPTION.format(random=random_cosine(vectors))
        save_tables(TableSheet("Nearest neighbours of words", caption, [table]), path.with_suffix(".json"))


def _vectors(module: Any, rows: int) -> Tensor:
    """Return the module's word vectors ``[V, E]``."""
    if callable(getattr(module, "word_vectors", None)):
        vectors: Tensor = module.word_vectors()
        return vectors
    found = [each for each in module.modules() if isinstance(each, nn.Embedding) and each.num_embeddings == rows]
    if not found:
        raise MisconfigurationException(
            f"NearestWords needs {type(module).__name__} to have `vocab` and an nn.Embedding with as many rows."
        )
    return found[0].weight.detach()
