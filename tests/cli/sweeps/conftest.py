"""A small sweep with a run that diverges, for what is tested of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf


@pytest.fixture(scope="session")
def quick() -> list[str]:
    """Overrides of a training on ``t.csv`` that takes a second."""
    table = ["experiment=table", "data.root=t.csv", "data.target=y", "data.batch_size=32", "baselines=false"]
    return [*table, "callbacks=none", "epochs=2"]


@pytest.fixture(scope="session")
def small_table() -> Callable[[Path], Path]:
    """Writes ``t.csv`` into a folder."""

    def write(where: Path) -> Path:
        rows = "".join(f"{number % 7},{number % 5},{number % 7 + number % 5}\n" for number in range(200))
        (where / "t.csv").write_text(f"a,b,y\n{rows}", encoding="utf-8")
        return where

    return write


@pytest.fixture(scope="session")
def swept(
    tmp_path_factory: pytest.TempPathFactory, in_process: Callable[..., Any], quick: list[str], small_table: Callable[..., Path]
) -> tuple[Path, Any]:
    """The folder above ``sweep/``, whose middle one of three runs diverged, and how its command ended."""
    where = small_table(tmp_path_factory.mktemp("swept"))
    result = in_process("train.py", "-m", *quick, "optimizer.lr=0.01,1e30,0.02", "hydra.sweep.dir=sweep", cwd=where)
    return where, result


@pytest.fixture(scope="session")
def a_run() -> Callable[..., Path]:
    """Writes the folder of a run: ``a_run(SWEEP, NUMBER, OVERRIDES, RECORD)``."""

    def write(sweep: Path, number: int, overrides: list[str], record: dict[str, Any] | None = None) -> Path:
        run = sweep / str(number)
        (run / ".hydra").mkdir(parents=True)
        OmegaConf.save(OmegaConf.create(overrides), run / ".hydra" / "overrides.yaml")
        if record is not None:
            (run / "metrics.json").write_text(json.dumps(record), encoding="utf-8")
            (run / "report.html").touch()
        return run

    return write
