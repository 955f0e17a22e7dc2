"""Batches of documents: padded, shared among processes, in a seeded order."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from practicum.datamodules.text.document_batches import DocumentBatches
from practicum.lightning_shim import MisconfigurationException


def corpus(texts: int) -> tuple[np.ndarray, np.ndarray, torch.Tensor]:
    """Documents of 1, 2, 3 ... tokens; tokens of document ``i`` are ``10 + i``."""
    lengths = np.arange(1, texts + 1)
    return np.repeat(10 + np.arange(texts), lengths), np.append(0, np.cumsum(lengths)), torch.arange(texts)


@pytest.mark.parametrize(("texts", "batch"), [(65, 32), (7, 1), (3, 1), (64, 8)])
def test_each_process_has_equally_many_unshuffled_batches(texts: int, batch: int) -> None:
    tokens, starts = np.arange(2 * texts), np.arange(0, 2 * texts + 1, 2)
    parts = [DocumentBatches(tokens, starts, torch.zeros(texts), batch, rank=rank, world_size=2) for rank in (0, 1)]
    assert len(parts[0]) == len(parts[1])
    seen = [part[0, number][0] for part in parts for number in range(len(part))]
    assert sorted(torch.cat(seen).flatten().tolist()) == tokens.tolist()


def test_documents_are_padded_at_the_end_and_may_be_reversed() -> None:
    tokens, starts, targets = np.array([4, 5, 6, 7, 8]), np.array([0, 2, 5]), torch.tensor([0, 1])
    x, y = DocumentBatches(tokens, starts, targets, 2, sort=False)[0, 0]
    assert x.tolist() == [[4, 5, 1], [6, 7, 8]]
    assert y.tolist() == [0, 1]
    x, _ = DocumentBatches(tokens, starts, targets, 2, sort=False, reverse=True)[0, 0]
    assert x.tolist() == [[5, 4, 1], [8, 7, 6]]


def test_a_shuffled_epoch_has_each_document_once_beside_others_of_its_length() -> None:
    batches = DocumentBatches(*corpus(100), 10, shuffle=True, seed=3)
    epochs = [[batches[epoch, number] for number in range(len(batches))] for epoch in (0, 1, 0)]
    targets = [torch.cat([y for _, y in epoch]).tolist() for epoch in epochs]
    assert targets[0] == targets[2] != targets[1]
    for epoch, order in zip(epochs, targets, strict=True):
        assert sorted(order) == list(range(100))
        for x, y in epoch:
            assert y.max() - y.min() == 9  # all documents are in one pool: neighbours in length
            assert torch.equal((x != 1).sum(1), y + 1)


def test_training_has_no_batch_of_a_single_document() -> None:
    batches = DocumentBatches(*corpus(9), 4, shuffle=True)
    assert sorted(len(batches[0, number][1]) for number in range(len(batches))) == [4, 4]


def test_shuffled_processes_get_equally_many_documents() -> None:
    parts = [DocumentBatches(*corpus(7), 2, shuffle=True, rank=rank, world_size=2) for rank in (0, 1)]
    seen = [torch.cat([part[5, number][1] for number in range(len(part))]).tolist() for part in parts]
    assert [len(each) for each in seen] == [4, 4]
    assert set(seen[0] + seen[1]) == set(range(7))


def test_tokens_that_are_no_ids_are_refused() -> None:
    with pytest.raises(MisconfigurationException, match="DocumentBatches: tokens must be integers"):
        DocumentBatches(np.array([0.5, 0.7, 1.5]), np.array([0, 3]), torch.tensor([0]), batch_size=1)
