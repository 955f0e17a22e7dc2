"""The network for tables: what it is made of, what it refuses, what a checkpoint rebuilds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from practicum.callbacks import SGDR, SnapshotEnsemble
from practicum.lightning_shim import MisconfigurationException, Trainer
from practicum.modules import EntityEmbeddingModel
from torch.utils.data import DataLoader

TARGET = {"mean": 5.0, "std": 2.0, "min": 1.0, "max": 9.0, "log_mean": 1.5, "log_std": 0.4}
CATEGORIES = {"shop": ["a", "b", "c"], "day": [str(day) for day in range(1, 8)]}


def model(**options: Any) -> EntityEmbeddingModel:
    return EntityEmbeddingModel(CATEGORIES, ["price"], **{"target": TARGET, "hidden_sizes": [16], **options})


def rows(count: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    codes = torch.stack([torch.randint(0, len(levels) + 1, (count,), generator=generator) for levels in CATEGORIES.values()], 1)
    return codes, torch.randn(count, 1, generator=generator)


def test_embedded_rows_are_vectors_then_numbers() -> None:
    net = model(batch_norm=False, embedding_dims={"day": 4})
    codes, numbers = rows()
    embedded = net.embedded((codes, numbers))
    assert net.embedded_names() == ["shop_1", "shop_2", "shop_3", "day_1", "day_2", "day_3", "day_4", "price"]
    assert embedded.shape == (64, 8)
    known = codes[:, 1] > 0
    torch.testing.assert_close(embedded[known, 3:7], net.embedding_table("day")[codes[known, 1] - 1])
    torch.testing.assert_close(embedded[:, 7:], numbers)


def test_hidden_levels_are_unknown_in_training_only() -> None:
    net = model(unknown_dropout=0.999999, batch_norm=False)
    codes, numbers = rows()
    hidden = net.embedded((codes, numbers))[:, :-1]
    torch.testing.assert_close(hidden, net.eval().embedded((torch.zeros_like(codes), numbers))[:, :-1])
    assert not torch.equal(net.embedded((codes, numbers))[:, :-1], hidden)


def test_weights_start_evenly_within_a_range() -> None:
    net = model(init_range=0.05, hidden_sizes=[400])
    for weight in (net.embeddings.weight, net.layers[0][0].weight):
        assert 0.04 < float(weight.detach().abs().max()) <= 0.05
    assert float(net.layers[0][0].weight.detach().std()) == pytest.approx(0.05 / 3**0.5, rel=0.05)
    assert not net.layers[0][0].bias.any()


def test_layer_groups_hold_every_parameter_once() -> None:
    net = model()
    optimizer = net.configure_optimizers()
    grouped = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    assert len(grouped) == len(list(net.parameters()))
    assert [group["name"] for group in optimizer.param_groups] == ["group 0", "group 1", "head"]


@pytest.mark.parametrize("kind", ["number", "class"])
def test_it_learns_and_a_checkpoint_alone_rebuilds_it(kind: str, make_trainer: Callable[..., Trainer], tmp_path: Path) -> None:
    facts: dict[str, Any] = {"target": None, "classes": ["low", "high"]} if kind == "class" else {}
    net = model(**facts, optimizer=lambda groups: torch.optim.AdamW(groups, lr=0.02))
    codes, numbers = rows(512)
    y = 5 + codes[:, 1] / 4 + numbers[:, 0]
    y = (y > 6).long() if kind == "class" else y
    data = [((codes[i], numbers[i]), y[i]) for i in range(len(y))]
    loader: Any = DataLoader(data, batch_size=64)  # type: ignore[arg-type]
    trainer = make_trainer(max_epochs=12)
    trainer.fit(net, loader, loader)
    if kind == "class":
        assert float(trainer.callback_metrics["val/auroc"]) > 0.97
    else:
        assert float(trainer.callback_metrics["val/rmse"]) < 0.3
    trainer.save_checkpoint(tmp_path / "net.ckpt")
    again = EntityEmbeddingModel.load_from_checkpoint(tmp_path / "net.ckpt", weights_only=True)
    torch.testing.assert_close(again.eval()((codes, numbers)), net.eval()((codes, numbers)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"embedding_dims": {"shops": 3}}, "EntityEmbeddingModel: embedding_dims.shops: .* did you mean shop"),
        ({"init_range": 0.0}, "EntityEmbeddingModel: init_range=0.0 must be above 0"),
        ({"unknown_dropout": 1.0}, "EntityEmbeddingModel: unknown_dropout=1.0 must be from 0 to below 1"),
        ({"max_embedding_dim": 0}, "EntityEmbeddingModel: max_embedding_dim=0 must be at least 1"),
        ({"hidden_sizes": [0]}, r"EntityEmbeddingModel: hidden_sizes=\[0\]"),
        ({"dropout": [0.1, 0.2]}, "EntityEmbeddingModel: dropout"),
        ({"target": None}, "needs classes, or target"),
        ({"loss": "rms"}, "loss=rms: choose squared"),
    ],
)
def test_options_that_do_not_fit_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(MisconfigurationException, match=message):
        model(**options)


def test_one_kind_of_columns_suffices() -> None:
    codes, numbers = rows()
    assert EntityEmbeddingModel(CATEGORIES, target=TARGET)((codes, numbers)).shape == (64,)
    assert EntityEmbeddingModel({}, ["price"], classes=["a", "b"])((codes, numbers)).shape == (64, 2)
    with pytest.raises(MisconfigurationException, match="needs a column to predict from"):
        EntityEmbeddingModel({}, target=TARGET)


def test_forward_gives_quantiles_or_logits() -> None:
    x = rows()
    assert model(loss="quantiles")(x).shape == (64, 3)
    net = model(target=None, classes=["low", "high"]).eval()
    torch.testing.assert_close(net.predict_step((x, None), 0), net(x).softmax(1))


def test_a_batch_of_one_row_is_refused_where_batch_norm_would_fail() -> None:
    codes, numbers = rows()
    one = codes[:1], numbers[:1]
    with pytest.raises(MisconfigurationException, match="BatchNorm can't train on a batch of one row: batch_size"):
        model()(one)
    for net in (model().eval(), model(batch_norm=False), model(hidden_sizes=[])):
        assert net(one).shape == (1,)


def test_snapshots_of_a_classifier_are_heard_in_a_test(make_trainer: Callable[..., Trainer], tmp_path: Path) -> None:
    codes, numbers = rows()
    batches = [((codes[:32], numbers[:32]), torch.arange(32) % 2), ((codes[32:], numbers[32:]), torch.arange(32) % 2)]
    loader: Any = DataLoader(batches, batch_size=None)  # type: ignore[arg-type]
    net = model(target=None, classes=["low", "high"], optimizer=lambda groups: torch.optim.SGD(groups, lr=0.5))
    ensemble = SnapshotEnsemble(tmp_path)
    trainer = make_trainer(max_epochs=3, callbacks=[SGDR(1, 2), ensemble])
    trainer.fit(net, loader, loader)
    together = trainer.test(net, loader, verbose=False)[0]["test/loss"]
    assert ensemble.facts == {"snapshots": 2}
    ensemble.enabled = False
    assert trainer.test(net, loader, verbose=False)[0]["test/loss"] != pytest.approx(together, rel=1e-6)
