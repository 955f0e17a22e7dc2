"""Continue a run in its folder: compare configurations and data, and find the newest whole checkpoint."""

from __future__ import annotations

import fnmatch
import json
import logging
import os
import zipfile
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from hydra.errors import HydraException
from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from .next_command import from_here
from .own_runs import sign
from .resume import ResumeError, own_overrides, signed_overrides
from .sweeps.outcome import is_complete, record_of

log = logging.getLogger(__name__)

SPLITS = ("train", "valid", "test")
_ABSENT = "(absent)"

# Keys that may differ without changing what is learnt: folders, what is shown, how data are loaded.
HARMLESS = (
    "resume.*",
    "trust",
    "paths.*",
    "name",
    "logger",
    "logger.*",
    "callbacks.progress",
    "callbacks.progress.*",
    "callbacks.epoch_lines",
    "callbacks.epoch_lines.*",
    "callbacks.log_figures",
    "callbacks.log_figures.*",
    "callbacks.last.*",
    "trainer.enable_progress_bar",
    "trainer.default_root_dir",
    "data.num_workers",
    "data.cache",
    "data.cache_gb",
    "data.report_dir",
    "hints",
    "hints.*",
    "baselines",
)


def differences(then: DictConfig, now: DictConfig, own: DictConfig | None = None) -> list[str]:
    """Compare two configurations, interpolations unresolved.

    Args:
        then: The run's.
        now: The present one.
        own: What the run's own overrides give today. A key that ``then`` lacks is an option that did not exist when the run
            began; it is no difference where it stands at its default, as in here.

    Returns:
        ``key old -> new`` for every key whose value differs, except those in :data:`HARMLESS`.
    """
    plain = [_ABSENT if each is None else OmegaConf.to_container(each) for each in (then, now, own)]
    return _differences(plain[0], plain[1], plain[2], "")


def _differences(then: Any, now: Any, own: Any, path: str) -> list[str]:
    if then == _ABSENT and isinstance(now, dict) and isinstance(own, dict):
        then = {}  # to name the one option of a new group that does not stand at its default
    if isinstance(then, dict) and isinstance(now, dict):
        lines: list[str] = []
        for key in sorted({*map(str, then), *map(str, now)}):
            a, b, c = (each.get(key, _ABSENT) if isinstance(each, dict) else _ABSENT for each in (then, now, own))
            lines += _differences(a, b, c, f"{path}.{key}" if path else key)
        return lines
    is_default = then == _ABSENT and now == own
    if then == now or is_default or any(fnmatch.fnmatch(path, pattern) for pattern in HARMLESS):
        return []
    return [f"{path} {_shown(then)} -> {_shown(now)}"]


def _shown(value: Any) -> str:
    return "null" if value is None else str(value) if not isinstance(value, dict) else "{...}"


def prepare_resume(cfg: DictConfig) -> Path | None:
    """Find the checkpoint that a run continues from.

    Args:
        cfg: The present configuration; the run's own is in its folder.

    Returns:
        Its path; ``None`` for a new run, or one that stopped before its first checkpoint.

    Raises:
        ResumeError: The configurations differ in more than harmless keys.
    """
    if cfg.resume.run is None:
        return None
    folder = Path(cfg.resume.run)
    then = _config_of(folder)
    found = differences(then, cfg)
    if any(f" {_ABSENT} -> " in each for each in found):
        found = differences(then, cfg, _composed_today(folder))
    if found and not cfg.resume.force:
        raise ResumeError(
            f"resume={folder}: the configuration is not the run's own: {'; '.join(found)}. Leave that out, or give "
            "resume.force=true to continue with it."
        )
    if found:
        log.warning(f"Continuing with another configuration: {'; '.join(found)}.")
    return _newest_checkpoint(folder / "checkpoints")


def completed(cfg: DictConfig) -> dict[str, Any] | None:
    """What the run to be resumed has reached, where it is complete and is to be continued as it was; else ``None``.

    Args:
        cfg: The present configuration.
    """
    if cfg.resume.run is None:
        return None
    folder = Path(cfg.resume.run)
    if not is_complete(folder) or differences(_config_of(folder), cfg):
        return None
    if cfg.get("trust"):
        sign(folder, own_overrides(folder))  # one's own from now on, as a run that is continued
    longer = "trainer.max_epochs=N resume.force=true trains it longer"
    print(f"{from_here(folder)} is complete, and nothing is left to do; {longer}.")
    return record_of(folder)


def _config_of(folder: Path) -> DictConfig:
    path = folder / ".hydra" / "config.yaml"
    try:
        then = OmegaConf.load(path)
    except Exception as error:  # whatever a damaged file leads to
        raise ResumeError(f"resume={folder}: {path} is damaged ({type(error).__name__}); it can't be resumed.") from error
    if not isinstance(then, DictConfig) or not then:
        what = "a list" if isinstance(then, ListConfig) else "empty"
        raise ResumeError(f"resume={folder}: {path} is not a configuration ({what}); it can't be resumed.")
    return then


