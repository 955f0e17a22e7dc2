"""Checkpoints written atomically.

**What it does.** Writes a checkpoint beside its place, straight to the disk, and renames it. Lightning's own plugin holds the
whole checkpoint in memory a second time, writes it to the system's temporary folder and moves it from there, which on another
disk is a copy that can be cut short.

**When to use it.** Always, on local disks: ``Trainer(plugins=[WholeFileCheckpointIO()])``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from practicum.lightning_shim import TorchCheckpointIO

from ..files.atomic_file import atomic_write


class WholeFileCheckpointIO(TorchCheckpointIO):
    """Writes Lightning's checkpoints beside their place and renames them. Paths are local ones.

    Example:
        >>> import tempfile, torch
        >>> from pathlib import Path
        >>> from practicum.callbacks import WholeFileCheckpointIO
        >>> folder = tempfile.TemporaryDirectory()
        >>> path = Path(folder.name) / "a.ckpt"
        >>> WholeFileCheckpointIO().save_checkpoint({"step": 3}, path)
        >>> torch.load(path, weights_only=True)
        {'step': 3}
        >>> folder.cleanup()
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | os.PathLike[str], storage_options: Any | None = None
    ) -> None:
        """Write ``checkpoint`` to ``path``; the previous file stays until the new one is complete and on the disk.

        Args:
            checkpoint: What to save.
            path: A local file.
            storage_options: Not supported.

        Raises:
            TypeError: ``storage_options`` are given.
            OSError: It can't be written; ``filename`` is ``path``.
        """
        if storage_options is not None:
            raise TypeError("WholeFileCheckpointIO writes local files and takes no storage_options.")
        with atomic_write(Path(path)) as beside, open(beside, "wb") as file:
            try:
                torch.save(checkpoint, file)
            except RuntimeError as error:  # torch's writer, of a position that it did not expect
                if isinstance(error.__context__, OSError):
                    raise error.__context__ from None  # the disk's own: it is full
                raise
            file.flush()
            os.fsync(file.fileno())
