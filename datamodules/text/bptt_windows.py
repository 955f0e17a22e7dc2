"""Windows of a long text for truncated back-propagation: parallel streams, each going on where it stopped.

**What it does.** Cuts a text into ``batch_size`` pieces of equal length that lie under one another, and walks over all of them at
once, a window of ``bptt`` tokens at a time: row ``b`` of a batch goes on where row ``b`` of the batch before ended. A network
whose state is carried from window to window (:class:`practicum.callbacks.TruncatedBPTT`) so reads the whole text, while memory
grows with the window only. With ``vary`` the length of each window is drawn, anew in every epoch, so that the same words do not
always stand at a window's edge.

**When to use it.** For any recurrent network on a long sequence. ``vary`` in training, never in validation.

**Defaults.** 64 streams, 72 tokens.

**Sources.** Williams and Peng 1990 (truncation); Merity et al. 2018, "Regularizing and optimizing LSTM language models", section
5 (variable length; with it goes a rate in proportion to the window's length).
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
    """Lengths of varying windows that together cover a stream; how many there are does not depend on what is drawn.

    Each is drawn from a normal distribution of deviation 5 around ``bptt``, or in one of twenty cases around half of it, at
    least 5 (Merity et al. 2018); then all are stretched alike so that they fill the stream.

    Args:
        total: Tokens of a stream.
        bptt: Usual length.
        rng: Draws.

    Returns:
        ``[windows]``, each at least 1.
    """
    count = min(total, max(1, round(total / (0.975 * bptt))))
    centre = np.where(rng.random(count) < 0.95, bptt, bptt / 2)
    drawn = np.maximum(rng.normal(centre, 5.0), min(5, bptt))
    ends = np.round(np.cumsum(drawn) * ((total - count) / drawn.sum())).astype(np.int64)
    return 1 + np.diff(ends, prepend=0)


class BPTTWindows(Dataset[tuple[Tensor, Tensor]]):
    """Windows over parallel streams of tokens, each a whole batch ``(x, y)``: ``int64 [batch_size, T]``, ``y`` a token ahead.

    Take it with ``batch_size=None``. Items are asked for by number, or by ``(epoch, number)``, as
    :class:`.SeededSampler` gives them; the epoch says how lengths vary.

    Args:
        tokens: Texts in succession, one array each ``[tokens]``, which may lie on disk: only the window asked for is read.
        batch_size: Streams, on each process.
        bptt: Tokens of a window.
        vary: Draw each window's length around ``bptt``.
        reverse: Read the text from its end to its beginning.
        seed: Of the lengths.
        rank: This process; each has streams of its own.
        world_size: Number of processes.

    Raises:
        MisconfigurationException: ``bptt`` or ``batch_size`` below 1, or a text too short for two tokens a stream.
    """

    def __init__(
        self,
        *tokens: Tokens,
        batch_size: int = 64,
        bptt: int = 72,
        vary: bool = False,
        reverse: bool = False,
        seed: int = 1,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        if bptt < 1 or batch_size < 1:
            name, value = ("bptt", bptt) if bptt < 1 else ("batch_size", batch_size)
            raise MisconfigurationException(f"data.{name}={value} must be at least 1.")
        self.batch_size, self.vary, self.reverse, self.seed = batch_size, vary, reverse, seed
        self._parts = tokens
        self._ends = np.cumsum([len(part) for part in tokens])
        total = int(self._ends[-1])
        streams = batch_size * world_size
        self.length = (total - 1) // streams  # of a stream; the last few tokens are left out
        if self.length < 1:
            raise MisconfigurationException(
                f"The text has {total} tokens, too few for {streams} streams of two or more (data.batch_size={batch_size} on "
                f"each of {world_size} processes); lower data.batch_size or take a longer text."
            )
        self.bptt = min(bptt, self.length)  # a text shorter than one window is one window
        self._starts = (rank * batch_size + np.arange(batch_size)) * self.length
        self._total = total
        self._edges: tuple[int, Tokens] | None = None

    def edges(self, epoch: int) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Where windows begin and end in each stream ``[windows + 1]``."""
        if self._edges is None or (self.vary and self._edges[0] != epoch):
            if self.vary:
                lengths = window_lengths(self.length, self.bptt, np.random.default_rng([self.seed, epoch]))
                inner = np.minimum(np.cumsum(lengths), self.length)
            else:
                inner = np.append(np.arange(self.bptt, self.length, self.bptt), self.length)
            self._edges = epoch, np.append(0, inner)
        return self._edges[1]

    def __len__(self) -> int:
        return len(self.edges(0)) - 1

    def __getitem__(self, key: int | tuple[int, int]) -> tuple[Tensor, Tensor]:
        epoch, number = key if isinstance(key, tuple) else (0, key)
        edges = self.edges(epoch)
        if not 0 <= number < len(edges) - 1:
            raise IndexError(number)
        start, stop = int(edges[number]), int(edges[number + 1])
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
