"""Texts that occur more than once: within a split they weigh double, across splits a test measures what was learnt by heart.

They stay where they are, as a sample may hold them rightly (a short review, a line of a log); how many there are is said and
recorded, and each is listed in ``duplicates.csv``.

**Source.** Lee et al. 2022, "Deduplicating training data makes language models better", on what copies do to training and
testing.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..files.csv_files import write_csv

log = logging.getLogger(__name__)

TRAINING = ("train", "unlabelled")
_LISTED = 10_000


@dataclass
class Duplicates:
    """Texts whose normalized form occurred before.

    Attributes:
        within: Number of texts by split that have occurred before in the same split.
        leaked: Number of texts by split (``valid``, ``test``) that occur in training or, of ``test``, in ``valid``.
        contradictory: Number of texts whose first occurrence has another label.
        pairs: Name and split of a text, and of its first occurrence; at most 10,000.
    """

    within: dict[str, int] = field(default_factory=dict)
    leaked: dict[str, int] = field(default_factory=dict)
    contradictory: int = 0
    pairs: list[tuple[str, str, str, str]] = field(default_factory=list)

    def sentences(self, sizes: dict[str, int]) -> list[str]:
        """Say what was found, one sentence each.

        Args:
            sizes: Number of texts by split.
        """
        said = []
        for split, count in self.leaked.items():
            said.append(
                f"{count} of {sizes[split]} {split} texts occur in another split, too, so that {split} metrics are better than "
                "they would be on new texts"
            )
        if self.within:
            found = ", ".join(f"{count} of {sizes[split]} in {split}" for split, count in self.within.items())
            said.append(f"texts occur more than once within a split ({found})")
        if self.contradictory:
            said.append(f"{self.contradictory} texts have another label where they occur first")
        return said

    def report(self, source: str, sizes: dict[str, int], folder: Path | None) -> None:
        """Say what was found, and list it in ``duplicates.csv``; nothing where there is nothing.

        Args:
            source: Where the texts come from, for the messages.
            sizes: Number of texts by split.
            folder: Folder of the list; ``None`` writes none.
        """
        if sentences := self.sentences(sizes):
            log.warning(f"{source}: {'; '.join(sentences)}.")
        if self.pairs and folder is not None:
            write_csv(folder / "duplicates.csv", ("text", "split", "first", "first_split"), self.pairs)


def find_duplicates(
    digests: Sequence[bytes], splits: Sequence[str], labels: Sequence[str | None], names: Sequence[str]
) -> Duplicates:
    """Find texts that occur more than once.

    Args:
        digests: Of each normalized text.
        splits: Split of each.
        labels: Label of each.
        names: Where each was found.

    Example:
        >>> from practicum.datamodules.text.duplicates import find_duplicates
        >>> found = find_duplicates([b"1", b"2", b"1"], ["train", "train", "test"], ["a", "a", "b"], ["x", "y", "z"])
        >>> found.leaked, found.within, found.contradictory, found.pairs
        ({'test': 1}, {}, 1, [('z', 'test', 'x', 'train')])
    """
    rank = {split: number for number, split in enumerate((*TRAINING, "valid", "test"))}
    first: dict[bytes, int] = {}
    seen: set[tuple[bytes, str]] = set()
    found = Duplicates()
    for index in sorted(range(len(digests)), key=lambda each: rank.get(splits[each], len(rank))):
        digest, split = digests[index], splits[index]
        origin = first.setdefault(digest, index)
        if origin == index:
            seen.add((digest, split))
            continue
        # The unlabelled texts are training texts, too: what occurs there and in ``train`` has leaked nowhere.
        kinds = found.within if (digest, split) in seen or split in TRAINING else found.leaked
        kinds[split] = kinds.get(split, 0) + 1
        seen.add((digest, split))
        if None not in (labels[index], labels[origin]) and labels[index] != labels[origin]:
            found.contradictory += 1
        if len(found.pairs) < _LISTED:
            found.pairs.append((names[index], split, names[origin], splits[origin]))
    return found
