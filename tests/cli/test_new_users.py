"""Predictions for users who were not in training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any


def test_new_users_from_what_they_rated(
    rated: Path, command: Callable[..., Any], rows_of: Callable[[Path], list[dict[str, str]]]
) -> None:
    """Users generated like the others are predicted nearly as well."""
    root = next((rated / "data/synthetic").glob("tastes-*"))
    lines = [line.split("\t") for line in (root / "u1.base").read_text().splitlines()]
    lines = [line for line in lines if int(line[0]) <= 60]
    held = [line.split("\t") for line in (root / "u1.test").read_text().splitlines()]
    held = [line for line in held if int(line[0]) <= 60]
    for name, rows in (("new.csv", lines), ("pairs.csv", held)):
        (rated / name).write_text("user,item,rating\n" + "".join(f"new{row[0]},{row[1]},{row[2]}\n" for row in rows))
    result = command("predict.py", "run=run", "fold_in=new.csv", "input=pairs.csv", "output=new-predicted.csv", cwd=rated)
    assert result.returncode == 0, result.stderr[-3000:]
    predicted = rows_of(rated / "new-predicted.csv")
    rmse = (sum((float(row["predicted"]) - float(row["rating"])) ** 2 for row in predicted) / len(predicted)) ** 0.5
    assert rmse < 0.6
    result = command("predict.py", "run=run", "fold_in=new.csv", "top_k=3", "output=new-top.csv", cwd=rated)
    assert "180 rows" in result.stdout
    (rated / "odd.csv").write_text("user,item\nnew1,nothing\nnew2,nothing\n")
    result = command("predict.py", "run=run", "fold_in=new.csv", "input=odd.csv", "output=odd-predicted.csv", cwd=rated)
    assert "2 of 2 items were not in training" in result.stdout
    odd = [float(row["predicted"]) for row in rows_of(rated / "odd-predicted.csv")]
    assert odd[0] != odd[1]  # each has a bias of their own
    (rated / "me.csv").write_text("item,rating\n1,5\n2,4\nunknown,1\n")
    result = command("predict.py", "run=run", "fold_in=me.csv", "top_k=3", "output=me-top.csv", cwd=rated)
    assert "1 of 3 ratings are of items that were not in training" in result.stdout
    assert {row["user"] for row in rows_of(rated / "me-top.csv")} == {"new"}
