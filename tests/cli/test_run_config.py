"""A stranger's run folder: what its configuration may name, and what is refused before anything is run."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf
from practicum.cli.run_config import check_options, known_config, load_yaml, read_config, read_record
from practicum.lightning_shim import MisconfigurationException

AUGMENT = {"_target_": "practicum.datamodules.Augment", "hflip": 0.5}
WRITES = {"_target_": "practicum.callbacks.files.atomic_file.write_csv", "path": "victim.sh", "header": ["x"], "rows": []}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run folder with a configuration as ``train.py`` writes it."""
    (tmp_path / ".hydra").mkdir()
    config = {
        "model": {"_target_": "practicum.modules.ImageClassifier", "backbone": "test_resnet"},
        "data": {
            "_target_": "practicum.datamodules.ImageFolder",
            "root": "photos",
            "augment": "${augment}",
            "seed": "${seed}",
            "cache": "${paths.data}/cache",
            "report_dir": "${paths.run}",
        },
        "augment": AUGMENT,
        "seed": 3,
        "name": "${hydra:runtime.choices.data}",
        "callbacks": {
            "tta": {"_target_": "practicum.callbacks.TestTimeAugmentation", "n": 2},
            "snapshots": {"_target_": "practicum.callbacks.SnapshotEnsemble", "folder": "${paths.run}/checkpoints"},
            "record": {"_target_": "practicum.callbacks.RunRecord", "folder": "${paths.run}"},
            "home": {"_target_": "elsewhere.Other", "folder": "${oc.env:HOME}"},
        },
        "paths": {"run": str(tmp_path), "data": "data"},
    }
    OmegaConf.save(OmegaConf.create(config), tmp_path / ".hydra" / "config.yaml")
    return tmp_path


def opened(folder: Path, key: str | None = None, value: Any = None) -> Any:
    config = read_config(folder)
    if key is not None:
        OmegaConf.update(config, key, value, merge=False)
    found = known_config(config, folder)
    check_options(found, folder)
    return found


def test_what_train_writes_is_accepted_and_resolved(folder: Path) -> None:
    found = opened(folder)
    assert (found.data.seed, found.data.cache, found.data.augment) == (3, "data/cache", AUGMENT)
    assert set(found.callbacks) == {"tta", "snapshots"}  # the others do not change predictions
    assert found.callbacks.snapshots.folder == f"{folder}/checkpoints"


REFUSED: list[tuple[str, Any, str]] = [
    ("data.seed", WRITES, "write_csv at data.seed, where it does not belong; trust=true"),
    ("data.root", WRITES, "write_csv at data.root"),
    ("data.augment", WRITES, "write_csv at data.augment"),
    ("data.augment.hflip", WRITES, "write_csv at data.augment.hflip"),
    ("data.size", [WRITES], r"write_csv at data.size.0"),
    ("data.size", {"deep": [{"deeper": WRITES}]}, "write_csv at data.size.deep.0.deeper"),
    ("data.seed", AUGMENT, "Augment at data.seed, where it does not belong"),
    ("data.seed", "${thing}", "can't be resolved"),
    ("data.augment", {"_target_": "os.system", "command": "true"}, "os.system, which is not part of practicum"),
    ("data.augment", {"_target_": ["os.system"]}, "would run"),
    ("model._target_", "practicum.datamodules.ImageFolder", "ImageFolder at model, where it does not belong"),
    ("model._target_", "practicum.modules.Nope", "Nope at model"),
    ("model.backbone", WRITES, "write_csv at model.backbone"),
    ("data._target_", "practicum.modules.ImageClassifier", "ImageClassifier at data"),
    ("data._target_", "practicum.callbacks.files.atomic_file.os.system", "os.system at data"),
    ("data._args_", ["x"], r"data._args_, which changes how something is called"),
    ("data._partial_", True, "data._partial_"),
    ("data._recursive_", False, "data._recursive_"),
    ("data._convert_", "all", "data._convert_"),
    ("data.augment._partial_", True, "data.augment._partial_"),
    ("callbacks.tta.augment", AUGMENT, "Augment at callbacks.tta.augment"),
    ("callbacks.tta.n", WRITES, "write_csv at callbacks.tta.n"),
    ("callbacks.tta._args_", [1], "callbacks.tta._args_"),
    ("data.root", "${oc.env:HOME}", r"looks something up, data.root=\$\{oc.env:HOME\}; trust=true"),
    ("data.root", "a/${oc.env:HOME}/b", "looks something up"),
    ("data.root", "${${oc.env:HOME}}", "looks something up"),
    ("data.root", "${oc.create:{_target_: os.system}}", "looks something up"),
    ("data.seed", "${data.seed}", "can't be resolved"),
    ("data.seed", "${nowhere}", "can't be resolved"),
    ("callbacks.snapshots.folder", "/etc", "reads callbacks.snapshots.folder='/etc', which is not in the run folder; trust=true"),
    ("callbacks.snapshots.folder", "${paths.run}/../..", "not in the run folder"),
    ("data.size", "big", "data.size='big' is not of the right type"),
    ("data.sizes", 3, "ImageFolder has no such option"),
]


