"""The project: subpackages that don't know each other, a wheel that holds everything, other projects' folders left alone."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parents[1]
APART = ("callbacks", "datamodules", "modules")  # never import each other
INSTALLED = (*APART, "cli", "conf", "lightning_shim")

# Source files without a test file of their name, and why.
COVERED_ELSEWHERE = {
    "callbacks/trainer_internals/loop_state.py": "tests/callbacks/run/test_last_checkpoint.py, which resumes from it",
    "datamodules/ratings/ratings_batch.py": "a named tuple, in test_interaction_batches.py",
    "datamodules/tabular/table_facts.py": "what Table and Ratings share, in test_table.py, test_ratings.py and test_new_rows.py",
    "modules/base/ratings_batch.py": "a named tuple, in test_recommender.py",
    "modules/objectives/objective.py": "abstract",
}


def _sources(folder: str) -> Iterator[Path]:
    return (HERE / folder).rglob("*.py")


def _imported(path: Path) -> Iterator[str]:
    """Names of the modules that a file imports, relative ones apart."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("folder", APART)
def test_subpackages_never_import_each_other(folder: str) -> None:
    others = {f"practicum.{other}" for other in INSTALLED if other not in (folder, "lightning_shim")} | set(INSTALLED)
    for path in _sources(folder):
        for name in _imported(path):
            assert not any(name == other or name.startswith(f"{other}.") for other in others), f"{path}: {name}"


def _text_without_encoding(path: Path) -> Iterator[str]:
    """Calls that read or write text in whatever encoding the system has: cp1252 on Windows."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or any(each.arg in ("encoding", None) for each in node.keywords):
            continue
        call = ast.unparse(node.func)
        binary = any(re.fullmatch(r"[rwax]?b\+?", part) for part in re.findall(r"'([^']*)'", ast.unparse(node)))
        if call.endswith((".read_text", ".write_text")) or (call == "open" and not binary):
            yield f"{path.relative_to(HERE)}:{node.lineno}"


def test_text_is_read_and_written_as_utf8_on_every_system() -> None:
    folders = (*INSTALLED, "tests", "benchmarks")
    assert [each for folder in folders for path in _sources(folder) for each in _text_without_encoding(path)] == []


def _folders_used(wing: str) -> dict[str, set[str]]:
    """Which folders of a wing each of its folders imports from; what lies in no folder is ``"."``."""
    root, used = HERE / wing, {}
    for path in root.rglob("*.py"):
        *folder, name = path.relative_to(root).parts
        if name == "__init__.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level:
                target = [*folder[: len(folder) + 1 - node.level], *(node.module or "").split(".")]
                there = target[0] if (root / target[0]).is_dir() else "."
                used.setdefault(folder[0] if folder else ".", set()).add(there)
    return used


@pytest.mark.parametrize("wing", APART)
def test_folders_of_a_wing_form_no_circle(wing: str) -> None:
    used = _folders_used(wing)
    assert used
    above: dict[str, set[str]] = {folder: others - {folder} for folder, others in used.items()}
    while free := [folder for folder, others in above.items() if not others & set(above)]:
        for folder in free:
            del above[folder]
    assert not above


@pytest.mark.parametrize("folder", [each for each in INSTALLED if each != "lightning_shim"])
def test_only_the_shim_says_which_lightning(folder: str) -> None:
    for path in _sources(folder):
        for name in _imported(path):
            assert name.partition(".")[0] not in ("pytorch_lightning", "lightning", "lightning_fabric"), f"{path}: {name}"
    for path in (HERE / folder).rglob("*.yaml"):
        assert not re.search(r"_target_:\s*(pytorch_lightning|lightning)\b", path.read_text(encoding="utf-8")), path


def test_lightnings_insides_lie_in_one_folder() -> None:
    private = r"\btrainer\.(?:[a-z_.]*\.)?_[a-z]|\b(?:pl_module|strategy)\._[a-z]"
    inside = re.compile(rf"{private}|_logger_connector|fit_loop|epoch_loop")
    for folder in (*APART, "cli"):
        for path in _sources(folder):
            if "trainer_internals" not in path.parts:
                found = inside.search(path.read_text(encoding="utf-8"))
                assert found is None, f"{path}: {found}"


def test_configuration_is_yaml_only() -> None:
    assert [path.name for path in _sources("conf")] == ["__init__.py"]


def test_every_source_file_has_its_tests() -> None:
    sources = [path.relative_to(HERE) for each in (*APART, "cli") for path in _sources(each) if path.name != "__init__.py"]
    missing = {str(each) for each in sources if not (HERE / "tests" / each.with_name(f"test_{each.name}")).is_file()}
    assert missing == set(COVERED_ELSEWHERE)


def test_no_file_is_long() -> None:
    long = {str(path.relative_to(HERE)): lines for each in INSTALLED for path in _sources(each) if (lines := _lines(path)) > 300}
    assert not long


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_named_tuples_of_ratings_agree() -> None:
    from practicum.datamodules.ratings.ratings_batch import RatingsBatch as given  # noqa: PLC0415
    from practicum.modules.base.ratings_batch import RatingsBatch as taken  # noqa: PLC0415

    assert given._fields == taken._fields
    assert given._field_defaults == taken._field_defaults


FOREIGN = """
import pytorch_lightning as pl
import torch
import torchvision
import callbacks  # this project's own folder of that name
import practicum.callbacks
from practicum.callbacks import GradualUnfreezing

