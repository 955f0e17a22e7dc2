"""Networks for tables: speed compared with fastai and a bare loop, one gather and a loop of embeddings, and LightGBM.

    python benchmarks/tables.py speed ROSSMANN_FILES --peer-python PEER_ENV/bin/python
    python benchmarks/tables.py gather
    python benchmarks/tables.py trees --peer-python PEER_ENV/bin/python experiment=table data.root=TABLE.csv data.target=COLUMN

- speed: rows per second in training, batches of 1,024, with the paper's columns and with all, with layers of 1000 and 500 and of
  200 and 100: a bare PyTorch loop of the same network on prepared tensors, in 32 bit and in the precision of
  ``trainer.precision=auto``; ours as train.py trains it; fastai's tabular learner. Alternately, ``--rounds`` times; medians.
- gather: look-ups of all columns as one gather, and as a loop of ``nn.Embedding``: equality, and time of forward and backward.
- trees: runs ``train.py`` with the given overrides, then LightGBM on the same columns, rows and split; errors and seconds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gpu_parts.flops import TRAINING, linear_flops
from measurements import OURS, Measurements, add_json
from practicum.callbacks import OneCycle
from practicum.callbacks.run.results import results
from practicum.cli.malloc import keep_freed_memory
from practicum.datamodules import Rossmann
from practicum.lightning_shim import Callback, Trainer, resolve_precision
from practicum.modules import EntityEmbeddingModel
from practicum.modules.layers.entity_embeddings import EntityEmbeddings, embedding_dim
from torch import Tensor, nn

HERE = Path(__file__).resolve().parent
BATCH, WARM, STEPS = 1024, 20, 150


def adamw(parameters: Any) -> torch.optim.AdamW:
    return torch.optim.AdamW(parameters, lr=1e-3, fused=True)  # as experiment=rossmann and experiment=table have it


def network(data: Rossmann, layers: list[int]) -> EntityEmbeddingModel:
    torch.manual_seed(1)
    return EntityEmbeddingModel(**data.describe(), hidden_sizes=layers, log_target=True, bounded=True, optimizer=adamw)


def bare(data: Rossmann, layers: list[int], precision: str) -> float:
    """Rows per second of a loop that does only what training needs."""
    model = network(data, layers).train()
    batches = data.train_dataloader().dataset
    optimizer = adamw(model.parameters())
    started = 0.0
    for step in range(WARM + STEPS):
        if step == WARM:
            started = time.perf_counter()
        x, y = batches[0, step]
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bf16-mixed"):
            loss = model.loss(model.output(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return STEPS * BATCH / (time.perf_counter() - started)


class Clock(Callback):
    """Seconds from the ``WARM``-th step to the last."""

    def on_train_batch_end(self, trainer: Trainer, *args: Any) -> None:
        if trainer.global_step == WARM:
            self.started = time.perf_counter()
        self.seconds = time.perf_counter() - getattr(self, "started", time.perf_counter())


def ours(data: Rossmann, layers: list[int], precision: str) -> float:
    """Rows per second with Lightning, our loader and a schedule."""
    clock = Clock()
    trainer = Trainer(
        accelerator="cpu",
        precision=precision,
        max_steps=WARM + STEPS,
        callbacks=[clock, OneCycle()],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        limit_val_batches=0,
    )
    trainer.fit(network(data, layers), datamodule=data)
    return STEPS * BATCH / clock.seconds


def table_for_peer(data: Rossmann, path: Path, rows: int) -> None:
    """Write the columns that ours uses, and the target, of a sample of rows."""
    facts = data.describe()
    names = [*facts["categories"], *(name for name in facts["continuous"] if not name.endswith("_missing"))]
    data.read().select([*names, "Sales"]).collect().sample(rows, seed=1).write_csv(path)
    path.with_suffix(".json").write_text(
        json.dumps({"categorical": list(facts["categories"]), "columns": names}), encoding="utf-8"
    )


def peer(python: str, script: str, *arguments: str) -> dict[str, Any]:
    answer = subprocess.run([python, HERE / "peers" / script, *arguments], capture_output=True, text=True, check=False)
    if answer.returncode:
        raise SystemExit(answer.stderr)
    return json.loads(answer.stdout.splitlines()[-1])


def speed(options: argparse.Namespace) -> None:
    auto, noted = resolve_precision("auto"), Measurements()
    noted.setting("fastai", "tabular_learner with the same columns and layers, its own embedding sizes, fit_one_cycle; 32 bit")
    with tempfile.TemporaryDirectory() as temporary:
        for features in ("paper", "all"):
            data = Rossmann(options.given[0], features=features, valid_days=42, batch_size=BATCH, cache=options.cache)
            data.prepare_data()
            data.setup("fit")
            table = Path(temporary) / f"{features}.csv"
            table_for_peer(data, table, (WARM + STEPS) * BATCH * 5 // 4)
            for layers in ([1000, 500], [200, 100]):
                found: dict[str, list[float]] = {}
                for _ in range(options.rounds):
                    found.setdefault("bare, 32 bit", []).append(bare(data, layers, "32-true"))
                    found.setdefault(f"bare, {auto}", []).append(bare(data, layers, auto))
                    found.setdefault(f"practicum, {auto}", []).append(ours(data, layers, auto))
                    if options.peer_python:
                        answer = peer(options.peer_python, "fastai_tables.py", str(table), *map(str, layers))
                        found.setdefault("fastai", []).append(answer["rows/s"])
                middle = {name: statistics.median(rates) for name, rates in found.items()}
                metric = f"{features} columns, layers {layers}: rows/s in training"
                for name, rates in found.items():
                    for rate in rates:
                        noted.note(metric, OURS if name.startswith(OURS) else f"{name.replace('bare', 'bare loop')}", rate)
                model = network(data, layers)
                inputs = sum(model.embeddings.dims) + len(data.describe()["continuous"])
                sides = noted.metrics[metric]["sides"]
                precisions = {side: "32-true" if side == "fastai" or "32 bit" in side else auto for side in sides}
                noted.operations(metric, TRAINING * linear_flops([inputs, *layers, 1]), precisions)
                own, loop = middle[f"practicum, {auto}"], middle[f"bare, {auto}"]
                for name, rates in found.items():
                    print(f"{features:5} {layers!s:11} {name:22} {middle[name]:8.0f} rows/s   {[round(rate) for rate in rates]}")
                beside = f", {own / middle['fastai']:.2f} times as fast as fastai" if "fastai" in middle else ""
                print(
                    f"{features:5} {layers!s:11} practicum reaches {own / loop:.2f} of the bare loop's speed{beside}", flush=True
                )
    noted.write(options.json)


class Loop(nn.Module):
    """One ``nn.Embedding`` per column."""

    def __init__(self, one: EntityEmbeddings) -> None:
        super().__init__()
        tables = [one.table(column).detach().clone() for column in range(len(one.cardinalities))]
        self.columns = nn.ModuleList(nn.Embedding.from_pretrained(table, freeze=False) for table in tables)

    def forward(self, codes: Tensor) -> Tensor:
        return torch.cat([each(codes[:, column]) for column, each in enumerate(self.columns)], 1)


def gather(options: argparse.Namespace) -> None:
    noted = Measurements()
    for name, cardinalities in {
        "the paper's 7 columns": [1116, 8, 3, 4, 13, 32, 13],
        "26 columns": [1116, 8, 3, 4, 13, 53, 32, *[5] * 12, 22, 27, 27, 9, 9, 9, 9],
    }.items():
        one = EntityEmbeddings(cardinalities, [embedding_dim(count) for count in cardinalities])
        loop = Loop(one)
        codes = torch.stack([torch.randint(count, (BATCH,)) for count in cardinalities], 1).int()
        upstream = torch.randn(BATCH, sum(one.dims))
        one(codes).backward(upstream)
        loop(codes).backward(upstream)
        assert one.weight.grad is not None
        gradients = torch.cat([each.weight.grad.flatten() for each in loop.columns])
        equal = torch.equal(one(codes), loop(codes)), torch.equal(one.weight.grad, gradients)
        print(f"{name}: equal to the bit: forward {equal[0]}, gradient {equal[1]}")
        times: dict[str, list[float]] = {"one gather": [], "a loop": []}
        for _ in range(options.rounds):
            for module, kind in ((one, "one gather"), (loop, "a loop")):
                started = time.perf_counter()
                for _ in range(300):
                    module.zero_grad()
                    module(codes).backward(upstream)
                times[kind].append((time.perf_counter() - started) / 300 * 1e3)
        for kind, values in times.items():
            for value in values:
                noted.note(
                    f"{name}: ms forward and backward", OURS if kind == "one gather" else "a loop of nn.Embedding", value, "less"
                )
        middle = {kind: statistics.median(values) for kind, values in times.items()}
        print(
            f"{name}: forward and backward {middle['one gather']:.2f} ms as one gather, {middle['a loop']:.2f} ms as a loop "
            f"({middle['a loop'] / middle['one gather']:.2f} times)"
        )
    noted.write(options.json)


def trees(options: argparse.Namespace) -> None:
    from hydra.utils import instantiate
    from practicum.cli.run_folder import open_run

    with tempfile.TemporaryDirectory() as temporary:
        run = Path(temporary) / "run"
        command = [sys.executable, str(HERE.parent / "train.py"), *options.given, "callbacks.progress=null"]
        subprocess.run([*command, f"paths.data={options.cache}", f"hydra.run.dir={run}"], check=True, stdout=subprocess.DEVNULL)
        record = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
        found = results(record)
        print(
            f"practicum { ({name: round(value, 4) for name, value in found.items()}) }, {record['seconds/fit']:.0f} s", flush=True
        )
        data = instantiate(open_run(run).config.data, report_dir=None, artifacts_dir=None, _convert_="all")
        data.prepare_data()
        table, facts = data.arrays(), data.describe()
        arrays = Path(temporary) / "arrays.npz"
        parts = {
            f"{kind}_{split}": values[table.rows[split if split in table.rows else "valid"]]
            for split in ("train", "valid", "test")
            for kind, values in (("codes", table.codes), ("numbers", table.numbers), ("y", table.targets))
        }
        np.savez(arrays, **parts)
        objective = "class" if "classes" in facts else "log" if options.log else "number"
        print("LightGBM ", peer(options.peer_python, "lightgbm_tables.py", str(arrays), objective))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("speed", "gather", "trees"))
    parser.add_argument("given", nargs="*", help="speed: Kaggle's files; trees: overrides of train.py")
    parser.add_argument("--peer-python")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cache", type=Path, default=Path("data/cache"))
    parser.add_argument("--log", action="store_true", help="trees: LightGBM learns the logarithm, as model.log_target=true does")
    add_json(parser)
    options = parser.parse_intermixed_args()
    keep_freed_memory()
    {"speed": speed, "gather": gather, "trees": trees}[options.what](options)


if __name__ == "__main__":
    main()
