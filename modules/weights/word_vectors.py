"""Word vectors from files: the text format of word2vec and fastText (``.vec``), and runs of :class:`.SkipGram`.

The first line of a ``.vec`` gives the number of words and their dimension; each further line is a word and its numbers,
separated by spaces.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor, nn

from .state_dict import find_weights, hash_of_file, read_state_dict
from .vocabulary import PAD, say_known

OpenRun: TypeAlias = Callable[[Path], Callable[[str], Tensor]]


def read_vec(path: Path, wanted: Sequence[str] | None = None) -> tuple[list[str], Tensor]:
    """Read words and their vectors ``[words, dim]``.

    Args:
        path: The file.
        wanted: Words to keep; ``None``: all. A vocabulary is a small part of a large file.

    Raises:
        MisconfigurationException: Another format, not UTF-8, or truncated; the line is named.
    """
    words: list[str] = []
    seen, keep = 0, None if wanted is None else set(wanted)
    rows: list[np.ndarray[Any, Any]] = []
    try:
        with open(path, encoding="utf-8", newline="\n") as file:
            head = file.readline().split()
            if len(head) != 2 or not all(part.isdecimal() for part in head):
                raise MisconfigurationException(
                    f"{path}: not a .vec file; its first line must be the number of words and their dimension, such as 10000 100."
                )
            count, dim = map(int, head)
            for number, line in enumerate(file, 2):
                seen += 1
                word, *parts = line.rstrip().rsplit(" ", dim)
                if keep is not None and word not in keep and len(parts) == dim:
                    continue
                try:
                    row: np.ndarray[Any, Any] = np.array(parts, dtype=np.float32)
                except ValueError:
                    row = np.zeros(0, np.float32)
                if len(row) != dim or not np.isfinite(row).all():
                    raise MisconfigurationException(f"{path}, line {number}: must be a word and {dim} numbers.")
                words.append(word)
                rows.append(row)
    except UnicodeDecodeError as error:
        raise MisconfigurationException(f"{path}: not UTF-8; save it as UTF-8.") from error
    if seen != count:
        raise MisconfigurationException(
            f"{path}: announces {count} words but contains {seen}; it is truncated, download it again."
        )
    return words, torch.from_numpy(np.stack(rows)) if rows else torch.zeros(0, dim)


def fill_embedding(source: str, vocab: Sequence[str], embedding: nn.Embedding, option: str, open_run: OpenRun) -> dict[str, str]:
    """Let the rows of an embedding begin as word vectors, of the same mean square as its random ones.

    Args:
        source: See :func:`vectors_for`.
        vocab: The token of each row.
        embedding: What is filled; rows of words without a vector stay.
        option: Whose option ``source`` is, for messages: ``"LanguageModel: vectors"``.
        open_run: See :func:`vectors_for`.

    Returns:
        Where the vectors are from: ``vectors``, ``vectors_sha256``, ``vectors_tokens``.

    Raises:
        MisconfigurationException: See :func:`vectors_for`; or vectors of another size than the embedding's.
    """
    rows, found, path = vectors_for(source, vocab, option, open_run)
    dim = embedding.embedding_dim
    if rows.shape[1] != dim:
        raise MisconfigurationException(
            f"{option}={source}: their size is {rows.shape[1]}, the embedding's {dim}; set embedding_dim={rows.shape[1]}, or "
            f"train vectors of size {dim}."
        )
    found[PAD] = False
    say_known(f"{option}={source}", [token for token, there in zip(vocab, found.tolist(), strict=True) if there], vocab)
    with torch.no_grad():
        own = embedding.weight[found].square().mean().sqrt()
        embedding.weight[found] = rows[found] * (own / rows[found].square().mean().sqrt().clamp(min=1e-12))
    return {
        "vectors": str(path),
        "vectors_sha256": hash_of_file(path),
        "vectors_tokens": f"{int(found.sum())} of {len(vocab)} have a vector",
    }


def vectors_for(source: str, vocab: Sequence[str], option: str, open_run: OpenRun) -> tuple[Tensor, Tensor, Path]:
    """Look up vectors for a vocabulary.

    Args:
        source: A run of :class:`.SkipGram`, whose subwords give unseen words a vector, a ``.ckpt`` of it, or a ``.vec``.
        vocab: Words to look up.
        option: Whose option ``source`` is, for messages: ``"WordVectorClassifier: vectors"``.
        open_run: Loads a checkpoint of :class:`.SkipGram`; returns what gives a vector to any word.

    Returns:
        Vectors ``[V, dim]``, zeros for words that have none; which words have one ``bool [V]``; and the file.

    Raises:
        MisconfigurationException: No such file, or another format.
    """
    path = find_weights(source, f"{option}={source}: no such file; give a run of SkipGram (experiment=word_vectors), or a .vec.")
    look_up: Callable[[str], Tensor | None]
    if path.suffix == ".ckpt":
        if "context.weight" not in read_state_dict(path):
            raise MisconfigurationException(
                f"{option}={source}: contains no word vectors; train some with SkipGram (experiment=word_vectors)."
            )
        look_up = open_run(path)
        dim = len(look_up(vocab[0]))
    else:
        words, vectors = read_vec(path, vocab)
        place = {word: number for number, word in enumerate(words)}
        dim = vectors.shape[1]

        def look_up(word: str) -> Tensor | None:
            return vectors[place[word]] if word in place else None

    found = torch.zeros(len(vocab), dim)
    for number, word in enumerate(vocab):
        vector = look_up(word)
        if vector is not None:
            found[number] = vector
    return found, found.any(1), path
