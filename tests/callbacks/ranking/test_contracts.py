"""What a recommender must have."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from practicum.callbacks.ranking.contracts import require_recommender
from practicum.lightning_shim import MisconfigurationException


def test_what_is_there_is_returned_and_what_is_missing_is_named() -> None:
    module: Any = SimpleNamespace(scores=0, item_count=3, item="item")
    data = SimpleNamespace(pairs=0, tests_on="test", ratings=0)
    trainer: Any = SimpleNamespace(datamodule=data)
    assert require_recommender(trainer, module, "Mine", ("item",), data_has=("ratings",)) == (module, data)
    with pytest.raises(MisconfigurationException, match="Mine needs SimpleNamespace.user"):
        require_recommender(trainer, module, "Mine", ("user",))
    with pytest.raises(MisconfigurationException, match="Mine needs SimpleNamespace.titles"):
        require_recommender(trainer, module, "Mine", data_has=("titles",))
    with pytest.raises(MisconfigurationException, match="Mine needs NoneType.pairs"):
        require_recommender(SimpleNamespace(), module, "Mine")  # type: ignore[arg-type]
