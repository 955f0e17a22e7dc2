"""Test-time augmentation: what a plain loop gives, in any module, with data modules and snapshots, giving forward back."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
import torch.nn.functional as F
from practicum.callbacks import SnapshotEnsemble, TestTimeAugmentation
from practicum.callbacks.prediction.test_time_augmentation import combine
from practicum.datamodules import Augment, ImageFolder
from pytorch_lightning.utilities.exceptions import MisconfigurationException
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset
from torchmetrics.classification import MulticlassAccuracy
from torchvision.transforms import v2

MakeTrainer = Callable[..., pl.Trainer]


def pictures() -> TensorDataset:
    generator = torch.Generator().manual_seed(4)
    return TensorDataset(torch.rand(23, 3, 8, 8, generator=generator), torch.randint(3, (23,), generator=generator))


class Foreign(pl.LightningModule):
    """Anybody's module: its own loss and metric on what its forward returns."""

    def __init__(self, key: str | None = None, multi_label: bool = False) -> None:
        super().__init__()
        torch.manual_seed(2)
        self.net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 3))
        self.key, self.multi_label = key, multi_label
        self.accuracy = MulticlassAccuracy(3, average="micro")
        self.broken = False

    def forward(self, x: Tensor) -> Any:
        logits = 5 * self.net(x.float() / (255 if x.dtype == torch.uint8 else 1))
        return logits if self.key is None else {self.key: logits, "hidden": x}

    def test_step(self, batch: Any, batch_idx: int) -> None:
        output = self(batch[0])
        logits = output if self.key is None else output[self.key]
        if self.broken:
            raise RuntimeError("broken")
        if self.multi_label:
            loss = F.binary_cross_entropy_with_logits(logits, F.one_hot(batch[1], 3).float())
        else:
            loss = F.cross_entropy(logits, batch[1])
            self.accuracy(logits, batch[1])
            self.log("test/accuracy", self.accuracy, on_epoch=True)
        self.log("test/loss", loss, batch_size=len(batch[0]), sync_dist=True)

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        return F.cross_entropy(self(batch[0]), batch[1])

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.1)

    def predict_step(self, batch: Any, batch_idx: int) -> Tensor:
        output = self(batch[0])
        return output if self.key is None else output[self.key]


def loader(size: int = 5) -> DataLoader[Any]:
    return DataLoader(pictures(), batch_size=size)


def predictions(trainer: pl.Trainer, module: pl.LightningModule, **data: Any) -> Tensor:
    return torch.cat(trainer.predict(module, **(data or {"dataloaders": loader()})))  # type: ignore[arg-type]


class Recorded:
    """An augmentation that notes what it made, and of what."""

    def __init__(self) -> None:
        self.change = v2.Compose([v2.RandomHorizontalFlip(), v2.RandomErasing(p=1.0)])
        self.made: list[Tensor] = []

    def __call__(self, x: Tensor) -> Tensor:
        assert x.shape == (1, 3, 8, 8)
        self.made.append(self.change(x))
        return self.made[-1]


@pytest.mark.parametrize("how", ["mean", "max"])
@pytest.mark.parametrize("key", [None, "logits"])
def test_a_foreign_module_says_what_a_plain_loop_gives(make_trainer: MakeTrainer, how: Any, key: str | None) -> None:
    augment = Recorded()
    module = Foreign(key).eval()
    trainer = make_trainer(callbacks=[TestTimeAugmentation(n=3, augment=augment, how=how, output=key)])
    said = predictions(trainer, module, dataloaders=loader(size=23))
    views = [torch.cat(augment.made[start : start + 23]) for start in (0, 23, 46)]
    with torch.no_grad():
        plain, *each = [(5 * module.net(x)).softmax(1) for x in (pictures().tensors[0], *views)]
    wanted = 0.25 * plain + 0.75 * (each[0] + each[1] + each[2]) / 3
    if how == "max":
        wanted = torch.stack([plain, *each]).amax(0)
    assert torch.allclose(said.exp(), wanted, atol=1e-5)
    assert "forward" not in vars(module)


def test_losses_and_metrics_of_the_modules_own_test_step_are_right(make_trainer: MakeTrainer) -> None:
    module = Foreign()
    trainer = make_trainer(callbacks=[TestTimeAugmentation(augment=v2.RandomErasing(p=1.0))])
    said, y = predictions(trainer, module).exp(), pictures().tensors[1]
    (scores,) = trainer.test(module, loader(), verbose=False)
    assert scores["test/loss"] == pytest.approx(float(F.nll_loss(said.log(), y)), abs=1e-5)
    assert scores["test/accuracy"] == pytest.approx(float((said.argmax(1) == y).float().mean()))


