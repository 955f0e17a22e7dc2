"""Base of the callbacks that draw: whatever goes wrong in drawing is said, and never ends a run.

**Why.** Figures are drawn when the hours of training are over. A label that matplotlib can't parse, or a full disk, must not cost
the test, the record and the predictions. What the figure is about may be wrong without the run being wrong.
"""

from __future__ import annotations

import functools
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer

from ..files.atomic_file import atomic_write
from ..roles import Watcher
from .plots import Plots

log = logging.getLogger(__name__)

FAILED = "failed.json"  # in the folder of figures of a run: what could not be drawn
_BEGIN = ("on_fit_start", "on_test_start", "on_validation_start", "on_predict_start")
_NOT_DRAWING = ("on_exception", "on_load_checkpoint", "on_save_checkpoint")


@contextmanager
def never_fatal(trainer: Trainer, name: str) -> Iterator[None]:
    """Turn an error within the block into a warning and an entry in ``figures/failed.json``, which the report shows.

    Interruptions pass, and a ``MisconfigurationException`` passes as long as no step has been trained: then nothing is lost, and
    the mistake can be mended at once.

    Args:
        trainer: Its ``default_root_dir`` is the run's folder.
        name: Of the callback or figure.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, MisconfigurationException) and trainer.global_step == 0:
            raise
        said = " ".join(str(error).split())
        reason = said if isinstance(error, MisconfigurationException) else f"{type(error).__name__}: {said[:300]}"
        log.warning(f"{name}: nothing is drawn, and the run goes on: {reason}")
        log.debug("", exc_info=True)
        if trainer.is_global_zero:
            _note(_list_of(trainer), f"{name} in training" if trainer.state.fn == "fit" else name, reason)


def failed_figures(folder: Path) -> dict[str, str]:
    """Return what could not be drawn, and why.

    Args:
        folder: Of a run's figures.
    """
    try:
        noted = json.loads((folder / FAILED).read_text(encoding="utf-8"))
        return {str(name): str(reason) for name, reason in noted.items()}
    except (OSError, ValueError, AttributeError):
        return {}


class FigureCallback(Plots, Watcher):
    """Base of callbacks that draw or list something about a run.

    An error in one of its hooks (``on_...``) becomes a warning, and a line in the report; until the next fit or test begins its
    hooks are then passed over. See :func:`never_fatal`. What was drawn is at hand by :meth:`plot`, what was listed by
    :attr:`text`. This holds for subclasses too, whichever hooks they have.

    Example:
        >>> from practicum.callbacks.figures.figure_callback import FigureCallback
        >>> class Broken(FigureCallback):
        ...     def on_test_end(self, trainer, pl_module):
        ...         raise ValueError("no such colour")  # a warning: "Broken: nothing is drawn, and the run goes on: ..."
    """

    _failed = False
    _within = False

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name, hook in list(vars(cls).items()):
            if name.startswith("on_") and name not in _NOT_DRAWING and callable(hook):
                setattr(cls, name, _guarded(name, hook))

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin anew."""
        _begin(self, trainer)

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin anew."""
        _begin(self, trainer)


def _guarded(name: str, hook: Callable[..., Any]) -> Callable[..., Any]:
    """Return a hook whose errors are no errors of the run."""

    @functools.wraps(hook)
    def run(self: FigureCallback, trainer: Trainer, *args: Any, **options: Any) -> None:
        if self._within:  # called by super() in a subclass's hook, which is guarded
            hook(self, trainer, *args, **options)
            return
        if name in _BEGIN:
            _begin(self, trainer)
        if self._failed:
            return
        self._within, self._failed = True, True
        try:
            with never_fatal(trainer, type(self).__name__):
                hook(self, trainer, *args, **options)
                self._failed = False
        finally:
            self._within = False

    return run


def _begin(callback: FigureCallback, trainer: Trainer) -> None:
    """Give a callback another chance; what it failed at in a training stands until the next training."""
    callback._failed = False
    if trainer.is_global_zero:
        name = type(callback).__name__
        for each in (name, f"{name} in training") if trainer.state.fn == "fit" else (name,):
            _note(_list_of(trainer), each, None)


def _list_of(trainer: Trainer) -> Path:
    return Path(trainer.default_root_dir) / "figures" / FAILED


def _note(path: Path, name: str, reason: str | None) -> None:
    """Note why something could not be drawn, or with ``None`` that it can be; without a disk to write on, the log has it."""
    noted = failed_figures(path.parent)
    kept = {each: why for each, why in noted.items() if each != name and (reason or not each.startswith(f"{name} of "))}
    if reason is not None:
        kept[name] = reason
    if kept == noted:
        return
    try:
        if not kept:
            path.unlink(missing_ok=True)
            return
        with atomic_write(path) as beside:
            beside.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    except OSError:
        log.debug("", exc_info=True)
