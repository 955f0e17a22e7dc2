"""Classes that flips would mix up."""

from __future__ import annotations

import pytest
from practicum.datamodules import Augment
from practicum.datamodules.images.mirrored_classes import mirrored_pair, warn_of_flips


@pytest.mark.parametrize(
    ("classes", "pair"),
    [
        (["left", "right"], ("left", "right")),
        (["Turn-Left", "stop", "turn right"], ("Turn-Left", "turn right")),
        (["hand (L)", "hand (R)"], ("hand (L)", "hand (R)")),
        (["leftover", "right"], None),
        (["left", "straight"], None),
        (["a", "b", "c"], None),
        (["b", "d"], ("b", "d")),
        (["Grade A", "Grade B", "Grade C", "Grade D"], None),
    ],
)
def test_pairs_are_told_by_their_words(classes: list[str], pair: tuple[str, str] | None) -> None:
    assert mirrored_pair(classes) == pair


def test_only_flips_are_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    warn_of_flips(["left", "right"], Augment(), "photos")
    warn_of_flips(["left", "right"], None, "photos")
    warn_of_flips(["cat", "dog"], Augment(hflip=0.5), "photos")
    assert not caplog.text
    warn_of_flips(["left", "right"], Augment(hflip=0.5), "photos")
    warn_of_flips(["left", "right"], Augment(dihedral=True), "photos")
    assert caplog.text.count("photos: 'left' and 'right' may be mirror images of each other") == 2
