"""The commands as a person types them, and the runs that tests of the command line share."""

from __future__ import annotations

import csv
import io
import logging
import multiprocessing
import os
import runpy
import subprocess
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

import practicum.callbacks
import practicum.cli.export
import practicum.cli.predict
import practicum.cli.train
import practicum.datamodules
import practicum.modules
import pytest
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from practicum.cli.claimed_folder import _held, release

HERE = Path(__file__).resolve().parents[2]
FORKED_COMMAND = Path(__file__).with_name("forked_command.py")


@pytest.fixture(scope="session", autouse=True)
def key_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the key that signs runs in a folder of the tests, not in the home directory."""
    before = os.environ.get("XDG_DATA_HOME")
    os.environ["XDG_DATA_HOME"] = str(tmp_path_factory.mktemp("home"))
    yield
    if before is None:
        del os.environ["XDG_DATA_HOME"]
    else:
        os.environ["XDG_DATA_HOME"] = before


@pytest.fixture(scope="session")
def small() -> list[str]:
    """Overrides of a training on photos that takes seconds."""
    return [
        "data=image_folder",
        "data.size=32",
        "data.batch_size=8",
        "model=timm",
        "model.backbone=test_resnet",
        "model.weights=random",
        "trainer.max_epochs=2",
        "optimizer.lr=0.01",
    ]


@pytest.fixture(scope="session")
def preloaded(tmp_path_factory: pytest.TempPathFactory) -> ForkServerContext:
    """Processes that are forked with everything imported: importing takes longer than most of the commands do."""
    for package in (practicum.callbacks, practicum.datamodules, practicum.modules):
        for name in package.__all__:
            getattr(package, name)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([name for name in sys.modules if name.split(".")[0] in ("practicum", "timm", "matplotlib")])
    os.environ |= {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path_factory.mktemp("hub"))}  # read once, as it is imported
    return context


@pytest.fixture(scope="session")
def command(
    preloaded: ForkServerContext, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs ``train.py`` or ``predict.py`` to its end: ``command("train.py", *arguments, cwd=FOLDER)``.

    ``fresh=True``: in a new interpreter, as processes of DDP are started by the command line of the first one.
    """

    def run(script: str, *arguments: str, cwd: Path, fresh: bool = False) -> subprocess.CompletedProcess[str]:
        if fresh:
            typed = [sys.executable, str(HERE / script), *arguments]
            return subprocess.run(typed, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)
        printed = tmp_path_factory.mktemp("printed")
        request = {"script": str(HERE / script), "arguments": arguments, "cwd": str(cwd), "environment": dict(os.environ)}
        request |= {"out": str(printed / "out"), "err": str(printed / "err")}
        process = preloaded.Process(target=runpy.run_path, args=(str(FORKED_COMMAND), {"request": request}))
        process.start()
        process.join(300)
        if (code := process.exitcode) is None:
            process.kill()
            raise subprocess.TimeoutExpired([script, *arguments], 300)
        out, err = ((printed / name).read_text(encoding="utf-8") for name in ("out", "err"))
        return subprocess.CompletedProcess([script, *arguments], code, out, err)

    return run


