"""Run by test_environments.py in an interpreter of its own: a stranger's project that uses everything of ours.

Arguments: the Lightning of the trainer (``pytorch_lightning`` or ``lightning.pytorch``), and whether it is imported ``before``
practicum or ``after`` it.
"""

# ruff: noqa: E402
from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

NAME, ORDER = sys.argv[1:3]
if ORDER == "before":
    importlib.import_module(NAME)
from practicum import callbacks, datamodules, lightning_shim, modules

L: Any = importlib.import_module(NAME)
import numpy as np
import polars as pl
import pytest
import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

assert lightning_shim.PACKAGE.__name__ == NAME, lightning_shim.PACKAGE.__name__
torch.set_num_threads(1)
used: set[str] = set()
QUIET: dict[str, Any] = {
    "accelerator": "cpu",
    "devices": 1,
    "logger": False,
    "enable_progress_bar": False,
    "enable_model_summary": False,
    "num_sanity_val_steps": 0,
}


def trainer(*ours: Any, **options: Any) -> Any:
    """A trainer of theirs with callbacks of ours; notes which have been used."""
    used.update(type(each).__name__ for each in (*ours, *options.get("plugins", ()), *(options.get("logger") or ())))
    keeps = any(isinstance(each, L.callbacks.Checkpoint) for each in ours)
    return L.Trainer(**{**QUIET, "callbacks": list(ours), "enable_checkpointing": keeps, "max_epochs": 2, **options})


# Their own module and data -------------------------------------------------------------------------------------------


class Theirs(L.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.norm, self.head = nn.Linear(6, 16), nn.BatchNorm1d(16), nn.Linear(16, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.norm(self.stem(x)).relu())

    def training_step(self, batch: Any, batch_idx: int) -> torch.Tensor:
        loss = nn.functional.cross_entropy(self(batch[0]), batch[1])
        self.log("train/loss", loss)
        return loss

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        self.log("val/loss", nn.functional.cross_entropy(self(batch[0]), batch[1]))

    def test_step(self, batch: Any, batch_idx: int) -> dict[str, torch.Tensor]:
        logits = self(batch[0])
        self.log("test/loss", nn.functional.cross_entropy(logits, batch[1]))
        return {"logits": logits, "target": batch[1]}

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.1, momentum=0.9)


class TheirData(L.LightningDataModule):
    def loader(self) -> Any:
        x = torch.randn(40, 6, generator=torch.Generator().manual_seed(0))
        return DataLoader(TensorDataset(x, x[:, :3].argmax(1)), batch_size=8)

    train_dataloader = val_dataloader = test_dataloader = loader


def fit(*ours: Any, **options: Any) -> tuple[Any, Any]:
    torch.manual_seed(0)
    module, run = Theirs(), trainer(*ours, **{key: value for key, value in options.items() if key != "ckpt_path"})
    resumed = {"ckpt_path": options["ckpt_path"], "weights_only": True} if "ckpt_path" in options else {}
    run.fit(module, datamodule=TheirData(), **resumed)
    return run, module


def schedules() -> None:
    for schedule in (
        callbacks.SGDR(cycle_len=1),
        callbacks.CyclicalLR(step_size=1),
        callbacks.OneCycle(),
        callbacks.FlatCosine(),
        callbacks.SlantedTriangular(),
    ):
        run, _ = fit(schedule)
        (config,) = run.lr_scheduler_configs
        assert config.scheduler.last_epoch == run.global_step == 10
    accumulating = L.callbacks.GradientAccumulationScheduler({0: 1, 1: 2})
    for kind in (lightning_shim.MisconfigurationException, L.utilities.exceptions.MisconfigurationException):
        with pytest.raises(kind, match="GradientAccumulationScheduler"):  # ours is theirs, too
            fit(callbacks.SGDR(cycle_len=1), accumulating)


def range_test() -> None:
    every_step = L.callbacks.ModelCheckpoint(dirpath="every_step", every_n_train_steps=1, save_top_k=-1)
    stopping = L.callbacks.EarlyStopping("train/loss", check_on_train_epoch_end=True)
    finder = callbacks.LRFinder(steps=50, update=False)
    run, _ = fit(finder, every_step, stopping)
    assert len(finder.tests[0]["lr"]) > 10
    assert len(list(Path("every_step").glob("*.ckpt"))) == run.global_step == 10  # none of the mock training's weights
    run, _ = fit(callbacks.LRFinder(steps=30, stop_after_test=True))
    assert run.global_step == 0


