"""End a W&B run with the run of a sweep that opened it: Lightning's logger would write the process's next run into it."""

from __future__ import annotations

import sys


def end_wandb_run(failed: bool) -> None:
    """End the W&B run that this process has open; nothing where there is none.

    Args:
        failed: Whether the run failed, which its page then shows.
    """
    wandb = sys.modules.get("wandb")
    if wandb is not None and getattr(wandb, "run", None) is not None:
        wandb.finish(exit_code=int(failed))
