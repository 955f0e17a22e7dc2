"""Training, end to end, as a person types it: what it writes, and how it is interrupted and resumed."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import OmegaConf
from PIL import Image
from practicum.cli.sweeps.outcome import is_complete
from practicum.cli.train import _name_program

HERE = Path(__file__).resolve().parents[2]


def _lines(run: Path) -> list[str]:
    return (run / "train.log").read_text(encoding="utf-8").splitlines()


def test_run_folder_holds_everything(trained: Path, rows_of: Callable[[Path], list[dict[str, str]]]) -> None:
    run = trained / "run"
    record = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    assert record["status"] == "finished"
    assert record["val/accuracy/kept"] > 0.9  # red or blue: easy
    assert record["epochs"] == 2
    assert record["seed"] == 1
    assert record["tests_on"] == "valid"
    assert not any(name.startswith("test/") for name in record)  # validation measured it
    assert record["weights/source"] == "random"
    assert len(record["data/sha256"]) == 64
    assert record["seconds/fit"] > 0
    assert record["seconds"] > record["seconds/fit"] + record["seconds/data"] > record["seconds/fit"]  # preparing them counts
    assert [line.partition("] Epoch ")[2][:3] for line in _lines(run) if "] Epoch " in line] == ["1/2", "2/2"]
    assert record["val/accuracy/best"] >= record["val/accuracy"]
    shown = {"curves", "example_batch", "augmentation", "schedule"}
    shown |= {"confusion", "top_losses", "per_class", "grad_cam", "calibration"}
    assert {path.stem for path in (run / "figures").iterdir()} == shown
    for name in shown:
        with Image.open(run / "figures" / f"{name}.png") as picture:
            assert min(picture.size) > 200
    steps = [row for row in rows_of(run / "metrics.csv") if row["train/loss_step"]]
    assert len(steps) == record["steps"] == 12
    assert {path.name for path in (run / "checkpoints").iterdir()} == {"best.ckpt", "last.ckpt", "before_last.ckpt"}
    page = (run / "report.html").read_text(encoding="utf-8")
    assert page.count("src='data:image/svg+xml;base64,") == page.count("</figcaption>") == len(shown)
    assert len(page) < 5_000_000
    assert not re.search(r"https?:|@import|url\(", page.split("<h2 id=record>")[0])  # nothing is loaded from elsewhere
    assert "<a href='README.md'>" in page
    assert all((run / link).exists() for link in re.findall(r"<a href='([^'#]+)'", page))
    assert all(f"id='{anchor}'" in page or f"id={anchor}>" in page for anchor in re.findall(r"<a href='#([^']+)'", page))
    assert all(any(each.isdigit() for each in alt) for alt in re.findall(r"<img alt='([^']*)'", page))
    assert "predict.py run=run input=" in page.partition("<h2 id=next>")[2]
    assert "${" not in page.partition("<h2 id=configuration>")[2]  # resolved
    assert not list(run.rglob("*.part"))


def test_weights_of_a_run_start_the_next_and_another_network_is_refused(
    trained: Path, command: Callable[..., Any], refused: Callable[[Any], str], small: list[str]
) -> None:
    options = [*small, "data.root=photos", "trainer.max_epochs=1", "callbacks=none"]
    # Two photos of training validate now.
    shutil.copytree(trained / "photos", trained / "moved")
    for path in sorted((trained / "moved" / "train" / "red").iterdir())[:2]:
        path.rename(trained / "moved" / "valid" / "red" / f"moved {path.name}")
    result = command("train.py", *options, "data.root=moved", "model.weights=run", "hydra.run.dir=on", cwd=trained)
    assert result.returncode == 0, result.stderr[-2000:]
    record = json.loads((trained / "on" / "metrics.json").read_text(encoding="utf-8"))
    assert record["weights/source"] == "run/checkpoints/best.ckpt"
    assert record["data/seen_before/valid"] == 2
    assert "run, whose weights are taken, was trained on 2 photos that are in valid here" in " ".join(result.stderr.split())
    sentence = refused(command("train.py", *options, "model.weights=run", "model.backbone=test_vit", cwd=trained))
    assert "not weights of test_vit" in sentence


def test_two_processes_share_the_photos_and_freeze_the_same_layers(
    trained: Path, command: Callable[..., Any], rows_of: Callable[[Path], list[dict[str, str]]], small: list[str]
) -> None:
    options = [o for o in small if not o.startswith("model.weights")]
    options += ["data.root=photos", "model.weights=run", "hydra.run.dir=two", "trainer=ddp", "trainer.accelerator=cpu"]
    result = command("train.py", *options, "callbacks.unfreeze.at=[1]", cwd=trained, fresh=True)
    assert result.returncode == 0, result.stderr[-3000:]
    record = json.loads((trained / "two" / "metrics.json").read_text(encoding="utf-8"))
    assert record["devices"] == "2 x cpu"
    assert record["baseline/prior/accuracy"] == 0.5  # the first process measured it, on all photos
    assert record["steps"] == 6  # 48 photos, 8 a batch on each of two processes, 2 epochs
    rows = rows_of(trained / "two" / "predictions.csv")
    for name in ("file", "true"):
        assert [row[name] for row in rows] == [row[name] for row in rows_of(trained / "run" / "predictions.csv")]
    assert not list((trained / "two").glob("predictions-*"))
    assert record["val/accuracy/kept"] == pytest.approx(sum(row["true"] == row["predicted"] for row in rows) / len(rows))


def test_two_processes_find_one_rate_and_resume(
    trained: Path, command: Callable[..., Any], start: Callable[..., Any], small: list[str]
) -> None:
    options = [*small, "data.root=photos", "trainer=ddp", "trainer.accelerator=cpu", "schedule=sgdr", "schedule.cycles=2"]
    options += ["callbacks=[default,lr_find,snapshots]", "callbacks.lr_find.steps=30", "callbacks.last.every_n_steps=2"]
    options = [option for option in options if not option.startswith("trainer.max_epochs")]
    result = command("train.py", *options, "hydra.run.dir=whole2", cwd=trained, fresh=True)
    assert result.returncode == 0, result.stderr[-3000:]
    states = [torch.load(trained / "whole2/checkpoints/last.ckpt", weights_only=True)]
    process = start(trained, *options, "hydra.run.dir=broken2")
    while process.poll() is None and not (trained / "broken2/checkpoints/last.ckpt").is_file():
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    result = command("train.py", "resume=broken2", cwd=trained, fresh=True)
    assert result.returncode == 0, result.stderr[-3000:]
    states.append(torch.load(trained / "broken2/checkpoints/last.ckpt", weights_only=True))
    assert states[0]["global_step"] == states[1]["global_step"] == 9
    assert len(states[1]["exact_resume"]["ranks"]) == 2
    for name, value in states[0]["state_dict"].items():
        assert torch.equal(value, states[1]["state_dict"][name]), name
    # One rate on both: each optimizer moved by it, and DDP keeps weights alike only where they do.
    record = json.loads((trained / "whole2/metrics.json").read_text(encoding="utf-8"))
    schedule = states[0]["lr_schedulers"][0]["base_lrs"]
    assert max(schedule) == pytest.approx(record.get("lr_find/chosen", 0.01))


def test_schedule_range_test_and_snapshots_from_the_command_line(
    trained: Path, command: Callable[..., Any], rows_of: Callable[[Path], list[dict[str, str]]], small: list[str]
) -> None:
    options = [option for option in small if not option.startswith("trainer.max_epochs")]
    techniques = ["schedule=sgdr", "schedule.cycles=2", "callbacks=[default,lr_find,snapshots]"]
    result = command("train.py", *options, *techniques, "data.root=photos", "hydra.run.dir=cycles", cwd=trained)
    assert result.returncode == 0, result.stderr[-3000:]
    run = trained / "cycles"
    record = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    assert record["epochs"] == 3  # 1 + 2
    assert record["snapshots"] == 2
    assert {"plain/accuracy", "val/accuracy/kept", "lr_find/valley"} <= record.keys()
    assert f"(with 2 snapshots; without {record['plain/accuracy']:.4f})" in result.stdout
    for name in ("lr_find", "schedule"):
        with Image.open(run / "figures" / f"{name}.png") as picture:
            assert min(picture.size) > 200
    assert (run / "figures" / "lr_find.csv").is_file()
    assert {"cycle-1.ckpt", "cycle-2.ckpt", "last.ckpt", "before_last.ckpt"} <= {p.name for p in (run / "checkpoints").iterdir()}
    result = command("predict.py", "run=cycles", "input=photos/valid/red", "output=cycles.csv", cwd=trained)
    assert result.returncode == 0, result.stderr[-2000:]
    mine = {Path(row["file"]).name: float(row["probability_red"]) for row in rows_of(trained / "cycles.csv")}
    for row in rows_of(run / "predictions.csv"):
        if row["true"] == "red":
            assert mine[Path(row["file"]).name] == pytest.approx(float(row["probability_red"]), abs=1e-5)


def test_range_test_alone_trains_nothing(trained: Path, command: Callable[..., Any], small: list[str]) -> None:
    options = [
        *small,
        "data.root=photos",
        "hydra.run.dir=alone",
        "callbacks=[default,lr_find]",
        "callbacks.lr_find.stop_after_test=true",
    ]
    result = command("train.py", *options, cwd=trained)
    assert result.returncode == 0, result.stderr[-3000:]
    assert "range test is in alone" in result.stdout
    assert (trained / "alone" / "figures" / "lr_find.png").is_file()
    assert not list((trained / "alone").rglob("*.ckpt"))
    assert json.loads((trained / "alone" / "metrics.json").read_text(encoding="utf-8"))["status"] == "range test"
    assert is_complete(trained / "alone")


def test_interrupted_run_resumes_and_a_changed_configuration_is_refused(
    trained: Path,
    command: Callable[..., Any],
    refused: Callable[[Any], str],
    rows_of: Callable[[Path], list[dict[str, str]]],
    start: Callable[..., Any],
    small: list[str],
) -> None:
    options = [*small, "data.root=photos", "hydra.run.dir=stopped", "trainer.max_epochs=400", "callbacks.progress=null"]
    process = start(trained, *options)
    metrics = trained / "stopped" / "metrics.csv"
    while process.poll() is None and not (metrics.is_file() and metrics.stat().st_size > 2000):
        time.sleep(0.05)
    process.terminate()
    assert process.wait(timeout=60) == 143
    assert "python train.py resume=" in (trained / "output.log").read_text(encoding="utf-8")
    assert json.loads((trained / "stopped" / "metrics.json").read_text(encoding="utf-8"))["status"] == "interrupted"
    done = torch.load(trained / "stopped/checkpoints/last.ckpt", weights_only=True)["global_step"]
    sentence = refused(command("train.py", "resume=stopped", "optimizer.lr=0.5", "trainer.max_epochs=3", cwd=trained))
    assert "optimizer.lr 0.01 -> 0.5; trainer.max_epochs 400 -> 3" in sentence
    epochs = done // 6 + 2
    result = command("train.py", "resume=stopped", f"trainer.max_epochs={epochs}", "resume.force=true", cwd=trained)
    assert result.returncode == 0, result.stderr[-3000:]
    steps = [int(row["step"]) for row in rows_of(metrics) if row["train/loss_step"]]
    assert steps == list(range(6 * epochs))
    assert json.loads((trained / "stopped" / "metrics.json").read_text(encoding="utf-8"))["status"] == "finished"


def test_killed_runs_end_bit_equal() -> None:
    result = subprocess.run(
        [sys.executable, HERE / "benchmarks" / "kill.py", "--kills", "3"],
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.strip().splitlines()[-1] == "3 of 3 bit-equal"


def test_help_is_a_page_and_fast(tmp_path: Path, command: Callable[..., Any]) -> None:
    result = command("train.py", "--help", cwd=tmp_path)
    assert result.returncode == 0
    assert "python train.py data=image_folder data.root=PHOTOS" in result.stdout
    assert "efficientnet_lite0" in result.stdout
    probe = "import sys; sys.argv=['train.py','--help']; import runpy; " + (
        f"\ntry: runpy.run_path({str(HERE / 'train.py')!r}, run_name='__main__')\nexcept SystemExit: pass\n"
        "assert not {'torch', 'timm', 'pytorch_lightning'} & set(sys.modules), 'heavy imports come late'"
    )
    subprocess.run([sys.executable, "-c", probe], check=True, capture_output=True, cwd=tmp_path)


def test_an_interruption_names_the_program_that_was_used(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = "python train.py resume=runs/x"
    for program, told in (("/usr/bin/practicum-train", "practicum-train resume=runs/x"), ("train.py", asked)):
        monkeypatch.setattr(sys, "argv", [program])
        cfg = OmegaConf.create({"callbacks": {"last": {"how_to_resume": "python train.py resume=${run}"}}, "run": "runs/x"})
        _name_program(cfg)
        assert cfg.callbacks.last.how_to_resume == told
    _name_program(OmegaConf.create({"callbacks": None}))


def test_installed_command_shows_the_same_page(tmp_path: Path) -> None:
    for command, option in (("train", "resume=runs/..."), ("predict", "neighbours=")):
        program = f"import sys; sys.argv = ['practicum-{command}', '--help']; from practicum.cli.{command} import main; main()"
        result = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
        assert f"practicum-{command} instead of python {command}.py" in result.stdout
        assert option in result.stdout


def test_cfg_prints_the_configuration_and_runs_nothing(tmp_path: Path, command: Callable[..., Any]) -> None:
    result = command("train.py", "--cfg", "job", "model=vgg16", cwd=tmp_path)
    assert result.returncode == 0
    assert "backbone: vgg16" in result.stdout
    assert not list(tmp_path.iterdir())


def test_a_trial_of_the_code_keeps_and_removes_nothing(tmp_path: Path, in_process: Callable[..., Any]) -> None:
    rows = "".join(f"{number % 7},{number % 5},{number % 7 + number % 5}\n" for number in range(200))
    (tmp_path / "t.csv").write_text(f"a,b,y\n{rows}", encoding="utf-8")
    typed = ["experiment=table", "data.root=t.csv", "data.target=y", "data.batch_size=32", "baselines=false", "epochs=2"]
    typed += ["data.test_fraction=0.2", "hydra.run.dir=run"]
    result = in_process("train.py", *typed, cwd=tmp_path)
    assert result.returncode == 0, result.stderr[-2000:]
    names = ["metrics.json", "predictions.csv", "report.html", "README.md", "checkpoints/best.ckpt", "checkpoints/last.ckpt"]
    before = {name: (tmp_path / "run" / name).read_bytes() for name in names}
    result = in_process("train.py", *typed, "+trainer.fast_dev_run=true", cwd=tmp_path)
    assert result.returncode == 0, result.stderr[-2000:]
    assert "A trial of the code: nothing was kept of it." in result.stdout
    assert {name: (tmp_path / "run" / name).read_bytes() for name in names} == before


def test_a_refused_command_leaves_the_run_that_was_there(tmp_path: Path, command: Callable[..., Any]) -> None:
    kept = {"metrics.json": '{"status": "finished", "tests_on": "test"}', "checkpoints/last.ckpt": "weights"}
    (tmp_path / "run" / "checkpoints").mkdir(parents=True)
    for name, text in kept.items():
        (tmp_path / "run" / name).write_text(text, encoding="utf-8")
    result = command("train.py", "data=image_folder", "data.root=nowhere", "hydra.run.dir=run", cwd=tmp_path)
    assert result.returncode == 2
    assert "nowhere" in result.stderr
    assert {name: (tmp_path / "run" / name).read_text(encoding="utf-8") for name in kept} == kept
