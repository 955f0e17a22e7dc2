"""Where a callback's file goes."""

from __future__ import annotations

import os
from pathlib import Path

from practicum.lightning_shim import Trainer


def output_path(trainer: Trainer, folder: str | os.PathLike[str], name: str) -> Path:
    """Return the path of a file that a callback writes.

    Args:
        trainer: Its ``default_root_dir`` is what a relative folder is relative to.
        folder: Where the file goes; an absolute path stays as it is.
        name: The file's name; a part that comes from data is one of :func:`.safe_file_names`.
    """
    return Path(trainer.default_root_dir) / folder / name
