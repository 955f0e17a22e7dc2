"""The IMDb archive: the user's own, or downloaded and verified."""

from __future__ import annotations

import hashlib
import tarfile
from pathlib import Path
from typing import Any

import pytest
from practicum.datamodules import IMDb
from practicum.lightning_shim import MisconfigurationException


@pytest.fixture
def archive(tmp_path: Path, write_folder: Any) -> Path:
    path = tmp_path / "net" / "aclImdb_v1.tar.gz"
    path.parent.mkdir()
    with tarfile.open(path, "w:gz") as file:
        file.add(write_folder(tmp_path / "aclImdb", train=12, test=6), "aclImdb")
    return path


def test_it_reads_an_archive_that_one_has(archive: Path, ready: Any, options: dict[str, Any]) -> None:
    data = ready(IMDb(archive, **options))
    assert data.provenance["test"] == 6
    assert data.provenance["source"] == str(archive)


def test_it_downloads_the_archive_and_verifies_it(archive: Path, tmp_path: Path, ready: Any, options: dict[str, Any]) -> None:
    sha256 = hashlib.sha256(archive.read_bytes()).hexdigest()
    data = ready(IMDb(download_dir=tmp_path / "imdb", url=archive.as_uri(), sha256=sha256, **options))
    assert data.root == tmp_path / "imdb" / "aclImdb_v1.tar.gz"
    assert data.provenance["train"] == 10
    with pytest.raises(MisconfigurationException, match="SHA-256"):
        ready(IMDb(download_dir=tmp_path / "other", url=archive.as_uri(), sha256="0" * 64, **options))
