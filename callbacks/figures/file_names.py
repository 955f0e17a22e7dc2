"""Names of files after names in the data: safe, short, and none like another.

**Why.** A column may be called ``km/h``, ``/../../x``, ``CON``, ``.hidden`` or by 240 characters. As part of a path each of these
ends a run, writes outside its folder, or hides the file.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable

_LONGEST = 120  # bytes of UTF-8; file systems take 255, of which a prefix, an ending and a temporary name need some
_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])(\..*)?", re.IGNORECASE)  # by Windows
_ENDS = re.compile(r"^[ .~-]+|[ .]+$")
_SEPARATING = '<>:"/\\|?*'


def safe_file_names(names: Iterable[str]) -> dict[str, str]:
    """Return a part of a file name for each name: without folders, reserved words and dots at the ends, of 120 bytes at most.

    Names that are safe already stay as they are. All others, and those that differ from an earlier one in upper and lower case
    only, get the beginning of their SHA-256, so that ``a/b`` and ``a_b`` are two files.

    Args:
        names: Any strings; those that are written side by side.

    Example:
        >>> list(safe_file_names(["shop", "km/h", "Shop"]).values())
        ['shop', 'km_h-3c9db5a7', 'Shop-d00aae6b']
    """
    chosen: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        if name in chosen:
            continue
        clean, salt = _clean(name), b""
        safe = clean
        while (safe != name and not salt) or _folded(safe) in taken:
            safe = f"{clean}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass') + salt).hexdigest()[:8]}"
            salt += b"+"
        taken.add(_folded(safe))
        chosen[name] = safe
    return chosen


def _clean(name: str) -> str:
    """Return the name with ``_`` for everything that a file system or a shell may object to."""
    odd = {each for each in name if each in _SEPARATING or (unicodedata.category(each)[0] in "CZ" and each != " ")}
    kept = "".join("_" if each in odd else each for each in name)
    kept = kept.encode()[:_LONGEST].decode(errors="ignore")
    kept = _ENDS.sub("_", kept) or "_"
    return f"_{kept}" if _RESERVED.fullmatch(kept) else kept


def _folded(name: str) -> str:
    """As file systems that ignore case and composition see a name."""
    return unicodedata.normalize("NFC", name).casefold()
