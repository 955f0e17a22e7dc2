"""The ensemble of snapshots against predictions combined by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from practicum.callbacks import SGDR, OneCycle, SnapshotEnsemble
from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset, TensorDataset
from torchdata.stateful_dataloader import StatefulDataLoader

MakeTrainer = Callable[..., Trainer]


def points() -> TensorDataset:
    generator = torch.Generator().manual_seed(4)
    x = torch.randn(96, 6, generator=generator)
    return TensorDataset(x, (x[:, 0] * x[:, 1] > 0).long())


class Classifier(LightningModule):
    def __init__(self, norm: bool = True) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.net = nn.Sequential(nn.Linear(6, 12), nn.BatchNorm1d(12) if norm else nn.Identity(), nn.ReLU(), nn.Linear(12, 2))

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        return F.cross_entropy(self(batch[0]), batch[1])

    def test_step(self, batch: Any, batch_idx: int) -> dict[str, Tensor]:
        logits = self(batch[0])
        self.log("test/loss", F.cross_entropy(logits, batch[1]), batch_size=len(batch[0]))
        return {"logits": logits}

    def predict_step(self, batch: Any, batch_idx: int) -> Tensor:
        return self(batch[0]).softmax(1)

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.3, momentum=0.9)

    def train_dataloader(self) -> Any:
        return StatefulDataLoader(points(), batch_size=16)

    def test_dataloader(self) -> Any:
        return DataLoader(points(), batch_size=20)

    def predict_dataloader(self) -> Any:
        return DataLoader(points(), batch_size=20)


def stored(path: Path) -> dict[str, Tensor]:
    return torch.load(path, weights_only=True)["state_dict"]  # type: ignore[no-any-return]


def predicted_by(path: Path) -> Tensor:
    module = Classifier()
    module.load_state_dict(stored(path))
    with torch.no_grad():
        return module.eval()(points().tensors[0]).softmax(1)


def equal(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return all(torch.equal(a[name], b[name]) for name in a)


def test_probabilities_are_averaged_in_test_and_prediction(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    ensemble = SnapshotEnsemble(tmp_path, last=2)
    module = Classifier()
    trainer = make_trainer(max_epochs=7, callbacks=[SGDR(1, 2), ensemble])
    trainer.fit(module)
    own = {name: value.clone() for name, value in module.state_dict().items()}
    assert not (tmp_path / "cycle-1.ckpt").exists()
    together = (predicted_by(tmp_path / "cycle-2.ckpt") + predicted_by(tmp_path / "cycle-3.ckpt")) / 2
    assert torch.allclose(torch.cat(trainer.predict(module)), together, atol=1e-6)  # type: ignore[arg-type]
    (scores,) = trainer.test(module, verbose=False)
    targets = points().tensors[1]
    assert scores["test/loss"] == pytest.approx(float(F.nll_loss(together.log(), targets)), abs=1e-5)
    assert ensemble.facts == {"snapshots": 2}
    ensemble.enabled = False
    with torch.no_grad():
        plain = F.cross_entropy(module.eval()(points().tensors[0]), targets)
    assert trainer.test(module, verbose=False)[0]["test/loss"] == pytest.approx(float(plain), abs=1e-5)
    assert equal(own, module.state_dict())
    assert "forward" not in vars(module)  # what was wrapped is unwrapped


def test_batches_in_another_order_each_time_are_refused(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    module = Classifier()
    trainer = make_trainer(max_epochs=3, callbacks=[SGDR(1, 2), SnapshotEnsemble(tmp_path)])
    trainer.fit(module)
    for count in (4, 20):  # the rows, and the last batch alone
        with pytest.raises(MisconfigurationException, match=r"batch \d+ is not the one that the first snapshot predicted"):
            trainer.predict(module, DataLoader(points(), batch_size=count, shuffle=True))
    assert "forward" not in vars(module)


def test_several_loaders_are_predicted_one_after_another(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    class Several(Classifier):
        def predict_step(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> Tensor:
            return super().predict_step(batch, batch_idx)

    module = Several()
    trainer = make_trainer(max_epochs=3, callbacks=[SGDR(1, 2), SnapshotEnsemble(tmp_path)])
    trainer.fit(module)
    first, second = trainer.predict(module, [DataLoader(points(), batch_size=count) for count in (7, 9)])  # type: ignore[misc]
    assert torch.allclose(torch.cat(first), torch.cat(second), atol=1e-6)  # type: ignore[arg-type]


def test_weights_averaged_with_batchnorm_taken_anew(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    ensemble = SnapshotEnsemble(tmp_path, average="weights")
    module = Classifier()
    trainer = make_trainer(max_epochs=3, callbacks=[SGDR(1, 2), ensemble])
    trainer.fit(module)
    first, second, average = (stored(tmp_path / f"{name}.ckpt") for name in ("cycle-1", "cycle-2", "average"))
    for name in ("net.0.weight", "net.3.bias"):
        assert torch.allclose(average[name], (first[name] + second[name]) / 2, atol=1e-7)
    hidden = F.linear(points().tensors[0], average["net.0.weight"], average["net.0.bias"])
    assert torch.allclose(average["net.1.running_mean"], hidden.mean(0), atol=1e-5)
    assert torch.allclose(torch.cat(trainer.predict(module)), predicted_by(tmp_path / "average.ckpt"), atol=1e-6)  # type: ignore[arg-type]


def test_a_mean_of_the_weights_goes_only_where_another_one_comes(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    for average, stays in (("probabilities", True), ("weights", False)):
        (tmp_path / "average.ckpt").write_text("mine", encoding="utf-8")
        callbacks = [SGDR(1, 2), SnapshotEnsemble(tmp_path, average=average)]  # type: ignore[arg-type]
        make_trainer(max_epochs=1, callbacks=callbacks).fit(Classifier())
        assert ((tmp_path / "average.ckpt").read_bytes() == b"mine") == stays


def test_statistics_that_training_has_left_alone_stay(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    class Frozen(Classifier):
        """BatchNorm as of pretrained layers: with statistics of its own, which training leaves."""

        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(nn.BatchNorm1d(6))
            self.body[0].running_mean.fill_(0.5)

        def forward(self, x: Tensor) -> Tensor:
            return super().forward(self.body(x))

        def on_train_batch_start(self, *args: Any) -> None:
            self.body.eval()

    module = Frozen()
    make_trainer(max_epochs=3, callbacks=[SGDR(1, 2), SnapshotEnsemble(tmp_path, average="weights")]).fit(module)
    average = stored(tmp_path / "average.ckpt")
    assert average["body.0.running_mean"].tolist() == [0.5] * 6
    last = stored(tmp_path / "cycle-2.ckpt")
    assert not torch.equal(average["net.1.running_mean"], last["net.1.running_mean"])
    make_trainer(max_epochs=1, callbacks=[SGDR(1, 2), SnapshotEnsemble(tmp_path, average="weights")]).fit(Frozen())
    assert equal(stored(tmp_path / "average.ckpt"), stored(tmp_path / "cycle-1.ckpt"))  # the mean of one


@pytest.mark.parametrize("average", ["weights", "probabilities"])
def test_weights_that_checkpoints_lack_are_left_alone(make_trainer: MakeTrainer, tmp_path: Path, average: Any) -> None:
    class Partial(Classifier):
        def __init__(self) -> None:
            super().__init__()
            self.frozen = nn.Linear(2, 2).requires_grad_(False)
            self.strict_loading = False

        def state_dict(self) -> dict[str, Any]:  # type: ignore[override]
            return {name: value for name, value in super().state_dict().items() if "frozen" not in name}

    module = Partial()
    trainer = make_trainer(max_epochs=3, callbacks=[SGDR(1, 2), SnapshotEnsemble(tmp_path, average=average)])
    trainer.fit(module)
    assert not any("frozen" in name for name in stored(tmp_path / "cycle-1.ckpt"))
    if average == "weights":
        assert torch.allclose(torch.cat(trainer.predict(module)), predicted_by(tmp_path / "average.ckpt"), atol=1e-6)  # type: ignore[arg-type]
    assert "test/loss" in trainer.test(module, verbose=False)[0]


class Endless(IterableDataset[Any]):
    def __init__(self) -> None:
        self.read = 0

    def __iter__(self) -> Iterator[Any]:
        x, y = points().tensors
        while True:
            self.read += 1
            yield x[self.read % len(x)], y[self.read % len(x)]


def test_a_stream_without_an_end_gives_batchnorm_as_many_batches_as_training_had(
    make_trainer: MakeTrainer, tmp_path: Path
) -> None:
    stream = Endless()
    trainer = make_trainer(
        max_epochs=-1, max_steps=12, limit_val_batches=0, callbacks=[OneCycle(), SnapshotEnsemble(tmp_path, average="weights")]
    )
    trainer.fit(Classifier(), DataLoader(stream, batch_size=4))
    assert (tmp_path / "average.ckpt").is_file()
    assert stream.read < 4 * 40


def test_refusals(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    with pytest.raises(MisconfigurationException, match="last=0"):
        SnapshotEnsemble(tmp_path, last=0)
    with pytest.raises(MisconfigurationException, match="average=median"):
        SnapshotEnsemble(tmp_path, average="median")  # type: ignore[arg-type]

    class Dictionary(Classifier):
        def forward(self, x: Tensor) -> Any:
            return {"logits": self.net(x)}

        def training_step(self, batch: Any, batch_idx: int) -> Tensor:
            return F.cross_entropy(self(batch[0])["logits"], batch[1])

        def predict_step(self, batch: Any, batch_idx: int) -> Tensor:
            return self(batch[0])["logits"].softmax(1)

    module = Dictionary()
    trainer = make_trainer(max_epochs=1, callbacks=[SGDR(3, unit="step"), SnapshotEnsemble(tmp_path)])
    trainer.fit(module)
    with pytest.raises(MisconfigurationException, match="Dictionary.forward returns a dictionary"):
        trainer.test(module, verbose=False)
    (snapshot,) = tmp_path.glob("cycle-*.ckpt")
    predicted = torch.cat(make_trainer(callbacks=[SnapshotEnsemble(tmp_path, output="logits")]).predict(module))  # type: ignore[arg-type]
    assert torch.allclose(predicted, predicted_by(snapshot), atol=1e-6)


def test_without_snapshots_the_model_predicts_by_itself(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    ensemble = SnapshotEnsemble(tmp_path)
    module = Classifier().eval()
    (scores,) = make_trainer(callbacks=[ensemble]).test(module, verbose=False)
    with torch.no_grad():
        plain = F.cross_entropy(module(points().tensors[0]), points().tensors[1])
    assert scores["test/loss"] == pytest.approx(float(plain), abs=1e-5)
    assert ensemble.facts == {}


class Line(LightningModule):
    """A regression: its forward returns numbers, and its steps do without forward."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.net = nn.Linear(6, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x).squeeze(1)

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        return (self.net(batch[0]).squeeze(1) - batch[1]).pow(2).mean()

    def validation_step(self, batch: Any, batch_idx: int) -> Any:
        return {"prediction": self(batch[0]), "target": batch[1]}

    def test_step(self, batch: Any, batch_idx: int) -> None:
        self.log("test/loss", (self.net(batch[0]).squeeze(1) - batch[1]).pow(2).mean(), batch_size=len(batch[0]))

    def predict_step(self, batch: Any, batch_idx: int) -> Tensor:
        return self.net(batch[0]).squeeze(1)

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.05)

    train_dataloader = Classifier.train_dataloader
    val_dataloader = test_dataloader = predict_dataloader = Classifier.test_dataloader


