"""The bar in notebooks; that it is drawn in a real one is tested by ``.ci/run``, which executes them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from omegaconf import OmegaConf
from practicum.callbacks import NotebookProgress
from practicum.callbacks.run.notebook_progress import epoch_metrics, epoch_table, in_notebook
from practicum.cli.trainer_factory import build_trainer
from practicum.lightning_shim import LightningModule, RichProgressBar, classes


class Line(LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        loss = self.layer(batch).pow(2).mean()
        self.log("train/loss", loss, on_epoch=True, on_step=True)
        return loss

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.01)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a notebook would show, one entry each time; IPython itself is not needed for the tests."""
    outputs: list[str] = []
    handle = SimpleNamespace(update=outputs.append)

    def display(content: str, display_id: bool) -> Any:
        outputs.append(f"new {content}")
        return handle

    shell = SimpleNamespace(config={"IPKernelApp": {}})
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(HTML=str, display=display))
    return outputs


def test_a_notebook_is_told_by_its_kernel(monkeypatch: pytest.MonkeyPatch, shown: list[str]) -> None:
    assert in_notebook()
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: SimpleNamespace(config={})))
    assert not in_notebook()  # IPython in a terminal
    monkeypatch.delitem(sys.modules, "IPython")
    assert not in_notebook()


def test_a_fit_leaves_one_table_with_a_row_an_epoch(shown: list[str], make_trainer: Callable[..., Any]) -> None:
    trainer = make_trainer(max_epochs=2, enable_progress_bar=True, callbacks=[NotebookProgress()])
    data = torch.utils.data.DataLoader(torch.ones(4, 1), batch_size=1)
    trainer.fit(Line(), data)
    assert shown[0] == 'new <progress value="0" max="4"></progress> epoch 1/2, 0/4 batches'
    assert not any(each.startswith("new") for each in shown[1:])
    assert shown[-1].count("<tr>") == 3
    assert "<th>train/loss</th>" in shown[-1]
    assert "<progress" not in shown[-1]
    trainer = make_trainer(enable_progress_bar=True, callbacks=trainer.callbacks)
    trainer.fit(Line(), data)
    assert shown[-1].count("<tr>") == 2  # of this fit


def test_nothing_is_shown_elsewhere(shown: list[str], make_trainer: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "IPython")
    make_trainer(enable_progress_bar=True, callbacks=[NotebookProgress()]).fit(Line(), torch.ones(2, 1, 1))
    assert shown == []


def test_a_table_is_html_and_a_bar_may_know_no_end() -> None:
    assert epoch_table([{"epoch": "1", "a<b": 0.123456}, {"epoch": "2", "c": float("nan")}]) == (
        "<table><thead><tr><th>epoch</th><th>a&lt;b</th><th>c</th></tr></thead><tbody>"
        "<tr><td>1</td><td>0.1235</td><td></td></tr><tr><td>2</td><td></td><td>nan</td></tr></tbody></table>"
    )
    assert epoch_table([], ("epoch 1", 3, 0)) == "<progress></progress> epoch 1, 3/? batches"
    assert len(epoch_metrics({f"val/{i}": i for i in range(20)})) == 7


def test_a_run_in_a_cell_has_it_in_place_of_rich_s(shown: list[str]) -> None:
    config = OmegaConf.create({"_target_": "practicum.lightning_shim.Trainer", "accelerator": "cpu", "enable_progress_bar": None})
    bars = [
        each
        for each in build_trainer(config, [RichProgressBar()], []).callbacks
        if isinstance(each, classes("callbacks.ProgressBar"))
    ]
    assert [type(each) for each in bars] == [NotebookProgress]
