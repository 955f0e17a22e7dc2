"""Word vectors in files: the text form of word2vec and fastText (``.vec``), and runs of :class:`.SkipGram`.

A ``.vec`` says in its first line how many words and how wide, then a word a line and its numbers, blanks between.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor

from ..skip_gram import SkipGram
from .state_dict import read_state_dict, weights_of


def read_vec(path: Path, wanted: Sequence[str] | None = None) -> tuple[list[str], Tensor]:
    """Words and their vectors ``[words, width]``.

    Args:
        path: The file.
        wanted: Words to keep; ``None``: all. Of a large file a vocabulary is a small part.

    Raises:
        MisconfigurationException: Another form, not UTF-8, or cut off; the line is named.
    """
    words: list[str] = []
    seen, keep = 0, None if wanted is None else set(wanted)
    rows: list[np.ndarray[Any, Any]] = []
    try:
        with open(path, encoding="utf-8", newline="\n") as file:
            head = file.readline().split()
            if len(head) != 2 or not all(part.isdecimal() for part in head):
                raise MisconfigurationException(
                    f"{path}: is no .vec; its first line says how many words and how wide: 10000 100."
                )
            count, width = map(int, head)
            for number, line in enumerate(file, 2):
                seen += 1
                word, *parts = line.rstrip().rsplit(" ", width)
                if keep is not None and word not in keep and len(parts) == width:
                    continue
                try:
                    row: np.ndarray[Any, Any] = np.array(parts, dtype=np.float32)
                except ValueError:
                    row = np.zeros(0, np.float32)
                if len(row) != width or not np.isfinite(row).all():
                    raise MisconfigurationException(f"{path}, line {number}: a word and {width} numbers are wanted.")
                words.append(word)
                rows.append(row)
    except UnicodeDecodeError as error:
        raise MisconfigurationException(f"{path}: is not UTF-8; save it as UTF-8.") from error
    if seen != count:
        raise MisconfigurationException(f"{path}: says {count} words and holds {seen}; it was cut off, fetch it again.")
    return words, torch.from_numpy(np.stack(rows)) if rows else torch.zeros(0, width)


def vectors_for(source: str, vocab: Sequence[str]) -> tuple[Tensor, Tensor, Path]:
    """Vectors for a vocabulary.

    Args:
        source: A run of :class:`.SkipGram`, whose parts of words give unseen ones a vector, a ``.ckpt`` of it, or a ``.vec``.
        vocab: Words wanted.

    Returns:
        ``[V, width]``; which of the words have one ``bool [V]``, the others' are zero; and the file.

    Raises:
        MisconfigurationException: No such file, or another form.
    """
    path = weights_of(source, f"model.vectors={source}: no such file; give a run of experiment=word_vectors, or a .vec.")
    look_up: Callable[[str], Tensor | None]
    if path.suffix == ".ckpt":
        if "context.weight" not in read_state_dict(path):
            raise MisconfigurationException(
                f"model.vectors={source}: holds no word vectors; train some with experiment=word_vectors."
            )
        look_up = SkipGram.load_from_checkpoint(path, map_location="cpu", weights_only=True).vector
        width = len(look_up(vocab[0]))
    else:
        words, vectors = read_vec(path, vocab)
        place = {word: number for number, word in enumerate(words)}
        width = vectors.shape[1]

        def look_up(word: str) -> Tensor | None:
            return vectors[place[word]] if word in place else None

    found = torch.zeros(len(vocab), width)
    for number, word in enumerate(vocab):
        vector = look_up(word)
        if vector is not None:
            found[number] = vector
    return found, found.any(1), path
