"""Which split the name of a folder, or a field of a table, says."""

from __future__ import annotations

import re

SPLITS = ("train", "valid", "test")
_WORDS = {
    **dict.fromkeys(("train", "training", "trn", "trainval"), "train"),
    **dict.fromkeys(("valid", "validation", "validate", "val", "dev", "devel", "development", "eval", "evaluation"), "valid"),
    **dict.fromkeys(("test", "testing", "tst", "tests"), "test"),
}
# Words that people put beside them: training_set, seg_train, val2017, TestImages. "test tube" and "train station" are classes.
_BESIDE = ("set", "seg", "split", "data", "dataset", "image", "img", "photo", "pic", "picture", "folder", "dir", "file", "sample")
_GLUED = re.compile(rf"({'|'.join(sorted(_WORDS, key=len, reverse=True))})({'|'.join(sorted(_BESIDE, key=len, reverse=True))})s?")


def split_of(name: str) -> str | None:
    """The split that a name says, in any case and with such words as ``set`` or a number beside it; ``None`` if it says none.

    Example:
        >>> from practicum.datamodules.images.split_names import split_of
        >>> [split_of(name) for name in ("training_set", "seg_test", "val2017", "DevSet", "cats", "test tube")]
        ['train', 'test', 'valid', 'valid', None, None]
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.strip())  # TestImages
    words = [word for word in re.split(r"[^a-z]+", spaced.lower()) if word]
    words = [found[1] if (found := _GLUED.fullmatch(word)) else word for word in words]
    said = [word for word in words if word.removesuffix("s") not in _BESIDE]
    return _WORDS.get(said[0]) if len(said) == 1 and not re.search(r"[^\W\d_a-zA-Z]", name) else None
