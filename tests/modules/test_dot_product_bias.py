"""Matrix factorization: the gradient against a closed form in float64, SVD++, sparse gradients, unknown ids, and known noise."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from practicum.callbacks import OneCycle
from practicum.datamodules import Ratings, Tastes
from practicum.lightning_shim import MisconfigurationException, Trainer, classes
from practicum.modules import DotProductBias
from practicum.modules.base.ratings_batch import RatingsBatch
from torch import Tensor
from torch.optim import SparseAdam
from torch.utils.data import DataLoader

TARGET = {"mean": 3.5, "std": 1.2, "min": 1.0, "max": 5.0}
LEVELS = {"user": ["a", "b", "c"], "item": ["x", "y", "z", "w"]}


def facts(data: Any) -> dict[str, Any]:
    """What the data know that the module asks for."""
    return {name: value for name, value in data.describe().items() if name in inspect.signature(DotProductBias).parameters}


def network(**options: Any) -> DotProductBias:
    torch.manual_seed(0)
    net = DotProductBias(LEVELS, TARGET, **{"factors": 2, "l2": 0.3, **options})
    with torch.no_grad():
        for table in (net.users, net.items):
            table.weight[1:].normal_()
    return net


def batch() -> tuple[RatingsBatch, Tensor]:
    codes = torch.tensor([[1, 1], [1, 3], [2, 3], [3, 4], [1, 1]], dtype=torch.int32)
    return RatingsBatch(codes), torch.tensor([4.0, 2.0, 5.0, 1.0, 3.5])


def test_gradient_is_the_closed_form() -> None:
    net = network()
    net.log = lambda *args, **options: None  # type: ignore[method-assign]
    x, y = batch()
    net.training_step((x, y), 0).backward()
    users, items = net.users.weight.detach().double(), net.items.weight.detach().double()
    wanted_users, wanted_items = torch.zeros_like(users), torch.zeros_like(items)
    count = len(y)
    for (user, item), rating in zip(x.codes.tolist(), y.tolist(), strict=True):
        p, q = users[user], items[item]
        error = float(p[1:] @ q[1:] + p[0] + q[0]) - (rating - TARGET["mean"]) / TARGET["std"]
        # d/dp of error^2 + l2 (|p|^2 + |q|^2), a mean over ratings; a bias's derivative is 1.
        wanted_users[user] += (2 * error * torch.cat([torch.ones(1), q[1:]]) + 2 * 0.3 * p) / count
        wanted_items[item] += (2 * error * torch.cat([torch.ones(1), p[1:]]) + 2 * 0.3 * q) / count
    assert net.users.weight.grad is not None
    assert net.items.weight.grad is not None
    torch.testing.assert_close(net.users.weight.grad.double(), wanted_users, atol=1e-6, rtol=1e-6)
    torch.testing.assert_close(net.items.weight.grad.double(), wanted_items, atol=1e-6, rtol=1e-6)


def test_an_unknown_id_leaves_the_bias_of_the_other() -> None:
    net = network()
    codes = torch.tensor([[0, 0], [0, 2], [3, 0]])
    predicted = net(RatingsBatch(codes)).detach()
    wanted = torch.stack([torch.tensor(0.0), net.items.weight[2, 0], net.users.weight[3, 0]]) * TARGET["std"] + TARGET["mean"]
    torch.testing.assert_close(predicted, wanted.detach())


def test_scores_order_items_as_ratings_do() -> None:
    net = network()
    users = torch.tensor([0, 2])
    scores = net.scores(users)
    assert scores.shape == (2, net.item_count)
    for row, user in enumerate(users.tolist()):
        codes = torch.tensor([[user + 1, item + 1] for item in range(4)])
        ratings = net(RatingsBatch(codes))
        wanted = scores[row] * TARGET["std"] + TARGET["mean"]
        torch.testing.assert_close(wanted.clamp(TARGET["min"], TARGET["max"]), ratings)
        assert not torch.equal(wanted, ratings)  # some were out of the scale, and none is predicted so


def test_bounded_ratings_stay_in_their_range() -> None:
    net = network(bounded=True)
    with torch.no_grad():
        net.users.weight.mul_(100)
    predicted = net(batch()[0]).detach()
    assert 0.6 - 1e-4 <= float(predicted.min()) <= float(predicted.max()) <= 5.4 + 1e-4


def test_bounded_ratings_fold_in_and_biases_have_their_units() -> None:
    net = network(bounded=True, l2=1e-6)
    items = torch.arange(1, 4)  # as many as there are unknowns
    ratings = torch.tensor([1.5, 4.0, 3.0])
    row = net.fold_in(items, ratings)
    scores = net.items.weight[items, 1:] @ row[1:] + row[0] + net.items.weight[items, 0]
    torch.testing.assert_close(net.scores_to_ratings(scores).detach(), ratings, atol=0.01, rtol=0)
    with torch.no_grad():
        net.items.weight[2, 0] = 50.0
    middle = (0.6 + 5.4) / 2
    assert float(net.bias("item")[1]) == pytest.approx(5.4 - middle, abs=1e-3)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"factors": 0}, "DotProductBias: factors=0 must be at least 1"), ({"l2": -1}, "DotProductBias: l2=-1 must be at least 0")],
)
def test_numbers_out_of_range_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(MisconfigurationException, match=message):
        network(**options)
    with pytest.raises(MisconfigurationException, match="two columns of ids"):
        DotProductBias({"user": ["a"]}, TARGET)


def test_synthetic_ratings_are_learnt_to_their_noise(make_trainer: Callable[..., Trainer], tmp_path: Path) -> None:
    data = Tastes(synthetic_dir=tmp_path, cache=tmp_path / "cache", fold=1, batch_size=1024)
    data.prepare_data()
    data.setup("fit")
    net = DotProductBias(
        **facts(data), factors=8, l2=0.04, optimizer=lambda groups: torch.optim.AdamW(groups, lr=0.01, weight_decay=0)
    )
    trainer = make_trainer(max_epochs=25, callbacks=[OneCycle()], limit_val_batches=0)
    trainer.fit(net, datamodule=data)
    rmse = trainer.test(net, datamodule=data, verbose=False)[0]["test/rmse"]
    assert rmse < 1.05 * data.known_answer["rmse"]


def test_ids_go_to_checkpoints_and_to_no_logger(tmp_path: Path) -> None:
    net, log = network(), classes("loggers.CSVLogger")[0](tmp_path, name="", version="")
    trainer = Trainer(max_epochs=1, logger=log, enable_progress_bar=False, enable_model_summary=False)
    trainer.fit(net, DataLoader([batch()], batch_size=None))  # type: ignore[arg-type]
    assert not any("user" in file.read_text(encoding="utf-8") for file in tmp_path.glob("*.yaml"))
    again = DotProductBias.load_from_checkpoint(trainer.checkpoint_callback.best_model_path, weights_only=True)  # type: ignore
    assert again.categories == LEVELS


# SVD++, sparse gradients, time ----------------------------------------------------------------------------------------


def filled(**options: Any) -> DotProductBias:
    torch.manual_seed(0)
    net = DotProductBias(LEVELS, options.pop("target", TARGET), factors=2, **options)
    with torch.no_grad():
        for table in net.parameters():
            table[1:].normal_()
    return net


def test_svd_plus_plus_adds_the_items_by_the_root_of_how_many() -> None:
    net = filled(implicit=True)
    net.set_history(torch.tensor([0, 2, 0, 0]), torch.tensor([1, 3, 0, 2]))
    rows = net.user_rows(torch.tensor([1, 3, 2, 1])).detach()
    rated = net.rated.weight.detach()
    wanted = net.users.weight.detach()[[1, 3, 2, 1]].clone()
    wanted[0, 1:] += rated[[2, 1, 3]].sum(0) / 3**0.5
    wanted[1, 1:] += rated[4]
    wanted[3] = wanted[0]
    torch.testing.assert_close(rows, wanted)


def test_factors_product_is_the_score() -> None:
    net = filled(implicit=True)
    net.set_history(torch.tensor([0, 2]), torch.tensor([1, 3]))
    users, items = net.factors()
    torch.testing.assert_close(users @ items.T, net.scores(torch.arange(3)))


def test_fold_in_is_the_minimum_of_the_training_loss() -> None:
    net = filled(l2=0.2)
    items, ratings = torch.tensor([2, 4, 0, 1]), torch.tensor([5.0, 1.0, 3.0, 4.0])
    row = net.fold_in(items, ratings).double().requires_grad_()
    known, table = items[items > 0], net.items.weight.detach().double()
    standard = (ratings[items > 0].double() - TARGET["mean"]) / TARGET["std"]
    predicted = table[known, 1:] @ row[1:] + row[0] + table[known, 0]
    loss = (predicted - standard).square().sum() + 0.2 * len(known) * row.square().sum()
    (gradient,) = torch.autograd.grad(loss, row)
    torch.testing.assert_close(gradient, torch.zeros(3, dtype=torch.float64), atol=1e-5, rtol=0)
    assert not net.fold_in(torch.tensor([0]), torch.tensor([3.0])).any()


def test_fold_in_of_clicks_puts_them_first() -> None:
    net = filled(target=None)
    row = net.fold_in(torch.tensor([3]))
    scores = net.items.weight[1:, 1:] @ row[1:]
    assert scores.argmax() == 2
    alone = net.items.weight.detach()[3, 1:]
    assert torch.nn.functional.cosine_similarity(row[1:], alone, dim=0) > 0


def test_sparse_gradients_are_the_dense_ones() -> None:
    codes = torch.tensor([[1, 1], [1, 3], [2, 3]])
    y = torch.tensor([4.0, 2.0, 5.0])
    found = []
    for sparse in (False, True):
        net = filled(sparse=sparse)
        net.log = lambda *args, **options: None  # type: ignore[method-assign]
        net.training_step((RatingsBatch(codes), y), 0).backward()
        found.append([table.weight.grad for table in (net.users, net.items)])
    for dense, sparse_one in zip(*found, strict=True):
        assert sparse_one is not None
        assert sparse_one.is_sparse
        torch.testing.assert_close(sparse_one.to_dense(), dense)


def test_time_moves_an_items_bias() -> None:
    levels = {**LEVELS, "time_bin": ["1", "2"]}
    net = DotProductBias(levels, TARGET, factors=2)
    with torch.no_grad():
        net.drift.weight[2 * 3 + 1] = 0.5  # of item y, in the first bin
    codes = torch.tensor([[1, 2, 0], [1, 2, 1], [1, 2, 2]])
    predicted = net(RatingsBatch(codes)).detach()
    assert float(predicted[1] - predicted[0]) == pytest.approx(0.5 * TARGET["std"], abs=1e-5)
    assert float(predicted[2]) == pytest.approx(float(predicted[0]))


# Training -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["logistic", "bpr", "softmax"])
def test_clicks_are_told_from_the_rest(loss: str, make_trainer: Callable[..., Trainer], tmp_path: Path) -> None:
    import polars  # noqa: PLC0415

    rows = [(user, item) for user in range(40) for item in range(30) if user % 3 == item % 3 and (user * item) % 7]
    data = Ratings(polars.DataFrame(rows, schema=["user", "item"], orient="row"), rating=None, cache=tmp_path, batch_size=64)
    data.prepare_data()
    data.setup("fit")
    options: dict[str, Any] = {"factors": 8, "l2": 0.01, "loss": loss}
    net = DotProductBias(**(facts(data) | options), optimizer=lambda groups: torch.optim.Adam(groups, lr=0.05))
    trainer = make_trainer(max_epochs=15, limit_val_batches=0)
    trainer.fit(net, datamodule=data)
    assert trainer.test(net, datamodule=data, verbose=False)[0]["test/pairwise_accuracy"] > 0.9


@pytest.mark.parametrize("kind", ["sparse", "implicit"])
def test_each_kind_learns_and_a_checkpoint_alone_rebuilds_it(
    kind: str, make_trainer: Callable[..., Trainer], tmp_path: Path
) -> None:
    data = Tastes(synthetic_dir=tmp_path, cache=tmp_path / "cache", fold=1, scale=None)
    data.prepare_data()
    data.setup("fit")
    optimizer: Any = functools.partial(SparseAdam if kind == "sparse" else torch.optim.Adam, lr=0.01)
    net = DotProductBias(**facts(data), factors=8, l2=0.04, **{kind: True}, optimizer=optimizer)  # type: ignore[arg-type]
    trainer = make_trainer(max_epochs=12, callbacks=[OneCycle(0.01)] if kind != "sparse" else [], limit_val_batches=0)
    trainer.fit(net, datamodule=data)
    rmse = trainer.test(net, datamodule=data, verbose=False)[0]["test/rmse"]
    assert rmse < 0.62  # the least is .499, the ratings' own deviation .94
    trainer.save_checkpoint(tmp_path / "net.ckpt")
    again = DotProductBias.load_from_checkpoint(tmp_path / "net.ckpt", weights_only=True).eval()
    x = RatingsBatch(torch.tensor([[1, 2], [5, 0], [0, 3]]))
    torch.testing.assert_close(again(x), net.eval()(x))


@pytest.mark.parametrize(
    ("options", "optimizer", "message"),
    [
        ({"sparse": True}, torch.optim.Adam, "sparse=True needs .*SparseAdam"),
        ({}, SparseAdam, "the optimizer SparseAdam needs sparse=True"),
        ({"implicit": True}, torch.optim.Adam, r"needs a data module with pairs\(split\)"),
    ],
)
def test_what_does_not_go_together_is_named(
    options: dict[str, Any], optimizer: Any, message: str, make_trainer: Callable[..., Trainer]
) -> None:
    net = DotProductBias(LEVELS, TARGET, factors=2, optimizer=optimizer, **options)
    batches: Any = [(RatingsBatch(torch.tensor([[1, 1], [2, 2]])), torch.tensor([3.0, 4.0]))]
    with pytest.raises(MisconfigurationException, match=message):
        make_trainer(max_epochs=1).fit(net, batches)
