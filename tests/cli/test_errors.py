"""A user's mistake ends in one sentence and exit code 2."""

from __future__ import annotations

import errno
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_module
from hydra.errors import HydraException, InstantiationException
from practicum.cli.errors import explain, run_command
from practicum.cli.resume import ResumeError
from practicum.lightning_shim import MisconfigurationException

HERE = Path(__file__).resolve().parents[2]


ON_PHOTOS = [
    (["schedule=sgdr", "schedule.cycle_len=0"], "cycle_len=0"),
    (["schedule=one_cycle", "optimizer=sgd", "optimizer.momentum=0"], "momentum can't cycle"),
    (["schedule=one_cicle"], "did you mean schedule=one_cycle?"),
    (["hydra.run.dir=afile/nowhere"], "afile"),
    (["paths.data=afile/nowhere"], "paths.data=afile/nowhere: "),
    (
        ["+trainer.val_check_interval=100000"],
        "trainer: `val_check_interval` (100000) must be less than or equal to the number of",
    ),
    (["optimizer.lr=-0.1"], "optimizer: Invalid learning rate: -0.1"),
    (["model.backbone=test_resnt"], "timm has no such model; nearest: test_resnet"),
]
MISTAKES = [
    (["resume=nowhere"], "resume=nowhere: not a run folder"),
    (["resume=nowhere", "-m", "seed=1,2"], "leave out -m"),
    (["modle=resnext50"], "did you mean model?"),
    (["model=resnet5O"], "model=resnet5O: there is no such choice; did you mean model=resnext50?"),
    (["trainer.max_epoch=3"], "did you mean trainer.max_epochs?"),
    (["optimizer.learning_rate=3"], "optimizer.learning_rate: there is no such option"),
    (["trainer.max_epochs=many"], "trainer.max_epochs='many'"),
    (["data.report=folder"], "data.report was renamed to data.report_dir."),
    (["+data.report=folder"], "data.report was renamed to data.report_dir."),
    (["data.source=drawn"], "data.source=drawn was renamed to data.source=synthetic."),
    (["data=image_folder"], "data.root is missing"),
    (["data=image_folder", "data.root=nowhere"], "nowhere: no such folder"),
    (["trainer.accelerator=gpu"], "no GPU"),
    (["a==b=="], "KEY=VALUE"),
    (["data.root=ü/t.csv"], "'data.root=\"ü/t.csv\"'"),
    (["epochs=two"], "epochs=two must be a whole number from 1."),
    (["epochs=0"], "epochs=0 must be a whole number from 1."),
    (["+foo=3"], "foo: nothing reads this option"),
    (["trainer.max_time=00:00:10:00"], "write +trainer.max_time=... to add it"),
    (["trainer.accelerator=gpuu"], "trainer: "),
    (["trainer.strategy=dpp"], "trainer: "),
    (["callbacks=null"], "a list of choices in brackets"),
    (["~callbacks.record"], "callbacks.record is missing"),
    (
        ["model=entity_embeddings", "data=image_folder", "data.root=photos"],
        "EntityEmbeddingModel needs categories, which these data don't have",
    ),
]


def check_mistake(where: Path, sentence: str, message: str) -> None:
    assert message in sentence
    runs = [path.parents[1] for path in (where / "runs").rglob(".hydra/config.yaml")]
    assert all((run / "rejected.csv").is_file() for run in runs)  # left behind only where photos had been read
    assert not list((where / "runs").rglob("*.ckpt"))


@pytest.mark.parametrize(("arguments", "message"), ON_PHOTOS, ids=[" ".join(a)[-40:] for a, _ in ON_PHOTOS])
def test_mistakes_with_photos_end_in_one_sentence(
    trained: Path,
    arguments: list[str],
    message: str,
    in_process: Callable[..., Any],
    refused: Callable[[Any], str],
    small: list[str],
) -> None:
    check_mistake(trained, refused(in_process("train.py", *small, "data.root=photos", *arguments, cwd=trained)), message)