assert callbacks.MINE and str(practicum.callbacks.__file__).startswith({site!r}), practicum.callbacks.__file__


class Theirs(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.net = torchvision.models.resnet18(num_classes=2)

    def training_step(self, batch, batch_idx):
        return torch.nn.functional.cross_entropy(self.net(batch[0]), batch[1])

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=1e-3)


data = torch.utils.data.TensorDataset(torch.randn(8, 3, 32, 32), torch.arange(8) % 2)
unfreeze = GradualUnfreezing(at=[1], groups=[["net.conv1", "net.layer1"], ["net.layer2", "net.layer3", "net.layer4"], ["net.fc"]])
trainer = pl.Trainer(max_epochs=2, accelerator="cpu", callbacks=[unfreeze], logger=False, enable_checkpointing=False,
                     enable_progress_bar=False, enable_model_summary=False)
module = Theirs()
before = module.net.conv1.weight.clone()
trainer.fit(module, torch.utils.data.DataLoader(data, batch_size=4))
assert not torch.equal(before, module.net.conv1.weight)
print([round(group["lr"] * 81 / 1e-3) for group in trainer.optimizers[0].param_groups])
"""


FIVE_LINES = """
import pytorch_lightning as pl, torch, torchvision, practicum.callbacks
from pytorch_lightning.demos.boring_classes import BoringModel
assert str(practicum.callbacks.__file__).startswith({site!r})


class Vision(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.net = torchvision.models.resnet18(num_classes=2)

    def training_step(self, batch, batch_idx):
        return torch.nn.functional.cross_entropy(self.net(batch[0]), batch[1])

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=1e-2, momentum=0.9)

    def train_dataloader(self):
        x = torch.randn(16, 3, 32, 32)
        return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, (x.mean((1, 2, 3)) > 0).long()), batch_size=4)


class HuggingFaceLike(Vision):
    def forward(self, pixel_values, labels=None):
        logits = self.net(pixel_values)
        return {{"loss": torch.nn.functional.cross_entropy(logits, labels), "logits": logits}}

    def training_step(self, batch, batch_idx):
        return self(pixel_values=batch[0], labels=batch[1])


pl.seed_everything(1)
for module in (BoringModel(), Vision(), HuggingFaceLike()):
    # The five lines.
    from practicum.callbacks import SGDR, LRFinder
    finder, restarts = LRFinder(steps=25), SGDR(cycle_len=1, cycle_mult=2, replace=True)
    trainer = pl.Trainer(max_epochs=3, accelerator="cpu", limit_train_batches=4, callbacks=[finder, restarts], logger=False,
                         enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False)
    trainer.fit(module)
    assert trainer.global_step == 12 and len(finder.tests[0]["lr"]) > 3, finder.tests


class Reader(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.embed, self.rnn, self.out = torch.nn.Embedding(8, 6), torch.nn.GRU(6, 8, batch_first=True), torch.nn.Linear(8, 8)
        self.losses = []

    def training_step(self, batch, batch_idx):
        logits = self.out(self.rnn(self.embed(batch[0]))[0])
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), batch[1].flatten())
        self.losses.append(loss.detach())
        return loss

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


# Truncated back-propagation, beside a loop written by hand.
from practicum.callbacks import TruncatedBPTT
from practicum.datamodules import BPTTWindows
windows = BPTTWindows(torch.arange(200).mul(7).remainder(8).numpy(), batch_size=4, bptt=6)
module, hand = Reader(), Reader()
hand.load_state_dict(module.state_dict())
trainer = pl.Trainer(max_epochs=1, accelerator="cpu", callbacks=[TruncatedBPTT()], logger=False, enable_checkpointing=False,
                     enable_progress_bar=False, enable_model_summary=False)
