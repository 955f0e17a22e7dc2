"""Photos in class folders, read with small sizes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from practicum.datamodules import ImageFolder


@pytest.fixture
def ready(tmp_path: Path) -> Callable[..., ImageFolder]:
    """Makes an ImageFolder of 32 x 32 views that has read its photos; cache and reports lie in ``tmp_path``."""

    def make(root: Path, **options: Any) -> ImageFolder:
        defaults: dict[str, Any] = {"size": 32, "batch_size": 4, "cache": tmp_path / "cache", "report_dir": tmp_path / "report"}
        data = ImageFolder(root, **{**defaults, **options})
        data.prepare_data()
        data.setup("fit")
        return data

    return make
