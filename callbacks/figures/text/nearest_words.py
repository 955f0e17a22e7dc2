"""Which words lie nearest to one another in a module's embedding.

**What it shows.** What the model holds to be alike: plurals, names, opposites too. ``figures/nearest_words.txt``, also on the
page.

**Source.** Mikolov et al. 2013; cosine similarity.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from practicum.lightning_shim import Callback, LightningModule, MisconfigurationException, Trainer
from torch import Tensor, nn

from ...run.atomic_file import atomic_write


def nearest(vectors: Tensor, row: int, count: int) -> list[tuple[int, float]]:
    """Rows nearest to one, by the cosine of the angle between them, nearest first.

    Args:
        vectors: ``[V, E]``.
        row: Whose neighbours.
        count: How many.

    Returns:
        Row and cosine of each; never ``row`` itself.
    """
    unit = nn.functional.normalize(vectors.float(), dim=1)
    cosines = unit @ unit[row]
    cosines[row] = -2
    values, rows = cosines.topk(min(count, len(vectors) - 1))
    return list(zip(rows.tolist(), values.tolist(), strict=True))


class NearestWords(Callback):
    """Writes the neighbours of some words after a test; nothing where no token is a word.

    Needs a module with ``vocab`` (a token a row), and ``word_vectors()`` or an ``nn.Embedding`` with as many rows.

    Args:
        folder: Where ``nearest_words.txt`` goes.
        words: Whose neighbours. Default: ``count`` words spread over the more frequent half, for a vocabulary in the order of
            frequency.
        count: How many words where none are named.
        neighbours: Of each.
        among: Neighbours are sought among this many first rows, the frequent ones.

    Raises:
        MisconfigurationException: No such embedding, or a word that is not in the vocabulary.
    """

    watches_only = True

    def __init__(
        self,
        folder: str | os.PathLike[str],
        words: Sequence[str] | None = None,
        count: int = 12,
        neighbours: int = 6,
        among: int = 10_000,
    ) -> None:
        super().__init__()
        self.path = Path(folder) / "nearest_words.txt"
        self.words, self.count, self.neighbours, self.among = words, count, neighbours, among

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Refuse a word that has no vector, before anything is trained."""
        among = set(getattr(pl_module, "vocab", ())[: self.among])
        if missing := [word for word in self.words or () if word not in among]:
            raise MisconfigurationException(f"NearestWords: {missing[0]!r} is not among the first {len(among)} words.")

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Find and write them."""
        if not trainer.is_global_zero:
            return
        module: Any = pl_module
        vocab: Sequence[str] = getattr(module, "vocab", ())
        if callable(getattr(module, "word_vectors", None)):
            vectors = module.word_vectors()[: self.among]
        else:
            found = [each for each in module.modules() if isinstance(each, nn.Embedding) and each.num_embeddings == len(vocab)]
            if not found:
                raise MisconfigurationException(
                    f"NearestWords needs {type(module).__name__} to have `vocab` and an nn.Embedding with as many rows."
                )
            vectors = found[0].weight.detach()[: self.among]
        lines = []
        for word in self.words if self.words is not None else self._some(vocab[: self.among]):
            near = nearest(vectors, vocab.index(word), self.neighbours)
            lines.append(f"{word}: {', '.join(f'{vocab[row]} {cosine:.2f}' for row, cosine in near)}")
        if not lines:  # characters: no token is a word
            return
        with atomic_write(self.path) as beside:
            beside.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def _some(self, vocab: Sequence[str]) -> list[str]:
        words = [word for word in vocab if word.isalpha() and len(word) > 2 and not word.startswith("xx")]
        half = words[: max(self.count, len(words) // 2)]
        step = max(1, len(half) // self.count)
        return half[::step][: self.count]
