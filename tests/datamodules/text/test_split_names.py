"""Splits by the names of folders and files."""

from __future__ import annotations

import pytest
from practicum.datamodules.text.split_names import split_in, split_of


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train", "train"),
        ("TRAINING", "train"),
        ("training_set", "train"),
        ("trainset", "train"),
        ("seg_train", "train"),
        ("train data", "train"),
        ("val", "valid"),
        ("Validation", "valid"),
        ("dev", "valid"),
        ("eval", "valid"),
        ("test-set", "test"),
        ("testing", "test"),
        ("unsup", "unlabelled"),
        ("unlabelled", "unlabelled"),
        ("pos", None),
        ("texts", None),
        ("contest", None),
        ("set", None),
        ("trains", None),
    ],
)
def test_names_of_folders(name: str, split: str | None) -> None:
    assert split_of(name) == split


def test_names_of_files() -> None:
    found = [split_in(name) for name in ("ptb.train.txt", "wiki.valid.tokens", "test.raw", "train.zip", "emma.txt")]
    assert found == ["train", "valid", "test", None, None]
