"""Labelled texts as files in class folders, in an archive of such, or a text a line in a file for each class."""

from __future__ import annotations

from collections.abc import Iterator

from .readers import Document, read_archive, read_folder
from .text import Text


class TextFolder(Text):
    """:class:`.Text` in ``train/<class>/*.txt ...``, ``<class>/*.txt`` or ``<name>.<class>``; the first may be a tar file."""

    def documents(self) -> Iterator[Document]:
        """See :mod:`.documents`."""
        assert self.root is not None
        return read_archive(self.root) if self.root.is_file() else read_folder(self.root)
