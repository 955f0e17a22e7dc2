"""What a data module says of its data is known once it has been set up."""

from __future__ import annotations

from practicum.lightning_shim import MisconfigurationException


def require_set_up(data: object, is_set_up: bool) -> None:
    """Raise unless a data module has been set up, as it is in a notebook by hand.

    Args:
        data: The data module.
        is_set_up: Whether it has been.

    Raises:
        MisconfigurationException: It has not.
    """
    if not is_set_up:
        raise MisconfigurationException(
            f"{type(data).__name__}: nothing is read yet; call prepare_data() and setup() first, as a trainer does."
        )