@pytest.mark.parametrize(("arguments", "message"), MISTAKES, ids=[" ".join(a)[-40:] for a, _ in MISTAKES])
def test_mistakes_end_in_one_sentence(
    trained: Path, arguments: list[str], message: str, in_process: Callable[..., Any], refused: Callable[[Any], str]
) -> None:
    check_mistake(trained, refused(in_process("train.py", *arguments, cwd=trained)), message)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["schedule=one_cicle"], "did you mean schedule=one_cycle?"),
        (["data=image_folder", "data.root=photos", "model=resnet18", "model.weights=pretrained"], "could not be fetched"),
    ],
)
def test_a_command_ends_in_one_sentence(
    trained: Path, arguments: list[str], message: str, command: Callable[..., Any], refused: Callable[[Any], str]
) -> None:
    check_mistake(trained, refused(command("train.py", *arguments, cwd=trained)), message)


@pytest.mark.parametrize(
    ("arguments", "own"),
    [
        (["experiment=reviews", "model.encoder=wt103-fwd"], "set encoder=FOLDER/lstm_fwd.pth, its .pkl beside it."),
        (
            ["experiment=lm", "model.weights=wt103-bwd", "data.reverse=true"],
            "set weights=FOLDER/lstm_bwd.pth, its .pkl beside it.",
        ),
    ],
)
def test_published_weights_without_a_net_are_one_sentence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    own: str,
    in_process: Callable[..., Any],
    refused: Callable[[Any], str],
) -> None:
    monkeypatch.setattr("practicum.modules.weights.published.BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    rows = [f"{('good', 'bad')[number % 2]} film,{number % 2}" for number in range(40)]
    (tmp_path / "texts.csv").write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    sentence = refused(in_process("train.py", *arguments, "data=text_csv", "data.root=texts.csv", cwd=tmp_path))
    assert "can't be downloaded" in sentence
    assert sentence.endswith(own)


def test_full_disk_is_one_sentence(trained: Path, refused: Callable[[Any], str], small: list[str]) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.fail("no /dev/full here")
    (trained / "full").mkdir(exist_ok=True)
    # The first write that reaches the disk fails with ENOSPC: the process keeps its number through exec.
    shell = 'ln -s /dev/full "full/.metrics.csv.$$.part" && exec "$@"'
    words = [sys.executable, str(HERE / "train.py"), *small, "data.root=photos", "hydra.run.dir=full"]
    result = subprocess.run(
        ["sh", "-c", shell, "sh", *words], cwd=trained, capture_output=True, text=True, timeout=300, check=False
    )
    assert "No space left on device" in refused(result)


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
def test_mistakes_with_tables_end_in_one_sentence(
    tables: Path, script: str, arguments: list[str], message: str, in_process: Callable[..., Any], refused: Callable[[Any], str]
) -> None:
    (tables / "less.csv").write_text("shop,day\ns1,2024-12-30\n", encoding="utf-8")
    assert message in refused(in_process(script, *arguments, cwd=tables))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run=runs/number", "input=table.csv", "output=afile/x.csv"], "or write elsewhere (output=FILE)."),
        (["run=runs/number", "input=table.csv", "epochs=3"], "epochs: there is no such option; there are accelerator, "),
        (["run=runs/number", "data.keep=x"], "data.keep: there is no such option"),
        (["resume=runs/number"], "resume: there is no such option"),
        (["input=table.csv"], "run is missing: give it as run=..."),
        (["run=runs/number", "input=word.csv"], "should be a number, but row 1 holds 'x'; correct it, or leave it blank."),
        (["run=runs/number", "input=day.csv"], "row 1 does not ('31.12.2024'); write all dates in the same format, preferably "),
        (["run=runs/number", "input=latin.csv", "csv_format.encoding=utf-8"], "name its encoding in csv_format.encoding."),
        (["run=runs/number", "input=table.csv", "csv_format.decimal=x"], "csv_format.decimal='x' must be . or ,."),
        (["run=runs/nowhere", "input=table.csv"], "run=runs/nowhere: not a run folder of train.py"),
    ],
)
def test_mistakes_in_predicting_are_told_in_its_own_options(
    tables: Path, arguments: list[str], message: str, in_process: Callable[..., Any], refused: Callable[[Any], str]
) -> None:
    (tables / "afile").touch()
    (tables / "word.csv").write_text("shop,size,day\ns1,x,2024-12-30\n", encoding="utf-8")
    (tables / "day.csv").write_text("shop,size,day\ns1,2,31.12.2024\n", encoding="utf-8")
    (tables / "latin.csv").write_bytes("shop,size,day\né,2,2024-12-30\n".encode("latin-1"))
    sentence = refused(in_process("predict.py", *arguments, cwd=tables))
    assert message in sentence
    assert sentence.startswith("predict.py: ")
    assert not [
        word
        for word in ("hydra.run.dir", "data.batch_size", "resume=RUN", "renamed", "date_format", "categorical")
        if word in sentence
    ]


