"""What a classifier says of a text without each of its pieces."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import pytorch_lightning as pl
import torch
from practicum.callbacks import WordImportance
from practicum.callbacks.figures.text.word_importance import occlusion
from pytorch_lightning.utilities.exceptions import MisconfigurationException
from torch import Tensor
from torch.utils.data import DataLoader

WEIGHTS = torch.tensor([0.0, 0.0, 0.0, 2.0, -1.0])


def total(tokens: Tensor) -> Tensor:
    return WEIGHTS[tokens].sum(1)


def test_of_a_sum_each_piece_is_its_own_part() -> None:
    tokens = torch.tensor([2, 3, 4, 3, 2, 4, 3])
    adds, spans = occlusion(total, tokens)
    assert torch.equal(adds, WEIGHTS[tokens])
    assert [span.start for span in spans] == list(range(7))
    adds, spans = occlusion(total, tokens, pieces=3)  # runs of three, the last shorter
    assert torch.equal(adds, torch.tensor([1.0, 1.0, 2.0]))
    assert spans[-1] == slice(6, 7)
    assert not occlusion(total, tokens[:1])[0].any()  # nothing would be left


class Somebody(pl.LightningModule):
    vocab = ("xxunk", "xxpad", "the", "good", "bad")

    def forward(self, tokens: Tensor) -> Tensor:
        return torch.stack([-total(tokens), total(tokens)], 1)

    def probabilities(self, logits: Tensor) -> Tensor:
        return logits.softmax(1)

    def predict_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        return self.probabilities(self(batch))


def test_words_are_named_for_the_class_that_was_predicted(make_trainer: Callable[..., pl.Trainer]) -> None:
    rows = torch.tensor([[2, 3, 2, 1], [4, 2, 4, 4]])
    telling = WordImportance(words=1)
    make_trainer(callbacks=[telling]).predict(Somebody(), DataLoader(rows, batch_size=2))
    assert [each.split()[0] for each in telling.because] == ["good", "bad"]
    whole, without = torch.tensor([[4.0], [0.0]]).sigmoid()[:, 0]
    assert telling.because[0] == f"good {float(whole - without):+.2f}"


def test_needs_are_named(make_trainer: Callable[..., pl.Trainer]) -> None:
    class Silent(pl.LightningModule):
        def predict_step(self, batch: Tensor, batch_idx: int) -> Tensor:
            return batch.float()

    with pytest.raises(MisconfigurationException, match=r"needs Silent\.probabilities"):
        make_trainer(callbacks=[WordImportance()]).predict(Silent(), DataLoader(torch.ones(2, 3), batch_size=2))
    with pytest.raises(MisconfigurationException, match="pieces=1"):
        WordImportance(pieces=1)
