"""An index of items: exact lists are those of the whole product, approximate ones nearly, and what is seen is left out."""

from __future__ import annotations

import pytest
import torch
from practicum.callbacks.ranking.user_items import PairsByUser, top_items
from practicum.cli.ann_index import indexed_top, recall_of


@pytest.mark.parametrize(("kind", "least"), [("flat", 1.0), ("hnsw", 0.9)])
def test_lists_are_those_of_the_product(kind: str, least: float) -> None:
    generator = torch.Generator().manual_seed(0)
    of_users, of_items = torch.randn(60, 8, generator=generator), torch.randn(500, 8, generator=generator)
    known = (torch.rand(60, 500, generator=generator) < 0.1).nonzero(as_tuple=True)
    seen, users = PairsByUser(*known, user_count=60), torch.arange(5, 60, 2)
    exact, scores = top_items(lambda block: of_users[block] @ of_items.T, users, seen, 500, 10)
    found, said = indexed_top(kind, of_users[users], of_items, seen, users, 10)
    assert recall_of(found, exact) >= least
    assert not seen.marks(users, 500).gather(1, found).any()
    torch.testing.assert_close(said[:, 0].max(), scores[:, 0].max())
