"""Hold out photos for validation and a test where nobody has.

A share of each label, chosen by a hash of the seed and of each photo's content: nearly all photos stay on their side when some
are added, renamed or removed. Photos of one group stay on one side, and so do near duplicates, ten at most.
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from ..loading.held_out import held_out_sentence, held_out_share
from .layouts import Photos

log = logging.getLogger(__name__)

_MOST = 10  # photos that look alike one after another and are taken for one thing, such as a burst


def hold_out(
    photos: Photos,
    given: set[str],
    valid_fraction: float,
    test_fraction: float | None,
    seed: int,
    where: object,
    keys: Sequence[str] | None = None,
    together: Iterable[tuple[int, int]] = (),
) -> None:
    """Hold out photos for validation where the layout has none for it, and for a test where it has no splits at all, in place.

    Args:
        photos: The photos that are used.
        given: Splits of the layout.
        valid_fraction: Share of each label for validation.
        test_fraction: Share for the test; ``None``: see :mod:`practicum.datamodules.loading.held_out`.
        seed: Seed of the random choice.
        where: Their origin, for what is said.
        keys: See :func:`move_photos`.
        together: Pairs of places of photos that look alike.
    """
    if "valid" in given:
        return
    units = _units(photos, together)
    move_photos(photos, valid_fraction, seed, "valid", keys, units)
    share = held_out_share(test_fraction, len(photos), valid_fraction)
    if share and "test" not in given:
        # Of what is left, and by another seed: validation's photos are the same with and without a test.
        move_photos(photos, share / (1 - valid_fraction), seed + 1, "test", keys, units)
        if test_fraction is None:
            log.info(held_out_sentence(where, photos.splits.count("test"), len(photos), "photos"))


def move_photos(
    photos: Photos,
    fraction: float,
    seed: int,
    to: str = "valid",
    keys: Sequence[str] | None = None,
    units: Sequence[Sequence[int]] | None = None,
) -> None:
    """Move a stratified random share of the training photos to another split, in place.

    Args:
        photos: Photos of which none is in that split yet.
        fraction: Share of each label, above 0 and below 1; at least one unit of a label with two or more.
        seed: Seed of the random choice.
        to: The split.
        keys: What identifies each photo, such as the digest of its content; default: its path.
        units: Places of photos that stay on one side; default: each photo by itself. One counts to the label that most of its
            photos have.
    """
    names = [str(path) for path in photos.paths] if keys is None else keys
    by_label: dict[tuple[str, ...], list[Sequence[int]]] = {}
    for unit in units or [[place] for place in range(len(photos))]:
        if all(photos.splits[place] == "train" for place in unit):
            by_label.setdefault(_label_of(photos, unit), []).append(unit)
    for label in sorted(by_label):
        if len(by_label[label]) == 1 and not photos.groups[by_label[label][0][0]]:
            by_label[label] = [[place] for place in by_label[label][0]]  # all look alike: better one of them than none
        # In equal hashes, of photos in several folders under one name, the order of the places decides.
        members = sorted(by_label[label], key=lambda unit: (_rank(seed, min(names[place] for place in unit)), unit))
        for unit in _share(members, fraction):
            for place in unit:
                photos.splits[place] = to
    # Stratified by each photo's first label only: photos with a label that training now lacks go back there.
    trained = {name for labels, split in zip(photos.labels, photos.splits, strict=True) if split == "train" for name in labels}
    for unit in units or [[place] for place in range(len(photos))]:
        here = {name for place in unit for name in photos.labels[place]}
        if photos.splits[unit[0]] == to and not trained.issuperset(here):
            for place in unit:
                photos.splits[place] = "train"
            trained.update(here)


def _share(members: Sequence[Sequence[int]], fraction: float) -> list[Sequence[int]]:
    """The first units that together come closest to a share of the photos: at least one, and never all."""
    wanted = max(1, round(fraction * sum(map(len, members))))
    chosen: list[Sequence[int]] = []
    count = 0
    for unit in members:
        if len(chosen) < len(members) - 1 and abs(count + len(unit) - wanted) < abs(count - wanted):
            chosen.append(unit)
            count += len(unit)
    return chosen or ([min(members, key=len)] if len(members) > 1 else [])


def _label_of(photos: Photos, unit: Sequence[int]) -> tuple[str, ...]:
    counts = Counter(photos.labels[place][:1] for place in unit)
    return min(counts, key=lambda label: (-counts[label], label))


def _rank(seed: int, key: str) -> bytes:
    return hashlib.sha256(f"{seed} {key}".encode("utf-8", errors="surrogateescape")).digest()


def _units(photos: Photos, together: Iterable[tuple[int, int]]) -> list[list[int]]:
    """Places of training photos that belong together: of one group, or paired and of none; in the order of their first photos.

    Pairs that chain more than :data:`_MOST` photos are not followed: where so many look alike, as forms or single solar cells do,
    they are no copies of each other.
    """
    names: dict[str, int] = {}
    groups = [(names.setdefault(group, place), place) for place, group in enumerate(photos.groups) if group]
    free = [split == "train" and not group for split, group in zip(photos.splits, photos.groups, strict=True)]
    chains = [unit for unit in _joined(len(photos), ((i, j) for i, j in together if free[i] and free[j])) if len(unit) <= _MOST]
    return _joined(len(photos), [*groups, *((unit[0], place) for unit in chains for place in unit)])


def _joined(count: int, pairs: Iterable[tuple[int, int]]) -> list[list[int]]:
    """The connected components of so many places, each in rising order."""
    ends = np.array([*pairs], dtype=np.int64).reshape(-1, 2).T
    links = coo_matrix((np.ones(ends.shape[1], dtype=bool), ends), shape=(count, count))
    units: dict[int, list[int]] = {}
    for place, component in enumerate(connected_components(links, directed=False)[1].tolist()):
        units.setdefault(component, []).append(place)
    return list(units.values())
