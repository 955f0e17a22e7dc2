"""Vectors made of parts of words."""

from __future__ import annotations

import os
import subprocess
import sys

import torch
from practicum.modules.layers.subword_embedding import SubwordEmbedding, character_ngrams, ngrams_of_vocabulary


def test_ngrams_are_those_of_the_marked_word() -> None:
    assert character_ngrams("cat", 3, 4) == ["<ca", "cat", "at>", "<cat", "cat>"]
    assert character_ngrams("a", 3, 6) == ["<a>"]
    assert character_ngrams("cat", 3, 0) == []
    assert ngrams_of_vocabulary(["cat", "hat", "ab"], 3, 3, 1) == ["at>"]  # the one that two words share


def test_a_vector_is_the_mean_of_its_rows_and_the_gradient_goes_to_each() -> None:
    net = SubwordEmbedding(["cat", "hat"], 4, 3, 3)
    grams = ngrams_of_vocabulary(["cat", "hat"], 3, 3, 99)
    rows = [0, *(2 + grams.index(gram) for gram in ("<ca", "cat", "at>"))]
    words = torch.tensor([0, 1, 0])
    vectors = net(words)
    torch.testing.assert_close(vectors[0], net.bag.weight[rows].mean(0))
    torch.testing.assert_close(vectors[0], vectors[2])
    (vectors * torch.tensor([1.0, 10.0, 100.0])[:, None]).sum().backward()
    grad = net.bag.weight.grad
    assert grad is not None
    assert grad.is_sparse
    dense = grad.to_dense()[:, 0]
    assert dense[0] == 101  # of both places, whole
    assert dense[1] == 10
    assert dense[2 + grams.index("at>")] == 111


def test_an_unseen_word_is_the_mean_of_its_known_parts() -> None:
    net = SubwordEmbedding(["cat", "hat"], 4, 3, 3)
    grams = ngrams_of_vocabulary(["cat", "hat"], 3, 3, 99)
    known = [2 + grams.index("at>")]
    torch.testing.assert_close(net.vector("bat"), net.bag.weight[known].mean(0))
    torch.testing.assert_close(net.vector("cat", 0), net(torch.tensor([0]))[0].detach())
    assert not net.vector("xyz").any()


def test_rows_are_numbered_alike_in_every_process() -> None:
    # Checkpoints hold rows, not which n-gram each is of; Python orders sets of strings otherwise in each process.
    program = (
        "from practicum.modules.layers.subword_embedding import ngrams_of_vocabulary as f; "
        "print(f([f'w{i}rd{i % 7}s' for i in range(300)], 3, 6, 9999))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1
