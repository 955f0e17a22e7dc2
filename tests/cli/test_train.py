"""The commands, end to end, as a person types them: what they write, and how they refuse a mistake."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy
import polars
import pytest
import torch
from omegaconf import OmegaConf
from PIL import Image

HERE = Path(__file__).resolve().parents[2]
SMALL = [
    "data=image_folder",
    "data.size=32",
    "data.batch_size=8",
    "model=timm",
    "model.backbone=test_resnet",
    "model.weights=random",
    "trainer.max_epochs=2",
    "optimizer.lr=0.01",
]


def command(script: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(cwd / "hub")}
    return subprocess.run(
        [sys.executable, HERE / script, *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def start(where: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """A training in the background, in a process group of its own."""
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    with open(where / "output.log", "wb") as log:
        return subprocess.Popen(
            [sys.executable, HERE / "train.py", *arguments],
            cwd=where,
            stdout=log,
            stderr=log,
            env=environment,
            start_new_session=True,
        )


def refused(result: subprocess.CompletedProcess[str]) -> str:
    """The one sentence of a refusal: exit code 2, no traceback."""
    assert result.returncode == 2, result.stderr[-2000:]
    assert "Traceback" not in result.stderr
    lines = [line for line in result.stderr.splitlines() if line.strip()]
    assert not any(line.startswith("Error executing job") for line in lines)
    return lines[-1]


def rows_of(path: Path) -> list[dict[str, str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, save_photo: Callable[[Path, str, int], Path]) -> Path:
    """A folder with photos, and a small run of them in ``run/``."""
    where = tmp_path_factory.mktemp("trained")
    (where / "afile").touch()  # a place where no folder can be made
    for split, count in (("train", 24), ("valid", 9)):
        for number, hue in enumerate(("blue", "red")):
            for i in range(count):
                save_photo(where / "photos" / split / hue / f"{i}.jpg", hue, 10_000 * (split == "valid") + 1000 * number + i)
    result = command("train.py", *SMALL, "data.root=photos", "hydra.run.dir=run", "model.backbone=test_resnet", cwd=where)
    assert result.returncode == 0, result.stderr[-3000:]
    (where / "stdout.txt").write_text(result.stdout)
    return where


def test_run_folder_is_the_whole_artefact(trained: Path) -> None:
    run = trained / "run"
    record = json.loads((run / "metrics.json").read_text())
    assert record["status"] == "finished"
    assert record["test/accuracy"] > 0.9  # red or blue: easy
    assert record["epochs"] == 2
    assert record["seed"] == 1
    assert record["tests_on"] == "valid"
    assert record["weights/source"] == "random"
    assert len(record["data/sha256"]) == 64
    assert record["seconds/fit"] > 0
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
    page = (run / "report.html").read_text()
    assert page.count("data:image/png;base64,") == len(shown)
    assert "http" not in page.split("<h2>Record")[0]  # nothing is loaded from elsewhere
    assert not list(run.rglob("*.part"))


def test_last_table_says_what_to_type_next(trained: Path) -> None:
    text = (trained / "stdout.txt").read_text()
    assert "accuracy on valid" in text
    assert "predict.py run=run input=PHOTOS" in text
    assert "data.root=photos" in text.partition("Next:")[2]  # the same photos, the same network
    assert "random" in text


def test_predictions_are_those_of_validation(trained: Path) -> None:
    result = command("predict.py", "run=run", "input=photos/valid/red", "output=out/red.csv", cwd=trained)
    assert result.returncode == 0, result.stderr[-2000:]
    predicted = {Path(row["file"]).name: row for row in rows_of(trained / "out" / "red.csv")}
    assert list(predicted) == [f"{i}.jpg" for i in range(9)]
    assert list(predicted["0.jpg"]) == ["file", "predicted", "probability_blue", "probability_red"]
    for row in rows_of(trained / "run" / "predictions.csv"):
        if row["true"] == "red":
            mine = predicted[Path(row["file"]).name]
            assert mine["predicted"] == row["predicted"]
            assert float(mine["probability_red"]) == pytest.approx(float(row["probability_red"]), abs=1e-5)


def test_prediction_lists_what_cannot_be_read_and_gives_top_k(trained: Path) -> None:
    mixed = trained / "mixed"
    mixed.mkdir(exist_ok=True)
    shutil.copy(trained / "photos/valid/red/0.jpg", mixed / "a photo, with comma.jpg")
    (mixed / "notes.txt").write_text("not a photo")
    result = command("predict.py", "run=run", "input=mixed", "output=mixed.csv", "top_k=1", cwd=trained)
    assert result.returncode == 0, result.stderr[-2000:]
    (row,) = rows_of(trained / "mixed.csv")
    assert list(row) == ["file", "predicted", "class_1", "probability_1"]
    assert Path(row["file"]).name == "a photo, with comma.jpg"
    assert [Path(r["file"]).name for r in rows_of(trained / "mixed.rejected.csv")] == ["notes.txt"]


def test_run_folder_is_all_that_prediction_needs(trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained / "run", tmp_path / "moved")
    shutil.copy(trained / "photos/valid/red/0.jpg", tmp_path / "one.jpg")
    result = command("predict.py", "run=moved", "input=one.jpg", cwd=tmp_path)
    assert result.returncode == 0, result.stderr[-2000:]
    assert rows_of(tmp_path / "predictions.csv")[0]["predicted"] == "red"
    assert {path.name for path in tmp_path.iterdir()} == {"moved", "one.jpg", "predictions.csv"}


def test_prediction_takes_the_table_one_trained_on(trained: Path) -> None:
    (trained / "new.csv").write_text("file,label\nphotos/valid/red/3,red\nphotos/valid/blue/1.jpg,blue\n")
    result = command("predict.py", "run=run", "input=new.csv", "output=new-predictions.csv", cwd=trained)
    assert result.returncode == 0, result.stderr[-2000:]
    assert [row["predicted"] for row in rows_of(trained / "new-predictions.csv")] == ["red", "blue"]


def test_several_labels_a_photo_from_table_to_prediction(trained: Path) -> None:
    photos = sorted((trained / "photos" / "train").rglob("*.jpg"))
    lines = [f"{p.relative_to(trained / 'photos')},{p.parent.name} {'photo' if i % 5 else ''}" for i, p in enumerate(photos)]
    (trained / "photos" / "tags.csv").write_text("\n".join(["file,label", *lines]) + "\n")
    options = [*SMALL, "data.root=photos", "data.csv=tags.csv", "data.label_separator=' '", "hydra.run.dir=tags"]
    result = command("train.py", *options, cwd=trained)
    assert result.returncode == 0, result.stderr[-3000:]
    record = json.loads((trained / "tags" / "metrics.json").read_text())
    assert {"test/accuracy", "test/f2", "test/map"} <= record.keys()
    assert record["test/map"] > 0.8
    result = command("predict.py", "run=tags", "input=photos/valid/red", "output=tags.csv", cwd=trained)
    assert result.returncode == 0, result.stderr[-2000:]
    assert list(rows_of(trained / "tags.csv")[0]) == [
        "file",
        "predicted",
        "probability_blue",
        "probability_photo",
        "probability_red",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run=nowhere", "input=photos"], "not a run folder"),
        (["run=unfinished", "input=photos"], "never finished"),
        (["run=run", "input=nowhere"], "no such file or folder"),
        (["run=run", "inputs=photos"], "did you mean input?"),
        (["run=run"], "input is missing"),
        (["run=run", "input=photos", "top_k=many"], "top_k=many"),
        (["run=run", "input=photos", "batch_size=0"], "batch_size=0"),
        (["run=run", "input=photos", "checkpoint=photos/valid/red/0.jpg"], "nothing in it was run"),
        (["run=stranger", "input=photos"], "would run os.system"),
        (["run=run", "input=photos", "output=afile/p.csv"], "afile"),
    ],
)
def test_prediction_refuses_in_one_sentence(trained: Path, arguments: list[str], message: str) -> None:
    unfinished = trained / "unfinished"
    if not unfinished.exists():
        shutil.copytree(trained / "run", unfinished)
        (unfinished / "metrics.json").write_text('{"status": "trained"}')
        stranger = shutil.copytree(trained / "run", trained / "stranger")
        config = stranger / ".hydra" / "config.yaml"
        config.write_text(config.read_text().replace("practicum.datamodules.Augment", "os.system"))
    assert message in refused(command("predict.py", *arguments, cwd=trained))


def test_going_on_from_a_run_takes_its_weights_and_refuses_another_network(trained: Path) -> None:
    options = [*SMALL, "data.root=photos", "trainer.max_epochs=1", "callbacks=none"]
    result = command("train.py", *options, "model.weights=run", "hydra.run.dir=on", cwd=trained)
    assert result.returncode == 0, result.stderr[-2000:]
    record = json.loads((trained / "on" / "metrics.json").read_text())
    assert record["weights/source"] == "run/checkpoints/best.ckpt"
    sentence = refused(command("train.py", *options, "model.weights=run", "model.backbone=test_vit", cwd=trained))
    assert "not weights of test_vit" in sentence


def test_sweep_ends_with_one_table(trained: Path) -> None:
    options = [*SMALL, "data.root=photos", "trainer.limit_train_batches=1", "trainer.max_epochs=1", "callbacks=none"]
    options += ["schedule=none"]  # a single step
    result = command(
        "train.py", "-m", *options, "model.head=linear,concat_pool", "seed=1,2", "hydra.sweep.dir=sweep", cwd=trained
    )
    assert result.returncode == 0, result.stderr[-3000:]
    rows = rows_of(trained / "sweep" / "sweep.csv")
    assert [(row["model.head"], row["seed"]) for row in rows] == [
        ("linear", "1"),
        ("linear", "2"),
        ("concat_pool", "1"),
        ("concat_pool", "2"),
    ]
    assert "seed" in result.stdout
    assert all(row["status"] == "finished" and 0 <= float(row["test/accuracy"]) <= 1 for row in rows)
    assert all((trained / "sweep" / row["run"] / "checkpoints" / "best.ckpt").is_file() for row in rows)


def test_two_processes_share_the_photos_and_freeze_alike(trained: Path) -> None:
    options = [o for o in SMALL if not o.startswith("model.weights")]
    options += ["data.root=photos", "model.weights=run", "hydra.run.dir=two", "trainer=ddp", "trainer.accelerator=cpu"]
    result = command("train.py", *options, "callbacks.unfreeze.at=[1]", cwd=trained)
    assert result.returncode == 0, result.stderr[-3000:]
    record = json.loads((trained / "two" / "metrics.json").read_text())
    assert record["devices"] == "2 x cpu"
    assert record["steps"] == 6  # 48 photos, 8 a batch on each of two processes, 2 epochs
    rows = [row for rank in (0, 1) for row in rows_of(trained / "two" / f"predictions-rank{rank}.csv")]
    assert sorted(row["file"] for row in rows) == sorted(row["file"] for row in rows_of(trained / "run" / "predictions.csv"))
    assert record["test/accuracy"] == pytest.approx(sum(row["true"] == row["predicted"] for row in rows) / len(rows))


def test_two_processes_find_one_rate_and_resume(trained: Path) -> None:
    options = [*SMALL, "data.root=photos", "trainer=ddp", "trainer.accelerator=cpu", "schedule=sgdr", "schedule.cycles=2"]
    options += ["callbacks=[default,lr_find,snapshots]", "callbacks.lr_find.steps=30", "callbacks.last.every_n_steps=2"]
    options = [option for option in options if not option.startswith("trainer.max_epochs")]
    result = command("train.py", *options, "hydra.run.dir=whole2", cwd=trained)
    assert result.returncode == 0, result.stderr[-3000:]
    states = [torch.load(trained / "whole2/checkpoints/last.ckpt", weights_only=True)]
    process = start(trained, *options, "hydra.run.dir=broken2")
    while process.poll() is None and not (trained / "broken2/checkpoints/last.ckpt").is_file():
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    result = command("train.py", "resume=broken2", cwd=trained)
    assert result.returncode == 0, result.stderr[-3000:]
    states.append(torch.load(trained / "broken2/checkpoints/last.ckpt", weights_only=True))
    assert states[0]["global_step"] == states[1]["global_step"] == 9
    assert len(states[1]["exact_resume"]["ranks"]) == 2
    for name, value in states[0]["state_dict"].items():
        assert torch.equal(value, states[1]["state_dict"][name]), name
    # One rate on both: each optimizer moved by it, and DDP keeps weights alike only where they do.
    record = json.loads((trained / "whole2/metrics.json").read_text())
    schedule = states[0]["lr_schedulers"][0]["base_lrs"]
    assert max(schedule) == pytest.approx(record.get("lr_find/chosen", 0.01))


def test_schedule_range_test_and_snapshots_from_the_command_line(trained: Path) -> None:
    options = [option for option in SMALL if not option.startswith("trainer.max_epochs")]
    practices = ["schedule=sgdr", "schedule.cycles=2", "callbacks=[default,lr_find,snapshots]"]
    result = command("train.py", *options, *practices, "data.root=photos", "hydra.run.dir=cycles", cwd=trained)
    assert result.returncode == 0, result.stderr[-3000:]
    run = trained / "cycles"
    record = json.loads((run / "metrics.json").read_text())
    assert record["epochs"] == 3  # 1 + 2
    assert record["snapshots"] == 2
    assert {"plain/accuracy", "test/accuracy", "lr_find/valley"} <= record.keys()
    assert f"(with 2 snapshots; without {record['plain/accuracy']:.4f})" in result.stdout
    for name in ("lr_find", "schedule"):
        with Image.open(run / "figures" / f"{name}.png") as picture:
            assert min(picture.size) > 200
    assert (run / "lr_find.csv").is_file()
    assert {"cycle-1.ckpt", "cycle-2.ckpt", "last.ckpt", "before_last.ckpt"} <= {p.name for p in (run / "checkpoints").iterdir()}
    result = command("predict.py", "run=cycles", "input=photos/valid/red", "output=cycles.csv", cwd=trained)
    assert result.returncode == 0, result.stderr[-2000:]
    mine = {Path(row["file"]).name: float(row["probability_red"]) for row in rows_of(trained / "cycles.csv")}
    for row in rows_of(run / "predictions.csv"):
        if row["true"] == "red":
            assert mine[Path(row["file"]).name] == pytest.approx(float(row["probability_red"]), abs=1e-5)


def test_range_test_alone_trains_nothing(trained: Path) -> None:
    options = [*SMALL, "data.root=photos", "hydra.run.dir=alone", "callbacks=[default,lr_find]", "callbacks.lr_find.alone=true"]
    result = command("train.py", *options, cwd=trained)
    assert result.returncode == 0, result.stderr[-3000:]
    assert "range test is in alone" in result.stdout
    assert (trained / "alone" / "figures" / "lr_find.png").is_file()
    assert not list((trained / "alone").rglob("*.ckpt"))


def test_a_stopped_run_goes_on_and_a_changed_one_is_refused(trained: Path) -> None:
    options = [*SMALL, "data.root=photos", "hydra.run.dir=stopped", "trainer.max_epochs=400", "callbacks.progress=null"]
    process = start(trained, *options)
    metrics = trained / "stopped" / "metrics.csv"
    while process.poll() is None and not (metrics.is_file() and metrics.stat().st_size > 2000):
        time.sleep(0.05)
    process.terminate()
    assert process.wait(timeout=60) == 143
    assert "python train.py resume=" in (trained / "output.log").read_text()
    assert json.loads((trained / "stopped" / "metrics.json").read_text())["status"] == "interrupted"
    done = torch.load(trained / "stopped/checkpoints/last.ckpt", weights_only=True)["global_step"]
    said = refused(command("train.py", "resume=stopped", "optimizer.lr=0.5", "trainer.max_epochs=3", cwd=trained))
    assert "optimizer.lr 0.01 -> 0.5; trainer.max_epochs 400 -> 3" in said
    epochs = done // 6 + 2
    result = command("train.py", "resume=stopped", f"trainer.max_epochs={epochs}", "resume.force=true", cwd=trained)
    assert result.returncode == 0, result.stderr[-3000:]
    steps = [int(row["step"]) for row in rows_of(metrics) if row["train/loss_step"]]
    assert steps == list(range(6 * epochs))
    assert json.loads((trained / "stopped" / "metrics.json").read_text())["status"] == "finished"


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


MISTAKES = [
    (["resume=nowhere"], "resume=nowhere: not a run folder"),
    (["resume=nowhere", "-m", "seed=1,2"], "leave out -m"),
    ([*SMALL, "data.root=photos", "schedule=sgdr", "schedule.cycle_len=0"], "cycle_len=0"),
    ([*SMALL, "data.root=photos", "schedule=one_cycle", "optimizer=sgd", "optimizer.momentum=0"], "momentum can't cycle"),
    ([*SMALL, "data.root=photos", "schedule=one_cicle"], "did you mean schedule=one_cycle?"),
    (["modle=resnext50"], "did you mean model?"),
    (["model=resnet5O"], "model=resnet5O: there is no such choice; did you mean model=resnext50?"),
    (["trainer.max_epoch=3"], "did you mean trainer.max_epochs?"),
    (["optimizer.learning_rate=3"], "optimizer.learning_rate: there is no such option"),
    (["trainer.max_epochs=many"], "trainer.max_epochs='many'"),
    (["data=image_folder"], "data.root is missing"),
    (["data=image_folder", "data.root=nowhere"], "data.root=nowhere: no such folder"),
    (["trainer.accelerator=gpu"], "no GPU"),
    (["a==b=="], "KEY=VALUE"),
    (["trainer.accelerator=gpuu"], "trainer: "),
    (["trainer.strategy=dpp"], "trainer: "),
    (["callbacks=null"], "a list of choices in brackets"),
    (["~callbacks.record"], "callbacks.record is missing"),
    ([*SMALL, "data.root=photos", "hydra.run.dir=afile/nowhere"], "afile"),
    ([*SMALL, "data.root=photos", "paths.data=afile/nowhere"], "afile"),
    ([*SMALL, "data.root=photos", "model.backbone=test_resnt"], "near it: test_resnet"),
    (["model.weights=pretrained", "model=resnet18", "data=image_folder", "data.root=photos"], "could not be fetched"),
]


@pytest.mark.parametrize(("arguments", "message"), MISTAKES, ids=[" ".join(a)[-40:] for a, _ in MISTAKES])
def test_mistakes_end_in_one_sentence(trained: Path, arguments: list[str], message: str) -> None:
    assert message in refused(command("train.py", *arguments, cwd=trained))
    runs = [path.parents[1] for path in (trained / "runs").rglob(".hydra/config.yaml")]
    assert all((run / "rejected.csv").is_file() for run in runs)  # left behind only where photos had been read
    assert not list((trained / "runs").rglob("*.ckpt"))


def test_full_disk_is_one_sentence(trained: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.fail("no /dev/full here")
    (trained / "full").mkdir(exist_ok=True)
    # The first write that reaches the disk fails with ENOSPC: the process keeps its number through exec.
    shell = 'ln -s /dev/full "full/.metrics.csv.$$.part" && exec "$@"'
    words = [sys.executable, str(HERE / "train.py"), *SMALL, "data.root=photos", "hydra.run.dir=full"]
    result = subprocess.run(
        ["sh", "-c", shell, "sh", *words], cwd=trained, capture_output=True, text=True, timeout=300, check=False
    )
    assert "No space left on device" in refused(result)


def test_help_is_a_page_and_quick(tmp_path: Path) -> None:
    result = command("train.py", "--help", cwd=tmp_path)
    assert result.returncode == 0
    assert "python train.py data=image_folder data.root=PHOTOS" in result.stdout
    assert "efficientnet_lite0" in result.stdout
    probe = "import sys; sys.argv=['train.py','--help']; import runpy; " + (
        f"\ntry: runpy.run_path({str(HERE / 'train.py')!r}, run_name='__main__')\nexcept SystemExit: pass\n"
        "assert not {'torch', 'timm', 'pytorch_lightning'} & set(sys.modules), 'heavy imports come late'"
    )
    subprocess.run([sys.executable, "-c", probe], check=True, capture_output=True, cwd=tmp_path)


def test_cfg_prints_what_would_run_and_runs_nothing(tmp_path: Path) -> None:
    result = command("train.py", "--cfg", "job", "model=vgg16", cwd=tmp_path)
    assert result.returncode == 0
    assert "backbone: vgg16" in result.stdout
    assert not list(tmp_path.iterdir())


# Texts ----------------------------------------------------------------------------------------------------------------

TEXT_RUN = ["callbacks.progress=null", "data.batch_size=8", "optimizer.lr=0.01", "epochs=2"]
SMALL_TEXT = ["model.embedding_size=12", "model.hidden_size=16", "model.layers=1"]


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``texts.csv`` of short reviews with a test split; a language model and word vectors of them in ``runs/``."""
    where = tmp_path_factory.mktemp("texts")
    with open(where / "texts.csv", "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["text", "label", "split"])
        for number in range(120):
            label, word = (("good", "brilliant"), ("bad", "tedious"))[number % 2]
            text = f"The film about the {('sea', 'town', 'war')[number % 3]} was {word}, and the acting was {word} too."
            rows.writerow([text, label, ("train", "train", "valid", "test")[number % 4 if number > 3 else 0]])
    data = ["data=text_csv", "data.root=texts.csv", "data.split_column=split", *TEXT_RUN]
    for run, experiment, more in (
        ("lm", "lm", [*SMALL_TEXT, "data.bptt=10"]),
        ("vectors", "word_vectors", ["data.bptt=32", "model.subsample=0.1"]),
    ):
        result = command("train.py", f"experiment={experiment}", *data, *more, f"hydra.run.dir=runs/{run}", cwd=where)
        assert result.returncode == 0, result.stderr[-3000:]
    return where


def test_a_language_model_and_word_vectors_become_classifiers(texts: Path) -> None:
    assert (texts / "runs/lm/figures/samples.txt").read_text().strip()
    assert (texts / "runs/vectors/vectors.vec").is_file()
    data = ["experiment=reviews", "data=text_csv", "data.root=texts.csv", "data.split_column=split", *TEXT_RUN]
    for run, more in (
        ("encoder", ["model.encoder=runs/lm"]),
        ("backwards", ["data.reverse=true", *SMALL_TEXT]),
        ("words", ["model=word_vectors", "model.vectors=runs/vectors", "epochs=6"]),
    ):
        result = command("train.py", *data, *more, f"hydra.run.dir=runs/{run}", cwd=texts)
        assert result.returncode == 0, result.stderr[-3000:]
        record = json.loads((texts / f"runs/{run}/metrics.json").read_text())
        assert record["tests_on"] == "test"
        assert record["data/test"] == 29
        assert record["weights/pretrained"] is (run != "backwards")
    assert record["test/accuracy"] == 1.0  # words alone tell

    (texts / "new.txt").write_text("A brilliant film.\nThe war was tedious.\n")
    result = command("predict.py", "run=runs/words", "input=new.txt", "explain=true", cwd=texts)
    assert result.returncode == 0, result.stderr[-3000:]
    rows = rows_of(texts / "predictions.csv")
    assert [row["predicted"] for row in rows] == ["good", "bad"]
    assert [row["because"].split()[0].lower() for row in rows] == ["brilliant", "tedious"]

    # The mean of a network that reads forwards and one that reads backwards.
    tables = []
    for run in ("runs/encoder", "runs/backwards", "[runs/encoder,runs/backwards]"):
        result = command("predict.py", f"run={run}", "input=new.txt", "output=both.csv", cwd=texts)
        assert result.returncode == 0, result.stderr[-3000:]
        tables.append([float(row["probability_bad"]) for row in rows_of(texts / "both.csv")])
    forwards, backwards, both = tables
    assert both == pytest.approx([(a + b) / 2 for a, b in zip(forwards, backwards, strict=True)], abs=2e-4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run=[runs/lm,runs/vectors]", "explain=true"], "single run"),
        (["run=runs/lm"], "model.encoder=RUN"),
        (["run=runs/vectors"], "model=word_vectors model.vectors=RUN"),
    ],
)
def test_prediction_of_texts_refuses_in_one_sentence(texts: Path, arguments: list[str], message: str) -> None:
    (texts / "new.txt").write_text("A brilliant film.\n")
    assert message in refused(command("predict.py", *arguments, "input=new.txt", cwd=texts))


