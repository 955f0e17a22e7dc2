"""Labels as names of folders."""

from __future__ import annotations

import re


def slug(text: str) -> str:
    """Words of a label as a name of a folder, which can be typed without quotes."""
    return "_".join(re.findall(r"[a-z0-9.]+", text.lower()))
