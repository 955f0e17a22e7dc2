"""Views that harm on the validation data are left out, in the test and in predictions; those that help are not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from practicum.callbacks import SnapshotEnsemble, TestTimeAugmentation
from practicum.callbacks.prediction.views_decision import ViewsDecision, left_out, read_decision
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
        f"left out, in predictions too: with them the log-loss of validation is {harmed:.4f}, without {plain:.4f} (tta.json)."
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


@pytest.mark.parametrize("average", ["probabilities", "weights"])
@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_an_ensemble_of_snapshots_decides_in_either_order(
    make_trainer: MakeTrainer, data: ImageFolder, tmp_path: Path, first: int, average: Any, sign: float
) -> None:
    for number, factor in ((1, 1.0), (2, 0.5)):
        torch.save({"state_dict": Hue(sign * factor).state_dict()}, tmp_path / f"cycle-{number}.ckpt")
    torch.save({"state_dict": Hue(sign * 0.75).state_dict()}, tmp_path / "average.ckpt")

    def both(**options: Any) -> float:
        pair = [TestTimeAugmentation(augment=swap, **options), SnapshotEnsemble(tmp_path, average=average)]
        return loss_of(make_trainer, Hue(-sign), data, pair[first], pair[1 - first])  # the best weights say the contrary

    alone = loss_of(make_trainer, Hue(-sign), data, SnapshotEnsemble(tmp_path, average=average))
    assert both(only_if_better=True) == pytest.approx(alone if sign == 1.0 else both(), abs=1e-5)
    assert read_decision(tmp_path).helps is (sign == -1.0)


class MultiLabel(Hue):
    """Certain of both labels, blue and red."""

    multi_label = True

    def forward(self, x: Tensor) -> Tensor:
        return 20 * super().forward(x)


class OtherLabels(ImageFolder):
    """Photos labelled with what they are not, as a 0/1 matrix."""

    def on_after_batch_transfer(self, batch: Any, dataloader_idx: int) -> Any:
        x, y = super().on_after_batch_transfer(batch, dataloader_idx)
        return x, 1 - F.one_hot(y, 2)


def test_saturated_labels_are_judged_by_their_logits(make_trainer: MakeTrainer, photos: Path, tmp_path: Path) -> None:
    """Probabilities of 1 in 32 bit would be log-odds of 87, and a view that changes nothing as bad as what is predicted."""
    data = OtherLabels(photos, size=8, batch_size=3, augment=Augment(hflip=0.5), cache=tmp_path / "cache")
    logits = []

    class Noted(MultiLabel):
        def test_step(self, batch: Any, batch_idx: int) -> None:
            logits.append((self(batch[0]), batch[1]))

    make_trainer(callbacks=[TestTimeAugmentation(augment=lambda x: x, only_if_better=True)]).test(
        Noted(), datamodule=data, verbose=False
    )
    predicted, target = (torch.cat(each) for each in zip(*logits, strict=True))
    wanted = float(F.binary_cross_entropy_with_logits(predicted.double(), target.double()))
    found = read_decision(tmp_path)
    assert found.plain == pytest.approx(wanted, rel=1e-5)
    assert found.averaged > found.plain  # saturated
    assert not found.helps


def test_what_fits_no_comparison_is_one_sentence(make_trainer: MakeTrainer, data: ImageFolder) -> None:
    def refused(module: LightningModule, message: str, **loaders: Any) -> None:
        class Others(LightningDataModule):
            def train_dataloader(self) -> Any:
                return data.test_dataloader()

            def val_dataloader(self) -> Any:
                return loaders["val"]()

            def test_dataloader(self) -> Any:
                return data.test_dataloader()

        given = Others() if loaders else data
        with pytest.raises(MisconfigurationException, match=message):
            make_trainer(callbacks=[TestTimeAugmentation(augment=swap, only_if_better=True)]).test(module, datamodule=given)

    class Scales(Hue):
        def test_step(self, batch: Any, batch_idx: int) -> None:
            self(batch[0].float() / 255)

    class Silent(Hue):
        def test_step(self, batch: Any, batch_idx: int) -> None:
            self.log("test/loss", batch[0].float().mean())

    class Floats(Scales):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x) @ torch.eye(2, dtype=x.dtype)

    data.prepare_data()
    data.setup("test")
    refused(Scales(), "compares what forward gives for the data's batches, but Scales calls it with something else")
    refused(Silent(), r"needs Silent.test_step to call self\(x\)")
    refused(Floats(), "calls Floats.forward with x of the data's batches, which fails: ")
    refused(Hue(), "needs validation data; there is no row", val=list)
    refused(Hue(), "needs validation data; there is no row", val=lambda: None)
    refused(Hue(), r"needs batches \(x, y\) of tensors; the data's are a dict", val=lambda: [[{"x": 1, "y": 2}]])
    refused(
        Hue(), r"val_dataloader\(\) failed in a test \('ImageFolder' object has no attribute 'later'\)", val=lambda: data.later
    )  # type: ignore[attr-defined]
    refused(Hue(), r"targets \[1, 5\] do not fit logits \[1, 2\]", val=lambda: [[(torch.zeros(1, 3, 8, 8), torch.zeros(1, 5))]])


def test_a_fit_refuses_what_its_test_would(make_trainer: MakeTrainer, data: ImageFolder) -> None:
    class Dicts(ImageFolder):
        def on_after_batch_transfer(self, batch: Any, dataloader_idx: int) -> Any:
            x, y = super().on_after_batch_transfer(batch, dataloader_idx)
            return {"x": x, "y": y}

    class Steps(Hue):
        def validation_step(self, batch: Any, batch_idx: int) -> None:
            self(batch["x"])

    dicts = Dicts(data.root, size=8, batch_size=3, augment=Augment(hflip=0.5), cache=data.cache)
    for given, options, message in (
        (dicts, {"num_sanity_val_steps": 1}, r"needs batches \(x, y\) of tensors; the data's are a dict"),
        (data, {"limit_test_batches": 0}, "needs a test, which limit_test_batches=0 leaves out"),
    ):
        trainer = make_trainer(callbacks=[TestTimeAugmentation(augment=swap, only_if_better=True)], **options)
        with pytest.raises(MisconfigurationException, match=message):
            trainer.fit(Steps(), datamodule=given)
        assert trainer.global_step == 0


def test_a_later_test_leaves_nothing_of_an_earlier_one(make_trainer: MakeTrainer, data: ImageFolder, tmp_path: Path) -> None:
    tta = TestTimeAugmentation(augment=swap, only_if_better=True, folder="figures")
    loss_of(make_trainer, Hue(-1.0), data, tta)
    assert (tmp_path / "figures" / "tta.png").is_file()
    loss_of(make_trainer, Hue(), data, tta)
    assert tta.facts["tta/views"] == 0
    assert not (tmp_path / "figures" / "tta.png").exists()
    assert left_out(tmp_path)
    tta.enabled = False
    loss_of(make_trainer, Hue(), data, tta)
    assert tta.facts == {}


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
