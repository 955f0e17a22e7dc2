"""End a user's mistake in one clear sentence and exit code 2, and a bug in a traceback."""

from __future__ import annotations

import errno
import functools
import io
import logging
import os
import re
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException, InstantiationException
from omegaconf.errors import OmegaConfBaseException

from .claimed_folder import begun_by_this_process
from .composition_errors import explain_composition
from .next_command import program_name
from .resume import ResumeError, apply_to_command_line
from .sweeps.optuna_sweeper import register_sweeper
from .sweeps.outcome import describe, fail, forget_failure, in_a_sweep, note_failure, run_of_a_sweep
from .sweeps.table import end_sweep
from .typed_flags import explain_flags
from .version import version_line
from .wandb_run import end_wandb_run

# What can be done about an error of the system, by the command: where else it can write, and what takes less memory.
_ELSEWHERE = {
    "train": "write elsewhere (hydra.run.dir=DIR, paths.data=DIR)",
    "predict": "write elsewhere (output=FILE)",
    "export": "write elsewhere (output=FILE)",
}
_LESS_MEMORY = {
    "train": "take a smaller data.batch_size, smaller inputs (data.size, data.bptt, data.max_gb) or fewer data.num_workers",
    "predict": "take a smaller batch_size=N, or predict the input in parts",
    "export": "check the export on fewer inputs, rows=10",
}
_SYSTEM = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "free some space or {elsewhere}"),
    **dict.fromkeys((errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EISDIR), "check the path, or {elsewhere}"),
    **dict.fromkeys((errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP), "check the path, or {elsewhere}"),
    errno.EFBIG: "raise the limit (ulimit -f), or {elsewhere}",
    errno.EIO: "the disk can't be read or written; check it",
    errno.ESTALE: "the network drive is gone; check it",
    **dict.fromkeys((errno.EMFILE, errno.ENFILE), "raise the limit (ulimit -n), or train with fewer data.num_workers"),
}
_OUT_OF_MEMORY = re.compile(r"can't allocate memory|not enough memory|out of memory|Cannot allocate memory", re.I)
_DEAD_WORKER = re.compile(r"DataLoader worker \(pid[^)]*\)[^.]*(?:is killed by signal: ([\w ]+)|exited unexpectedly)", re.S)


Task = TypeVar("Task", bound=Callable[..., Any])


def one_sentence(config_name: str) -> Callable[[Task], Task]:
    """Decorate what ``hydra.main`` runs: end a user's mistake in one sentence before Hydra adds lines of its own.

    In a sweep nothing ends but the run: it returns a :class:`.FailedRun`, and the others go on.

    Args:
        config_name: The primary configuration, which tells whose options a sentence names.
    """

    def decorate(task: Task) -> Task:
        @functools.wraps(task)
        def guarded(*args: Any) -> Any:
            folder, failed = run_of_a_sweep() if config_name == "train" else None, True
            try:
                if folder is not None:
                    forget_failure(folder)
                reached = task(*args)
                failed = False
                return reached
            except Exception as error:
                if folder is not None:
                    if in_a_sweep():
                        return fail(error, explain(error, config_name), program_name())
                    note_failure(folder, explain(error, config_name) or describe(error))
                _exit_if_explained(error, config_name)
                raise
            finally:
                if in_a_sweep():
                    end_wandb_run(failed)

        return guarded  # type: ignore[return-value]

    return decorate


def run_command(main: Callable[[], Any], config_name: str) -> None:
    """Run an entry point; turn a user's mistake into one sentence on standard error and exit code 2.

    Args:
        main: A function decorated with ``hydra.main``.
        config_name: Its primary configuration, for suggesting the nearest valid key.

    Raises:
        SystemExit: 1 after a sweep with runs that failed, 2 after a user's mistake, 128 + the signal after Ctrl-C or SIGTERM.
        Exception: Anything else, as it was raised.
    """
    os.environ["HYDRA_FULL_ERROR"] = "1"  # let Hydra raise instead of printing in its own form
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # as standard error: file names need not be UTF-8
    if "--version" in sys.argv[1:]:  # Hydra would tell its own
        print(version_line())
        return
    if (sentence := explain_flags(sys.argv[1:], config_name)) is not None:
        _exit_with(sentence)
    try:
        _run_to_its_end(main, config_name)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    except SystemExit as exit_:
        # Lightning exits with 0 after a SIGTERM and with 1 after Ctrl-C; shells and schedulers expect 128 + the signal.
        if type(exit_).__name__ == "SIGTERMException":
            sys.exit(128 + signal.SIGTERM)
        if isinstance(exit_.__context__, KeyboardInterrupt):
            sys.exit(128 + signal.SIGINT)
        raise
    except Exception as error:
        _exit_if_explained(error, config_name)
        raise


def _run_to_its_end(main: Callable[[], Any], config_name: str) -> None:
    """Run an entry point; a sweep ends with its table, whatever ends it."""
    if config_name == "train":
        apply_to_command_line()
        register_sweeper()
    try:
        main()
    except BaseException:
        end_sweep(broken_off=True)
        raise
    if end_sweep():
        sys.exit(1)


