"""Test-time augmentation: what a plain loop gives, in any module, with data modules and snapshots, giving forward back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from practicum.callbacks import SnapshotEnsemble, TestTimeAugmentation
from practicum.callbacks.prediction.augmented_views import combine
from practicum.datamodules import Augment, ImageFolder
from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset
from torchmetrics.classification import MulticlassAccuracy
from torchvision.transforms import v2

MakeTrainer = Callable[..., Trainer]


def pictures() -> TensorDataset:
    generator = torch.Generator().manual_seed(4)
    return TensorDataset(torch.rand(23, 3, 8, 8, generator=generator), torch.randint(3, (23,), generator=generator))


class Foreign(LightningModule):
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


def predictions(trainer: Trainer, module: LightningModule, **data: Any) -> Tensor:
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


@pytest.mark.parametrize("reduction", ["mean", "max"])
@pytest.mark.parametrize("key", [None, "logits"])
def test_a_foreign_module_predicts_what_a_plain_loop_gives(make_trainer: MakeTrainer, reduction: Any, key: str | None) -> None:
    augment = Recorded()
    module = Foreign(key).eval()
    trainer = make_trainer(callbacks=[TestTimeAugmentation(n=3, augment=augment, reduction=reduction, output=key)])
    predicted = predictions(trainer, module, dataloaders=loader(size=23))
    views = [torch.cat(augment.made[start : start + 23]) for start in (0, 23, 46)]
    with torch.no_grad():
        plain, *each = [(5 * module.net(x)).softmax(1) for x in (pictures().tensors[0], *views)]
    wanted = 0.25 * plain + 0.75 * (each[0] + each[1] + each[2]) / 3
    if reduction == "max":
        wanted = torch.stack([plain, *each]).amax(0)
    assert torch.allclose(predicted.exp(), wanted, atol=1e-5)
    assert "forward" not in vars(module)


def test_losses_and_metrics_of_the_modules_own_test_step_are_right(make_trainer: MakeTrainer) -> None:
    module = Foreign()
    trainer = make_trainer(callbacks=[TestTimeAugmentation(augment=v2.RandomErasing(p=1.0))])
    predicted, y = predictions(trainer, module).exp(), pictures().tensors[1]
    (scores,) = trainer.test(module, loader(), verbose=False)
    assert scores["test/loss"] == pytest.approx(float(F.nll_loss(predicted.log(), y)), abs=1e-5)
    assert scores["test/accuracy"] == pytest.approx(float((predicted.argmax(1) == y).float().mean()))


def test_multi_label_gives_log_odds(make_trainer: MakeTrainer) -> None:
    augment = Recorded()
    module = Foreign(multi_label=True).eval()
    predicted = predictions(
        make_trainer(callbacks=[TestTimeAugmentation(n=1, augment=augment)]), module, dataloaders=loader(size=23)
    )
    with torch.no_grad():
        plain, view = [(5 * module.net(x)).sigmoid() for x in (pictures().tensors[0], torch.cat(augment.made))]
    assert torch.allclose(predicted.sigmoid(), 0.25 * plain + 0.75 * view, atol=1e-5)


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
    predicted = []
    for number in (1, 2):
        module = Foreign()
        torch.manual_seed(number)
        nn.init.normal_(module.net[3].weight, std=0.1)  # type: ignore[arg-type]
        torch.save({"state_dict": module.state_dict()}, tmp_path / f"cycle-{number}.ckpt")
        trainer = make_trainer(callbacks=[TestTimeAugmentation(augment=v2.RandomErasing(p=1.0))])
        predicted.append(predictions(trainer, module).exp())
    pair = [TestTimeAugmentation(augment=v2.RandomErasing(p=1.0)), SnapshotEnsemble(tmp_path)]
    together = predictions(make_trainer(callbacks=[pair[first], pair[1 - first]]), Foreign())
    assert torch.allclose(together.exp(), (predicted[0] + predicted[1]) / 2, atol=1e-5)


@pytest.fixture
def data(photos: Path, tmp_path: Path) -> ImageFolder:
    augment = Augment(hflip=0.5, rotate=30)
    return ImageFolder(photos, size=8, batch_size=3, crop_fraction=0.5, augment=augment, cache=tmp_path / "cache")


@pytest.mark.parametrize("device", ["cpu", "device"])
def test_views_come_from_the_data_module(make_trainer: MakeTrainer, data: ImageFolder, tmp_path: Path, device: Any) -> None:
    assert isinstance(data.augment, Augment)
    data.augment.device = device
    tta = TestTimeAugmentation(n=2, folder="figures", count=3)
    module = Foreign().eval()
    (scores,) = make_trainer(callbacks=[tta]).test(module, datamodule=data, verbose=False)
    data.augment.device = "cpu"
    dataset = data.test_dataloader().dataset
    keys = [(0, row) for row in range(len(dataset))]
    inputs = [dataset.__getitems__(keys)] + [
        dataset.views(data.augment, data.seed).__getitems__([(view, row) for _, row in keys]) for view in (0, 1)
    ]
    with torch.no_grad():
        plain, *each = [module(x).softmax(1) for x, _ in inputs]
    together = combine(plain, torch.stack(each))
    assert scores["test/loss"] == pytest.approx(float(F.nll_loss(together.log(), inputs[0][1])), abs=1e-5)
    with Image.open(tmp_path / "figures" / "tta.png") as picture:
        assert picture.format == "PNG"
    assert tta.facts == {"tta/views": 2}


def test_the_figure_is_of_the_photos_that_changed_most(
    make_trainer: MakeTrainer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Any] = []
    monkeypatch.setattr("practicum.callbacks.prediction.test_time_augmentation.draw_views", lambda *args: drawn.append(args))
    augment, module = v2.RandomErasing(p=1.0), Foreign().eval()
    make_trainer(callbacks=[TestTimeAugmentation(augment=augment, folder="figures", count=3)]).test(
        module, loader(), verbose=False
    )
    combined = predictions(make_trainer(callbacks=[TestTimeAugmentation(augment=augment)]), module).exp()
    with torch.no_grad():
        plain = module(pictures().tensors[0]).softmax(1)
    changes = (combined - plain).abs().amax(1)
    ((photos, classes, path),) = drawn
    assert [photo.row for photo in photos] == changes.topk(3).indices.tolist()
    assert classes is None
    assert path == tmp_path / "figures" / "tta.png"
    for photo in photos:
        assert torch.equal(photo.photos[0], pictures().tensors[0][photo.row])
        assert len(photo.photos) == len(photo.probabilities) == 5
        assert torch.allclose(photo.combined, combined[photo.row], atol=1e-5)
        assert int(photo.target) == int(pictures().tensors[1][photo.row])


def test_new_photos_get_views_too(make_trainer: MakeTrainer, data: ImageFolder, photos: Path) -> None:
    new, module = data.for_prediction(photos / "valid"), Foreign()
    plain = predictions(make_trainer(), module, datamodule=new)
    more = predictions(make_trainer(callbacks=[TestTimeAugmentation(beta=0.0)]), module, datamodule=new)
    only = predictions(make_trainer(callbacks=[TestTimeAugmentation(beta=1.0)]), module, datamodule=new)
    assert torch.allclose(only, plain.log_softmax(1), atol=1e-5)
    assert not torch.allclose(more, only, atol=1e-3)


def test_bad_options_and_modules_are_refused(make_trainer: MakeTrainer, data: ImageFolder) -> None:
    for options, named in (({"n": 0}, "n=0"), ({"beta": 1.5}, "beta=1.5"), ({"reduction": "median"}, "reduction=median")):
        with pytest.raises(MisconfigurationException, match=named):
            TestTimeAugmentation(**options)  # type: ignore[arg-type]
    with pytest.raises(MisconfigurationException, match="has no views: give it augment"):
        make_trainer(callbacks=[TestTimeAugmentation()]).predict(Foreign(), loader())
    with pytest.raises(MisconfigurationException, match='output="logits"'):
        make_trainer(callbacks=[TestTimeAugmentation(augment=v2.RandomErasing())]).predict(Foreign("logits"), loader())
    data.augment = None
    for phase in ("fit", "test"):  # before a training, not after it
        with pytest.raises(MisconfigurationException, match="augments nothing, so all views of a photo are alike"):
            getattr(make_trainer(callbacks=[TestTimeAugmentation()]), phase)(Foreign(), datamodule=data)


def test_a_module_without_forward_is_refused(make_trainer: MakeTrainer) -> None:
    class Silent(LightningModule):
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

    with pytest.raises(MisconfigurationException, match="Scales calls forward with something other than the data's batch"):
        make_trainer(callbacks=[TestTimeAugmentation()]).test(Scales(), datamodule=data, verbose=False)
    flips = TestTimeAugmentation(augment=v2.RandomHorizontalFlip(), beta=0.5)
    make_trainer(callbacks=[flips]).test(Scales(), datamodule=data, verbose=False)


class Validated(Foreign):
    def validation_step(self, batch: Any, batch_idx: int) -> None:
        self(batch[0])


def test_what_is_missing_is_named_before_training(make_trainer: MakeTrainer) -> None:
    for callback, message in (
        (TestTimeAugmentation(), "has no views: give it augment"),
        (TestTimeAugmentation(augment=v2.RandomHorizontalFlip()), "Validated.forward returns a dictionary with 'logits'"),
    ):
        trainer = make_trainer(max_epochs=1, callbacks=[callback], num_sanity_val_steps=1)
        with pytest.raises(MisconfigurationException, match=message):
            trainer.fit(Validated("logits"), loader(), loader())
        assert trainer.global_step == 0


def test_numbers_are_no_logits(make_trainer: MakeTrainer) -> None:
    class Number(Foreign):
        def forward(self, x: Tensor) -> Tensor:
            return self.net(x.float())[:, 0]  # type: ignore[no-any-return]

    trainer = make_trainer(callbacks=[TestTimeAugmentation(augment=v2.RandomHorizontalFlip())])
    with pytest.raises(MisconfigurationException, match=r"it returns numbers \[5\]"):
        predictions(trainer, Number())


def test_a_figure_that_fails_ends_no_test(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    from practicum.callbacks.prediction import test_time_augmentation  # noqa: PLC0415

    def fail(*args: Any) -> None:
        raise ValueError("no figure today")

    monkeypatch.setattr(test_time_augmentation, "draw_views", fail)
    callback = TestTimeAugmentation(augment=v2.RandomHorizontalFlip(), folder="figures")
    make_trainer(callbacks=[callback]).test(Foreign(), loader(), verbose=False)
    assert "TestTimeAugmentation: nothing is drawn" in caplog.text
    assert (tmp_path / "figures" / "failed.json").is_file()
