"""Whether a resumed run's model still takes the inputs that its data give: the same classes, categories and words, in order.

Where one is new, all that follow it get other numbers: the model would learn on with one category's vector for another's. So
such a run is not continued, and the preprocessing in its folder stays what its checkpoints were trained with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from practicum.callbacks.files.atomic_file import atomic_write
from practicum.datamodules.files.quoting import listed, plain, quoted

from .resume import ResumeError

# What data modules write, and later uses of the run read.
ARTIFACTS = ("steps.json", "tokenizer.json", "input.json", "splits.csv", "items.parquet")
# Of what they tell a model, and what that is called.
_INPUTS = {
    "classes": "classes",
    "categories": "categorical columns",
    "continuous": "continuous columns",
    "tokenizer": "words",
    "vocab": "words",
}


def read_artifacts(run: Path) -> dict[str, bytes]:
    """What data modules have written into a run folder, by file name."""
    return {name: (run / name).read_bytes() for name in ARTIFACTS if (run / name).is_file()}


def require_same_inputs(run: Path, checkpoint: Path, hparams: Mapping[str, Any], artifacts: Mapping[str, bytes]) -> None:
    """Refuse to continue with other classes, categories or words, and write back what belongs to the checkpoint.

    Args:
        run: The run folder.
        checkpoint: Where the run continues.
        hparams: Of the model that was built for the data as they are now.
        artifacts: What :func:`read_artifacts` found before the data were opened.

    Raises:
        ResumeError: They differ.
    """
    then = torch.load(checkpoint, map_location="meta", weights_only=True).get("hyper_parameters", {})
    change = next(_changes(then, hparams), None)
    if change is None:
        return
    for name, content in artifacts.items():
        with atomic_write(run / name) as beside:
            beside.write_bytes(content)
    raise ResumeError(
        f"resume={run}: the data are not those that the run began with: {change}; its model can't learn on with these. Restore "
        "the data, or begin a new run."
    )


def _changes(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for name, called in _INPUTS.items():
        if name not in then or name not in now or _in_order(then[name]) == _in_order(now[name]):
            continue
        if isinstance(then[name], Mapping) and isinstance(now[name], Mapping):
            for column in dict.fromkeys([*then[name], *now[name]]):
                if column not in now[name] or column not in then[name]:
                    yield f"they have {'no' if column in then[name] else 'a new'} column {quoted(column)}"
                elif then[name][column] != now[name][column]:
                    yield f"column {quoted(column)} has {_difference(then[name][column], now[name][column])}"
            yield f"their {called} have another order"
        elif isinstance(then[name], Sequence) and isinstance(now[name], Sequence) and not isinstance(then[name], str):
            yield f"their {called} have {_difference(then[name], now[name])}"
        else:
            yield f"their {called} are others"


def _in_order(value: Any) -> Any:
    """A value in which the order of columns counts: dictionaries that differ in it are equal."""
    return [*value.items()] if isinstance(value, Mapping) else value


def _difference(then: Sequence[Any], now: Sequence[Any]) -> str:
    known, given = {*map(str, then)}, {*map(str, now)}
    lost = [plain(str(each)) for each in then if str(each) not in given]
    new = [plain(str(each)) for each in now if str(each) not in known]
    found = [*([f"{listed(new, 3)} for the first time"] if new else []), *([f"{listed(lost, 3)} no longer"] if lost else [])]
    return " and ".join(found) or "another order"
