"""Photos in class folders, with or without folders of splits above them.

``root/train/<class>/*`` beside ``root/valid`` and, optionally, ``root/test`` under any of their usual names (``training_set``,
``seg_test``, ``val`` ...: :mod:`.split_names`); or ``root/<class>/*`` alone, of which a seeded share of each class becomes the
validation split. A folder that holds nothing but another one is entered (zip files make such folders). Another layout is refused:
its folders would be taken for classes.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from practicum.lightning_shim import MisconfigurationException

from ..files.quoting import listed, quoted
from .layouts import PHOTOS, Photos
from .photo_files import class_name, entries, files_below, files_in, printable, subfolders
from .split_names import split_of

log = logging.getLogger(__name__)

_WANTED = "expected class folders below ROOT/train and ROOT/valid (or val), class folders directly below ROOT, or the option csv"
_LONE = frozenset({"images", "image", "imgs", "img", "photos", "photo", "pictures", "pics", "jpg", "jpeg", "png", "data"})


def read_class_folders(root: Path) -> Photos:
    """Photos of a folder of class folders, with or without ``train``/``valid``/``test`` above them.

    Args:
        root: The data set's folder.

    Returns:
        Every file in the class folders, sorted by path; splits are ``train`` where the layout names none.

    Raises:
        MisconfigurationException: A missing folder, another layout, an empty class, or a class of ``valid`` that ``train`` lacks.
    """
    if not root.is_dir():
        raise MisconfigurationException(f"{printable(root)}: no such folder; pass the folder that holds your photos.")
    by_split = _split_folders(_unwrapped(root))
    photos = Photos()
    classes: dict[str, list[str]] = {}
    for split, folder in by_split.items():
        class_folders = subfolders(folder)
        if not class_folders:
            found = f"{len(files_in(folder))} files and no folders" if entries(folder) else "nothing"
            raise MisconfigurationException(f"{printable(folder)}: found {found}; {_WANTED}.")
        classes[split] = [class_name(each) for each in class_folders]
        for each in class_folders:
            for path in _photos_of_class(each):
                photos.add(path, (class_name(each),), split)
        _say_strays(folder)
    for split, names in classes.items():
        extra = sorted(set(names) - set(classes["train"]))
        if extra:
            raise MisconfigurationException(
                f"{printable(by_split[split])}: has class {quoted(extra[0])}, which {printable(by_split['train'])} lacks "
                f"(it has {listed(classes['train'])}); add it to train or remove it."
            )
        lacking = sorted(set(classes["train"]) - set(names))
        if lacking:
            log.warning(f"{printable(by_split[split])}: has no photo of class {_listed(lacking)}.")
    return photos


def _split_folders(root: Path) -> dict[str, Path]:
    """The folder of each split, in the order of their names; ``root`` itself as ``train`` where no folder is called like one."""
    folders = subfolders(root)
    named = [folder for folder in folders if split_of(folder.name)]
    others = [folder for folder in folders if folder not in named and files_below(folder)]
    if not named:
        return {"train": root}
    if len(named) == 1 and others and not subfolders(named[0]) and all(files_in(each) for each in others):
        log.info(f"{printable(named[0])}: taken as a class, as it holds photos and no class folders, like the folders beside it.")
        return {"train": root}
    by_split: dict[str, tuple[str, Path]] = {}
    for folder in named:
        split, inner = str(split_of(folder.name)), _unwrapped(folder)
        if not subfolders(inner):
            _refuse_unless_test(split, inner)
        elif split in by_split:
            first = by_split[split][0]
            raise MisconfigurationException(
                f"{printable(root)}: holds both {printable(first)} and {printable(folder.name)}; keep one of them."
            )
        else:
            by_split[split] = folder.name, inner
    if "train" not in by_split:
        found = _listed([folder.name for folder in folders])
        raise MisconfigurationException(f"{printable(root)}: found {found} but no train folder; {_WANTED}.")
    if others:
        beside = ", ".join(printable(name) for name, _ in by_split.values())
        log.warning(f"{printable(root)}: {_listed([each.name for each in others])} beside {beside} not used.")
    return {split: inner for split, (_, inner) in by_split.items()}


def _refuse_unless_test(split: str, folder: Path) -> None:
    """Deal with a split without class folders: test photos may be unlabelled, those to learn from can't be."""
    files = files_in(folder)
    if split != "test":
        found = f"{len(files)} files and no folders" if files else "nothing"
        raise MisconfigurationException(f"{printable(folder)}: found {found}; {_WANTED}.")
    if files:
        log.warning(f"{printable(folder)}: its {len(files)} files are in no class folders and are not used here; predict them.")


def _unwrapped(folder: Path) -> Path:
    """The folder itself, or the one in it that holds the folders where it holds nothing else (but, say, a text file)."""
    while len(inner := subfolders(folder)) == 1 and not _holds_photos(folder):
        own, inner_split = split_of(folder.name), split_of(inner[0].name)
        again = own is not None and inner_split == own  # seg_test/seg_test
        if not again and (inner_split is not None or _holds_photos(inner[0]) or not subfolders(inner[0])):
            break
        log.info(f"{printable(folder)}: holds one folder only, {printable(inner[0].name)}, which is read in its place.")
        folder = inner[0]
    return folder


def _photos_of_class(folder: Path) -> list[Path]:
    """All files of a class.

    Raises:
        MisconfigurationException: It holds folders of photos, or no file at all.
    """
    inner = [each for each in subfolders(folder) if not each.is_symlink() and files_below(each)]
    direct = files_in(folder)
    lone = len(inner) == 1 and not direct and (inner[0].name.lower() in _LONE or inner[0].name == folder.name)
    if inner and not lone:
        beside = f"{len(direct)} files and " if direct else ""
        splits = sorted({split_of(each.name) or "" for each in inner} - {""})
        hint = f" ({_listed([each.name for each in inner])} look like splits: put them above the classes)" if splits else ""
        raise MisconfigurationException(
            f"{printable(folder)}: found {beside}{len(inner)} folders ({_listed([each.name for each in inner])}) where photos of "
            f"one class are expected{hint}; {_WANTED}. Move the photos up, or pass the folder that holds the classes as root."
        )
    files = files_below(folder)
    if not files:
        raise MisconfigurationException(f"{printable(folder)}: this class holds no photo; add some or remove the folder.")
    return files


def _say_strays(folder: Path) -> None:
    strays = [path for path in files_in(folder) if _is_photo_name(path)]
    if strays:
        example = printable(strays[0].name)
        log.warning(f"{printable(folder)}: {len(strays)} photos lie in no class folder and are left out, e.g. {example}.")


def _holds_photos(folder: Path) -> bool:
    return any(_is_photo_name(path) for path in files_in(folder))


def _is_photo_name(path: Path) -> bool:
    return path.suffix.lower() in PHOTOS


def _listed(names: Sequence[str]) -> str:
    return ", ".join(printable(name) for name in names[:8]) + (", ..." if len(names) > 8 else "")
