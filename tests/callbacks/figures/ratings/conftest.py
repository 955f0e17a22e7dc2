"""A recommender of three films with given scores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from practicum.lightning_shim import LightningDataModule, Trainer
from torch import Tensor

USERS = ["all", "ann", "bob"]
SCORES = torch.tensor([[0.5, 0.1, 0.9, 0.3], [0.9, 0.8, 0.1, 0.2], [0.2, 0.6, 0.4, 0.9]])
# User, item, rating: "all" has rated every film but the last.
TRAIN = [(0, 0, 5.0), (0, 1, 3.0), (0, 2, 4.0), (1, 0, 2.0), (1, 2, 5.0), (2, 0, 4.0)]


class Films(LightningDataModule):
    """Its pairs are known; the test's batches are of another kind, and are not looked at."""

    tests_on = "valid"

    def __init__(self, loader: Any) -> None:
        super().__init__()
        self.loader = loader

    def test_dataloader(self) -> Any:
        return self.loader

    train_dataloader = test_dataloader

    def pairs(self, split: str) -> tuple[Tensor, Tensor]:
        rows = TRAIN if split == "train" else [(1, 1, 4.0), (2, 3, 5.0)]
        return torch.tensor([row[0] for row in rows]), torch.tensor([row[1] for row in rows])

    def ratings(self, split: str) -> Tensor:
        return torch.tensor([row[2] for row in TRAIN])

    def titles(self) -> dict[str, str]:
        return {"10": "Fargo", "11": "Heat", "12": "Alien"}


@pytest.fixture
def films(known_photos: Any) -> Films:
    """Ratings of four films by three users."""
    return Films(known_photos)


@pytest.fixture
def recommender(known_classifier: Any) -> Any:
    """A module with given scores, biases and item vectors."""

    class Recommender(known_classifier):  # type: ignore[misc]
        user, item, item_count = "user", "item", 4
        categories = {"user": USERS, "item": ["10", "11", "12", "13"]}  # noqa: RUF012

        def scores(self, users: Tensor) -> Tensor:
            return SCORES[users]

        def scores_to_ratings(self, scores: Tensor) -> Tensor:
            return 1 + 4 * scores

        def bias(self, column: str) -> Tensor:
            return torch.tensor([0.4, -0.2, 0.3, 0.0])

        def embedding_table(self, column: str) -> Tensor:
            return torch.tensor([[1.0, 0.0], [0.0, 1.0], [3.0, 0.3], [0.1, 2.0]])

    return Recommender()


@pytest.fixture
def run_test(recommender: Any, films: Films, make_trainer: Callable[..., Trainer]) -> Callable[[Any], None]:
    """Tests the recommender with a callback."""

    def run(callback: Any) -> None:
        make_trainer(callbacks=[callback]).test(recommender, films, verbose=False)

    return run
