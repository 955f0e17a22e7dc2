"""Photos downloaded from iNaturalist: research-grade observations of two (or more) taxa, as in the article.

**What it does.** Queries iNaturalist's API for observations of research grade whose photos may be used, downloads the photos,
leaves out broken files and duplicates, and stops at the wanted numbers. All photos of an observation lie in the same split, so
no animal is in both. Authors and licences are listed in ``ATTRIBUTION.csv``.

**When to use it.** :class:`.Spiders` with ``source="inaturalist"``; with any two taxa.

**Defaults.** 290 training photos of each class, 118 and 117 for validation, as in the article; 500 pixels on the longer side; at
most two photos per observation; licences that allow use with attribution. One request per second, as iNaturalist asks for.

**Source.** https://api.inaturalist.org/v1/docs, through ``pyinaturalist``. Every photo belongs to its observer.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

from practicum.lightning_shim import MisconfigurationException
from rich.progress import Progress

from ..files.atomic_file import atomic_write
from .decode import UnusablePhoto, decode_photo
from .download_state import CREDITS, STATE_FILE, DownloadedPhotos, read_state
from .inaturalist_client import LICENCES, INaturalistClient

COUNTS = {"train": (290, 290), "valid": (118, 117)}  # photos of the first and of the second taxon
CLASSES = {"Araneae": "spiders", "Scorpiones": "scorpions"}
_PER_OBSERVATION = 2
_TRIES = 3  # for a page that brings nothing new


@dataclass
class _Fetched:
    """The result of one photo: a line of ``photos.jsonl``."""

    taxon: str
    observation: int
    photo: int
    file: str = ""  # relative to the folder; empty if left out
    reason: str = ""
    licence: str = ""
    attribution: str = ""
    sha256: str = ""


def split_of(observation: int, seed: int, counts: Mapping[str, int]) -> str:
    """The split of an observation: pseudo-random in the proportions of ``counts``, a function of its ID and the seed."""
    uniform = int.from_bytes(hashlib.sha256(f"{seed} {observation}".encode()).digest()[:8], "big") / 2**64
    for split, count in counts.items():
        uniform -= count / sum(counts.values())
        if uniform < 0:
            return split
    return next(iter(counts))


def fetch_inaturalist(
    folder: Path,
    taxa: Sequence[str] = ("Araneae", "Scorpiones"),
    counts: Mapping[str, Sequence[int]] = COUNTS,
    size: str = "medium",
    seed: int = 1,
    client: INaturalistClient | None = None,
) -> None:
    """Download photos into ``folder/<split>/<class>/``, continuing where an earlier call stopped.

    Args:
        folder: Created if missing; complete once it has ``ATTRIBUTION.csv``.
        taxa: Scientific names; one class each.
        counts: Number of photos of each taxon, by split.
        size: ``small`` (240 pixels), ``medium`` (500), ``large`` (1024) or ``original``.
        seed: Decides which observations go to which split.
        client: The API; default: iNaturalist's own.

    Raises:
        MisconfigurationException: The network failed (the same call will continue), or there are not enough photos.
    """
    if (folder / CREDITS).is_file():
        return
    folder.mkdir(parents=True, exist_ok=True)
    fetched = read_state(folder, _Fetched)
    client = client or INaturalistClient(folder)
    total = sum(sum(each) for each in counts.values())
    with Progress(transient=True) as progress, open(folder / STATE_FILE, "a", encoding="utf-8") as state:
        task = progress.add_task("Downloading photos", total=total, completed=sum(bool(each.file) for each in fetched))
        try:
            for place, taxon in enumerate(taxa):
                taxon_counts = {split: numbers[place] for split, numbers in counts.items()}
                for each in _fetch_taxon(folder, taxon, taxon_counts, size, seed, client, fetched):
                    state.write(json.dumps(asdict(each)) + "\n")
                    state.flush()
                    progress.update(task, completed=sum(bool(one.file) for one in fetched))
        except OSError as error:  # the base of requests' errors
            have = sum(bool(each.file) for each in fetched)
            reason = " ".join(str(error).split())[:120]
            raise MisconfigurationException(
                f"iNaturalist could not be reached ({type(error).__name__}: {reason}); {have} of {total} photos are in {folder}, "
                "and the same command continues from there."
            ) from error
    _write_attribution(folder, fetched)


def _fetch_taxon(
    folder: Path, taxon: str, counts: Mapping[str, int], size: str, seed: int, client: INaturalistClient, fetched: list[_Fetched]
) -> Iterator[_Fetched]:
    name = CLASSES.get(taxon, taxon.lower())
    have = {split: sum(each.file.startswith(f"{split}/{name}/") for each in fetched) for split in counts}
    known = {each.photo for each in fetched}
    contents = {each.sha256 for each in fetched if each.sha256}
    done = {each.observation for each in fetched if each.taxon == taxon}
    last = max(done, default=0)
    after = max(0, last - 1)  # the last one may be incomplete
    idle = 0
    while any(have[split] < counts[split] for split in counts):
        page = client.observations(taxon, after)
        if not page:
            raise MisconfigurationException(
                f"iNaturalist has too few photos of {taxon}: {sum(have.values())} of the {sum(counts.values())} needed."
            )
        newest = max(each["id"] for each in page)
        idle = 0 if newest > after else idle + 1
        if idle == _TRIES:
            raise MisconfigurationException(f"iNaturalist returns the same page of {taxon} again and again; try later.")
        after = max(after, newest)
        for observation in page:
            split = split_of(observation["id"], seed, counts)
            for photo in observation["photos"][:_PER_OBSERVATION]:
                if have[split] >= counts[split] or photo["id"] in known:
                    continue
                known.add(photo["id"])
                each = _fetch_photo(folder, taxon, observation["id"], photo, f"{split}/{name}", size, client, contents)
                have[split] += bool(each.file)
                fetched.append(each)
                yield each


def _fetch_photo(
    folder: Path,
    taxon: str,
    observation: int,
    photo: dict[str, Any],
    subfolder: str,
    size: str,
    client: INaturalistClient,
    contents: set[str],
) -> _Fetched:
    licence = photo.get("license_code") or ""
    each = _Fetched(taxon, observation, photo["id"], licence=licence, attribution=photo.get("attribution") or "")
    if licence.lower() not in LICENCES:
        each.reason = f"licence {licence or 'all rights reserved'}"
        return each
    content = client.photo(photo["url"].replace("/square.", f"/{size}."))
    each.sha256 = hashlib.sha256(content).hexdigest()
    path = folder / subfolder / f"{photo['id']}.jpg"
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    beside.write_bytes(content)
    try:
        decode_photo(beside, 64)
    except UnusablePhoto as verdict:
        each.reason = str(verdict)
    if each.sha256 in contents:
        each.reason = "duplicate"
    if each.reason:
        beside.unlink()
        return each
    contents.add(each.sha256)
    os.replace(beside, path)
    each.file = path.relative_to(folder).as_posix()  # of Windows, too: it is looked for by its first folders
    return each


def _write_attribution(folder: Path, fetched: Sequence[_Fetched]) -> None:
    """Write authors, licences and checksums; last of all, as they mark the folder as complete."""
    kept = sorted((each for each in fetched if each.file), key=lambda each: each.file)
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(["file", "observation", "licence", "attribution", "sha256"])
    for each in kept:
        address = f"https://www.inaturalist.org/observations/{each.observation}"
        table.writerow([each.file, address, each.licence, each.attribution, each.sha256])
    sums = "".join(f"{each.sha256}  {each.file}\n" for each in kept)
    for name, content in (("SHA256SUMS", sums), (CREDITS, text.getvalue())):
        with atomic_write(folder / name) as beside:
            beside.write_text(content, encoding="utf-8", newline="")


@dataclass(frozen=True)
class INaturalist(DownloadedPhotos):
    """Photos of two taxa, downloaded from iNaturalist once.

    Args:
        taxa: Scientific names; one class each.
        download_dir: Folder for the photos of all taxa.
    """

    name: ClassVar[str] = "inaturalist"
    taxa: tuple[str, ...]
    download_dir: Path

    @property
    def path(self) -> Path:
        """The folder of these taxa's photos."""
        return self.download_dir / "-".join(self.taxa)

    def fetch(self) -> None:
        """Download what isn't there yet."""
        fetch_inaturalist(self.path, self.taxa)
