"""The command that uses the best run of a sweep."""

from __future__ import annotations

import shlex
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from ..next_command import from_here, hints_of, program_names
from .rows import RunRow


def how_to_use(folder: Path, best: RunRow | None) -> str | None:
    """The command; ``None`` where no run is best, or where it predicts nothing by itself, as a language model.

    Args:
        folder: The sweep's folder.
        best: What :func:`.best_run` returned.
    """
    if best is None:
        return None
    composed = folder / best["run"] / ".hydra" / "config.yaml"
    config = OmegaConf.load(composed) if composed.is_file() else None
    hints = hints_of(config) if isinstance(config, DictConfig) else {}
    if "classifier" in hints:  # its page says what it is for
        return None
    given = map(str, hints.get("predict", ["input=INPUT"]))  # a folder's file may hold anything
    use = [f"run={from_here(folder / best['run'])}", *given, "output=predictions.csv"]
    return f"{program_names()[1]} {shlex.join(use)}"
