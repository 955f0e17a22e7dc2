"""The page of a sweep: ``sweep.html``, self-contained, with a row for each run, what was best, and figures of what matters.

Nothing in it is loaded from elsewhere; its links lead to the runs' own pages beside it.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

import jinja2
from practicum.callbacks.figures.canvas import data_url, theme_css
from practicum.callbacks.figures.plain_text import printable
from practicum.callbacks.files.atomic_file import atomic_write
from practicum.callbacks.run.report import TEMPLATES
from practicum.callbacks.run.results import is_result

from ..next_command import program_names, train_command
from .figures import sweep_figures
from .resume import command_of, how_to_go_on
from .rows import RunRow, best_run, broken_runs, chosen_by, collect_runs, over_seeds, shortened, swept, value_of
from .use import how_to_use

_METRICS = 6  # columns; all metrics are in the runs' pages and in sweep.csv


def render_page(folder: Path, rows: Sequence[RunRow]) -> str:
    """Render the page. All text is escaped.

    Args:
        folder: The sweep's folder.
        rows: Its runs, as :func:`.collect_runs` gives them.
    """
    metric, lower = chosen_by(folder, rows)
    best = best_run(rows, metric, lower)
    metrics = [key for key in dict.fromkeys(key for row in rows for key in row) if is_result(key) or key == metric]
    metrics = sorted(metrics, key=lambda name: name != metric)[:_METRICS]
    settings = swept(rows)
    loader = jinja2.FileSystemLoader([Path(__file__).parent, TEMPLATES])
    environment = jinja2.Environment(loader=loader, autoescape=True, keep_trailing_newline=True, undefined=jinja2.StrictUndefined)
    environment.filters["shortened"] = shortened
    counts = {status: sum(row["status"] == status for row in rows) for status in dict.fromkeys(row["status"] for row in rows)}
    return environment.get_template("sweep.html.j2").render(
        name=folder.resolve().name,
        command=_command(folder),
        metric=metric,
        lower=lower,
        best=best,
        best_value=None if best is None else value_of(best, metric),
        counts=counts,
        seconds=sum(row["seconds"] for row in rows if isinstance(row.get("seconds"), int | float)),
        broken=[sentence[:1].upper() + sentence[1:] for sentence in broken_runs(rows)],
        settings=settings,
        metrics=metrics,
        rows=[(row, _link(folder, row), row is best) for row in rows],
        seeds=over_seeds(rows, metrics),
        seed_settings=[key for key in settings if key != "seed"],
        theme=theme_css(),
        figures=[(each, data_url(each.svg)) for each in sweep_figures(rows, metric, lower)],
        again=how_to_go_on(folder, rows, program_names()[0]),
        use=how_to_use(folder, best),
    )


def write_page(folder: Path, rows: Sequence[RunRow] | None = None) -> Path:
    """Write ``sweep.html``.

    Args:
        folder: The sweep's folder.
        rows: Its runs. Default: as they are in the folder.

    Returns:
        The page's path.
    """
    path = folder / "sweep.html"
    page = render_page(folder, collect_runs(folder) if rows is None else rows)
    with atomic_write(path) as beside:
        beside.write_text(printable(page), encoding="utf-8")  # a folder's name may be no UTF-8
    return path


def _command(folder: Path) -> str:
    try:
        task, mine = command_of(folder)
    except ValueError:
        return ""
    return f"{train_command()} -m {shlex.join([*task, *mine])}"


def _link(folder: Path, row: RunRow) -> str | None:
    page = Path(row["run"], "report.html")
    return page.as_posix() if (folder / page).is_file() else None
