"""The temperature against closed forms; found in a test, used in predictions, kept in a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from practicum.callbacks.prediction.temperature_scaling import TemperatureScaling, fit_temperature, read_temperature
from practicum.lightning_shim import LightningDataModule, LightningModule, MisconfigurationException, Trainer
from torch import Tensor, nn
from torch.utils.data import DataLoader, Subset, TensorDataset

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


def test_validation_may_have_several_loaders(make_trainer: MakeTrainer) -> None:
    data, parts = Points(), Points()
    halves = [Subset(parts.data, range(1500)), Subset(parts.data, range(1500, 3000))]
    parts.val_dataloader = lambda: [DataLoader(each, batch_size=500) for each in halves]  # type: ignore[method-assign]
    found = [TemperatureScaling(), TemperatureScaling()]
    for scaling, each in zip(found, (data, parts), strict=True):
        make_trainer(callbacks=[scaling]).test(Sure(), each, verbose=False)
    assert found[0].temperature == pytest.approx(found[1].temperature, abs=1e-6)


def test_it_is_found_used_and_kept(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    module, data = Sure(), Points()
    (hot,) = make_trainer().test(module, data, verbose=False)
    scaling = TemperatureScaling()
    (scaled,) = make_trainer(callbacks=[scaling]).test(module, data, verbose=False)
    assert scaling.temperature == pytest.approx(3, abs=0.2)
    assert scaling.facts == {"calibration/temperature": scaling.temperature}
    assert scaled["test/loss"] < hot["test/loss"]
    assert json.loads((tmp_path / "temperature.json").read_text(encoding="utf-8")) == {"temperature": scaling.temperature}
    predicted = torch.cat(make_trainer(callbacks=[TemperatureScaling()]).predict(module, data))  # type: ignore[arg-type]
    assert torch.allclose(predicted, 3 * data.data.tensors[0] / scaling.temperature, atol=1e-4)
    assert "forward" not in vars(module)


def test_switched_off_it_scales_nothing(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    module, data, scaling = Sure(), Points(), TemperatureScaling()
    scaling.enabled = False
    (plain,) = make_trainer().test(module, data, verbose=False)
    assert make_trainer(callbacks=[scaling]).test(module, data, verbose=False) == [plain]
    assert not (tmp_path / "temperature.json").exists()


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"temperature": 0}', '{"temperature": NaN}', '{"temperature": "hot"}', "\xff"]
)
def test_a_damaged_file_is_named(content: str, tmp_path: Path) -> None:
    (tmp_path / "temperature.json").write_text(content, encoding="latin-1")
    with pytest.raises(MisconfigurationException, match="temperature.json: damaged, it holds no temperature"):
        read_temperature(tmp_path / "temperature.json")


def test_what_is_missing_is_named(make_trainer: MakeTrainer) -> None:
    module, data = Sure(), Points()
    with pytest.raises(MisconfigurationException, match="temperature.json is missing: the model's test finds"):
        make_trainer(callbacks=[TemperatureScaling()]).predict(module, data)
    with pytest.raises(MisconfigurationException, match="needs a data module with val_dataloader"):
        make_trainer(callbacks=[TemperatureScaling()]).test(module, data.test_dataloader(), verbose=False)
    assert "forward" not in vars(module)
    labels = Sure(multi_label=True)
    labels.threshold = 0.2  # type: ignore[assignment]
    with pytest.raises(MisconfigurationException, match="predicts labels by a threshold"):
        make_trainer(callbacks=[TemperatureScaling()]).test(labels, Points(multi_label=True), verbose=False)


class Trains(Sure):
    """Can be trained; its forward returns a dictionary if it is given a key."""

    def __init__(self, key: str | None = None) -> None:
        super().__init__()
        self.key = key

    def forward(self, x: Tensor) -> Any:
        return x * self.scale if self.key is None else {"hidden": x, self.key: x * self.scale}

    def logits(self, x: Tensor) -> Tensor:
        output = self(x)
        return output if self.key is None else output[self.key]

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        return F.cross_entropy(self.logits(batch[0]), batch[1])

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        self.logits(batch[0])

    def test_step(self, batch: Any, batch_idx: int) -> dict[str, Tensor]:
        return {"logits": self.logits(batch[0]), "target": batch[1]}

    def predict_step(self, batch: Any, batch_idx: int) -> Tensor:
        return self.logits(batch[0])

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.0)


class Trainable(Points):
    train_dataloader = Points.val_dataloader


def test_what_is_missing_is_named_before_training(make_trainer: MakeTrainer) -> None:
    class Unvalidated(LightningDataModule):
        train_dataloader = Points.val_dataloader
        data = Points().data

    labels = Trains()
    labels.threshold = 0.2  # type: ignore[assignment]
    for module, data, message in (
        (Trains(), Unvalidated(), "needs a data module with val_dataloader"),
        (labels, Trainable(), "predicts labels by a threshold"),
        (Trains("scores"), Trainable(), "Trains.forward returns a dictionary with 'hidden', 'scores'"),
    ):
        trainer = make_trainer(max_epochs=1, callbacks=[TemperatureScaling()], num_sanity_val_steps=1)
        with pytest.raises(MisconfigurationException, match=message):
            trainer.fit(module, data)
        assert trainer.global_step == 0


def test_logits_in_a_dictionary(make_trainer: MakeTrainer) -> None:
    plain, named = TemperatureScaling("plain.json"), TemperatureScaling("named.json", output="scores")
    data = Trainable()
    for callback, module in ((plain, Trains()), (named, Trains("scores"))):
        trainer = make_trainer(max_epochs=1, callbacks=[callback])
        trainer.fit(module, data)
        trainer.test(module, data, verbose=False)
        predicted = torch.cat(trainer.predict(module, data))  # type: ignore[arg-type]
        assert torch.allclose(predicted, 3 * data.data.tensors[0] / callback.temperature, atol=1e-4)
    assert plain.temperature == named.temperature == pytest.approx(3, abs=0.2)


def test_no_row_to_find_it_on_is_said(make_trainer: MakeTrainer) -> None:
    data = Points()
    data.val_dataloader = lambda: []  # type: ignore[method-assign]
    with pytest.raises(MisconfigurationException, match="needs validation data; there is no row"):
        make_trainer(callbacks=[TemperatureScaling()]).test(Sure(), data, verbose=False)
