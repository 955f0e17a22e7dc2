"""Planet: any number of tags, two folders of test photos, the most probable tag where none passes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from practicum.datamodules import Planet


def test_chips_have_tags(read: Any, predictions: Any, header: Any, tmp_path: Path) -> None:
    data = read(Planet)
    assert data.describe()["multi_label"]
    assert {"clear", "primary"} <= set(data.describe()["classes"])
    root = tmp_path / "synthetic" / Planet.sample
    assert data.test_inputs() == root  # two folders of photos to predict
    new = data.for_prediction(root)
    table = predictions(new, data.classes)
    table["predicted"][0] = ""
    answer = new.submission_columns(table)
    assert list(answer) == header(root / "sample_submission_v2.csv")
    assert answer["image_name"] == [*(f"test_{i}" for i in range(4)), "file_0", "file_1"]
    assert answer["tags"][0] == data.describe()["classes"][-1]  # none is probable enough: the most probable
    assert answer["tags"][1] == data.describe()["classes"][0]
