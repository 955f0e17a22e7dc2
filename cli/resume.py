"""Going on with a run: ``resume=RUN`` finds it, composes its configuration anew, and says what differs.

The run's own overrides come first and what is typed now after them, so ``python train.py resume=RUN`` is all one needs.
"""

from __future__ import annotations

import fnmatch
import json
import logging
import os
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf

log = logging.getLogger(__name__)

# What may differ without changing what is learnt: where things lie, what is shown, how data are fetched.
HARMLESS = (
    "resume.*",
    "paths.*",
    "name",
    "logger",
    "logger.*",
    "callbacks.progress",
    "callbacks.progress.*",
    "callbacks.last.*",
    "trainer.enable_progress_bar",
    "trainer.default_root_dir",
    "data.num_workers",
    "data.cache",
    "data.cache_gb",
    "data.report",
)


class ResumeError(Exception):
    """A resume that can't be; its text is one sentence for the user."""


def resume_arguments(arguments: list[str]) -> list[str]:
    """The command line of a run that goes on; any other is returned as it is.

    Args:
        arguments: What was typed after the script's name.

    Returns:
        The run's own overrides, those typed now (which win), and Hydra's settings that lead into the run's folder.

    Raises:
        ResumeError: No such run, or a sweep.
    """
    given = next((each for each in reversed(arguments) if each.startswith(("resume=", "resume.run="))), None)
    if given is None or given.partition("=")[2] in ("null", ""):
        return arguments
    if {"-m", "--multirun"} & set(arguments):
        raise ResumeError(
            "resume goes on with one run; leave out -m and name a run folder of the sweep (runs/sweeps/TIME/NUMBER)."
        )
    typed = [each for each in arguments if not each.startswith(("resume=", "resume.run=", "hydra.run.dir="))]
    wanted = given.partition("=")[2].strip("'\"")
    folder = _newest_run(typed) if wanted == "last" else Path(wanted)
    if not (folder / ".hydra" / "config.yaml").is_file():
        raise ResumeError(f"resume={wanted}: not a run folder of train.py (it has no .hydra/config.yaml).")
    own: Any = OmegaConf.load(folder / ".hydra" / "overrides.yaml")
    about: Any = OmegaConf.load(folder / ".hydra" / "hydra.yaml")
    own = [*own, *(each for each in about.hydra.overrides.hydra if each.lstrip("+~").startswith("hydra.searchpath"))]
    keys = {_key(each) for each in typed}
    kept = [each for each in own if _key(each) not in keys and _key(each) not in ("resume.run", "resume.force")]
    place = os.path.relpath(folder)
    return [*kept, *typed, f"resume.run='{place}'", f"hydra.run.dir='{place}'", "hydra.output_subdir=null"]


def _key(override: str) -> str:
    return override.lstrip("+~").partition("=")[0].partition("@")[0]


def _newest_run(overrides: list[str]) -> Path:
    """The newest folder of a run of this name under ``runs/``."""
    from hydra import compose, initialize_config_module  # noqa: PLC0415 (help and ordinary runs do without)
    from hydra.core.global_hydra import GlobalHydra  # noqa: PLC0415
    from hydra.core.hydra_config import HydraConfig  # noqa: PLC0415

    with initialize_config_module("practicum.conf", version_base="1.3"):
        cfg = compose("train", [each for each in overrides if not each.startswith("-")], return_hydra_config=True)
        HydraConfig.instance().set_config(cfg)
        name = str(cfg.name)
    GlobalHydra.instance().clear()
    HydraConfig.instance().cfg = None
    runs = [path.parents[1] for path in Path("runs", name).glob("*/.hydra/config.yaml")]
    if not runs:
        raise ResumeError(f"resume=last: there is no run under {Path('runs', name)}; name one, resume=RUN.")
    return max(runs, key=lambda run: (run.name, run.stat().st_mtime))


