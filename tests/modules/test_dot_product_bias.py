"""Factors and biases: the gradient against a closed form in float64, who is unknown, and the noise of drawn tastes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from practicum.callbacks import OneCycle
from practicum.datamodules import Tastes
from practicum.modules import DotProductBias
from pytorch_lightning.loggers import CSVLogger
from pytorch_lightning.utilities.exceptions import MisconfigurationException
from torch import Tensor
from torch.utils.data import DataLoader

TARGET = {"mean": 3.5, "std": 1.2, "min": 1.0, "max": 5.0}
LEVELS = {"user": ["a", "b", "c"], "item": ["x", "y", "z", "w"]}


def network(**options: Any) -> DotProductBias:
    torch.manual_seed(0)
    net = DotProductBias(LEVELS, TARGET, **{"factors": 2, "penalty": 0.3, **options})
    with torch.no_grad():
        for table in (net.users, net.items):
            table.weight[1:].normal_()
    return net


def batch() -> tuple[tuple[Tensor, Tensor], Tensor]:
    codes = torch.tensor([[1, 1], [1, 3], [2, 3], [3, 4], [1, 1]], dtype=torch.int32)
    return (codes, torch.zeros(5, 0)), torch.tensor([4.0, 2.0, 5.0, 1.0, 3.5])


def test_gradient_is_the_closed_form() -> None:
    net = network()
    net.log = lambda *args, **options: None  # type: ignore[method-assign]
    (codes, numbers), y = batch()
    net.training_step(((codes, numbers), y), 0).backward()
    users, items = net.users.weight.detach().double(), net.items.weight.detach().double()
    wanted_users, wanted_items = torch.zeros_like(users), torch.zeros_like(items)
    count = len(y)
    for (user, item), rating in zip(codes.tolist(), y.tolist(), strict=True):
        p, q = users[user], items[item]
        error = float(p[1:] @ q[1:] + p[0] + q[0]) - (rating - TARGET["mean"]) / TARGET["std"]
        # d/dp of error^2 + penalty (|p|^2 + |q|^2), a mean over ratings; a bias's derivative is 1.
        wanted_users[user] += (2 * error * torch.cat([torch.ones(1), q[1:]]) + 2 * 0.3 * p) / count
        wanted_items[item] += (2 * error * torch.cat([torch.ones(1), p[1:]]) + 2 * 0.3 * q) / count
    assert net.users.weight.grad is not None
    assert net.items.weight.grad is not None
    torch.testing.assert_close(net.users.weight.grad.double(), wanted_users, atol=1e-6, rtol=1e-6)
    torch.testing.assert_close(net.items.weight.grad.double(), wanted_items, atol=1e-6, rtol=1e-6)


def test_who_is_unknown_gets_what_is_known_of_the_other() -> None:
    net = network()
    codes = torch.tensor([[0, 0], [0, 2], [3, 0]])
    none = torch.zeros(3, 0)
    said = net((codes, none)).detach()
    wanted = torch.stack([torch.tensor(0.0), net.items.weight[2, 0], net.users.weight[3, 0]]) * TARGET["std"] + TARGET["mean"]
    torch.testing.assert_close(said, wanted.detach())


def test_scores_order_items_as_ratings_do() -> None:
    net = network()
    users = torch.tensor([0, 2])
    scores = net.scores(users)
    assert scores.shape == (2, net.item_count)
    for row, user in enumerate(users.tolist()):
        codes = torch.tensor([[user + 1, item + 1] for item in range(4)])
        ratings = net((codes, torch.zeros(4, 0)))
        torch.testing.assert_close(scores[row] * TARGET["std"] + TARGET["mean"], ratings)


def test_bounded_ratings_stay_in_their_range() -> None:
    net = network(bounded=True)
    with torch.no_grad():
        net.users.weight.mul_(100)
    (codes, numbers), _ = batch()
    said = net((codes, numbers)).detach()
    assert 0.6 - 1e-4 <= float(said.min()) <= float(said.max()) <= 5.4 + 1e-4


def test_bounded_ratings_fold_in_and_biases_have_their_units() -> None:
    net = network(bounded=True, penalty=1e-6)
    items = torch.arange(1, 4)  # as many as there are unknowns
    ratings = torch.tensor([1.5, 4.0, 3.0])
    row = net.fold_in(items, ratings)
    scores = net.items.weight[items, 1:] @ row[1:] + row[0] + net.items.weight[items, 0]
    torch.testing.assert_close(net.rating_of_score(scores).detach(), ratings, atol=0.01, rtol=0)
    with torch.no_grad():
        net.items.weight[2, 0] = 50.0
    middle = (0.6 + 5.4) / 2
    assert float(net.bias("item")[1]) == pytest.approx(5.4 - middle, abs=1e-3)


@pytest.mark.parametrize(("options", "message"), [({"factors": 0}, "model.factors=0"), ({"penalty": -1}, "model.penalty=-1")])
def test_numbers_out_of_range_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(MisconfigurationException, match=f"{message} is out of range"):
        network(**options)
    with pytest.raises(MisconfigurationException, match="two columns of ids"):
        DotProductBias({"user": ["a"]}, TARGET)


def test_drawn_tastes_are_learnt_to_their_noise(make_trainer: Callable[..., pl.Trainer], tmp_path: Path) -> None:
    data = Tastes(drawn=tmp_path, cache=tmp_path / "cache", fold=1, batch_size=1024)
    data.prepare_data()
    data.setup("fit")
    net = DotProductBias(
        **data.describe(), factors=8, penalty=0.04, optimizer=lambda groups: torch.optim.AdamW(groups, lr=0.01, weight_decay=0)
    )
    trainer = make_trainer(max_epochs=25, callbacks=[OneCycle()], limit_val_batches=0)
    trainer.fit(net, datamodule=data)
    rmse = trainer.test(net, datamodule=data, verbose=False)[0]["test/rmse"]
    assert rmse < 1.05 * data.known_answer["rmse"]


def test_ids_go_to_checkpoints_and_to_no_logger(tmp_path: Path) -> None:
    net, log = network(), CSVLogger(tmp_path, name="", version="")
    trainer = pl.Trainer(max_epochs=1, logger=log, enable_progress_bar=False, enable_model_summary=False)
    trainer.fit(net, DataLoader([batch()], batch_size=None))  # type: ignore[arg-type]
    assert not any("user" in file.read_text() for file in tmp_path.glob("*.yaml"))
    again = DotProductBias.load_from_checkpoint(trainer.checkpoint_callback.best_model_path, weights_only=True)  # type: ignore
    assert again.categories == LEVELS
