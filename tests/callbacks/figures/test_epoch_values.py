"""Values of an earlier validation are not those of an epoch without one."""

from __future__ import annotations

import pytest
from practicum.callbacks.figures.epoch_values import of_this_epoch

LOGGED = {"train/loss": 0.5, "val/loss": 0.6, "val_acc": 0.8, "valid/f1": 0.7, "validation_mae": 2.0, "value": 3.0}


@pytest.mark.parametrize(("validated", "names"), [(True, set(LOGGED)), (False, {"train/loss", "value"})])
def test_names_tell_what_is_of_validation(validated: bool, names: set[str]) -> None:
    assert set(of_this_epoch(LOGGED, validated)) == names
