"""metrics.csv: rows, new columns, and how it continues."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from practicum.callbacks import RunLog
from practicum.callbacks.run import run_log
from practicum.callbacks.run.run_log import MetricsWriter
from practicum.lightning_shim import Trainer

RowsOf = Callable[[Path], list[dict[str, str]]]


def test_a_new_column_is_empty_in_earlier_rows(tmp_path: Path, rows_of: RowsOf) -> None:
    writer = MetricsWriter(tmp_path / "metrics.csv")
    writer.log_metrics({"b": torch.tensor(0.5)}, 0)
    writer.save()
    writer.log_metrics({"b": 0.25}, 1)
    writer.save()
    writer.log_metrics({"a": 2.0, "epoch": 0}, 1)
    writer.save()
    assert [tuple(row.values()) for row in rows_of(writer.path)] == [
        ("", "0.5", "", "0"),
        ("", "0.25", "", "1"),
        ("2.0", "", "0", "1"),
    ]
    assert list(rows_of(writer.path)[0]) == ["a", "b", "epoch", "step"]
    assert writer.rows == 3


def test_an_earlier_file_is_replaced_with_the_first_row(tmp_path: Path, rows_of: RowsOf) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text("a,step\n1,0\n", encoding="utf-8")
    writer = MetricsWriter(path)
    writer.save()
    assert path.read_text(encoding="utf-8") == "a,step\n1,0\n"
    writer.log_metrics({"b": 1}, 0)
    writer.save()
    assert rows_of(path) == [{"b": "1", "step": "0"}]


def test_continues_after_some_rows(tmp_path: Path, rows_of: RowsOf) -> None:
    first = RunLog(tmp_path / "run")
    for step in range(5):
        first.log_metrics({"a": step}, step)
    assert first.rows == 5
    second = RunLog(tmp_path / "run")
    second.continue_after(3)
    second.log_metrics({"a": 30, "b": 1}, 3)
    second.finalize("success")
    rows = rows_of(tmp_path / "run" / "metrics.csv")
    assert [(row["a"], row["step"]) for row in rows] == [("0", "0"), ("1", "1"), ("2", "2"), ("30", "3")]
    assert second.rows == 4


def test_rows_are_written_once_a_second(tmp_path: Path, rows_of: RowsOf, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(run_log, "time", SimpleNamespace(monotonic=lambda: now[0]))
    logger, written = RunLog(tmp_path), []
    for step, seconds in enumerate((100.0, 100.5, 100.9, 101.0, 101.1)):
        now[0] = seconds
        logger.log_metrics({"a": step}, step)
        logger.save()  # Lightning calls it after each row
        written.append(len(rows_of(tmp_path / "metrics.csv")))
    assert written == [1, 1, 1, 4, 4]
    logger.finalize("success")
    assert len(rows_of(tmp_path / "metrics.csv")) == 5


@pytest.mark.parametrize("damage", ["cut", "half a row", "zeros", "gone", "a column less"])
def test_a_lost_end_is_said(tmp_path: Path, rows_of: RowsOf, damage: str, caplog: pytest.LogCaptureFixture) -> None:
    first = RunLog(tmp_path)
    for step in range(6):
        first.log_metrics({"a": step, "b": 0.5}, step)
    assert first.rows == 6
    path = tmp_path / "metrics.csv"
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    path.write_bytes(
        {
            "cut": b"".join(lines[:4]),
            "half a row": b"".join(lines[:4]) + b"3,0.",
            "zeros": b"".join(lines[:4]) + b"\0" * 100,
            "a column less": b"".join(lines[:4]) + b"3,0.5\r\n" + b"".join(lines[5:]),
            "gone": b"",
        }[damage]
    )
    if damage == "gone":
        path.unlink()
    second = RunLog(tmp_path)
    with caplog.at_level(logging.WARNING, logger="practicum"):
        second.continue_after(6)
    kept = 0 if damage == "gone" else 3
    assert f"of the 6 rows logged before this run stopped {kept} are left ({'up to step 2' if kept else 'none'})" in caplog.text
    second.log_metrics({"a": 6, "b": 1}, 6)
    second.finalize("success")
    assert [row["step"] for row in rows_of(path)] == [*map(str, range(kept)), "6"]
    path.write_bytes(whole + b"6,0.25")  # rows after the checkpoint's are no loss
    caplog.clear()
    RunLog(tmp_path).continue_after(6)
    assert not caplog.text
    assert path.read_bytes() == whole


def test_every_value_of_a_fit(
    known_classifier: Any, known_photos: Any, make_trainer: Callable[..., Trainer], tmp_path: Path, rows_of: RowsOf
) -> None:
    trainer = make_trainer(max_epochs=2, logger=RunLog(tmp_path / "run"), log_every_n_steps=1)
    trainer.fit(known_classifier(), known_photos, known_photos)
    rows = rows_of(tmp_path / "run" / "metrics.csv")
    assert [row["step"] for row in rows if row["train/loss_step"]] == ["0", "1", "2", "3"]
    assert [row["epoch"] for row in rows if row["val/loss"]] == ["0", "1"]
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["metrics.csv"]