def averages_and_freezing() -> None:
    bar = callbacks.CompactProgressBar()
    run, _ = fit(callbacks.EMA(), callbacks.FiniteLoss(), callbacks.EpochLines(), bar, enable_progress_bar=True)
    assert run.progress_bar_callback is bar
    fit(callbacks.NTASGD(patience=0))
    unfreezing = callbacks.GradualUnfreezing(at=[0.5], groups=[["stem"], ["norm"], ["head"]])
    gain = callbacks.FineTuningGain(patience=2)
    run, _ = fit(unfreezing, gain, callbacks.FineTuningCycles())
    assert run.callback_metrics["val/loss"] == pytest.approx(gain.facts["fine_tuning/after"])


def resume() -> None:
    def logging() -> dict[str, Any]:
        return {"plugins": [callbacks.WholeFileCheckpointIO()], "logger": [callbacks.RunLog("log")]}

    fit(callbacks.LastCheckpoint("last"), max_epochs=1, **logging())
    run, resumed = fit(callbacks.LastCheckpoint("last"), ckpt_path="last/last.ckpt", **logging())
    assert isinstance(run.callbacks[-1], callbacks.LastCheckpoint)  # Lightning takes it for a checkpoint, and calls it last
    _, unbroken = fit()
    assert all(torch.equal(a, b) for a, b in zip(resumed.parameters(), unbroken.parameters(), strict=True))


def pictures_of_theirs() -> None:
    run, module = fit(callbacks.SGDR(cycle_len=1, cycle_mult=1), callbacks.SnapshotEnsemble("snapshots"))
    run.test(module, datamodule=TheirData(), verbose=False)
    ours = [
        callbacks.ConfusionMatrix(),
        callbacks.PerClass(),
        callbacks.Calibration(temperature=True),
        callbacks.LearningCurves(),
    ]
    run, module = fit(*ours, callbacks.RunRecord("record"), callbacks.LogFigures())
    run.test(module, datamodule=TheirData(), verbose=False)


# Our modules and data in their trainer ---------------------------------------------------------------------------------


def run_ours(module: Any, data: Any, *ours: Any, **options: Any) -> None:
    run = trainer(*ours, **options)
    run.fit(module, datamodule=data)
    run.test(module, datamodule=data, verbose=False)
    used.update((type(module).__name__, type(data).__name__))


def photos() -> None:
    rng = np.random.default_rng(1)
    for split, count in (("train", 10), ("valid", 4)):
        for place, name in enumerate(("blue", "red")):
            folder = Path("photos", split, name)
            folder.mkdir(parents=True)
            for number in range(count):
                pixels = rng.integers(0, 90, (40, 40, 3), dtype=np.uint8)
                pixels[..., 2 - 2 * place] += 150
                Image.fromarray(pixels).save(folder / f"{number}.jpg")
    augment = datamodules.Augment(hflip=0.5)
    data = datamodules.ImageFolder("photos", size=32, batch_size=8, augment=augment)
    data.prepare_data()
    data.setup("fit")
    facts = {key: data.describe()[key] for key in ("classes", "image_size")}
    module = modules.ImageClassifier(**facts, backbone="test_resnet", weights="random")
    run_ours(
        module,
        data,
        callbacks.GradualUnfreezing(at=[1], only_pretrained=False),
        callbacks.PrecomputedActivations("features"),
        callbacks.TestTimeAugmentation(n=2),
        callbacks.PredictionsTable("predictions.csv"),
        callbacks.AugmentationExamples(),
        callbacks.ExampleBatch(),
        callbacks.TopLosses(),
        callbacks.GradCAM(),
    )
    used.update(("Augment", "ImageFolder"))


