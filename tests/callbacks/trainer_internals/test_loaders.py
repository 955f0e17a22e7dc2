"""Parts of loaders, their snapshots, and clones that leave the originals where they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from practicum.callbacks.trainer_internals.loaders import (
    clone_loaders,
    endless_batches,
    generators_of,
    parts_of,
    snapshot_loader,
    steps_take_iterator,
    train_loaders,
)
from practicum.lightning_shim import Callback, Trainer, classes
from torch.utils.data import ConcatDataset, DataLoader, Dataset, TensorDataset, random_split
from torchdata.stateful_dataloader import StatefulDataLoader

MakeTrainer = Callable[..., Trainer]
BoringModel = classes("demos.boring_classes.BoringModel")[0]
CombinedLoader = classes("utilities.combined_loader.CombinedLoader")[0]


def shuffled(loader: Any = DataLoader) -> Any:
    return loader(TensorDataset(torch.arange(12)), batch_size=3, shuffle=True, generator=torch.Generator().manual_seed(3))


def test_parts_are_the_loader_its_samplers_and_its_data() -> None:
    loader = shuffled()
    assert {id(part) for part in parts_of(loader)} == {
        id(part) for part in (loader, loader.dataset, loader.sampler, loader.batch_sampler)
    }
    assert generators_of(loader) == [loader.generator]  # shared with its sampler: once


def test_a_snapshot_restores_the_order() -> None:
    loader = shuffled()
    restores = snapshot_loader(loader, {})
    first = [batch[0].tolist() for batch in loader]
    assert [batch[0].tolist() for batch in loader] != first
    for restore in restores:
        restore()
    assert [batch[0].tolist() for batch in loader] == first


def test_clones_read_the_same_data_and_leave_the_originals_alone() -> None:
    for kind in (DataLoader, StatefulDataLoader):
        loader = (
            DataLoader(TensorDataset(torch.arange(12)), batch_size=3)
            if kind is DataLoader
            else kind(TensorDataset(torch.arange(12)), batch_size=3)
        )
        combined = CombinedLoader({"a": loader}, "max_size")
        iterator = iter(combined)
        assert next(iterator)[0]["a"][0].tolist() == [0, 1, 2]
        cloned = [batch["a"][0].tolist() for batch, _, _ in iter(clone_loaders(combined))]
        assert cloned == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11]]
        assert next(iterator)[0]["a"][0].tolist() == [3, 4, 5]


def test_batches_without_end_in_the_middle_of_a_fit(make_trainer: MakeTrainer) -> None:
    seen: list[Any] = []
    passes: list[int] = []

    class Reads(Callback):
        def on_train_batch_start(self, trainer: Trainer, pl_module: Any, batch: Any, batch_idx: int) -> None:
            seen.append(batch.tolist())
            if batch_idx == 1:
                assert train_loaders(trainer) == [data]
                assert not steps_take_iterator(trainer)
                batches = endless_batches(trainer, lambda: passes.append(0))
                seen.append([next(batches).tolist() for _ in range(5)])

    class Own(BoringModel):
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            return self.layer.weight.sum()

    data = DataLoader(torch.arange(6), batch_size=2)  # type: ignore[arg-type]
    make_trainer(callbacks=[Reads()], limit_val_batches=0).fit(Own(), data)
    assert seen == [[0, 1], [2, 3], [[0, 1], [2, 3], [4, 5], [0, 1], [2, 3]], [4, 5]]
    assert len(passes) == 2


class Noisy(Dataset[Any]):
    """Draws from a generator of its own."""

    def __init__(self) -> None:
        self.generator, self.read = torch.Generator().manual_seed(1), 0

    def __len__(self) -> int:
        return 6

    def __getitem__(self, place: int) -> Any:
        self.read += 1
        return torch.rand((), generator=self.generator)


@pytest.mark.parametrize("within", [lambda data: random_split(data, [6, 0])[0], lambda data: ConcatDataset([data, Noisy()])])
def test_data_sets_within_data_sets_are_restored_too(within: Any) -> None:
    inner = Noisy()
    loader = DataLoader(within(inner), batch_size=2)
    assert inner.generator in generators_of(loader)
    restores = snapshot_loader(loader, {})
    first = torch.cat(list(loader))
    for restore in restores:
        restore()
    assert inner.read == 0
    assert torch.equal(torch.cat(list(loader)), first)
