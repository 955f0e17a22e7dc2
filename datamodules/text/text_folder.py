"""Labelled texts as files in class folders, in an archive of such folders, or one per line in a file for each class."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from practicum.lightning_shim import MisconfigurationException

from .readers import Document, read_archive, read_folder
from .text import Text


class TextFolder(Text):
    r"""Texts in ``train/<class>/*.txt`` (with ``test/``, ``valid/``, ``train/unsup``), ``<class>/*.txt`` or ``<name>.<class>``.

    ``root`` may also be a tar file of the first layout, and its options are those of :class:`.Text`.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from practicum.datamodules import TextFolder
        >>> folder = Path(tempfile.mkdtemp())
        >>> _ = (folder / "films.good").write_text("A FINE film.\nI loved it.\nGreat!\n")
        >>> _ = (folder / "films.bad").write_text("A dull film.\nI hated it.\nAwful!\n")
        >>> data = TextFolder(folder, min_count=1, cache=tempfile.mkdtemp())
        >>> data.prepare_data()
        >>> data.setup()
        >>> data.classes
        ['bad', 'good']
        >>> tokens, classes = next(iter(data.train_dataloader()))
        >>> tuple(tokens.shape), tuple(classes.shape)
        ((4, 6), (4,))
        >>> data.detokenize(["xxbos", "a", "xxup", "fine", "film", "."])
        'a FINE film.'
    """

    def documents(self) -> Iterator[Document]:
        """Read the texts, see :func:`.read_folder` and :func:`.read_archive`."""
        return read_archive(self.root) if self.root.is_file() else read_folder(self.root)

    def setup(self, stage: str | None = None) -> None:
        """Open the tokens and check them, see :meth:`.Text.setup`; a class must hold texts and no folders."""
        for split in self.corpus.splits.values() if self.task == "classification" else ():
            for name, label in zip(split.names, split.labels, strict=True):
                folder = Path(name).parent.name
                if label is not None and folder != label and f".{label}:" not in name:
                    raise MisconfigurationException(
                        f"{name}: the class {label} holds the folder {folder}, which may be a class or a split of its own; "
                        "expected ROOT/<class>/*.txt or ROOT/train/<class>/*.txt."
                    )
        super().setup(stage)
