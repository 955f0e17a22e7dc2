"""Classes that are written in several ways."""

from __future__ import annotations

from practicum.datamodules.loading.similar_classes import similar_classes


def test_case_spaces_and_encodings_of_a_letter_are_named() -> None:
    found = similar_classes(["Yes", "no", "YES", "Gr\u00fcn", "Gru\u0308n", "new york", "New  York", "10"], "x.csv")
    assert found is not None
    assert "'Yes' and 'YES'" in found
    assert "'new york' and 'New  York'" in found
    assert "10" not in found


def test_only_the_first_groups_are_shown() -> None:
    found = similar_classes([f"{letter}{case}" for letter in "pqrst" for case in "aA"], "x.csv")
    assert found is not None
    assert found.count(" and ") == 4
    assert " and 2 more such groups" in found


def test_different_classes_are_no_matter() -> None:
    assert similar_classes(["yes", "no", "1", "1.5", "", "1e3", "1000.", "v1", "v1.0", "1.0.0"], "x.csv") is None


def test_a_number_in_two_notations_is_named() -> None:
    found = similar_classes(["1", "0", "1.0", "0.0", "01"], "x.csv")
    assert found is not None
    assert "'1' and '1.0' and '01'" in found
    assert "'0' and '0.0'" in found
