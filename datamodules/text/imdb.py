"""IMDb reviews: 25,000 for training and 25,000 for testing, good or bad, and 50,000 unlabelled ones for a language model.

**Source.** Maas et al. 2011, "Learning word vectors for sentiment analysis"; the archive published by its authors.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..loading.source import Download, local_or
from .text_folder import TextFolder

URL = "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz"
SHA256 = "c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe"


class IMDb(TextFolder):
    """The IMDb archive, read without unpacking it.

    Args:
        root: The archive or its unpacked folder, if you have it; by default it is downloaded.
        download_dir: Folder for the downloaded archive.
        url: Address of the archive.
        sha256: Its SHA-256.
        options: Those of :class:`.Text`.

    Example:
        >>> from practicum.datamodules import IMDb
        >>> data = IMDb(task="language_model", batch_size=20, bptt=70)  # prepare_data() downloads 84 MB
        >>> str(data.source)
        'data/imdb/aclImdb_v1.tar.gz'
        >>> str(IMDb("aclImdb_v1.tar.gz").source)
        'aclImdb_v1.tar.gz'
    """

    def __init__(
        self,
        root: str | os.PathLike[str] | None = None,
        download_dir: str | os.PathLike[str] = "data/imdb",
        url: str = URL,
        sha256: str = SHA256,
        **options: Any,
    ) -> None:
        super().__init__(root, **options)
        self.source = local_or(root, Download(url, sha256, Path(download_dir)))
