"""What recommenders share: batches by name, losses for what they are for, scores of all items."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from practicum.lightning_shim import MisconfigurationException
from practicum.modules import DotProductBias, NeuralCollaborativeFilter
from practicum.modules.base import recommender
from practicum.modules.base.ratings_batch import RatingsBatch
from practicum.modules.objectives.ranking import ranking_loss
from torch import Tensor

TARGET = {"mean": 3.5, "std": 1.2, "min": 1.0, "max": 5.0}
LEVELS = {"user": ["a", "b", "c"], "item": ["x", "y", "z", "w"]}


def factorization(**options: Any) -> DotProductBias:
    torch.manual_seed(0)
    net = DotProductBias(LEVELS, options.pop("target", TARGET), factors=2, **options)
    with torch.no_grad():
        for table in net.parameters():
            table[1:].normal_()
    return net


def network(**options: Any) -> NeuralCollaborativeFilter:
    torch.manual_seed(0)
    return NeuralCollaborativeFilter(LEVELS, TARGET, **{"factors": 2, "hidden_sizes": [4], **options}).eval()


def test_losses_belong_to_what_they_are_for() -> None:
    with pytest.raises(MisconfigurationException, match="DotProductBias: loss=bpr is for clicks"):
        DotProductBias(LEVELS, TARGET, loss="bpr")
    with pytest.raises(MisconfigurationException, match="DotProductBias: loss=squared needs ratings"):
        DotProductBias(LEVELS, None, loss="squared")
    with pytest.raises(MisconfigurationException, match="DotProductBias: loss=cubic: choose auto, squared"):
        DotProductBias(LEVELS, None, loss="cubic")  # type: ignore[arg-type]
    with pytest.raises(MisconfigurationException, match="DotProductBias: needs two columns of ids"):
        DotProductBias({"user": ["a"]}, TARGET)


def test_ratings_have_no_relative_errors() -> None:
    assert set(factorization().val_metrics) == {"val/rmse", "val/mae"}
    assert set(factorization(target=None).val_metrics) == {"val/pairwise_accuracy"}


def test_weights_count_rows_as_often() -> None:
    net = factorization(l2=0.0)
    codes, y = torch.tensor([[1, 1], [2, 3], [2, 3]]), torch.tensor([4.0, 2.0, 2.0])
    output = net.output(RatingsBatch(codes))
    weighted = net.batch_loss(RatingsBatch(codes[:2], weights=torch.tensor([1.0, 2.0])), output[:2], y[:2])
    torch.testing.assert_close(weighted, net.loss(output, y))


def test_negatives_and_their_expected_counts_reach_the_loss() -> None:
    net, logged = factorization(target=None, l2=0.0), {}
    net.log = lambda name, value, **options: logged.update({name: value})  # type: ignore[method-assign]
    codes, negatives, log_expected = torch.tensor([[1, 1], [2, 3]]), torch.tensor([[2, 4], [1, 2]]), torch.randn(2, 2)
    x = RatingsBatch(codes, None, negatives, log_expected)
    scores = torch.stack([net.scores(torch.tensor([user - 1]))[0] for user, _ in codes.tolist()])
    rows = torch.cat([codes[:, 1:], negatives], 1) - 1
    expected = ranking_loss("softmax", scores.gather(1, rows), log_expected).mean()
    torch.testing.assert_close(net.training_step((x, torch.ones(2)), 0), expected)
    torch.testing.assert_close(logged["train/loss"], expected)
    torch.testing.assert_close(net(x), scores.gather(1, codes[:, 1:] - 1)[:, 0])


def test_dns_trains_on_the_negative_that_scores_highest() -> None:
    net = factorization(target=None, l2=0.0, loss="dns")
    net.log = lambda *args, **options: None  # type: ignore[method-assign]
    codes, negatives = torch.tensor([[1, 1], [2, 3]]), torch.tensor([[2, 3, 4], [1, 2, 4]])
    scores = torch.stack([net.scores(torch.tensor([user - 1]))[0] for user, _ in codes.tolist()])
    others = scores.gather(1, negatives - 1)
    expected = -(scores.gather(1, codes[:, 1:] - 1)[:, 0] - others.max(1).values).sigmoid().log().mean()
    loss = net.training_step((RatingsBatch(codes, None, negatives, torch.randn(2, 3)), torch.ones(2)), 0)
    torch.testing.assert_close(loss, expected)
    (gradient,) = torch.autograd.grad(loss, net.items.weight)
    touched = {1, 3, *negatives.gather(1, others.argmax(1, keepdim=True)).flatten().tolist()}
    assert {int(row) for row in gradient.any(1).nonzero()} == touched


def test_any_named_tuple_of_the_fields_will_do() -> None:
    from collections import namedtuple  # noqa: PLC0415

    theirs = namedtuple("theirs", ["codes", "weights", "negatives", "log_expected"])
    net, codes = factorization(), torch.tensor([[1, 1], [2, 3]])
    batch = theirs(codes, None, None, None)
    assert torch.equal(net.predict_step((batch, torch.zeros(2)), 0), net(RatingsBatch(codes)))
    assert torch.equal(net.predict_step(batch, 0), net(RatingsBatch(codes)))


@pytest.mark.parametrize("kind", [factorization, network])
def test_scores_of_all_items_are_the_pairs_own(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recommender, "PAIRS_AT_ONCE", 3)
    net = kind()
    scores: Tensor = net.scores(torch.tensor([0, 2]))
    assert scores.shape == (2, net.item_count)
    for row, user in enumerate((1, 3)):
        pairs = torch.tensor([[user, item] for item in range(1, 5)])
        torch.testing.assert_close(net.scores_to_ratings(scores[row]), net(RatingsBatch(pairs)).detach())
    assert net.scores_to_ratings(scores).shape == scores.shape


def test_differences_of_scores_have_the_units_of_ratings() -> None:
    torch.testing.assert_close(factorization().in_rating_units(torch.tensor([0.0, 1.0, -1.0])), torch.tensor([0.0, 1.2, -1.2]))
    clicks = torch.tensor([0.5])
    assert factorization(target=None).in_rating_units(clicks) is clicks
