"""Dogs vs. Cats: labels from file names or folders, clipped probabilities in Kaggle's order."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from practicum.datamodules import DogsVsCats
from practicum.lightning_shim import MisconfigurationException


def test_cats_and_dogs(read: Any, predictions: Any, header: Any, tmp_path: Path) -> None:
    data = read(DogsVsCats)
    assert data.describe()["classes"] == ["cat", "dog"]
    assert data.provenance["source"].startswith("synthetic: ")
    root = tmp_path / "synthetic" / DogsVsCats.sample
    assert data.test_inputs() == root / "test"
    new = data.for_prediction(root / "test")
    answer = new.submission_columns(predictions(new, ["cat", "dog"]))
    assert list(answer) == header(root / "sample_submission.csv")
    assert answer["id"] == [str(i) for i in range(1, 12)]  # not 1, 10, 11, 2 ...
    files = [Path(file).stem for file in new.row_names("predict")]
    wanted = [min(max(files.index(each) / 100 + 0.001, 0.01), 0.99) for each in answer["id"]]
    assert answer["label"] == pytest.approx(wanted)
    assert min(answer["label"]) == 0.01  # clipped


def test_class_folders_will_do(read: Any, predictions: Any, tmp_path: Path) -> None:
    read(DogsVsCats)
    root = tmp_path / "own"
    for kind in ("cat", "dog"):
        for photo in (tmp_path / "synthetic" / DogsVsCats.sample / "train").glob(f"{kind}.*"):
            (root / "train" / f"{kind}s").mkdir(parents=True, exist_ok=True)
            shutil.copy(photo, root / "train" / f"{kind}s")
    data = read(DogsVsCats, root=str(root))
    assert data.describe()["classes"] == ["cats", "dogs"]
    new = data.for_prediction(tmp_path / "synthetic" / DogsVsCats.sample / "test")
    assert list(new.submission_columns(predictions(new, ["cats", "dogs"]))) == ["id", "label"]


def test_other_names_and_clips_are_refused(read: Any, tmp_path: Path) -> None:
    with pytest.raises(MisconfigurationException, match=r"DogsVsCats: clip=0.5 must be"):
        DogsVsCats(clip=0.5)
    read(DogsVsCats)
    (tmp_path / "synthetic" / DogsVsCats.sample / "train" / "bird.1.jpg").write_bytes(b"")
    with pytest.raises(MisconfigurationException, match=r"bird.1.jpg: is named neither cat.NUMBER.jpg nor dog"):
        read(DogsVsCats)