def test_multi_label_gives_log_odds(make_trainer: MakeTrainer) -> None:
    augment = Recorded()
    module = Foreign(multi_label=True).eval()
    said = predictions(make_trainer(callbacks=[TestTimeAugmentation(n=1, augment=augment)]), module, dataloaders=loader(size=23))
    with torch.no_grad():
        plain, view = [(5 * module.net(x)).sigmoid() for x in (pictures().tensors[0], torch.cat(augment.made))]
    assert torch.allclose(said.sigmoid(), 0.25 * plain + 0.75 * view, atol=1e-5)


def test_views_depend_on_seed_and_photo_not_on_the_batch(make_trainer: MakeTrainer) -> None:
    module, augment = Foreign(), v2.RandomErasing(p=1.0)
    torch.manual_seed(7)
    predictions(make_trainer(), module)
    wanted = torch.rand(2)
    torch.manual_seed(7)
    one = predictions(make_trainer(callbacks=[TestTimeAugmentation(augment=augment)]), module)
    assert torch.equal(torch.rand(2), wanted)  # nobody else's draws change
    two = predictions(make_trainer(callbacks=[TestTimeAugmentation(augment=augment)]), module, dataloaders=loader(size=7))
    other = predictions(make_trainer(callbacks=[TestTimeAugmentation(augment=augment, seed=2)]), module)
    assert torch.allclose(one, two, atol=1e-5)
    assert not torch.allclose(one, other, atol=1e-3)


def test_forward_is_given_back_after_an_exception(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    module = Foreign()
    module.broken = True
    tta, ensemble = TestTimeAugmentation(augment=v2.RandomErasing(p=1.0)), SnapshotEnsemble(tmp_path)
    for number in (1, 2):
        torch.save({"state_dict": module.state_dict()}, tmp_path / f"cycle-{number}.ckpt")
    for callbacks in ([tta], [tta, ensemble], [ensemble, tta]):
        with pytest.raises(RuntimeError, match="broken"):
            make_trainer(callbacks=callbacks).test(module, loader(), verbose=False)
        assert "forward" not in vars(module)


@pytest.mark.parametrize("first", [0, 1])
def test_snapshots_each_look_at_every_view(make_trainer: MakeTrainer, tmp_path: Path, first: int) -> None:
    said = []
    for number in (1, 2):
        module = Foreign()
        torch.manual_seed(number)
        nn.init.normal_(module.net[3].weight, std=0.1)  # type: ignore[arg-type]
        torch.save({"state_dict": module.state_dict()}, tmp_path / f"cycle-{number}.ckpt")
        trainer = make_trainer(callbacks=[TestTimeAugmentation(augment=v2.RandomErasing(p=1.0))])
        said.append(predictions(trainer, module).exp())
    pair = [TestTimeAugmentation(augment=v2.RandomErasing(p=1.0)), SnapshotEnsemble(tmp_path)]
    together = predictions(make_trainer(callbacks=[pair[first], pair[1 - first]]), Foreign())
    assert torch.allclose(together.exp(), (said[0] + said[1]) / 2, atol=1e-5)


TWO = """
import json, sys
import pytorch_lightning as pl, torch
from practicum.callbacks import TestTimeAugmentation
from practicum.datamodules import Augment, ImageFolder
from torchmetrics import MeanMetric
from torchvision.transforms import v2

class Module(pl.LightningModule):
    def __init__(self):
        super().__init__()
        torch.manual_seed(2)
        self.net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(192, 2))
        self.mean = MeanMetric()
    def forward(self, x):
        return self.net(x / 255)
    def test_step(self, batch, batch_idx):
        loss = torch.nn.functional.cross_entropy(self(batch[0].float()), batch[1], reduction="none")
        self.mean.update(loss)
        self.log("test/loss", self.mean)

class Float(ImageFolder):
    def on_after_batch_transfer(self, batch, dataloader_idx):
        x, y = super().on_after_batch_transfer(batch, dataloader_idx)
        return x.float(), y

if __name__ == "__main__":
    found = {}
    for name, augment in (("data", None), ("callable", v2.RandomErasing(p=1.0))):
        data = Float(sys.argv[1], size=8, batch_size=2, augment=Augment(mirror=0.5), cache=sys.argv[2])
        trainer = pl.Trainer(
            accelerator="cpu", devices=int(sys.argv[3]), strategy="ddp" if sys.argv[3] == "2" else "auto", logger=False,
            enable_checkpointing=False, enable_progress_bar=False, use_distributed_sampler=False,
            callbacks=[TestTimeAugmentation(augment=augment)],
        )
        found[name] = trainer.test(Module(), datamodule=data, verbose=False)[0]["test/loss"]
    if trainer.is_global_zero:
        print(json.dumps(found))
"""


def test_two_processes_give_the_same_figures(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "two.py").write_text(TWO)
    figures = []
    for processes in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "two.py", str(photos), str(tmp_path / "cache"), processes],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        figures.append(json.loads(done.stdout.strip().splitlines()[-1]))
    assert figures[0] == pytest.approx(figures[1], abs=1e-6)
    assert figures[0]["data"] != figures[0]["callable"]


