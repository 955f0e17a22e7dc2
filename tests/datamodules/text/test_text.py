"""Texts from disk to batches: every layout, both tasks, and what is refused."""

from __future__ import annotations

import csv
import json
import math
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from practicum.datamodules import IMDb, PlainText, Reviews, TextCSV, TextFolder
from practicum.datamodules.synthetic import reviews as drawn
from practicum.datamodules.text.document_batches import DocumentBatches
from practicum.datamodules.text.text import Text
from pytorch_lightning.utilities.exceptions import MisconfigurationException


def write_folder(root: Path, **splits: int) -> Path:
    """``root/<split>/{good,bad}/*.txt``."""
    for split, count in splits.items():
        for number in range(count):
            label = ("good", "bad")[number % 2]
            path = root / split / ("" if split == "unsup" else label) / f"{number}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"This film number {number} is very {label} indeed" + ", truly" * number + ".")
    return root


def ready(data: Text) -> Text:
    data.prepare_data()
    data.setup("fit")
    return data


def cached(tmp_path: Path, **options: Any) -> dict[str, Any]:
    return {"cache": tmp_path / "cache", "batch_size": 4, "min_count": 1, **options}


def words(data: Text, row: torch.Tensor) -> list[str]:
    vocab = data.describe()["vocab"]
    return [vocab[number] for number in row.tolist() if vocab[number] != "xxpad"]


def test_documents_of_like_length_come_in_padded_batches(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "texts", train=30, valid=9, test=7)
    data = ready(TextFolder(root, **cached(tmp_path), keep=tmp_path / "run", report=tmp_path / "run"))
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
    assert (tmp_path / "run" / "rejected.csv").read_text().strip() == "file,reason"


def test_epochs_differ_and_a_position_is_taken_up_again(tmp_path: Path) -> None:
    data = ready(TextFolder(write_folder(tmp_path / "texts", train=40, valid=4), **cached(tmp_path)))
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


def test_two_processes_share_the_documents_out(tmp_path: Path) -> None:
    data = ready(TextFolder(write_folder(tmp_path / "texts", train=21, valid=9), **cached(tmp_path)))
    rows: list[list[str]] = []
    for rank in (0, 1):
        data._place = lambda rank=rank: {"rank": rank, "world_size": 2}  # type: ignore[method-assign, misc]
        rows.append([" ".join(words(data, row)) for x, _ in data.val_dataloader() for row in x])
        assert len(list(data.train_dataloader())) == 3
    assert len(set(rows[0]) | set(rows[1])) == 9
    assert len(rows[0]) + len(rows[1]) == 9


@pytest.mark.parametrize(("texts", "batch"), [(65, 32), (7, 1), (3, 1), (64, 8)])
def test_each_process_has_as_many_unshuffled_batches(texts: int, batch: int) -> None:
    tokens, starts = np.arange(2 * texts), np.arange(0, 2 * texts + 1, 2)
    parts = [DocumentBatches(tokens, starts, torch.zeros(texts), batch, rank=rank, world_size=2) for rank in (0, 1)]
    assert len(parts[0]) == len(parts[1])
    seen = [part[0, number][0] for part in parts for number in range(len(part))]
    assert sorted(torch.cat(seen).flatten().tolist()) == tokens.tolist()


def test_what_to_type_next_reads_the_same_texts(tmp_path: Path) -> None:
    typed = ["experiment=lm", "data.root=a.csv", "data.bptt=10", "data.task=language_model", "seed=2"]
    data = TextCSV("a.csv", task="language_model")
    assert data.builds_on("text_csv", typed) == ["experiment=reviews", "data=text_csv", "data.root=a.csv"]
    corpus = PlainText("a.txt", level="bpe", keep=tmp_path).builds_on("language_model", typed)
    assert corpus[1:3] == ["data=text_csv", "data.root=TEXTS"]  # a plain text has no labels
    assert corpus[-1] == f"data.tokenizer={tmp_path}/tokenizer.json"


def test_a_language_model_reads_all_training_texts_in_windows(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "texts", train=10, unsup=10, valid=6)
    data = ready(TextFolder(root, task="language_model", bptt=6, **cached(tmp_path)))
    batches = list(data.train_dataloader())
    assert batches[0][0].shape == (4, 6)
    assert torch.equal(batches[0][0][:, 1:], batches[0][1][:, :-1])
    assert torch.equal(batches[1][0][:, 0], batches[0][1][:, -1])
    whole = torch.cat([x for x, _ in batches], 1).flatten()
    stored = [data._part(split).tokens for split in ("train", "unsup")]
    assert torch.equal(whole, torch.from_numpy(np.concatenate(stored).astype(np.int64))[: len(whole)])
    assert "classes" not in data.describe()
    assert data.predicts is None
    with pytest.raises(MisconfigurationException, match="no classes to predict"):
        data.predict_from(root)