# Tables ---------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``table.csv``, and a run that foretells a number of it in ``runs/number``."""
    where = tmp_path_factory.mktemp("tables")
    with open(where / "table.csv", "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["shop", "size", "day", "sold", "good"])
        for number in range(600):
            shop, size = number % 5, number % 13
            day = f"2024-{1 + number // 50:02}-{1 + number % 28:02}"
            rows.writerow([f"s{shop}", size / 2, day, 10 + shop + size / 4, ("no", "yes")[shop > 2]])
    typed = ["experiment=table", "data.root=table.csv", "data.batch_size=32", "optimizer.lr=0.02", "callbacks.progress=null"]
    for run, more in (
        ("number", ["data.target=sold", "data.date=day", "data.ignore=[good]", "callbacks.error_by.columns=[shop,day]"]),
        ("class", ["data.target=good", "data.ignore=[sold,day]"]),
    ):
        result = command("train.py", *typed, *more, f"hydra.run.dir=runs/{run}", cwd=where)
        assert result.returncode == 0, result.stderr[-3000:]
    return where


def test_a_table_becomes_a_run_and_predictions(tables: Path) -> None:
    record = json.loads((tables / "runs/number/metrics.json").read_text())
    assert record["test/rmspe"] < 0.1
    figures = {path.name for path in (tables / "runs/number/figures").iterdir()}
    assert {"predicted_true.png", "most_wrong.txt", "importance.png", "embeddings_shop.png", "error_by_day.png"} <= figures
    assert json.loads((tables / "runs/class/metrics.json").read_text())["test/accuracy"] == 1.0
    assert (tables / "runs/class/figures/confusion.png").is_file()

    (tables / "new.csv").write_text("size,shop,day,till\n1,s1,2024-12-30,7\n2,s9,2024-12-31,8\n")
    result = command("predict.py", "run=runs/number", "input=new.csv", cwd=tables)
    assert result.returncode == 0, result.stderr[-3000:]
    rows = rows_of(tables / "predictions.csv")
    assert list(rows[0]) == ["size", "shop", "day", "till", "predicted"]
    assert abs(float(rows[0]["predicted"]) - 11.25) < 1.5
    assert "1 of 2 rows have a shop that training didn't ('s9')" in result.stderr + result.stdout

    result = command("predict.py", "run=runs/number", "input=new.csv", "output=e.csv", "format=embedded", cwd=tables)
    assert result.returncode == 0, result.stderr[-3000:]
    embedded = rows_of(tables / "e.csv")
    assert {"till", "shop_1", "shop_2", "size"} <= set(embedded[0])
    assert "shop" not in embedded[0]


@pytest.mark.parametrize(
    ("script", "arguments", "message"),
    [
        (
            "train.py",
            ["experiment=table", "data.root=table.csv", "data.target=solds"],
            "has no column 'solds'; did you mean 'sold'",
        ),
        ("train.py", ["experiment=table", "data.root=none.csv", "data.target=sold"], "none.csv: no such file"),
        ("predict.py", ["run=runs/number", "input=less.csv"], "has no column 'size'"),
        ("predict.py", ["run=[runs/number,runs/class]", "input=table.csv"], "has other classes than runs/number"),
    ],
)
def test_mistakes_with_tables_end_in_one_sentence(tables: Path, script: str, arguments: list[str], message: str) -> None:
    (tables / "less.csv").write_text("shop,day\ns1,2024-12-30\n")
    assert message in refused(command(script, *arguments, cwd=tables))


# Ratings --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def rated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn tastes and a run on them in ``run``; three people who are new in ``new.csv``, and pairs of them in ``pairs.csv``."""
    where = tmp_path_factory.mktemp("rated")
    result = command("train.py", "experiment=tastes", "epochs=12", "callbacks.progress=null", "hydra.run.dir=run", cwd=where)
    assert result.returncode == 0, result.stderr[-3000:]
    assert "400 items" in result.stdout + result.stderr  # what memory it takes is said before it starts
    return where


def test_ratings_become_a_run_with_pictures_and_a_persons_page(rated: Path) -> None:
    record = json.loads((rated / "run/metrics.json").read_text())
    assert record["test/rmse"] < 0.6
    assert {"test/ndcg@10", "test/ndcg@10_of_100", "test/coverage@10"} <= record.keys()
    figures = {path.name for path in (rated / "run/figures").iterdir()}
    wanted = {"item_biases.png", "long_tail.png", "residuals.png", "person.txt", "embeddings_item.png", "predicted_true.png"}
    assert wanted <= figures
    text = (rated / "run/figures/person.txt").read_text()
    assert text.count("Recommended; and what of the above it resembles") == 3
    assert "(like " in text


def test_a_sweeper_gets_the_figure_that_it_is_to_make_small(rated: Path) -> None:
    quick = ["experiment=tastes", "epochs=1", "callbacks=none", "hydra.sweep.dir=sweep", "hydra/sweeper=optuna"]
    search = ["hydra.sweeper.n_trials=2", "hydra.sweeper.n_jobs=1", "model.factors=choice(4,8)", "objective=test/rmse"]
    result = command("train.py", "-m", *quick, *search, cwd=rated)
    assert result.returncode == 0, result.stderr[-3000:]
    best = OmegaConf.load(rated / "sweep/optimization_results.yaml").best_value
    reached = [float(row["test/rmse"]) for row in rows_of(rated / "sweep/sweep.csv")]
    assert best == pytest.approx(min(reached))
    message = refused(command("train.py", *quick[:3], "objective=test/rms", "hydra.run.dir=odd", cwd=rated))
    assert "objective=test/rms: the run has no such figure; it has" in message


def test_lists_leave_out_what_is_known_and_an_index_finds_the_same(rated: Path) -> None:
    result = command("predict.py", "run=run", "top_k=5", "output=top.csv", cwd=rated)
    assert "3000 rows" in result.stdout.replace(",", ""), result.stderr[-3000:]
    rows = rows_of(rated / "top.csv")
    assert list(rows[0]) == ["user", "rank", "item", "title", "predicted"]
    root = next((rated / "data/drawn").glob("tastes-*"))
    known = {tuple(line.split("\t")[:2]) for line in (root / "u.data").read_text().splitlines()}
    assert not known & {(row["user"], row["item"]) for row in rows}
    first = [float(row["predicted"]) for row in rows if row["user"] == "7"]
    assert first == sorted(first, reverse=True)
    (rated / "pair.csv").write_text(f"user,item\n7,{next(row['item'] for row in rows if row['user'] == '7')}\n")
    assert command("predict.py", "run=run", "input=pair.csv", "output=pair-said.csv", cwd=rated).returncode == 0
    assert float(rows_of(rated / "pair-said.csv")[0]["predicted"]) == pytest.approx(first[0], abs=1e-4)

    (rated / "users.csv").write_text("user\n7\nnobody\n")
    result = command("predict.py", "run=run", "input=users.csv", "top_k=5", "output=some.parquet", cwd=rated)
    assert "1 of 2 users were not in training (such as nobody)" in result.stdout
    assert polars.read_parquet(rated / "some.parquet")["item"].to_list() == [row["item"] for row in rows if row["user"] == "7"]


def test_neighbours_and_factors(rated: Path) -> None:
    result = command("predict.py", "run=run", "neighbours='Quiet River 1 (1960)'", "top_k=4", "output=near.csv", cwd=rated)
    assert result.returncode == 0, result.stderr[-3000:]
    near = rows_of(rated / "near.csv")
    assert command("predict.py", "run=run", "format=factors", "output=factors", cwd=rated).returncode == 0
    items = polars.read_parquet(rated / "factors/items.parquet")
    assert items.columns == ["item", "title", "vector"]
    vectors = torch.from_numpy(numpy.load(rated / "factors/items.npy"))
    unit = torch.nn.functional.normalize(vectors[:, :-2], dim=1)
    ids = items["item"].to_list()
    order = (unit @ unit[ids.index("1")]).argsort(descending=True)[1:5]
    assert [row["item"] for row in near] == [ids[row] for row in order.tolist()]


def test_new_people_from_what_they_rated(rated: Path) -> None:
    """People drawn as the others were: what is said of them is nearly as good."""
    root = next((rated / "data/drawn").glob("tastes-*"))
    lines = [line.split("\t") for line in (root / "u1.base").read_text().splitlines()]
    lines = [line for line in lines if int(line[0]) <= 60]
    held = [line.split("\t") for line in (root / "u1.test").read_text().splitlines()]
    held = [line for line in held if int(line[0]) <= 60]
    for name, rows in (("new.csv", lines), ("pairs.csv", held)):
        (rated / name).write_text("user,item,rating\n" + "".join(f"new{row[0]},{row[1]},{row[2]}\n" for row in rows))
    result = command("predict.py", "run=run", "fold_in=new.csv", "input=pairs.csv", "output=new-said.csv", cwd=rated)
    assert result.returncode == 0, result.stderr[-3000:]
    said = rows_of(rated / "new-said.csv")
    rmse = (sum((float(row["predicted"]) - float(row["rating"])) ** 2 for row in said) / len(said)) ** 0.5
    assert rmse < 0.6
    result = command("predict.py", "run=run", "fold_in=new.csv", "top_k=3", "output=new-top.csv", cwd=rated)
    assert "180 rows" in result.stdout
    (rated / "odd.csv").write_text("user,item\nnew1,nothing\nnew2,nothing\n")
    result = command("predict.py", "run=run", "fold_in=new.csv", "input=odd.csv", "output=odd-said.csv", cwd=rated)
    assert "2 of 2 items were not in training" in result.stdout
    odd = [float(row["predicted"]) for row in rows_of(rated / "odd-said.csv")]
    assert odd[0] != odd[1]  # each has a bias of their own
    (rated / "me.csv").write_text("item,rating\n1,5\n2,4\nunknown,1\n")
    result = command("predict.py", "run=run", "fold_in=me.csv", "top_k=3", "output=me-top.csv", cwd=rated)
    assert "1 of 3 ratings are of items that were not in training" in result.stdout
    assert {row["user"] for row in rows_of(rated / "me-top.csv")} == {"new"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["neighbours=river"], "there is no such item in training; did you mean 'Quiet River 1 (1960)' (1)?"),
        (["fold_in=nan.csv"], "row 2 has no rating (bad); a number is wanted"),
        (["fold_in=names.csv"], "has no column"),
        (["fold_in=none.csv"], "holds no row; what somebody rated is wanted"),
        (["top_k=3", "checkpoint=broken.ckpt"], "broken.ckpt"),
        (["index=tree", "top_k=3"], "choose flat (exact) or hnsw (approximate)"),
        ([], "input is missing"),
    ],
)
def test_recommendations_refuse_in_one_sentence(rated: Path, arguments: list[str], message: str) -> None:
    (rated / "nan.csv").write_text("item,rating\n1,5\n2,bad\n")
    (rated / "names.csv").write_text("film,rating\n1,5\n")
    (rated / "none.csv").write_text("item,rating\n")
    (rated / "broken.ckpt").write_bytes((rated / "run/checkpoints/best.ckpt").read_bytes()[:3000])
    assert message in refused(command("predict.py", "run=run", *arguments, cwd=rated))
