"""A real data set without an upright orientation, trained from its CSV, compared with fastai: solar cells (elpv-dataset).

    python benchmarks/solar_cells.py PEER_ENV/lib/python3.11/site-packages/elpv_dataset/data --peer-python PEER_ENV/bin/python

`pip install --no-deps elpv-dataset` installs the photos: 2,624 single cells, each with the probability of a defect (Deitsch et
al. 2019). A random sample of them is written to a CSV with a column of splits, which `train.py` reads with `augment=top_down`;
the same photos in the same splits are linked into class folders for the peer. Both start from the same weights, train one frozen
epoch and `--epochs` unfrozen ones, at 224 pixels, batch 16.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from defaults_parts.cells import lay_out
from measurements import OURS, Measurements, add_json
from practicum.callbacks.run.results import results

HERE = Path(__file__).resolve().parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--peer-python", required=True)
    parser.add_argument("--count", type=int, default=1250)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    add_json(parser)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lay_out(options.photos.resolve(), folder, options.count, options.seed)
        command = [
            *(sys.executable, HERE.parent / "train.py", "data=image_folder", f"data.root={folder}", "data.csv=cells.csv"),
            *("data.split_column=split", "data.size=224", "augment=top_down", f"epochs={1 + options.epochs}"),
            *("callbacks=[default,tta]", "callbacks.tta.only_if_better=false", "callbacks.unfreeze.at=[1]"),
            *("optimizer.lr=0.005", f"seed={options.seed}"),
            *(f"hydra.run.dir={folder / 'run'}", f"paths.data={folder / 'data'}"),
        ]
        began = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        seconds = time.perf_counter() - began
        ours = json.loads((folder / "run" / "metrics.json").read_text(encoding="utf-8"))
        views = results(ours)
        peer = [
            *(options.peer_python, HERE / "peers" / "fastai_fine_tune.py", folder / "folders", "tf_efficientnet_lite0"),
            *("--epochs", str(options.epochs), "--seed", str(options.seed), "--flip-vert"),
        ]
        done = subprocess.run(peer, check=True, capture_output=True, text=True)
        theirs = json.loads(done.stdout.strip().splitlines()[-1])
    noted, plain = Measurements(), {"accuracy": ours["plain/accuracy"], "log-loss": ours["plain/loss"], "seconds": seconds}
    noted.setting("fastai", f"fine_tune({options.epochs}) with aug_transforms(flip_vert=True), the same weights")
    with_views = {"accuracy": views["accuracy"], "log-loss": views["loss"]}
    for side, values in ((OURS, plain), (f"{OURS}, 4 augmented views", with_views), ("fastai", theirs)):
        for name in plain:
            if name in values:
                noted.note(name, side, values[name], "more" if name == "accuracy" else "less")
    noted.write(options.json)
    print("| | accuracy | log-loss | seconds |\n|---|---|---|---|")
    print(f"| practicum | {ours['plain/accuracy']:.3f} | {ours['plain/loss']:.3f} | {seconds:.0f} |")
    print(f"| practicum, 4 augmented views | {views['accuracy']:.3f} | {views['loss']:.3f} | |")
    print(f"| fastai | {theirs['accuracy']:.3f} | {theirs['log-loss']:.3f} | {theirs['seconds']:.0f} |")


if __name__ == "__main__":
    main()
