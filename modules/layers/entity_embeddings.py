"""Entity embeddings: each level of each categorical column has a vector, and all columns are looked up at once.

**What it does.** The vectors of all columns lie behind one another in a single parameter. A row's levels become positions in
it by one multiplication and one addition, and one gather fetches the lot: no loop over columns, and the same numbers, to the bit,
as one ``nn.Embedding`` a column. Where all columns are as wide, whole rows are fetched, up to three times as fast.

**When to use it.** Wherever a column names things (shops, days, states) rather than measures them.

**Defaults.** Widths by :func:`embedding_width`; normal of deviation .01.

**Source.** Guo & Berkhahn 2016, "Entity embeddings of categorical variables"; the width is fast.ai's rule.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def embedding_width(levels: int) -> int:
    """fast.ai's rule of thumb for a column of so many levels: ``min(600, round(1.6 n^0.56))``."""
    return min(600, round(1.6 * levels**0.56))


class EntityEmbeddings(nn.Module):
    """One vector for each level of each of C columns, side by side.

    Args:
        levels: How many each column has, that for unknown (number 0) included ``[C]``.
        widths: Of each column's vectors ``[C]``.
    """

    place: Tensor
    width: Tensor
    column: Tensor
    first: Tensor

    def __init__(self, levels: Sequence[int], widths: Sequence[int]) -> None:
        super().__init__()
        self.levels, self.widths = list(levels), list(widths)
        sizes = [count * width for count, width in zip(levels, widths, strict=True)]
        self.starts = [sum(sizes[:column]) for column in range(len(sizes))]
        self.weight = nn.Parameter(torch.empty(sum(sizes)).normal_(std=0.01))
        # For each feature that comes out: its column, how far apart that column's levels lie, and where its first level has it.
        kind = torch.int32 if sum(sizes) < 1 << 31 else torch.int64
        of_feature = [(c, w, start + i) for c, (w, start) in enumerate(zip(widths, self.starts, strict=True)) for i in range(w)]
        numbers = torch.tensor(of_feature, dtype=kind).view(-1, 3)
        for name, values in zip(("column", "width", "place"), numbers.T, strict=True):
            self.register_buffer(name, values.contiguous(), persistent=False)
        # Where all columns are as wide, their vectors are rows of one table.
        self.alike = self.widths[0] if len(set(self.widths)) == 1 and self.widths[0] > 0 else None
        firsts = torch.tensor([sum(self.levels[:column]) for column in range(len(self.levels))], dtype=torch.int64)
        self.register_buffer("first", firsts, persistent=False)

    def forward(self, codes: Tensor) -> Tensor:
        """Vectors ``[B, sum of widths]`` of rows of levels, whole numbers ``[B, C]``."""
        if self.alike is not None:
            return F.embedding(codes + self.first, self.weight.view(-1, self.alike)).flatten(1)
        codes = codes.to(self.place.dtype)
        positions = codes.index_select(1, self.column).mul_(self.width).add_(self.place)
        return self.weight.index_select(0, positions.view(-1)).view(positions.shape)

    def table(self, column: int) -> Tensor:
        """The vectors of one column ``[levels, width]``; row 0 is that of unknown. A view: writing to it changes them."""
        start, levels, width = self.starts[column], self.levels[column], self.widths[column]
        return self.weight[start : start + levels * width].view(levels, width)
