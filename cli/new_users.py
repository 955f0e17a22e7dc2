"""Predictions for users who were not in training, from what they rated (folding in)."""

from __future__ import annotations

from typing import Any, NamedTuple

import polars as pl
import torch
from practicum.callbacks.ranking.user_items import UserItems, top_items
from practicum.datamodules.tabular.categories import to_plain_dtype
from practicum.datamodules.tabular.new_rows import RowsAsRead, columns_beside
from practicum.datamodules.tabular.readers import require_columns
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor

from .recommender_run import RecommenderRun

NEW = "new"  # the name of someone whose ratings come without one
_WHOLE = r"^([-+]?(?:0|[1-9]\d*))\.0*$"  # 1.0, as pandas writes the number 1


class _NewUsers(NamedTuple):
    """Users folded in: what tells them apart, names, vectors ``[users, 1 + factors]``, bias first, and known items they rated."""

    keys: list[str]
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
    unknown = int((table["row"] < 0).sum())
    if unknown == len(table):
        raise MisconfigurationException(
            f"fold_in={source}: none of its {len(table):,} ratings is of an item that was in training (such as "
            f"{table['item'][0]}; ids are like {run.items[0]!r}), so that nothing is known of these users."
        )
    if unknown:
        print(f"{unknown:,} of {len(table):,} ratings are of items that were not in training; they are left out.")
    keys: list[str] = []
    names: list[str] = []
    vectors, items, owners, nothing = [], [], [], 0
    for (key,), own in table.group_by("key", maintain_order=True):
        codes = torch.tensor(own["row"].to_list()) + 1
        ratings = torch.tensor(own["rating"].to_list(), dtype=torch.float64) if "rating" in own.columns else None
        learnt = codes
        if ratings is not None and not run.predicts_ratings:
            assert run.positive_threshold is not None
            learnt = codes[ratings >= run.positive_threshold]  # as in training: the other items were only seen
        vectors.append(run.model.fold_in(learnt, ratings if run.predicts_ratings else None))
        nothing += not (learnt > 0).any()
        items.append(codes[codes > 0] - 1)
        owners.append(torch.full((int((codes > 0).sum()),), len(keys)))
        keys.append(str(key))
        names.append(own["name"][0])
    if nothing:
        liked = "rating" in table.columns and not run.predicts_ratings
        rated = (
            f"gave no item that was in training {run.positive_threshold:g} or more"
            if liked
            else "rated no item that was in training"
        )
        print(f"{nothing:,} of {len(items):,} users {rated}; they are predicted as an average user.")
    return _NewUsers(keys, names, torch.stack(vectors), UserItems(torch.cat(owners), torch.cat(items), user_count=len(names)))


def _read_ratings(run: RecommenderRun, source: str) -> pl.DataFrame:
    """What the new users rated: ``key`` and ``name`` of the user, ``item``, its ``row``, and the ``rating`` where it matters."""
    where, item, rating = f"fold_in={source}", run.model.item, run.rating
    rows = run.read(source)
    needed = run.predicts_ratings
    require_columns(where, rows.written.columns, [item, *([rating] if needed and rating else [])])
    keys, names = _users_in(run, rows, where)
    table = pl.DataFrame(
        {
            "key": keys,
            "name": names,
            "item": rows.written[item].cast(pl.String),
            "row": pl.Series(run.ids.rows(item, rows.plain[item]), dtype=pl.Int64),
        }
    )
    if rating is None or not (needed or (run.positive_threshold is not None and rating in rows.plain.columns)):
        return table.filter((pl.col("row") < 0) | pl.struct("key", "row").is_first_distinct())  # as in training
    numbers = rows.plain[rating].cast(pl.Float64, strict=False)
    wrong = (numbers.is_null() | numbers.is_nan() | numbers.is_infinite()).arg_true()
    if len(wrong):
        raise MisconfigurationException(
            f"{where}: row {wrong[0] + 1:,} has no {rating} ({rows.written[rating][wrong[0]]}); a number is wanted."
        )
    _require_scale(run, numbers, where)
    return _each_once(run, table.with_columns(numbers.alias("rating")), where)


