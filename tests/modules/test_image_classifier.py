"""ImageClassifier: shapes, heads, losses, layer groups, weights, checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from practicum.lightning_shim import LightningDataModule, MisconfigurationException
from practicum.modules import ImageClassifier
from practicum.modules.base.fine_tunable import parameters_of
from torch import nn
from torch.utils.data import DataLoader

TINY = "test_resnet.r160_in1k"
FAMILIES = ["vgg11", "resnext26ts", "resnet18", "tf_efficientnet_lite0", "test_convnext", "test_vit", "convnext_atto"]


def tiny(**options: object) -> ImageClassifier:
    defaults: dict[str, object] = {"classes": ["blue", "red"], "backbone": TINY, "weights": "random"}
    return ImageClassifier(**{**defaults, **options})  # type: ignore[arg-type]


@pytest.mark.parametrize("head", ["linear", "concat_pool"])
@pytest.mark.parametrize("backbone", [TINY, "test_convnext", "test_vit", "test_efficientnet", "swin_tiny_patch4_window7_224"])
def test_logits_have_one_column_per_class(backbone: str, head: str) -> None:
    size = 224 if "swin" in backbone else 160
    model = tiny(backbone=backbone, head=head, classes=["a", "b", "c"]).eval()
    with torch.no_grad():
        logits = model(torch.randint(0, 255, (2, 3, size, size), dtype=torch.uint8))
    assert logits.shape == (2, 3)


def test_vgg_keeps_its_fully_connected_layers_under_a_linear_head() -> None:
    model = tiny(backbone="vgg11")
    assert model.head[1].in_features == 4096
    assert sum(p.numel() for p in model.parameters()) > 120e6


def test_bytes_and_fractions_give_the_same_logits() -> None:
    model = tiny().eval()
    x = torch.randint(0, 255, (2, 3, 64, 64), dtype=torch.uint8)
    with torch.no_grad():
        torch.testing.assert_close(model(x), model(x.float() / 255), rtol=1e-4, atol=1e-5)


def test_normalisation_is_that_of_the_backbone() -> None:
    model = tiny(backbone="tf_efficientnet_lite0")  # trained with mean = deviation = .5
    x = torch.tensor([0, 255], dtype=torch.uint8).view(2, 1, 1, 1).expand(2, 3, 1, 1)
    assert model.normalise(x).flatten(1).tolist() == [[-1.0] * 3, [1.0] * 3]


@pytest.mark.parametrize("backbone", FAMILIES)
def test_layer_groups_hold_every_parameter_once_input_side_first(backbone: str) -> None:
    model = tiny(backbone=backbone)
    groups = model.layer_groups()
    held = [id(p) for group in groups for p in parameters_of(group)]
    assert sorted(held) == sorted(id(p) for p in model.parameters())
    assert 4 <= len(groups) <= 40
    first_layer = next(iter(model.backbone.parameters()))
    assert any(p is first_layer for p in parameters_of(groups[0]))
    assert list(parameters_of(groups[-1])) == list(model.head.parameters())


def test_layer_groups_put_layers_without_parameters_with_their_block() -> None:
    """Frozen blocks go into evaluation mode as wholes: their batch norms with activations, their stochastic depth."""
    model = tiny(backbone="tf_efficientnet_lite0")
    held = {id(m) for group in model.layer_groups() for part in group if isinstance(part, nn.Module) for m in part.modules()}
    activations = [m for m in model.backbone.blocks.modules() if isinstance(m, nn.ReLU6)]
    assert activations
    assert all(id(m) in held for m in activations)


def test_optimizer_has_one_group_per_layer_group() -> None:
    model = tiny(optimizer=partial(torch.optim.SGD, lr=0.3))
    optimizer = model.configure_optimizers()
    assert len(optimizer.param_groups) == len(model.layer_groups())
    assert {group["lr"] for group in optimizer.param_groups} == {0.3}
    assert optimizer.param_groups[-1]["name"] == "head"


def test_checkpoint_alone_rebuilds_it_without_executing_anything(tmp_path: Path, make_trainer) -> None:  # type: ignore[no-untyped-def]
    model = tiny(head="concat_pool").eval()
    trainer = make_trainer()
    trainer.strategy.connect(model)
    trainer.save_checkpoint(tmp_path / "a.ckpt", weights_only=True)
    again = ImageClassifier.load_from_checkpoint(tmp_path / "a.ckpt", weights_only=True).eval()
    x = torch.randint(0, 255, (2, 3, 64, 64), dtype=torch.uint8)
    with torch.no_grad():
        assert torch.equal(model(x), again(x))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"head": "liner"}, "ImageClassifier: head=liner: .* choose linear or concat_pool"),
        ({"class_weights": [1.0]}, "1 numbers for 2 classes"),
        ({"class_weights": "balanced"}, "class_counts"),
    ],
)
def test_bad_options_are_named(options: dict[str, object], message: str) -> None:
    with pytest.raises(MisconfigurationException, match=message):
        tiny(**options)


def test_options_reach_the_objective() -> None:
    model = tiny(class_weights="balanced", class_counts=[30, 10], label_smoothing=0.1)
    torch.testing.assert_close(model.objective.class_weight, torch.tensor([40 / 60, 40 / 20]))
    assert model.objective.label_smoothing == 0.1
    assert not hasattr(model, "threshold")
    assert set(model.val_metrics) == {"val/accuracy", "val/auroc"}
    labels = tiny(multi_label=True)
    assert labels.multi_label
    assert set(labels.val_metrics) == {"val/accuracy", "val/f2", "val/map"}


def test_a_checkpoint_remembers_the_threshold() -> None:
    model = tiny(multi_label=True)
    model.objective.threshold.fill_(0.25)
    again = tiny(multi_label=True)
    again.load_state_dict(model.state_dict())
    assert float(again.threshold) == 0.25
    assert again.columns(torch.tensor([[0.3, 0.2]]))["predicted"] == ["blue"]


def test_training_step_reaches_every_parameter() -> None:
    model = tiny()
    logged: list[str] = []
    model.log = lambda name, *args, **options: logged.append(name)  # type: ignore[method-assign,assignment]
    x, y = torch.randint(0, 255, (4, 3, 64, 64), dtype=torch.uint8), torch.tensor([0, 1, 0, 1])
    model.training_step((x, y), 0).backward()
    assert all(p.grad is not None for p in model.parameters())
    assert logged == ["train/loss"]


def test_networks_built_for_one_size_are_built_for_the_photos_size() -> None:
    model = tiny(backbone="test_vit", image_size=96).eval()
    with torch.no_grad():
        assert model(torch.randint(0, 255, (1, 3, 96, 96), dtype=torch.uint8)).shape == (1, 2)


def test_a_checkpoint_remembers_where_its_weights_came_from(tmp_path: Path, make_trainer) -> None:  # type: ignore[no-untyped-def]
    model = ImageClassifier(["a", "b"], weights="pretrained")
    trainer = make_trainer()
    trainer.strategy.connect(model)
    trainer.save_checkpoint(tmp_path / "a.ckpt", weights_only=True)
    again = ImageClassifier.load_from_checkpoint(tmp_path / "a.ckpt", weights_only=True)
    assert again.provenance == model.provenance
    assert again.pretrained


def test_a_training_goes_on_from_a_run_with_its_head_for_the_same_classes_only(tmp_path: Path) -> None:
    def build(classes: list[str], **options: Any) -> ImageClassifier:
        return ImageClassifier(classes, backbone="test_resnet", **options)

    first = build(["a", "b"], weights="random")
    (tmp_path / "checkpoints").mkdir()
    content = {"state_dict": first.state_dict(), "hyper_parameters": dict(first.hparams)}
    torch.save(content, tmp_path / "checkpoints" / "best.ckpt")
    again = build(["a", "b"], weights=str(tmp_path))
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in first.state_dict().items())
    assert again.provenance["head"]
    other = build(["a", "c"], weights=str(tmp_path))
    assert torch.equal(next(other.backbone.parameters()), next(first.backbone.parameters()))
    assert not torch.equal(other.head[1].weight, first.head[1].weight)  # type: ignore[index]
    assert "head" not in other.provenance


class OnePhoto(LightningDataModule):
    """Batches of one photo, with or without saying so."""

    def __init__(self, says: bool) -> None:
        super().__init__()
        if says:
            self.batch_size = 1

    def train_dataloader(self) -> Any:
        return DataLoader([(torch.zeros(1, 3, 64, 64, dtype=torch.uint8), torch.zeros(1, dtype=torch.int64))], batch_size=None)


@pytest.mark.parametrize("says", [True, False])
def test_batches_of_one_photo_are_refused_by_a_head_that_normalises(make_trainer: Callable[..., Any], says: bool) -> None:
    with pytest.raises(
        MisconfigurationException, match="batch_size=1: a training batch of one photo .* use batch_size=2"
    ) as raised:
        make_trainer().fit(tiny(head="concat_pool"), datamodule=OnePhoto(says))
    assert "\n" not in str(raised.value)
    make_trainer().fit(tiny(head="linear"), datamodule=OnePhoto(says))
