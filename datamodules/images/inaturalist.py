"""Photos from the net, the article's way: research-grade observations of two (or more) taxa from iNaturalist.

**What it does.** Asks iNaturalist's API for observations whose species is agreed on and whose photos may be used, fetches the
photos, leaves out what is broken, no image or there already, and stops at the wanted numbers. An observation lies in one split
with all its photos, so that no animal stands on both sides. Whose photos they are, and under which licence, goes to
``ATTRIBUTION.csv``.

**When to use it.** ``data=spiders data.source=inaturalist``; any taxa: ``data.taxa=[Lepidoptera,Odonata]``.

**Defaults.** 290 photos of each to train, 118 and 117 to validate, as in the article; 500 pixels on the longer side; at most two
photos of an observation; licences that allow use with attribution. One request a second, as iNaturalist asks for.

**Source.** https://api.inaturalist.org/v1/docs, through ``pyinaturalist``. Every photo belongs to its observer.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from practicum.lightning_shim import MisconfigurationException
from rich.progress import Progress

from ..files.atomic_file import atomic_write
from .decode import UnusablePhoto, decode_photo

LICENCES = ("cc0", "cc-by", "cc-by-nc", "cc-by-sa", "cc-by-nc-sa")
WANTED = {"train": (290, 290), "valid": (118, 117)}  # of the first taxon and of the second
CLASSES = {"Araneae": "spiders", "Scorpiones": "scorpions"}
_PER_OBSERVATION = 2
_TRIES = 3  # of a page that brings nothing new


@dataclass
class _Fetched:
    """What became of a photo: a line of ``photos.jsonl``."""

    taxon: str
    observation: int
    photo: int
    file: str = ""  # relative to the folder; empty where it was left out
    reason: str = ""
    licence: str = ""
    attribution: str = ""
    sha256: str = ""


class Api:
    """iNaturalist's API and its photos, at the pace it asks for, with retries.

    Args:
        folder: For the state of the rate limits, which outlives a run.
        address: Of the API.
        per_second: Requests of either kind.

    Raises:
        MisconfigurationException: ``pyinaturalist`` is not installed.
    """

    def __init__(self, folder: Path, address: str | None = None, per_second: float = 1.0) -> None:
        try:
            from pyinaturalist.constants import API_V1  # noqa: PLC0415
            from pyinaturalist.session import ClientSession  # noqa: PLC0415 (an extra)
        except ImportError as error:
            raise MisconfigurationException(
                "data.source=inaturalist needs the package pyinaturalist: pip install pyinaturalist."
            ) from error
        from requests import Session  # noqa: PLC0415 (comes with it)
        from requests.adapters import HTTPAdapter  # noqa: PLC0415
        from urllib3.util import Retry  # noqa: PLC0415

        ours = address or API_V1

        base: Any = ClientSession

        class Redirected(base):
            def request(self, method: str, url: str, **options: Any) -> Any:
                return super().request(method, url.replace(API_V1, ours), **options)

        folder.mkdir(parents=True, exist_ok=True)
        retries = Retry(total=5, backoff_factor=0.5 / per_second, status_forcelist=(429, 500, 502, 503, 504))
        self._api = Redirected(
            cache_file=folder / ".requests.db",
            expire_after=0,
            ratelimit_path=str(folder / ".rate_limit.db"),
            per_second=per_second,
            per_minute=60 * per_second,
            per_day=10_000 * per_second,
        )
        self._photos = Session()
        for session in (self._api, self._photos):
            for scheme in ("https://", "http://"):
                session.mount(scheme, HTTPAdapter(max_retries=retries))
        self._pause = 1 / per_second

    def observations(self, taxon: str, after: int) -> list[dict[str, Any]]:
        """The next research-grade observations of a taxon whose number is above ``after``, in rising order."""
        from pyinaturalist.v1.observations import get_observations  # noqa: PLC0415

        page = get_observations(
            taxon_name=taxon,
            quality_grade="research",
            photos=True,
            photo_license=[licence.upper() for licence in LICENCES],
            order_by="id",
            order="asc",
            per_page=200,
            id_above=after,
            session=self._api,
        )
        return list(page["results"])

    def photo(self, url: str) -> bytes:
        """A photo's bytes, all of them."""
        time.sleep(self._pause)
        response = self._photos.get(url, timeout=30)
        response.raise_for_status()
        return bytes(response.content)


def split_of(observation: int, seed: int, wanted: Mapping[str, int]) -> str:
    """The split of an observation: by chance in the wanted shares, a function of its number and the seed."""
    draw = int.from_bytes(hashlib.sha256(f"{seed} {observation}".encode()).digest()[:8], "big") / 2**64
    for split, count in wanted.items():
        draw -= count / sum(wanted.values())
        if draw < 0:
            return split
    return next(iter(wanted))


