"""Precomputed activations: the same run as without, from disk, switched off by thawing, bounded, never half-written."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from practicum.callbacks import GradualUnfreezing, LRFinder, PrecomputedActivations
from practicum.datamodules import Augment, ImageFolder
from practicum.lightning_shim import Callback, LightningDataModule, LightningModule, MisconfigurationException, Trainer
from practicum.modules import ImageClassifier
from torch import Tensor, nn

MakeTrainer = Callable[..., Trainer]


class Looks(Callback):
    """How many photos the backbone has looked at, and what batches it was given."""

    def __init__(self) -> None:
        self.photos = 0
        self.batches: list[int] = []

    def setup(self, trainer: Trainer, pl_module: Any, stage: str) -> None:
        pl_module.backbone.register_forward_hook(lambda module, inputs, output: self._count(inputs[0]))

    def _count(self, x: Tensor) -> None:
        self.photos += len(x)

    def on_train_batch_start(self, trainer: Trainer, pl_module: Any, batch: Any, batch_idx: int) -> None:
        self.batches.append(batch[0].ndim)


def data(root: Path, tmp_path: Path, **options: Any) -> ImageFolder:
    return ImageFolder(root, **{"size": 32, "batch_size": 4, "cache": tmp_path / "cache", **options})


def model() -> ImageClassifier:
    torch.manual_seed(3)
    return ImageClassifier(["blue", "red"], backbone="test_resnet", weights="random", dropout=0.2)


def trained(
    make_trainer: MakeTrainer, source: LightningDataModule, *callbacks: Callback, unfrozen_at: int = 3, epochs: int = 4
) -> dict[str, Tensor]:
    module = model()
    unfreeze = GradualUnfreezing(at=[unfrozen_at], only_pretrained=False)
    make_trainer(max_epochs=epochs, callbacks=[unfreeze, *callbacks]).fit(module, datamodule=source)
    return module.state_dict()


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return all(torch.allclose(one[name].float(), other[name].float(), atol=1e-6) for name in one)


@pytest.mark.parametrize("workers", [0, 2])
def test_cached_and_plain_training_are_the_same_run(
    make_trainer: MakeTrainer, photos: Path, tmp_path: Path, workers: int
) -> None:
    options = {"num_workers": workers, "cache_gb": 0.0 if workers else 4.0}
    plain, cached = Looks(), Looks()
    wanted = trained(make_trainer, data(photos, tmp_path, **options), plain)
    precompute = PrecomputedActivations(tmp_path / "features")
    got = trained(make_trainer, data(photos, tmp_path, **options), precompute, cached)
    assert same(wanted, got)
    assert plain.photos == 4 * (24 + 11)
    assert cached.photos <= 2 * (24 + 11) + 2 + 16  # once frozen, once unfrozen; two probes; what workers had made ahead
    assert {split: np.load(path).shape[:2] for split, path in precompute.stored.items()} == {"train": (1, 24), "valid": (1, 11)}
    assert cached.batches[12:] == [2] * 6 + [4] * 6  # features in the last frozen epoch, then photos
    finder = LRFinder(update=False, steps=25)
    assert same(wanted, trained(make_trainer, data(photos, tmp_path, **options), PrecomputedActivations(tmp_path / "f"), finder))


def test_as_many_views_as_frozen_epochs_keep_the_augmentation(make_trainer: MakeTrainer, photos: Path, tmp_path: Path) -> None:
    augment = Augment(hflip=0.5)
    wanted = trained(make_trainer, data(photos, tmp_path, augment=augment))
    three = PrecomputedActivations(tmp_path / "features", views=3)
    one = PrecomputedActivations(tmp_path / "features", views=1)
    assert same(wanted, trained(make_trainer, data(photos, tmp_path, augment=augment), three))
    assert not same(wanted, trained(make_trainer, data(photos, tmp_path, augment=augment), one))


def test_stored_features_are_used_again_and_only_for_what_they_are_of(
    make_trainer: MakeTrainer, photos: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "features"

    def looked(views: int = 0, **options: Any) -> int:
        looks = Looks()
        trained(make_trainer, data(photos, tmp_path, **options), PrecomputedActivations(folder, views), looks, epochs=2)
        return looks.photos - 2  # one photo of each split is a probe

    assert looked() == 35
    assert looked() == 0
    (folder / ".features-train-abc.npy.1.part").write_bytes(b"half")  # of a process that was killed
    assert looked() == 0
    assert looked(size=36) == 35
    assert looked(augment=Augment()) == 0  # features are of plain photos
    assert looked(views=1, augment=Augment()) == 24  # validation photos are plain either way
    (photos / "train" / "red" / "0.jpg").unlink()
    assert looked() == 23


def test_what_becomes_of_features_beside_the_backbone_counts(make_trainer: MakeTrainer, photos: Path, tmp_path: Path) -> None:
    for head in ("linear", "concat_pool"):
        torch.manual_seed(3)
        module = ImageClassifier(["blue", "red"], backbone="test_resnet", weights="random", head=head)  # type: ignore[arg-type]
        callbacks = [GradualUnfreezing(at=[], only_pretrained=False), PrecomputedActivations(tmp_path / "features")]
        make_trainer(callbacks=callbacks).fit(module, datamodule=data(photos, tmp_path))
    assert len(list((tmp_path / "features").glob("*.npy"))) == 4


def test_photos_are_back_before_other_callbacks_end_the_fit(make_trainer: MakeTrainer, photos: Path, tmp_path: Path) -> None:
    class Ends(Callback):
        def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
            self.batch = trainer.datamodule.train_dataloader().dataset[(0, 0)][0]  # type: ignore[attr-defined]

    ends = Ends()
    callbacks = [ends, GradualUnfreezing(at=[], only_pretrained=False), PrecomputedActivations(tmp_path / "features")]
    make_trainer(callbacks=callbacks).fit(model(), datamodule=data(photos, tmp_path))
    assert ends.batch.ndim == 3


def test_a_backbone_that_is_never_frozen_is_a_warning(
    make_trainer: MakeTrainer, photos: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for pretrained in (False, True):  # nobody freezes random weights
        module = model()
        module.provenance["pretrained"] = pretrained
        with caplog.at_level(logging.WARNING):
            make_trainer(callbacks=[PrecomputedActivations(tmp_path / "f")]).fit(module, datamodule=data(photos, tmp_path))
        assert ("backbone is not frozen as training starts" in caplog.text) == pretrained


def test_mixed_batches_are_of_photos(
    make_trainer: MakeTrainer, photos: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    looks = Looks()
    with caplog.at_level(logging.INFO):
        trained(make_trainer, data(photos, tmp_path, mixup=0.4), PrecomputedActivations(tmp_path / "f"), looks, epochs=2)
    assert looks.photos == 2 * (24 + 11)
    assert "mixup and cutmix need pixels, so photos are used in every epoch" in caplog.text


def test_photos_are_back_after_an_exception(make_trainer: MakeTrainer, photos: Path, tmp_path: Path) -> None:
    class Breaks(Callback):
        def on_train_batch_end(self, *arguments: Any) -> None:
            raise RuntimeError("broken")

    source, module = data(photos, tmp_path), model()
    callbacks = [GradualUnfreezing(at=[], only_pretrained=False), PrecomputedActivations(tmp_path / "f"), Breaks()]
    with pytest.raises(RuntimeError, match="broken"):
        make_trainer(callbacks=callbacks).fit(module, datamodule=source)
    assert "features" not in vars(module)
    assert source.train_dataloader().dataset[(0, 0)][0].shape == (3, 32, 32)


def test_disk_is_bounded(make_trainer: MakeTrainer, photos: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "features"
    folder.mkdir()
    older, old = (f"features-train-{letter * 20}.npy" for letter in "ab")
    for age, name in ((2, older), (1, old)):
        np.save(folder / name, np.zeros(3000, np.float32))
        os.utime(folder / name, (time.time() - 100 * age,) * 2)
    width = model().backbone.num_features
    room = (35 * width * 4 + 12000 + 1000) / 1e9  # what is needed, and one of the old
    trained(make_trainer, data(photos, tmp_path), PrecomputedActivations(folder, max_gb=room), epochs=1)
    left = sorted(path.name for path in folder.iterdir())
    assert [name for name in (older, old) if name in left] == [old]
    assert len([name for name in left if name.endswith(".npy")]) == 3
    looks = Looks()
    with caplog.at_level(logging.WARNING):
        trained(make_trainer, data(photos, tmp_path, size=36), PrecomputedActivations(folder, max_gb=1e-6), looks, epochs=2)
    assert "more than max_gb=1e-06" in caplog.text
    assert set(looks.batches) == {4}


def test_any_module_and_submodule(make_trainer: MakeTrainer, photos: Path, tmp_path: Path) -> None:
    class Foreign(LightningModule):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(1)
            self.encoder = nn.Sequential(nn.Conv2d(3, 5, 4, stride=4), nn.BatchNorm2d(5), nn.ReLU())  # a map, not a vector
            self.head = nn.Sequential(nn.Flatten(), nn.LazyLinear(2))
            self.head(torch.zeros(1, 5, 8, 8))

        def training_step(self, batch: Any, batch_idx: int) -> Tensor:
            return nn.functional.cross_entropy(self.head(self.encoder(batch[0])), batch[1])

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), lr=0.1)

    class Bytes(ImageFolder):
        """Photos as floating point, as the module wants them."""

        def on_after_batch_transfer(self, batch: Any, dataloader_idx: int) -> Any:
            return batch if batch[0].dtype != torch.uint8 else (batch[0].float() / 255, batch[1])

    def fit(*callbacks: Callback) -> dict[str, Tensor]:
        module = Foreign()
        unfreeze = GradualUnfreezing(at=[], groups=[["encoder"], ["head"]])
        source = Bytes(photos, size=32, batch_size=4, cache=tmp_path / "cache")
        make_trainer(max_epochs=2, callbacks=[unfreeze, *callbacks]).fit(module, datamodule=source)
        return module.state_dict()

    assert same(fit(), fit(PrecomputedActivations(tmp_path / "f", features="encoder", backbone="encoder")))


def test_bad_use_is_refused(make_trainer: MakeTrainer, photos: Path, tmp_path: Path) -> None:
    for options, named in (({"views": -1}, "views=-1"), ({"max_gb": 0.0}, "max_gb=0.0")):
        with pytest.raises(MisconfigurationException, match=named):
            PrecomputedActivations(tmp_path, **options)  # type: ignore[arg-type]
    precompute = PrecomputedActivations(tmp_path / "f")
    with pytest.raises(MisconfigurationException, match="submodule 'encoder'"):
        trained(make_trainer, data(photos, tmp_path), PrecomputedActivations(tmp_path, backbone="encoder"))
    early = [PrecomputedActivations(tmp_path / "f"), GradualUnfreezing(at=[1], only_pretrained=False)]
    with pytest.raises(MisconfigurationException, match="was unfrozen within an epoch; list the callback"):
        make_trainer(max_epochs=2, callbacks=early).fit(model(), datamodule=data(photos, tmp_path))
    source = data(photos, tmp_path)
    source.prepare_data()
    source.setup("fit")
    trainer = make_trainer(callbacks=[GradualUnfreezing(at=[], only_pretrained=False), precompute])
    with pytest.raises(MisconfigurationException, match="needs a data module with views_dataloader"):
        trainer.fit(model(), source.train_dataloader())


@pytest.mark.parametrize("features", ["model.encoder", "model.encode"])
def test_a_submodule_or_method_further_in(make_trainer: MakeTrainer, photos: Path, tmp_path: Path, features: str) -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(3072, 5), nn.ReLU())
            self.head = nn.Linear(5, 2)

        def encode(self, x: Tensor) -> Tensor:
            return self.encoder(x.float() / 255)  # type: ignore[no-any-return]

        def forward(self, x: Tensor) -> Tensor:
            own = self.encode(x) if features == "model.encode" else self.encoder(x.float())
            return self.head(own)  # type: ignore[no-any-return]

    class Wrapping(LightningModule):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(1)
            self.model = Net()

        def training_step(self, batch: Any, batch_idx: int) -> Tensor:
            return nn.functional.cross_entropy(self.model(batch[0]), batch[1])

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), lr=0.01)

    class Floats(ImageFolder):
        def on_after_batch_transfer(self, batch: Any, dataloader_idx: int) -> Any:
            return batch[0].float(), batch[1]

    def fit(*callbacks: Callback) -> Wrapping:
        module = Wrapping()
        unfreeze = GradualUnfreezing(at=[], groups=[["model.encoder"], ["model.head"]])
        source = Floats(photos, size=32, batch_size=4, cache=tmp_path / "cache")
        make_trainer(max_epochs=2, callbacks=[unfreeze, *callbacks]).fit(module, datamodule=source)
        return module

    module = fit(PrecomputedActivations(tmp_path / "f", features=features, backbone="model.encoder"))
    assert same(fit().state_dict(), module.state_dict())
    assert len(list((tmp_path / "f").glob("*.npy"))) == 2
    assert "encode" not in vars(module.model)
    for options in ({"features": "model.nothing"}, {"features": features, "backbone": "model.nothing.at.all"}):
        with pytest.raises(MisconfigurationException, match=r"submodule 'model\.|submodule 'backbone'"):
            fit(PrecomputedActivations(tmp_path / "g", **options))  # type: ignore[arg-type]
