"""Ingredients of the default recipes in benchmarks/on_off.py: errors by the default's, and that train.py takes each."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from hydra import compose, initialize_config_module
from practicum.modules import TabularEnsemble

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks import on_off
from benchmarks.claims_parts.claim import Variant
from benchmarks.claims_parts.ingredients import DEFAULT, INGREDIENTS
from benchmarks.claims_parts.tabular_variants import TrainedByTheMean, UsualParametrisation, WithoutInputScale
from benchmarks.defaults_parts.data_sets import DataSet

SETS = [
    DataSet("one", "tables", ("loss",), ("experiment=table", "data.root=one.csv", "data.target=y")),
    DataSet("two", "tables", ("rmse",), ("experiment=table", "data.root=two.csv", "data.target=y")),
]
TYPED = {  # of a set of each kind
    "tables": ("experiment=table", "data.root=x.csv", "data.target=y"),
    "photos": ("data=image_folder", "data.root=x"),
    "texts": ("experiment=reviews", "data=text_csv", "data.root=x.csv"),
    "ratings": ("experiment=ratings", "data.root=x.csv"),
}


def test_solar_cells_are_laid_out_for_the_package_as_for_the_script(tmp_path: Path) -> None:
    """In a process of its own: here other tests have made the scripts' names importable."""
    (tmp_path / "cells").mkdir()
    lines = [f"images/cell{number}.png {number % 3 / 2} mono" for number in range(1300)]
    (tmp_path / "cells" / "labels.csv").write_text("\n".join(lines), encoding="utf-8")
    code = (
        "from pathlib import Path; from benchmarks.defaults_parts.data_sets import development_sets; "
        "print(*(each.name for each in development_sets(Path('.'), Path('work'), ['photos'], Path('cells'))))"
    )
    root = Path(__file__).resolve().parents[2]
    made = subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
    )
    assert made.stdout.split() == ["hymenoptera", "clothing", "solar_cells", "spiders", "pets"], made.stderr
    rows = (tmp_path / "work" / "cells" / "cells.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 1251
    assert sum(row.endswith(",valid") for row in rows) == 250


def test_errors_are_by_the_defaults_with_the_same_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    values = {"one": {"default": {1: 1.0, 2: 2.0}, "without": {1: 2.0, 2: 2.0}}, "two": {"default": {1: 4.0, 2: 5.0}}}
    typed: list[tuple[str, ...]] = []

    def ours(output: Path, name: str, overrides: tuple[str, ...], seed: int, threads: int | None) -> dict[str, Any]:
        typed.append(overrides)
        data, label = name.split("/")
        if data == "two" and label == "without":
            return {"error": "no memory"}
        value = values[data]["default" if label == "the_default" else "without"][seed]
        return {"metrics": {"loss" if data == "one" else "rmse": value}}

    monkeypatch.setattr(on_off, "ours", ours)
    monkeypatch.setattr(on_off, "development_sets", lambda *_: SETS)
    monkeypatch.setattr(on_off, "INGREDIENTS", {"tables": (Variant(DEFAULT), Variant("without", ("model.clip=9",)))})
    options = ["tables", "data", "--output", str(tmp_path), "--seeds", "2", "--jobs", "3", "--typed", "a=1"]
    monkeypatch.setattr(sys, "argv", ["on_off", *options])
    with pytest.raises(SystemExit) as ended:
        on_off.main()
    assert ended.value.code == 1  # one failed
    page = (tmp_path / "on_off.md").read_text(encoding="utf-8")
    assert "| the default | 1 2 | 4 5 |  |" in page
    # twice and once the error: the geometric mean is the root of two, its interval is Student's of one degree of freedom
    assert "| without | 1.414 |  | 1.414 (0.017 to 115.608) |" in page
    assert "- failed: two, without, seed 1: no memory" in page
    assert ("experiment=table", "data.root=one.csv", "data.target=y", "model.clip=9", "a=1") in typed
    assert "two, without, seed 2: no memory" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "sentence"), [(["--jobs", "0"], "--jobs=0 must be at least 1"), ([], "facts.json: no such file; what the folder")]
)
def test_a_mistake_gets_a_sentence(
    more: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["on_off", "tables", str(tmp_path / "nowhere"), "--output", str(tmp_path), *more])
    with pytest.raises(SystemExit) as ended:
        on_off.main()
    assert ended.value.code == 2
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize("kind", TYPED)
def test_train_takes_every_ingredient(kind: str) -> None:
    with initialize_config_module("practicum.conf", version_base="1.3"):
        for variant in INGREDIENTS[kind]:
            compose("train", overrides=[*TYPED[kind], *variant.overrides])


def test_tabular_variants_are_what_they_say() -> None:
    def build(kind: type[TabularEnsemble]) -> TabularEnsemble:
        torch.manual_seed(0)
        return kind({"shop": ["a", "b"]}, ["price"], classes=["no", "yes"], members=2, hidden_sizes=[16], dropout=0.0)

    batch = (torch.tensor([[1], [2], [0]]), torch.randn(3, 1)), torch.tensor([0, 1, 1])
    usual, scaled = build(UsualParametrisation), build(TabularEnsemble)
    for model in (usual, scaled):
        torch.nn.init.ones_(model.head.weight)  # it starts at zero, where all outputs are equal
    scaled.head.weight.data /= scaled.head.gain
    assert torch.allclose(usual.member_outputs(batch[0]), scaled.member_outputs(batch[0]), atol=1e-5)
    assert not build(WithoutInputScale).scale.requires_grad
    mean = build(TrainedByTheMean)
    torch.nn.init.normal_(mean.head.weight)
    expected = torch.nn.functional.nll_loss(mean.member_outputs(batch[0]).softmax(2).mean(0).log(), batch[1])
    assert float(mean.training_step(batch, 0).detach()) == pytest.approx(float(expected), rel=1e-5)
