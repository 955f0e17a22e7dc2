"""The texts with the highest loss."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from practicum.callbacks import TopTexts
from practicum.callbacks.figures.page_table import read_tables
from practicum.callbacks.figures.text.top_texts import describe_text, texts_table
from practicum.callbacks.figures.worst_rows import Mistake
from practicum.lightning_shim import LightningDataModule, LightningModule, MisconfigurationException, Trainer
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

VOCAB = ("xxunk", "xxpad", "good", "bad", "film")


class Reader(LightningModule):
    """Its logits are the numbers of good and bad words."""

    vocab = VOCAB
    classes = ("neg", "pos")

    def test_step(self, batch: Any, batch_idx: int) -> dict[str, Tensor]:
        counts = torch.stack([(batch[0] == 3).sum(1), (batch[0] == 2).sum(1)], 1)
        return {"logits": counts.float(), "target": batch[1]}


def mistake(tokens: list[int]) -> Mistake:
    return Mistake(0.894, 0, torch.tensor(tokens), "neg (0.59)", "pos")


def test_a_text_is_described_without_padding() -> None:
    assert describe_text(mistake([4, 3, 1, 1]), "7.txt", VOCAB) == "predicted neg (0.59), true pos (loss 0.89)  7.txt\nfilm bad"
    assert describe_text(mistake([4]), None, VOCAB, detokenize=lambda tokens: f"<{tokens}>").split("\n")[1] == "<['film']>"


def test_of_a_long_text_the_ends_are_shown() -> None:
    assert describe_text(mistake([2, 4, 4, 4, 4, 3]), None, VOCAB, length=4).split("\n")[1] == "good film […] film bad"


def test_texts_are_a_table_of_the_report() -> None:
    mistakes = [mistake([4, 3, 1]), mistake([2])]
    table = texts_table(mistakes, ["7.txt", "8.txt"], VOCAB)
    assert table.head == ["predicted", "true", "loss", "text", "source"]
    assert table.rows == [["neg (0.59)", "pos", "0.89", "film bad", "7.txt"], ["neg (0.59)", "pos", "0.89", "good", "8.txt"]]
    assert texts_table(mistakes, None, VOCAB).rows[1] == ["neg (0.59)", "pos", "0.89", "good"]


class Data(LightningDataModule):
    tests_on = "test"

    def test_dataloader(self) -> Any:
        x = torch.tensor([[4, 2, 1], [4, 3, 3], [2, 1, 1]])
        return DataLoader(TensorDataset(x, torch.tensor([1, 1, 0])), batch_size=2)

    def row_names(self, split: str) -> list[str]:
        return ["a", "b", "c"]

    def detokenize(self, tokens: list[str]) -> str:
        return "-".join(tokens)


def test_is_written_after_a_test(make_trainer: Callable[..., Trainer], tmp_path: Path) -> None:
    make_trainer(callbacks=[TopTexts(count=2)]).test(Reader(), Data(), verbose=False)
    assert (tmp_path / "figures" / "top_losses.txt").read_text(encoding="utf-8") == (
        "predicted neg (0.88), true pos (loss 2.13)  b\nfilm-bad-bad\n\npredicted pos (0.73), true neg (loss 1.31)  c\ngood\n"
    )


@pytest.mark.parametrize(("first", "said"), [(0, True), (4, False)])
def test_what_stands_for_unknown_words_is_explained(
    first: int, said: bool, make_trainer: Callable[..., Trainer], tmp_path: Path
) -> None:
    class Unknown(Data):
        def test_dataloader(self) -> Any:
            return DataLoader(TensorDataset(torch.tensor([[first, 3]]), torch.tensor([1])))

    make_trainer(callbacks=[TopTexts(count=1)]).test(Reader(), Unknown(), verbose=False)
    sheet = read_tables(tmp_path / "figures" / "top_losses.json")
    assert sheet is not None
    assert ("xxunk stands for a word" in sheet.caption) == said


def test_photos_and_unknown_words_are_passed_over() -> None:
    callback, tokens = TopTexts(), torch.zeros(2, 7, dtype=torch.long)
    assert callback.accepts(tokens, Reader())
    assert not callback.accepts(tokens.float(), Reader())
    assert not callback.accepts(tokens, LightningModule())
    with pytest.raises(MisconfigurationException, match="TopTexts: length=1 must be at least 2"):
        TopTexts(length=1)