def _require_scale(run: RecommenderRun, ratings: pl.Series, where: str) -> None:
    """Refuse ratings beyond those of training: per cent where training had stars would make every item a favourite."""
    known = run.ids.steps.target_stats if run.predicts_ratings else None
    if known is None:
        return
    low, high = (known["min"], known["max"]) if run.scale is None else run.scale
    strange = ((ratings < low) | (ratings > high)).arg_true()
    if len(strange):
        raise MisconfigurationException(
            f"{where}: row {strange[0] + 1:,} has the {ratings.name} {ratings[strange[0]]:g}; training's scale goes from "
            f"{low:g} to {high:g}: write these on the same scale."
        )


def _each_once(run: RecommenderRun, table: pl.DataFrame, where: str) -> pl.DataFrame:
    """Each pair of user and item once, as in training: by the ratings' mean or maximum if that was chosen, else refused."""
    twice = table.select(pl.struct("key", "row").is_duplicated() & (pl.col("row") >= 0)).to_series()
    if not twice.any():
        return table
    if run.duplicates in ("mean", "max"):
        rating = pl.col("rating")
        counted = rating.mean() if run.duplicates == "mean" else rating.max()
        return table.with_columns(counted.over("key", "row")).filter(
            (pl.col("row") < 0) | pl.struct("key", "row").is_first_distinct()
        )
    row = int(twice.arg_true()[0])
    raise MisconfigurationException(
        f"{where}: {run.model.user} {table['name'][row]} rates {run.model.item} {table['item'][row]} more than once; keep one of "
        "these rows."
    )


def _users_in(run: RecommenderRun, rows: RowsAsRead, where: str) -> tuple[pl.Series, pl.Series]:
    """Of each row what tells its user from others, and the user's name as it is written.

    Where training's users are numbers, ``1`` and ``1.0`` are the same user here, too; ``01`` is another.

    Raises:
        MisconfigurationException: A row has no user.
    """
    user = run.model.user
    if user not in rows.plain.columns:
        names = pl.Series([NEW] * len(rows.plain), dtype=pl.String)
        return names, names
    missing = rows.plain[user].is_null().arg_true()
    if len(missing):
        raise MisconfigurationException(f"{where}: row {missing[0] + 1:,} has no {user}.")
    values = to_plain_dtype(rows.plain[user])
    keys = values.cast(pl.String)
    if values.dtype == pl.Float64 or run.ids.steps.categorical[user].dtype in ("Int64", "Float64"):
        keys = keys.str.replace(_WHOLE, "$1")
    return keys, rows.written[user].cast(pl.String)


def _pair_columns(run: RecommenderRun, source: str, users: _NewUsers, scores: Tensor) -> dict[str, list[Any]]:
    rows, where = run.read(source), f"input={source}"
    user, item = run.model.user, run.model.item
    require_columns(where, rows.written.columns, [item, *([] if users.names == [NEW] else [user])])
    keys, names = _users_in(run, rows, where)
    known = {key: row for row, key in enumerate(users.keys)}
    stranger = next((name for key, name in zip(keys, names, strict=True) if key not in known), None)
    if stranger is not None:
        raise MisconfigurationException(f"{where}: {user} {stranger} has no rating in fold_in.")
    user_rows = torch.tensor([known[key] for key in keys])
    item_rows = torch.tensor(run.ids.rows(item, rows.plain[item]))
    # An unknown item counts as an average one: what is left of its score is the user's own bias.
    found = torch.where(item_rows >= 0, scores[user_rows, item_rows.clamp(min=0)], users.vectors[user_rows, 0])
    if unknown := int((item_rows < 0).sum()):
        print(f"{unknown:,} of {len(keys):,} items were not in training; the mean of all items stands in.")
    written = rows.written if user in rows.written.columns else rows.written.with_columns(names.alias(user))
    return {**columns_beside(written), run.prediction_column: run.model.scores_to_ratings(found).tolist()}
