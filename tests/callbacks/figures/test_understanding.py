"""Grad-CAM, calibration and the per-class table: against closed forms and plain loops, on modules whose answers are known."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import timm
import torch
import torch.nn.functional as F
from PIL import Image
from practicum.callbacks import Calibration, GradCAM, PerClass
from practicum.callbacks.figures.classification.calibration import fit_temperature, reliability
from practicum.callbacks.figures.images.grad_cam import grad_cam, last_feature_map
from pytorch_lightning.utilities.exceptions import MisconfigurationException
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

MakeTrainer = Callable[..., pl.Trainer]


class Quadrants(nn.Module):
    """Says class 1 for what is red in a photo and class 0 for what is blue; each of its four places sees a quarter."""

    def __init__(self) -> None:
        super().__init__()
        self.see = nn.AvgPool2d(4)
        self.read = nn.Linear(3, 2, bias=False)
        with torch.no_grad():
            self.read.weight.copy_(torch.tensor([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]))

    def forward(self, x: Tensor) -> Tensor:
        return self.read(self.see(x).mean((2, 3)))


def test_heat_lies_where_the_class_was_seen() -> None:
    photo = torch.zeros(2, 3, 8, 8)
    photo[0, 0, :4, 4:] = 1.0  # red at the top right
    photo[1, 2, 4:, :4] = 0.5  # blue at the bottom left
    module = Quadrants()
    module.requires_grad_(False)  # a frozen network
    layer = last_feature_map(module, photo)
    assert layer is module.see
    heat, said = grad_cam(module, photo, layer)
    assert said.tolist() == [1, 0]
    assert heat[0].tolist() == [[0, 1], [0, 0]]
    assert heat[1].tolist() == [[0, 0], [1, 0]]


@pytest.mark.parametrize(
    ("name", "kind"),
    [("resnet10t", nn.ReLU), ("vgg11", nn.MaxPool2d), ("test_vit", None), ("swin_tiny_patch4_window7_224", None)],
)
def test_the_last_feature_map_of_networks(name: str, kind: type | None) -> None:
    network = timm.create_model(name, num_classes=2).eval()
    x = torch.rand(1, 3, *network.pretrained_cfg["input_size"][1:])
    layer = last_feature_map(network, x)
    assert layer is None if kind is None else isinstance(layer, kind)


def test_heat_is_the_papers_formula_and_leaves_no_gradient() -> None:
    torch.manual_seed(1)
    convolution, head = nn.Conv2d(3, 5, 3), nn.Linear(5, 4)
    module = nn.Sequential(convolution, nn.Tanh(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), head).train()
    x = torch.rand(3, 3, 9, 9)
    heat, said = grad_cam(module, x, module[1])
    maps = module[1](convolution(x))
    # The score depends on each place of channel k by w_k / places: so that is the channel's weight.
    weights = head.weight[said] / maps[0, 0].numel()
    wanted = (weights[:, :, None, None] * maps).sum(1).relu()
    assert torch.allclose(heat, wanted / wanted.amax((1, 2), keepdim=True), atol=1e-5)
    assert all(parameter.grad is None for parameter in module.parameters())
    assert module.training


def test_temperature_is_where_the_loss_is_lowest() -> None:
    torch.manual_seed(2)
    logits = torch.randn(20000, 4, dtype=torch.float64) * 1.5
    target = torch.distributions.Categorical(logits=logits).sample()  # what is said is what is so
    assert fit_temperature(logits, target) == pytest.approx(1, abs=0.03)
    assert fit_temperature(3 * logits, target) == pytest.approx(3, abs=0.09)
    several = torch.bernoulli(logits.sigmoid())
    assert fit_temperature(logits / 2, several) == pytest.approx(0.5, abs=0.02)
    best = fit_temperature(3 * logits[:500], target[:500])
    losses = [float(F.cross_entropy(3 * logits[:500] / t, target[:500])) for t in (best * 0.98, best, best * 1.02)]
    assert losses[1] == min(losses)


def test_calibration_error_of_known_bins() -> None:
    confidence = torch.tensor([0.95, 0.95, 0.95, 0.95, 0.55, 0.55])
    right = torch.tensor([1, 1, 1, 0, 1, 0])
    mean, accuracy, count, error = reliability(confidence, right)
    assert count.tolist() == [0, 0, 0, 0, 0, 2, 0, 0, 0, 4]
    assert (float(mean[9]), float(accuracy[9])) == (pytest.approx(0.95), 0.75)
    assert error == pytest.approx((4 * 0.2 + 2 * 0.05) / 6)


class Sure(pl.LightningModule):
    """A linear classifier that is three times as sure as it should be."""

    classes = ("ant", "bee", "wasp")

    def __init__(self, multi_label: bool = False) -> None:
        super().__init__()
        self.multi_label = multi_label
        self.scale = nn.Parameter(torch.tensor(3.0))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale

    def test_step(self, batch: Any, batch_idx: int) -> dict[str, Tensor]:
        logits = self(batch[0])
        if not self.multi_label:
            self.log("test/loss", F.cross_entropy(logits, batch[1]), batch_size=len(logits))
        return {"logits": logits, "target": batch[1]}

    def predict_step(self, batch: Any, batch_idx: int) -> Tensor:
        return self(batch[0])


class Points(pl.LightningDataModule):
    def __init__(self, multi_label: bool = False) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(5)
        x = torch.randn(3000, 3, generator=generator)
        y = torch.multinomial(x.softmax(1), 1, generator=generator)[:, 0]
        self.data = TensorDataset(x, torch.bernoulli(x.sigmoid(), generator=generator).long() if multi_label else y)

    def val_dataloader(self) -> Any:
        return DataLoader(self.data, batch_size=500)

    test_dataloader = predict_dataloader = val_dataloader


def test_temperature_is_found_used_and_kept(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    module, data = Sure(), Points()
    (hot,) = make_trainer(callbacks=[plain := Calibration(tmp_path / "plain")]).test(module, data, verbose=False)
    cooled = Calibration(tmp_path, temperature=True)
    (cool,) = make_trainer(callbacks=[cooled]).test(module, data, verbose=False)
    assert cooled.facts["calibration/temperature"] == pytest.approx(3, abs=0.2)
    assert cooled.facts["calibration/ece"] < 0.03
    assert plain.facts["calibration/ece"] > 0.1
    assert cool["test/loss"] < hot["test/loss"]
    assert not (tmp_path / "plain" / "temperature.json").exists()
    assert json.loads((tmp_path / "temperature.json").read_text())["temperature"] == cooled.facts["calibration/temperature"]
    trainer = make_trainer(callbacks=[Calibration(tmp_path, temperature=True)])
    said = torch.cat(trainer.predict(module, data))  # type: ignore[arg-type]
    assert torch.allclose(said, 3 * data.data.tensors[0] / cooled.facts["calibration/temperature"], atol=1e-4)
    assert "forward" not in vars(module)
    for name in ("plain/calibration.png", "calibration.png"):
        with Image.open(tmp_path / name) as picture:
            assert min(picture.size) > 400
    with pytest.raises(MisconfigurationException, match="temperature.json is missing; test the model first"):
        make_trainer(callbacks=[Calibration(tmp_path / "none", temperature=True)]).predict(module, data)
    labels = Sure(multi_label=True)
    labels.threshold = 0.2  # type: ignore[assignment]
    with pytest.raises(MisconfigurationException, match="says labels from a threshold"):
        make_trainer(callbacks=[cooled]).test(labels, Points(multi_label=True), verbose=False)
    with pytest.raises(MisconfigurationException, match="needs a data module with val_dataloader"):
        make_trainer(callbacks=[cooled]).test(module, data.test_dataloader(), verbose=False)
    assert "forward" not in vars(module)


@pytest.mark.parametrize("multi_label", [False, True])
def test_each_class_has_its_scores(make_trainer: MakeTrainer, tmp_path: Path, multi_label: bool) -> None:
    data = Points(multi_label)
    make_trainer(callbacks=[PerClass(tmp_path), Calibration(tmp_path)]).test(Sure(multi_label), data, verbose=False)
    with open(tmp_path / "per_class.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    x, y = data.data.tensors
    said = x > 0 if multi_label else F.one_hot(x.argmax(1), 3).bool()
    true = y.bool() if multi_label else F.one_hot(y, 3).bool()
    assert [row["class"] for row in rows] == ["ant", "bee", "wasp"]
    for column, row in enumerate(rows):
        hits = float((said & true)[:, column].sum())
        precision, recall = hits / float(said[:, column].sum()), hits / float(true[:, column].sum())
        assert int(row["photos"]) == int(true[:, column].sum())
        assert float(row["precision"]) == pytest.approx(precision, abs=1e-6)
        assert float(row["recall"]) == pytest.approx(recall, abs=1e-6)
        assert float(row["f1"]) == pytest.approx(2 * precision * recall / (precision + recall), abs=1e-6)
    assert (tmp_path / "per_class.png").stat().st_size > 3000


class Looks(pl.LightningModule):
    classes = ("blue", "red")

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        return self.network(x.float())

    def test_step(self, batch: Any, batch_idx: int) -> dict[str, Tensor]:
        return {"logits": self(batch[0]), "target": batch[1]}


def test_worst_photos_are_drawn_with_their_heat(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    photos = DataLoader(TensorDataset(torch.rand(10, 3, 8, 8), torch.randint(2, (10,))), batch_size=4)
    make_trainer(callbacks=[GradCAM(tmp_path, count=4)]).test(Looks(Quadrants()), photos, verbose=False)
    assert (tmp_path / "grad_cam.png").stat().st_size > 5000
    make_trainer(callbacks=[GradCAM(tmp_path / "named", layer="network.see")]).test(Looks(Quadrants()), photos, verbose=False)
    assert (tmp_path / "named" / "grad_cam.png").exists()
    tokens = nn.Sequential(nn.Flatten(), nn.Linear(192, 2))  # no map in it
    make_trainer(callbacks=[GradCAM(tmp_path / "none")]).test(Looks(tokens), photos, verbose=False)
    assert not (tmp_path / "none").exists()
    with pytest.raises(MisconfigurationException, match="no submodule 'layer4'; it has network"):
        make_trainer(callbacks=[GradCAM(tmp_path, layer="layer4")]).test(Looks(Quadrants()), photos, verbose=False)
