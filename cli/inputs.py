"""What ``input`` names: one path, several, or those that match a pattern."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from omegaconf import ListConfig
from practicum.lightning_shim import MisconfigurationException

# Of a run folder: what predictions need, and what measures the run itself.
_NEEDED = "steps.json tokenizer.json input.json splits.csv items.parquet seen.parquet temperature.json tta.json"
_OWN = "metrics.json metrics.csv predictions.csv submission.csv columns.csv rejected.csv report.html README.md"
_WEIGHTS = "checkpoints/best.ckpt checkpoints/last.ckpt checkpoints/before_last.ckpt"
_OF_RUN = f"{_NEEDED} {_OWN} {_WEIGHTS}".split()


def expand_input(given: Any) -> list[str]:
    """The paths of an input.

    Args:
        given: A path, or a list of them; each may be a pattern (``photos/*.jpg``, ``**`` for folders at any depth), unless
            something of that very name exists. A text with commas that is no path is a list, too.

    Returns:
        At least one path; those of a pattern in the order of their names. Whether they exist is for others to say.

    Raises:
        MisconfigurationException: The list is empty, or nothing matches a pattern.

    Example:
        >>> from practicum.cli.inputs import expand_input
        >>> expand_input(["a.csv", "b.csv"]), expand_input("a.csv,b.csv")
        (['a.csv', 'b.csv'], ['a.csv', 'b.csv'])
    """
    text = str(given)
    if isinstance(given, list | ListConfig):
        parts = [str(each) for each in given]
    elif "," in text and not os.path.lexists(text) and not glob.has_magic(text):
        parts = [each.strip() for each in text.split(",") if each.strip()]
    else:
        parts = [text]
    if not parts:
        raise MisconfigurationException("input=[] is empty: give a path, or several, input=[A.csv,B.csv].")
    return [path for each in parts for path in _matches(each)]


def one_input(given: Any) -> str:
    """The path of an input that can't be several.

    Args:
        given: See :func:`expand_input`.

    Raises:
        MisconfigurationException: There are several.
    """
    found = expand_input(given)
    if len(found) > 1:
        raise MisconfigurationException(f"input={given}: users come from a single table; give one.")
    return found[0]


def require_other_output(output: Path, *given: Any) -> None:
    """Refuse an output that is one of the inputs, which it would replace.

    Args:
        output: Where predictions go.
        given: Inputs, see :func:`expand_input`; ``None`` is none.

    Raises:
        MisconfigurationException: It is.
    """
    if not output.exists():
        return
    for path in (path for each in given if each is not None for path in expand_input(each)):
        if os.path.exists(path) and output.samefile(path):
            raise MisconfigurationException(f"output={output} is the input itself, which it would replace; give another name.")


def require_no_file_of_run(outputs: Iterable[Path], runs: Iterable[Path]) -> None:
    """Refuse an output that is a file which a run needs, or has of its own test.

    Args:
        outputs: What is to be written.
        runs: Run folders.

    Raises:
        MisconfigurationException: It is.
    """
    own = {(run / name).resolve() for run in runs for name in _OF_RUN}
    for output in outputs:
        if output.resolve() in own:
            raise MisconfigurationException(
                f"output={output} is a file of the run itself, which it would replace; give another name."
            )


def _matches(path: str) -> list[str]:
    if not glob.has_magic(path) or os.path.lexists(path):
        return [path]
    found = sorted(glob.glob(path, recursive=True))
    if not found:
        raise MisconfigurationException(f"input={path}: nothing matches this pattern in {os.getcwd()}.")
    return found
