"""What fastai's four rules suggest for recorded curves. Run it in fastai's environment, on the file that our tests read.

    python benchmarks/peers/fastai_suggestions.py tests/callbacks/lr_curves.json

Reads ``[{"name", "steps", "lr", "smoothed"}, ...]`` and writes ``"fastai"`` into each.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from fastai.callback.schedule import minimum, slide, steep, valley


def main() -> None:
    path = Path(sys.argv[1])
    curves = json.loads(path.read_text(encoding="utf-8"))
    for curve in curves:
        # As Learner.lr_find does before it calls the rules.
        lrs = torch.tensor(curve["lr"][curve["steps"] // 10 : -5])
        losses = torch.tensor(curve["smoothed"][curve["steps"] // 10 : -5])
        rules = {"valley": valley, "steep": steep, "minimum": minimum, "slide": slide}
        curve["fastai"] = {name: float(rule(lrs, losses, curve["steps"])[0]) for name, rule in rules.items()}
    path.write_text(json.dumps(curves, indent=0) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
