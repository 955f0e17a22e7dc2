"""Windows of a long text for truncated back-propagation through time (BPTT): parallel streams, read in step.

**What it does.** Cuts a text into ``batch_size`` streams of equal length and reads them in parallel, ``bptt`` tokens at a time:
row ``b`` of a batch continues row ``b`` of the batch before. A recurrent network that carries its state from window to window
(:class:`practicum.callbacks.TruncatedBPTT`) thus reads the whole text, while memory grows with the window only. With
``variable_length`` the windows' lengths are drawn anew in every epoch, so that boundaries do not always fall on the same words.

**When to use it.** For any recurrent network on a long sequence. ``variable_length`` in training, never in validation.

**Defaults.** 64 streams, 72 tokens.

**Sources.** Williams and Peng 1990 (truncation); Merity et al. 2018, "Regularizing and optimizing LSTM language models", section
4.1 (variable length, with a learning rate in proportion to each window's length).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor
from torch.utils.data import Dataset

Tokens = np.ndarray[Any, Any]


def window_lengths(total: int, bptt: int, rng: np.random.Generator) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Draw lengths of windows that together cover a stream; their number does not depend on the draw.

    Each length is normally distributed with standard deviation 5 around ``bptt``, or, with probability 0.05, around ``bptt / 2``;
    at least 5 (Merity et al. 2018). All are then scaled by one factor so that they fill the stream.

    Args:
        total: Tokens in a stream.
        bptt: Usual length.
        rng: Random generator.

    Returns:
        Lengths ``[windows]``, each at least 1, with sum ``total``.

    Example:
        >>> import numpy as np
        >>> from practicum.datamodules.text.bptt_windows import window_lengths
        >>> lengths = window_lengths(1000, 50, np.random.default_rng(1))
        >>> len(lengths), int(lengths.sum())
        (21, 1000)
    """
    count = min(total, max(1, round(total / (0.975 * bptt))))
    centre = np.where(rng.random(count) < 0.95, bptt, bptt / 2)
    drawn = np.maximum(rng.normal(centre, 5.0), min(5, bptt))
    ends = np.round(np.cumsum(drawn) * ((total - count) / drawn.sum())).astype(np.int64)
    return 1 + np.diff(ends, prepend=0)


def token_ids(tokens: Any, owner: str) -> Tokens:
    """Return token ids as an array ``[tokens]``, memory-mapped ones as they are.

    Args:
        tokens: Array, tensor or list of integers.
        owner: Who takes them, for the message.

    Raises:
        MisconfigurationException: They are not integers, or not in a row.
    """
    array: Tokens = tokens if isinstance(tokens, np.ndarray) else np.asarray(tokens)
    if array.ndim != 1 or (array.size and not np.issubdtype(array.dtype, np.integer)):
        raise MisconfigurationException(
            f"{owner}: tokens must be integers in one row, the ids of tokens; these are {array.dtype} of shape "
            f"{list(array.shape)}. A series of numbers goes to TruncatedBPTT(split=...) as batches [B, T]."
        )
    return array