@pytest.fixture(scope="session")
def in_process() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Like ``command``, in this process: seconds less, for what ends in a message before anything is trained."""

    def run(script: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        mains = {"train.py": practicum.cli.train, "predict.py": practicum.cli.predict, "export.py": practicum.cli.export}
        main = mains[script].main
        root = logging.getLogger()
        kept = (sys.argv, dict(os.environ), root.handlers[:], root.level, HydraConfig.instance().cfg)
        code: Any = 0
        out, err = io.StringIO(), io.StringIO()
        try:
            sys.argv = [str(HERE / script), *arguments]
            GlobalHydra.instance().clear()
            with chdir(cwd), redirect_stdout(out), redirect_stderr(err), warnings.catch_warnings():
                main()
        except SystemExit as exit_:
            code = exit_.code or 0
        except Exception:  # as a process would
            code = 1
            err.write(traceback.format_exc())
        finally:
            for folder in list(_held):
                release(folder)
            GlobalHydra.instance().clear()
            sys.argv, HydraConfig.instance().cfg = kept[0], kept[4]
            os.environ.clear()
            os.environ.update(kept[1])
            root.handlers[:] = kept[2]
            root.setLevel(kept[3])
        return subprocess.CompletedProcess([script, *arguments], code, out.getvalue(), err.getvalue())

    return run


@pytest.fixture(scope="session")
def start() -> Callable[..., subprocess.Popen[bytes]]:
    """Starts a training in the background, in a process group of its own: ``start(FOLDER, *arguments)``."""

    def run(where: Path, *arguments: str) -> subprocess.Popen[bytes]:
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

    return run


@pytest.fixture(scope="session")
def refused() -> Callable[[subprocess.CompletedProcess[str]], str]:
    """The one sentence of a refusal: exit code 2, no traceback."""

    def sentence(result: subprocess.CompletedProcess[str]) -> str:
        assert result.returncode == 2, result.stderr[-2000:]
        assert "Traceback" not in result.stderr
        lines = [line for line in result.stderr.splitlines() if line.strip()]
        assert not any(line.startswith("Error executing job") for line in lines)
        return lines[-1]

    return sentence


@pytest.fixture(scope="session")
def rows_of() -> Callable[[Path], list[dict[str, str]]]:
    """Reads the rows of a CSV."""

    def read(path: Path) -> list[dict[str, str]]:
        with open(path, newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    return read


# Runs -----------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def trained(
    tmp_path_factory: pytest.TempPathFactory,
    save_photo: Callable[[Path, str, int], Path],
    command: Callable[..., Any],
    small: list[str],
) -> Path:
    """A folder with photos, and a small run on them in ``run/``."""
    where = tmp_path_factory.mktemp("trained")
    (where / "afile").touch()  # a place where no folder can be made
    for split, count in (("train", 24), ("valid", 9)):
        for number, hue in enumerate(("blue", "red")):
            for i in range(count):
                save_photo(where / "photos" / split / hue / f"{i}.jpg", hue, 10_000 * (split == "valid") + 1000 * number + i)
    result = command("train.py", *small, "data.root=photos", "hydra.run.dir=run", "model.backbone=test_resnet", cwd=where)
    assert result.returncode == 0, result.stderr[-3000:]
    (where / "stdout.txt").write_text(result.stdout, encoding="utf-8")
    return where


@pytest.fixture(scope="session")
def text_run() -> list[str]:
    """Overrides of a training on the short reviews of ``texts``."""
    shared = ["callbacks.progress=null", "data.batch_size=8", "optimizer.lr=0.01", "epochs=2"]
    return ["data=text_csv", "data.root=texts.csv", "data.split_column=split", *shared]


@pytest.fixture(scope="session")
def small_lstm() -> list[str]:
    """Overrides of a small recurrent network."""
    return ["model.embedding_dim=12", "model.hidden_size=16", "model.num_layers=1"]


@pytest.fixture(scope="session")
def texts(
    tmp_path_factory: pytest.TempPathFactory, command: Callable[..., Any], text_run: list[str], small_lstm: list[str]
) -> Path:
    """``texts.csv`` of short reviews with a test split; a language model and word vectors of them in ``runs/``."""
    where = tmp_path_factory.mktemp("texts")
    with open(where / "texts.csv", "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["text", "label", "split"])
        for number in range(120):
            label, word = (("good", "brilliant"), ("bad", "tedious"))[number % 2]
            text = f"The film about the {('sea', 'town', 'war')[number % 3]} was {word}, and the acting was {word} too."
            rows.writerow([text, label, ("train", "train", "valid", "test")[number % 4 if number > 3 else 0]])
    for run, experiment, more in (
        ("lm", "lm", [*small_lstm, "data.bptt=10"]),
        ("vectors", "word_vectors", ["data.bptt=32", "model.subsample=0.1"]),
    ):
        result = command("train.py", f"experiment={experiment}", *text_run, *more, f"hydra.run.dir=runs/{run}", cwd=where)
        assert result.returncode == 0, result.stderr[-3000:]
        (where / f"{run}.txt").write_text(result.stdout, encoding="utf-8")
    return where


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory, command: Callable[..., Any]) -> Path:
    """``table.csv``, a run that predicts a number of it in ``runs/number``, and one that predicts a class in ``runs/class``."""
    where = tmp_path_factory.mktemp("tables")
    with open(where / "table.csv", "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["shop", "size", "day", "sold", "good"])
        for number in range(600):
            shop, size = number % 5, number % 13
            day = f"2024-{1 + number // 50:02}-{1 + number % 28:02}"
            rows.writerow([f"s{shop}", size / 2, day, 10 + shop + size / 4, ("no", "yes")[shop > 2]])
    typed = ["experiment=table", "data.root=table.csv", "data.batch_size=32", "optimizer.lr=0.02", "epochs=12"]
    for run, more in (
        ("number", ["data.target=sold", "data.date=day", "data.ignore=[good]", "callbacks.error_by.columns=[shop,day]"]),
        ("class", ["data.target=good", "data.ignore=[sold,day]"]),
    ):
        result = command("train.py", *typed, *more, "callbacks.progress=null", f"hydra.run.dir=runs/{run}", cwd=where)
        assert result.returncode == 0, result.stderr[-3000:]
    return where


@pytest.fixture(scope="session")
def rated(tmp_path_factory: pytest.TempPathFactory, command: Callable[..., Any]) -> Path:
    """Synthetic ratings, and a run on them in ``run``."""
    where = tmp_path_factory.mktemp("rated")
    result = command("train.py", "experiment=tastes", "epochs=12", "callbacks.progress=null", "hydra.run.dir=run", cwd=where)
    assert result.returncode == 0, result.stderr[-3000:]
    assert "400 items" in result.stdout + result.stderr  # the memory it takes is printed before it starts
    (where / "stdout.txt").write_text(result.stdout, encoding="utf-8")
    return where
