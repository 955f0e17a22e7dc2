"""Options of texts that can't be used are refused in one sentence."""

from __future__ import annotations

from typing import Any

import pytest
from practicum.datamodules.text.text_options import check_text_options
from practicum.lightning_shim import MisconfigurationException

USUAL: dict[str, Any] = {
    "task": "classification",
    "level": "word",
    "max_vocab": 10,
    "min_count": 1,
    "batch_size": 1,
    "bptt": 1,
    "valid_fraction": 0.1,
    "test_fraction": None,
}


@pytest.mark.parametrize(
    "fault",
    [
        {"task": "sum"},
        {"level": "letter"},
        {"max_vocab": 9},
        {"min_count": 0},
        {"batch_size": 0},
        {"bptt": 0},
        {"valid_fraction": 1.0},
        {"test_fraction": 0.9},
        {"test_fraction": -0.1},
    ],
)
def test_faults(fault: dict[str, Any]) -> None:
    check_text_options("T", **USUAL)
    ((option, value),) = fault.items()
    with pytest.raises(MisconfigurationException, match=f"^T: {option}={value} must be "):
        check_text_options("T", **{**USUAL, **fault})
