"""Plain corpora: one file, a file for each split, or a folder of texts.

Texts are read in parts of whole lines, so that a corpus may be larger than memory. A corpus that is one long line (text8) is cut
at blanks.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from practicum.lightning_shim import MisconfigurationException

from ..files.csv_source import find_text_encoding
from ..files.say_once import say_once
from .csv_texts import OTHER_TABLES
from .readers import Document
from .split_names import split_in, split_of

_PARTS = 50  # of a file, so that some can be held out
_LARGEST = 1 << 20  # characters of a part
_MANY = 10  # files; as many are documents of their own
_ENDINGS = (".txt", ".text", ".md", ".rst", ".tokens", ".raw")


def corpus_files(root: Path) -> tuple[list[tuple[Path, str]], bool]:
    """List the files of a corpus with the split of each, and say whether each of them is a document of its own.

    Args:
        root: One file; a folder with ``train.txt``, ``valid.txt``, ``test.txt`` (or ``wiki.valid.tokens`` etc.); or a folder of
            texts, whose folders at the top may be named after splits. Hidden files are passed over.

    Raises:
        MisconfigurationException: The file is missing, or there is no training text.
    """
    if root.is_file() and root.suffix.lower() in OTHER_TABLES:
        raise MisconfigurationException(
            f"{root}: {root.suffix} is not read; save its texts as plain text, or as a CSV for text_csv."
        )
    if root.is_file():
        return [(root, "train")], False
    if not root.is_dir():
        raise MisconfigurationException(f"{root}: no such file or folder; give a text file, or a folder of texts.")
    named = [(path, split) for path in sorted(root.iterdir()) if path.is_file() and (split := split_in(path.name))]
    if any(split == "train" for _, split in named):
        others = [path.name for path in sorted(root.iterdir()) if path.suffix in _ENDINGS and not split_in(path.name)]
        if others:
            say_once(
                f"{root}: read as the files of splits ({named[0][0].name} ...); {others[0]} and {len(others) - 1} others are not."
            )
        return named, False
    if exact := [path.name for path, _ in named if split_of(path.stem)]:
        raise MisconfigurationException(f"{root}: holds no train.txt beside {exact[0]}; add it, or rename {exact[0]}.")
    found: list[tuple[Path, str]] = []
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        if path.suffix.lower() in _ENDINGS and path.is_file() and not any(part[0] == "." or part == "__MACOSX" for part in parts):
            found.append((path, (split_of(parts[0]) if len(parts) > 1 else None) or "train"))
    if not any(split == "train" for _, split in found):
        raise MisconfigurationException(f"{root}: holds no train.txt and no other training text ({', '.join(_ENDINGS)}).")
    return found, len(found) >= _MANY


def read_corpus(root: Path) -> Iterator[Document]:
    """Read plain text.

    A document is a run of whole lines, about a fiftieth of its file and at most 1 MiB; of a folder of ten texts or more it is a
    file. A line that makes up more than half of a training file, or that is longer than 1 MiB, is cut at blanks.

    Args:
        root: See :func:`corpus_files`.

    Yields:
        Documents; in a folder of texts, a file that isn't UTF-8 has no text.

    Raises:
        MisconfigurationException: The file is missing, there is no training text, or a file of a split is in neither UTF-8 nor
            cp1252.
    """
    files, separate = corpus_files(root)
    for path, split in files:
        size = path.stat().st_size
        chunk = _LARGEST if separate else min(_LARGEST, size // _PARTS + 1)
        longest = _LARGEST if separate or split != "train" else min(_LARGEST, max(1, size // 2))
        try:
            with open(path, encoding="utf-8-sig" if separate else find_text_encoding(path)) as file:
                while lines := file.readlines(chunk):
                    yield from _documents(lines, chunk, longest, split, str(path))
        except UnicodeDecodeError as error:
            if not separate:
                raise MisconfigurationException(f"{path}: is not UTF-8; save it as UTF-8.") from error
            yield Document(None, split, None, str(path))


def _documents(lines: list[str], chunk: int, longest: int, split: str, name: str) -> Iterator[Document]:
    if all(_bytes(line) <= longest for line in lines):
        yield Document("".join(lines), split, None, name)
        return
    for line in lines:
        *before, last = list(cut(line, chunk)) if _bytes(line) > longest else [line]
        for part in before:
            yield Document(part, split, None, name, ends=False)
        yield Document(last, split, None, name)


def _bytes(line: str) -> int:
    return len(line) if line.isascii() else len(line.encode())  # as the size of a file is counted


def cut(line: str, size: int) -> Iterator[str]:
    """Cut a long line into parts of about ``size`` characters, at blanks; within a word only where there are none.

    Args:
        line: The line.
        size: Characters of a part, at most.

    Example:
        >>> from practicum.datamodules.text.corpus import cut
        >>> list(cut("to be or not to be", 8))
        ['to be ', 'or not ', 'to be']
    """
    start = 0
    while len(line) - start > size:
        blank = line.rfind(" ", start, start + size)
        end = blank + 1 if blank >= start else start + size
        yield line[start:end]
        start = end
    yield line[start:]