@pytest.mark.parametrize(
    ("key", "value", "message"), REFUSED, ids=[f"{key}-{number}" for number, (key, *_) in enumerate(REFUSED)]
)
def test_everything_else_is_refused(folder: Path, key: str, value: Any, message: str) -> None:
    with pytest.raises(MisconfigurationException, match=message) as raised:
        opened(folder, key, value)
    assert str(raised.value).startswith(f"run={folder}: ")
    assert "\n" not in str(raised.value)


def test_a_node_can_not_be_smuggled_in_by_reference(folder: Path) -> None:
    config = read_config(folder)
    config.update({"thing": WRITES, "shell": "${oc.env:SHELL}"})
    for reference in ("thing", "shell"):
        config.data.seed = f"${{{reference}}}"
        with pytest.raises(MisconfigurationException, match=r"write_csv at data.seed|can't be resolved"):
            known_config(config, folder)


def test_a_temperature_is_read_from_the_run_folder_only(folder: Path) -> None:
    config = read_config(folder)
    config.callbacks.calibration = {"_target_": "practicum.callbacks.Calibration", "temperature": True}
    known_config(config, folder)
    for path, accepted in (("temperature.json", True), ("a/t.json", True), ("../t.json", False), ("/etc/t.json", False)):
        config.callbacks.calibration.temperature_file = path
        if accepted:
            known_config(config, folder)
        else:
            with pytest.raises(MisconfigurationException, match="not in the run folder"):
                known_config(config, folder)


BROKEN = [b"a: [", b"- model\n- data", b"", b"text", b"\xff\xfe\x00", b"model: {}\n", b"model: 1\ndata: 2\n", b"[" * 1500]
BROKEN += [b"3", b"1.5", b"true", b"null", b"2020-01-01", b"!!binary aGk=", b"[]", b"{}", b"---\n---\na: 1"]
BROKEN += [b"a: &x [1]\nmodel: {}\ndata: {a: *x}\n", b"model: !!python/object/apply:os.mkdir [PWNED]\ndata: {}\n"]


@pytest.mark.parametrize("content", BROKEN, ids=range(len(BROKEN)))
def test_broken_configurations_end_in_a_sentence(folder: Path, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    (folder / ".hydra" / "config.yaml").write_bytes(content)
    with pytest.raises(MisconfigurationException, match=r"config.yaml: |names no class at model"):
        opened(folder)
    assert not (folder / "PWNED").exists()


@pytest.mark.parametrize("content", [b"{", b"[1]", b"3", b"null", b"\xff", b"[" * 100_000, b'{"a": 1'])
def test_broken_records_end_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "metrics.json"
    assert read_record(path) == {}
    path.write_bytes(content)
    with pytest.raises(MisconfigurationException, match="metrics.json: .*record of a run"):
        read_record(path)


def test_files_of_gigabytes_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    with open(path, "wb") as file:
        file.truncate(1 << 33)
    with pytest.raises(MisconfigurationException, match="more than 4 MiB"):
        load_yaml(path)
    with pytest.raises(MisconfigurationException, match="more than 4 MiB"):
        read_record(path)


@pytest.mark.parametrize(
    ("key", "value"),
    [("data.seed", WRITES), ("data.report_dir", "away")],
)
def test_predicting_with_a_strangers_folder_writes_its_output_and_nothing_else(
    tables: Path, tmp_path: Path, command: Callable[..., Any], key: str, value: Any
) -> None:
    shutil.copytree(tables / "runs" / "class", tmp_path / "run")
    shutil.copy(tables / "table.csv", tmp_path)
    (tmp_path / "victim.sh").write_text("echo hello\n", encoding="utf-8")
    config = OmegaConf.load(tmp_path / "run" / ".hydra" / "config.yaml")
    OmegaConf.update(config, key, value, merge=False)
    OmegaConf.save(config, tmp_path / "run" / ".hydra" / "config.yaml")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    result = command("predict.py", "run=run", "input=table.csv", cwd=tmp_path)
    assert result.returncode == (0 if key == "data.report_dir" else 2), result.stderr[-2000:]
    assert "Traceback" not in result.stderr
    (tmp_path / "predictions.csv").unlink(missing_ok=True)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_precision_that_is_none_is_a_sentence(
    tables: Path, tmp_path: Path, in_process: Callable[..., Any], refused: Callable[[Any], str]
) -> None:
    shutil.copytree(tables / "runs" / "class", tmp_path / "run")
    record = json.loads((tmp_path / "run" / "metrics.json").read_text(encoding="utf-8"))
    (tmp_path / "run" / "metrics.json").write_text(json.dumps({**record, "precision": "9-bit"}), encoding="utf-8")
    sentence = refused(in_process("predict.py", "run=run", f"input={tables / 'table.csv'}", cwd=tmp_path))
    assert "precision=9-bit" in sentence
