"""Say which version of the package this is, and of what it rests on: what a report of a fault should name."""

from __future__ import annotations

import importlib.metadata
import platform
from importlib.metadata import PackageNotFoundError

_BESIDE = ("torch", "pytorch-lightning", "lightning", "hydra-core")


def version_line() -> str:
    """Versions in one line: ``practicum 0.1.0 (torch 2.9.0, ..., Python 3.12.3)``. Nothing heavy is imported."""
    beside = [f"{name} {version}" for name in _BESIDE if (version := package_version(name)) is not None]
    own = package_version("practicum") or "(not installed)"
    return f"practicum {own} ({', '.join([*beside, f'Python {platform.python_version()}'])})"


def package_version(package: str) -> str | None:
    """A package's version; ``None`` where it isn't installed, as a tree that is imported from where it lies."""
    try:
        return importlib.metadata.version(package)
    except PackageNotFoundError:
        return None
