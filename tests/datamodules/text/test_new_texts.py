"""New texts are tokenized as in training, and come in their order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from practicum.datamodules import TextCSV, TextFolder
from practicum.datamodules.text.new_texts import read_new_texts
from practicum.lightning_shim import MisconfigurationException


def test_new_texts_are_read_as_those_of_the_training(
    tmp_path: Path, write_folder: Any, ready: Any, words: Any, options: dict[str, Any]
) -> None:
    root = write_folder(tmp_path / "texts", train=12, valid=4)
    options = {**options, "artifacts_dir": tmp_path / "run"}
    trained = ready(TextFolder(root, **options))
    (tmp_path / "new.txt").write_text("This film is good\n\nNever seen words\n")
    (tmp_path / "new.csv").write_text('id,text\n1,"This film, is ""good"""\n2,\n')
    data = TextCSV(tmp_path / "gone", **options)  # the training texts aren't needed any more
    new = data.for_prediction(tmp_path / "new.txt")
    ((x, y),) = list(new.predict_dataloader())
    assert words(trained, x[0]) == ["xxbos", "xxmaj", "this", "film", "is", "good"]
    assert new.detokenize(words(trained, x[0])) == "This film is good"
    assert y.tolist() == [-1, -1]
    assert new.row_columns() == {"text": ["This film is good", "Never seen words"]}
    ((x, _),) = list(data.for_prediction(tmp_path / "new.csv").predict_dataloader())
    assert len(x) == 2  # an empty text gets a prediction, too
    assert words(trained, x[1]) == ["xxbos"]


def test_a_data_module_that_is_set_up_needs_no_files(
    tmp_path: Path, write_folder: Any, ready: Any, words: Any, options: dict[str, Any]
) -> None:
    data = ready(TextFolder(write_folder(tmp_path / "texts", train=12, valid=4), **options, reverse=True))
    (tmp_path / "new.txt").write_text("This film\nThis very good film\n")
    new = data.for_prediction(tmp_path / "new.txt")
    ((x, _),) = list(new.predict_dataloader())
    assert words(data, x[0]) == ["film", "this", "xxmaj", "xxbos"]  # in their order, not longest first
    assert new.detokenize(words(data, x[1])) == "This very good film"


def test_a_folder_s_texts_have_the_names_of_their_files(tmp_path: Path, write_folder: Any, ready: Any, options: Any) -> None:
    data = ready(TextFolder(write_folder(tmp_path / "texts", train=12, valid=4), **options))
    new = tmp_path / "new"
    new.mkdir()
    (new / "b.txt").write_text("good")
    (new / "a.txt").write_text("\ufeffbad")
    (new / "latin.txt").write_bytes("caf\u00e9".encode("latin-1"))
    predicted = data.for_prediction(new)
    assert predicted.row_columns() == {"text": [str(new / "a.txt"), str(new / "b.txt")]}
    assert predicted.rejected == [(str(new / "latin.txt"), "not UTF-8")]
    assert data.rejected == []  # those of the training texts


def test_the_column_of_a_csv_is_the_one_of_training_or_the_first(tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text("id,review\n1,Good\n")
    assert list(read_new_texts(tmp_path / "new.csv", "review")) == [("Good", "Good")]
    assert list(read_new_texts(tmp_path / "new.csv", "text")) == [("1", "1")]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none.txt", "none.txt: no such file or folder"),
        ("empty.txt", "empty.txt: holds no text that can be read"),
        ("empty.csv", "empty.csv: is empty"),
        ("latin.txt", "latin.txt: is not UTF-8"),
        ("broken", "broken: holds no text that can be read"),
    ],
)
def test_errors_say_what_is_wrong(name: str, message: str, tmp_path: Path, write_folder: Any, ready: Any, options: Any) -> None:
    (tmp_path / "empty.txt").write_text("\n\n")
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "latin.txt").write_bytes("caf\u00e9\n".encode("latin-1"))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "latin.txt").write_bytes("caf\u00e9\n".encode("latin-1"))
    data = ready(TextFolder(write_folder(tmp_path / "texts", train=12, valid=4), **options))
    with pytest.raises(MisconfigurationException, match=message):
        data.for_prediction(tmp_path / name)