def test_archive_folder_lines_and_csv_give_the_same(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "aclImdb", train=12, test=6)
    (folder / "imdb.vocab").write_text("the\n")
    with tarfile.open(tmp_path / "texts.tar.gz", "w:gz") as file:
        file.add(folder, "aclImdb")
    rows = [(path.read_text(), path.parts[-2], path.parts[-3]) for path in sorted(folder.rglob("*.txt"))]
    for name, members in (("one.csv", rows), ("parts/train.csv", rows[6:]), ("parts/test.csv", rows[:6])):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        with open(tmp_path / name, "w", newline="") as table:
            csv.writer(table).writerows([("text", "label", "part"), *members])
    (tmp_path / "lines").mkdir()
    for label in ("good", "bad"):
        (tmp_path / "lines" / f"my.{label}").write_text("\n".join(text for text, each, _ in rows if each == label) + "\n")
    options = cached(tmp_path, valid_fraction=0.34)
    sources: dict[str, Text] = {
        "folder": TextFolder(folder, **options),
        "archive": TextFolder(tmp_path / "texts.tar.gz", **options),
        "one": TextCSV(str(tmp_path / "one.csv"), split_column="part", **options),
        "parts": TextCSV(str(tmp_path / "parts"), **options),
    }
    sizes = {name: {split: len(part) for split, part in ready(data)._store.parts.items()} for name, data in sources.items()}  # type: ignore[union-attr]
    assert set(map(str, sizes.values())) == {"{'train': 8, 'valid': 4, 'test': 6}"}
    assert len({tuple(sorted(data.describe()["vocab"])) for data in sources.values()}) == 1
    assert ready(TextFolder(tmp_path / "lines", **options)).describe()["class_counts"] == [6, 6]


def test_texts_are_tokenised_once_and_anew_when_they_change(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "texts", train=12, valid=4)
    first = ready(TextFolder(root, **cached(tmp_path))).provenance["sha256"]
    kept = sorted(path.name for path in (tmp_path / "cache").glob("text-*"))
    assert ready(TextFolder(root, **cached(tmp_path))).provenance["sha256"] == first
    assert sorted(path.name for path in (tmp_path / "cache").glob("text-*")) == kept
    (root / "train" / "good" / "0.txt").write_text("Another text")
    assert ready(TextFolder(root, **cached(tmp_path))).provenance["sha256"] != first
    assert len(list((tmp_path / "cache").glob("text-*"))) == 2
    assert not list((tmp_path / "cache").glob(".unfinished*"))


def test_what_cannot_be_used_is_left_out_and_listed(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "texts", train=12, valid=4)
    (root / "train" / "good" / "empty.txt").write_text(" \n")
    (root / "train" / "bad" / "latin.txt").write_bytes("caf\u00e9".encode("latin-1"))
    data = ready(TextFolder(root, **cached(tmp_path), report=tmp_path / "run"))
    assert {(Path(name).name, reason) for name, reason in data.rejected} == {("empty.txt", "empty"), ("latin.txt", "not UTF-8")}
    assert "latin.txt,not UTF-8" in (tmp_path / "run" / "rejected.csv").read_text()


def test_a_text_of_half_a_million_tokens_and_quotes_and_newlines_in_a_csv(tmp_path: Path) -> None:
    with open(tmp_path / "texts.csv", "w", newline="") as table:
        rows = [("a b " * 250_000, "long"), ('He said "no",\nand left.', "short"), ("c", "long"), ("d", "short")]
        csv.writer(table).writerows([("text", "label"), *rows, *rows])
    data = ready(TextCSV(str(tmp_path / "texts.csv"), **cached(tmp_path, valid_fraction=0.25)))
    lengths = {int(n) for split in ("train", "valid") for n in np.diff(data._part(split).starts)}
    assert 500_001 in lengths
    assert '"' in data.describe()["vocab"]


