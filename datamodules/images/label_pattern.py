r"""Labels from file names by a regular expression, of photos anywhere below a folder.

**What it does.** The pattern is searched in each file's name; where it contains a ``/``, in the path below the folder. Its one
group, or the one called ``label``, is the label. Files that don't match are left out and listed.

**When to use it.** Photos that lie in one folder, or in folders that mean something else: ``great_pyrenees_101.jpg`` by
``^(.+)_\d+``, ``2024/dog/a.jpg`` by ``^\d+/([^/]+)/``.

**Source.** fastai's ``RegexLabeller``.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

from practicum.lightning_shim import MisconfigurationException

from ..files.quoting import listed, plain, quoted
from ..files.say_once import say_once
from .layouts import PHOTOS, Photos
from .photo_files import files_below, printable
from .split_names import split_of

NO_LABEL = "no label (label_pattern doesn't match its name)"
_ADVICE = r"put the part of the name that is the {} in parentheses, such as '([A-Za-z]+)_\d+'"


def label_regex(pattern: str, option: str = "label_pattern") -> re.Pattern[str]:
    """The compiled pattern.

    Args:
        pattern: A regular expression with one group, or with one called ``label`` (of ``group_pattern``: ``group``).
        option: What the pattern is given as.

    Raises:
        MisconfigurationException: It is no regular expression, or it isn't clear which group is the label.
    """
    said, what = f"{option}='{plain(pattern)}'", option.removesuffix("_pattern")
    try:
        regex = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise MisconfigurationException(f"{said} is no regular expression ({error}).") from error
    if not regex.groups:
        raise MisconfigurationException(f"{said} has no group: {_ADVICE.format(what)}.")
    if regex.groups > 1 and what not in regex.groupindex:
        raise MisconfigurationException(
            f"{said} has {regex.groups} groups: call the one that is the {what} (?P<{what}>...), or begin the others with (?:."
        )
    return regex


def label_in(name: str, regex: re.Pattern[str], what: str = "label") -> str | None:
    r"""The label in a file's path below the data set's folder; ``None`` if there is none, or an empty one.

    Args:
        name: The path.
        regex: See :func:`label_regex`.
        what: Name of the regular expression's group: ``label``, or ``group`` for ``group_pattern``; else its only one.

    Example:
        >>> from practicum.datamodules.images.label_pattern import label_in, label_regex
        >>> label_in("photos/great_pyrenees_101.jpg", label_regex(r"^(.+)_\d+"))
        'great_pyrenees'
        >>> label_in("2024/dog/a.jpg", label_regex(r"^\d+/(?P<label>\w+)/(a|b)"))
        'dog'
    """
    found = regex.search(name if "/" in regex.pattern else name.rpartition("/")[2])
    label = found[what if what in regex.groupindex else 1] if found else None
    return (label or "").strip() or None


def read_by_pattern(root: Path, pattern: str, separator: str | None = None) -> Photos:
    """Photos below a folder, with labels from their names.

    Args:
        root: The folder, or a single photo.
        pattern: See :func:`label_regex`.
        separator: Separator of several labels in one name (multi-label), or ``None``: it is one label.

    Returns:
        Every file with a label, sorted by path; the others in ``unlabelled``. Splits are those of folders called ``train``,
        ``valid`` and the like (:mod:`.split_names`) where all these files lie in such, else ``train``; a warning says that some
        do and others don't.

    Raises:
        MisconfigurationException: A missing folder, a bad pattern, or one that matches no file.
    """
    regex = label_regex(pattern)
    if not root.exists():
        raise MisconfigurationException(f"{printable(root)}: no such folder; pass the folder that holds your photos.")
    folder, files = (root, files_below(root)) if root.is_dir() else (root.parent, [root])
    photos, splits = Photos(), []
    for path in files:
        name = unicodedata.normalize("NFC", printable(path.relative_to(folder).as_posix()))
        label = label_in(name, regex)
        if label is None:
            photos.unlabelled.append(path)
            continue
        labels = (label,) if separator is None else tuple(sorted({part.strip() for part in label.split(separator)} - {""}))
        photos.add(path, labels, "train")
        splits.append(next((split for part in name.split("/")[:-1] if (split := split_of(part))), ""))
    if not photos:
        raise MisconfigurationException(f"{printable(root)}: {_matches_none(files, folder, pattern)}.")
    strays = [path for path, split in zip(photos.paths, splits, strict=True) if not split]
    if len({*splits} - {""}) > 1 and "train" in splits:
        if not strays:
            photos.splits = splits
        else:
            named = ", ".join(sorted({*splits} - {""}))
            say_once(
                f"{printable(root)}: not all labelled files lie in folders of splits ({len(strays):,} do not, e.g. "
                f"{printable(strays[0].relative_to(folder))}), so that the folders of {named} are not taken for splits, and all "
                "photos are split anew; move those files to change that."
            )
    return photos


def _matches_none(files: list[Path], folder: Path, pattern: str) -> str:
    if not files:
        return "holds no file"
    example = next((path for path in files if path.suffix.lower() in PHOTOS), files[0]).relative_to(folder)
    shown = example if "/" in pattern else Path(example.name)
    return f"label_pattern='{plain(pattern)}' matches none of {len(files):,} files, such as {quoted(printable(shown.as_posix()))}"


def matched_sentence(photos: Photos, root: Path) -> str:
    """How many files :func:`read_by_pattern` found labels for, and which."""
    classes = sorted({name for labels in photos.labels for name in labels})
    total, splits = len(photos) + len(photos.unlabelled), sorted({*photos.splits})
    by_folder = f"; splits by folders: {', '.join(splits)}" if len(splits) > 1 else ""
    return (
        f"{printable(root)}: label_pattern matches {len(photos):,} of {total:,} files, {len(classes):,} classes: "
        f"{listed(classes)}{by_folder}."
    )
