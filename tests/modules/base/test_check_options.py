"""Options out of range are named with their class."""

from __future__ import annotations

import pytest
from practicum.lightning_shim import MisconfigurationException
from practicum.modules.base.check_options import at_least, check_options, rates


def test_the_first_option_that_is_not_valid_is_named() -> None:
    check_options("Net", *at_least(1, factors=1), *rates(dropout=0.0))
    with pytest.raises(MisconfigurationException, match=r"^Net: factors=0 must be at least 1\.$"):
        check_options("Net", *at_least(1, factors=0), *rates(dropout=1.0))
    with pytest.raises(MisconfigurationException, match=r"^Net: dropout=1.0 must be from 0 to below 1\.$"):
        check_options("Net", *rates(dropout=1.0))
    with pytest.raises(MisconfigurationException, match=r"^Net: loss=x is unknown\.$"):
        check_options("Net", ("loss", "x", False, "is unknown"))
