"""Predictions for users who were not in training, from what they rated (folding in)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import torch
from practicum.callbacks.ranking.user_items import UserItems, top_items
from practicum.datamodules.tabular.readers import read_table, require_columns
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor

from .recommender_run import RecommenderRun

NEW = "new"  # the name of someone whose ratings come without one


class _NewUsers(NamedTuple):
    """Users folded in: their names, vectors ``[users, 1 + factors]`` with the bias first, and the known items they rated."""

    names: list[str]
    vectors: Tensor
    rated: UserItems


def new_users(run: RecommenderRun, source: str, pairs: str | None, k: int) -> dict[str, list[Any]]:
    """Lists, or predictions for pairs, for users who were not in training.

    Args:
        run: The run.
        source: A table of their ratings: the columns of items and of ratings and, for several users, of users.
        pairs: A table of pairs of them and items to predict; ``None``: their lists.
        k: Length of a list.

    Returns:
        Columns of the lists, or those of ``pairs`` and the prediction.

    Raises:
        MisconfigurationException: A table that can't be used, or a model that can't fold users in.
    """
    run.require_factors(f"fold_in={source}")
    users = _fold_in(run, source)
    _, item_vectors = run.model.factors()

    def scores(rows: Tensor) -> Tensor:
        block = users.vectors[rows]
        return block[:, 1:] @ item_vectors[:, :-2].T + block[:, :1] + item_vectors[:, -1]

    everyone = torch.arange(len(users.names))
    if pairs is None:
        return run.list_columns(users.names, *top_items(scores, everyone, users.rated, len(run.items), k))
    return _pair_columns(run, pairs, users, scores(everyone))


def _fold_in(run: RecommenderRun, source: str) -> _NewUsers:
    table = _read_ratings(run, source)
    names: list[str] = []
    vectors, items, owners = [], [], []
    for (name,), own in table.group_by(run.model.user, maintain_order=True):
        codes = torch.tensor([run.item_rows.get(str(item), -1) + 1 for item in own[run.model.item]])
        ratings = torch.tensor(own[run.rating].to_list(), dtype=torch.float64) if run.rating in own.columns else None
        names.append(str(name))
        if run.predicts_ratings or ratings is None:
            vectors.append(run.model.fold_in(codes, ratings))
        else:  # as in training, ratings from the threshold on are positive; the other items were only seen
            assert run.positive_threshold is not None
            vectors.append(run.model.fold_in(codes[ratings >= run.positive_threshold]))
        items.append(codes[codes > 0] - 1)
        owners.append(torch.full((int((codes > 0).sum()),), len(names) - 1))
    if unknown := len(table) - sum(map(len, items)):
        print(f"{unknown:,} of {len(table):,} ratings are of items that were not in training; they are left out.")
    return _NewUsers(names, torch.stack(vectors), UserItems(torch.cat(owners), torch.cat(items), user_count=len(names)))


def _read_ratings(run: RecommenderRun, source: str) -> pl.DataFrame:
    """The columns of users, items and, where ratings matter to this model, of ratings as float64."""
    where, (user, item) = f"fold_in={source}", (run.model.user, run.model.item)
    table = read_table(Path(source)).collect()
    rating = run.rating
    needed = run.predicts_ratings
    require_columns(where, table.columns, [item, *([rating] if needed and rating else [])])
    if not len(table):
        raise MisconfigurationException(f"{where}: is empty; what the new users rated is wanted.")
    if user not in table.columns:
        table = table.with_columns(pl.lit(NEW).alias(user))
    if rating is None or not (needed or (run.positive_threshold is not None and rating in table.columns)):
        return table.select(user, item)
    numbers = table[rating].cast(pl.Float64, strict=False)
    wrong = (numbers.is_null() | numbers.is_nan() | numbers.is_infinite()).arg_true()
    if len(wrong):
        raise MisconfigurationException(
            f"{where}: row {wrong[0] + 1:,} has no {rating} ({table[rating][wrong[0]]}); a number is wanted."
        )
    return table.select(user, item, numbers.alias(rating))


def _pair_columns(run: RecommenderRun, source: str, users: _NewUsers, scores: Tensor) -> dict[str, list[Any]]:
    table = read_table(Path(source)).collect()
    user, item = run.model.user, run.model.item
    if user not in table.columns and users.names == [NEW]:
        table = table.with_columns(pl.lit(NEW).alias(user))
    require_columns(f"input={source}", table.columns, [user, item])
    rows = {name: row for row, name in enumerate(users.names)}
    strangers = [name for name in map(str, table[user]) if name not in rows]
    if strangers:
        raise MisconfigurationException(f"input={source}: {user} {strangers[0]} has no rating in fold_in.")
    user_rows = torch.tensor([rows[str(name)] for name in table[user]])
    item_rows = torch.tensor([run.item_rows.get(str(each), -1) for each in table[item]])
    # An unknown item counts as an average one: what is left of its score is the user's own bias.
    found = torch.where(item_rows >= 0, scores[user_rows, item_rows.clamp(min=0)], users.vectors[user_rows, 0])
    if unknown := int((item_rows < 0).sum()):
        print(f"{unknown:,} of {len(table):,} items were not in training; the mean of all items stands in.")
    return {**table.to_dict(as_series=False), run.prediction_column: run.model.scores_to_ratings(found).tolist()}
