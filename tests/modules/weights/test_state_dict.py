"""Weight files: what is found, and nothing in them runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from practicum.lightning_shim import MisconfigurationException
from practicum.modules.weights.state_dict import find_weights, hash_of_file, hash_of_tensors, read_state_dict
from safetensors.torch import save_file
from torch import nn


class Malicious:
    def __reduce__(self) -> Any:
        return (Path.touch, (Path("run-by-a-pickle"),))


def test_every_form_of_file_gives_its_tensors(tmp_path: Path) -> None:
    state = {"a": torch.randn(2, 3), "b": torch.zeros(1)}
    torch.save(state, tmp_path / "w.pth")
    torch.save({"state_dict": state, "epoch": 3}, tmp_path / "w.ckpt")
    torch.save({"model": state, "opt": {"hypers": [{"lr": 0.1}]}}, tmp_path / "fastai.pth")
    torch.save(state, tmp_path / "2019.pth", _use_new_zipfile_serialization=False)
    save_file(state, tmp_path / "w.safetensors")
    for name in ("w.pth", "w.ckpt", "fastai.pth", "2019.pth", "w.safetensors"):
        found = read_state_dict(tmp_path / name)
        assert found.keys() == state.keys()
        assert all(torch.equal(found[key], value) for key, value in state.items())


def test_files_that_are_no_weights_are_refused_and_run_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"a": Malicious()}, "w.pth")
    with pytest.raises(MisconfigurationException, match="nothing in it was run"):
        read_state_dict(Path("w.pth"))
    assert not Path("run-by-a-pickle").exists()
    Path("w.pth").write_bytes(b"PK\x03\x04 half a file")
    with pytest.raises(MisconfigurationException, match="damaged"):
        read_state_dict(Path("w.pth"))
    torch.save({"epoch": 3}, "w.pth")
    with pytest.raises(MisconfigurationException, match="contains no weights"):
        read_state_dict(Path("w.pth"))


def test_a_run_folder_stands_for_its_best_checkpoint(tmp_path: Path) -> None:
    best = tmp_path / "checkpoints" / "best.ckpt"
    with pytest.raises(MisconfigurationException, match="not here"):
        find_weights(str(tmp_path), "not here")
    best.parent.mkdir()
    best.write_bytes(b"")
    assert find_weights(str(tmp_path), "") == find_weights(str(best), "") == best


def test_hashes_depend_on_names_and_values(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    assert hash_of_file(tmp_path / "a").startswith("e3b0c44298fc1c14")
    net = nn.Linear(2, 2)
    before = hash_of_tensors(net)
    assert hash_of_tensors(nn.Sequential(net)) != before
    with torch.no_grad():
        net.bias[0] += 1
    assert hash_of_tensors(net) != before
