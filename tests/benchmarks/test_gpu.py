"""Counts of operations in benchmarks/gpu.py, against numbers counted by hand and by torch; shares of the machine's limit."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def load(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(Path(name).stem, BENCHMARKS / name)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


flops = load("gpu_parts/flops.py")


def test_convolutions_and_linear_layers_are_counted_as_torch_counts_them() -> None:
    net = nn.Sequential(nn.Conv2d(4, 8, 3, stride=2, padding=1, groups=2), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 16, 5))
    x = torch.zeros(3, 4, 8, 8)
    by_hand = 2 * 3 * 8 * 16 * (4 // 2) * 9 + 2 * 3 * 5 * 8 * 16
    with FlopCounterMode(display=False) as counter:
        net(x)
    assert flops.forward_flops(net, x) == by_hand == counter.get_total_flops()


def test_resnext50_has_as_many_as_published() -> None:
    net = timm.create_model("resnext50_32x4d")
    assert flops.forward_flops(net, torch.zeros(1, 3, 224, 224)) / 2e9 == pytest.approx(4.2, rel=0.03)  # Xie et al. 2016, table 1
    assert net.training
    assert not any(each._forward_hooks for each in net.modules())


def test_a_chain_of_linear_layers() -> None:
    assert flops.linear_flops([3, 5, 2]) == 2 * (3 * 5 + 5 * 2)


def test_a_language_model() -> None:
    words, embedding, hidden = 11, 3, 7
    first, last = nn.LSTM(embedding, hidden), nn.LSTM(hidden, embedding)
    matrices = sum(each.numel() for layer in (first, last) for name, each in layer.named_parameters() if "weight" in name)
    assert flops.language_model_flops(words, embedding, hidden, 2) == 2 * matrices + 2 * embedding * words


def test_shares_use_the_count_of_their_size() -> None:
    gpu = load("gpu.py")
    parts = {
        "peak": {"matmul_flops_per_second": 100.0},
        "language": {
            "flops of a token's training step, small": 2,
            "flops of a token's training step, paper": 8,
            "practicum, small": {"per_second": 5.0},
            "practicum, paper": {"per_second": 5.0},
            "fastai": "fastai is not installed here",
        },
        "photos": {"flops of a photo's training step": 4, "practicum, batch 8": {"per_second": 5.0}},
        "tables": {"practicum, batch 8": {"per_second": 5.0}},
    }
    assert gpu.shares({"parts": parts}) == {
        "language: practicum, small": 0.1,
        "language: practicum, paper": 0.4,
        "photos: practicum, batch 8": 0.2,
    }
    assert gpu.shares({}) == {}