def _composed_today(folder: Path) -> DictConfig | None:
    """What a run's own overrides give today; ``None`` where they no longer compose."""
    from hydra import compose, initialize_config_module  # noqa: PLC0415 (only where a key is new)
    from hydra.core.global_hydra import GlobalHydra  # noqa: PLC0415

    begun = GlobalHydra.instance().is_initialized()
    try:
        with nullcontext() if begun else initialize_config_module("practicum.conf", version_base="1.3"):
            return compose("train", own_overrides(folder))
    except (HydraException, OmegaConfBaseException):
        return None


def keep_configuration(cfg: DictConfig, overrides: Sequence[str]) -> None:
    """Write the configuration that a run continues with into its folder, so that the next resume uses it, too.

    Args:
        cfg: The configuration as it was composed; it has been checked.
        overrides: The overrides that it was composed of.
    """
    from practicum.callbacks.files.atomic_file import atomic_write  # noqa: PLC0415 - heavy

    run = Path(cfg.resume.run)
    folder = run / ".hydra"
    mine = signed_overrides(overrides, [])
    sign(run, own_overrides(run, mine))  # first: it may be killed in between
    for content, name in ((OmegaConf.create(mine), "overrides.yaml"), (cfg, "config.yaml")):
        with atomic_write(folder / name) as beside:
            OmegaConf.save(content, beside)


def _newest_checkpoint(folder: Path) -> Path | None:
    last, before = folder / "last.ckpt", folder / "before_last.ckpt"
    for path, other in ((last, before), (before, None)):
        if not path.is_file():
            continue
        if _is_whole(path):
            log.info(f"Continuing from {path}.")
            return path
        os.replace(path, folder / f"damaged_{path.name}")  # or it would replace the good one at the next save
        then = (
            f"taking the one before, {other}" if other and other.is_file() else "there is no other: starting from the beginning"
        )
        log.warning(f"{path} is damaged (now damaged_{path.name}); {then}.")
    log.warning(f"{folder} holds no checkpoint yet: starting from the beginning.")
    return None


def _is_whole(path: Path) -> bool:
    """Whether a checkpoint can be read to its end: it is torch's kind of zip archive, and every part has its checksum."""
    import torch  # noqa: PLC0415 - heavy

    try:
        with zipfile.ZipFile(path) as archive:
            if archive.testzip() is not None:
                return False
        return isinstance(torch.load(path, map_location="meta", weights_only=True), dict)
    except OSError as error:  # it may be whole, and readable another time
        raise ResumeError(f"{path}: can't be read ({error.strerror or error}); nothing was changed.") from error
    except Exception:  # whatever another kind of file, or a damaged one, leads to
        return False


def warn_of_other_data(folder: Path, data: Any, force: bool = False) -> None:
    """Warn where the data are not those that the run began with; refuse where a test was held out of them since.

    Args:
        folder: The run folder; its ``metrics.json`` has their SHA-256, and the number of examples of each split.
        data: The data module, with ``provenance``.
        force: Continue even so, with a warning.

    Raises:
        ResumeError: The run began without a test, before practicum held one out of data that nobody has split.
    """
    file = folder / "metrics.json"
    try:
        then = dict(json.loads(file.read_bytes())) if file.is_file() else {}
    except (ValueError, TypeError):
        log.warning(f"{file} is damaged: whether the data are those that this run began with can't be told.")
        return
    now = getattr(data, "provenance", {})
    sizes = [[facts.get(f"{before}{split}") or 0 for split in SPLITS] for facts, before in ((then, "data/"), (now, ""))]
    if all(isinstance(size, int) for size in sizes[0]) and not sizes[0][-1] and sizes[1][-1] and sum(sizes[0]) == sum(sizes[1]):
        said = [", ".join(f"{size:,} {split}" for size, split in zip(each, SPLITS, strict=True)) for each in sizes]
        sentence = f"the run began with other splits ({said[0]}) than these data have now ({said[1]})"
        if not force:
            raise ResumeError(
                f"resume={folder}: {sentence}, as a test is held out today where nobody has split the data; give "
                "data.test_fraction=0 resume.force=true to continue with the run's own."
            )
        log.warning(f"{folder}: {sentence}: continued with these, it is no exact resume.")
        return
    digests = str(then.get("data/sha256") or ""), str(now.get("sha256") or "")
    if all(digests) and digests[0] != digests[1]:
        log.warning(
            f"The data are not those this run began with (SHA-256 {digests[0][:12]}, now {digests[1][:12]}): continued with "
            "these, it is no exact resume."
        )
