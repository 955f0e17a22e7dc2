"""Word vectors in the text format that word2vec, fastText and gensim read: ``vectors.vec``.

Its first line holds the number of words and the vectors' size; each further line a word and its numbers, separated by spaces.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer
from torch import Tensor

from ..files.atomic_file import atomic_write
from ..files.output_path import output_path
from ..roles import Watcher


def vector_lines(vocab: Sequence[str], vectors: Tensor) -> Iterator[str]:
    """Yield the lines of the file, without line ends. Words with whitespace, which the format cannot hold, are left out.

    Args:
        vocab: ``V`` words.
        vectors: ``[V, E]``.
    """
    rows = [(word, row) for word, row in zip(vocab, vectors.tolist(), strict=True) if word.split() == [word]]
    yield f"{len(rows)} {vectors.shape[1]}"
    for word, row in rows:
        yield f"{word} {' '.join(f'{number:.5g}' for number in row)}"


class WordVectorsFile(Watcher):
    """Writes a module's word vectors after a test, that is with its best weights.

    Needs a module with ``vocab`` (word by row) and ``word_vectors()``, which returns ``[V, E]``.

    Args:
        folder: Folder of ``vectors.vec``, relative to ``trainer.default_root_dir``.

    Raises:
        MisconfigurationException: The module lacks one of these.

    Example:
        >>> import torch
        >>> from practicum.callbacks import WordVectorsFile
        >>> from practicum.callbacks.run.word_vectors_file import vector_lines
        >>> callback = WordVectorsFile()  # Trainer(callbacks=[callback]) writes vectors.vec after a test
        >>> list(vector_lines(["good", "bad"], torch.tensor([[0.5, 1.0], [-0.5, 0.0]])))
        ['2 2', 'good 0.5 1', 'bad -0.5 0']
    """

    def __init__(self, folder: str | os.PathLike[str] = ".") -> None:
        super().__init__()
        self.folder = folder

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Raise if the module has no word vectors, before anything is trained."""
        module: Any = pl_module
        if not callable(getattr(module, "word_vectors", None)) or not hasattr(module, "vocab"):
            raise MisconfigurationException(f"WordVectorsFile needs {type(module).__name__} to have `vocab` and word_vectors().")

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write."""
        if not trainer.is_global_zero or trainer.fast_dev_run:  # type: ignore[attr-defined] # a trial of the code
            return
        self.on_fit_start(trainer, pl_module)
        module: Any = pl_module
        path = output_path(trainer, self.folder, "vectors.vec")
        with atomic_write(path) as beside, open(beside, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.writelines(f"{line}\n" for line in vector_lines(module.vocab, module.word_vectors()))
