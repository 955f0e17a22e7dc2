"""The page of a run: ``report.html``, one self-contained file with its figures, metrics and provenance.

Nothing in it is loaded from elsewhere, so it can be mailed, archived and opened years later.
"""

from __future__ import annotations

import base64
import html
import json
from pathlib import Path
from typing import Any

from .atomic_file import atomic_write

_TITLES = {
    "curves": "Learning curves",
    "confusion": "Confusion matrix",
    "per_class": "Class by class",
    "predicted_true": "Predicted against true",
    "residuals": "What is left over",
    "person": "A few people, and what is recommended to them",
    "item_biases": "Items beyond their popularity",
    "long_tail": "The long tail",
    "importance": "Which columns matter",
    "top_losses": "Most wrong",
    "most_wrong": "Most wrong",
    "grad_cam": "Where it looked when it was most wrong",
    "calibration": "Calibration",
    "samples": "In its own words",
    "nearest_words": "Words that lie nearest",
    "tta": "Changed most by looking again",
    "lr_find": "Range test of the learning rate",
    "schedule": "Learning rate and momentum",
    "augmentation": "One photo in several versions",
    "example_batch": "What the network was shown",
}
_STYLE = """
:root { color-scheme: light dark; --ink: #222; --soft: #667; --line: #dde; --paper: #fff; --card: #f6f7fa; --accent: #3366cc; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8e8ee; --soft: #99a; --line: #334; --paper: #16171c; --card: #1f2128; --accent: #7aa2ff; }
}
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 2rem auto; max-width: 62rem;
       padding: 0 1rem; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
p.sub { color: var(--soft); margin: .2rem 0 1.4rem; overflow-wrap: anywhere; }
.tiles { display: flex; flex-wrap: wrap; gap: .8rem; }
.tile { background: var(--card); border-radius: .5rem; padding: .7rem 1.1rem; }
.tile b { display: block; font-size: 1.5rem; color: var(--accent); } .tile span { color: var(--soft); font-size: .85rem; }
.warn { background: #fff3cd; color: #664d03; border-radius: .5rem; padding: .7rem 1.1rem; margin: 1rem 0; }
figure { margin: 0; } img { max-width: 100%; background: #fff; border: 1px solid var(--line); border-radius: .4rem; }
table { border-collapse: collapse; width: 100%; font-size: .88rem; }
td { border-top: 1px solid var(--line); padding: .25rem .6rem; vertical-align: top; overflow-wrap: anywhere; }
td:first-child { color: var(--soft); white-space: nowrap; } pre { background: var(--card); padding: 1rem; overflow: auto; }
pre.text { white-space: pre-wrap; font: inherit; }
"""


def write_report(folder: Path) -> Path:
    """Write ``report.html`` from a run folder's ``metrics.json``, ``figures/`` and ``.hydra/config.yaml``.

    Args:
        folder: The run folder.

    Returns:
        The page's path.
    """
    record: dict[str, Any] = json.loads((folder / "metrics.json").read_text())
    figures = [path for path in (folder / "figures").glob("*") if path.suffix in (".png", ".txt")]
    figures.sort(key=lambda path: (_order(path.stem), path.stem))
    config = folder / ".hydra" / "config.yaml"
    overrides = folder / ".hydra" / "overrides.yaml"
    command = " ".join(line.removeprefix("- ") for line in overrides.read_text().splitlines()) if overrides.is_file() else ""
    parts = [
        f"<h1>{html.escape(folder.parent.name)} / {html.escape(folder.name)}</h1>",
        f"<p class=sub>python train.py {html.escape('' if command == '[]' else command)}</p>",
        _warning(record),
        "<div class=tiles>",
        *(_tile(name, value) for name, value in _headline(record).items()),
        "</div>",
        *(_figure(path) for path in figures),
        "<h2>Record</h2><table>",
        *(f"<tr><td>{html.escape(key)}</td><td>{html.escape(_text(value))}</td></tr>" for key, value in record.items()),
        "</table>",
        f"<h2>Configuration</h2><pre>{html.escape(config.read_text())}</pre>" if config.is_file() else "",
    ]
    page = (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{html.escape(folder.parent.name)}</title><style>{_STYLE}</style><body>{''.join(parts)}</body></html>\n"
    )
    path = folder / "report.html"
    with atomic_write(path) as beside:
        beside.write_text(page, encoding="utf-8")
    return path


def _order(stem: str) -> int:
    order = list(_TITLES)
    return order.index(stem) if stem in order else len(order)


def _headline(record: dict[str, Any]) -> dict[str, Any]:
    shown = {name: value for name, value in record.items() if name.startswith("test/")}
    shown |= {f"best possible {name.removeprefix('known/')}": v for name, v in record.items() if name.startswith("known/")}
    return {**shown, "seconds": record["seconds"], "epochs": record["epochs"]}


def _warning(record: dict[str, Any]) -> str:
    if record.get("weights/pretrained", True):
        return ""
    return f"<p class=warn>Trained from scratch: {html.escape(str(record.get('weights/source')))}.</p>"


def _tile(name: str, value: Any) -> str:
    return f"<div class=tile><b>{html.escape(_text(value))}</b><span>{html.escape(name)}</span></div>"


def _text(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _figure(path: Path) -> str:
    title = _TITLES.get(path.stem, path.stem[:1].upper() + path.stem[1:].replace("_", " "))
    if path.suffix == ".txt":
        return f"<h2>{html.escape(title)}</h2><pre class=text>{html.escape(path.read_text(encoding='utf-8'))}</pre>"
    data = base64.b64encode(path.read_bytes()).decode()
    return f"<h2>{html.escape(title)}</h2><figure><img alt='{html.escape(title)}' src='data:image/png;base64,{data}'></figure>"
