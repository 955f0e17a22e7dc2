"""Read an input as a training and as a prediction do: prepare, set up, first batches of every loader, new input."""

from __future__ import annotations

import inspect
import itertools
import os
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from practicum import datamodules
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor

from .given import Given, Place

_BATCHES = 2


class Fault(Exception):
    """Something that must not happen happened without an exception."""


def read(given: Given, place: Place) -> str:
    """Read an input; returns ``works``, ``refused``, or ``new input refused``.

    Raises:
        Fault: A batch holds what no model can use, or the second reading differs.
    """
    root = place.input / given.root if given.root else place.input
    try:
        data = build(given, root, place, place.run)
        batches = training_batches(data)
        _all_rows(data, given)
    except MisconfigurationException as error:
        one_line(error)
        given.said.append(f"refused: {error}")
        return "refused"
    if given.again:
        if given.again == "damaged":
            _damage_cache(place.cache)
        try:
            again = training_batches(build(given, root, place, place.run))
        except MisconfigurationException as error:
            one_line(error)
            raise Fault(f"the second reading (cache {given.again}) was refused: {error}") from error
        if not _equal(batches, again):
            raise Fault(f"the second reading (cache {given.again}) gives other batches")
    if given.new is None:
        return "works"
    try:
        fresh = build(given, root, place, None) if given.module else data
        new_batches(fresh, place.input / given.new)
    except MisconfigurationException as error:
        one_line(error)
        given.said.append(f"new input refused: {error}")
        return "new input refused"
    return "works"


def build(given: Given, root: Path, place: Place, report_dir: Path | None) -> Any:
    """The data module, as the commands make it; ``report_dir`` is ``None`` in a prediction."""
    owner = getattr(datamodules, given.module)
    own: dict[str, Any] = {"cache": place.cache if report_dir else place.scratch, "report_dir": report_dir}
    base = datamodules.ImageFolder if issubclass(owner, datamodules.ImageFolder) else owner
    if base is not datamodules.ImageFolder or "artifacts_dir" in inspect.signature(base).parameters:
        own["artifacts_dir"] = place.run
    if issubclass(owner, datamodules.MovieLens):
        own["download_dir"] = place.cache
    return owner(root=root, **own, **given.options)


def training_batches(data: Any) -> list[Any]:
    """The first batches of the loaders of a training."""
    data.prepare_data()
    data.setup("fit")
    facts = data.describe()
    found = []
    for name in ("train", "val", "test"):
        if name == "test":
            data.setup("test")
        batches = list(itertools.islice(getattr(data, f"{name}_dataloader")(), _BATCHES))
        if not batches:
            raise Fault(f"the {name} loader gives no batch")
        for batch in batches:
            _check(batch, facts, name)
        found.append(batches)
    str(data.provenance)
    return found


def new_batches(data: Any, source: Path) -> None:
    """The first batches of new input, and the columns beside them."""
    new = data.for_prediction(str(source))
    count = 0
    for number, batch in enumerate(new.predict_dataloader()):
        if number < _BATCHES:
            _finite(batch[0] if isinstance(batch, list | tuple) else batch, "predict")
        count += len(next(_tensors(batch)))
    columns = new.row_columns()
    if {len(column) for column in columns.values()} != {count}:
        raise Fault(f"{count} predictions, and columns of { ({name: len(each) for name, each in columns.items()}) }")


def _all_rows(data: Any, given: Given) -> None:
    """Raise :class:`Fault` if rows were lost, or made of nothing."""
    if given.rows is not None:
        kinds = ("train", "valid", "test", "unlabelled", "unsup", "rejected")
        found = {kind: data.provenance[kind] for kind in kinds if kind in data.provenance}
        if sum(found.values()) != given.rows:
            raise Fault(f"a table of {given.rows} rows: {found}")


def _check(batch: Any, facts: Mapping[str, Any], name: str) -> None:
    _finite(batch, name)
    x = batch[0]
    if "vocab" in facts and isinstance(x, Tensor) and not 0 <= int(x.min()) <= int(x.max()) < len(facts["vocab"]):
        raise Fault(f"{name}: tokens outside the vocabulary")
    codes = x[0] if isinstance(x, tuple | list) else x
    if "categories" in facts:
        for column, levels in enumerate(facts["categories"].values()):
            if len(codes) and not 0 <= int(codes[:, column].min()) <= int(codes[:, column].max()) <= len(levels):
                raise Fault(f"{name}: codes outside the categories")
    target = batch[1]
    whole = isinstance(target, Tensor) and target.dim() == 1 and not target.is_floating_point()
    labelled = "classes" in facts and whole and name != "test"  # photos to test on may have no labels
    if labelled and not 0 <= int(target.min()) <= int(target.max()) < len(facts["classes"]):
        raise Fault(f"{name}: targets outside the classes")


def _finite(batch: Any, name: str) -> None:
    for tensor in _tensors(batch):
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise Fault(f"{name}: a batch is not finite")


def _tensors(node: Any) -> Iterator[Tensor]:
    if isinstance(node, Tensor):
        yield node
    elif isinstance(node, Mapping):
        for each in node.values():
            yield from _tensors(each)
    elif isinstance(node, list | tuple):
        for each in node:
            yield from _tensors(each)


def _equal(first: Any, second: Any) -> bool:
    mine, theirs = list(_tensors(first)), list(_tensors(second))
    return len(mine) == len(theirs) and all(torch.equal(a, b) for a, b in zip(mine, theirs, strict=True))


def _damage_cache(cache: Path) -> None:
    """Damage one file of the cache: cut off, emptied, or a few bytes changed."""
    apart = ("unpacked", ".lock")  # what is unpacked is not checked again: it may be as large as a disk
    files = sorted(path for path in cache.rglob("*") if path.is_file() and not any(each in str(path) for each in apart))
    files = [path for path in files if path.stat().st_size]
    if not files:
        return
    chance = random.Random(sum(path.stat().st_size for path in files))
    path = chance.choice(files)
    content = bytearray(path.read_bytes())
    kind = chance.randrange(3)
    if kind == 0:
        del content[chance.randrange(len(content)) :]
    elif kind == 1:
        content[:] = chance.randbytes(len(content))
    else:
        content[chance.randrange(len(content))] ^= 255
    stat = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def one_line(error: Exception) -> None:
    """Raise :class:`Fault` if a refusal is not one sentence."""
    text = str(error).replace("two\nlines", "two lines")  # a name of the input's own; the commands print it in one line, too
    lines = text.strip().split("\n")
    if len(lines) != 1 or len(text) > 2000:
        raise Fault(f"a refusal of {len(lines)} lines and {len(text)} characters: {text[:300]!r}") from error
