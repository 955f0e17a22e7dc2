"""What ``predict.py`` does with a recommender besides rating pairs: lists, neighbours, factors for an index."""

from __future__ import annotations

import shlex
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from practicum.callbacks.files.atomic_file import atomic_write
from practicum.callbacks.ranking.user_items import top_items
from practicum.datamodules.files.quoting import listed
from practicum.datamodules.tabular.readers import require_columns
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor
from torch.nn.functional import normalize

from .ann_index import indexed_top, recall
from .recommender_run import RecommenderRun

_RECALL_USERS = 1000  # users whose exact lists an index is compared with


def top_lists(run: RecommenderRun, source: str | None, k: int, index: str | None) -> dict[str, list[Any]]:
    """The best ``k`` items that each user does not have.

    Args:
        run: The run.
        source: A table with the column of users; ``None``: all users.
        k: Length of a list.
        index: ``flat`` or ``hnsw`` of faiss; ``None``: compute all scores.

    Returns:
        Columns: user, rank, item, title where known, prediction.

    Raises:
        MisconfigurationException: A table that can't be used, or a model without factors for an index.
    """
    names, users = (run.users, torch.arange(len(run.users))) if source is None else _users_of(run, source)
    seen = run.seen()
    if index is None:
        return run.list_columns(names, *top_items(run.model.scores, users, seen, len(run.items), k))
    run.require_factors(f"index={index}")
    user_vectors, item_vectors = run.model.factors()
    best, scores = indexed_top(index, user_vectors[users], item_vectors, seen, users, k)
    some = torch.randperm(len(users), generator=torch.Generator().manual_seed(1))[:_RECALL_USERS]
    exact, _ = top_items(run.model.scores, users[some], seen, len(run.items), k)
    print(f"index={index}: recall {recall(best[some], exact):.1%} of the exact lists ({len(some):,} users).")
    return run.list_columns(names, best, scores)


def _users_of(run: RecommenderRun, source: str) -> tuple[list[str], Tensor]:
    """Ids, as the table spells them, and rows of the users in a table that were in training."""
    table, user = run.read(source), run.model.user
    require_columns(f"input={source}", table.written.columns, [user])
    names = table.written[user].cast(pl.String).fill_null("no id")
    wanted = pl.DataFrame({"name": names, "row": pl.Series(run.ids.rows(user, table.plain[user]), dtype=pl.Int64)})
    known = wanted.filter(pl.col("row") >= 0).unique("row", keep="first", maintain_order=True)
    strangers = wanted.filter(pl.col("row") < 0)["name"].unique(maintain_order=True)
    if known.is_empty():
        raise MisconfigurationException(
            f"input={source}: none of its users was in training (such as {strangers[0]}; ids are like {run.users[0]!r}); "
            "give their ratings, fold_in=RATINGS.csv."
        )
    if len(strangers):
        print(
            f"{len(strangers):,} of {len(known) + len(strangers):,} users were not in training (such as {strangers[0]}); give "
            "their ratings, fold_in=RATINGS.csv."
        )
    return known["name"].to_list(), torch.tensor(known["row"].to_list())


def neighbours(run: RecommenderRun, item: str, k: int) -> dict[str, list[Any]]:
    """The ``k`` items nearest to one, by the cosine similarity of their vectors; says which one that is.

    Args:
        run: The run.
        item: Its id, or its title; ``id:120`` is an id only.
        k: How many.

    Returns:
        Columns: item, title where known, cosine.

    Raises:
        MisconfigurationException: There is no such item, or there are several.
    """
    row = _row_of(run, item)
    title = run.titles.get(run.items[row])
    print(f"Neighbours of {run.items[row]}{f', {title}' if title is not None and title != run.items[row] else ''}.")
    vectors = normalize(run.model.embedding_table(run.model.item).float(), dim=1)
    cosines = vectors @ vectors[row]
    cosines[row] = -2  # never its own neighbour
    values, rows = cosines.topk(min(k, len(run.items) - 1))
    return {**run.item_columns([run.items[each] for each in rows.tolist()]), "cosine": values.tolist()}


def _row_of(run: RecommenderRun, item: str) -> int:
    """The row of the one item that has this id or this title."""
    titles = run.titles
    named = [row for row, each in enumerate(run.items) if titles.get(each) == item]
    row = run.ids.rows(run.model.item, [item])[0]
    found = named if row < 0 else [row, *(each for each in named if each != row)]
    if not found and item.startswith("id:"):
        found = [each for each in run.ids.rows(run.model.item, [item.removeprefix("id:")]) if each >= 0]
    if not found:
        near = next((each for each, title in titles.items() if item.lower() in title.lower()), None)
        hint = f"; did you mean {titles[near]!r} ({near})?" if near is not None else f"; ids are like {run.items[0]!r}."
        raise MisconfigurationException(f"neighbours={item}: there is no such item in training{hint}")
    if len(found) == 1:
        return found[0]
    ids = [run.items[each] for each in found]
    if row >= 0:
        raise MisconfigurationException(
            f"neighbours={item}: is the id of one item and the title of another ({listed(ids[1:])}); name the first as "
            f"{shlex.quote(f'neighbours=id:{item}')}, the other by its id."
        )
    such = shlex.quote(f"neighbours={ids[0]}")
    raise MisconfigurationException(
        f"neighbours={item}: {len(ids)} items have this title ({listed(ids)}); name one by its id, such as {such}."
    )


def write_factors(run: RecommenderRun, folder: Path) -> None:
    """Write vectors ``float32 [N, factors + 2]`` to ``users.parquet``, ``items.parquet``, ``users.npy`` and ``items.npy``.

    All are written before any takes its name. They contain the biases: the inner product of a user's and an item's vector is the
    score of the pair.

    Args:
        run: The run.
        folder: Where the files go.

    Raises:
        MisconfigurationException: The model has no factors.
    """
    run.require_factors("format=factors")
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as all_or_none:
        for name, ids, vectors in zip(("users", "items"), (run.users, run.items), run.model.factors(), strict=True):
            numbers = vectors.float().numpy()
            columns = {"id": ids} if name == "users" else run.item_columns(ids)
            kind = pl.Array(pl.Float32, numbers.shape[1])
            table = pl.DataFrame(columns).with_columns(pl.Series("vector", numbers, dtype=kind))
            table.write_parquet(all_or_none.enter_context(atomic_write(folder / f"{name}.parquet")))
            with open(all_or_none.enter_context(atomic_write(folder / f"{name}.npy")), "wb") as file:
                np.save(file, numbers)
