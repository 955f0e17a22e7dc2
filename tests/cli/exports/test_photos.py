"""Photos of any size give what the run gives; what the graph resizes itself, nearly."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from practicum.cli.exports.formats import write_model
from practicum.cli.exports.photos import INPUT, PhotoWindow, photo_deployable
from practicum.datamodules import ImageFolder
from practicum.datamodules.images.decode import center_crop, decode_photo
from practicum.lightning_shim import MisconfigurationException
from practicum.modules import ImageClassifier


@pytest.mark.parametrize("size", [(120, 95), (40, 33), (61, 200), (37, 37)])
def test_windows_are_those_of_training(size: tuple[int, int], tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    photo = Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC)
    photo.save(tmp_path / "photo.png")
    wanted = center_crop(decode_photo(tmp_path / "photo.png", 37), 32).transpose(2, 0, 1).astype(int)
    found = PhotoWindow(32, 37)(torch.from_numpy(np.asarray(photo).copy())[None])[0].numpy().astype(int)
    assert found.shape == (3, 32, 32)
    assert abs(found - wanted).max() <= 1  # one level of 255


@pytest.mark.parametrize("size", [32, 28])  # without and with a margin around the square
def test_one_export_takes_photos_of_any_shape(size: int, tmp_path: Path, save_photo: Callable[[Path, str, int], Path]) -> None:
    model = ImageClassifier(["a", "b"], backbone="test_resnet", weights="random").eval().requires_grad_(False)
    data: Any = SimpleNamespace(crop_mode="center", size=size, short_side=32, max_pixels=10**8, view_options={"grey_range": None})
    found = photo_deployable(model, data, [save_photo(tmp_path / "red.jpg", "red", 1)])
    write_model("torch_export", found, {}, tmp_path / "model.pt2")
    exported = torch.export.load(tmp_path / "model.pt2").module()
    generator = torch.Generator().manual_seed(1)
    for shape in ((1, 32, 32), (2, 64, 64), (1, 32, 50), (1, 50, 32), (1, 20, 130), (1, 130, 20), (1, 33, 31)):
        photos = torch.randint(0, 256, (*shape, 3), dtype=torch.uint8, generator=generator)
        assert torch.equal(exported(photos), found.graph(photos)), shape


@pytest.mark.parametrize("multi_label", [False, True])
def test_the_graph_predicts_what_the_run_predicts(
    multi_label: bool, tmp_path: Path, save_photo: Callable[[Path, str, int], Path]
) -> None:
    model = ImageClassifier(["a", "b"], backbone="test_resnet", weights="random", multi_label=multi_label).eval()
    model.requires_grad_(False)
    data: Any = ImageFolder(tmp_path, size=32)
    paths = [save_photo(tmp_path / f"{hue}.jpg", hue, 1) for hue in ("red", "blue")]
    (tmp_path / "broken.jpg").write_bytes(b"no photo")
    found = photo_deployable(model, data, [tmp_path / "broken.jpg", *paths], temperature=0.5)
    assert [call.exact for call in found.calls] == [True, False] * 2
    for call in found.calls:
        predicted = found.graph(torch.from_numpy(np.ascontiguousarray(call.inputs[INPUT])))
        assert torch.allclose(predicted, call.wanted, atol=1e-6 if call.exact else 1e-2)
    sums = torch.cat([call.wanted for call in found.calls]).sum(1)
    assert torch.allclose(sums, torch.ones(4)) != multi_label
    assert ("threshold" in found.facts) == multi_label
    with pytest.raises(MisconfigurationException, match="broken.jpg: no photo that can be read"):
        photo_deployable(model, data, [tmp_path / "broken.jpg"])
    data.crop_mode = "squash"
    with pytest.raises(
        MisconfigurationException, match="become squares by crop_mode=squash, and the exported graph can only cut"
    ):
        photo_deployable(model, data, paths)


def test_the_greys_of_the_run_are_those_of_the_check_and_are_said(tmp_path: Path) -> None:
    model = ImageClassifier(["a", "b"], backbone="test_resnet", weights="random").eval().requires_grad_(False)
    path = tmp_path / "deep.png"
    Image.fromarray(np.arange(40 * 40, dtype=np.uint16).reshape(40, 40) * 20).save(path)
    deep: Any = ImageFolder(tmp_path, size=32, grey_range=[0, 16000])
    found, usual = (photo_deployable(model, data, [path]) for data in (deep, ImageFolder(tmp_path, size=32)))
    assert found.facts["grey_range"] == {"integer": [0.0, 16000.0], "floating": [0.0, 16000.0]}
    assert "0 to 16000 (integer) is black to white" in found.inputs[INPUT].meaning
    assert found.calls[1].inputs[INPUT].max() == 255
    assert (found.calls[1].inputs[INPUT] == 255).mean() > 0.4  # what is above the range is white
    assert (usual.calls[1].inputs[INPUT] == 255).mean() < 0.1
    assert "grey_range" not in usual.facts
