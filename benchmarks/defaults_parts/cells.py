"""Solar cells of the package elpv-dataset, laid out for ours and for peers (Deitsch et al. 2019)."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np


def lay_out(source: Path, folder: Path, count: int, seed: int) -> None:
    """Write ``cells.csv`` for ours and links in class folders for the peer; above a probability of .5 a cell is defective."""
    rows = [line.split() for line in (source / "labels.csv").read_text(encoding="utf-8").splitlines()]
    chosen = np.random.default_rng(seed).permutation(len(rows))[:count]
    with open(folder / "cells.csv", "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["file", "label", "split"])
        for place, index in enumerate(chosen):
            name, label = rows[index][0], "defective" if float(rows[index][1]) > 0.5 else "whole"
            split = "valid" if place < count // 5 else "train"
            table.writerow([source / name, label, split])
            link = folder / "folders" / {"valid": "val"}.get(split, split) / label / Path(name).name
            link.parent.mkdir(parents=True, exist_ok=True)
            os.symlink(source / name, link)
