"""How much is held out for a test where nobody has split the data.

**What it does.** Validation chooses the epoch, so its result flatters. Where we divide the rows ourselves, and there are enough,
a tenth is for the test, apart from both training and validation. A split that was given is left as it is.

**Defaults.** From 500 examples on: 50 tell an accuracy of .9 to within .04 (one standard error). Fewer tell little, and training
needs them more.
"""

from __future__ import annotations

SHARE = 0.1
LEAST = 500


def held_out_share(asked: float | None, examples: int, valid: float) -> float:
    """Fraction of the examples for the test.

    Args:
        asked: What was asked for; ``None``: a tenth, from 500 examples on.
        examples: How many have a label (or, without labels, how many there are).
        valid: Fraction for validation; where that is more than half, nothing is taken beside it unasked.

    Example:
        >>> from practicum.datamodules.loading.held_out import held_out_share
        >>> held_out_share(None, 499, 0.2), held_out_share(None, 500, 0.2), held_out_share(0.3, 10, 0.2)
        (0.0, 0.1, 0.3)
    """
    if asked is not None:
        return asked
    return SHARE if examples >= LEAST and valid <= 0.5 else 0.0


def held_out_sentence(where: object, tested: int, examples: int, kind: str, which: str = "") -> str:
    """Say that a test was held out.

    Args:
        where: The data's origin.
        tested: How many examples.
        examples: Of how many.
        kind: What they are: rows, photos, texts.
        which: Which ones, such as ``the newest``.
    """
    chosen = f" ({which})" if which else ""
    return f"{where}: {tested:,} of {examples:,} {kind}{chosen} are held out for a test; test_fraction=0 leaves them to training."
