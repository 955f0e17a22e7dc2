"""Synthetic store sales in Rossmann's files; the best possible error on them is known."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..loading.source import Synthetic, local_or
from ..synthetic.stores import VERSION, generate_stores
from .rossmann import Rossmann


class Stores(Rossmann):
    """:class:`.Rossmann` of synthetic sales, see :mod:`practicum.datamodules.synthetic.stores`.

    Args:
        root: Folder of other sales in the same files. Default: synthetic ones.
        synthetic_dir: Folder for synthetic data.
        options: Those of :class:`.Rossmann`.

    Example:
        >>> import tempfile
        >>> from practicum.datamodules import Stores
        >>> data = Stores(synthetic_dir=tempfile.mkdtemp(), features="paper", cache=tempfile.mkdtemp())
        >>> data.prepare_data()
        >>> list(data.known_answer)  # the least RMSPE that any model reaches on the last six weeks
        ['rmspe']
    """

    def __init__(
        self,
        root: str | os.PathLike[str] | None = None,
        synthetic_dir: str | os.PathLike[str] = "data/synthetic",
        **options: Any,
    ) -> None:
        self.source = local_or(root, Synthetic(generate_stores, Path(synthetic_dir) / f"stores-{VERSION}"))
        super().__init__(self.source.path, **options)

    def prepare_data(self) -> None:
        """Generate the sales unless they are there, and build the arrays."""
        self.source.prepare()
        super().prepare_data()

    @property
    def known_answer(self) -> dict[str, float]:
        """The best RMSPE that any model can reach on the last six weeks, if these validate."""
        answer, days = self.source.answer(), self.config.valid_days
        return {"rmspe": answer["rmspe"]} if days is not None and days == answer.get("days") else {}

    @property
    def provenance(self) -> dict[str, Any]:
        """As :class:`.Table`'s; the source says whether the sales are synthetic."""
        return {**super().provenance, "source": str(self.source)}
