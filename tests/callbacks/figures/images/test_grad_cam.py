"""Grad-CAM: against closed forms, on modules whose feature maps are known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from practicum.callbacks import GradCAM
from practicum.callbacks.figures.images.grad_cam import grad_cam, last_feature_map
from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset


class Quadrants(nn.Module):
    """Predicts class 1 for red and class 0 for blue; each of the four positions of its feature map sees a quarter of a photo."""

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
    heat, predicted = grad_cam(module, photo, layer)
    assert predicted.tolist() == [1, 0]
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


@pytest.mark.parametrize("side", [8, 40, 64])
def test_a_single_position_is_no_map(side: int) -> None:
    activation = nn.ReLU()
    network = nn.Sequential(nn.Conv2d(3, 4, 3), activation, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
    assert last_feature_map(network, torch.rand(1, 3, side, side)) is activation
    pooled = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(3, 4, 1), nn.Flatten())
    assert last_feature_map(pooled, torch.rand(1, 3, side, side)) is None


def test_heat_is_the_papers_formula_and_leaves_no_gradient() -> None:
    torch.manual_seed(1)
    convolution, head = nn.Conv2d(3, 5, 3), nn.Linear(5, 4)
    module = nn.Sequential(convolution, nn.Tanh(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), head).train()
    x = torch.rand(3, 3, 9, 9)
    heat, predicted = grad_cam(module, x, module[1])
    maps = module[1](convolution(x))
    # The score depends on each place of channel k by w_k / places: so that is the channel's weight.
    weights = head.weight[predicted] / maps[0, 0].numel()
    wanted = (weights[:, :, None, None] * maps).sum(1).relu()
    assert torch.allclose(heat, wanted / wanted.amax((1, 2), keepdim=True), atol=1e-5)
    assert all(parameter.grad is None for parameter in module.parameters())
    assert module.training


class Looks(LightningModule):
    classes = ("blue", "red")

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        return self.network(x.float())

    def test_step(self, batch: Any, batch_idx: int) -> dict[str, Tensor]:
        return {"logits": self(batch[0]), "target": batch[1]}


def test_highest_loss_photos_are_drawn_with_their_heat(
    make_trainer: Callable[..., Trainer], tmp_path: Path, is_png: Callable[[Path], bool]
) -> None:
    photos = DataLoader(TensorDataset(torch.rand(10, 3, 8, 8), torch.randint(2, (10,))), batch_size=4)
    make_trainer(callbacks=[GradCAM(tmp_path, count=4)]).test(Looks(Quadrants()), photos, verbose=False)
    assert is_png(tmp_path / "grad_cam.png")
    make_trainer(callbacks=[GradCAM(tmp_path / "named", layer="network.see")]).test(Looks(Quadrants()), photos, verbose=False)
    assert (tmp_path / "named" / "grad_cam.png").exists()
    tokens = nn.Sequential(nn.Flatten(), nn.Linear(192, 2))  # no map in it
    make_trainer(callbacks=[GradCAM(tmp_path / "none")]).test(Looks(tokens), photos, verbose=False)
    assert not (tmp_path / "none").exists()
    with pytest.raises(MisconfigurationException, match="no submodule 'layer4'; it has network"):
        make_trainer(callbacks=[GradCAM(tmp_path, layer="layer4")]).test(Looks(Quadrants()), photos, verbose=False)
