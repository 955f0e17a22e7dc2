"""A data module that has not been set up says so."""

from __future__ import annotations

import pytest
from practicum.datamodules.loading.set_up import require_set_up
from practicum.lightning_shim import MisconfigurationException


def test_what_to_call_is_said() -> None:
    require_set_up([], True)
    with pytest.raises(MisconfigurationException, match=r"^list: nothing is read yet; call prepare_data\(\) and setup\(\) first"):
        require_set_up([], False)