trainer.fit(module, torch.utils.data.DataLoader(windows, batch_size=None))
state, optimizer = None, hand.configure_optimizers()
for x, y in (windows[number] for number in range(len(windows))):
    y_hat, state = hand.rnn(hand.embed(x), state)
    state = state.detach()
    optimizer.zero_grad()
    torch.nn.functional.cross_entropy(hand.out(y_hat).flatten(0, 1), y.flatten()).backward()
    optimizer.step()
for mine, theirs in zip(module.parameters(), hand.parameters(), strict=True):
    torch.testing.assert_close(mine, theirs, atol=1e-6, rtol=0)
print("went well")
"""


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our wheel, built and installed into a folder by itself."""
    place = tmp_path_factory.mktemp("wheel")
    # A build writes into its source, and another process may build at the same time.
    for name in (*INSTALLED, "pyproject.toml", "README.md", "LICENSE"):
        copy = shutil.copytree if (HERE / name).is_dir() else shutil.copy
        (place / "source").mkdir(exist_ok=True)
        copy(HERE / name, place / "source" / name)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    build = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(place), str(place / "source")]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = place.glob("practicum-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert not [name for name in archive.namelist() if name.startswith(("tests", "benchmarks", "practicum/__init__"))]
    subprocess.run([*pip, "install", "--no-deps", "--no-index", "--target", str(place / "site"), str(wheel)], check=True)
    return place / "site"


def test_source_distribution_holds_all_folders() -> None:
    named = set(re.findall(r"^    (\w+)/", (HERE / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.M))
    grafted = set(re.findall(r"^graft (\w+)$", (HERE / "MANIFEST.in").read_text(encoding="utf-8"), re.M))
    assert len(named) > len(INSTALLED)
    assert named - set(INSTALLED) <= grafted
    assert grafted <= {path.name for path in HERE.iterdir()}


@pytest.mark.xdist_group("wheel")
def test_wheel_holds_everything(site: Path) -> None:
    held = {str(path.relative_to(site / "practicum")) for path in (site / "practicum").rglob("*") if path.is_file()}
    for folder in INSTALLED:
        kinds = ("*.py", "*.yaml", "*.j2", "py.typed")
        source = {str(path.relative_to(HERE)) for kind in kinds for path in (HERE / folder).rglob(kind)}
        assert source - {"cli/sweeps/plugin/__init__.py"} <= held
    assert (site / "hydra_plugins" / "practicum" / "__init__.py").is_file()  # where Hydra looks for sweepers


@pytest.mark.xdist_group("wheel")
def test_wheel_works_beside_another_projects_callbacks(site: Path, tmp_path: Path) -> None:
    (tmp_path / "callbacks").mkdir(parents=True)
    (tmp_path / "callbacks" / "__init__.py").write_text("MINE = True\n", encoding="utf-8")
    assert _last_line(tmp_path, FOREIGN, site) == "[1, 9, 81]"
    assert _last_line(tmp_path, FIVE_LINES, site) == "went well"


@pytest.mark.xdist_group("wheel")
def test_installed_commands_in_an_empty_folder(site: Path, tmp_path: Path) -> None:
    def command(name: str, *arguments: str) -> str:
        environment = {**os.environ, "PYTHONPATH": str(site)}
        run = subprocess.run(
            [site / "bin" / name, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stderr[-2000:]
        return run.stdout

    assert "practicum-train" in command("practicum-train", "--help")
    said = command("practicum-train", "experiment=stores", "epochs=1", "trainer.limit_train_batches=5", "hydra.run.dir=run")
    assert "practicum-predict run=run input=" in said
    days = tmp_path / "data" / "synthetic"
    (test,) = days.rglob("test.csv*")
    assert "predictions: predictions.csv" in command("practicum-predict", "run=run", f"input={test}", "output=predictions.csv")
    assert (tmp_path / "predictions.csv").is_file()


def _last_line(project: Path, program: str, site: Path) -> str:
    """What a program of another project prints last, with our wheel beside its own packages."""
    (project / "main.py").write_text(program.format(site=str(site)), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(site)}
    run = subprocess.run([sys.executable, "main.py"], cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    return run.stdout.strip().splitlines()[-1]