def differences(then: Any, now: Any, path: str = "") -> list[str]:
    """Every key whose value differs between two configurations, as ``key old -> new``, harmless ones left out."""
    if isinstance(then, DictConfig) and isinstance(now, DictConfig):
        found = []
        for key in sorted({*map(str, then), *map(str, now)}):
            found += differences(_raw(then, key), _raw(now, key), f"{path}.{key}" if path else key)
        return found
    plain = [OmegaConf.to_container(each) if isinstance(each, DictConfig | ListConfig) else each for each in (then, now)]
    if plain[0] == plain[1] or any(fnmatch.fnmatch(path, pattern) for pattern in HARMLESS):
        return []
    return [f"{path} {_shown(plain[0])} -> {_shown(plain[1])}"]


def _raw(node: DictConfig, key: str) -> Any:
    """A value as it is written, interpolations unresolved."""
    if key not in node:
        return "(absent)"
    inner = node._get_node(key)
    return inner if isinstance(inner, DictConfig | ListConfig) and not inner._is_none() else inner._value()  # type: ignore[union-attr]


def _shown(value: Any) -> str:
    return "null" if value is None else str(value) if not isinstance(value, dict) else "{...}"


def prepare_resume(cfg: DictConfig) -> Path | None:
    """The checkpoint that a run goes on from; ``None`` where it starts, or stopped before there was one.

    Args:
        cfg: Composed now; the run's own configuration is in its folder.

    Raises:
        ResumeError: The configurations differ in more than harmless keys.
    """
    if cfg.resume.run is None:
        return None
    folder = Path(cfg.resume.run)
    found = differences(OmegaConf.load(folder / ".hydra" / "config.yaml"), cfg)
    if found and not cfg.resume.force:
        raise ResumeError(
            f"resume={folder}: the configuration is not the run's own: {'; '.join(found)}. Leave that out, or give "
            "resume.force=true to go on with it."
        )
    if found:
        log.warning(f"Going on with another configuration: {'; '.join(found)}.")
    return _newest_checkpoint(folder / "checkpoints")


def keep_configuration(cfg: DictConfig, overrides: Sequence[str]) -> None:
    """Let a run's folder tell what it goes on with, so that the next resume does so, too.

    Args:
        cfg: As it was composed, and has been checked since.
        overrides: That it was composed of.
    """
    from practicum.callbacks.run.atomic_file import atomic_write  # noqa: PLC0415 - heavy

    folder = Path(cfg.resume.run) / ".hydra"
    mine = [each for each in overrides if not _key(each).startswith("resume")]
    for content, name in ((OmegaConf.create(mine), "overrides.yaml"), (cfg, "config.yaml")):
        with atomic_write(folder / name) as beside:
            OmegaConf.save(content, beside)


def _newest_checkpoint(folder: Path) -> Path | None:
    last, before = folder / "last.ckpt", folder / "before_last.ckpt"
    for path, other in ((last, before), (before, None)):
        if not path.is_file():
            continue
        if _is_whole(path):
            log.info(f"Going on from {path}.")
            return path
        os.replace(path, folder / "damaged.ckpt")  # or it would take the place of the good one at the next save
        then = f"taking the one before, {other}" if other and other.is_file() else "there is no other: starting anew"
        log.warning(f"{path} is damaged (now damaged.ckpt); {then}.")
    log.warning(f"{folder} holds no checkpoint yet: starting anew.")
    return None


def _is_whole(path: Path) -> bool:
    """Whether a checkpoint can be read to its end: it is a zip archive, and every part has its checksum."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except (zipfile.BadZipFile, OSError, EOFError):
        return False


def warn_of_other_data(folder: Path, data: Any) -> None:
    """Say so where the data are not those that the run began with.

    Args:
        folder: The run's; its ``metrics.json`` has their SHA-256.
        data: The data module, with ``provenance``.
    """
    file = folder / "metrics.json"
    then = json.loads(file.read_text()).get("data/sha256") if file.is_file() else None
    now = getattr(data, "provenance", {}).get("sha256")
    if then and now and then != now:
        log.warning(
            f"The data are not those this run began with (SHA-256 {then[:12]}, now {now[:12]}): it goes on, but not exactly."
        )


def apply_to_command_line() -> None:
    """Put :func:`resume_arguments` in place of what was typed."""
    sys.argv[1:] = resume_arguments(sys.argv[1:])