def texts() -> None:
    words = ["the", "a", "film", "play", "was", "is", "good", "bad", "very", "not", "dull", "fine"]
    rng = np.random.default_rng(1)
    rows = [("good" if number % 2 else "bad", " ".join(rng.choice(words, 12))) for number in range(80)]
    Path("texts.csv").write_text("label,text\n" + "".join(f"{label},{text} {label}\n" for label, text in rows), encoding="utf-8")
    lines = datamodules.TextCSV("texts.csv", task="language_model", batch_size=4, bptt=8, min_count=1)
    lines.prepare_data()
    lines.setup("fit")
    facts = lines.describe()
    read = {key: facts[key] for key in ("vocab", "level", "tokenizer", "reverse")}
    small = {"embedding_dim": 8, "hidden_size": 12, "num_layers": 2}
    run_ours(
        modules.LanguageModel(**read, **small),
        lines,
        callbacks.TruncatedBPTT(),
        callbacks.WindowLengthLR(usual_length=8),
        callbacks.TextSamples(count=1, length=5),
        callbacks.NearestWords(),
    )
    windows = datamodules.TextCSV("texts.csv", task="skip_gram", batch_size=4, bptt=8, min_count=1)
    windows.prepare_data()
    windows.setup("fit")
    counts = windows.describe()
    skip_gram = modules.SkipGram(
        vocab=counts["vocab"],
        counts=counts["counts"],
        embedding_dim=8,
        max_ngrams=100,
        optimizer=lambda groups: torch.optim.SGD(groups, lr=0.05),
    )
    run_ours(skip_gram, windows, callbacks.WordVectorsFile("vectors"))
    documents = datamodules.TextCSV("texts.csv", batch_size=8, min_count=1)
    documents.prepare_data()
    documents.setup("fit")
    facts = documents.describe()
    run_ours(
        modules.TextClassifier(classes=facts["classes"], **{key: facts[key] for key in read}, **small),
        documents,
        callbacks.TopTexts(),
        callbacks.WordImportance(),
    )
    run_ours(modules.WordVectorClassifier(classes=facts["classes"], vocab=facts["vocab"], embedding_dim=8), documents)


def tables() -> None:
    rng = np.random.default_rng(1)
    shop, size = rng.integers(0, 4, 200), rng.normal(size=200)
    frame = pl.DataFrame({"shop": [f"s{each}" for each in shop], "size": size, "sales": shop + size})
    data = datamodules.Table(frame, "sales", batch_size=32, cache="cache", artifacts_dir="table")
    Path("table").mkdir()
    data.prepare_data()
    data.setup("fit")
    facts = data.describe()
    module = modules.EntityEmbeddingModel(**facts, hidden_sizes=[8])
    run_ours(
        module,
        data,
        callbacks.PredictedAgainstTrue(),
        callbacks.Residuals(),
        callbacks.ErrorBy(),
        callbacks.MostWrongRows(),
        callbacks.PermutationImportance(),
        callbacks.EmbeddingMaps(),
        callbacks.Patience("val/loss"),
        callbacks.TrialPruning(SimpleNamespace(report=lambda value, step: None, should_prune=lambda: False), "val/loss"),
    )
    run_ours(modules.TabularEnsemble(**facts, members=2, hidden_sizes=[8]), data)
    frame.drop("sales").head(3).write_csv("new.csv")
    vectors = trainer().predict(modules.EmbeddingExtractor(module), datamodule=data.for_prediction("new.csv"))
    assert torch.cat(vectors).shape == (3, len(module.embedded_names()))
    used.add("EmbeddingExtractor")


def ratings() -> None:
    rng = np.random.default_rng(1)
    pairs = [(user, item) for user in range(12) for item in range(15) if rng.random() < 0.6]
    frame = pl.DataFrame({"user": [p[0] for p in pairs], "item": [p[1] for p in pairs], "rating": rng.integers(1, 6, len(pairs))})
    Path("ratings").mkdir()
    data = datamodules.Ratings(frame, batch_size=32, cache="cache", artifacts_dir="ratings")
    data.prepare_data()
    data.setup("fit")
    facts = {key: data.describe()[key] for key in ("categories", "target")}
    looked_at = (callbacks.ItemBiases, callbacks.LongTail, callbacks.PersonPage, callbacks.FullRanking, callbacks.SampledRanking)
    run_ours(modules.DotProductBias(**facts, factors=4), data, *(each() for each in looked_at))
    run_ours(modules.NeuralCollaborativeFilter(**facts, factors=4, hidden_sizes=[8]), data)


def main() -> None:
    scenes = (schedules, range_test, averages_and_freezing, resume, pictures_of_theirs, photos, texts, tables, ratings)
    for scene in scenes:
        scene()
    # What is used elsewhere: a challenge's answer, the bases, what needs mlflow or a notebook, and data that are fetched or
    # synthetic.
    elsewhere = {"Submission", "Watcher", "PredictionTransform", "LRSchedule", "MLFlowLog", "NotebookProgress"}
    missing = set(callbacks.__all__) | set(modules.__all__)
    assert missing <= used | elsewhere, sorted(missing - used - elsewhere)
    print("went well")


if __name__ == "__main__":
    main()
