"""What programs write where a label is missing."""

from __future__ import annotations

import pytest
from practicum.datamodules.loading.missing_labels import missing_label


@pytest.mark.parametrize(
    ("classes", "found"),
    [
        (["cat", "NaN", "null"], "NaN"),
        (["#N/A", "a"], "#N/A"),
        (["no", "unknown", "nano"], None),
        ([], None),
    ],
)
def test_marks_are_told_from_names(classes: list[str], found: str | None) -> None:
    assert missing_label(classes) == found
