"""What an earlier run has left in the folder of the next one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .model_card import is_card
from .sweeps.outcome import record_of

_NAMES = (
    "report.html",
    "word_vectors.vec",
    "predictions.csv",
    "submission.csv",
    "temperature.json",
    "tta.json",
    "checkpoints/last.ckpt",
    "checkpoints/before_last.ckpt",
    "checkpoints/best.ckpt",  # else a run that is killed early would seem to have it
)


def remove_earlier_results(run: Path, begins_from: Sequence[str] = ()) -> None:
    """Remove what an earlier run in the same folder left and this one might not replace; what is one's own stays.

    Args:
        run: The folder. Where no record says that a run of ours was in it, as in a project's own, only the record goes.
        begins_from: Weights to begin with, which stay; of a path that leads to the folder, those of its best epoch.
    """
    from practicum.callbacks.run.report_figures import remove_figures  # noqa: PLC0415 - heavy

    needed = {Path(each).resolve() for each in begins_from if Path(each).exists()}
    if any(run.resolve() == each for each in needed):
        needed.add((run / "checkpoints" / "best.ckpt").resolve())
    names = ["metrics.json"]
    if "tests_on" in record_of(run):  # a run of ours, not a file of that name in a project's folder
        names += _NAMES
        remove_figures(run / "figures")
    if is_card(run / "README.md"):
        names.append("README.md")
    for name in names:
        if (run / name).resolve() not in needed:
            (run / name).unlink(missing_ok=True)
