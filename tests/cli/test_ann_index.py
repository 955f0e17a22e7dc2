"""Exact lists of an index are those of all scores, approximate ones nearly, and seen items are left out."""

from __future__ import annotations

import numpy
import pytest
import torch
from practicum.callbacks.ranking.user_items import UserItems, top_items
from practicum.cli.ann_index import build_index, indexed_top, recall
from practicum.lightning_shim import MisconfigurationException


@pytest.mark.parametrize(("kind", "least"), [("flat", 1.0), ("hnsw", 0.9)])
def test_lists_are_those_of_all_scores(kind: str, least: float) -> None:
    generator = torch.Generator().manual_seed(0)
    user_vectors, item_vectors = torch.randn(60, 8, generator=generator), torch.randn(500, 8, generator=generator)
    known = (torch.rand(60, 500, generator=generator) < 0.1).nonzero(as_tuple=True)
    seen, users = UserItems(*known, user_count=60), torch.arange(5, 60, 2)
    exact, exact_scores = top_items(lambda block: user_vectors[block] @ item_vectors.T, users, seen, 500, 10)
    found, scores = indexed_top(kind, user_vectors[users], item_vectors, seen, users, 10)
    assert recall(found, exact) >= least
    assert not seen.mask(users, 500).gather(1, found).any()
    torch.testing.assert_close(scores[:, 0].max(), exact_scores[:, 0].max())


def test_recall_counts_items_wherever_they_stand() -> None:
    assert recall(torch.tensor([[1, 2], [3, 4]]), torch.tensor([[2, 9], [4, 3]])) == 0.75


def test_other_kinds_are_refused() -> None:
    with pytest.raises(MisconfigurationException, match=r"index=tree: choose flat \(exact\) or hnsw \(approximate\)"):
        build_index("tree", numpy.zeros((1, 2), dtype=numpy.float32))
