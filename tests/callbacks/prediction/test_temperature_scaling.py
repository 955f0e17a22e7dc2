"""The temperature against closed forms; found in a test, used in predictions, kept in a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from practicum.callbacks.prediction.temperature_scaling import TemperatureScaling, fit_temperature
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


def test_temperature_is_where_the_loss_is_lowest() -> None:
    torch.manual_seed(2)
    logits = torch.randn(20000, 4, dtype=torch.float64) * 1.5
    target = torch.distributions.Categorical(logits=logits).sample()  # calibrated by construction
    assert fit_temperature(logits, target) == pytest.approx(1, abs=0.03)
    assert fit_temperature(3 * logits, target) == pytest.approx(3, abs=0.09)
    several = torch.bernoulli(logits.sigmoid())
    assert fit_temperature(logits / 2, several) == pytest.approx(0.5, abs=0.02)
    best = fit_temperature(3 * logits[:500], target[:500])
    losses = [float(F.cross_entropy(3 * logits[:500] / t, target[:500])) for t in (best * 0.98, best, best * 1.02)]
    assert losses[1] == min(losses)


def test_it_is_found_used_and_kept(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    module, data = Sure(), Points()
    (hot,) = make_trainer().test(module, data, verbose=False)
    scaling = TemperatureScaling()
    (scaled,) = make_trainer(callbacks=[scaling]).test(module, data, verbose=False)
    assert scaling.temperature == pytest.approx(3, abs=0.2)
    assert scaling.facts == {"calibration/temperature": scaling.temperature}
    assert scaled["test/loss"] < hot["test/loss"]
    assert json.loads((tmp_path / "temperature.json").read_text()) == {"temperature": scaling.temperature}
    predicted = torch.cat(make_trainer(callbacks=[TemperatureScaling()]).predict(module, data))  # type: ignore[arg-type]
    assert torch.allclose(predicted, 3 * data.data.tensors[0] / scaling.temperature, atol=1e-4)
    assert "forward" not in vars(module)


def test_switched_off_it_scales_nothing(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    module, data, scaling = Sure(), Points(), TemperatureScaling()
    scaling.enabled = False
    (plain,) = make_trainer().test(module, data, verbose=False)
    assert make_trainer(callbacks=[scaling]).test(module, data, verbose=False) == [plain]
    assert not (tmp_path / "temperature.json").exists()


def test_what_is_missing_is_named(make_trainer: MakeTrainer) -> None:
    module, data = Sure(), Points()
    with pytest.raises(MisconfigurationException, match="temperature.json is missing; test the model first"):
        make_trainer(callbacks=[TemperatureScaling()]).predict(module, data)
    with pytest.raises(MisconfigurationException, match="needs a data module with val_dataloader"):
        make_trainer(callbacks=[TemperatureScaling()]).test(module, data.test_dataloader(), verbose=False)
    assert "forward" not in vars(module)
    labels = Sure(multi_label=True)
    labels.threshold = 0.2  # type: ignore[assignment]
    with pytest.raises(MisconfigurationException, match="predicts labels by a threshold"):
        make_trainer(callbacks=[TemperatureScaling()]).test(labels, Points(multi_label=True), verbose=False)
