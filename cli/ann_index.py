"""The best items by an index of faiss (``pip install practicum[ann]``): exact, or approximate and quick among millions."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from practicum.callbacks.ranking.user_items import CELLS, PairsByUser
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor

_LINKS = 32  # of each item in the graph (faiss's M)


def _index(kind: str, vectors: np.ndarray[Any, Any]) -> Any:
    if kind not in ("flat", "hnsw"):
        raise MisconfigurationException(f"index={kind}: choose flat (exact) or hnsw (approximate).")
    try:
        import faiss  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MisconfigurationException(f"index={kind}: faiss is not installed; pip install practicum[ann].") from error
    if kind == "flat":
        index: Any = faiss.IndexFlatIP(vectors.shape[1])
    else:
        index = faiss.IndexHNSWFlat(vectors.shape[1], _LINKS, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = 200
    index.add(vectors)
    return index


def indexed_top(kind: str, of_users: Tensor, of_items: Tensor, seen: PairsByUser, users: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The best ``k`` items that users do not have, by an index of inner products.

    Args:
        kind: ``flat`` or ``hnsw`` (Malkov & Yashunin 2018).
        of_users: Vectors ``[B, F]``.
        of_items: Vectors ``[items, F]``.
        seen: What users have.
        users: Who they are ``int64 [B]``.
        k: Length of a list.

    Returns:
        Items ``int64 [B, k]`` and scores; where the index found too few that are not seen, minus infinity.
    """
    index, width = _index(kind, np.ascontiguousarray(of_items.float().numpy())), min(k, len(of_items))
    best, best_scores = torch.zeros(len(users), width, dtype=torch.long), torch.full((len(users), width), float("-inf"))
    counts = seen.starts.diff()[users]
    order = counts.argsort()  # users who have as much as one another are asked about together, a bounded block at a time
    first = 0
    while first < len(order):
        look = min(len(of_items), k + 2 * int(counts[order[first]]) + 64)
        fits = max(1, CELLS // look)
        block = order[first : first + fits]
        block = block[counts[block] + k <= look] if look < len(of_items) else block  # whatever of them is seen, k are left
        if kind == "hnsw":
            index.hnsw.efSearch = 2 * look
        vectors = np.ascontiguousarray(of_users[block].float().numpy())
        scores, found = (torch.from_numpy(each) for each in index.search(vectors, look))
        owner, items = seen.of(users[block])
        keys = (owner * len(of_items) + items).sort().values
        asked = torch.arange(len(block))[:, None] * len(of_items) + found
        known = torch.zeros_like(asked, dtype=torch.bool)
        if len(keys):
            known = keys[torch.searchsorted(keys, asked).clamp(max=len(keys) - 1)] == asked
        scores = scores.masked_fill(known | (found < 0), float("-inf"))
        best_scores[block], place = scores.topk(width, 1)
        best[block] = found.gather(1, place)
        first += len(block)
    return best, best_scores


def recall_of(found: Tensor, exact: Tensor) -> float:
    """Share of the items of exact lists ``[B, k]`` that stand in those found ``[B, k]``."""
    return float((exact[:, :, None] == found[:, None, :]).any(2).double().mean())