def test_averaged_weights_need_no_logits(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    ensemble, module = SnapshotEnsemble(tmp_path, average="weights"), Line()
    trainer = make_trainer(max_epochs=3, callbacks=[SGDR(1, 2), ensemble])
    trainer.fit(module)
    own = {name: value.clone() for name, value in module.state_dict().items()}
    average = stored(tmp_path / "average.ckpt")
    x, y = points().tensors
    wanted = F.linear(x, average["net.weight"], average["net.bias"]).squeeze(1)
    assert torch.allclose(torch.cat(trainer.predict(module)), wanted, atol=1e-6)  # type: ignore[arg-type]
    (scores,) = trainer.test(module, verbose=False)
    assert scores["test/loss"] == pytest.approx(float((wanted - y).pow(2).mean()), abs=1e-5)
    assert ensemble.facts == {"snapshots": 2}
    assert equal(own, module.state_dict())
    assert not equal(own, average)


def test_the_own_weights_are_back_after_an_error(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    ensemble, module = SnapshotEnsemble(tmp_path, average="weights"), Line()
    trainer = make_trainer(max_epochs=3, callbacks=[SGDR(1, 2), ensemble])
    trainer.fit(module)
    own = {name: value.clone() for name, value in module.state_dict().items()}
    module.test_step = lambda *_: 1 / 0  # type: ignore[method-assign, assignment, return-value]
    with pytest.raises(ZeroDivisionError):
        trainer.test(module, verbose=False)
    assert equal(own, module.state_dict())


def test_what_has_no_probabilities_is_refused_before_training(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    trainer = make_trainer(max_epochs=3, callbacks=[SGDR(1, 2), SnapshotEnsemble(tmp_path)], num_sanity_val_steps=1)
    with pytest.raises(MisconfigurationException, match="SnapshotEnsemble is for classifiers; Line predicts numbers"):
        trainer.fit(Line())
    assert trainer.global_step == 0
