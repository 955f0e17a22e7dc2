"""Embeddings on a plane: principal components, labels, distances, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from practicum.callbacks import EmbeddingMaps
from practicum.callbacks.figures.figure_callback import failed_figures
from practicum.callbacks.figures.tabular.embedding_maps import (
    distance_table,
    draw_embedding,
    principal_components,
    rows_to_label,
)
from practicum.callbacks.run.report_figures import report_figures
from practicum.lightning_shim import LightningDataModule, MisconfigurationException, Trainer
from torch import Tensor


def test_principal_components_of_a_known_plane() -> None:
    generator = torch.Generator().manual_seed(0)
    plane = torch.randn(50, 2, generator=generator) @ torch.tensor([[3.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    turned = plane @ torch.linalg.qr(torch.randn(3, 3, generator=generator))[0]
    points, share = principal_components(turned)
    assert float(share.sum()) == pytest.approx(1)
    torch.testing.assert_close(
        torch.cdist(points, points).float(), torch.cdist(plane.double(), plane.double()).float(), atol=1e-4, rtol=1e-4
    )
    assert principal_components(torch.ones(3, 1))[0].tolist() == [[0, 0]] * 3


def test_the_farthest_are_labelled_of_the_frequent() -> None:
    points = torch.tensor([[1.0, 0.0], [3.0, 0.0], [2.0, 0.0], [9.0, 0.0], [0.5, 0.0]])
    assert rows_to_label(points, 2) == {1, 3}
    assert rows_to_label(points, 9) == {0, 1, 2, 3, 4}
    assert rows_to_label(points, 1, counts=torch.tensor([5, 5, 5, 0, 5])) == {1}


def test_distances_and_the_nearest() -> None:
    table = distance_table(torch.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]]), ["a", "b", "c"])
    assert table == [["a", "c", "0", "5", "1"], ["b", "c", "5", "0", "4.243"], ["c", "a", "1", "4.243", "0"]]


def test_a_map_stands_beside_where_there_are_coordinates() -> None:
    vectors, names = torch.tensor([[0.0, 0.0], [2.0, 0.0], [0.0, 1.0]]), ["s0", "s1", "s2"]
    (axes,) = draw_embedding("shop", vectors, names, 9).axes
    assert axes.get_title() == "3 categories, embedding size 2"
    assert {text.get_text() for text in axes.texts} == set(names)
    left, right = draw_embedding("shop", vectors, names, 9, coordinates={"s1": [11.6, 48.1], "s0": [9.2, 48.8]}).axes
    assert right.collections[0].get_offsets().tolist() == [[9.2, 48.8], [11.6, 48.1]]  # type: ignore[union-attr]
    first = principal_components(vectors)[0][:, 0]
    assert left.collections[0].get_array().tolist() == pytest.approx(first.tolist())  # type: ignore[union-attr]
    assert right.collections[0].get_array().tolist() == pytest.approx(first[:2].tolist())  # type: ignore[union-attr]


@pytest.fixture
def embedded(known_classifier: Any) -> Any:
    class Embedded(known_classifier):  # type: ignore[misc]
        categories = {  # noqa: RUF012
            "user": ["u1", "u2", "u3", "u4", "u5"],
            "item": ["1", "2", "3", "4", "5"],
            "flag": ["no", "yes"],
            "contract": ["month", "year", "two years", "none"],
        }
        item = "item"

        def embedding_table(self, column: str) -> Tensor:
            return torch.eye(len(self.categories[column]))

    return Embedded()


def test_is_drawn_and_written_after_a_test(
    embedded: Any,
    known_photos: Any,
    make_trainer: Callable[..., Trainer],
    tmp_path: Path,
    rows_of: Callable[[Path], list[dict[str, str]]],
    is_png: Callable[[Path], bool],
) -> None:
    class Data(LightningDataModule):
        def test_dataloader(self) -> Any:
            return known_photos

        def titles(self) -> dict[str, str]:
            return {"1": "Fargo"}

        def pairs(self, split: str) -> tuple[Tensor, Tensor]:
            return torch.tensor([0, 1]), torch.tensor([2, 0])

    callback = EmbeddingMaps(coordinates={"no such column": {"a": [0, 0]}})
    make_trainer(callbacks=[callback]).test(embedded, Data(), verbose=False)
    folder = tmp_path / "figures"
    assert {path.name for path in folder.iterdir()} == {
        f"embeddings_{c}.{e}" for c in ("user", "item") for e in ("csv", "png", "svg")
    }
    assert is_png(folder / "embeddings_item.png")
    assert [row["3"] for row in rows_of(folder / "embeddings_item.csv")] == ["1.414", "1.414", "0", "1.414", "1.414"]
    make_trainer(callbacks=[EmbeddingMaps("few", ["flag"], distances=1)]).test(embedded, Data(), verbose=False)
    assert {path.name for path in (tmp_path / "few").iterdir()} == {"embeddings_flag.png", "embeddings_flag.svg"}


def test_what_is_missing_is_named_before_training(
    embedded: Any, known_classifier: Any, known_photos: Any, make_trainer: Callable[..., Trainer]
) -> None:
    with pytest.raises(MisconfigurationException, match="no categorical column 'shops'; there are user, item, flag, contract"):
        make_trainer(callbacks=[EmbeddingMaps(columns=["shops"])]).fit(embedded, known_photos)
    with pytest.raises(MisconfigurationException, match="EmbeddingMaps needs KnownClassifier.categories"):
        make_trainer(callbacks=[EmbeddingMaps()]).fit(known_classifier(), known_photos)


def test_coordinates_off_the_earth_are_refused() -> None:
    with pytest.raises(MisconfigurationException, match=r"coordinates.State.BW=\[48.8, 190\] must be \[longitude, latitude\]"):
        EmbeddingMaps(coordinates={"State": {"BW": [48.8, 190]}})
    with pytest.raises(MisconfigurationException, match="max_labels=0 must be at least 1"):
        EmbeddingMaps(max_labels=0)


ODD = ["/../../x", "km/h", "a" * 240, "CON", ".hidden", "$a_$", "a_b", "a/b", "고양이"]


def test_columns_and_categories_of_any_name(
    known_classifier: Any,
    known_photos: Any,
    make_trainer: Callable[..., Trainer],
    tmp_path: Path,
    rows_of: Callable[[Path], list[dict[str, str]]],
    is_png: Callable[[Path], bool],
) -> None:
    class Embedded(known_classifier):  # type: ignore[misc]
        categories = {name: ["<$50k", "50k_$75k", "$x^{$", "d", "e"] for name in ODD}  # noqa: RUF012

        def embedding_table(self, column: str) -> Tensor:
            return torch.eye(5)

    run = tmp_path / "deep" / "er" / "run"
    make_trainer(callbacks=[EmbeddingMaps()], default_root_dir=run).test(Embedded(), known_photos, verbose=False)
    files = {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()}
    assert len(files) == 3 * len(ODD)
    assert {path.parent for path in files} == {Path("deep/er/run/figures")}
    assert all(is_png(tmp_path / path) for path in files if path.suffix == ".png")
    tables = [rows_of(tmp_path / path) for path in files if path.suffix == ".csv"]
    assert {next(iter(table[0])) for table in tables} == set(ODD)  # the tables have the columns' own names
    titles = {figure.title for figure in report_figures((run / "figures").iterdir())}
    assert titles == {f"Embeddings of {name}" for name in ODD}


def test_a_column_that_fails_leaves_the_others(
    embedded: Any, known_photos: Any, make_trainer: Callable[..., Trainer], tmp_path: Path
) -> None:
    embedded.embedding_table = lambda column: torch.full((5, 5), float("nan")) if column == "user" else torch.eye(5)
    make_trainer(callbacks=[EmbeddingMaps()]).test(embedded, known_photos, verbose=False)
    assert list(failed_figures(tmp_path / "figures")) == ["EmbeddingMaps of user"]
    assert (tmp_path / "figures" / "embeddings_item.png").is_file()
