"""Options of a training that belong to no class are checked before anything is read."""

from __future__ import annotations

from pathlib import Path

import pytest
from hydra import compose, initialize_config_module
from omegaconf import DictConfig, OmegaConf
from practicum.cli.run_options import check_objective, check_own_data, check_run_folder, check_run_options
from practicum.lightning_shim import MisconfigurationException


def composed(*overrides: str) -> DictConfig:
    with initialize_config_module("practicum.conf", version_base="1.3"):
        return compose("train", overrides=["name=test", "paths.run=run", *overrides])


@pytest.mark.parametrize(
    "accepted",
    [
        "epochs=1",
        "seed=4294967295",
        "trainer.max_epochs=3",
        "trainer.limit_train_batches=0.5",
        "schedule=none",
        "augment=none",
        "callbacks=none",
        "logger.csv=null",
        "trust=true",
        "+my.lr=0.1,optimizer.lr=${my.lr}",
        "+batch=8,data.batch_size=${batch}",
        "paths.data=not/there/yet",
        "data.cache=null",
        "epochs=null",
        "data.cache=/tmp/cache",
    ],
)
def test_accepted(accepted: str) -> None:
    check_run_options(composed(*accepted.split(",")))


FAULTS = {
    "epochs=two": "epochs=two must be a whole number from 1.",
    "epochs=1.5": "epochs=1.5 must be a whole number from 1.",
    "epochs=0": "epochs=0 must be",
    "epochs=-3": "epochs=-3 must be",
    "epochs=true": "epochs=True must be",
    "epochs=[1]": "epochs=.1. must be",
    "seed=x": "seed=x must be a whole number from 0 to 4294967295.",
    "seed=-1": "seed=-1 must be",
    "seed=4294967296": "seed=4294967296 must be",
    "baselines=maybe": "baselines=maybe is not of the right type: true or false",
    "trust=maybe": "trust=maybe is not of the right type: true or false",
    "resume.force=perhaps": "resume.force=perhaps",
    "objective=[a]": "the name of one metric",
    "+foo=3": "foo: nothing reads this option",
    "+foo.bar=3": "foo: nothing reads this option",
    "+epoch=3": "epoch: nothing reads this option; did you mean epochs",
    "+lr=3": "lr: nothing reads this option; there are|did you mean optimizer.lr",
    "+paths.dat=x": "paths.dat: nothing reads this option; did you mean paths.data",
    "+resume.forse=true": "resume.forse: nothing reads this option; did you mean resume.force",
    "callbacks=tta": r"callbacks.record is missing.*: callbacks=\[default,tta\]",
    "~callbacks.record": "callbacks.record is missing: without it a run folder has no metrics.json.$",
    "trainer.max_epochs=0": "trainer.max_epochs=0 trains nothing",
    "trainer.max_steps=0": "trainer.max_steps=0 trains nothing",
    "trainer.limit_train_batches=0": "trains nothing",
    "trainer.limit_train_batches=0.0": "trains nothing",
    "~optimizer": "optimizer is missing",
    "paths.data=afile": "paths.data=afile: afile is a file, not a folder; choose another place.",
    "paths.data=afile/nowhere": "paths.data=afile/nowhere: .*afile is a file, not a folder",
    "paths.data=afile/no/where": "paths.data=afile/no/where: .*afile is a file, not a folder",
    "paths.data=null": "paths.data=None: a folder is wanted.",
    "paths.data=3": "paths.data=3: a folder is wanted.",
    "data.cache=afile/x": "data.cache=afile/x: .*afile is a file",
    "data.synthetic_dir=afile": "data.synthetic_dir=afile: afile is a file",
    "data.download_dir=afile/x": "data.download_dir=afile/x: .*afile is a file",
}


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("pretraining.epochs=0", "pretraining.epochs=0 must be a whole number from 1."),
        ("pretraining.batch_size=many", "pretraining.batch_size=many must be"),
        ("pretraining.bptt=null", "pretraining.bptt=None must be"),
        ("+pretraining.epoch=3", "pretraining.epoch: nothing reads this option; did you mean pretraining.epochs"),
    ],
)
def test_faults_of_what_is_learnt_first(fault: str, message: str) -> None:
    check_run_options(composed("experiment=reviews", "pretraining.epochs=2"))
    with pytest.raises(MisconfigurationException, match=message.replace(".", r"\.")):
        check_run_options(composed("experiment=reviews", fault))


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_named_in_one_sentence(fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "afile").touch()
    with pytest.raises(MisconfigurationException, match=FAULTS[fault]) as raised:
        check_run_options(composed(fault))
    assert "\n" not in str(raised.value)


def test_resume_null_is_no_resume() -> None:
    cfg = composed("resume=null")
    check_run_options(cfg)
    assert cfg.resume.run is None


@pytest.mark.parametrize(
    ("objective", "tests_on", "exists"),
    [("test/rmse", "valid", "val/rmse/kept"), ("val/a@5/kept", "test", "test/a@5")],
)
def test_an_objective_of_a_split_that_measures_nothing_is_refused(objective: str, tests_on: str, exists: str) -> None:
    with pytest.raises(MisconfigurationException, match=f"objective={objective}: .* {exists}"):
        check_objective(objective, tests_on)
    check_objective(exists, tests_on)
    for accepted in (None, "val/rmse", "val/rmse/best", "seconds"):
        check_objective(accepted, tests_on)


def test_the_run_folder_is_hydras(tmp_path: Path) -> None:
    check_run_folder(composed(f"paths.run={tmp_path}"), f"{tmp_path}/other/..")
    with pytest.raises(
        MisconfigurationException, match=r"paths.run=run: the folder of a run is set by hydra.run.dir \(in a sweep"
    ):
        check_run_folder(composed(), str(tmp_path))
    for elsewhere in (tmp_path / "other", "null"):
        with pytest.raises(MisconfigurationException, match="trainer.default_root_dir=.*: the folder of a run is set by"):
            check_run_folder(composed(f"paths.run={tmp_path}", f"trainer.default_root_dir={elsewhere}"), str(tmp_path))


def test_a_table_that_the_run_would_write_is_no_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    cfg = OmegaConf.create({"data": {"root": "predictions.csv", "csv": None}})
    with pytest.raises(MisconfigurationException, match="data.root=predictions.csv: the run writes a file of that name into its"):
        check_own_data(cfg, str(tmp_path))
    check_own_data(cfg, str(tmp_path / "runs" / "x"))
    check_own_data(OmegaConf.create({"data": {"root": "sales.csv"}}), str(tmp_path))
