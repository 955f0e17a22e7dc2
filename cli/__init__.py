"""The command line: ``train.py`` and ``predict.py``, run folders, configuration checks and messages; in Python :class:`.Run`.

This is the only package that knows Hydra and all subpackages; nothing outside of it imports it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .model_facts import model_builder
    from .run import Run

__all__ = ["Run", "model_builder"]


def __getattr__(name: str) -> Any:
    """Import what is asked for only then: the commands answer ``--help`` before torch is imported."""
    if name == "Run":
        from .run import Run  # noqa: PLC0415 - heavy

        return Run
    if name == "model_builder":
        from .model_facts import model_builder  # noqa: PLC0415 - heavy

        return model_builder
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
