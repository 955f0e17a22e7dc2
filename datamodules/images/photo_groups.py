"""Photos that belong together, of one person, patient or burst: they stay on one side of a split."""

from __future__ import annotations

import logging
import os
import re
import unicodedata
from pathlib import Path

from practicum.lightning_shim import MisconfigurationException

from ..files.quoting import plain
from .label_pattern import label_in, label_regex
from .layouts import Photos
from .photo_files import printable

log = logging.getLogger(__name__)

_EXPORTED = re.compile(r"(.+)\.rf\.[0-9a-f]{16,}\.\w+")  # Roboflow writes several augmented versions of a photo


def group_photos(photos: Photos, root: Path, pattern: str | None) -> None:
    """Set each photo's group from its name, in place, where there is a pattern for it; check and count the groups.

    Versions of one photo that Roboflow has exported (``bee_jpg.rf.HASH.jpg``) are a group without a pattern, too.

    Args:
        photos: The photos that were found, with the groups of their table if that has some.
        root: Folder that paths are relative to.
        pattern: See :func:`.label_regex`; a file that it doesn't match belongs to no group.

    Raises:
        MisconfigurationException: The pattern matches no file; the layout has splits of its own; or all photos are one group.
    """
    place = printable(root)
    if pattern is None and not any(photos.groups) and "valid" not in photos.splits:
        exported = [_EXPORTED.fullmatch(path.name) for path in photos.paths]
        photos.groups = [
            str(path.with_name(found[1])) if found else "" for path, found in zip(photos.paths, exported, strict=True)
        ]
    if pattern is not None:
        regex = label_regex(pattern, "group_pattern")
        relative = [printable(os.path.relpath(path, root)).replace(os.sep, "/") for path in photos.paths]
        names = [unicodedata.normalize("NFC", name) for name in relative]
        photos.groups = [label_in(name, regex, "group") or "" for name in names]
        if not any(photos.groups):
            example = f", such as {names[0]}" if names else ""
            raise MisconfigurationException(
                f"{place}: group_pattern='{plain(pattern)}' matches none of {len(names):,} files{example}."
            )
    groups, lone = {group for group in photos.groups if group}, photos.groups.count("")
    if not groups:
        return
    if "valid" in photos.splits:
        raise MisconfigurationException(
            f"{place}: its layout says what validates, while groups are for a split by chance; leave out group_column and "
            "group_pattern, or the splits."
        )
    sides = {(group, split) for group, split in zip(photos.groups, photos.splits, strict=True) if group}
    if len(sides) > len(groups):
        both = next(group for group in sorted(groups) if (group, "train") in sides and (group, "test") in sides)
        raise MisconfigurationException(
            f"{place}: group {plain(both)} is both in train and in test; keep its photos in one of them."
        )
    if len(groups) == 1 and not lone:
        raise MisconfigurationException(f"{place}: all photos are of one group, {plain(min(groups))}, which can't be split.")
    beside = f"; {lone:,} belong to none" if lone else ""
    log.info(f"{place}: {len(photos) - lone:,} photos of {len(groups):,} groups, each on one side of the split{beside}.")
