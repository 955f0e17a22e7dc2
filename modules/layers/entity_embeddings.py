"""Entity embeddings: each category of each categorical column has a vector, and all columns are looked up at once.

**What it does.** The vectors of all columns are stored one after another in a single parameter. A row's codes become positions in
it by one multiplication and one addition, and one gather fetches them all: no loop over columns, and bit-equal to one
``nn.Embedding`` per column. Where all columns have the same size, whole rows are fetched, up to three times as fast.

**When to use it.** Wherever a column names things (shops, days, states) rather than measures them.

**Defaults.** Sizes by :func:`embedding_dim`; initialised normally with standard deviation .01.

**Source.** Guo & Berkhahn 2016, "Entity embeddings of categorical variables"; the size is fast.ai's rule.
"""

from __future__ import annotations

import difflib
import logging
from collections.abc import Mapping, Sequence

import torch
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor, nn
from torch.nn import functional as F

log = logging.getLogger(__name__)

_MANY = 1_000_000  # categories of a column from which its memory is worth a warning


def embedding_dim(cardinality: int) -> int:
    """fast.ai's rule of thumb for a column with that many categories: ``min(600, round(1.6 n^0.56))``."""
    return min(600, round(1.6 * cardinality**0.56))


def choose_dims(owner: str, categories: Mapping[str, Sequence[str]], given: Mapping[str, int], max_dim: int) -> list[int]:
    """Embedding size of each column; warns of a column whose vectors take much memory.

    Args:
        owner: Name of the class that has ``embedding_dims`` as an option, for messages.
        categories: Categories by column.
        given: Sizes by column; other columns follow :func:`embedding_dim`.
        max_dim: Upper bound on sizes by that rule.

    Raises:
        MisconfigurationException: A size for a column that doesn't exist, or below 1.
    """
    for column, size in given.items():
        if column not in categories:
            near = difflib.get_close_matches(column, categories, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(categories) or 'none'}."
            raise MisconfigurationException(f"{owner}: embedding_dims.{column}: there is no such categorical column{hint}")
        if size < 1:
            raise MisconfigurationException(f"{owner}: embedding_dims.{column}={size} must be at least 1.")
    dims = []
    for column, levels in categories.items():
        dim = given.get(column) or min(max_dim, embedding_dim(len(levels) + 1))
        dims.append(dim)
        if len(levels) >= _MANY:
            log.warning(
                f"{column} has {len(levels):,} categories: its vectors take {len(levels) * dim * 4 / 1e9:.1f} GB, and three "
                "times as much again in training; the data's min_count=5 drops rare ones, max_embedding_dim=8 shortens vectors."
            )
    return dims


class EntityEmbeddings(nn.Module):
    """One vector for each category of each of C columns, concatenated.

    Args:
        cardinalities: Number of categories of each column, including the unknown one (code 0) ``[C]``.
        dims: Embedding size of each column ``[C]``.
    """

    offset: Tensor
    stride: Tensor
    column: Tensor
    first_row: Tensor

    def __init__(self, cardinalities: Sequence[int], dims: Sequence[int]) -> None:
        super().__init__()
        self.cardinalities, self.dims = list(cardinalities), list(dims)
        sizes = [count * dim for count, dim in zip(cardinalities, dims, strict=True)]
        self.starts = [sum(sizes[:column]) for column in range(len(sizes))]
        self.weight = nn.Parameter(torch.empty(sum(sizes)).normal_(std=0.01))
        # For each output feature: its column, the distance between that column's categories, and where its first category is.
        dtype = torch.int32 if sum(sizes) < 1 << 31 else torch.int64
        features = [(c, dim, start + i) for c, (dim, start) in enumerate(zip(dims, self.starts, strict=True)) for i in range(dim)]
        numbers = torch.tensor(features, dtype=dtype).view(-1, 3)
        for name, values in zip(("column", "stride", "offset"), numbers.T, strict=True):
            self.register_buffer(name, values.contiguous(), persistent=False)
        # Where all columns have the same size, their vectors are rows of one table.
        self.common_dim = self.dims[0] if len(set(self.dims)) == 1 and self.dims[0] > 0 else None
        first_rows = [sum(self.cardinalities[:column]) for column in range(len(self.cardinalities))]
        self.register_buffer("first_row", torch.tensor(first_rows, dtype=torch.int64), persistent=False)

    def forward(self, codes: Tensor) -> Tensor:
        """Vectors ``[B, sum(dims)]`` of rows of integer codes ``[B, C]``."""
        if self.common_dim is not None:
            return F.embedding(codes + self.first_row, self.weight.view(-1, self.common_dim)).flatten(1)
        codes = codes.to(self.offset.dtype)
        positions = codes.index_select(1, self.column).mul_(self.stride).add_(self.offset)
        return self.weight.index_select(0, positions.view(-1)).view(positions.shape)

    def table(self, column: int) -> Tensor:
        """The vectors of one column ``[cardinality, dim]``, that of the unknown category first. A view: writes change them."""
        start, count, dim = self.starts[column], self.cardinalities[column], self.dims[column]
        return self.weight[start : start + count * dim].view(count, dim)
