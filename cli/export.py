"""Export: a run folder -> one file with the model, its preprocessing and its facts, for programs without practicum.

python export.py run=RUN                                 RUN/export/model.onnx, for onnxruntime
python export.py run=RUN format=torch_export             model.pt2, for torch.export.load
python export.py run=RUN format=safetensors              the weights alone
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import hydra
from omegaconf import DictConfig

from .errors import one_sentence, run_command
from .next_command import from_here
from .version import package_version

if TYPE_CHECKING:
    from .exports.deployable import Deployable
    from .run_folder import Run


@hydra.main(version_base="1.3", config_path="pkg://practicum.conf", config_name="export")
@one_sentence("export")
def export(cfg: DictConfig) -> None:
    """Export one run.

    Args:
        cfg: The composed configuration.

    Raises:
        MisconfigurationException: A run or a format that can't be used; the message says why.
    """
    from practicum.callbacks.files.atomic_file import atomic_write, require_replaceable
    from practicum.lightning_shim import MisconfigurationException

    from .exports.formats import FORMATS, require_packages
    from .inputs import require_no_file_of_run, require_other_output
    from .known_warnings import ignore_known_warnings
    from .run_options import check_flags

    if cfg.format not in FORMATS:
        raise MisconfigurationException(f"format={cfg.format}: choose {', '.join(FORMATS)}.")
    check_flags({"trust": cfg.trust})
    if isinstance(cfg.rows, bool) or not isinstance(cfg.rows, int) or cfg.rows < 1:
        raise MisconfigurationException(f"rows={cfg.rows} must be a whole number from 1.")
    require_packages(cfg.format)
    ignore_known_warnings()

    from .exports.build import build_deployable, copy_tokenizer
    from .exports.check import check_export, no_grad_runner, sentence
    from .exports.formats import open_model, write_model
    from .run_folder import open_run

    run = open_run(Path(str(cfg.run)), cfg.checkpoint, trust=cfg.trust)
    run.tell_csv_format(cfg.csv_format)
    output = Path(cfg.output) if cfg.output else run.folder / "export" / f"model{FORMATS[cfg.format]}"
    if output.is_dir():
        raise MisconfigurationException(
            f"output={output}: is a folder; name a file in it, output={output / f'model{FORMATS[cfg.format]}'}."
        )
    require_no_file_of_run([output], [run.folder])
    require_other_output(output, cfg.input)
    require_replaceable(output)
    if output.is_symlink():  # what it leads to is written: a file takes the place of another one by its name
        output = Path(os.path.realpath(output))
    output.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="practicum-") as scratch:
        deployable = build_deployable(run, cfg.input, cfg.rows, scratch)
        facts = _facts(run, deployable, cfg.format)
        if cfg.format == "safetensors":
            facts |= _to_rebuild(run)
        if deployable.kind == "texts":
            copy_tokenizer(run, output.parent)
        unchecked = Path(scratch) / output.name
        write_model(cfg.format, deployable, facts, unchecked)
        checked = check_export(no_grad_runner(open_model(cfg.format, deployable, unchecked)), deployable.calls)
        with atomic_write(output) as beside:
            shutil.copyfile(unchecked, beside)
    content = facts | {"format": cfg.format, "checked": checked, "vocabularies": deployable.vocabularies}
    described = output.with_name(f"{output.name}.json")
    with atomic_write(described) as beside:
        beside.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(sentence(checked))
    print(f"{output.stat().st_size / 1e6:,.1f} MB: {from_here(output)}; what it takes and gives: {described.name} beside it")


def _facts(run: Run, deployable: Deployable, form: str) -> dict[str, Any]:
    """What stands in the exported file beside the model."""
    import torch
    from practicum.modules.weights.state_dict import hash_of_file

    return {
        "kind": deployable.kind,
        "model": run.model_class.__name__,
        "run": run.folder.name,
        "weights_sha256": hash_of_file(run.checkpoint),
        "precision": f"float32; the run was tested in {run.precision}",
        "versions": {"practicum": package_version("practicum") or "unreleased", "torch": torch.__version__},
        **deployable.description(encoded=form != "onnx"),
        **deployable.facts,
    }


def _to_rebuild(run: Run) -> dict[str, Any]:
    """What weights alone lack: the module's options and the preprocessing."""
    import torch

    content: Any = torch.load(run.checkpoint, map_location="meta", weights_only=True)
    files = [path for name in ("steps.json", "tokenizer.json") if (path := run.folder / name).is_file()]
    options = {name: value for name, value in content["hyper_parameters"].items() if _is_plain(value)}
    return {"options": options} | {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in files}


def _is_plain(value: Any) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True


def main() -> None:
    """Entry point of ``python export.py`` and ``practicum-export``."""
    run_command(export, "export")
