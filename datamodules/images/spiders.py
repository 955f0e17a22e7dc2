"""Spiders and scorpions, as in the article: synthetic photos with a known answer, downloaded ones, or one's own."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from practicum.lightning_shim import MisconfigurationException

from ..loading.source import Local, Source, Synthetic
from ..synthetic.spiders import VERSION, generate_spiders
from .download_state import DownloadedPhotos
from .image_folder import ImageFolder
from .inaturalist import INaturalist
from .openverse import QUERIES, Openverse


class Spiders(ImageFolder):
    """:class:`.ImageFolder` of spiders and scorpions: 290 + 290 training photos and 118 + 117 for validation.

    Args:
        root: A folder of one's own photos.
        source: ``"synthetic"``; ``"inaturalist"``: downloaded, see :mod:`.inaturalist`; ``"openverse"``: found by a search, see
            :mod:`.openverse`; ``"folder"``: those in ``root``. Default: ``"folder"`` if there is a ``root``, else
            ``"synthetic"``.
        taxa: Scientific names of the two taxa to download from iNaturalist; one class each.
        queries: What to search Openverse for: by class, the words of a search, or a list of several. Default: the article's,
            ``{"spiders": "spider", "scorpions": "desert scorpion"}``.
        per_class: Photos of a class from Openverse, at most. Default: all that its searches give, up to 240 each.
        synthetic_dir: Folder for synthetic data sets.
        download_dir: Folder for photos from iNaturalist.
        openverse_dir: Folder for photos from Openverse.
        options: Those of :class:`.ImageFolder`.

    Raises:
        MisconfigurationException: ``source`` and ``root`` contradict each other; see also :class:`.ImageFolder`.

    Example:
        >>> from practicum.datamodules import Spiders
        >>> data = Spiders(size=224)  # prepare_data() generates the photos
        >>> str(data.source)
        'synthetic: data/synthetic/spiders-1'
        >>> str(Spiders(source="inaturalist", taxa=["Lepidoptera", "Odonata"]).source)
        'inaturalist: data/inaturalist/Lepidoptera-Odonata'
        >>> str(Spiders(source="openverse", queries={"crabs": "hermit crab", "ticks": "tick arachnid"}).source)
        'openverse: data/openverse/crabs-ticks-91aa46eb'
    """

    def __init__(
        self,
        root: str | os.PathLike[str] | None = None,
        source: Literal["synthetic", "inaturalist", "openverse", "folder"] | None = None,
        taxa: Sequence[str] = ("Araneae", "Scorpiones"),
        queries: Mapping[str, str | Sequence[str]] | None = None,
        per_class: int | None = None,
        synthetic_dir: str | os.PathLike[str] = "data/synthetic",
        download_dir: str | os.PathLike[str] = "data/inaturalist",
        openverse_dir: str | os.PathLike[str] = "data/openverse",
        **options: Any,
    ) -> None:
        name = source or ("synthetic" if root is None else "folder")
        if (name == "folder") != (root is not None):
            wanted = (
                "needs root, the folder of your photos" if root is None else "has no root; leave root out, or set source=folder"
            )
            raise MisconfigurationException(f"Spiders: source={name} {wanted}.")
        if len(taxa) != 2 or len(set(taxa)) != 2:
            raise MisconfigurationException(f"Spiders: taxa={list(taxa)} must be two different taxa, e.g. [Araneae,Scorpiones].")
        if name != "openverse" and (queries is not None or per_class is not None):
            raise MisconfigurationException(f"Spiders: queries and per_class are for source=openverse, not for source={name}.")
        chosen: Source
        if root is not None:
            chosen = Local(Path(root))
        elif name == "inaturalist":
            chosen = INaturalist(tuple(taxa), Path(download_dir))
        elif name == "openverse":
            chosen = Openverse(QUERIES if queries is None else queries, Path(openverse_dir), per_class)
        else:
            chosen = Synthetic(generate_spiders, Path(synthetic_dir) / f"spiders-{VERSION}")
        super().__init__(root=chosen.path, **options)
        self.source = chosen

    @property
    def known_answer(self) -> dict[str, float]:
        """The best expected accuracy of any model, ``{"accuracy": ...}``; empty unless the photos are synthetic."""
        answer = self.source.answer()
        return {"accuracy": answer["accuracy"]} if answer else {}

    @property
    def provenance(self) -> dict[str, Any]:
        """As :class:`.ImageFolder`'s; downloaded photos with their attribution."""
        facts = super().provenance
        return {**facts, "attribution": self.source.attribution()} if isinstance(self.source, DownloadedPhotos) else facts
