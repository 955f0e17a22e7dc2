"""The client of iNaturalist: the package it needs (its requests are tested in test_inaturalist)."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from practicum.datamodules.images.inaturalist_client import INaturalistClient
from practicum.lightning_shim import MisconfigurationException


def test_without_the_package_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyinaturalist.session", None)
    with pytest.raises(MisconfigurationException, match="needs the package pyinaturalist: pip install"):
        INaturalistClient(tmp_path)
