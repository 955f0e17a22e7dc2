"""Views that harm on the validation data are left out, in the test and in predictions; those that help are not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from practicum.callbacks import SnapshotEnsemble, TestTimeAugmentation
from practicum.callbacks.prediction.views_decision import ViewsDecision, read_decision
from practicum.datamodules import Augment, ImageFolder
from practicum.lightning_shim import LightningDataModule, LightningModule, MisconfigurationException, Trainer
from torch import Tensor, nn

MakeTrainer = Callable[..., Trainer]


class Hue(LightningModule):
    """Knows blue from red by the means of the channels; ``sign=-1`` takes one for the other."""

    def __init__(self, sign: float = 1.0) -> None:
        super().__init__()
        self.sign = nn.Parameter(torch.tensor(sign))

    def forward(self, x: Tensor) -> Tensor:
        means = x.float().mean((2, 3)) / 64
        return self.sign * torch.stack([means[:, 2], means[:, 0]], 1)

    def test_step(self, batch: Any, batch_idx: int) -> None:
        self.log("test/loss", F.cross_entropy(self(batch[0]), batch[1]), batch_size=len(batch[0]))

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        return F.cross_entropy(self(batch[0]), batch[1])

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.1)

    def predict_step(self, batch: Any, batch_idx: int) -> Tensor:
        return self(batch[0])  # type: ignore[no-any-return]


def swap(x: Tensor) -> Tensor:
    """Red for blue."""
    return x.flip(1)


@pytest.fixture
def data(photos: Path, tmp_path: Path) -> ImageFolder:
    return ImageFolder(photos, size=8, batch_size=3, augment=Augment(hflip=0.5), cache=tmp_path / "cache")


def loss_of(make_trainer: MakeTrainer, module: LightningModule, data: Any, *callbacks: Any) -> float:
    return float(make_trainer(callbacks=list(callbacks)).test(module, datamodule=data, verbose=False)[0]["test/loss"])


def test_views_that_harm_are_left_out_and_it_is_said(
    make_trainer: MakeTrainer, data: ImageFolder, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    plain = loss_of(make_trainer, Hue(), data)
    always = TestTimeAugmentation(augment=swap)
    harmed = loss_of(make_trainer, Hue(), data, always)
    assert harmed > plain + 0.3
    assert always.facts == {"tta/views": 4}
    assert not (tmp_path / "tta.json").exists()
    tta = TestTimeAugmentation(augment=swap, only_if_better=True, folder="figures")
    assert loss_of(make_trainer, Hue(), data, tta) == pytest.approx(plain, abs=1e-6)
    found = read_decision(tmp_path)
    assert found.plain == pytest.approx(plain, abs=1e-6)  # the test is on the validation photos
    assert found.averaged == pytest.approx(harmed, abs=1e-6)
    assert tta.facts == {"tta/views": 0, "tta/val_loss": found.averaged, "tta/val_loss/plain": found.plain}
    assert (
        f"4 augmented views are left out, in predictions too, as they harm: the log-loss of validation is {plain:.4f}"
        in caplog.text
    )
    assert not (tmp_path / "figures").exists()


def test_views_that_help_are_averaged(make_trainer: MakeTrainer, data: ImageFolder, caplog: pytest.LogCaptureFixture) -> None:
    plain = loss_of(make_trainer, Hue(-1.0), data)
    always = loss_of(make_trainer, Hue(-1.0), data, TestTimeAugmentation(augment=swap))
    tta = TestTimeAugmentation(augment=swap, only_if_better=True)
    assert loss_of(make_trainer, Hue(-1.0), data, tta) == pytest.approx(always, abs=1e-6)
    assert always < plain
    assert tta.facts["tta/views"] == 4
    assert "left out" not in caplog.text


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_predictions_do_as_the_test_found(
    make_trainer: MakeTrainer, data: ImageFolder, photos: Path, tmp_path: Path, sign: float
) -> None:
    def predicted(new: ImageFolder, **options: Any) -> Tensor:
        callbacks = [TestTimeAugmentation(augment=swap, **options)] if options else []
        each: Any = make_trainer(callbacks=callbacks).predict(Hue(sign), datamodule=new)
        return torch.cat(each).softmax(1)

    tta = TestTimeAugmentation(augment=swap, only_if_better=True)
    loss_of(make_trainer, Hue(sign), data, tta)
    new = data.for_prediction(photos / "valid")
    wanted = predicted(new) if sign == 1.0 else predicted(new, only_if_better=False)
    assert torch.allclose(predicted(new, only_if_better=True), wanted, atol=1e-5)
    (tmp_path / "tta.json").write_text("{}", encoding="utf-8")
    with pytest.raises(MisconfigurationException, match=r"tta.json: damaged; test the model again"):
        predicted(new, only_if_better=True)
    (tmp_path / "tta.json").unlink()
    with pytest.raises(MisconfigurationException, match=r"tta.json is missing: the model's test finds whether"):
        predicted(new, only_if_better=True)


def test_views_of_the_data_module_are_those_of_validation(make_trainer: MakeTrainer, data: ImageFolder, tmp_path: Path) -> None:
    asked: list[tuple[str, int]] = []
    views = data.views_dataloader

    def recorded(split: str, count: int) -> Any:
        asked.append((split, count))
        return views(split, count)

    data.views_dataloader = recorded  # type: ignore[method-assign]
    tta = TestTimeAugmentation(n=2, only_if_better=True)
    loss = loss_of(make_trainer, Hue(), data, tta)
    assert asked[0] == ("valid", 2)
    found = read_decision(tmp_path)
    assert loss == pytest.approx(found.averaged if found.helps else found.plain, abs=1e-5)


@pytest.mark.parametrize("first", [0, 1])
def test_an_ensemble_of_snapshots_follows(make_trainer: MakeTrainer, data: ImageFolder, tmp_path: Path, first: int) -> None:
    for number, sign in ((1, 1.0), (2, 0.5)):
        torch.save({"state_dict": Hue(sign).state_dict()}, tmp_path / f"cycle-{number}.ckpt")
    alone = loss_of(make_trainer, Hue(), data, SnapshotEnsemble(tmp_path))
    pair = [TestTimeAugmentation(augment=swap, only_if_better=True), SnapshotEnsemble(tmp_path)]
    assert loss_of(make_trainer, Hue(), data, pair[first], pair[1 - first]) == pytest.approx(alone, abs=1e-5)
    assert not read_decision(tmp_path).helps


def test_data_without_validation_are_refused_before_a_training(make_trainer: MakeTrainer, data: ImageFolder) -> None:
    class Others(LightningDataModule):
        def train_dataloader(self) -> Any:
            return data.test_dataloader()

        def test_dataloader(self) -> Any:
            return data.test_dataloader()

    for phase in ("fit", "test"):
        trainer = make_trainer(callbacks=[TestTimeAugmentation(augment=swap, only_if_better=True)])
        with pytest.raises(MisconfigurationException, match=r"only_if_better=True needs a data module with val_dataloader\(\)"):
            getattr(trainer, phase)(Hue(), datamodule=Others())


@pytest.mark.parametrize(
    ("plain", "averaged", "helps"), [(0.4, 0.3, True), (0.4, 0.4, True), (0.3, 0.4, False), (0.3, float("nan"), False)]
)
def test_equal_or_lower_loss_helps(tmp_path: Path, plain: float, averaged: float, helps: bool) -> None:
    ViewsDecision(plain, averaged).write(tmp_path)
    assert read_decision(tmp_path).helps is helps
