"""Continuing a run: what may differ, and which checkpoint it continues from."""

from __future__ import annotations

import json
import logging
import os
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hydra import compose, initialize_config_module
from omegaconf import DictConfig, OmegaConf
from practicum.cli.resume import ResumeError, resume_arguments
from practicum.cli.resumed_run import completed, differences, keep_configuration, prepare_resume, warn_of_other_data


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run folder ``runs/x`` under the working directory."""
    monkeypatch.chdir(tmp_path)
    hydra = tmp_path / "runs" / "x" / ".hydra"
    hydra.mkdir(parents=True)
    OmegaConf.save(OmegaConf.create(["model=vgg16", "optimizer.lr=0.1", "+trainer.benchmark=true"]), hydra / "overrides.yaml")
    overrides = {"hydra": {"overrides": {"hydra": ["hydra.run.dir=elsewhere", "hydra.searchpath=[pkg://mine]"]}}}
    OmegaConf.save(OmegaConf.create(overrides), hydra / "hydra.yaml")
    config = {"seed": 1, "optimizer": {"lr": 0.1}, "paths": {"run": "${hydra:runtime.output_dir}"}, "resume": {"run": None}}
    OmegaConf.save(OmegaConf.create(config), hydra / "config.yaml")
    return tmp_path / "runs" / "x"


def test_differences_name_keys_and_leave_harmless_ones_out() -> None:
    then = OmegaConf.create(
        {
            "data": {"num_workers": 2},
            "hints": {"predict": ["input=PHOTOS"]},
            "a": {"b": 1, "c": [1, 2]},
            "paths": {"data": "x"},
            "gone": 2,
            "same": "${paths.data}",
            "none": None,
        }
    )
    now = OmegaConf.create(
        {
            "data": {"num_workers": 4},
            "a": {"b": 2, "c": [1, 3]},
            "paths": {"data": "y"},
            "new": 3,
            "same": "${paths.data}",
            "none": None,
        }
    )
    assert differences(then, now) == ["a.b 1 -> 2", "a.c [1, 2] -> [1, 3]", "gone 2 -> (absent)", "new (absent) -> 3"]


def composed(run: Path, lr: float, force: bool = False) -> DictConfig:
    config = OmegaConf.load(run / ".hydra" / "config.yaml")
    config.optimizer.lr = lr
    config.resume = {"run": str(run), "force": force}
    return config


def test_another_configuration_is_refused_or_forced(run: Path) -> None:
    with pytest.raises(ResumeError, match=r"optimizer.lr 0.1 -> 0.2.*resume.force=true"):
        prepare_resume(composed(run, 0.2))
    assert prepare_resume(composed(run, 0.2, force=True)) is None  # no checkpoint yet
    keep_configuration(composed(run, 0.2), ["model=vgg16", "optimizer.lr=0.2", "resume.force=true"])
    assert OmegaConf.load(run / ".hydra" / "config.yaml").optimizer.lr == 0.2  # the folder tells what was done
    assert "optimizer.lr=0.2" in resume_arguments(["resume=runs/x"])
    assert "resume.force=true" not in resume_arguments(["resume=runs/x"])
    assert prepare_resume(composed(run, 0.2)) is None


def test_a_complete_run_is_left_alone_unless_something_is_to_differ(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert completed(composed(run, lr=0.1)) is None
    (run / "metrics.json").write_text('{"status": "finished", "test/loss": 0.5}', encoding="utf-8")
    assert completed(composed(run, lr=0.1)) is None  # its page is not written
    (run / "report.html").touch()
    assert completed(composed(run, lr=0.1)) == {"status": "finished", "test/loss": 0.5}
    assert "runs/x is complete, and nothing is left to do" in capsys.readouterr().out
    assert completed(composed(run, lr=0.2, force=True)) is None


def test_options_that_an_older_run_did_not_have_are_its_own_at_their_default(run: Path) -> None:
    overrides = ["data=image_folder", "data.root=photos"]
    OmegaConf.save(OmegaConf.create(overrides), run / ".hydra" / "overrides.yaml")
    OmegaConf.save(OmegaConf.create({"hydra": {"overrides": {"hydra": []}}}), run / ".hydra" / "hydra.yaml")
    with initialize_config_module("practicum.conf", version_base="1.3"):
        now = compose("train", [*overrides, "resume.run=runs/x"])
    then: Any = OmegaConf.to_container(now)
    for group, name in (("data", "csv_format"), ("data", "artifacts_dir"), ("data", "grey_range"), ("callbacks", "calibration")):
        del then[group][name]
    del then["trust"]
    OmegaConf.save(OmegaConf.create(then), run / ".hydra" / "config.yaml")
    assert prepare_resume(now.copy()) is None
    for key, value, said in (
        ("data.grey_range", [0, 9], r"data.grey_range \(absent\) -> \[0, 9\]"),
        ("data.csv_format.delimiter", ";", r"data.csv_format.delimiter \(absent\) -> ;\."),
        ("data.artifacts_dir", "elsewhere", r"data.artifacts_dir \(absent\) -> elsewhere"),
        ("callbacks.calibration.temperature", True, r"callbacks.calibration.temperature \(absent\) -> True"),
    ):
        changed = now.copy()
        OmegaConf.update(changed, key, value)
        with pytest.raises(ResumeError, match=f"is not the run's own: {said}"):
            prepare_resume(changed)
    OmegaConf.save(OmegaConf.create(["data=gone"]), run / ".hydra" / "overrides.yaml")  # which no longer compose
    with pytest.raises(ResumeError, match=r"trust \(absent\) -> False|data.grey_range \(absent\) -> null"):
        prepare_resume(now.copy())


def test_a_damaged_checkpoint_gives_way_to_the_one_before(run: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = run / "checkpoints"
    folder.mkdir()
    for name in ("last", "before_last"):
        torch.save({"x": torch.arange(1000)}, folder / f"{name}.ckpt")
    assert prepare_resume(composed(run, 0.1)) == folder / "last.ckpt"
    whole = (folder / "last.ckpt").read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    for damaged in (whole[: len(whole) // 2], b"", bytes(flipped)):
        (folder / "last.ckpt").write_bytes(damaged)
        caplog.clear()
        with caplog.at_level(logging.WARNING, logger="practicum"):
            assert prepare_resume(composed(run, 0.1)) == folder / "before_last.ckpt"
        assert "last.ckpt is damaged" in caplog.text
        assert (folder / "damaged_last.ckpt").read_bytes() == damaged
    (folder / "before_last.ckpt").write_bytes(b"")
    assert prepare_resume(composed(run, 0.1)) is None
    assert "starting from the beginning" in caplog.text


def test_a_checkpoint_that_cannot_be_read_now_stays_where_it_is(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (run / "checkpoints").mkdir()
    for name in ("last", "before_last"):
        torch.save({"x": torch.arange(10)}, run / "checkpoints" / f"{name}.ckpt")

    def fail(*args: Any, **options: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("practicum.cli.resumed_run.zipfile.ZipFile", fail)
    with pytest.raises(ResumeError, match=r"last.ckpt: can't be read \(Permission denied\); nothing was changed"):
        prepare_resume(composed(run, 0.1))
    assert sorted(path.name for path in (run / "checkpoints").iterdir()) == ["before_last.ckpt", "last.ckpt"]


@pytest.mark.parametrize("content", ["zip", "archive without weights", "code", "a list"])
def test_what_is_no_checkpoint_of_ones_own_gives_way_too(
    run: Path, content: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = run / "checkpoints"
    folder.mkdir()
    torch.save({"x": torch.arange(10)}, folder / "before_last.ckpt")
    if content == "zip":
        with zipfile.ZipFile(folder / "last.ckpt", "w") as archive:
            archive.writestr("photo.jpg", b"x")
    elif content == "archive without weights":
        with zipfile.ZipFile(folder / "last.ckpt", "w") as archive:
            archive.writestr("archive/data.pkl", b"nonsense")
    else:
        torch.save(_Code() if content == "code" else [1], folder / "last.ckpt")
    with caplog.at_level(logging.WARNING, logger="practicum"):
        assert prepare_resume(composed(run, 0.1)) == folder / "before_last.ckpt"
    assert "last.ckpt is damaged" in caplog.text
    assert "weights_only" not in caplog.text  # torch's advice to read it without care
    assert not Path("PWNED").exists()


class _Code:
    def __reduce__(self) -> Any:
        return os.mkdir, ("PWNED",)


@pytest.mark.parametrize("content", ["a: [", "- a", "\x00", "", "null", "3", "true", "[]"])
def test_a_broken_configuration_is_a_sentence(run: Path, content: str) -> None:
    cfg = composed(run, 0.1)
    (run / ".hydra" / "config.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(ResumeError, match=r"config.yaml is (damaged|not a configuration)"):
        prepare_resume(cfg)


class _Data:
    provenance = {"sha256": "b" * 64}  # noqa: RUF012


def test_other_data_are_reported(run: Path, caplog: pytest.LogCaptureFixture) -> None:
    for record, warned in ((None, False), ("b" * 64, False), ("a" * 64, True)):
        if record is not None:
            (run / "metrics.json").write_text(f'{{"data/sha256": "{record}"}}', encoding="utf-8")
        caplog.clear()
        warn_of_other_data(run, _Data())
        assert ("not those this run began with" in caplog.text) == warned
    for broken in ("{", "[1]", "3"):
        (run / "metrics.json").write_text(broken, encoding="utf-8")
        caplog.clear()
        warn_of_other_data(run, _Data())
        assert "metrics.json is damaged" in caplog.text


@pytest.mark.parametrize("digest", ["a", "b"])  # of tokens it is the same, however they are split
def test_a_test_that_is_held_out_since_is_refused_or_warned_of(run: Path, digest: str, caplog: pytest.LogCaptureFixture) -> None:
    record = {"data/train": 800, "data/valid": 200, "data/sha256": "a", "data/rejected": 3}
    (run / "metrics.json").write_text(json.dumps(record), encoding="utf-8")
    data = SimpleNamespace(provenance={"train": 700, "valid": 200, "test": 100, "sha256": digest, "rejected": 3})
    said = r"other splits \(800 train, 200 valid, 0 test\) than these data have now \(700 train, 200 valid, 100 test\)"
    with pytest.raises(ResumeError, match=f"{said}.*data.test_fraction=0 resume.force=true"):
        warn_of_other_data(run, data)
    warn_of_other_data(run, data, force=True)
    assert "other splits" in caplog.text
    caplog.clear()
    for own in ({"train": 800, "valid": 200}, {"train": 800, "valid": 200, "test": 50}):  # as it was; a test has been added
        warn_of_other_data(run, SimpleNamespace(provenance={**own, "sha256": "a"}))
    (run / "metrics.json").write_text(json.dumps({**record, "data/train": 700, "data/test": 100}), encoding="utf-8")
    warn_of_other_data(run, SimpleNamespace(provenance={**data.provenance, "sha256": "a"}))
    assert not caplog.text
