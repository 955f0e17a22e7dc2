"""Photos by an open search: what Openverse finds for a few words, each class its own, freely licensed.

**What it does.** Searches Openverse, downloads its small version of each photo (600 pixels wide), and leaves out what is no
photo, is broken, or has been found before. Authors and licences are listed in ``ATTRIBUTION.csv``. :class:`.ImageFolder` then
cleans as it cleans any photos, and lists near duplicates; what shows something else is found among the highest losses.

**When to use it.** :class:`.Spiders` with ``source="openverse"``: any classes that words describe. A search finds what people
have called so: expect a few per cent that show something else.

**Defaults.** All that a search gives, which are 240 photos: more searches of a class bring more. Licences that allow use and
changes with attribution. One request per second, without a key.

**Source.** https://api.openverse.org/v1/. Every photo belongs to its author.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import logging
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

from PIL import Image
from practicum.lightning_shim import MisconfigurationException
from rich.progress import Progress

from ..files.atomic_file import atomic_write
from ..files.quoting import plain
from .decode import UnusablePhoto, decode_photo
from .download_state import CREDITS, STATE_FILE, DownloadedPhotos, read_state
from .openverse_client import OpenverseClient, OpenverseError, PhotoUnavailable
from .split_names import split_of

log = logging.getLogger(__name__)

QUERIES = {"spiders": "spider", "scorpions": "desert scorpion"}  # the article's
LICENCES = ("cc0", "pdm", "by", "by-sa", "by-nc", "by-nc-sa")  # all allow changes, and use with attribution
_ENDINGS = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "GIF": ".gif"}
_IDENTIFIER = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_INCOMING = ".photo.part"  # until it is known to be a whole photo
_FEW = 10  # photos of a class, below which nothing is learnt
_UNAVAILABLE = 5  # photos in succession that can't be had: then it is Openverse that fails


@dataclass
class _Fetched:
    """The result of one photo: a line of ``photos.jsonl``."""

    label: str
    photo: str
    file: str = ""  # relative to the folder; empty if left out
    reason: str = ""
    title: str = ""
    creator: str = ""
    creator_url: str = ""
    licence: str = ""
    licence_url: str = ""
    page: str = ""  # where the photo is shown
    attribution: str = ""
    sha256: str = ""


def searches_of(queries: Mapping[str, str | Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """The searches of each class.

    Args:
        queries: By class, the words of a search, or of several.

    Raises:
        MisconfigurationException: Fewer than two classes, a name that can't be a folder's, two names that differ in capitals
            only, or a search without words.

    Example:
        >>> from practicum.datamodules.images.openverse import searches_of
        >>> searches_of({"spiders": ["spider", "tarantula"], "scorpions": "desert scorpion"})
        {'spiders': ('spider', 'tarantula'), 'scorpions': ('desert scorpion',)}
    """
    example = 'e.g. "data.queries={spiders: spider, scorpions: desert scorpion}"'
    if not isinstance(queries, Mapping) or len(queries) < 2:
        raise MisconfigurationException(f"queries={queries}: give at least two classes and the words to search for, {example}.")
    found: dict[str, tuple[str, ...]] = {}
    for label, words in queries.items():
        each = (words,) if isinstance(words, str) else tuple(words) if isinstance(words, Sequence) else ()
        if not each or not all(isinstance(one, str) and one.strip() for one in each):
            raise MisconfigurationException(f"queries: class {label} has no words to search for, {example}.")
        if not re.fullmatch(r"\w[\w .-]{0,63}", str(label)) or str(label)[-1] in " ." or split_of(str(label)):
            raise MisconfigurationException(
                f"queries: {plain(str(label))!r} can't be a class, as that names a folder: use letters, digits, spaces, - and _, "
                "and not the name of a split."
            )
        if str(label).casefold() in map(str.casefold, found):
            raise MisconfigurationException(
                f"queries: class {label} is there twice, in capitals or not: folders of both are one."
            )
        found[str(label)] = tuple(one.strip() for one in each)
    return found


def fetch_openverse(
    folder: Path, searches: Mapping[str, Sequence[str]], most: int | None = None, client: OpenverseClient | None = None
) -> None:
    """Download photos into ``folder/<class>/``, continuing where an earlier call stopped.

    Args:
        folder: Created if missing; complete once it has ``ATTRIBUTION.csv``.
        searches: By class, the words of each of its searches.
        most: Photos of a class, at most; ``None``: all that its searches give.
        client: The API; default: Openverse's own.

    Raises:
        MisconfigurationException: Openverse can't be reached or asks to wait (the same call will continue), or a class has fewer
            than ten photos.
    """
    if (folder / CREDITS).is_file():
        return
    folder.mkdir(parents=True, exist_ok=True)
    fetched, client = read_state(folder, _Fetched), client or OpenverseClient()
    with Progress(transient=True) as progress, open(folder / STATE_FILE, "a", encoding="utf-8") as state:
        task = progress.add_task("Downloading photos", total=None)
        try:
            for label, words in searches.items():
                for each in _fetch_class(folder, label, words, most, client, fetched):
                    fetched.append(each)
                    state.write(json.dumps(asdict(each)) + "\n")
                    state.flush()
                    progress.update(task, completed=sum(bool(one.file) for one in fetched))
        except OpenverseError as error:
            have = sum(bool(each.file) for each in fetched)
            raise MisconfigurationException(
                f"Openverse: {plain(str(error), 160)}; {have} photos are in {folder}, and the same command continues from there."
            ) from error
    (folder / _INCOMING).unlink(missing_ok=True)
    for label, words in searches.items():
        have = sum(each.label == label and bool(each.file) for each in fetched)
        if have < _FEW:
            raise MisconfigurationException(
                f"Openverse has {have} photos of class {label} ({', '.join(words)}), which is too few to learn from; search for "
                "other words, or for several: queries={" + label + ": [WORDS,OTHER WORDS], ...}."
            )
        log.info(f"Openverse: {have} photos of class {label}.")
    _write_attribution(folder, fetched)


def _fetch_class(
    folder: Path, label: str, words: Sequence[str], most: int | None, client: OpenverseClient, fetched: Sequence[_Fetched]
) -> Iterator[_Fetched]:
    """Photos of a class that are not there yet, kept or left out."""
    known = {each.photo for each in fetched}  # of the other classes, too: what two searches find tells them apart badly
    contents = {each.sha256 for each in fetched if each.file}
    have = sum(each.label == label and bool(each.file) for each in fetched)
    unavailable = 0
    for each in words:
        page, pages = 1, 1
        while page <= pages and (most is None or have < most):
            answer = client.search(each, ",".join(LICENCES), page)
            page, pages = page + 1, answer["page_count"] if answer["results"] else 0
            for result in answer["results"]:
                identifier = str(result.get("id", "")).lower()
                if identifier in known or not _IDENTIFIER.fullmatch(identifier) or (most is not None and have >= most):
                    continue
                known.add(identifier)
                try:
                    found = _fetch_photo(folder, label, identifier, result, client, contents)
                except PhotoUnavailable as error:  # not noted: the next call, if there is one, asks for it again
                    unavailable += 1
                    if unavailable == _UNAVAILABLE:
                        raise OpenverseError(f"its photos can't be had ({error})") from error
                    continue
                unavailable = 0
                contents.add(found.sha256)
                have += bool(found.file)
                yield found


def _fetch_photo(
    folder: Path, label: str, identifier: str, result: Mapping[str, Any], client: OpenverseClient, contents: set[str]
) -> _Fetched:
    said = {name: " ".join(str(result.get(name) or "").split()) for name in ("license", "license_version", "title", "creator")}
    said |= {name: str(result.get(name) or "") for name in ("creator_url", "license_url", "foreign_landing_url", "attribution")}
    found = _Fetched(
        label,
        identifier,
        title=said["title"],
        creator=said["creator"],
        creator_url=said["creator_url"],
        licence=f"{said['license']} {said['license_version']}".strip(),
        licence_url=said["license_url"],
        page=said["foreign_landing_url"],
        attribution=said["attribution"],
    )
    if said["license"].lower() not in LICENCES:
        found.reason = f"licence {said['license'] or 'unknown'}"
        return found
    try:
        content = client.photo(identifier)
        found.sha256 = hashlib.sha256(content).hexdigest()
        if found.sha256 in contents:
            raise UnusablePhoto("duplicate")
        beside = folder / _INCOMING  # only one process fetches into a folder
        beside.write_bytes(content)
        decode_photo(beside, 64)
        with Image.open(beside) as image:
            ending = _ENDINGS.get(image.format or "")
        if ending is None:
            raise UnusablePhoto(f"of the format {image.format}")
        path = folder / label / f"{identifier}{ending}"
        path.parent.mkdir(exist_ok=True)
        with open(beside, "rb+") as file:  # Windows syncs only what is open for writing
            os.fsync(file.fileno())
        os.replace(beside, path)
        found.file = path.relative_to(folder).as_posix()
    except (UnusablePhoto, ValueError) as error:
        found.reason = str(error)
    return found


def _write_attribution(folder: Path, fetched: Sequence[_Fetched]) -> None:
    """Write authors, licences and checksums; last of all, as they mark the folder as complete."""
    kept = sorted((each for each in fetched if each.file), key=lambda each: each.file)
    columns = ("file", "title", "creator", "creator_url", "licence", "licence_url", "page", "attribution", "sha256")
    text = io.StringIO()
    table = csv.DictWriter(text, columns, extrasaction="ignore")
    table.writeheader()
    table.writerows(asdict(each) for each in kept)
    with atomic_write(folder / CREDITS) as beside:
        beside.write_text(text.getvalue(), encoding="utf-8", newline="")


@dataclass(frozen=True)
class Openverse(DownloadedPhotos):
    """Photos of classes that words describe, downloaded from Openverse once.

    Args:
        queries: By class, the words of a search, or of several.
        download_dir: Folder for the photos of all searches.
        most: Photos of a class, at most; ``None``: all that its searches give.

    Raises:
        MisconfigurationException: See :func:`searches_of`; or ``most`` is below ten.
    """

    name: ClassVar[str] = "openverse"
    queries: Mapping[str, str | Sequence[str]]
    download_dir: Path
    most: int | None = None

    def __post_init__(self) -> None:
        searches_of(self.queries)
        if self.most is not None and self.most < _FEW:
            raise MisconfigurationException(f"per_class={self.most} must be at least {_FEW}.")

    @property
    def path(self) -> Path:
        """The folder of these searches' photos."""
        searches = searches_of(self.queries)
        wanted = json.dumps([searches, self.most], sort_keys=True)
        return self.download_dir / f"{'-'.join(searches)[:60]}-{hashlib.sha256(wanted.encode()).hexdigest()[:8]}"

    def fetch(self) -> None:
        """Download what isn't there yet."""
        fetch_openverse(self.path, searches_of(self.queries), self.most)
