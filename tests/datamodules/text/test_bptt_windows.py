"""Windows over parallel streams: every token once, in order, row by row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from practicum.datamodules import BPTTWindows
from practicum.datamodules.text.bptt_windows import window_lengths
from practicum.lightning_shim import MisconfigurationException


def rows_of(windows: BPTTWindows, epoch: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    batches = [windows[epoch, number] for number in range(len(windows))]
    return torch.cat([x for x, _ in batches], 1), torch.cat([y for _, y in batches], 1)


@pytest.mark.parametrize("varies", [False, True])
def test_rows_go_on_where_they_stopped_and_meet_every_token(varies: bool) -> None:
    windows = BPTTWindows(np.arange(1001), batch_size=4, bptt=12, variable_length=varies)
    x, y = rows_of(windows, epoch=3)
    assert torch.equal(x.flatten(), torch.arange(1000))
    assert torch.equal(y.flatten(), torch.arange(1, 1001))


def test_a_text_in_parts_is_one_text_and_may_lie_on_disk(tmp_path: Path) -> None:
    np.arange(300, dtype=np.uint16).tofile(tmp_path / "first.bin")
    parts = [np.memmap(tmp_path / "first.bin", np.uint16, "r"), np.arange(300, 501, dtype=np.uint16)]
    x, _ = rows_of(BPTTWindows(*parts, batch_size=5, bptt=7))
    assert torch.equal(x.flatten(), torch.arange(500))
    assert x.dtype == torch.int64


def test_backwards_it_reads_the_same_from_the_end() -> None:
    x, y = rows_of(BPTTWindows(np.arange(60), np.arange(60, 101), batch_size=4, bptt=9, reverse=True))
    assert torch.equal(x.flatten(), torch.arange(100, 0, -1))
    assert torch.equal(y.flatten(), torch.arange(99, -1, -1))


def test_processes_read_different_streams_and_together_everything() -> None:
    rows = [rows_of(BPTTWindows(np.arange(241), batch_size=3, bptt=10, rank=rank, world_size=2))[0] for rank in (0, 1)]
    assert torch.equal(torch.cat(rows).flatten(), torch.arange(240))


def test_lengths_are_drawn_as_in_the_paper() -> None:
    lengths = window_lengths(70 * 20_000, 70, np.random.default_rng(1))
    assert lengths.sum() == 70 * 20_000
    usual = lengths[lengths > 52]
    assert len(usual) / len(lengths) == pytest.approx(0.95, abs=0.01)
    assert usual.mean() == pytest.approx(70, abs=0.5)
    assert usual.std() == pytest.approx(5, abs=0.3)
    assert lengths[lengths <= 52].mean() == pytest.approx(35, abs=1)


@pytest.mark.parametrize("bptt", [1, 3, 20])
@pytest.mark.parametrize("total", [1, 2, 10, 57])
def test_every_drawn_length_is_at_least_one_and_they_fill_the_stream(bptt: int, total: int) -> None:
    for draw in range(20):
        lengths = window_lengths(total, bptt, np.random.default_rng(draw))
        assert lengths.min() >= 1
        assert lengths.sum() == total


def test_epochs_differ_in_lengths_but_not_in_number() -> None:
    windows = BPTTWindows(np.arange(5000), batch_size=4, bptt=20, variable_length=True)
    shapes = [[windows[epoch, number][0].shape[1] for number in range(len(windows))] for epoch in (0, 1, 0)]
    assert shapes[0] == shapes[2] != shapes[1]
    assert len(shapes[0]) == len(shapes[1])


def test_a_text_shorter_than_a_window_is_one_window() -> None:
    windows = BPTTWindows(np.arange(9), batch_size=2, bptt=50)
    assert len(windows) == 1
    assert windows[0][0].tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]
    with pytest.raises(IndexError):
        windows[1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bptt": 0}, "BPTTWindows: bptt=0"),
        ({"batch_size": 0}, "BPTTWindows: batch_size=0"),
        ({"batch_size": 64}, "lower batch_size"),
        ({"bptt": 7.5}, "BPTTWindows: bptt=7.5 must be a whole number"),
        ({"batch_size": True}, "BPTTWindows: batch_size=True"),
    ],
)
def test_what_makes_no_windows_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(MisconfigurationException, match=message):
        BPTTWindows(np.arange(50), **options)


@pytest.mark.parametrize(
    "tokens",
    [
        np.linspace(0, 0.99, 1000),
        np.linspace(0, 0.99, 1000).astype(np.float16),
        torch.rand(1000),
        np.arange(1000) > 5,
        np.array(["a", "b"] * 500),
        np.arange(1000).reshape(10, 100),
        [0.5] * 1000,
    ],
)
def test_what_is_no_row_of_ids_is_refused_in_place_of_turned_into_zeros(tokens: Any) -> None:
    with pytest.raises(MisconfigurationException, match="must be integers in one row"):
        BPTTWindows(np.arange(50), tokens, batch_size=2)


def test_tensors_and_lists_of_ids_are_read() -> None:
    x, _ = rows_of(BPTTWindows(torch.arange(30), list(range(30, 41)), batch_size=4, bptt=9))
    assert torch.equal(x.flatten(), torch.arange(40))
    with pytest.raises(MisconfigurationException, match="there is no text"):
        BPTTWindows()


def test_numbers_in_a_row_are_told_their_names() -> None:
    with pytest.raises(MisconfigurationException, match="give batch_size= and bptt= by name"):
        BPTTWindows(np.arange(1000), 4, 10)  # type: ignore[arg-type]
