"""Rows of a table and ratings per second in training, beside bare loops of the same network on the same batches."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from practicum.callbacks import OneCycle
from practicum.datamodules.loading.batch_loader import batch_loader
from practicum.datamodules.ratings.interaction_batches import InteractionBatches
from practicum.datamodules.tabular.row_batches import RowBatches
from practicum.modules import DotProductBias, EntityEmbeddingModel, NeuralCollaborativeFilter
from practicum.modules.base.recommender import Recommender
from torch import Tensor

from gpu_parts.fastai_loop import fastai_rate
from gpu_parts.flops import TRAINING, linear_flops
from gpu_parts.measure import Blocks, Notes, Setting, adamw, bare_rate, fit_rate, ratio

# Rossmann's columns with all features, as benchmarks/tables.py has them, and as many numbers.
CARDINALITIES = [1116, 8, 3, 4, 13, 53, 32, *[5] * 12, 22, 27, 27, 9, 9, 9, 9]
NUMBERS = 16
HIDDEN = [1000, 500]
TARGET = {"mean": 0.0, "std": 1.0, "min": -5.0, "max": 5.0}
USERS, ITEMS, FACTORS = 6040, 3706, 64  # MovieLens 1M
RATINGS = {"mean": 3.5, "std": 1.1, "min": 1.0, "max": 5.0}


def moved(batch: Any, device: str) -> Any:
    """A batch on the device; named tuples stay such."""
    if isinstance(batch, Tensor):
        return batch.to(device, non_blocking=True)
    if isinstance(batch, tuple):
        parts = [moved(each, device) for each in batch]
        return type(batch)(*parts) if hasattr(batch, "_fields") else tuple(parts)
    return batch


def table_model() -> EntityEmbeddingModel:
    categories = {f"c{place}": [str(n) for n in range(count - 1)] for place, count in enumerate(CARDINALITIES)}
    names = [f"n{place}" for place in range(NUMBERS)]
    return EntityEmbeddingModel(categories, names, target=TARGET, hidden_sizes=HIDDEN, max_embedding_dim=50, optimizer=adamw)


def table_batches(batch: int, steps: int, epochs: int = 4) -> RowBatches:
    """As many rows as ``steps`` batches need in some epochs."""
    generator = torch.Generator().manual_seed(1)
    rows = batch * max(1, steps // epochs)
    codes = torch.stack([torch.randint(count, (rows,), generator=generator) for count in CARDINALITIES], 1).int()
    numbers = torch.randn(rows, NUMBERS, generator=generator)
    return RowBatches((codes, numbers), torch.randn(rows, generator=generator), batch_size=batch, shuffle=True)


def bare_step(setting: Setting, model: Any, batches: Any, on_device: bool = False) -> Callable[[int], None]:
    """A step of our network in a loop of its own, on the loader's batches or on copies that lie on the device already."""
    model = model.to(setting.device).train()
    optimizer = adamw(model.parameters())
    count = len(batches)
    ready = [moved(batches[0, number], setting.device) for number in range(count)] if on_device else []

    def step(number: int) -> None:
        x, y = ready[number % count] if on_device else moved(batches[number // count, number % count], setting.device)
        with setting.autocast():
            if isinstance(model, Recommender):
                scores, penalty = model.score(x.codes, x.codes[:, 1:2])
                loss = model.batch_loss(x, scores, y) + penalty
            else:
                loss = model.batch_loss(x, model.output(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def _bare_table(setting: Setting, batches: RowBatches, on_device: bool) -> Callable[[int], None]:
    return bare_step(setting, table_model(), batches, on_device)


def tables(setting: Setting, note: Notes) -> None:
    size = setting.pick(Blocks(20, 5, 40), Blocks(1, 2, 1))
    model = table_model()
    inputs = sum(model.embeddings.dims) + NUMBERS
    note("flops of a row's training step", TRAINING * linear_flops([inputs, *HIDDEN, 1]))
    for batch in setting.pick((1024, 16384), (8,)):
        batches = table_batches(batch, size.total)
        loop = bare_rate(setting, size, batch, partial(_bare_table, setting, batches, False))
        note(f"bare loop, batch {batch}", loop)
        there = bare_rate(setting, size, batch, partial(_bare_table, setting, batches, True))
        note(f"bare loop, rows on the device, batch {batch}", there)
        ours = fit_rate(setting, size, batch, table_model, batch_loader(batches), lambda: [OneCycle()])
        note(f"practicum, batch {batch}", ours)
        ratio(note, f"practicum relative to the bare loop, batch {batch}", ours, loop)
    note("fastai", _fastai_tables(setting, size))


def _fastai_tables(setting: Setting, size: Blocks) -> Any:
    from importlib.util import find_spec

    if find_spec("fastai") is None:
        return "fastai is not installed here"
    from fastai.tabular.model import TabularModel

    batch = setting.pick(1024, 8)
    batches = table_batches(batch, size.total)
    dims = table_model().embeddings.dims
    net = TabularModel(list(zip(CARDINALITIES, dims, strict=True)), NUMBERS, 1, HIDDEN)
    ready = []
    for number in range(min(8, len(batches))):
        (codes, numbers), y = moved(batches[0, number], setting.device)
        ready.append((codes.long(), numbers, y[:, None]))
    return fastai_rate(setting, size, batch, net, ready, torch.nn.functional.mse_loss)


def recommender(kind: str) -> Recommender:
    categories = {"user": [str(n) for n in range(USERS)], "item": [str(n) for n in range(ITEMS)]}
    if kind == "dot product":
        return DotProductBias(categories, RATINGS, factors=FACTORS, optimizer=adamw)
    return NeuralCollaborativeFilter(categories, RATINGS, factors=FACTORS, hidden_sizes=[64, 32], optimizer=adamw)


def ratings(setting: Setting, note: Notes) -> None:
    size = setting.pick(Blocks(20, 5, 40), Blocks(1, 2, 1))
    for kind in ("dot product", "neural collaborative filter"):
        for batch in setting.pick((1024, 16384), (8,)):
            generator = torch.Generator().manual_seed(1)
            rows = batch * max(1, size.total // 4)
            codes = torch.stack([torch.randint(1, count + 1, (rows,), generator=generator) for count in (USERS, ITEMS)], 1).int()
            stars = torch.randint(1, 6, (rows,), generator=generator).float()
            batches = InteractionBatches(RowBatches((codes,), stars, batch_size=batch, shuffle=True))
            name = f"{kind}, batch {batch}"

            def bare(kind: str = kind, batches: Any = batches) -> Callable[[int], None]:
                return bare_step(setting, recommender(kind), batches)

            loop = bare_rate(setting, size, batch, bare)
            note(f"bare loop, {name}", loop)
            data = batch_loader(batches)
            ours = fit_rate(setting, size, batch, partial(recommender, kind), data, lambda: [OneCycle()])
            note(f"practicum, {name}", ours)
            ratio(note, f"practicum relative to the bare loop, {name}", ours, loop)
    note("fastai", _fastai_ratings(setting, size))


def _fastai_ratings(setting: Setting, size: Blocks) -> Any:
    from importlib.util import find_spec

    if find_spec("fastai") is None:
        return "fastai is not installed here"
    from fastai.collab import EmbeddingDotBias

    batch, generator = setting.pick(1024, 8), torch.Generator().manual_seed(1)
    ready = []
    for _ in range(8):
        codes = torch.stack([torch.randint(1, count + 1, (batch,), generator=generator) for count in (USERS, ITEMS)], 1)
        stars = torch.randint(1, 6, (batch,), generator=generator).float()
        ready.append((codes.to(setting.device), stars.to(setting.device)))
    net = EmbeddingDotBias(FACTORS, USERS + 1, ITEMS + 1, y_range=(0.5, 5.5))
    return fastai_rate(setting, size, batch, net, ready, torch.nn.functional.mse_loss)
