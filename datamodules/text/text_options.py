"""Check the options that all data modules of texts share."""

from __future__ import annotations

from typing import Literal, get_args

from practicum.lightning_shim import MisconfigurationException

from .tokenizer import LEVELS

Task = Literal["classification", "language_model", "skip_gram"]


def check_text_options(
    owner: str,
    task: str,
    level: str,
    max_vocab: int,
    min_count: int,
    batch_size: int,
    bptt: int,
    valid_fraction: float,
    test_fraction: float | None,
) -> None:
    """Check options; see :class:`.Text` for what they mean.

    Args:
        owner: Name of the class, for the message.
        task: One of :data:`Task`.
        level: One of the levels of tokens.
        max_vocab: At least 10.
        min_count: At least 1.
        batch_size: At least 1.
        bptt: At least 1.
        valid_fraction: Between 0 and 1.
        test_fraction: From 0, together with ``valid_fraction`` less than 1; or ``None``.

    Raises:
        MisconfigurationException: One is out of range.
    """
    left = 1 - valid_fraction
    for option, value, valid, wanted in (
        ("task", task, task in get_args(Task), f"one of {', '.join(get_args(Task))}"),
        ("level", level, level in LEVELS, f"one of {', '.join(LEVELS)}"),
        ("max_vocab", max_vocab, max_vocab >= 10, "at least 10"),
        ("min_count", min_count, min_count >= 1, "at least 1"),
        ("batch_size", batch_size, batch_size >= 1, "at least 1"),
        ("bptt", bptt, bptt >= 1, "at least 1"),
        ("valid_fraction", valid_fraction, 0 < valid_fraction < 1, "between 0 and 1"),
        ("test_fraction", test_fraction, 0 <= (test_fraction or 0) < left, "at least 0 and leave texts for training"),
    ):
        if not valid:
            raise MisconfigurationException(f"{owner}: {option}={value} must be {wanted}.")
