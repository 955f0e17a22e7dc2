"""What to type after a run."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_module
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf
from practicum.cli.next_command import (
    FinishedRun,
    from_here,
    hints_of,
    next_commands,
    override_text,
    program_name,
    program_names,
    train_command,
    train_program,
)

NAMES = ("python train.py", "python predict.py")
RUN = FinishedRun("runs/x", ["data.root=my photos", "trainer.max_epochs=2"], "image_folder", False, 6, True)


def composed_hints(*overrides: str) -> dict[str, Any]:
    with initialize_config_module("practicum.conf", version_base="1.3"):
        cfg = compose("train", overrides=["name=test", "paths.run=run", *overrides])
    assert "hints" not in cfg.data  # of which a project of its own makes a data module
    return hints_of(cfg)


def first_of(commands: dict[str, str]) -> str:
    return next(iter(commands.values()))


def second_of(commands: dict[str, str]) -> str:
    return list(commands.values())[1]


@pytest.mark.parametrize(
    ("overrides", "run", "commands"),
    [
        (
            ["data=image_folder", "data.root=x"],
            RUN,
            [
                "python predict.py run=runs/x input=PHOTOS output=predictions.csv",
                "python train.py 'data.root=my photos' model.weights=runs/x epochs=10",
            ],
        ),
        (
            ["data=spiders"],
            replace(RUN, typed=[], synthetic=True),
            [
                "python predict.py run=runs/x input=PHOTOS output=predictions.csv",
                "python train.py data=image_folder data.root=PHOTOS",
            ],
        ),
        (
            ["experiment=planet"],
            replace(RUN, synthetic=True, test_inputs="data/planet/test"),
            [
                "python predict.py run=runs/x input=data/planet/test output=submission.csv format=kaggle",
                "python train.py experiment=planet data=image_folder data.root=PHOTOS data.csv=LABELS.csv "
                "'data.label_separator=\" \"'",
            ],
        ),
        (
            ["experiment=lm", "data=text_csv", "data.root=texts.csv", "data.level=bpe"],
            FinishedRun(
                "runs/x",
                ["experiment=lm", "data=text_csv", "data.root=texts.csv", "data.bptt=10", "data.level=bpe"],
                "text_csv",
                False,
                2,
                True,
                tokenizer="runs/x/tokenizer.json",
            ),
            [
                "python train.py experiment=reviews data=text_csv data.root=texts.csv data.level=bpe "
                "data.tokenizer=runs/x/tokenizer.json model.encoder=runs/x",
                "python train.py experiment=lm data=text_csv data.root=texts.csv data.bptt=10 data.level=bpe "
                "model.weights=runs/x epochs=10",
            ],
        ),
        (
            ["experiment=word_vectors", "data=language_model", "data.root=text", "data.level=character"],
            FinishedRun("runs/x", ["data.root=text"], "language_model", False, 5, False),
            [
                "python train.py experiment=reviews data=text_csv data.root=TEXTS data.level=character model=word_vectors "
                "model.vectors=runs/x",
                "python train.py data.root=text epochs=10",
            ],
        ),
        (
            ["experiment=reviews_lm"],
            FinishedRun("runs/x", ["experiment=reviews_lm"], "reviews", True, 8, True),
            [
                "python train.py experiment=reviews data=reviews model.encoder=runs/x",
                "python train.py experiment=lm data=language_model data.task=language_model data.root=TEXT",
            ],
        ),
        (
            ["experiment=clicks", "data=tastes"],
            FinishedRun("runs/x", ["experiment=clicks", "data=tastes"], "tastes", True, 25, False),
            [
                "python predict.py run=runs/x top_k=10 output=predictions.csv",
                "python train.py experiment=clicks data.root=CLICKS.csv",
            ],
        ),
        (
            ["experiment=tastes"],
            FinishedRun("runs/x", ["experiment=tastes"], "tastes", True, 25, False),
            [
                "python predict.py run=runs/x top_k=10 output=predictions.csv",
                "python train.py experiment=ratings data.root=RATINGS.csv",
            ],
        ),
    ],
)
def test_commands_use_the_run_and_train_the_next(overrides: list[str], run: FinishedRun, commands: list[str]) -> None:
    assert list(next_commands(run, composed_hints(*overrides), NAMES).values()) == commands


def test_what_a_strangers_hints_hold_is_not_formatted() -> None:
    first = first_of(next_commands(RUN, {"classifier": ["{run.__class__.__mro__}", 3, "a={run}"]}, NAMES))
    assert first.endswith("'{run.__class__.__mro__}' 3 a=runs/x")
    for broken in ([1], {"by_task": 3}, {"by_task": {"classification": 3}}):
        config = OmegaConf.create({"hints": broken, "data": {"task": "classification"}})
        assert hints_of(config) == {}


def test_the_length_that_was_typed_is_replaced() -> None:
    run = replace(RUN, typed=["data.root=x", "epochs=6"], continues=False)
    assert second_of(next_commands(run, {}, NAMES)) == "python train.py data.root=x epochs=12"


def test_where_a_schedule_sets_the_length_the_trainers_option_does() -> None:
    run = replace(RUN, typed=["data.root=x", "schedule=sgdr"], continues=False, epochs=7, length="trainer.max_epochs")
    assert second_of(next_commands(run, {}, NAMES)) == "python train.py data.root=x schedule=sgdr trainer.max_epochs=14"


def test_trust_is_not_handed_on() -> None:
    run = FinishedRun("runs/x", ["seed=2", "trust=true", "resume.force=true"], "spiders", False, 3, False)
    assert second_of(next_commands(run, {}, NAMES)) == "python train.py seed=2 epochs=6"


def test_where_more_epochs_gain_nothing_other_rates_are_proposed() -> None:
    run = replace(RUN, typed=["data.root=my photos", "optimizer.lr=0.02", "objective=val/loss"], overfits=True, lr=0.02)
    assert second_of(next_commands(run, {}, NAMES)) == "python train.py -m 'data.root=my photos' optimizer.lr=0.006,0.02,0.06"
    assert "epochs=" in second_of(next_commands(replace(run, lr=None), {}, NAMES))
    assert "epochs=" in second_of(next_commands(replace(run, overfits=False), {}, NAMES))


@pytest.mark.parametrize("overfits", [True, False])
def test_where_a_baseline_wins_by_its_penalty_stronger_ones_are_tried(overfits: bool) -> None:
    typed = ["data.root=my photos", "optimizer.lr=0.02", "model.l2=0.1", "resume=runs/x"]
    run = replace(RUN, typed=typed, overfits=overfits, lr=0.02, l2=0.1)
    commands = next_commands(run, {}, NAMES)
    assert commands["Try stronger penalties"] == "python train.py -m 'data.root=my photos' optimizer.lr=0.02 model.l2=0.2,0.4,0.8"
    assert "model.l2" not in second_of(next_commands(replace(run, synthetic=True), {}, NAMES))


def test_data_without_hints_still_get_commands() -> None:
    assert first_of(next_commands(RUN, {}, NAMES)) == "python predict.py run=runs/x input=INPUT output=predictions.csv"


def test_program_names_are_those_that_were_typed(tmp_path: Path) -> None:
    assert program_names("/usr/bin/practicum-train") == ("practicum-train", "practicum-predict")
    assert program_names("/usr/bin/practicum-predict") == ("practicum-train", "practicum-predict")
    assert program_names("practicum-train.exe") == ("practicum-train", "practicum-predict")
    for name in ("train.py", "predict.py"):
        (tmp_path / name).touch()
    assert program_names(str(tmp_path / "train.py")) == tuple(f"python {tmp_path / name}" for name in ("train.py", "predict.py"))
    (tmp_path / "__init__.py").touch()  # a script inside a package, such as the worker of a launcher
    assert program_names(str(tmp_path / "train.py")) == NAMES
    assert program_names("/somewhere/ray/default_worker.py") == NAMES


@pytest.mark.parametrize(
    ("script", "program", "command"),
    [
        ("/usr/bin/practicum-train", "practicum-train", "practicum-train"),
        ("/usr/bin/practicum-predict", "practicum-train", "practicum-train"),
        ("/home/me/practicum/train.py", "train.py", "python train.py"),
        ("predict.py", "train.py", "python train.py"),
        ("/somewhere/ray/default_worker.py", "train.py", "python train.py"),
    ],
)
def test_messages_call_the_program_as_it_was_typed(script: str, program: str, command: str) -> None:
    assert (train_program(script), train_command(script)) == (program, command)


def test_a_process_of_a_launcher_knows_what_was_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/somewhere/ray/default_worker.py"])
    assert train_command() == "python train.py"
    monkeypatch.setenv("PRACTICUM_PROGRAM", "/usr/bin/practicum-train")
    assert program_names() == ("practicum-train", "practicum-predict")
    assert train_command() == program_name() == "practicum-train"


def test_printed_at_the_end_of_a_run(trained: Path) -> None:
    following = (trained / "stdout.txt").read_text(encoding="utf-8").partition("Next:")[2]
    assert "predict.py run=run input=PHOTOS" in following
    assert "data.root=photos" in following  # the same photos, the same network


def test_a_path_on_another_drive_is_told_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert from_here(tmp_path / "runs" / "a") == str(Path("runs", "a"))

    def other_drive(path: Any) -> str:
        raise ValueError("path is on mount 'D:', start on mount 'C:'")  # what Windows' relpath says

    monkeypatch.setattr("os.path.relpath", other_drive)
    assert from_here("a") == str(tmp_path / "a")


@pytest.mark.parametrize("path", ["runs/a", "/home/o'neil/my runs", "C:\\Users\\O'Neil\\", "a\\'b", "${x}"])
def test_any_path_is_a_value_of_an_override(path: str) -> None:
    (parsed,) = OverridesParser.create().parse_overrides([f"hydra.sweep.dir={override_text(path)}"])
    assert str(parsed.value()) == path
