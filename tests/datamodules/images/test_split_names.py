"""Names of splits, with what people write beside them; other names say none."""

from __future__ import annotations

import pytest
from practicum.datamodules.images.split_names import split_of


@pytest.mark.parametrize(
    ("split", "names"),
    [
        ("train", "train Training training_set trn seg_train train-images train_1 TRAIN trainset TrainingData trainval"),
        ("valid", "valid val validation dev eval development val2017 dev_set validation-split DevSet"),
        ("test", "test testing tst test1 seg_test TestSet images_test test.data"),
        (
            None,
            "cats latest contest trainer devil evaluator testbed pretrained valve data images 2017 тест train_and_test",
        ),
    ],
)
def test_names_say_splits(split: str | None, names: str) -> None:
    assert {name: split_of(name) for name in names.split()} == dict.fromkeys(names.split(), split)
    assert split_of("test tube") is None
    assert split_of("") is None
