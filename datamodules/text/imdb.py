"""IMDb reviews: 25,000 to train on, 25,000 to test, good or bad, and 50,000 without a label for the language model.

**Source.** Maas et al. 2011, "Learning word vectors for sentiment analysis"; the archive that its authors publish.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..files.download import download
from .text_folder import TextFolder

URL = "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz"
SHA256 = "c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe"


class IMDb(TextFolder):
    """:class:`.TextFolder` on the IMDb archive.

    Args:
        root: The archive or its unpacked folder, where one has it. Default: fetched.
        net: Folder for the fetched archive.
        url: Where it is fetched from.
        sha256: What it must have.
        options: Those of :class:`.Text`.
    """

    def __init__(
        self, root: str | None = None, net: str = "data/imdb", url: str = URL, sha256: str = SHA256, **options: Any
    ) -> None:
        super().__init__(root if root is not None else Path(net) / url.rpartition("/")[2], **options)
        self.url, self.sha256, self.is_fetched = url, sha256, root is None

    def prepare_data(self) -> None:
        """Fetch the archive if it is not there yet; then read it."""
        if self.is_fetched and self._new is None:
            assert self.root is not None
            download(self.url, self.root, self.sha256)
        super().prepare_data()
