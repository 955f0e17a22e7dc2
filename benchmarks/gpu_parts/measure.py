"""What the parts share: settings, notes that survive a kill, clocks that wait for the device, and Lightning's trainer."""

from __future__ import annotations

import gc
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from practicum.callbacks import Watcher
from practicum.cli.trainer_factory import NoProfiler
from practicum.lightning_shim import Callback, LightningDataModule, LightningModule, Trainer

from gpu_parts.results import Found, change_results


class Notes:
    """Results of one part: printed, and on the disk, as soon as there are any."""

    def __init__(self, path: Path, part: str) -> None:
        self.path, self.part, self.started = path, part, time.monotonic()
        self._lock = threading.Lock()

    def __call__(self, name: str, value: Any) -> None:
        with self._lock, change_results(self.path) as results:
            results.setdefault("parts", {}).setdefault(self.part, {})[name] = value
        shown = value
        if isinstance(value, dict):
            shown = {key: each for key, each in value.items() if not isinstance(each, list | dict)}
        print(f"{time.monotonic() - self.started:6.1f} s  {self.part}: {name}: {str(shown)[-600:]}", flush=True)


@dataclass(frozen=True)
class Setting:
    """Where and how large: ``tiny`` runs everything in little time and measures nothing."""

    device: str  # cuda or cpu
    tiny: bool
    work: Path  # a folder for data and runs

    def pick(self, full: Any, tiny: Any) -> Any:
        return tiny if self.tiny else full

    @property
    def gpu(self) -> bool:
        return self.device == "cuda"

    @property
    def precision(self) -> str:
        return "bf16-mixed" if self.gpu else "32-true"

    def autocast(self) -> torch.autocast:
        return torch.autocast(self.device, dtype=torch.bfloat16, enabled=self.gpu)

    def synchronize(self) -> None:
        if self.gpu:
            torch.cuda.synchronize()


@dataclass(frozen=True)
class Blocks:
    """``warm`` steps that don't count, then ``count`` blocks of ``steps``: each gives a time, and their median counts."""

    warm: int
    count: int
    steps: int

    @property
    def total(self) -> int:
        return self.warm + self.count * self.steps


class Clock(Watcher):
    """Seconds of each block; the device is waited for at the blocks' ends only."""

    def __init__(self, setting: Setting, size: Blocks) -> None:
        super().__init__()
        self.setting, self.size = setting, size
        self.steps, self.ends = 0, list[float]()

    def tick(self) -> None:
        self.steps += 1
        if self.steps >= self.size.warm and (self.steps - self.size.warm) % self.size.steps == 0:
            self.setting.synchronize()
            self.ends.append(time.perf_counter())

    def on_train_batch_end(self, *args: Any) -> None:
        self.tick()

    def rates(self, items: int) -> Found:
        """Items per second, with ``items`` in a step."""
        each = [items * self.size.steps / (b - a) for a, b in zip(self.ends, self.ends[1:], strict=False)]
        assert len(each) == self.size.count, (len(each), self.size)
        return {"per_second": statistics.median(each), "least": min(each), "most": max(each), "blocks": each}


@contextmanager
def peak_memory(setting: Setting, found: Found) -> Iterator[None]:
    """Add to ``found`` the peak of what tensors took on the GPU, and of what the allocator reserved for them, in GB."""
    gc.collect()
    if setting.gpu:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    yield
    if setting.gpu:
        found["peak_gb"] = torch.cuda.max_memory_allocated() / 1e9
        found["reserved_gb"] = torch.cuda.max_memory_reserved() / 1e9
    gc.collect()


def bare_rate(setting: Setting, size: Blocks, items: int, build: Callable[[], Callable[[int], Any]]) -> Found:
    """Items per second of a loop that does only what training needs.

    Args:
        setting: The device.
        size: How many steps.
        items: Items in a step.
        build: Builds the network and returns its step, a function of the step's number.
    """
    found: Found = {}
    with peak_memory(setting, found):
        torch.manual_seed(1)
        step, clock = build(), Clock(setting, size)
        for number in range(size.total):
            step(number)
            clock.tick()
        del step
    return {**clock.rates(items), **found}


class Ready:
    """A loader of prepared batches, over and over: loading them costs nothing."""

    def __init__(self, batches: Sequence[Any], count: int) -> None:
        self.batches, self.count = batches, count

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Any]:
        return (self.batches[number % len(self.batches)] for number in range(self.count))


def fit_rate(
    setting: Setting,
    size: Blocks,
    items: int,
    build: Callable[[], LightningModule],
    data: Any,
    callbacks: Callable[[], list[Callback]] = list,
    **options: Any,
) -> Found:
    """Items per second of Lightning's loop with our callbacks, in a trainer as train.py builds it."""
    found: Found = {}
    with peak_memory(setting, found):
        torch.manual_seed(1)
        clock = Clock(setting, size)
        own: dict[str, Any] = {
            "accelerator": "gpu" if setting.gpu else "cpu",
            "devices": 1,
            "precision": setting.precision,
            "max_steps": size.total,
            "max_epochs": -1,
            "logger": False,
            "profiler": NoProfiler(),
            "default_root_dir": str(setting.work),
            "limit_val_batches": 0,
            "num_sanity_val_steps": 0,
            "use_distributed_sampler": False,
            "enable_checkpointing": False,
            "enable_progress_bar": False,
            "enable_model_summary": False,
        }
        trainer = Trainer(callbacks=[clock, *callbacks()], **{**own, **options})
        if isinstance(data, LightningDataModule):
            trainer.fit(build(), datamodule=data)
        else:
            trainer.fit(build(), data)
        del trainer
    return {**clock.rates(items), **found}


def adamw(groups: Any, lr: float = 1e-3, **options: Any) -> torch.optim.AdamW:
    """Fused: one kernel updates all weights."""
    return torch.optim.AdamW(groups, lr=lr, **{"fused": True, **options})


def ratio(note: Notes, name: str, found: Found, base: Found) -> None:
    note(name, found["per_second"] / base["per_second"])
