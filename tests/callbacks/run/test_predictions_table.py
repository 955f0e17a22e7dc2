"""predictions.csv: a row for each row of the test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from practicum.callbacks import PredictionsTable
from practicum.callbacks.run.predictions_table import join_columns, rows_in_order
from practicum.lightning_shim import LightningDataModule, LightningModule, MisconfigurationException, Trainer
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

RowsOf = Callable[[Path], list[dict[str, str]]]


def test_a_row_for_each_photo(
    known_classifier: Any,
    known_photos: Any,
    known_logits: Tensor,
    make_trainer: Callable[..., Trainer],
    tmp_path: Path,
    rows_of: RowsOf,
) -> None:
    make_trainer(callbacks=[PredictionsTable(tmp_path / "p.csv")]).test(known_classifier(), known_photos, verbose=False)
    rows = rows_of(tmp_path / "p.csv")
    assert list(rows[0]) == ["file", "true", "predicted", "p"]
    assert [row["file"] for row in rows] == list("012345")
    assert [row["true"] for row in rows] == ["ant", "ant", "bee", "ant", "bee", "bee"]
    assert [row["predicted"] for row in rows] == ["ant", "bee", "bee", "ant", "ant", "bee"]
    assert [float(row["p"]) for row in rows] == pytest.approx(known_logits.softmax(1)[:, 0].tolist())


def test_multi_label_has_sigmoids(
    known_classifier: Any,
    known_photos: Any,
    known_logits: Tensor,
    make_trainer: Callable[..., Trainer],
    tmp_path: Path,
    rows_of: RowsOf,
) -> None:
    module = known_classifier()
    module.multi_label = True
    make_trainer(callbacks=[PredictionsTable(tmp_path / "p.csv")]).test(module, known_photos, verbose=False)
    assert [float(row["p"]) for row in rows_of(tmp_path / "p.csv")] == pytest.approx(known_logits.sigmoid()[:, 0].tolist())


@pytest.mark.parametrize("method", ["row_names", "row_columns"])
def test_rows_have_the_names_or_columns_of_the_data(
    known_classifier: Any, known_photos: Any, make_trainer: Callable[..., Trainer], tmp_path: Path, rows_of: RowsOf, method: str
) -> None:
    class Data(LightningDataModule):
        tests_on = "valid"

        def test_dataloader(self) -> Any:
            return known_photos

    data: Any = Data()
    names = [f"{row}.jpg" for row in range(6)]
    setattr(data, method, lambda split: names if method == "row_names" else {"place": names})
    make_trainer(callbacks=[PredictionsTable(tmp_path / "p.csv")]).test(known_classifier(), data, verbose=False)
    assert [row["file" if method == "row_names" else "place"] for row in rows_of(tmp_path / "p.csv")] == names


@pytest.mark.parametrize("target", [torch.tensor([1.5, 2.5]), torch.tensor([[1.5], [2.5]])], ids=["vector", "column"])
def test_regression(
    make_trainer: Callable[..., Trainer], known_regression: Any, tmp_path: Path, rows_of: RowsOf, target: torch.Tensor
) -> None:
    known_regression.columns = lambda predictions, top_k=None: {"predicted": predictions.tolist()}
    batches = [((torch.zeros(2, 1), torch.tensor([[1.0], [2.0]])), target)]
    loader = torch.utils.data.DataLoader(batches, batch_size=None)  # type: ignore[arg-type, var-annotated]
    make_trainer(callbacks=[PredictionsTable(tmp_path / "p.csv")]).test(known_regression, loader, verbose=False)
    assert [(row["true"], row["predicted"]) for row in rows_of(tmp_path / "p.csv")] == [("1.5", "1.0"), ("2.5", "2.0")]


@pytest.mark.parametrize(
    ("counts", "total", "order"),
    [
        ([3, 2], 5, [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0)]),  # as the data modules deal: each row once
        ([3, 3], 5, [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0)]),  # as torch's sampler deals: the first row again, for the second
        ([3, 3], None, [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)]),
        ([1, 1, 0], 2, [(0, 0), (0, 1)]),  # fewer rows than processes
        ([2, 1, 1], 9, [(0, 0), (0, 1), (0, 2), (1, 0)]),  # limit_test_batches
    ],
)
def test_rows_of_all_processes_come_once_in_the_datas_order(
    counts: list[int], total: int | None, order: list[tuple[int, int]]
) -> None:
    dealt = [(place, rank) for rank, count in enumerate(counts) for place in range(count)]
    places, numbers = rows_in_order(counts, total)
    assert [dealt[place] for place in places] == order
    assert numbers == list(range(len(order)))


class Doubles(LightningModule):
    def test_step(self, batch: list[Tensor], batch_idx: int) -> dict[str, Tensor]:
        return {"prediction": batch[0] * 2.0, "target": batch[0]}

    def columns(self, predictions: Tensor, top_k: int | None = None) -> dict[str, list[Any]]:
        return {"predicted": predictions.tolist()}


def test_a_table_of_two_processes_whose_sampler_is_lightnings(
    make_trainer: Callable[..., Trainer], tmp_path: Path, rows_of: RowsOf
) -> None:
    callback = PredictionsTable(tmp_path / "p.csv")
    trainer = make_trainer(devices=2, strategy="ddp_fork", use_distributed_sampler=True, callbacks=[callback])
    # It deals one of seven rows twice.
    trainer.test(Doubles(), DataLoader(TensorDataset(torch.arange(7)), batch_size=2), verbose=False)
    rows = rows_of(tmp_path / "p.csv")
    assert [(row["file"], row["true"], row["predicted"]) for row in rows] == [(f"{i}", f"{i}", f"{2.0 * i}") for i in range(7)]
    assert [path.name for path in tmp_path.glob("*.csv")] == ["p.csv"]


def test_what_is_missing_is_named(
    silent_classifier: Any, known_regression: Any, known_photos: Any, make_trainer: Callable[..., Trainer]
) -> None:
    with pytest.raises(MisconfigurationException, match='PredictionsTable needs .*"logits"'):
        make_trainer(callbacks=[PredictionsTable("p.csv")]).test(silent_classifier, known_photos, verbose=False)
    with pytest.raises(MisconfigurationException, match=r"PredictionsTable needs KnownRegression.columns\(\)"):
        make_trainer(callbacks=[PredictionsTable("p.csv")]).test(known_regression, known_photos, verbose=False)


def test_none_of_the_datas_own_columns_is_lost() -> None:
    rows = {"true": [1], "predicted": [2], "x": [3], "predicted (input)": [4]}
    joined = join_columns(rows, {"true": ["t"], "predicted": ["p"]})
    assert joined == {
        "true (input)": [1],
        "predicted (input) (input)": [2],
        "x": [3],
        "predicted (input)": [4],
        "true": ["t"],
        "predicted": ["p"],
    }
    assert list(join_columns({"x": [1], "y": [2]}, {"true": [3]})) == ["x", "y", "true"]


def test_a_module_without_columns_is_refused_before_training(
    known_classifier: Any, known_photos: Any, make_trainer: Callable[..., Trainer]
) -> None:
    module = known_classifier()
    module.columns = None
    trainer = make_trainer(max_epochs=1, callbacks=[PredictionsTable("p.csv")])
    with pytest.raises(MisconfigurationException, match=r"PredictionsTable needs KnownClassifier.columns\(\)"):
        trainer.fit(module, known_photos)
    assert trainer.global_step == 0
