"""A client of iNaturalist's API and photos: rate-limited as iNaturalist asks for, with retries.

**Source.** https://api.inaturalist.org/v1/docs, through ``pyinaturalist`` (an extra dependency).
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from practicum.lightning_shim import MisconfigurationException

LICENCES = ("cc0", "cc-by", "cc-by-nc", "cc-by-sa", "cc-by-nc-sa")  # all allow use with attribution


class INaturalistClient:
    """iNaturalist's API and photos.

    Args:
        folder: Keeps the state of the rate limits between runs.
        address: The API's base URL; default: iNaturalist's.
        per_second: API requests, and photo requests, per second.

    Raises:
        MisconfigurationException: ``pyinaturalist`` is not installed.
    """

    def __init__(self, folder: Path, address: str | None = None, per_second: float = 1.0) -> None:
        try:
            from pyinaturalist.constants import API_V1  # noqa: PLC0415
            from pyinaturalist.session import ClientSession  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise MisconfigurationException(
                "INaturalistClient needs the package pyinaturalist: pip install pyinaturalist."
            ) from error
        from requests import Session  # noqa: PLC0415 - comes with it
        from requests.adapters import HTTPAdapter  # noqa: PLC0415
        from urllib3.util import Retry  # noqa: PLC0415

        base_url = address or API_V1
        base: Any = ClientSession

        class Redirected(base):
            def request(self, method: str, url: str, **options: Any) -> Any:
                return super().request(method, url.replace(API_V1, base_url), **options)

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
        """The next page of a taxon's research-grade observations whose ID is above ``after``, in ascending order."""
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
        """Download a photo; returns its bytes."""
        time.sleep(self._pause)
        response = self._photos.get(url, timeout=30)
        response.raise_for_status()
        return bytes(response.content)
