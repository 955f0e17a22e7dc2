"""Find the best items with an index of faiss (``pip install practicum[ann]``): exact, or approximate and fast among millions."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import torch
from practicum.callbacks.ranking.user_items import MAX_SCORES, UserItems
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor

_LINKS = 32  # of each item in the graph (faiss's M)
_EF_CONSTRUCTION = 200  # candidates while the graph is built
_MARGIN = 64  # items fetched beyond those needed, so that a list rarely ends short


def build_index(kind: str, vectors: np.ndarray[Any, Any]) -> Any:
    """Build an index of inner products.

    Args:
        kind: ``flat`` (exact) or ``hnsw`` (Malkov & Yashunin 2018).
        vectors: Vectors ``float32 [items, F]``.

    Raises:
        MisconfigurationException: Another kind, or faiss is not installed.
    """
    if kind not in ("flat", "hnsw"):
        raise MisconfigurationException(f"index={kind}: choose flat (exact) or hnsw (approximate).")
    logging.getLogger("faiss.loader").setLevel(logging.WARNING)  # which instructions it finds is of no use to a user
    try:
        import faiss  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MisconfigurationException(f"index={kind}: faiss is not installed; pip install practicum[ann].") from error
    if kind == "flat":
        index: Any = faiss.IndexFlatIP(vectors.shape[1])
    else:
        index = faiss.IndexHNSWFlat(vectors.shape[1], _LINKS, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = _EF_CONSTRUCTION
    index.add(vectors)
    return index


def indexed_top(
    kind: str, user_vectors: Tensor, item_vectors: Tensor, seen: UserItems, users: Tensor, k: int
) -> tuple[Tensor, Tensor]:
    """The best ``k`` items that users do not have, by an index of inner products.

    Args:
        kind: ``flat`` or ``hnsw``.
        user_vectors: Vectors ``[B, F]``.
        item_vectors: Vectors ``[items, F]``.
        seen: Items that users have.
        users: The users' rows ``int64 [B]``.
        k: Length of a list.

    Returns:
        Items ``int64 [B, k]`` and their scores; minus infinity where the index found too few unseen items.

    Raises:
        MisconfigurationException: Another kind of index, or faiss is not installed.
    """
    index, width = build_index(kind, np.ascontiguousarray(item_vectors.float().numpy())), min(k, len(item_vectors))
    best, best_scores = torch.zeros(len(users), width, dtype=torch.long), torch.full((len(users), width), float("-inf"))
    counts = seen.starts.diff()[users]
    order = counts.argsort()  # users with similarly many items are searched for together, a bounded block at a time
    first = 0
    while first < len(order):
        fetched = min(len(item_vectors), k + 2 * int(counts[order[first]]) + _MARGIN)
        block = order[first : first + max(1, MAX_SCORES // fetched)]
        if fetched < len(item_vectors):
            block = block[counts[block] + k <= fetched]  # even if all of their items are among those fetched, k are left
        if kind == "hnsw":
            index.hnsw.efSearch = 2 * fetched
        vectors = np.ascontiguousarray(user_vectors[block].float().numpy())
        scores, found = (torch.from_numpy(each) for each in index.search(vectors, fetched))
        owner, items = seen.items_of(users[block])
        keys = (owner * len(item_vectors) + items).sort().values
        candidates = torch.arange(len(block))[:, None] * len(item_vectors) + found
        known = torch.zeros_like(candidates, dtype=torch.bool)
        if len(keys):
            known = keys[torch.searchsorted(keys, candidates).clamp(max=len(keys) - 1)] == candidates
        scores = scores.masked_fill(known | (found < 0), float("-inf"))
        best_scores[block], place = scores.topk(width, 1)
        best[block] = found.gather(1, place)
        first += len(block)
    return best, best_scores


def recall(found: Tensor, exact: Tensor) -> float:
    """Share of the items of exact lists ``[B, k]`` that are in those found ``[B, k]``."""
    return float((exact[:, :, None] == found[:, None, :]).any(2).double().mean())
