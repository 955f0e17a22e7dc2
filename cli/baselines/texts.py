"""Baselines of texts: the classes' frequencies, and logistic regression on tf-idf of the run's own tokens.

**What it does.** Counts of tokens, weighted by ``TfidfTransformer(sublinear_tf=True)``, and a linear classifier: what a
network without pretraining often does not reach.

**Source.** Joachims 1998; Wang & Manning 2012, "Baselines and bigrams".
"""

from __future__ import annotations

from typing import Any

import numpy as np
from practicum.modules.objectives.objective import Objective
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.pipeline import make_pipeline

from .estimators import Examples, choose_rows, constant, fit_and_measure, linear, row_limit
from .found import Baselines, say_sample

ADVICE = "train a language model on these texts first (experiment=lm) and start from it (model.encoder=RUN), or train longer"


def token_counts(tokens: np.ndarray[Any, Any], starts: np.ndarray[Any, Any], rows: np.ndarray[Any, Any], size: int) -> csr_matrix:
    """Counts of tokens in some texts ``[rows, size]``.

    Args:
        tokens: Ids of all texts, concatenated.
        starts: Where each text begins, and where the last one ends.
        rows: Which texts.
        size: Of the vocabulary.

    Example:
        >>> import numpy as np
        >>> from practicum.cli.baselines.texts import token_counts
        >>> token_counts(np.array([2, 2, 0, 1]), np.array([0, 3, 4]), np.array([0, 1]), size=3).toarray().tolist()
        [[1.0, 0.0, 2.0], [0.0, 1.0, 0.0]]
    """
    parts = [np.asarray(tokens[starts[row] : starts[row + 1]]) for row in rows]
    ends = np.concatenate([[0], np.cumsum([len(part) for part in parts])])
    ids = np.concatenate(parts).astype(np.int32) if parts else np.zeros(0, np.int32)
    counts = csr_matrix((np.ones(len(ids)), ids, ends), shape=(len(rows), size))
    counts.sum_duplicates()
    return counts


def text_baselines(data: Any, objective: Objective, seed: int = 1) -> Baselines:
    """Measure the baselines of labelled texts.

    Args:
        data: Has ``corpus``, ``classes`` and ``tests_on``, as :class:`.Text`.
        objective: Of the network.
        seed: Seed of the sample of texts, where there are many.
    """
    corpus, index = data.corpus, {name: number for number, name in enumerate(data.classes)}
    size, used = corpus.tokenizer.get_vocab_size(), {}

    def examples(split: str, most: int) -> Examples:
        texts = corpus.splits[split]
        labels = np.array([index.get(label or "", -1) for label in texts.labels])
        labelled = np.flatnonzero(labels >= 0)
        rows = labelled[choose_rows(len(labelled), most, seed)]
        used[split] = len(rows), len(labelled)
        return Examples(token_counts(texts.tokens, texts.starts, rows, size), labels[rows])

    length = len(corpus.splits["train"].tokens) // max(1, len(corpus.splits["train"]))
    train = examples("train", row_limit(length, objective.outputs, most=50_000))
    name, dummy = constant(objective)
    estimators = {name: dummy, "linear": make_pipeline(TfidfTransformer(sublinear_tf=True), linear(objective))}
    found = fit_and_measure(objective, estimators, train, examples(data.tests_on, 50_000))
    return Baselines(found, {"linear": ADVICE}, say_sample("texts", used["train"], used[data.tests_on]))
