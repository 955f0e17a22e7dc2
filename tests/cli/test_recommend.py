"""Lists, neighbours and factors of a recommender's run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import polars
import pytest
import torch


def test_lists_leave_out_seen_items_and_an_index_finds_the_same(
    rated: Path, command: Callable[..., Any], in_process: Callable[..., Any], rows_of: Callable[[Path], list[dict[str, str]]]
) -> None:
    result = command("predict.py", "run=run", "top_k=5", "output=top.csv", cwd=rated)
    assert "3000 rows" in result.stdout.replace(",", ""), result.stderr[-3000:]
    rows = rows_of(rated / "top.csv")
    assert list(rows[0]) == ["user", "rank", "item", "title", "predicted"]
    root = next((rated / "data/synthetic").glob("tastes-*"))
    known = {tuple(line.split("\t")[:2]) for line in (root / "u.data").read_text(encoding="utf-8").splitlines()}
    assert not known & {(row["user"], row["item"]) for row in rows}
    first = [float(row["predicted"]) for row in rows if row["user"] == "7"]
    assert first == sorted(first, reverse=True)
    (rated / "pair.csv").write_text(f"user,item\n7,{next(row['item'] for row in rows if row['user'] == '7')}\n", encoding="utf-8")
    assert in_process("predict.py", "run=run", "input=pair.csv", "output=pair-predicted.csv", cwd=rated).returncode == 0
    assert float(rows_of(rated / "pair-predicted.csv")[0]["predicted"]) == pytest.approx(first[0], abs=1e-4)

    (rated / "users.csv").write_text("user\n7\nnobody\n", encoding="utf-8")
    result = in_process("predict.py", "run=run", "input=users.csv", "top_k=5", "output=some.parquet", cwd=rated)
    assert "1 of 2 users were not in training (such as nobody)" in result.stdout
    assert polars.read_parquet(rated / "some.parquet")["item"].to_list() == [row["item"] for row in rows if row["user"] == "7"]


def test_neighbours_and_factors(
    rated: Path, command: Callable[..., Any], in_process: Callable[..., Any], rows_of: Callable[[Path], list[dict[str, str]]]
) -> None:
    result = command("predict.py", "run=run", "neighbours='Quiet River 1 (1960)'", "top_k=4", "output=near.csv", cwd=rated)
    assert result.returncode == 0, result.stderr[-3000:]
    near = rows_of(rated / "near.csv")
    assert in_process("predict.py", "run=run", "format=factors", "output=factors", cwd=rated).returncode == 0
    items = polars.read_parquet(rated / "factors/items.parquet")
    assert items.columns == ["item", "title", "vector"]
    vectors = torch.from_numpy(numpy.load(rated / "factors/items.npy"))
    unit = torch.nn.functional.normalize(vectors[:, :-2], dim=1)
    ids = items["item"].to_list()
    order = (unit @ unit[ids.index("1")]).argsort(descending=True)[1:5]
    assert [row["item"] for row in near] == [ids[row] for row in order.tolist()]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["neighbours=river"], "there is no such item in training; did you mean 'Quiet River 1 (1960)' (1)?"),
        (["fold_in=nan.csv"], "row 2 has no rating (bad); a number is wanted"),
        (["fold_in=names.csv"], "has no column"),
        (["fold_in=none.csv"], "none.csv: has a header but no rows; rows are needed"),
        (["top_k=3", "checkpoint=broken.ckpt"], "broken.ckpt"),
        (["index=tree", "top_k=3"], "choose flat (exact) or hnsw (approximate)"),
        ([], "input is missing"),
    ],
)
def test_recommendations_refuse_in_one_sentence(
    rated: Path, arguments: list[str], message: str, in_process: Callable[..., Any], refused: Callable[[Any], str]
) -> None:
    (rated / "nan.csv").write_text("item,rating\n1,5\n2,bad\n", encoding="utf-8")
    (rated / "names.csv").write_text("film,rating\n1,5\n", encoding="utf-8")
    (rated / "none.csv").write_text("item,rating\n", encoding="utf-8")
    (rated / "broken.ckpt").write_bytes((rated / "run/checkpoints/best.ckpt").read_bytes()[:3000])
    assert message in refused(in_process("predict.py", "run=run", *arguments, cwd=rated))