@pytest.fixture
def data(photos: Path, tmp_path: Path) -> ImageFolder:
    augment = Augment(mirror=0.5, rotate=30)
    return ImageFolder(photos, size=8, batch_size=3, crop_fraction=0.5, augment=augment, cache=tmp_path / "cache")


@pytest.mark.parametrize("on", ["cpu", "device"])
def test_views_come_from_the_data_module(make_trainer: MakeTrainer, data: ImageFolder, tmp_path: Path, on: Any) -> None:
    assert isinstance(data.augment, Augment)
    data.augment.on = on
    tta = TestTimeAugmentation(n=2, folder=tmp_path, count=3)
    module = Foreign().eval()
    (scores,) = make_trainer(callbacks=[tta]).test(module, datamodule=data, verbose=False)
    data.augment.on = "cpu"
    dataset = data.test_dataloader().dataset
    keys = [(0, row) for row in range(len(dataset))]
    inputs = [dataset.__getitems__(keys)] + [
        dataset.views(data.augment, data.seed).__getitems__([(view, row) for _, row in keys]) for view in (0, 1)
    ]
    with torch.no_grad():
        plain, *each = [module(x).softmax(1) for x, _ in inputs]
    together = combine(plain, torch.stack(each))
    assert scores["test/loss"] == pytest.approx(float(F.nll_loss(together.log(), inputs[0][1])), abs=1e-5)
    assert (tmp_path / "tta.png").stat().st_size > 5000
    assert tta.facts == {"tta/views": 2}


def test_new_photos_get_views_too(make_trainer: MakeTrainer, data: ImageFolder, photos: Path) -> None:
    data.predict_from(photos / "valid")
    module = Foreign()
    plain = predictions(make_trainer(), module, datamodule=data)
    more = predictions(make_trainer(callbacks=[TestTimeAugmentation(beta=0.0)]), module, datamodule=data)
    only = predictions(make_trainer(callbacks=[TestTimeAugmentation(beta=1.0)]), module, datamodule=data)
    assert torch.allclose(only, plain.log_softmax(1), atol=1e-5)
    assert not torch.allclose(more, only, atol=1e-3)


def test_bad_options_and_modules_are_refused(make_trainer: MakeTrainer, data: ImageFolder) -> None:
    for options, named in (({"n": 0}, "n=0"), ({"beta": 1.5}, "beta=1.5"), ({"how": "median"}, "how=median")):
        with pytest.raises(MisconfigurationException, match=named):
            TestTimeAugmentation(**options)  # type: ignore[arg-type]
    with pytest.raises(MisconfigurationException, match="no views to show: give augment"):
        make_trainer(callbacks=[TestTimeAugmentation()]).predict(Foreign(), loader())
    with pytest.raises(MisconfigurationException, match='output="logits"'):
        make_trainer(callbacks=[TestTimeAugmentation(augment=v2.RandomErasing())]).predict(Foreign("logits"), loader())
    data.augment = None
    for phase in ("fit", "test"):  # before a training, not after it
        with pytest.raises(MisconfigurationException, match="augment=none makes all views of a photo alike"):
            getattr(make_trainer(callbacks=[TestTimeAugmentation()]), phase)(Foreign(), datamodule=data)


def test_a_module_without_forward_is_refused(make_trainer: MakeTrainer) -> None:
    class Silent(pl.LightningModule):
        def test_step(self, batch: Any, batch_idx: int) -> None:
            self.log("test/loss", batch[0].mean())

        def predict_step(self, batch: Any, batch_idx: int) -> Tensor:
            return batch[0].mean((1, 2, 3))

    trainer = make_trainer(callbacks=[TestTimeAugmentation(augment=v2.RandomErasing())])
    with pytest.raises(MisconfigurationException, match=r"needs Silent.test_step to call self\(x\), and a forward"):
        trainer.test(Silent(), loader(), verbose=False)
    with pytest.raises(MisconfigurationException, match=r"needs Silent.predict_step to call self\(x\), and a forward"):
        trainer.predict(Silent(), loader())


def test_a_module_that_changes_its_photos_first_needs_an_augmentation_of_its_own(
    make_trainer: MakeTrainer, data: ImageFolder
) -> None:
    class Scales(Foreign):
        def test_step(self, batch: Any, batch_idx: int) -> None:
            self(batch[0].float() / 255)

    with pytest.raises(MisconfigurationException, match="Scales calls forward with something else than the data's batch"):
        make_trainer(callbacks=[TestTimeAugmentation()]).test(Scales(), datamodule=data, verbose=False)
    flips = TestTimeAugmentation(augment=v2.RandomHorizontalFlip(), beta=0.5)
    make_trainer(callbacks=[flips]).test(Scales(), datamodule=data, verbose=False)
