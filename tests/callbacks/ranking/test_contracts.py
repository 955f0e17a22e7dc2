"""What a recommender must have."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from practicum.callbacks import FullRanking, LongTail, PersonPage, SampledRanking
from practicum.callbacks.ranking.contracts import require_recommender, seen_pairs
from practicum.lightning_shim import LightningDataModule, MisconfigurationException, Trainer


def test_what_is_there_is_returned_and_what_is_missing_is_named() -> None:
    module: Any = SimpleNamespace(scores=0, item_count=3, item="item")
    data = SimpleNamespace(pairs=0, tests_on="test", ratings=0)
    trainer: Any = SimpleNamespace(datamodule=data)
    assert require_recommender(trainer, module, "Mine", ("item",), data_has=("ratings",)) == (module, data)
    with pytest.raises(MisconfigurationException, match="Mine needs SimpleNamespace.user"):
        require_recommender(trainer, module, "Mine", ("user",))
    with pytest.raises(MisconfigurationException, match="Mine needs SimpleNamespace.titles"):
        require_recommender(trainer, module, "Mine", data_has=("titles",))
    with pytest.raises(MisconfigurationException, match="Mine needs NoneType.pairs"):
        require_recommender(SimpleNamespace(), module, "Mine")  # type: ignore[arg-type]


@pytest.mark.parametrize(("tests_on", "items"), [("valid", [1, 2]), ("test", [1, 2, 3])])
def test_what_is_known_before_the_held_out_part(tests_on: str, items: list[int]) -> None:
    pairs = {"train": [1, 2], "valid": [3], "test": [4]}
    data = SimpleNamespace(tests_on=tests_on, pairs=lambda split: (torch.zeros(len(pairs[split])), torch.tensor(pairs[split])))
    users, found = seen_pairs(data)
    assert found.tolist() == items
    assert len(users) == len(items)


@pytest.mark.parametrize(
    "callback", [FullRanking(), SampledRanking(), LongTail(), PersonPage()], ids=lambda each: type(each).__name__
)
def test_what_is_missing_is_named_before_training(
    known_classifier: Any, known_photos: Any, make_trainer: Callable[..., Trainer], callback: Any
) -> None:
    class Data(LightningDataModule):
        def train_dataloader(self) -> Any:
            return known_photos

    trainer = make_trainer(max_epochs=1, callbacks=[callback])
    with pytest.raises(MisconfigurationException, match=f"{type(callback).__name__} needs KnownClassifier.scores"):
        trainer.fit(known_classifier(), Data())
    assert trainer.global_step == 0
