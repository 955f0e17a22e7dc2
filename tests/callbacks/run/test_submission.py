"""The submission to a challenge."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from practicum.callbacks import Submission
from practicum.lightning_shim import LightningDataModule, MisconfigurationException, Trainer
from torch import Tensor

RowsOf = Callable[[Path], list[dict[str, str]]]


class New(LightningDataModule):
    def __init__(self, source: Path) -> None:
        super().__init__()
        self.names = source.read_text(encoding="utf-8").split()

    def predict_dataloader(self) -> Any:
        return [torch.tensor([1.0, -1.0]), torch.tensor([2.0])]

    def row_columns(self) -> dict[str, list[Any]]:
        return {"id": self.names}


class Challenge(LightningDataModule):
    def __init__(self, source: Path | None, loader: Any) -> None:
        super().__init__()
        self.source, self.loader = source, loader

    def test_dataloader(self) -> Any:
        return self.loader

    def test_inputs(self) -> Path | None:
        return self.source

    def for_prediction(self, source: Path) -> New:
        return New(source)

    def submission_columns(self, table: dict[str, list[Any]]) -> dict[str, list[Any]]:
        return {"Id": table["id"], "Answer": table["doubled"]}


@pytest.fixture
def doubler(known_classifier: Any) -> Any:
    class Doubler(known_classifier):  # type: ignore[misc]
        def predict_step(self, batch: Tensor, batch_idx: int) -> Tensor:
            return 2 * batch

        def columns(self, predictions: Tensor, top_k: int | None = None) -> dict[str, list[Any]]:
            return {"doubled": predictions.tolist()}

    return Doubler()


def test_new_rows_are_predicted_after_a_test(
    doubler: Any, known_photos: Any, make_trainer: Callable[..., Trainer], tmp_path: Path, rows_of: RowsOf
) -> None:
    (tmp_path / "asked.txt").write_text("a b c", encoding="utf-8")
    trainer = make_trainer(callbacks=[Submission(tmp_path / "run" / "s.csv")])
    trainer.test(doubler, Challenge(tmp_path / "asked.txt", known_photos), verbose=False)
    rows = [tuple(row.items()) for row in rows_of(tmp_path / "run" / "s.csv")]
    assert rows == [(("Id", name), ("Answer", value)) for name, value in (("a", "2.0"), ("b", "-2.0"), ("c", "4.0"))]


def test_without_inputs_nothing_is_written(
    doubler: Any, known_photos: Any, make_trainer: Callable[..., Trainer], tmp_path: Path
) -> None:
    make_trainer(callbacks=[Submission(tmp_path / "s.csv")]).test(doubler, Challenge(None, known_photos), verbose=False)
    assert not (tmp_path / "s.csv").exists()


def test_what_is_missing_is_named(doubler: Any, known_photos: Any, make_trainer: Callable[..., Trainer]) -> None:
    with pytest.raises(MisconfigurationException, match=r"Submission needs NoneType.test_inputs\(\)"):
        make_trainer(callbacks=[Submission("s.csv")]).test(doubler, known_photos, verbose=False)
