"""Whether a checkpoint and a run's preprocessing belong together: codes of one table mean nothing to the network of another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from practicum.datamodules.files.quoting import quoted
from practicum.datamodules.tabular.table_facts import TableFacts
from practicum.lightning_shim import MisconfigurationException


def require_same_columns(model: Any, data: Any, checkpoint: Path) -> None:
    """Refuse weights that were trained on other columns, categories or classes than the run's ``steps.json`` holds.

    Args:
        model: Loaded from the checkpoint.
        data: The run's data module; only of tables and ratings something is known.
        checkpoint: For the message.

    Raises:
        MisconfigurationException: They differ.
    """
    if not isinstance(data, TableFacts):
        return
    steps = data.steps()
    known = {
        "categories": {name: list(each.categories) for name, each in steps.categorical.items()},
        "continuous": list(steps.number_names),
        "classes": steps.classes,
    }
    trained = {name: value for name, value in dict(model.hparams).items() if name in known and value is not None}
    for name, value in trained.items():
        own = {column: list(each) for column, each in value.items()} if name == "categories" else list(value)
        if own != known[name]:
            raise MisconfigurationException(
                f"{checkpoint}: was trained on other {name if name != 'continuous' else 'columns'} than the run's steps.json "
                f"holds ({_difference(own, known[name])}); it belongs to another run, or to an earlier one in this folder."
            )


def _difference(own: Any, known: Any) -> str:
    """What the weights have and the preprocessing lacks, or the other way round."""
    for one, other, has in ((own, known, "it has"), (known, own, "it lacks")):
        for each in one or ():
            if each not in (other or ()):
                return f"{has} {quoted(str(each))}"
    if isinstance(own, dict):
        return next(
            (f"of {quoted(column)} {_difference(own[column], known[column])}" for column in own if own[column] != known[column]),
            "in another order",
        )
    return "in another order"
