"""What a text classifier predicts without each piece of a text."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from practicum.callbacks import WordImportance
from practicum.callbacks.figures.text.word_importance import describe_contributions, merge_words, occlusion
from practicum.lightning_shim import Callback, LightningDataModule, LightningModule, MisconfigurationException, Trainer
from torch import Tensor
from torch.utils.data import DataLoader

WEIGHTS = torch.tensor([0.0, 0.0, 0.0, 2.0, -1.0])


def total(tokens: Tensor) -> Tensor:
    return WEIGHTS[tokens].sum(1)


def test_of_a_sum_each_piece_contributes_its_own_part() -> None:
    tokens = torch.tensor([2, 3, 4, 3, 2, 4, 3])
    contributions, spans = occlusion(total, tokens)
    assert torch.equal(contributions, WEIGHTS[tokens])
    assert [span.start for span in spans] == list(range(7))
    contributions, spans = occlusion(total, tokens, pieces=3)  # runs of three, the last shorter
    assert torch.equal(contributions, torch.tensor([1.0, 1.0, 2.0]))
    assert spans[-1] == slice(6, 7)
    assert not occlusion(total, tokens[:1])[0].any()  # nothing would be left


def test_the_words_that_contribute_most_are_named() -> None:
    words = ["not", "good", "", "the", "film"]
    assert describe_contributions([0.12, 0.31, 0.5, 0.001, -0.2], words, 5) == "good +0.31, not +0.12"
    assert describe_contributions([0.12, 0.31, 0.5, 0.001, -0.2], words, 1) == "good +0.31"
    nothing = describe_contributions([0.001, -0.2], ["a", "film"], 5)
    assert nothing == "no single word (none by 0.005 or more)"


class Sentiment(LightningModule):
    vocab = ("xxunk", "xxpad", "the", "good", "bad")

    def __init__(self, multi_label: bool = False) -> None:
        super().__init__()
        self.multi_label = multi_label

    def forward(self, tokens: Tensor) -> Tensor:
        return torch.stack([-total(tokens), total(tokens)], 1)

    def predict_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        return self(batch).sigmoid() if self.multi_label else self(batch).softmax(1)


@pytest.mark.parametrize("multi_label", [False, True])
def test_words_are_named_for_the_predicted_class(make_trainer: Callable[..., Trainer], multi_label: bool) -> None:
    rows = torch.tensor([[2, 3, 2, 1], [4, 2, 4, 4]])
    callback = WordImportance(words=1)
    make_trainer(callbacks=[callback]).predict(Sentiment(multi_label), DataLoader(rows, batch_size=2))
    assert [each.split()[0] for each in callback.explanations] == ["good", "bad"]
    whole, without = torch.tensor([2.0 if multi_label else 4.0, 0.0]).sigmoid()
    assert callback.explanations[0] == f"good {float(whole - without):+.2f}"


class Written(LightningDataModule):
    """Knows how its rows were written: marks belong to a word, and an unknown word has a name."""

    def predict_dataloader(self) -> DataLoader[Tensor]:
        return DataLoader(torch.tensor([[2, 3, 0, 3, 1], [4, 2, 0, 0, 4]]), batch_size=1)  # type: ignore[arg-type]

    def source_words(self, row: int) -> list[tuple[str, int, int]]:
        return [[("", 0, 1), ("Good", 1, 3), ("GOOD", 3, 4)], [("Bad", 0, 2), ("Zorblax", 2, 4), ("bad", 4, 5)]][row]


def test_the_author_s_words_are_removed_whole_and_named(make_trainer: Callable[..., Trainer]) -> None:
    callback = WordImportance()
    make_trainer(callbacks=[callback]).predict(Sentiment(), Written())
    assert {each.split()[0] for each in callback.explanations[0].split(", ")} == {"Good", "GOOD"}
    assert {each.split()[0] for each in callback.explanations[1].split(", ")} == {"Bad", "bad"}
    assert "xxunk" not in " ".join(callback.explanations)
    total_of_row = torch.tensor([8.0, 4.0]).sigmoid()
    assert f"Good {float(total_of_row[0] - total_of_row[1]):+.2f}" in callback.explanations[0]
    few = WordImportance(pieces=2)
    make_trainer(callbacks=[few]).predict(Sentiment(), Written())
    assert len(few.explanations) == 2


def test_spans_of_any_length_are_each_left_out() -> None:
    tokens = torch.tensor([2, 3, 4, 3, 3])
    contributions, _ = occlusion(total, tokens, spans=[slice(0, 2), slice(2, 3), slice(3, 5)])
    assert contributions.tolist() == [2.0, -1.0, 4.0]


def test_words_are_merged_where_there_are_many() -> None:
    words = [(f"w{number}", number, number + 1) for number in range(10)]
    merged = merge_words(words, 4)
    assert [text for text, _ in merged] == ["w0 w1 w2", "w3 w4 w5", "w6 w7 w8", "w9"]
    assert merged[-1][1] == slice(9, 10)


def test_needs_are_named(make_trainer: Callable[..., Trainer]) -> None:
    class Silent(LightningModule):
        def predict_step(self, batch: Tensor, batch_idx: int) -> Tensor:
            return batch.float()

    with pytest.raises(MisconfigurationException, match=r"needs Silent\.vocab"):
        make_trainer(callbacks=[WordImportance()]).predict(Silent(), DataLoader(torch.ones(2, 3), batch_size=2))
    with pytest.raises(MisconfigurationException, match="pieces=1"):
        WordImportance(pieces=1)


def test_of_stored_predictions_the_model_itself_is_asked(make_trainer: Callable[..., Trainer]) -> None:
    """As an ensemble of snapshots: ``forward`` gives what was predicted before, whatever it is called with."""

    class Stored(Callback):
        stores_logits = True

        def on_predict_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
            pl_module.forward = lambda tokens: torch.tensor([[-3.0, 3.0], [2.0, -2.0]])  # type: ignore[method-assign]

    rows = torch.tensor([[2, 3, 2, 1], [4, 2, 4, 4]])
    callback = WordImportance(words=1)
    make_trainer(callbacks=[Stored(), callback]).predict(Sentiment(), DataLoader(rows, batch_size=2))
    assert [each.split()[0] for each in callback.explanations] == ["good", "bad"]
