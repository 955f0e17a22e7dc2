"""Several networks in one: their mean, each trained by its own loss, what is refused, what a checkpoint rebuilds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from practicum.callbacks import SGDR, SnapshotEnsemble
from practicum.lightning_shim import MisconfigurationException, Trainer
from practicum.modules import TabularEnsemble
from torch.nn import functional as F
from torch.utils.data import DataLoader

TARGET = {"mean": 5.0, "std": 2.0, "min": 1.0, "max": 9.0, "log_mean": 1.5, "log_std": 0.4}
CATEGORIES = {"shop": ["a", "b", "c"], "day": [str(day) for day in range(1, 8)]}
CLASSES: dict[str, Any] = {"target": None, "classes": ["low", "middle", "high"]}


def model(**options: Any) -> TabularEnsemble:
    torch.manual_seed(0)
    return TabularEnsemble(CATEGORIES, ["price"], **{"target": TARGET, "members": 3, "hidden_sizes": [16], **options})


def rows(count: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    codes = torch.stack([torch.randint(0, len(levels) + 1, (count,), generator=generator) for levels in CATEGORIES.values()], 1)
    return codes, torch.randn(count, 1, generator=generator)


def randomized(net: TabularEnsemble) -> TabularEnsemble:
    """A network whose last layer isn't zero."""
    torch.nn.init.normal_(net.head.weight)
    return net.eval()


def test_the_prediction_is_the_mean_of_the_networks() -> None:
    net = randomized(model(bounded=False))
    torch.testing.assert_close(net(rows()), 5 + 2 * net.member_outputs(rows()).mean(0).squeeze(1))
    classifier = randomized(model(**CLASSES))
    found = classifier.objective.predict(classifier.output(rows()))
    torch.testing.assert_close(found, classifier.member_outputs(rows()).softmax(2).mean(0))


def test_networks_differ_and_are_trained_by_their_own_losses() -> None:
    net = model(dropout=0.0, bounded=False)
    torch.nn.init.normal_(net.head.weight)
    members = net.member_outputs(rows())
    assert not torch.allclose(members[0], members[1])
    y = torch.linspace(1, 9, 64)
    net.log = lambda *args, **options: None  # type: ignore[method-assign, assignment]
    found = net.training_step((rows(), y), 0)
    wanted = torch.stack([F.mse_loss(each.squeeze(1), (y - 5) / 2) for each in members]).mean()
    torch.testing.assert_close(found, wanted)


def test_bounded_predictions_stay_in_the_targets_range() -> None:
    for bounded in (True, False):
        net = randomized(model(bounded=bounded))
        for bias, bound in ((1e4, 9.0), (-1e4, 1.0)):
            torch.nn.init.constant_(net.head.bias, bias)
            assert bool((net(rows()) == bound).all()) == bounded
    skewed = model(log_target=True)
    torch.nn.init.constant_(skewed.head.bias, 1e4)
    torch.testing.assert_close(skewed.eval()(rows()), torch.full((64,), 9.0))


def test_training_begins_at_the_mean() -> None:
    torch.testing.assert_close(model().eval()(rows()), torch.full((64,), 5.0))


def test_dropout_is_for_training_only() -> None:
    net = model(dropout=0.5)
    torch.nn.init.normal_(net.head.weight)
    assert not torch.equal(net.member_outputs(rows()), net.member_outputs(rows()))
    net.eval()
    assert torch.equal(net.member_outputs(rows()), net.member_outputs(rows()))


def test_vectors_of_categories_can_be_looked_at() -> None:
    net = model(embedding_dim=4)
    codes, numbers = rows()
    embedded = net.embedded((codes, numbers))
    assert net.embedding_table("day").shape == (7, 12)
    assert embedded.shape == (64, len(net.embedded_names())) == (64, 25)
    known = codes[:, 1] > 0
    torch.testing.assert_close(embedded[known, 12:24], net.embedding_table("day")[codes[known, 1] - 1])
    torch.testing.assert_close(embedded[:, 24:], numbers)


@pytest.mark.parametrize(
    "net",
    [
        TabularEnsemble({}, ["price"], target=TARGET),
        TabularEnsemble(CATEGORIES, target=TARGET),
        model(number_dim=1),
        model(hidden_sizes=[]),
        model(loss="quantiles"),
    ],
    ids=["numbers only", "categories only", "bare numbers", "linear", "quantiles"],
)
def test_what_may_be_missing(net: TabularEnsemble) -> None:
    codes, numbers = rows()
    x = codes[:, : len(net.categories)], numbers[:, : len(net.continuous)]
    assert net(x).shape[0] == 64


FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"target": None}, "needs classes, or target"),
    ({"members": 0}, "members=0 must be at least 1"),
    ({"hidden_sizes": [0]}, "hidden_sizes=.0. must each be at least 1"),
    ({"dropout": 1.0}, "dropout=1.0 must be from 0 to below 1"),
    ({"frequency_scale": 0.0}, "frequency_scale=0.0 must be above 0"),
    ({"clip": 0.0}, "clip=0.0 must be above 0"),
]


@pytest.mark.parametrize(("options", "message"), FAULTS)
def test_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(MisconfigurationException, match=message):
        model(**options)
    with pytest.raises(MisconfigurationException, match="needs a column"):
        TabularEnsemble({}, target=TARGET)


def test_layer_groups_hold_every_parameter_once() -> None:
    net = model()
    grouped = [parameter for group in net.configure_optimizers().param_groups for parameter in group["params"]]
    assert len(grouped) == len(list(net.parameters()))


@pytest.mark.parametrize("kind", ["number", "class"])
def test_it_learns_a_jump_and_a_checkpoint_alone_rebuilds_it(
    kind: str, make_trainer: Callable[..., Trainer], tmp_path: Path
) -> None:
    facts: dict[str, Any] = {"target": None, "classes": ["low", "high"]} if kind == "class" else {}
    net = model(**facts, optimizer=lambda groups: torch.optim.AdamW(groups, lr=0.05))
    codes, numbers = rows(512)
    y = 5 + codes[:, 1] / 4 + torch.where(numbers[:, 0] > 0.3, 2.0, -2.0)
    y = (y > 6).long() if kind == "class" else y
    data = [((codes[i], numbers[i]), y[i]) for i in range(len(y))]
    loader: Any = DataLoader(data, batch_size=64)  # type: ignore[arg-type]
    trainer = make_trainer(max_epochs=20)
    trainer.fit(net, loader, loader)
    if kind == "class":
        assert float(trainer.callback_metrics["val/auroc"]) > 0.97
    else:
        assert float(trainer.callback_metrics["val/rmse"]) < 0.5
    trainer.save_checkpoint(tmp_path / "net.ckpt")
    again = TabularEnsemble.load_from_checkpoint(tmp_path / "net.ckpt", weights_only=True)
    torch.testing.assert_close(again.eval()((codes, numbers)), net.eval()((codes, numbers)))


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
