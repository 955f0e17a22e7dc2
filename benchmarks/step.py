"""What one training step of a small model costs, and whose it is: torch's, Lightning's or ours.

    python -m benchmarks.step ML_100K
    python -m benchmarks.step ML_100K --profile

The dot product on ratings, batches of 64, as ``experiment=movielens model=dot_product_bias`` composes it. Each way adds something
to the one before: the difference is what that costs. All are run in turn, ``--rounds`` times; the fastest tenth of steps counts,
in time of one thread on the processor, so that other work on the machine counts little.

- bare loop: prepared batches, ``zero_grad``, loss, ``backward``, ``step``;
- our loader: the same with batches of the data module's loader;
- Lightning: a Trainer without callbacks and loggers, and the module without its logging;
- our logging: the module logs ``train/loss``;
- train.py without loggers: its precision, schedule and callbacks;
- train.py: all that it has.

``--profile`` runs the last way under cProfile, and prints each function's own share of the time.
"""

from __future__ import annotations

import argparse
import cProfile
import logging
import pstats
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from hydra import compose, initialize_config_module
from hydra.utils import instantiate
from omegaconf import DictConfig
from practicum.cli.malloc import keep_freed_memory
from practicum.cli.model_facts import model_builder
from practicum.cli.trainer_factory import build_trainer
from practicum.lightning_shim import PACKAGE, Callback, Trainer, resolve_precision

WARM, STEPS = 50, 400


class Clock(Callback):
    """Processor time at the end of each step."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[float] = []

    def on_train_batch_end(self, *arguments: Any) -> None:
        self.times.append(time.process_time())

    def per_step(self) -> float:
        """Microseconds: the bound of the fastest tenth."""
        return 1e6 * statistics.quantiles((after - before for before, after in pairwise(self.times[WARM:])), n=10)[0]


def unlogged(model: Any) -> Any:
    """The same model; what it logs goes nowhere."""
    model.log = lambda *args, **options: None
    return model


def loss_of(model: Any, batch: Any) -> torch.Tensor:
    x, y = batch
    output, penalty = model.score(x.codes, x.codes[:, 1:2])
    return model.batch_loss(x, output, y) + penalty


def bare(model: Any, batches: Iterator[Any]) -> float:
    optimizer, clock = model.configure_optimizers(), Clock()
    for batch in batches:
        optimizer.zero_grad()
        loss_of(model, batch).backward()
        optimizer.step()
        clock.on_train_batch_end()
    return clock.per_step()


def ways(cfg: DictConfig) -> dict[str, Callable[[], float]]:
    """Microseconds of a step in each way."""
    data = instantiate(cfg.data, _convert_="all")
    data.prepare_data()
    data.setup("fit")
    build = model_builder(cfg, data)

    def batches() -> Iterator[Any]:
        while True:
            yield from data.train_dataloader()

    def limited(source: Iterator[Any]) -> Iterator[Any]:
        return (next(source) for _ in range(STEPS + WARM))

    def trained(module: Any, trainer: Trainer, clock: Clock) -> float:
        trainer.fit(module, datamodule=data)
        return clock.per_step()

    def plain(wrap: Callable[[Any], Any], **options: Any) -> float:
        clock = Clock()
        off = {"enable_checkpointing": False, "enable_progress_bar": False, "enable_model_summary": False, "logger": False}
        limits: dict[str, Any] = {"max_steps": STEPS + WARM, "limit_val_batches": 0, "use_distributed_sampler": False}
        trainer = Trainer(accelerator="cpu", callbacks=[clock], **off, **limits, **options)
        return trained(wrap(build()), trainer, clock)

    def composed(logged: bool) -> float:
        clock, config = Clock(), cfg.copy()
        config.trainer.max_steps, config.trainer.limit_val_batches = STEPS + WARM, 0
        callbacks = [instantiate(each, _convert_="all") for each in [*config.callbacks.values(), config.schedule] if each]
        loggers = [instantiate(each, _convert_="all") for each in config.logger.values()] if logged else []
        return trained(build(), build_trainer(config.trainer, [*callbacks, clock], loggers), clock)

    ready = [batch for batch, _ in zip(batches(), range(STEPS + WARM), strict=False)]
    return {
        "bare loop": lambda: bare(build(), iter(ready)),
        "our loader": lambda: bare(build(), limited(batches())),
        "Lightning": lambda: plain(unlogged),
        "our logging": lambda: plain(lambda module: module),
        "train.py without loggers": lambda: composed(False),
        "train.py": lambda: composed(True),
    }


def profile(way: Callable[[], float], lines: int) -> None:
    """Print the functions whose own lines take longest."""
    profiler = cProfile.Profile(time.process_time)
    profiler.runcall(way)
    found = pstats.Stats(profiler).stats  # type: ignore[attr-defined]
    rows = [(own, calls, file, name) for (file, _, name), (_, calls, own, _, _) in found.items() if calls >= STEPS]
    total = sum(own for own, *_ in rows)
    for own, calls, file, name in sorted(rows, reverse=True)[:lines]:
        print(f"{own / total:6.1%}  {calls / (STEPS + WARM):6.1f} a step  {'/'.join(Path(file).parts[-2:])} {name}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=lambda text: Path(text).resolve())
    parser.add_argument("--overrides", nargs="*", default=[], help="of train.py")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*", help="some of the ways")
    parser.add_argument("--profile", type=int, nargs="?", const=20, metavar="LINES")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    logging.getLogger(PACKAGE.__name__).setLevel(logging.ERROR)
    logging.getLogger("practicum").setLevel(logging.ERROR)
    torch.set_num_threads(1)
    keep_freed_memory()
    with tempfile.TemporaryDirectory() as folder, initialize_config_module("practicum.conf", version_base="1.3"):
        given = [f"data.root={options.root}", "data.batch_size=64", f"paths.data={folder}", f"paths.run={folder}/run"]
        cfg = compose("train", ["experiment=movielens", "model=dot_product_bias", *given, *options.overrides])
        cfg.trainer.precision = resolve_precision(cfg.trainer.precision, "cpu")
        each_way = ways(cfg)
        if options.profile:
            profile(each_way["train.py"], options.profile)
            return
        found: dict[str, list[float]] = {name: [] for name in options.only or each_way}
        for _ in range(options.rounds):
            for name, spans in found.items():
                spans.append(each_way[name]())
        for name, spans in found.items():
            middle = statistics.median(spans)
            rate = cfg.data.batch_size / middle * 1e6
            print(f"{name:26} {middle:6.0f} us a step, {rate:7.0f} rows/s   {[round(each) for each in spans]}", flush=True)


if __name__ == "__main__":
    main()
