"""Items of users, against plain sets."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from practicum.callbacks.ranking import user_items
from practicum.callbacks.ranking.user_items import UserItems, score_blocks, top_items
from torch import Tensor


@pytest.fixture
def seen(interactions: Any) -> UserItems:
    pairs = list(interactions[1])  # in no order
    users, items = torch.tensor(pairs).T
    return UserItems(users, items, user_count=50)


def test_items_are_those_of_each_user(interactions: Any, seen: UserItems) -> None:
    users = torch.tensor([3, 49, 3, 0])
    rows, items = seen.items_of(users)
    mask = seen.mask(users, 30)
    for row, user in enumerate(users.tolist()):
        wanted = {item for each, item in interactions[1] if each == user}
        assert set(items[rows == row].tolist()) == wanted
        assert set(mask[row].nonzero()[:, 0].tolist()) == wanted
    assert len(UserItems(torch.tensor([0]), torch.tensor([0]), user_count=3).items_of(torch.tensor([2]))[1]) == 0


@pytest.mark.parametrize("max_scores", [1 << 23, 70])
def test_lists_leave_out_what_is_known(
    interactions: Any, seen: UserItems, max_scores: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(user_items, "MAX_SCORES", max_scores)
    scores, pairs, _ = interactions
    calls = []

    def score(users: Tensor) -> Tensor:
        calls.append(len(users))
        return scores[users].clone()

    items, values = top_items(score, torch.arange(50), seen, 30, 4)
    assert max(calls) == (50 if max_scores > 50 * 30 else 2)
    for user in range(50):
        unknown = [item for item in range(30) if (user, item) not in pairs]
        wanted = sorted(unknown, key=lambda item: -float(scores[user, item]))[:4]
        assert items[user].tolist() == wanted
        assert values[user].tolist() == scores[user, wanted].tolist()


def test_a_user_who_knows_all_has_nothing_left() -> None:
    everything = UserItems(torch.zeros(3, dtype=torch.long), torch.arange(3))
    items, values = top_items(lambda users: torch.zeros(1, 3), torch.tensor([0]), everything, 3, 9)
    assert items.shape == (1, 3)
    assert bool(values.isneginf().all())
    ((users, scores),) = score_blocks(lambda users: torch.ones(1, 3).half(), torch.tensor([0]), everything, 3)
    assert (users.tolist(), scores.dtype) == ([0], torch.float32)