class BPTTWindows(Dataset[tuple[Tensor, Tensor]]):
    """Windows over parallel streams of tokens, each a whole batch ``(x, y)``: ``int64 [batch_size, T]``, ``y`` one token ahead.

    Use it with ``DataLoader(..., batch_size=None)``. It is indexed by number, or by ``(epoch, number)`` as
    :class:`.SeededSampler` yields; the epoch determines variable lengths.

    Args:
        tokens: Consecutive parts of the text, one array ``[tokens]`` each. They may be memory-mapped: only the
            requested window is read.
        batch_size: Streams per process.
        bptt: Tokens per window.
        variable_length: Draw each window's length around ``bptt``.
        reverse: Read the text backwards.
        seed: Seed of the lengths.
        rank: Index of this process; each process has streams of its own.
        world_size: Number of processes.

    Raises:
        MisconfigurationException: ``bptt`` or ``batch_size`` is below 1; the text is too short for two tokens per stream, or is
            not of integers (the ids of tokens): of a series of numbers make windows ``[B, T]`` and use
            :class:`practicum.callbacks.TruncatedBPTT` with ``split``.

    Example:
        >>> import numpy as np
        >>> from practicum.datamodules import BPTTWindows
        >>> windows = BPTTWindows(np.arange(13), batch_size=2, bptt=4)
        >>> x, y = windows[0]
        >>> x.tolist()
        [[0, 1, 2, 3], [6, 7, 8, 9]]
        >>> y.tolist()
        [[1, 2, 3, 4], [7, 8, 9, 10]]
        >>> windows[1][0].tolist()  # each row continues
        [[4, 5], [10, 11]]
    """

    def __init__(
        self,
        *tokens: Tokens,
        batch_size: int = 64,
        bptt: int = 72,
        variable_length: bool = False,
        reverse: bool = False,
        seed: int = 1,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        for name, value in (("bptt", bptt), ("batch_size", batch_size)):
            if isinstance(value, bool) or value != int(value) or value < 1:
                raise MisconfigurationException(f"BPTTWindows: {name}={value} must be a whole number, at least 1.")
        if any(isinstance(part, int) for part in tokens):
            raise MisconfigurationException(
                "BPTTWindows: give batch_size= and bptt= by name; what comes before them are arrays of token ids."
            )
        tokens = tuple(token_ids(part, "BPTTWindows") for part in tokens)
        if not tokens:
            raise MisconfigurationException("BPTTWindows: there is no text; give its parts, arrays of token ids.")
        self.batch_size, self.variable_length, self.reverse, self.seed = batch_size, variable_length, reverse, seed
        self._parts = tokens
        self._ends = np.cumsum([len(part) for part in tokens])
        total = int(self._ends[-1])
        streams = batch_size * world_size
        self.length = (total - 1) // streams  # of a stream; the remaining tokens are dropped
        if self.length < 1:
            raise MisconfigurationException(
                f"BPTTWindows: the text has {total} tokens, too few for {streams} streams of at least two "
                f"(batch_size={batch_size} on each of {world_size} processes); lower batch_size or use a longer text."
            )
        self.bptt = min(bptt, self.length)  # a text shorter than a window is a single window
        self._starts = (rank * batch_size + np.arange(batch_size)) * self.length
        self._total = total
        self._boundaries: tuple[int, Tokens] | None = None  # with their epoch

    def boundaries(self, epoch: int) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Return where the windows of each stream begin, and where the last one ends ``[windows + 1]``."""
        if self._boundaries is None or (self.variable_length and self._boundaries[0] != epoch):
            if self.variable_length:
                lengths = window_lengths(self.length, self.bptt, np.random.default_rng([self.seed, epoch]))
                inner = np.minimum(np.cumsum(lengths), self.length)
            else:
                inner = np.append(np.arange(self.bptt, self.length, self.bptt), self.length)
            self._boundaries = epoch, np.append(0, inner)
        return self._boundaries[1]

    def __len__(self) -> int:
        return len(self.boundaries(0)) - 1

    def __getitem__(self, key: int | tuple[int, int]) -> tuple[Tensor, Tensor]:
        epoch, number = key if isinstance(key, tuple) else (0, key)
        boundaries = self.boundaries(epoch)
        if not 0 <= number < len(boundaries) - 1:
            raise IndexError(number)
        start, stop = int(boundaries[number]), int(boundaries[number + 1])
        rows = np.stack([self._read(int(first) + start, int(first) + stop + 1) for first in self._starts])
        window = torch.from_numpy(rows.astype(np.int64))
        return window[:, :-1], window[:, 1:]

    def _read(self, start: int, stop: int) -> Tokens:
        if self.reverse:
            start, stop = self._total - stop, self._total - start
        pieces = []
        for part, end in zip(self._parts, self._ends, strict=True):
            first = end - len(part)
            if start < end and stop > first:
                pieces.append(part[max(start - first, 0) : stop - first])
        row = pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
        return row[::-1] if self.reverse else row