MACHINE = [
    (
        OSError(errno.EFBIG, "File too large", "run/x.ckpt"),
        "run/x.ckpt: File too large; raise the limit (ulimit -f)",
    ),
    (OSError(errno.ENAMETOOLONG, "File name too long", "run/x"), "run/x: File name too long; check the path"),
    (OSError(errno.EMFILE, "Too many open files", "x"), "ulimit -n"),
    (FileNotFoundError(errno.ENOENT, "No such file or directory", "photos/1.jpg"), "photos/1.jpg: No such file"),
    (MemoryError(), "memory is exhausted (MemoryError); take a smaller data.batch_size"),
    (MemoryError("Unable to allocate 7 TiB"), "memory is exhausted (Unable to allocate 7 TiB)"),
    (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"), "memory is exhausted"),
    (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), "memory is exhausted"),
    (OSError(errno.ENOMEM, "Cannot allocate memory"), "memory is exhausted"),
    (
        RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed. "),
        "loads data was killed by signal Killed",
    ),
    (RuntimeError("DataLoader worker (pid(s) 7, 8) exited unexpectedly"), "a process that loads data was gone"),
]


@pytest.mark.parametrize(("error", "sentence"), MACHINE, ids=range(len(MACHINE)))
def test_what_the_machine_refuses_is_explained(error: BaseException, sentence: str) -> None:
    assert sentence in str(explain(error, "train"))
    wrapped = ValueError("in Lightning's words")
    wrapped.__cause__ = error
    assert sentence in str(explain(wrapped, "train"))
    predicting = str(explain(error, "predict"))
    assert not [word for word in ("hydra.run.dir", "data.batch_size", "resume=RUN") if word in predicting]
    assert predicting.partition("; ")[0] == str(explain(error, "train")).partition("; ")[0]