def test_new_texts_are_read_as_those_of_the_training(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "texts", train=12, valid=4)
    options = cached(tmp_path, keep=tmp_path / "run")
    trained = ready(TextFolder(root, **options))
    (tmp_path / "new.txt").write_text("This film is good\n\nNever seen words\n")
    (tmp_path / "new.csv").write_text('id,text\n1,"This film, is ""good"""\n2,\n')
    data = TextCSV(str(tmp_path / "gone"), **options)
    data.predict_from(tmp_path / "new.txt")
    data.prepare_data()
    data.setup("predict")
    ((x, y),) = list(data.predict_dataloader())
    assert words(trained, x[0]) == ["xxbos", "xxmaj", "this", "film", "is", "good"]
    assert y.tolist() == [-1, -1]
    assert data.predict_rows() == [{"text": "This film is good"}, {"text": "Never seen words"}]
    data.predict_from(tmp_path / "new.csv")
    ((x, _),) = list(data.predict_dataloader())
    assert len(x) == 2  # also of an empty text something is said
    assert words(trained, x[1]) == ["xxbos"]


def test_backwards_documents_come_from_their_ends(tmp_path: Path) -> None:
    data = ready(TextFolder(write_folder(tmp_path / "texts", train=12, valid=4), **cached(tmp_path), reverse=True))
    text = words(data, next(iter(data.val_dataloader()))[0][-1])
    assert text[-1] == "xxbos"
    assert data.written(text).startswith("This film number 0")


def test_a_plain_corpus_has_windows_and_no_marks_of_beginnings(tmp_path: Path) -> None:
    for split in ("train", "valid", "test"):
        (tmp_path / f"ptb.{split}.txt").write_text("\n".join(f" no it was n't black <unk> {i % 7} " for i in range(200)) + "\n")
    data = ready(PlainText(str(tmp_path), level="blanks", **cached(tmp_path, min_count=5), bptt=8))
    assert data.provenance["tokens/train"] == 200 * 8
    assert data.provenance["unknown/test"] == 0
    x, _ = next(iter(data.train_dataloader()))
    assert words(data, x[0]) == ["no", "it", "was", "n't", "black", "<unk>", "0", "<eos>"]
    one = ready(PlainText(str(tmp_path / "ptb.train.txt"), level="character", **cached(tmp_path)))
    assert set(one._store.parts) == {"train", "valid"}  # type: ignore[union-attr]
    assert len(one.describe()["vocab"]) < 40


def test_drawn_reviews_have_the_entropy_that_their_grammar_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawn, "COUNTS", {"train": 60, "test": 100, "unsup": 40})
    options = cached(tmp_path, drawn=str(tmp_path / "drawn"))
    data = ready(Reviews(task="language_model", **options))
    answer = json.loads((data.root / "answer.json").read_text())  # type: ignore[operator]
    known = data.known_answer["perplexity"]
    # By counting: nothing but the words of one review and their chances, as the text of the grammar gives them.
    assert data.root is not None
    for part, negated in (("train/pos", 0.5), ("train/unsup", 0.2)):
        name, log = next((name, log) for name, log in answer["logs"].items() if name.startswith(part))
        assert log == pytest.approx(log_probability((data.root / name).read_text(), negated))
    assert 2 < known < 3
    classified = ready(Reviews(**options))
    assert classified.known_answer == {"accuracy": pytest.approx(0.97)}
    assert classified.provenance["source"].startswith("drawn: ")


