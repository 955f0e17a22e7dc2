"""Which Lightning is taken, and what is said where that can't be."""

from __future__ import annotations

import importlib.metadata
import os

import practicum.lightning_shim as shim
import pytest
import torch


@pytest.mark.parametrize(
    ("installed", "imported", "wish", "chosen"),
    [
        (["pytorch_lightning"], [], None, "pytorch_lightning"),
        (["lightning"], [], None, "lightning"),
        (["pytorch_lightning", "lightning"], [], None, "lightning"),  # nobody installs it but to use it
        (["pytorch_lightning", "lightning"], ["pytorch_lightning"], None, "pytorch_lightning"),
        (["pytorch_lightning", "lightning"], ["lightning"], None, "lightning"),
        (["pytorch_lightning", "lightning"], ["lightning"], "pytorch_lightning", "pytorch_lightning"),
    ],
)
def test_which_package(installed: list[str], imported: list[str], wish: str | None, chosen: str) -> None:
    assert shim.choose(installed, imported, wish) == chosen


def test_a_wish_for_what_is_not_there_is_one_sentence() -> None:
    with pytest.raises(ImportError, match="PRACTICUM_LIGHTNING=lightning: there is pytorch_lightning"):
        shim.choose(["pytorch_lightning"], [], "lightning")


def test_other_versions_are_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shim, "version", lambda name: "2.1.0")
    with pytest.raises(ImportError, match=r"below 2\.7; there is pytorch-lightning 2\.1\.0 and lightning 2\.1\.0: pip install"):
        shim.installed()


def test_none_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(shim, "version", missing)
    with pytest.raises(ImportError, match=r"needs pytorch-lightning or lightning.*: pip install"):
        shim.installed()


def test_base_classes_are_lightnings_in_each_package() -> None:
    assert all(issubclass(shim.Callback, each) for each in shim.classes("callbacks.Callback"))
    assert all(issubclass(shim.Checkpoint, each) for each in shim.classes("callbacks.Checkpoint"))
    assert all(
        issubclass(shim.MisconfigurationException, each)
        for each in shim.classes("utilities.exceptions.MisconfigurationException")
    )
    assert len(shim.classes("callbacks.Callback")) == len(shim.ROOTS)


def test_root_of_a_trainer_and_of_a_subclass() -> None:
    class Theirs(shim.Trainer):
        pass

    assert shim.root_of(Theirs(logger=False, accelerator="cpu", enable_checkpointing=False)) is shim.PACKAGE
    with pytest.raises(TypeError, match="object is no Lightning Trainer"):
        shim.root_of(object())


def test_steps_do_not_look_for_a_gpu_where_there_is_none() -> None:
    by_nvml = os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"] == "1"  # Lightning's setting: a file is looked for in each step of Adam
    assert by_nvml == torch.cuda.is_available()
