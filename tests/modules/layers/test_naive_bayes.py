"""Complement naive Bayes on n-grams, beside scikit-learn's and beside counts that are made anew without a document."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from practicum.modules.layers.naive_bayes import NGramNaiveBayes
from scipy.optimize import minimize
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import ComplementNB
from torch import Tensor

PAD, DOCUMENTS, VOCAB, CLASSES = 1, 120, 30, 3


@pytest.fixture(scope="module")
def texts() -> tuple[Tensor, Tensor]:
    """Documents of one to eight tokens of which a half begins with a token that tells its class."""
    rng = np.random.default_rng(0)
    tokens, target = np.full((DOCUMENTS, 8), PAD), rng.integers(0, CLASSES, DOCUMENTS)
    for row, label in zip(tokens, target, strict=True):
        length = rng.integers(1, 9)
        row[:length] = rng.integers(2, VOCAB, length)
        if rng.random() < 0.5:
            row[0] = 2 + label
    return torch.tensor(tokens), torch.tensor(target)


def counted(texts: tuple[Tensor, Tensor], ngrams: int = 2, **more: int) -> NGramNaiveBayes:
    net = NGramNaiveBayes(VOCAB, CLASSES, ngrams, **more)
    tokens, target = texts
    net.fit([(tokens[:50], target[:50]), (tokens[50:], target[50:])])
    return net


def bags(tokens: Tensor, ngrams: int) -> np.ndarray:
    words = [" ".join(str(token) for token in row if token != PAD) for row in tokens.tolist()]
    vectorizer = CountVectorizer(tokenizer=str.split, token_pattern=None, ngram_range=(1, ngrams), binary=True)
    return vectorizer.fit_transform(words).toarray()


@pytest.mark.parametrize("ngrams", [1, 2, 3])
def test_evidence_is_that_of_scikit_learn(texts: tuple[Tensor, Tensor], ngrams: int) -> None:
    tokens, target = texts
    net, features = counted(texts, ngrams), bags(tokens, ngrams)
    wanted = features @ ComplementNB().fit(features, target.numpy()).feature_log_prob_.T
    wanted -= wanted.mean(1, keepdims=True)
    assert int(net.distinct) == features.shape[1]
    torch.testing.assert_close(net.evidence(tokens), torch.tensor(wanted).float(), rtol=1e-4, atol=1e-4)
    shares = (target.bincount() + 1) / (DOCUMENTS + CLASSES)
    torch.testing.assert_close(net(tokens), net.scales[0] * net.evidence(tokens) + net.scales[1] * shares.log())


def test_leaving_a_document_out_is_counting_without_it(texts: tuple[Tensor, Tensor]) -> None:
    tokens, target = texts
    net, features = counted(texts), bags(tokens, 2)
    found = net.evidence(tokens, target)
    for row in range(20):
        others = np.arange(DOCUMENTS) != row
        frequencies = ComplementNB().fit(features[others], target[others].numpy()).feature_count_
        rest = frequencies.sum(0) - frequencies
        logs = np.log(rest.sum(1, keepdims=True) + int(net.distinct)) - np.log(rest + 1)
        wanted = logs @ (features[row] * (features[others].sum(0) > 0))
        torch.testing.assert_close(found[row], torch.tensor(wanted - wanted.mean()).float(), rtol=1e-4, atol=1e-4)


def test_the_scales_are_the_most_likely_ones(texts: tuple[Tensor, Tensor]) -> None:
    tokens, target = texts
    few = torch.where((target == 0).cumsum(0) > 10, target, -1) == 0  # classes of different shares
    net = counted((tokens[~few], target[~few])) if few.any() else counted(texts)
    tokens, target = tokens[~few], target[~few]
    evidence, shares = net.evidence(tokens, target).double(), (target.bincount() + 1).double().log()

    def loss(scales: np.ndarray) -> float:
        return torch.nn.functional.cross_entropy(scales[0] * evidence + scales[1] * shares, target).item()

    best = minimize(loss, [0.1, 0.1], method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-12}).x
    assert net.scales.tolist() == pytest.approx(best.clip(min=0), abs=1e-3)
    assert net.scales[0] > 0.1


def test_labels_that_texts_do_not_tell_have_no_evidence() -> None:
    generator = torch.Generator().manual_seed(1)
    tokens = torch.randint(2, VOCAB, (400, 6), generator=generator)
    net = counted((tokens, torch.randint(0, CLASSES, (400,), generator=generator)))
    assert net.scales[0] < 0.1  # its own label, in the counts, would tell of itself


def test_words_that_always_tell_the_class_do_not_make_it_certain() -> None:
    target = torch.arange(60) % CLASSES
    net = counted((torch.stack([target + 2, target + 5], 1), target))
    assert net.scales[0] == 2.0
    assert torch.equal(net(torch.tensor([[2, 5], [3, 6], [4, 7]])).argmax(1), torch.arange(CLASSES))


def test_padding_order_of_batches_and_repetition_change_nothing(texts: tuple[Tensor, Tensor]) -> None:
    tokens, target = texts
    net = counted(texts)
    other = NGramNaiveBayes(VOCAB, CLASSES)
    other.fit([(tokens[70:], target[70:]), (torch.nn.functional.pad(tokens[:70], (0, 5), value=PAD), target[:70])])
    assert all(torch.equal(a, b) for a, b in zip(net.buffers(), other.buffers(), strict=True) if a.dtype != torch.float)
    torch.testing.assert_close(net.scales, other.scales)
    once, twice = torch.tensor([[5, 6, PAD, PAD, PAD]]), torch.tensor([[5, 6, 5, 6, PAD]])
    known = set(net.features(once)[0][net.features(once)[1]].tolist())
    assert set(net.features(twice)[0][net.features(twice)[1]].tolist()) > known  # 6 5 is another pair
    assert int(net.features(twice)[1].sum()) == 4  # 5, 6, 5 6, 6 5
    assert net(torch.tensor([[PAD], [7]])).isfinite().all()


def test_processes_add_their_counts_up(texts: tuple[Tensor, Tensor]) -> None:
    tokens, target = texts
    whole, halves = counted(texts), [(tokens[::2], target[::2]), (tokens[1::2], target[1::2])]
    part = NGramNaiveBayes(VOCAB, CLASSES)
    part.fit(halves[:1])
    rest = NGramNaiveBayes(VOCAB, CLASSES)
    rest.fit(halves[1:])
    both = NGramNaiveBayes(VOCAB, CLASSES)
    both.fit(halves[:1], lambda number: number + (rest.counts if number.shape == rest.counts.shape else 0))
    assert torch.equal(both.counts, whole.counts)
    assert not torch.equal(part.counts, whole.counts)


def test_many_classes_share_fewer_buckets() -> None:
    assert NGramNaiveBayes(VOCAB, 2).buckets == 1_048_573
    assert NGramNaiveBayes(VOCAB, 100).counts.numel() < 2**23 + 200 * VOCAB
    assert NGramNaiveBayes(VOCAB, 2, ngrams=1).buckets == 0
    assert not NGramNaiveBayes(VOCAB, 2)(torch.tensor([[3, 4]])).any()  # nothing counted: no opinion
