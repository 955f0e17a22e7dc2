"""End a user's mistake in one clear sentence and exit code 2, and a bug in a traceback."""

from __future__ import annotations

import difflib
import errno
import functools
import logging
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException, InstantiationException
from omegaconf import OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from .renamed import renamed_option
from .resume import ResumeError, apply_to_command_line

_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EISDIR, errno.EEXIST}


Task = TypeVar("Task", bound=Callable[..., Any])


def one_sentence(task: Task) -> Task:
    """Decorate what ``hydra.main`` runs: end a user's mistake in one sentence before Hydra adds lines of its own.

    Args:
        task: A function of the configuration.
    """

    @functools.wraps(task)
    def guarded(*args: Any) -> Any:
        try:
            return task(*args)
        except Exception as error:
            _exit_if_explained(error)
            raise

    return guarded  # type: ignore[return-value]


def run_command(main: Callable[[], Any], config_name: str) -> None:
    """Run an entry point; turn a user's mistake into one sentence on standard error and exit code 2.

    Args:
        main: A function decorated with ``hydra.main``.
        config_name: Its primary configuration, for suggesting the nearest valid key.

    Raises:
        SystemExit: 2 after a user's mistake, 128 + the signal after Ctrl-C or SIGTERM.
        Exception: Anything else, as it was raised.
    """
    os.environ["HYDRA_FULL_ERROR"] = "1"  # let Hydra raise instead of printing in its own form
    try:
        apply_to_command_line()
        main()
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


def _exit_if_explained(error: BaseException, config_name: str = "train") -> None:
    sentence = explain(error, config_name)
    if sentence is not None:
        print(f"{Path(sys.argv[0]).name}: {sentence}", file=sys.stderr)
        _remove_empty_run()
        sys.exit(2)


def _remove_empty_run() -> None:
    """Remove the run folder of a refused command where nothing but Hydra's own files is in it."""
    if not HydraConfig.initialized() or HydraConfig.get().output_subdir is None:
        return
    run = Path(HydraConfig.get().runtime.output_dir)
    if run.is_dir() and all(path.name == ".hydra" or path.suffix == ".log" for path in run.iterdir()):
        logging.shutdown()
        shutil.rmtree(run)
        if not any(run.parent.iterdir()):
            run.parent.rmdir()


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
        if isinstance(link, OSError) and link.errno in _DISK:
            hint = "free some space or write" if link.errno in (errno.ENOSPC, errno.EDQUOT) else "check the path, or write"
            where = link.filename or "the output folder"
            return f"{where}: {link.strerror}; {hint} elsewhere (hydra.run.dir=DIR, paths.data=DIR)."
    if isinstance(error, ValueError) and str(error).startswith("Config group override must be"):
        return "a group takes a choice, or a list of choices in brackets, not null (see --help)."
    if any(isinstance(link, InstantiationException) for link in chain):
        return None  # a bug: the traceback is wanted
    for link in chain:
        if isinstance(link, HydraException | OmegaConfBaseException):
            return _explain_composition(link, config_name)
    return None


def _explain_composition(error: BaseException, config_name: str) -> str | None:
    text = str(error)
    if match := re.search(r"Could not find '([^']+)'\s+Available options in '([^']+)':\s+(.*)", text, re.S):
        group, choice = match[2], match[1].rpartition("/")[2]
        options = re.split(r"\s+", match[3].strip().partition("Config search")[0].strip())
        return f"{group}={choice}: there is no such choice; {_nearest(choice, options, f'{group}=')}"
    if match := re.search(r"Could not (?:override|append|add|delete)[^']*'([^']+)'", text):
        key = match[1].split("@")[0].removesuffix(".")
        if (sentence := renamed_option(key)) is not None:
            return sentence
        return f"{key}: there is no such option; {_nearest(key, _all_keys(config_name))}"
    if isinstance(error, MissingMandatoryValue):
        key = re.search(r"full_key: (\S+)|: (\S+)", text)
        name = (key[1] or key[2]) if key else "a value"
        return f"{name} is missing: give it as {name}=..."
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    if "OverrideParse" in type(error).__name__ or "mismatched input" in text or "token recognition" in text:
        return f"{' '.join(text.split())[:200]} (an override is KEY=VALUE; quote blanks and commas: 'KEY=\"a b\"')."
    return f"{first} (see --help)." if isinstance(error, OmegaConfBaseException) or "onfig" in text else None


def _nearest(wrong: str, valid: Iterable[str], prefix: str = "") -> str:
    valid = sorted(set(valid))
    near = [key for key in valid if key.rpartition(".")[2] == wrong.rpartition(".")[2]]  # right but for where it belongs
    if len(near) != 1:
        near = difflib.get_close_matches(wrong, valid, n=1, cutoff=0.5) or near[:1]
    if near:
        return f"did you mean {prefix}{near[0]}?"
    return f"there are {', '.join(key for key in valid if '.' not in key)} (see --help)."


def _all_keys(config_name: str) -> list[str]:
    """Every key of the default configuration, and its groups, for suggestions."""
    from hydra import compose, initialize_config_module  # noqa: PLC0415 (only on the way to an error)

    GlobalHydra.instance().clear()
    with initialize_config_module("practicum.conf", version_base="1.3"):
        return _keys(OmegaConf.to_container(compose(config_name)))


def _keys(node: Any, path: str = "") -> list[str]:
    if not isinstance(node, dict):
        return []
    names = {f"{path}.{key}" if path else str(key): child for key, child in node.items()}
    return [name for key, child in names.items() for name in (key, *_keys(child, key))]
