"""Checks of constructor arguments that name the class, the option and its value."""

from __future__ import annotations

from typing import Any

from practicum.lightning_shim import MisconfigurationException


def check_options(owner: str, *checks: tuple[str, Any, bool, str]) -> None:
    """Raise for the first option that is not valid.

    Args:
        owner: Name of the class.
        checks: Name of an option, its value, whether it is valid, and what is required of it ("must be at least 1").

    Raises:
        MisconfigurationException: An option is not valid.
    """
    for option, value, valid, requirement in checks:
        if not valid:
            raise MisconfigurationException(f"{owner}: {option}={value} {requirement}.")


def at_least(low: float, **options: float) -> list[tuple[str, Any, bool, str]]:
    """Checks that options are ``low`` or more."""
    return [(option, value, value >= low, f"must be at least {low:g}") for option, value in options.items()]


def rates(**options: float) -> list[tuple[str, Any, bool, str]]:
    """Checks that options are probabilities below 1."""
    return [(option, value, 0 <= value < 1, "must be from 0 to below 1") for option, value in options.items()]
