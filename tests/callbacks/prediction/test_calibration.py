"""The calibration curve against bins by hand, with and without a temperature."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from practicum.callbacks import Calibration
from practicum.callbacks.figures.classification.reliability_curve import ReliabilityBins, confidence_of, reliability_bins
from practicum.callbacks.prediction import calibration
from practicum.lightning_shim import LightningDataModule, LightningModule, MisconfigurationException, Trainer
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

MakeTrainer = Callable[..., Trainer]


class Sure(LightningModule):
    """A linear classifier that is three times as confident as it should be."""

    def __init__(self, multi_label: bool = False) -> None:
        super().__init__()
        self.multi_label = multi_label
        self.scale = nn.Parameter(torch.tensor(3.0))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale

    def test_step(self, batch: Any, batch_idx: int) -> dict[str, Tensor]:
        logits = self(batch[0])
        if not self.multi_label:
            self.log("test/loss", F.cross_entropy(logits, batch[1]), batch_size=len(logits))
        return {"logits": logits, "target": batch[1]}

    def predict_step(self, batch: Any, batch_idx: int) -> Tensor:
        return self(batch[0])


class Points(LightningDataModule):
    def __init__(self, multi_label: bool = False) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(5)
        x = torch.randn(3000, 3, generator=generator)
        y = torch.multinomial(x.softmax(1), 1, generator=generator)[:, 0]
        self.data = TensorDataset(x, torch.bernoulli(x.sigmoid(), generator=generator).long() if multi_label else y)

    def val_dataloader(self) -> Any:
        return DataLoader(self.data, batch_size=500)

    test_dataloader = predict_dataloader = val_dataloader


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[tuple[ReliabilityBins, str, Path]]:
    """What is drawn, in addition to the file."""
    calls: list[tuple[ReliabilityBins, str, Path]] = []
    draw = calibration.draw_reliability

    def record(*args: Any) -> None:
        calls.append(args)  # type: ignore[arg-type]
        draw(*args)

    monkeypatch.setattr(calibration, "draw_reliability", record)
    return calls


@pytest.mark.parametrize("multi_label", [False, True])
def test_the_curve_is_that_of_the_test(make_trainer: MakeTrainer, tmp_path: Path, drawn: list[Any], multi_label: bool) -> None:
    data, curve = Points(multi_label), Calibration()
    make_trainer(callbacks=[curve]).test(Sure(multi_label), data, verbose=False)
    x, y = data.data.tensors
    probabilities = (3 * x).sigmoid() if multi_label else (3 * x).softmax(1)
    wanted = reliability_bins(*confidence_of(probabilities, y, multi_label))
    ((bins, title, path),) = drawn
    for one, other in zip(bins[:3], wanted[:3], strict=True):
        torch.testing.assert_close(one, other)
    assert curve.facts == {"calibration/ece": pytest.approx(wanted.error)}
    assert title == f"expected calibration error {bins.error:.3f}"
    assert path == tmp_path / "figures" / "calibration.png"
    with Image.open(path) as picture:
        assert picture.format == "PNG"
    assert not curve.transforms
    assert not (tmp_path / "temperature.json").exists()


def test_a_temperature_calibrates(make_trainer: MakeTrainer, tmp_path: Path, drawn: list[Any]) -> None:
    plain, scaled = Calibration(folder="plain"), Calibration(temperature=True, temperature_file="kept/t.json")
    assert scaled.transforms
    for curve in (plain, scaled):
        make_trainer(callbacks=[curve]).test(Sure(), Points(), verbose=False)
    assert plain.facts["calibration/ece"] > 0.1
    assert scaled.facts["calibration/ece"] < 0.03
    assert drawn[1][1].endswith(f", temperature {scaled.temperature:.2f}")
    assert json.loads((tmp_path / "kept" / "t.json").read_text(encoding="utf-8"))["temperature"] == scaled.temperature


def test_without_a_folder_there_is_only_the_number(make_trainer: MakeTrainer, tmp_path: Path, drawn: list[Any]) -> None:
    curve = Calibration(folder=None)
    make_trainer(callbacks=[curve]).test(Sure(), Points(), verbose=False)
    assert curve.facts["calibration/ece"] > 0.1
    assert not drawn


def test_other_outputs_are_refused(make_trainer: MakeTrainer) -> None:
    class Silent(Sure):
        def test_step(self, batch: Any, batch_idx: int) -> None:  # type: ignore[override]
            self(batch[0])

    with pytest.raises(MisconfigurationException, match="Calibration needs test_step to return a dictionary"):
        make_trainer(callbacks=[Calibration()]).test(Silent(), Points(), verbose=False)


def test_a_curve_that_cant_be_drawn_ends_no_run(
    make_trainer: MakeTrainer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: Any) -> None:
        raise RuntimeError("no figure today")

    monkeypatch.setattr(calibration, "draw_reliability", fail)
    curve = Calibration(temperature=True)
    make_trainer(callbacks=[curve]).test(Sure(), Points(), verbose=False)
    assert "Calibration: nothing is drawn, and the run goes on: RuntimeError: no figure today" in caplog.text
    assert set(curve.facts) == {"calibration/ece", "calibration/temperature"}


def test_logits_in_a_dictionary(make_trainer: MakeTrainer) -> None:
    class Named(Sure):
        def forward(self, x: Tensor) -> Any:
            return {"scores": x * self.scale}

        def test_step(self, batch: Any, batch_idx: int) -> dict[str, Tensor]:
            return {"logits": self(batch[0])["scores"], "target": batch[1]}

    curve = Calibration(temperature=True, output="scores")
    make_trainer(callbacks=[curve]).test(Named(), Points(), verbose=False)
    assert curve.temperature == pytest.approx(3, abs=0.2)
    assert curve.facts["calibration/ece"] < 0.03
