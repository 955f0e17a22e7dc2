"""fastText, and logistic regression on tf-idf, on a CSV of texts with the columns text, label and split.

    PEER benchmarks/peers/default_texts.py TEXTS.csv --seed 1

PEER is a Python with as many of fastText and scikit-learn as there are. Prints a line of JSON per method: ``accuracy`` and
``loss`` (log-loss) on the test's texts, and ``seconds``; or ``missing``. Both have training and validation texts. fastText: 25
epochs, word bigrams, vectors of 50, rate .2. tf-idf: lower-case words and pairs of words that occur twice, sublinear counts; the
regression is scikit-learn's default.
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
import time
from pathlib import Path

import numpy as np

METHODS = ("fastText", "tf-idf")


def fasttext(train: list[tuple[str, str]], test: list[str], labels: list[str], seed: int) -> np.ndarray:
    import fasttext

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.txt"
        # In the order of the file; one class after the other, it would learn the last one.
        order = np.random.default_rng(seed).permutation(len(train))
        shuffled = (train[place] for place in order)
        lines = (f"__label__{labels.index(label)} {' '.join(text.lower().split())}\n" for text, label in shuffled)
        path.write_text("".join(lines), encoding="utf-8")
        # One thread: with several a seed decides nothing.
        model = fasttext.train_supervised(str(path), thread=1, seed=seed, epoch=25, wordNgrams=2, dim=50, lr=0.2, verbose=0)
    found = np.zeros((len(test), len(labels)))
    names, shares = model.predict([" ".join(text.lower().split()) for text in test], k=len(labels))
    for row, (ours, values) in enumerate(zip(names, shares, strict=True)):
        found[row, [int(name.removeprefix("__label__")) for name in ours]] = values
    return found


def tf_idf(train: list[tuple[str, str]], test: list[str], labels: list[str], seed: int) -> np.ndarray:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    model = make_pipeline(words, LogisticRegression(max_iter=1000, random_state=seed))
    model.fit([text for text, _ in train], [labels.index(label) for _, label in train])
    return model.predict_proba(test)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("texts")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    options = parser.parse_args()
    csv.field_size_limit(1 << 30)
    with open(options.texts, newline="", encoding="utf-8") as file:
        rows = [(row["text"], row["label"], row["split"]) for row in csv.DictReader(file)]
    train = [(text, label) for text, label, split in rows if split in ("train", "valid")]
    test = [(text, label) for text, label, split in rows if split == "test"]
    labels = sorted({label for _, label in train})
    y = np.array([labels.index(label) for _, label in test])
    for name in options.methods:
        started = time.perf_counter()
        try:
            shares = {"fastText": fasttext, "tf-idf": tf_idf}[name](train, [text for text, _ in test], labels, options.seed)
        except ImportError as error:
            print(json.dumps({"method": name, "missing": f"{error} in the peers' environment"}), flush=True)
            continue
        loss = float(-np.log(np.clip(shares[np.arange(len(y)), y], 1e-7, 1)).mean())
        found = {"accuracy": float((shares.argmax(1) == y).mean()), "loss": loss, "seconds": time.perf_counter() - started}
        print(json.dumps({"method": name, **found}), flush=True)


if __name__ == "__main__":
    main()
