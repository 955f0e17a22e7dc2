"""The best items by an index of faiss (``pip install practicum[ann]``): exact, or approximate and quick among millions."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from pytorch_lightning.utilities.exceptions import MisconfigurationException
from torch import Tensor

from ..callbacks.pairs_by_user import PairsByUser

_LINKS = 32  # of each item in the graph (faiss's M)


def _index(kind: str, vectors: np.ndarray[Any, Any], look: int) -> Any:
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
        index.hnsw.efSearch = max(64, 2 * look)
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
    owner, items = seen.of(users)
    most = int(torch.bincount(owner, minlength=len(users)).max())
    look = min(len(of_items), k + most)  # so many that k are left, whatever of them is seen
    index = _index(kind, np.ascontiguousarray(of_items.float().numpy()), look)
    scores, found = (torch.from_numpy(each) for each in index.search(np.ascontiguousarray(of_users.float().numpy()), look))
    keys = (owner * len(of_items) + items).sort().values
    asked = torch.arange(len(users))[:, None] * len(of_items) + found
    known = torch.zeros_like(asked, dtype=torch.bool)
    if len(keys):
        known = keys[torch.searchsorted(keys, asked).clamp(max=len(keys) - 1)] == asked
    scores = scores.masked_fill(known | (found < 0), float("-inf"))
    best, place = scores.topk(min(k, look), 1)
    return found.gather(1, place), best


def recall_of(found: Tensor, exact: Tensor) -> float:
    """Share of the items of exact lists ``[B, k]`` that stand in those found ``[B, k]``."""
    return float((exact[:, :, None] == found[:, None, :]).any(2).double().mean())