def log_probability(text: str, negated: float = 0.5) -> float:
    """Read a drawn review from left to right and multiply chances: an independent parser of the grammar."""

    def chance(words: tuple[str, ...], word: str) -> float:
        return math.log(1 / (words.index(word) + 1) / sum(1 / n for n in range(1, len(words) + 1)))

    total, opinions, good = math.log(0.5), 0, None

    def someone(tokens: list[str], names: tuple[str, ...]) -> float:
        kind = tokens[0] in drawn._KINDS
        log = math.log(0.2 if kind else 0.8)
        if kind:
            log += chance(drawn._KINDS, tokens.pop(0))
        return log + chance(names, tokens.pop(0))

    def happening(tokens: list[str]) -> float:
        log = chance(drawn._DEEDS, tokens.pop(0))
        assert tokens.pop(0) == "the"
        log += someone(tokens, drawn._THINGS)
        place = bool(tokens) and tokens[0] == "in"
        log += math.log(0.3 if place else 0.7)
        while place:
            del tokens[:2]
            log += someone(tokens, drawn._PLACES)
            place = bool(tokens) and tokens[0] == "near"
            log += math.log(0.3 if place else 0.7)
        return log

    for sentence in text.rstrip(".").split(". "):
        total += math.log(1 - 0.18) if opinions else 0
        start = next((each for each in (*drawn._NOT, *drawn._YES) if sentence.startswith(each)), None)
        if start is None:
            tokens = sentence.split()
            assert tokens.pop(0) == "The"
            total += math.log(1 - 0.85) + someone(tokens, drawn._PEOPLE) + happening(tokens)
            assert not tokens
            continue
        opinions += 1
        turned = start in drawn._NOT
        total += math.log(0.85) + math.log(negated if turned else 1 - negated)
        total += chance(drawn._NOT if turned else drawn._YES, start)
        head, *clause, verdict = sentence.split(",") if "," in sentence else sentence.split(" was")
        aspect = head.removeprefix(start).split()[1]
        total += chance(drawn._ASPECTS, aspect) + math.log(0.4 if clause else 0.6)
        if clause:
            tokens = clause[0].split()[3:]
            total += someone(tokens, drawn._PEOPLE) + happening(tokens)
            assert not tokens
        word, _, second = verdict.removeprefix(" was").split()
        words = drawn._GOOD if word in drawn._GOOD else drawn._BAD
        total += chance(words, word) + chance(words, second)
        says = (word in drawn._GOOD) != turned
        assert good in (None, says)  # all opinions agree
        good = says
    return total + math.log(0.18)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda p: TextFolder(p / "none", cache=p), "no such file or folder"),
        (lambda p: TextFolder(None, cache=p), "data.root is missing"),
        (lambda p: TextFolder(p / "empty", cache=p), "holds no texts of classes"),
        (lambda p: TextFolder(p / "broken.tar.gz", cache=p), "can't be read"),
        (lambda p: TextFolder(p / "single", cache=p), r"one class only \(good\)"),
        (lambda p: TextCSV(str(p / "other.csv"), cache=p), "no column 'label'.*did you mean 'lable'"),
        (lambda p: TextCSV(str(p / "latin.csv"), cache=p), "is not UTF-8"),
        (lambda p: TextCSV(str(p / "unlabelled.csv"), cache=p), "row 2: its label is empty"),
        (lambda p: TextCSV(str(p / "strange"), cache=p), "label 'odd' is not among those of training"),
        (lambda p: PlainText(str(p / "empty"), cache=p), "holds no train.txt"),
        (lambda p: PlainText(str(p / "latin.txt"), cache=p), "is not UTF-8"),
        (lambda p: PlainText(str(p / "x"), task="classification", cache=p), "a plain text has no classes"),
        (lambda p: TextFolder(p, bptt=0), "data.bptt=0"),
        (lambda p: TextFolder(p, level="syllable"), "data.level=syllable"),  # type: ignore[arg-type]
        (lambda p: TextFolder(p / "good", tokenizer=p / "none.json", cache=p), "no such tokenizer"),
        (lambda p: TextFolder(p / "good", tokenizer=p / "other.csv", cache=p), "is no tokenizer"),
    ],
)
def test_what_is_wrong_is_said(make: Any, said: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.tar.gz").write_bytes(b"\x1f\x8b broken")
    for name in ("good", "single"):
        write_folder(tmp_path / name, train=6, valid=2)
    for path in [*(tmp_path / "single").rglob("*/bad/*.txt")]:
        path.unlink()
    (tmp_path / "other.csv").write_text("text,lable\na,b\n")
    (tmp_path / "latin.csv").write_bytes("text,label\ncaf\u00e9,b\n".encode("latin-1"))
    (tmp_path / "latin.txt").write_bytes("caf\u00e9\n".encode("latin-1"))
    (tmp_path / "unlabelled.csv").write_text("text,label\na,b\nc,\n")
    (tmp_path / "strange").mkdir()
    (tmp_path / "strange" / "train.csv").write_text("text,label\n" + "a,x\nb,y\n" * 5)
    (tmp_path / "strange" / "valid.csv").write_text("text,label\na,odd\n")
    with pytest.raises(MisconfigurationException, match=said):
        ready(make(tmp_path))


def test_imdb_reads_an_archive_that_one_has(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "aclImdb_v1.tar.gz", "w:gz") as file:
        file.add(write_folder(tmp_path / "aclImdb", train=12, test=6), "aclImdb")
    data = ready(IMDb(str(tmp_path / "aclImdb_v1.tar.gz"), **cached(tmp_path)))
    assert data.provenance["test"] == 6