def _exit_if_explained(error: BaseException, config_name: str) -> None:
    sentence = explain(error, config_name)
    if sentence is not None:
        _exit_with(sentence)


def _exit_with(sentence: str) -> NoReturn:
    print(f"{program_name()}: {sentence}".encode(errors="backslashreplace").decode(), file=sys.stderr)
    _remove_empty_run()
    sys.exit(2)


def _remove_empty_run() -> None:
    """Remove what a refused command has made for its run, where nothing but Hydra's own files has come into it."""
    if not HydraConfig.initialized() or HydraConfig.get().output_subdir is None:
        return
    run, log_file = Path(HydraConfig.get().runtime.output_dir).resolve(), f"{HydraConfig.get().job.name}.log"
    made = begun_by_this_process(run)
    if made is not None and run.is_dir() and {path.name for path in run.iterdir()} <= {".hydra", log_file}:
        logging.shutdown()
        shutil.rmtree(run / ".hydra", ignore_errors=True)
        (run / log_file).unlink(missing_ok=True)
        with suppress(OSError):  # another run's first folder has just come into it
            for folder in made:
                folder.rmdir()


def explain(error: BaseException, config_name: str) -> str | None:
    """Explain a user's mistake in one sentence.

    Args:
        error: What was raised.
        config_name: The primary configuration.

    Returns:
        The sentence; ``None`` for anything that is not a user's mistake.
    """
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or link.__context__
    for link in chain:
        # By name: importing Lightning takes seconds.
        if isinstance(link, ResumeError) or type(link).__name__ == "MisconfigurationException":
            return " ".join(str(link).split())
    for link in chain:
        found = _explain_launcher(link) or _explain_optimizer(link) or _explain_trainer(link)
        if (sentence := found or _explain_machine(link, config_name)) is not None:
            return sentence
    if isinstance(error, ValueError) and str(error).startswith("Config group override must be"):
        return "a group takes a choice, or a list of choices in brackets, not null (see --help)."
    if any(isinstance(link, InstantiationException) for link in chain):
        return None  # a bug: the traceback is wanted
    for link in chain:
        if isinstance(link, HydraException | OmegaConfBaseException):
            return explain_composition(link, config_name)
    return None


def _explain_launcher(error: BaseException) -> str | None:
    """Explain what the death of a launcher's process led to, an error of Ray or submitit: by name, as neither need be there."""
    launcher = type(error).__module__.partition(".")[0]
    if launcher not in ("ray", "submitit"):
        return None
    return (
        f"{launcher} lost a process of the sweep ({describe(error)}), most often for want of memory; the others go on by "
        "themselves where the launcher lets them, and resume=SWEEP then runs what is left."
    )


def _explain_optimizer(error: BaseException) -> str | None:
    """Pass on what an optimizer of torch says of one of its options."""
    from torch.optim import Optimizer  # noqa: PLC0415 (only on the way to an error)

    frames = traceback.walk_tb(error.__traceback__)
    last = [frame for frame, _ in frames][-1:]
    makes = [frame for frame in last if frame.f_code.co_name == "__init__" and isinstance(frame.f_locals.get("self"), Optimizer)]
    if not isinstance(error, ValueError) or not makes:  # schedulers and states that don't fit have other options
        return None
    return f"optimizer: {' '.join(str(error).split())} (see the options optimizer.* of --cfg job)."


def _explain_trainer(error: BaseException) -> str | None:
    """Pass on what Lightning says of an option that only the length of the data shows to be wrong."""
    said = " ".join(str(error).split())
    return f"trainer: {said}" if isinstance(error, ValueError) and said.startswith("`val_check_interval`") else None


def _explain_machine(error: BaseException, config_name: str) -> str | None:
    """Explain what a disk, the memory or a killed process led to."""
    less = _LESS_MEMORY[config_name]
    if re.search(r"\(os error \d+\)|requested and \d+ written", str(error)):
        from practicum.callbacks.files.os_errors import as_os_error  # noqa: PLC0415 - heavy

        error = as_os_error(error) or error
    if isinstance(error, OSError) and error.errno in _SYSTEM:
        advice = _SYSTEM[error.errno].format(elsewhere=_ELSEWHERE[config_name])
        run = HydraConfig.get().runtime.output_dir if HydraConfig.initialized() and config_name == "train" else None
        return f"{error.filename or run or 'the output folder'}: {error.strerror}; {advice}."
    if isinstance(error, FileNotFoundError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}; it was there when the command began, or the path is wrong."
    detail = " ".join(str(error).split())[:150]
    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError | OSError) and _OUT_OF_MEMORY.search(str(error))):
        return f"memory is exhausted ({detail or type(error).__name__}); {less}."
    if isinstance(error, RuntimeError) and (dead := _DEAD_WORKER.search(str(error))) is not None:
        how = f"killed by signal {dead[1].strip()}" if dead[1] else "gone"
        again = " (0: none), and resume=RUN" if config_name == "train" else ""
        return f"a process that loads data was {how}, most often for want of memory; {less}{again}."
    return None
