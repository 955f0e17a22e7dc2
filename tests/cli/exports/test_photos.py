"""Photos of any size give what the run gives; what the graph resizes itself, nearly."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
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
