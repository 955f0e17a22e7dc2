"""The table of Guo & Berkhahn 2016: k-NN, random forest, boosting and a network, each without and with entity embeddings.

    python benchmarks/rossmann_paper.py ROSSMANN_FILES --peer-python PEER_ENV/bin/python

The paper's seven columns, the first nine tenths of the days for training (a sample of 200,000 rows), the last tenth for
evaluation; relative error (MAPE). ``--seeds`` networks with embeddings are trained by ``experiment=rossmann_paper``, as many
without (each column one-hot, all else the same), and the mean of each set is evaluated as well, as in the paper. Other methods
take the columns as integers (k-NN: by the number of columns that differ; boosting: as categories), then the embeddings that each
network has learnt. All learn the sales' logarithm. Prediction with k-NN is slow, so all methods are compared on a sample of
``--evaluated`` rows of the last tenth.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

if __package__ in (None, ""):  # python benchmarks/rossmann_paper.py
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from practicum.callbacks import EMA
from practicum.cli.malloc import keep_freed_memory
from practicum.cli.run_folder import open_run
from practicum.datamodules import Rossmann
from practicum.lightning_shim import Trainer, resolve_precision, seed_everything
from practicum.modules import EntityEmbeddingModel

from benchmarks.claims_parts.intervals import gain, interval
from benchmarks.claims_parts.table import with_interval
from benchmarks.defaults_parts.report import markdown
from benchmarks.measurements import OURS, Measurements, add_json

HERE = Path(__file__).resolve().parent


class OneHot(nn.Module):
    """One-hot codes of all columns ``[B, sum of cardinalities]``, in place of embeddings."""

    def __init__(self, cardinalities: list[int]) -> None:
        super().__init__()
        self.cardinalities = cardinalities

    def forward(self, codes: Tensor) -> Tensor:
        return torch.cat([one_hot(codes[:, i].long(), count).float() for i, count in enumerate(self.cardinalities)], 1)


def with_embeddings(options: argparse.Namespace, seed: int) -> EntityEmbeddingModel:
    run = options.folder / f"embeddings{seed}"
    if not (run / "report.html").exists():
        command = ["experiment=rossmann_paper", f"data.root={options.root}", f"data.train_rows={options.rows}", f"seed={seed}"]
        command += [
            "data.seed=1",
            "epochs=10",
            "callbacks.progress=null",
            f"paths.data={options.folder / 'data'}",
            f"hydra.run.dir={run}",
        ]
        subprocess.run([sys.executable, HERE.parent / "train.py", *command], check=True, stdout=subprocess.DEVNULL)
    return EntityEmbeddingModel.load_from_checkpoint(open_run(run).checkpoint, map_location="cpu", weights_only=True)


def one_hot_network(data: Rossmann, like: EntityEmbeddingModel, seed: int) -> EntityEmbeddingModel:
    seed_everything(seed, verbose=False)
    facts: dict[str, Any] = dict(like.hparams)
    counts = {column: len(categories) + 1 for column, categories in facts["categories"].items()}
    model = EntityEmbeddingModel(
        **facts | {"embedding_dims": counts},
        optimizer=lambda groups: torch.optim.Adam(groups, lr=1e-3, fused=True),  # as the experiment has it
    )
    model.embeddings = OneHot(list(counts.values()))  # type: ignore[assignment]
    trainer = Trainer(
        accelerator="cpu",
        precision=resolve_precision("auto"),
        max_epochs=10,
        callbacks=[EMA(decay=0.9995)],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        limit_val_batches=0,
    )
    trainer.fit(model, datamodule=data)
    return model


@torch.no_grad()
def predict(model: EntityEmbeddingModel, codes: Tensor) -> np.ndarray[Any, Any]:
    parts = [model.eval()((part, part[:, :0].float())) for part in codes.split(20_000)]
    return torch.cat(parts).double().numpy()


def mape(predicted: np.ndarray[Any, Any], true: np.ndarray[Any, Any]) -> float:
    return float(np.abs(predicted / true - 1).mean())


def table(errors_of: dict[str, dict[bool, list[float]]]) -> str:
    """Relative errors without and with embeddings: means of the seeds with 95 % intervals, and gains, paired by seed."""
    rows = []
    for method, of in errors_of.items():
        without, embedded = of[False], of[True]
        paired = gain("loss", embedded, without * len(embedded) if len(without) == 1 else without)
        cells = [[round(value, 4) for value in each] for each in (interval(without), interval(embedded), paired)]
        rows.append([method, *(with_interval(*cell) for cell in cells)])
    head = ["method", "columns", "embeddings", "embeddings are better by"]
    return f"Relative error on the sample, mean ± 95 % interval of {len(embedded)} seeds:\n\n{markdown(head, rows)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=lambda text: Path(text).resolve())
    parser.add_argument("--peer-python", required=True, help="one with scikit-learn and LightGBM")
    parser.add_argument("--folder", type=lambda text: Path(text).resolve(), default=Path("runs/rossmann_paper").resolve())
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--evaluated", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, default=5)
    add_json(parser)
    options = parser.parse_args()
    keep_freed_memory()
    data = Rossmann(
        options.root,
        features="paper",
        split="time",
        valid_fraction=0.1,
        valid_days=None,
        train_rows=options.rows,
        batch_size=128,
        cache=options.folder / "data" / "cache",
    )
    data.prepare_data()
    data.setup("fit")
    whole = data.train_dataloader().dataset
    train_codes, train_y = whole.inputs[0][whole.rows], whole.targets[whole.rows]
    held = data.val_dataloader().dataset
    test_codes, test_y = held.inputs[0][held.rows], held.targets[held.rows].double().numpy()
    sample = np.random.default_rng(1).permutation(len(test_y))[: options.evaluated]
    print(f"{len(train_y):,} training rows; {len(test_y):,} test rows, {len(sample):,} of them for the other methods", flush=True)

    networks = [with_embeddings(options, seed) for seed in range(1, options.seeds + 1)]
    plain = [one_hot_network(data, networks[0], seed) for seed in range(1, options.seeds + 1)]
    noted, errors_of = Measurements(), dict[str, dict[bool, list[float]]]()
    noted.setting("other methods", "k-NN, forest and boosting as in the paper's code; 50 trees, LightGBM in the place of XGBoost")
    for name, models in (("network, one-hot", plain), ("network, embeddings", networks)):
        each = [predict(model, test_codes) for model in models]
        errors = [mape(one[sample], test_y[sample]) for one in each]  # as of the other methods
        errors_of.setdefault("network", {})[models is networks] = errors
        for error in errors:
            noted.note("relative error", OURS if models is networks else name, error, "less")
        print(
            f"{name:26} {statistics.mean(errors):.4f}  {[round(error, 4) for error in errors]}  mean of {len(each)}: "
            f"{mape(np.mean(each, 0)[sample], test_y[sample]):.4f}; on all rows {[round(mape(one, test_y), 4) for one in each]}, "
            f"their mean {mape(np.mean(each, 0), test_y):.4f}",
            flush=True,
        )

    nothing = torch.empty(0, 0)
    arrays = options.folder / "arrays.npz"
    with torch.no_grad():
        vectors = {
            f"vectors{seed}_{part}": network.eval().embedded((codes, nothing)).numpy()
            for seed, network in enumerate(networks, start=1)
            for part, codes in (("train", train_codes), ("test", test_codes[sample]))
        }
    codes = {"codes_train": train_codes.numpy(), "codes_test": test_codes[sample].numpy()}
    np.savez(arrays, **codes, **vectors, y_train=train_y.numpy(), y_test=test_y[sample])
    script = HERE / "peers" / "other_methods.py"
    process = subprocess.Popen([options.peer_python, script, str(arrays)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        found = json.loads(line)
        label = f"{found['method']}, {'embeddings' if found['embeddings'] else 'columns'}"
        print(f"{label:26} {found['mape']:.4f}  {found['seconds']:.0f} s, seed {found['seed']}", flush=True)
        errors_of.setdefault(found["method"], {}).setdefault(found["embeddings"], []).append(found["mape"])
        noted.note("relative error", label, found["mape"], "less")
        noted.note("seconds of training and prediction", label, found["seconds"], "less")
    if process.wait():
        raise SystemExit(f"{script.name} ended with {process.returncode}")
    noted.page(table(errors_of))
    print(noted.pages[0], flush=True)
    noted.write(options.json)


if __name__ == "__main__":
    main()