def test_a_file_larger_than_allowed_is_one_sentence(tmp_path: Path, refused: Callable[[Any], str]) -> None:
    (tmp_path / "t.csv").write_text(
        "a,b,y\n" + "".join(f"{i % 7},{i % 5},{i % 7 + i % 5}\n" for i in range(300)), encoding="utf-8"
    )
    table = ["experiment=table", "data.root=t.csv", "data.target=y", "callbacks=none", "hydra.run.dir=run"]
    words = [sys.executable, str(HERE / "train.py"), *table, "model.hidden_sizes=[2000,500]", "epochs=2"]
    result = subprocess.run(
        ["sh", "-c", 'ulimit -f 4000 && exec "$@"', "sh", *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert "File too large; raise the limit" in refused(result)
    assert not list(tmp_path.rglob("*.part"))


def test_a_killed_loader_worker_is_one_sentence(trained: Path, refused: Callable[[Any], str], small: list[str]) -> None:
    kills = (
        "import os, signal, sys, runpy; from practicum.datamodules.images import dataset; "
        "import torch.utils.data as d; "
        "from practicum.datamodules import ImageFolder; from torch.utils.data import get_worker_info; "
        "import torch.utils.data._utils.fetch as f; fetch = f._MapDatasetFetcher.fetch; "
        "f._MapDatasetFetcher.fetch = lambda self, index: "
        "os.kill(os.getpid(), signal.SIGKILL) if get_worker_info() else fetch(self, index); "
        f"sys.argv[0] = 'train.py'; runpy.run_path({str(HERE / 'train.py')!r}, run_name='__main__')"
    )
    options = [*small, "data.root=photos", "data.num_workers=1", "hydra.run.dir=workerless", "callbacks=none"]
    result = subprocess.run(
        [sys.executable, "-c", kills, *options], cwd=trained, capture_output=True, text=True, timeout=300, check=False
    )
    assert "a process that loads data was" in refused(result)


def test_only_users_mistakes_are_explained() -> None:
    assert explain(MisconfigurationException("a  sentence\nin two lines"), "train") == "a sentence in two lines"
    assert explain(ResumeError("no such run"), "train") == "no such run"
    assert explain(OSError(errno.ENOSPC, "No space left", "run/x.ckpt"), "train") == (
        "run/x.ckpt: No space left; free some space or write elsewhere (hydra.run.dir=DIR, paths.data=DIR)."
    )
    assert explain(ValueError("a bug"), "train") is None
    assert explain(OSError(errno.ECHILD, "a bug"), "train") is None
    wrapped = InstantiationException("Hydra's words")
    wrapped.__cause__ = MisconfigurationException("the cause")
    assert explain(wrapped, "train") == "the cause"
    assert explain(InstantiationException("a bug in a constructor"), "train") is None


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("optimizer.rl=1", "optimizer.rl: there is no such option; did you mean optimizer.lr?"),
        ("max_epochs=1", "max_epochs: there is no such option; did you mean trainer.max_epochs?"),
        ("scedule=sgdr", "scedule: there is no such option; did you mean schedule?"),
        ("data.keep=x", "data.keep was renamed to data.artifacts_dir."),
    ],
)
def test_composition_errors_name_the_nearest_key(override: str, sentence: str) -> None:
    with initialize_config_module("practicum.conf", version_base="1.3"), pytest.raises(HydraException) as raised:
        compose("train", overrides=[override])
    assert explain(raised.value, "train") == sentence


@pytest.mark.parametrize(("interrupted_by", "code"), [(KeyboardInterrupt, 130), (None, 1)])
def test_exit_code_of_an_interruption_is_that_of_the_signal(
    interrupted_by: type[BaseException] | None, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def main() -> None:
        if interrupted_by is None:
            sys.exit(1)
        try:
            raise interrupted_by
        except interrupted_by:
            sys.exit(1)

    monkeypatch.setattr(sys, "argv", ["train.py"])
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
    with pytest.raises(SystemExit) as raised:
        run_command(main, "train")
    assert raised.value.code == code


@pytest.mark.parametrize("run", ["run", ".", "runs/mine"])
def test_a_refusal_removes_its_own_folder_and_not_where_one_works(
    tmp_path: Path, run: str, in_process: Callable[..., Any], refused: Callable[[Any], str]
) -> None:
    for own in ([], ["server.log"], ["train.log"]):  # the last one is called as Hydra's
        for name in tmp_path.iterdir():
            name.unlink() if name.is_file() else shutil.rmtree(name)
        for name in own:
            (tmp_path / name).write_text("mine", encoding="utf-8")
        sentence = refused(in_process("train.py", "data=image_folder", "data.root=gone", f"hydra.run.dir={run}", cwd=tmp_path))
        assert "gone: no such folder" in sentence
        left = sorted(path.name for path in tmp_path.iterdir())
        assert left == own or (run == "." and own and set(left) == {*own, ".hydra", "train.log"})
        assert all((tmp_path / name).read_text(encoding="utf-8").startswith("mine") for name in own)
    (tmp_path / "empty").mkdir()
    refused(in_process("train.py", "data=image_folder", "data.root=gone", "hydra.run.dir=empty/run", cwd=tmp_path))
    assert [*(tmp_path / "empty").iterdir()] == []  # one's own folder, though nothing is in it
