"""Word vectors in the text form that word2vec, fastText and gensim read: ``vectors.vec``.

Its first line says how many words and how wide; then a word a line and its numbers, blanks between.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from practicum.lightning_shim import Callback, LightningModule, MisconfigurationException, Trainer

from .atomic_file import atomic_write


class WordVectorsFile(Callback):
    """Writes a module's word vectors after a test, so with its best weights.

    Needs a module with ``vocab`` (a word a row) and ``word_vectors()`` that returns ``[V, width]``. Words with a blank in them,
    which the form has no way to write, are left out.

    Args:
        folder: Where ``vectors.vec`` goes.

    Raises:
        MisconfigurationException: The module lacks one of these.
    """

    watches_only = True

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        super().__init__()
        self.path = Path(folder) / "vectors.vec"

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write."""
        if not trainer.is_global_zero:
            return
        module: Any = pl_module
        if not callable(getattr(module, "word_vectors", None)) or not hasattr(module, "vocab"):
            raise MisconfigurationException(f"WordVectorsFile needs {type(module).__name__} to have `vocab` and word_vectors().")
        vectors = module.word_vectors()
        rows = [(word, row) for word, row in zip(module.vocab, vectors.tolist(), strict=True) if word.split() == [word]]
        with atomic_write(self.path) as beside, open(beside, "w", encoding="utf-8", newline="\n") as file:
            file.write(f"{len(rows)} {vectors.shape[1]}\n")
            file.writelines(f"{word} {' '.join(f'{number:.5g}' for number in row)}\n" for word, row in rows)
