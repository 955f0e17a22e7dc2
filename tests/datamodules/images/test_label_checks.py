"""Labels that may be meant otherwise are said, and classes that validation lacks."""

from __future__ import annotations

from pathlib import Path

import pytest
from practicum.datamodules.files.say_once import forget_said
from practicum.datamodules.images.label_checks import check_labels, say_unvalidated
from practicum.datamodules.images.layouts import Photos
from practicum.lightning_shim import MisconfigurationException


@pytest.fixture(autouse=True)
def _fresh() -> None:
    forget_said()


def labelled(*labels: str, separator: str | None = None) -> Photos:
    photos = Photos()
    for number, label in enumerate(labels):
        parts = (label,) if separator is None else tuple(label.split(separator))
        photos.add(Path(str(number)), parts, "train")
    return photos


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (["a", "b", "a;b", "b;c", "a;c", "c"], "3 of 6 labels hold several names ('a;b')"),
        (["a|b", "b|c", "a|c", "c|b"], "4 of 4 labels hold several names ('a|b')"),
        (["hot", "dog", "hot dog"], "1 of 3 labels hold several names ('hot dog')"),
        (["hot dog", "dog", "cat"], None),
        (["x, y", "z"], None),
        ([str(age) for age in range(20, 40)] * 2, "labels are 20 different numbers"),
        ([str(digit) for digit in range(10)] * 9, None),
        ([f"{number / 8}" for number in range(12)] * 20, "labels are 12 different numbers"),
        ([str(digit) for digit in range(10)] * 9 + ["nan"], "'nan' is a class"),
        (["cat", "NaN"], "'NaN' is a class; if it means that a label is missing, leave those photos out"),
    ],
)
def test_what_may_be_meant_otherwise_is_said(labels: list[str], said: str | None, caplog: pytest.LogCaptureFixture) -> None:
    check_labels(labelled(*labels), None, "labels.csv")
    assert (said or "") in caplog.text
    assert bool(caplog.text) == (said is not None)


def test_a_separator_that_separates_nothing_is_refused() -> None:
    check_labels(labelled("a;b", "b", separator=";"), ";", "labels.csv")
    with pytest.raises(MisconfigurationException, match=r"label_separator='\|' separates no labels \(such as 'a;b'\)"):
        check_labels(labelled("a;b", "b", separator="|"), "|", "labels.csv")
    photos = labelled("a", "b", separator=";")
    photos.labels[0] = ()  # of one label or none
    check_labels(photos, ";", "labels.csv")


def test_classes_that_do_not_validate_and_a_share_that_is_too_large_are_said(caplog: pytest.LogCaptureFixture) -> None:
    photos = labelled(*"aaaaaaaaab")
    photos.splits[0] = "valid"
    say_unvalidated(photos, ["a", "b"], 0.2, "photos")
    assert "photos: no photo validates of classes that have too few photos (b)" in caplog.text
    caplog.clear()
    photos = labelled(*"aabbccdd")
    photos.splits = ["train", "valid"] * 4
    say_unvalidated(photos, [*"abcd"], 0.2, "photos")
    assert "photos: 4 of 8 photos validate, as at least one of each class does" in caplog.text
