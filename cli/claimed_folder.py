"""A run claims its folder: two runs never write into one.

Named by the time, a folder that is there already is another run's, and this one gets ``..._2``. In a folder that was named
explicitly a second run is refused for as long as the first one is alive: the lock ends with its process, however that ends.
"""

from __future__ import annotations

import errno
import logging
import os
import sys
import time
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from hydra.core.hydra_config import HydraConfig
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from .next_command import PROGRAM, override_text, program_name, started
from .own_runs import sign
from .resume import signed_overrides

log = logging.getLogger(__name__)

_held: dict[Path, FileLock] = {}
_begun: dict[Path, list[Path]] = {}  # folders in which nothing was: those of them and above that were not there
_RANKS = ("RANK", "LOCAL_RANK", "SLURM_PROCID")  # of a process, as launchers set them
_COUNTS = ("WORLD_SIZE", "SLURM_NTASKS")
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)


def hold(folder: Path) -> bool:
    """Lock a folder for this process until :func:`release`, or until the process ends.

    Args:
        folder: A folder; it is made where it is missing.

    Returns:
        Whether it is held now; ``False``: another process has it.

    Raises:
        OSError: The folder can't be written to.
    """
    folder = folder.resolve()
    if folder in _held:
        return True
    place = folder / ".hydra"
    place.mkdir(parents=True, exist_ok=True)
    lock = FileLock(place / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    except (OSError, NotImplementedError) as error:
        if isinstance(error, OSError) and error.errno not in _NO_LOCKS:
            raise
        log.warning(f"{folder}: this file system has no locks ({error}); take care that no other run writes into it.")
        return True
    _held[folder] = lock
    return True


def release(folder: Path) -> None:
    """Let another process have a folder; nothing where it is not held.

    Args:
        folder: What :func:`hold` was called with.
    """
    lock = _held.pop(folder.resolve(), None)
    if lock is not None:
        lock.release()


def wait_for(folder: Path) -> None:
    """Wait until no other process holds a folder.

    Args:
        folder: A folder; one that is missing is held by none.
    """
    if not folder.is_dir() or folder.resolve() in _held:
        return
    if not hold(folder):
        log.info(f"{folder}: another process is still at this run; waiting for its end.")
        while not hold(folder):
            time.sleep(1)
    release(folder)


def claim(folder: Path) -> Path:
    """Make a folder of one's own and hold it.

    Args:
        folder: What it should be called.

    Returns:
        It, or ``<folder>_2``, ``_3`` ... where that was there already.

    Raises:
        OSError: It can't be made.
    """
    number = 1
    while True:
        mine = folder if number == 1 else folder.with_name(f"{folder.name}_{number}")
        folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            mine.mkdir()
        except FileExistsError:
            number += 1
        except FileNotFoundError:
            continue  # a refused run has just removed the empty folder above
        else:
            hold(mine)
            return mine


def begun_by_this_process(folder: Path) -> list[Path] | None:
    """Folders that a run has made for itself, the innermost first.

    Args:
        folder: The run's.

    Returns:
        ``None`` where something was in its folder before: then it is not this run's alone.
    """
    return _begun.get(folder.resolve())


def _note_begun(folder: Path) -> None:
    _begun.pop(folder.resolve(), None)
    if not (folder.is_dir() and any(folder.iterdir())):
        _begun[folder.resolve()] = [each.resolve() for each in (folder, folder.parent) if not each.exists()]


class ClaimedFolder(Callback):
    """Hydra callback: claim the folder of a run or a sweep before anything is written into it, and sign the run as one's own."""

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Claim the run's folder."""
        self._claim(config, "run")

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Claim the sweep's folder."""
        self._claim(config, "sweep")

    def on_job_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Hold and sign the folder of a sweep's run; that of a single run is held already."""
        if not _is_first_process():
            return
        folder = Path(config.hydra.runtime.output_dir)
        _hold_or_exit(folder)
        if config.hydra.mode is RunMode.MULTIRUN:
            _sign(config, folder)

    def on_job_end(self, config: DictConfig, job_return: Any = None, **kwargs: Any) -> None:
        """Release it."""
        release(Path(config.hydra.runtime.output_dir))

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Release the sweep's folder."""
        release(Path(config.hydra.sweep.dir))

    @staticmethod
    def _claim(config: DictConfig, mode: str) -> None:
        if not _is_first_process():
            return
        before = HydraConfig.instance().cfg
        HydraConfig.instance().cfg = config  # type: ignore[assignment] # the name is made of ${hydra:runtime.choices.data}
        try:
            folder = Path(str(OmegaConf.select(config, f"hydra.{mode}.dir")))
        finally:
            HydraConfig.instance().cfg = before
        named = any(str(each).lstrip("+~").startswith(f"hydra.{mode}.dir=") for each in config.hydra.overrides.hydra)
        try:
            if named or processes() > 1:  # several processes agree on the name
                _note_begun(folder)
                _hold_or_exit(folder)
            else:
                above = [] if folder.parent.exists() else [folder.parent.resolve()]
                folder = claim(folder)
                _begun[folder.resolve()] = [folder.resolve(), *above]
        except OSError:
            return  # Hydra meets the same error in a moment, and there it is explained
        with read_write(config.hydra), open_dict(config.hydra):
            config.hydra[mode].dir = str(folder)
            if mode == "sweep" and not named:  # a sweep's runs are composed anew
                config.hydra.overrides.hydra.append(f"hydra.sweep.dir={override_text(folder)}")
            if mode == "sweep":  # a launcher's processes have another script
                config.hydra.overrides.hydra.append(f"+hydra.job.env_set.{PROGRAM}={override_text(started())}")
        if mode == "run":
            _sign(config, folder)


def _sign(config: DictConfig, folder: Path) -> None:
    if config.hydra.output_subdir is None:
        return  # a resumed run, signed when its configuration is kept; or one that keeps nothing that a resume could use
    try:
        sign(folder, signed_overrides(config.hydra.overrides.task, config.hydra.overrides.hydra))
    except OSError:
        return  # Hydra meets the same error in a moment


def _hold_or_exit(folder: Path) -> None:
    # Hydra turns exceptions of callbacks into warnings, so a refusal ends the program here.
    if not hold(folder):
        print(
            f"{program_name()}: {folder}: another run is writing into this folder; wait for its end, or choose another "
            "one (hydra.run.dir=DIR).",
            file=sys.stderr,
        )
        sys.exit(2)


def _is_first_process() -> bool:
    return all(os.environ.get(name, "0") in ("", "0") for name in _RANKS)


def processes() -> int:
    """How many processes a launcher (``torchrun``, Slurm) has started for this run, as it says in the environment."""
    counts = [os.environ.get(name, "1") for name in _COUNTS]
    return max(int(each) if each.isdigit() else 1 for each in counts)
