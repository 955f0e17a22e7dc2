"""One bar at a time, in one line of the terminal; none where nobody looks."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from practicum.callbacks import CompactProgressBar
from practicum.callbacks.run.progress_bar import fitting, is_watched
from practicum.lightning_shim import Trainer
from rich import reconfigure
from rich.console import Console

CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


@pytest.fixture(autouse=True)
def _consoles_own_settings() -> Any:
    """Lightning's bar sets rich's console up anew, for the whole process."""
    yield
    reconfigure()


def _terminal(width: int) -> tuple[io.StringIO, dict[str, Any]]:
    screen = io.StringIO()
    return screen, {"file": screen, "width": width, "height": 20, "force_terminal": True, "_environ": {"TERM": "xterm"}}


@pytest.mark.parametrize("width", [80, 46])
def test_a_terminal_shows_one_bar_in_one_line(
    known_classifier: Any, known_photos: Any, make_trainer: Callable[..., Trainer], monkeypatch: Any, width: int
) -> None:
    monkeypatch.delenv("CI", raising=False)

    class Logs(known_classifier):  # type: ignore[misc]
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            loss = super().training_step(batch, batch_idx)
            for name in ("train/loss", "train/other"):
                self.log(f"{name}_shown", loss, prog_bar=True)
            bar.refresh(hard=True)
            return loss

        def validation_step(self, batch: Any, batch_idx: int) -> None:
            bar.refresh(hard=True)
            self.log_dict(dict.fromkeys(("val/loss", "val/accuracy", "val/auroc", "val/f1"), 0.123456), prog_bar=True)

    screen, settings = _terminal(width)
    bar = CompactProgressBar(console_kwargs=settings)
    trainer = make_trainer(max_epochs=2, callbacks=[bar], enable_progress_bar=True)
    trainer.fit(Logs(), known_photos, known_photos)
    trainer.test(Logs(), known_photos, verbose=False)
    frames = [CODES.sub("", part) for part in screen.getvalue().split("\x1b[2K")]
    lines = [line for frame in frames for line in frame.splitlines() if line.strip()]
    assert max(map(len, lines)) <= width
    assert all(sum("━" in line or "╸" in line for line in frame.splitlines()) <= 1 for frame in frames)
    assert {line.split()[0] + line.split()[1] for line in lines if line.startswith("Epoch")} == {"Epoch1/2", "Epoch2/2"}
    assert any(line.startswith("Validation") for line in lines)
    assert any(line.startswith("Testing") for line in lines)
    if width == 80:
        assert any("val/loss: 0.1235 accuracy: 0.1235" in line for line in lines)
    assert not any("auroc" in line or "v_num" in line for line in lines)


def test_elsewhere_nothing_is_drawn(
    known_classifier: Any,
    known_photos: Any,
    make_trainer: Callable[..., Trainer],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: Any,
) -> None:
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    trainer = make_trainer(max_epochs=1, callbacks=[CompactProgressBar()], enable_progress_bar=True)
    trainer.fit(known_classifier(), known_photos, known_photos)
    trainer.test(known_classifier(), known_photos, verbose=False)
    assert "━" not in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    ("terminal", "environment", "watched"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"CI": "true"}, False),
        (True, {"CI": "false"}, True),
        (True, {"TERM": "dumb"}, False),
        (True, {"TTY_INTERACTIVE": "0"}, False),
    ],
)
def test_a_bar_is_for_terminals(terminal: bool, environment: dict[str, str], watched: bool) -> None:
    console = Console(file=io.StringIO(), force_terminal=terminal, _environ={"TERM": "xterm", **environment})
    assert is_watched(console, environment) == watched


def test_what_does_not_fit_is_left_out() -> None:
    metrics = {"train/loss": 0.5, "val/loss": 0.25, "val/accuracy": 0.125}
    assert fitting(metrics, 80) == {"loss": "0.5000", "val/loss": "0.2500", "accuracy": "0.1250"}
    assert list(fitting(metrics, 20)) == ["loss"]
    assert fitting(metrics, 5) == {}
