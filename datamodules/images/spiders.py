"""Spiders and scorpions, as in the article: one's own photos, photos from the net, or a drawn sample with a known answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock
from practicum.lightning_shim import MisconfigurationException

from ..synthetic.generate import draw_once
from ..synthetic.spiders import VERSION, draw_spiders
from .image_folder import ImageFolder
from .inaturalist import fetch_inaturalist


class Spiders(ImageFolder):
    """:class:`ImageFolder` on spiders and scorpions: 290 + 290 photos to train and 118 + 117 to validate, as ordinary files.

    Args:
        root: A folder of one's own photos.
        source: ``drawn``; ``inaturalist``: fetched from the net, see :mod:`.inaturalist`; ``folder``: those in ``root``, by
            whatever means they came there. Default: ``folder`` where there is a ``root``, else ``drawn``.
        taxa: Scientific names of what is fetched; a class each.
        drawn: Folder for the drawn ones.
        net: Folder for the fetched ones.
        options: Those of :class:`ImageFolder`.

    Raises:
        MisconfigurationException: ``source`` and ``root`` contradict each other; see :class:`ImageFolder`.
    """

    def __init__(
        self,
        root: str | None = None,
        source: Literal["drawn", "inaturalist", "folder"] | None = None,
        taxa: Sequence[str] = ("Araneae", "Scorpiones"),
        drawn: str = "data/drawn",
        net: str = "data/inaturalist",
        **options: Any,
    ) -> None:
        source = source or ("drawn" if root is None else "folder")
        if (source == "folder") != (root is not None):
            wanted = "data.root=PHOTOS says which" if root is None else "leave data.root out, or take data.source=folder"
            raise MisconfigurationException(f"data.source={source}: {wanted}.")
        if len(taxa) != 2 or len(set(taxa)) != 2:
            raise MisconfigurationException(f"data.taxa={list(taxa)}: two different taxa are wanted, e.g. [Araneae,Scorpiones].")
        places = {"drawn": Path(drawn) / f"spiders-{VERSION}", "inaturalist": Path(net) / "-".join(taxa)}
        super().__init__(root=root if root is not None else places[source], **options)
        self.source, self.taxa = source, list(taxa)

    def prepare_data(self) -> None:
        """Draw or fetch the photos if they are not there yet; then read them like any others."""
        assert self.root is not None
        if self.source == "drawn":
            draw_once(self.root, draw_spiders)
        elif self.source == "inaturalist":
            self.root.mkdir(parents=True, exist_ok=True)
            with FileLock(self.root / ".lock"):
                fetch_inaturalist(self.root, self.taxa)
        super().prepare_data()

    @property
    def known_answer(self) -> dict[str, float]:
        """The best that any model reaches in expectation, where it is known: ``{"accuracy": ...}``."""
        if self.source != "drawn":
            return {}
        assert self.root is not None
        return {"accuracy": json.loads((self.root / "answer.json").read_text())["accuracy"]}

    @property
    def provenance(self) -> dict[str, Any]:
        """As :class:`ImageFolder`'s, saying where the photos are from."""
        facts = super().provenance
        if self.source == "inaturalist":
            assert self.root is not None
            credits_file = self.root / "ATTRIBUTION.csv"
            facts["attribution"] = f"{credits_file}, SHA-256 {hashlib.sha256(credits_file.read_bytes()).hexdigest()}"
        return facts if self.source == "folder" else {**facts, "source": f"{self.source}: {facts['source']}"}
