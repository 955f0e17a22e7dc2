"""Sentiment: a pretrained language model's encoder, the same network without pretraining, word vectors, and fastText.

    python benchmarks/sentiment.py RT_POLARITY --more aclImdb_v1.tar.gz --reviews 4000 --peer-python PEER_ENV/bin/python
    python benchmarks/sentiment.py aclImdb_v1.tar.gz --peer-python PEER_ENV/bin/python --lm epochs=1 data.batch_size=64 ...

The texts are written to one CSV: if they have no test split a tenth is held out, and ``--more`` gives unlabelled reviews to the
language model. Held-out texts are used in no training. fastText (its supervised classifier, with word bigrams) trains on what the
others train and validate on. Prints accuracy on the held-out texts and the seconds of whole runs.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from measurements import OURS, Measurements, add_json, threads
from practicum.callbacks.run.results import results
from practicum.datamodules.text.readers import UNLABELLED, Document, read_archive, read_folder

HERE = Path(__file__).resolve().parent
PEER = """
import fasttext, json, sys, time
started = time.perf_counter()
net = fasttext.train_supervised(sys.argv[1], thread=int(sys.argv[3]), epoch=25, wordNgrams=2, dim=50, lr=0.2, verbose=0)
seconds = time.perf_counter() - started
print(json.dumps({"accuracy": net.test(sys.argv[2])[1], "seconds": seconds}))
"""


def documents(source: Path) -> Iterator[Document]:
    return read_archive(source) if source.is_file() else read_folder(source)


def write_table(path: Path, source: Path, more: Path | None, reviews: int) -> None:
    """Write a CSV with the columns text, label and split."""
    rows = [[each.text, each.label or "", each.split] for each in documents(source) if each.text]
    if not any(split == "test" for *_, split in rows):
        for row in random.Random(1).sample(rows, len(rows) // 10):
            row[2] = "test"
    if more is not None:
        others = [each.text for each in documents(more) if each.split == UNLABELLED and each.text]
        rows += [[text, "", UNLABELLED] for text in random.Random(1).sample(others, reviews)]
    beside = path.with_suffix(".part")
    with open(beside, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["text", "label", "split"], *rows])
    beside.replace(path)


def train(folder: Path, run: str, *overrides: str) -> tuple[float, float]:
    """Run ``train.py`` unless that was done; return accuracy (or perplexity) on the test texts, and seconds."""
    place = folder / run
    if not (place / "report.html").exists():
        data = ["data=text_csv", f"data.root={folder / 'texts.csv'}", "data.split_column=split", f"paths.data={folder / 'data'}"]
        command = [sys.executable, str(HERE.parent / "train.py"), overrides[0], *data, "callbacks.progress=null", *overrides[1:]]
        subprocess.run([*command, f"hydra.run.dir={place}"], check=True, stdout=subprocess.DEVNULL)
    record = json.loads((place / "metrics.json").read_text(encoding="utf-8"))
    found = results(record)
    return found.get("accuracy", found.get("perplexity")), record["seconds"]


def fasttext(python: str, folder: Path) -> tuple[float, float]:
    files = {}
    for part in ("train", "test"):
        files[part] = folder / f"fasttext.{part}"
        with open(folder / "texts.csv", newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row["split"] == part]
        random.Random(1).shuffle(rows)  # it reads them in order: sorted by class it learns little
        with open(files[part], "w", encoding="utf-8") as out:
            for row in rows:
                out.write(f"__label__{row['label']} {' '.join(row['text'].lower().split())}\n")
    answer = subprocess.run(
        [python, "-c", PEER, str(files["train"]), str(files["test"]), str(threads())], capture_output=True, text=True, check=True
    )
    result = json.loads(answer.stdout.splitlines()[-1])
    return result["accuracy"], result["seconds"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("--more", type=Path)
    parser.add_argument("--reviews", type=int, default=4000)
    parser.add_argument(
        "--folder", type=Path, default=Path("runs/sentiment"), help="for all results; runs that are there are kept"
    )
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--lm", nargs="*", default=[], help="overrides of the language model")
    parser.add_argument("--classifier", nargs="*", default=[], help="overrides of the two networks")
    parser.add_argument("--vectors", nargs="*", default=[], help="overrides of the classifier on word vectors")
    parser.add_argument("--without", nargs="*", default=[], choices=("random", "vectors"))
    parser.add_argument("--peer-python")
    add_json(parser)
    options = parser.parse_args()
    noted = Measurements()
    noted.setting("fastText", "train_supervised, 25 epochs, word bigrams, dim 50, lr .2: its tutorial's advice for accuracy")
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "texts.csv").exists():
        write_table(folder / "texts.csv", options.source, options.more, options.reviews)
    if options.peer_python:
        accuracy, seconds = fasttext(options.peer_python, folder)
        print(f"fastText          {accuracy:.4f}   {seconds:.0f} s", flush=True)
        noted.note("accuracy", "fastText", accuracy)
        noted.note("seconds of a run", "fastText", seconds, "less")
    perplexity, seconds = train(folder, "lm", "experiment=lm", *options.lm)
    print(f"language model    perplexity {perplexity:.1f}, {seconds:.0f} s", flush=True)
    recipes = {"with it": ["experiment=reviews", f"model.encoder={folder / 'lm'}", *options.classifier]}
    if "random" not in options.without:
        recipes["without"] = ["experiment=reviews", "pretraining=none", *options.classifier]
    if "vectors" not in options.without:
        train(folder, "skip_gram", "experiment=word_vectors", "data.min_count=2")
        recipes["word vectors"] = [
            "experiment=reviews",
            "model=word_vectors",
            f"model.vectors={folder / 'skip_gram'}",
            *options.vectors,
        ]
    for name, recipe in recipes.items():
        started = time.time()
        found = [
            train(folder, f"{name.replace(' ', '_')}{seed}", *recipe, f"seed={seed}") for seed in range(1, options.seeds + 1)
        ]
        accuracies = [accuracy for accuracy, _ in found]
        for accuracy, seconds in found:
            side = {"with it": OURS, "without": f"{OURS} without pretraining", "word vectors": f"{OURS} on word vectors"}[name]
            noted.note("accuracy", side, accuracy)
            noted.note("seconds of a run", side, seconds, "less")
        spread = statistics.stdev(accuracies) if len(found) > 1 else 0.0
        print(
            f"{name:17} {statistics.mean(accuracies):.4f} +- {spread:.4f}  {[round(each, 4) for each in accuracies]}  "
            f"{statistics.median(seconds for _, seconds in found):.0f} s each ({time.time() - started:.0f} s)",
            flush=True,
        )
    noted.write(options.json)


if __name__ == "__main__":
    main()
