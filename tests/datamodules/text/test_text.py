"""What all text data modules have in common: splits, loaders, facts, refusals."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from practicum.datamodules import PlainText, TextCSV, TextFolder
from practicum.lightning_shim import MisconfigurationException


def test_documents_of_similar_length_come_in_padded_batches(
    tmp_path: Path, write_folder: Any, ready: Any, words: Any, options: dict[str, Any]
) -> None:
    root = write_folder(tmp_path / "texts", train=30, valid=9, test=7)
    data = ready(TextFolder(root, **options, artifacts_dir=tmp_path / "run", report_dir=tmp_path / "run"))
    facts = data.describe()
    assert facts["classes"] == ["bad", "good"]
    assert facts["class_counts"] == [15, 15]
    assert data.tests_on == "test"
    seen = []
    for x, y in data.train_dataloader():
        for row, target in zip(x, y, strict=True):
            text = words(data, row)
            assert text[0] == "xxbos"
            assert facts["classes"][target] in text
            seen.append(text[text.index("number") + 1])
    assert sorted(map(int, seen)) == list(range(30))  # each once
    lengths = [(x != 1).sum(1) for x, _ in data.val_dataloader()]
    assert torch.equal(torch.cat(lengths), torch.cat(lengths).sort(descending=True)[0])
    names = [Path(name).name for name in data.row_names("valid")]
    firsts = [words(data, row) for x, _ in data.val_dataloader() for row in x]
    assert names == [f"{text[text.index('number') + 1]}.txt" for text in firsts]
    assert (tmp_path / "run" / "tokenizer.json").is_file()
    assert (tmp_path / "run" / "rejected.csv").read_text(encoding="utf-8").strip() == "file,reason"


def test_epochs_differ_and_a_loader_resumes_within_one(
    tmp_path: Path, write_folder: Any, ready: Any, options: dict[str, Any]
) -> None:
    data = ready(TextFolder(write_folder(tmp_path / "texts", train=40, valid=4), **options))
    loader = data.train_dataloader()
    epochs = []
    for epoch in (0, 1):
        loader.sampler.set_epoch(epoch)
        epochs.append([x for x, _ in loader])
    assert [x.tolist() for x in epochs[0]] != [x.tolist() for x in epochs[1]]
    loader.sampler.set_epoch(1)
    iterator = iter(loader)
    for _ in range(3):
        next(iterator)
    again = data.train_dataloader()
    again.load_state_dict(loader.state_dict())
    for wanted, (x, _) in zip(epochs[1][3:], again, strict=True):
        assert torch.equal(x, wanted)


def test_two_processes_share_the_documents(
    tmp_path: Path, write_folder: Any, ready: Any, words: Any, options: dict[str, Any]
) -> None:
    data = ready(TextFolder(write_folder(tmp_path / "texts", train=21, valid=9), **options))
    rows: list[list[str]] = []
    for rank in (0, 1):
        data.trainer = SimpleNamespace(global_rank=rank, world_size=2)
        rows.append([" ".join(words(data, row)) for x, _ in data.val_dataloader() for row in x])
        assert len(list(data.train_dataloader())) == 3
    assert len(set(rows[0]) | set(rows[1])) == 9
    assert len(rows[0]) + len(rows[1]) == 9


def test_a_language_model_reads_all_training_texts_in_windows(
    tmp_path: Path, write_folder: Any, ready: Any, options: dict[str, Any]
) -> None:
    root = write_folder(tmp_path / "texts", train=10, unsup=10, valid=6)
    data = ready(TextFolder(root, task="language_model", bptt=6, **options))
    batches = list(data.train_dataloader())
    assert batches[0][0].shape == (4, 6)
    assert torch.equal(batches[0][0][:, 1:], batches[0][1][:, :-1])
    assert torch.equal(batches[1][0][:, 0], batches[0][1][:, -1])
    whole = torch.cat([x for x, _ in batches], 1).flatten()
    stored = [data.corpus.splits[split].tokens for split in ("train", "unlabelled")]
    assert torch.equal(whole, torch.from_numpy(np.concatenate(stored).astype(np.int64))[: len(whole)])
    assert "classes" not in data.describe()
    with pytest.raises(MisconfigurationException, match="no classes to predict"):
        data.for_prediction(root)


def test_a_skip_gram_gets_the_counts_of_its_training_tokens(
    tmp_path: Path, write_folder: Any, ready: Any, options: dict[str, Any]
) -> None:
    root = write_folder(tmp_path / "texts", train=4, unsup=3, valid=4)
    facts = ready(TextFolder(root, task="skip_gram", **options)).describe()
    counts = dict(zip(facts["vocab"], facts["counts"], strict=True))
    assert (counts["film"], counts["good"], counts["truly"]) == (7, 4, 0 + 1 + 2 + 3 + 0 + 1 + 2)


@pytest.mark.parametrize("varies", [False, True])
def test_only_training_windows_vary_in_length(varies: bool, tmp_path: Path, ready: Any, options: dict[str, Any]) -> None:
    for split in ("train", "valid"):
        (tmp_path / f"{split}.txt").write_text("a b c d\n" * 300, encoding="utf-8")
    data = ready(PlainText(tmp_path, bptt=20, variable_length=varies, **options))
    assert (len({x.shape[1] for x, _ in list(data.train_dataloader())[:-1]}) > 1) == varies
    assert {x.shape[1] for x, _ in list(data.val_dataloader())[:-1]} == {20}


def test_unusable_texts_are_left_out_and_listed(tmp_path: Path, write_folder: Any, ready: Any, options: dict[str, Any]) -> None:
    root = write_folder(tmp_path / "texts", train=12, valid=4)
    (root / "train" / "good" / "empty.txt").write_text(" \n", encoding="utf-8")
    (root / "train" / "bad" / "latin.txt").write_bytes("caf\u00e9".encode("latin-1"))
    data = ready(TextFolder(root, **options, report_dir=tmp_path / "run"))
    assert {(Path(name).name, reason) for name, reason in data.rejected} == {("empty.txt", "empty"), ("latin.txt", "not UTF-8")}
    assert "latin.txt,not UTF-8" in (tmp_path / "run" / "rejected.csv").read_text(encoding="utf-8")
    assert data.provenance["rejected"] == 2


def test_reversed_documents_are_read_from_their_ends(
    tmp_path: Path, write_folder: Any, ready: Any, words: Any, options: dict[str, Any]
) -> None:
    data = ready(TextFolder(write_folder(tmp_path / "texts", train=12, valid=4), **options, reverse=True))
    text = words(data, next(iter(data.val_dataloader()))[0][-1])
    assert text[-1] == "xxbos"
    assert data.detokenize(text).startswith("This film number 0")


def test_many_unknown_tokens_are_warned_of(
    tmp_path: Path, ready: Any, options: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "train.txt").write_text("a b c d\n" * 30, encoding="utf-8")
    (tmp_path / "valid.txt").write_text("e f g h\n" * 30, encoding="utf-8")
    data = ready(PlainText(tmp_path, level="whitespace", **options))
    assert "80% of the validation tokens are unknown" in caplog.text
    assert data.provenance["unknown/valid"] == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: TextFolder(p / "none", cache=p), "none: no such file or folder"),
        (lambda p: TextFolder(None, cache=p), "TextFolder: root is missing"),
        (lambda p: PlainText(p / "tiny.txt", cache=p), "too few texts for a valid split"),
        (lambda p: TextCSV(p / "prices.csv", cache=p), "its 40 texts have 40 different labels; a class needs several texts"),
        (lambda p: TextFolder(p, task="translation"), "TextFolder: task=translation must be one of classification"),  # type: ignore[arg-type]
        (lambda p: TextFolder(p, level="syllable"), "TextFolder: level=syllable must be one of word"),  # type: ignore[arg-type]
        (lambda p: TextFolder(p, max_vocab=9), "TextFolder: max_vocab=9 must be at least 10"),
        (lambda p: TextFolder(p, min_count=0), "TextFolder: min_count=0 must be at least 1"),
        (lambda p: TextFolder(p, batch_size=0), "TextFolder: batch_size=0 must be at least 1"),
        (lambda p: TextFolder(p, bptt=0), "TextFolder: bptt=0 must be at least 1"),
        (lambda p: TextFolder(p, valid_fraction=1.0), "TextFolder: valid_fraction=1.0 must be between 0 and 1"),
        (lambda p: TextFolder(p).for_prediction(p), "artifacts_dir is missing"),
    ],
)
def test_errors_say_what_is_wrong(make: Callable[[Path], Any], message: str, tmp_path: Path, ready: Any) -> None:
    (tmp_path / "tiny.txt").write_text("a\n", encoding="utf-8")
    prices = [f"a film of number {number},{number}.5" for number in range(40)]
    (tmp_path / "prices.csv").write_text("\n".join(["text,label", *prices]), encoding="utf-8")
    with pytest.raises(MisconfigurationException, match=message):
        ready(make(tmp_path))


def test_a_split_that_is_not_there_is_refused(tmp_path: Path, write_folder: Any, ready: Any, options: dict[str, Any]) -> None:
    data = ready(TextFolder(write_folder(tmp_path / "texts", train=8), **options))
    assert data.tests_on == "valid"
    with pytest.raises(MisconfigurationException, match="no texts of the split test"):
        data.row_names("test")


def test_texts_serve_another_task_without_being_read_again(
    tmp_path: Path, write_folder: Any, ready: Any, options: dict[str, Any]
) -> None:
    root = write_folder(tmp_path / "texts", train=30, valid=9, test=7)
    data = ready(TextFolder(root, **options))
    before = data.describe()
    windows = data.for_task("skip_gram", batch_size=2, bptt=8)
    for path in root.rglob("*.txt"):
        path.unlink()  # nothing is read
    x, y = next(iter(windows.train_dataloader()))
    assert x.shape == y.shape == (2, 8)
    facts = windows.describe()
    assert facts["vocab"] == before["vocab"]
    assert sum(facts["counts"]) == data.corpus.training_tokens
    assert data.describe() == before  # and the one it was made of is as it was
    assert (data.suggested_epochs(), windows.suggested_epochs()) == (60, 5)
    with pytest.raises(MisconfigurationException, match="TextFolder: bptt=0"):
        data.for_task("language_model", batch_size=2, bptt=0)
