"""Cleaning of labelled photos: unusable files, duplicates, near duplicates, and checks that training is possible.

Functions of :class:`.Photos` and :class:`.ImageIndex`. No photo is changed.

**Source.** The cleaning of "8 Deep Learning Best Practices I Learned About in 2017".
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import torch
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor

from ..files.csv_files import write_csv
from ..files.quoting import plain, quoted
from ..files.say_once import say_once
from ..loading.similar_classes import similar_classes
from .image_cache import ImageIndex
from .label_checks import check_labels, say_unvalidated
from .label_pattern import NO_LABEL
from .layouts import Photos
from .photo_files import printable
from .split_names import SPLITS

log = logging.getLogger(__name__)


def rejection_reasons(photos: Photos, reasons: Sequence[str], sha256: Sequence[str]) -> list[str]:
    """Why each photo is left out; empty for those to use.

    Of photos with the same bytes one is used: in ``valid`` or ``test`` rather than in ``train``, so that these splits stay what
    they were; none if their labels differ.

    Args:
        photos: All ``N`` photos.
        reasons: Why each file can't be decoded; empty if it can.
        sha256: Digest of each file's bytes.
    """
    reasons = list(reasons)
    first_with: dict[str, int] = {}
    order = sorted(range(len(photos)), key=lambda i: (-SPLITS.index(photos.splits[i]), i))
    for i in (i for i in order if not reasons[i]):
        first = first_with.setdefault(sha256[i], i)
        if first == i:
            continue
        if photos.labels[first] != photos.labels[i]:
            reasons[i] = f"same bytes as {printable(photos.paths[first])} but another label"
            reasons[first] = reasons[first] or f"same bytes as {printable(photos.paths[i])} but another label"
        else:
            reasons[i] = f"duplicate of {printable(photos.paths[first])}"
    return reasons


def leave_out(photos: Photos, index: ImageIndex, report_dir: Path | None) -> tuple[list[int], list[tuple[str, str]]]:
    """Choose the photos to use; list the others in ``rejected.csv``, and count them in a warning.

    Args:
        photos: All photos.
        index: What was found of them.
        report_dir: Where the list is written; ``None``: nowhere.

    Returns:
        Indices of the photos to use; names of the others, and why each is left out.
    """
    reasons = rejection_reasons(photos, index.reason.tolist(), index.sha256.tolist())
    rejected = [(printable(path), reason) for path, reason in zip(photos.paths, reasons, strict=True) if reason]
    rejected += [(printable(path), NO_LABEL) for path in photos.unlabelled]
    if report_dir is not None:
        write_csv(report_dir / "rejected.csv", ("file", "reason"), rejected)
    if rejected:
        log.warning(
            f"{len(rejected)} of {len(photos) + len(photos.unlabelled)} files left out ({summarize_rejected(rejected)})"
            + (f"; each is listed in {report_dir / 'rejected.csv'}" if report_dir else "")
        )
    return [i for i, reason in enumerate(reasons) if not reason], rejected


def summarize_rejected(rejected: Sequence[tuple[str, str]]) -> str:
    """How many files were left out for which kind of reason, most frequent first.

    Example:
        >>> from practicum.datamodules.images.cleaning import summarize_rejected
        >>> summarize_rejected([("a.jpg", "duplicate of b.jpg"), ("c.jpg", "duplicate of d.jpg"), ("e.jpg", "empty file")])
        '2 duplicate, 1 empty file'
    """
    kinds = Counter(reason.split(" of ")[0].split(" (")[0].split(" as ")[0] for _, reason in rejected)
    return ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())


def near_duplicate_rows(photos: Photos, pairs: Sequence[tuple[int, int]]) -> list[tuple[str, ...]]:
    """Rows ``(file, split, label, similar file, its split, its label)`` of pairs that look alike.

    Pairs with different labels come first, then those across two splits.
    """

    def order(pair: tuple[int, int]) -> tuple[bool, bool]:
        i, j = pair
        return photos.labels[i] == photos.labels[j], photos.splits[i] == photos.splits[j]

    return [
        tuple(part for i in pair for part in (printable(photos.paths[i]), photos.splits[i], " ".join(photos.labels[i])))
        for pair in sorted(pairs, key=order)
    ]


def contradictory_pairs(photos: Photos, pairs: Sequence[tuple[int, int]]) -> str | None:
    """A warning that counts near duplicates with different labels; ``None`` if there are none."""
    found = [(i, j) for i, j in pairs if photos.labels[i] != photos.labels[j]]
    if not found:
        return None
    i, j = found[0]
    pairs_are = "1 pair of near duplicates has" if len(found) == 1 else f"{len(found):,} pairs of near duplicates have"
    return (
        f"{pairs_are} different labels, e.g. {printable(photos.paths[i])} ({quoted(' '.join(photos.labels[i]))}) and "
        f"{printable(photos.paths[j])} ({quoted(' '.join(photos.labels[j]))}): correct those that are wrong (near_duplicates.csv "
        "lists them)."
    )


def near_duplicates_across_splits(photos: Photos, pairs: Sequence[tuple[int, int]]) -> str | None:
    """A warning that counts the photos held out from training that look like one in another split; ``None`` if there is none."""
    across = [(i, j) for i, j in pairs if photos.splits[i] != photos.splits[j]]
    if not across:
        return None
    held_out = {index for pair in across for index in pair if photos.splits[index] != "train"}
    i, j = across[0]
    return (
        f"{len(held_out)} photos of valid or test are near duplicates of photos in another split, e.g. "
        f"{printable(photos.paths[i])} and {printable(photos.paths[j])}: validation may be too optimistic (near_duplicates.csv "
        "lists them); group_pattern or group_column keeps photos of one thing on one side."
    )


def leaked_photos(photos: Photos, pairs: Sequence[tuple[int, int]]) -> dict[str, int]:
    """How many photos of ``valid`` look like one in ``train``, and of ``test`` like one in ``train`` or ``valid``, by split.

    Args:
        photos: The photos that are used.
        pairs: Indices of photos that look alike.

    Example:
        >>> from practicum.datamodules.images.cleaning import leaked_photos
        >>> from practicum.datamodules.images.layouts import Photos
        >>> leaked_photos(Photos([], [], ["train", "valid", "train", "test"]), [(0, 1), (1, 2), (1, 3)])
        {'valid': 1, 'test': 1}
    """
    across = [pair for pair in pairs if photos.splits[pair[0]] != photos.splits[pair[1]]]
    later = {max(pair, key=lambda i: SPLITS.index(photos.splits[i])) for pair in across}
    found = Counter(photos.splits[i] for i in later)
    return {split: found[split] for split in SPLITS if found[split]}


def report_near_duplicates(photos: Photos, pairs: Sequence[tuple[int, int]], folder: Path | None) -> dict[str, int]:
    """List near duplicates in ``near_duplicates.csv``, and warn of those with different labels and of those across splits.

    Args:
        photos: The photos that are used.
        pairs: Indices of photos that look alike.
        folder: Where the list is written; ``None``: nowhere.

    Returns:
        Those across splits for a run's record, ``near_duplicates/<split>``, see :func:`leaked_photos`.
    """
    if folder is not None and pairs:
        header = ("file", "split", "label", "similar_file", "similar_split", "similar_label")
        write_csv(folder / "near_duplicates.csv", header, near_duplicate_rows(photos, pairs))
    for message in (contradictory_pairs(photos, pairs), near_duplicates_across_splits(photos, pairs)):
        if message is not None:
            log.warning(message)
    return {f"near_duplicates/{split}": count for split, count in leaked_photos(photos, pairs).items()}


def trainable_classes(photos: Photos, found: Photos, root: Path, separator: str | None, valid_fraction: float) -> list[str]:
    """The classes of the training photos, sorted; what may be meant otherwise, and what validation lacks, is said.

    Args:
        photos: The photos to use, with their final splits.
        found: All photos found, before cleaning and splitting.
        root: Where they were found, for the messages.
        separator: Of several labels of one photo, or ``None``.
        valid_fraction: Share that validates where the layout doesn't say what does.

    Raises:
        MisconfigurationException: Fewer than two classes, a class or a split that lost all its photos, or no validation split.
    """
    place = printable(root)
    check_labels(photos, separator, place)
    in_train = {name for labels, split in zip(photos.labels, photos.splits, strict=True) if split == "train" for name in labels}
    classes = sorted(in_train)
    if not classes:
        raise MisconfigurationException(f"{place}: no photo can be used; rejected.csv says why.")
    lost = sorted({name for labels in found.labels for name in labels} - in_train)
    if lost:
        raise MisconfigurationException(
            f"{place}: no usable training photo is labelled {quoted(lost[0])}, although some photos are; rejected.csv lists "
            "those left out and why."
        )
    for split in SPLITS[1:]:
        if split in found.splits and split not in photos.splits:
            raise MisconfigurationException(f"{place}: none of the photos in {split} can be used; rejected.csv says why.")
    if "valid" not in photos.splits:
        few = "the photos of each class are of one group, which stays together" if any(photos.groups) else "too few photos"
        raise MisconfigurationException(f"{place}: {few}, so that none can validate; add some.")
    if len(classes) < 2:
        raise MisconfigurationException(f"{place}: found one class only ({plain(classes[0])}); at least two are needed.")
    if sentence := similar_classes(classes, place):
        say_once(sentence)
    if "valid" not in found.splits:
        say_unvalidated(photos, classes, valid_fraction, place)
    return classes


def encode_targets(labels: Sequence[tuple[str, ...]], classes: Sequence[str], multi_label: bool) -> Tensor:
    """Class indices ``int64 [N]``, or a 0/1 matrix ``int64 [N, classes]`` for multi-label photos.

    Example:
        >>> from practicum.datamodules.images.cleaning import encode_targets
        >>> encode_targets([("dog",), ("cat",)], ["cat", "dog"], multi_label=False).tolist()
        [1, 0]
        >>> encode_targets([("cat", "dog"), ()], ["cat", "dog"], multi_label=True).tolist()
        [[1, 1], [0, 0]]
    """
    column = {name: i for i, name in enumerate(classes)}
    if not multi_label:
        return torch.tensor([column[names[0]] for names in labels])
    targets = torch.zeros(len(labels), len(classes), dtype=torch.int64)
    for row, names in enumerate(labels):
        targets[row, [column[name] for name in names]] = 1
    return targets
