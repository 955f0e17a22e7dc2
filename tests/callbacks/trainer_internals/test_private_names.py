"""Every private name that callbacks rely on is there; and a missing one is named, with who relies on it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import practicum.callbacks
import pytest
from practicum.callbacks.trainer_internals import private_names
from practicum.callbacks.trainer_internals.private_names import PRIVATE_NAMES, check_name, check_private_names
from practicum.lightning_shim import PACKAGE, ROOTS, MisconfigurationException, Trainer

CASES = [(name, file, root.__name__) for file, names in PRIVATE_NAMES.items() for name in names for root in ROOTS]
CALLBACKS = Path(practicum.callbacks.__file__).parent


@pytest.mark.parametrize(("name", "file", "root"), CASES)
def test_it_is_there(name: str, file: str, root: str) -> None:
    check_name(name, file, root)


def test_every_file_is_one_of_this_folder() -> None:
    assert {path.name for path in (CALLBACKS / "trainer_internals").iterdir()} >= set(PRIVATE_NAMES)


@pytest.mark.parametrize("file", sorted(PRIVATE_NAMES))
def test_every_name_is_used_by_its_file(file: str) -> None:
    source = (CALLBACKS / "trainer_internals" / file).read_text(encoding="utf-8")
    for name in PRIVATE_NAMES[file]:
        last = name.rpartition(".")[2]
        assert re.search(rf"\b{last}\b", source), name


@pytest.mark.parametrize(
    "name",
    [
        "pytorch_lightning.trainer.trainer.Trainer._gone",
        "pytorch_lightning.loops.gone._FitLoop._combined_loader",
        "torch.optim.lr_scheduler.LRScheduler._gone",
        "torchmetrics.metric.Metric._gone",
    ],
)
def test_a_missing_one_is_one_sentence(name: str, make_trainer: Callable[..., Trainer], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(private_names.PRIVATE_NAMES, "loaders.py", (name,))
    with pytest.raises(MisconfigurationException) as missing:
        check_private_names(make_trainer(), "loaders.py")
    package = PACKAGE.__name__ if name.startswith("pytorch_lightning") else name.partition(".")[0]
    assert re.match(
        rf"{package} \d+\.\S* moved \S*{name.rpartition('.')[2]}, see practicum/callbacks/trainer_internals/loaders.py",
        str(missing.value),
    )
    check_private_names(make_trainer(), "batches.py")  # others are not affected


def test_no_callback_elsewhere_reaches_into_the_trainer() -> None:
    pattern = re.compile(
        r"trainer\.[a-z_.]*\._|_logger_connector|fit_loop|epoch_loop|\btorch\.[a-z_.]*\._|\b_pytree\b|\._schedulers\b|\._last_lr\b"
    )
    found = [
        f"{path.relative_to(CALLBACKS)}: {line.strip()}"
        for path in CALLBACKS.rglob("*.py")
        if path.parent.name != "trainer_internals"
        for line in path.read_text(encoding="utf-8").splitlines()
        if pattern.search(line)
    ]
    assert not found