def fetch_inaturalist(
    folder: Path,
    taxa: Sequence[str] = ("Araneae", "Scorpiones"),
    wanted: Mapping[str, Sequence[int]] = WANTED,
    size: str = "medium",
    seed: int = 1,
    api: Api | None = None,
) -> None:
    """Fetch photos into ``folder/<split>/<class>/``; what is there already stays, and the rest is fetched.

    Args:
        folder: Made if missing. It is complete once ``ATTRIBUTION.csv`` is there.
        taxa: Scientific names; a class each.
        wanted: Of each split how many photos of each taxon.
        size: ``small`` (240 pixels), ``medium`` (500), ``large`` (1024) or ``original``.
        seed: Which observations go to which split.
        api: Where from.

    Raises:
        MisconfigurationException: The network failed (what is there stays, and the same call goes on), or there are not enough
            photos.
    """
    if (folder / "ATTRIBUTION.csv").is_file():
        return
    folder.mkdir(parents=True, exist_ok=True)
    fetched = _read_state(folder)
    api = api or Api(folder)
    total = sum(sum(counts) for counts in wanted.values())
    with Progress(transient=True) as progress, open(folder / "photos.jsonl", "a", encoding="utf-8") as state:
        task = progress.add_task("Fetching photos", total=total, completed=sum(bool(each.file) for each in fetched))
        try:
            for place, taxon in enumerate(taxa):
                counts = {split: numbers[place] for split, numbers in wanted.items()}
                for each in _fetch_taxon(folder, taxon, counts, size, seed, api, fetched):
                    state.write(json.dumps(asdict(each)) + "\n")
                    state.flush()
                    progress.update(task, completed=sum(bool(one.file) for one in fetched))
        except OSError as error:  # requests' errors are
            have = sum(bool(each.file) for each in fetched)
            reason = " ".join(str(error).split())[:120]
            raise MisconfigurationException(
                f"iNaturalist could not be reached ({type(error).__name__}: {reason}); {have} of {total} photos are in {folder}, "
                "and the same command goes on from there."
            ) from error
    _write_credits(folder, fetched)


def _read_state(folder: Path) -> list[_Fetched]:
    """What earlier calls fetched, as far as the files are there; a last line that was cut off is dropped."""
    path = folder / "photos.jsonl"
    found = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
        try:
            each = _Fetched(**json.loads(line))
        except (json.JSONDecodeError, TypeError):
            continue
        if not each.file or (folder / each.file).is_file():
            found.append(each)
    with atomic_write(path) as beside:
        beside.write_text("".join(json.dumps(asdict(each)) + "\n" for each in found), encoding="utf-8")
    return found


def _fetch_taxon(
    folder: Path, taxon: str, counts: Mapping[str, int], size: str, seed: int, api: Api, fetched: list[_Fetched]
) -> Iterator[_Fetched]:
    name = CLASSES.get(taxon, taxon.lower())
    have = {split: sum(each.file.startswith(f"{split}/{name}/") for each in fetched) for split in counts}
    known = {each.photo for each in fetched}
    contents = {each.sha256 for each in fetched if each.sha256}
    done = {each.observation for each in fetched if each.taxon == taxon}
    last = max(done, default=0)
    after = max(0, last - 1)  # the last one may have been left half-way
    idle = 0
    while any(have[split] < counts[split] for split in counts):
        page = api.observations(taxon, after)
        if not page:
            raise MisconfigurationException(
                f"iNaturalist has too few photos of {taxon}: {sum(have.values())} of the {sum(counts.values())} wanted."
            )
        newest = max(each["id"] for each in page)
        idle = 0 if newest > after else idle + 1
        if idle == _TRIES:
            raise MisconfigurationException(f"iNaturalist gives the same page of {taxon} again and again; try later.")
        after = max(after, newest)
        for observation in page:
            split = split_of(observation["id"], seed, counts)
            for photo in observation["photos"][:_PER_OBSERVATION]:
                if have[split] >= counts[split] or photo["id"] in known:
                    continue
                known.add(photo["id"])
                each = _fetch_photo(folder, taxon, observation["id"], photo, f"{split}/{name}", size, api, contents)
                have[split] += bool(each.file)
                fetched.append(each)
                yield each


def _fetch_photo(
    folder: Path, taxon: str, observation: int, photo: dict[str, Any], place: str, size: str, api: Api, contents: set[str]
) -> _Fetched:
    licence = photo.get("license_code") or ""
    each = _Fetched(taxon, observation, photo["id"], licence=licence, attribution=photo.get("attribution") or "")
    if licence.lower() not in LICENCES:
        each.reason = f"licence {licence or 'all rights reserved'}"
        return each
    content = api.photo(photo["url"].replace("/square.", f"/{size}."))
    each.sha256 = hashlib.sha256(content).hexdigest()
    path = folder / place / f"{photo['id']}.jpg"
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
    each.file = str(path.relative_to(folder))
    return each


def _write_credits(folder: Path, fetched: Sequence[_Fetched]) -> None:
    """Whose photos they are, and their checksums; written last: then the folder is complete."""
    kept = sorted((each for each in fetched if each.file), key=lambda each: each.file)
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(["file", "observation", "licence", "attribution", "sha256"])
    for each in kept:
        address = f"https://www.inaturalist.org/observations/{each.observation}"
        table.writerow([each.file, address, each.licence, each.attribution, each.sha256])
    sums = "".join(f"{each.sha256}  {each.file}\n" for each in kept)
    for name, content in (("SHA256SUMS", sums), ("ATTRIBUTION.csv", text.getvalue())):
        with atomic_write(folder / name) as beside:
            beside.write_text(content, encoding="utf-8", newline="")
