"""fastai's files: there and back, and pickles that run nothing."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from practicum.lightning_shim import MisconfigurationException
from practicum.modules.layers import AWDLSTM
from practicum.modules.weights.fastai_format import from_fastai, read_vocabulary, to_fastai, write_fastai

FASTAI = Path(__file__).parents[1] / "fastai_lm"  # written by benchmarks/peers/fastai_language_model.py


def test_there_and_back_is_fastais_own_state() -> None:
    theirs = torch.load(FASTAI / "lm.pth", weights_only=True)
    encoder, bias = from_fastai(theirs)
    assert bias is not None
    ours = to_fastai(encoder, bias)
    assert ours.keys() == theirs.keys()
    for key, value in theirs.items():
        assert torch.equal(ours[key], value), key


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    net = AWDLSTM(5, 8, 12, 2)
    write_fastai(tmp_path / "new" / "lm.pth", ["xxunk", "xxpad", "a", "b", "c"], net.state_dict(), torch.randn(5))
    encoder, _ = from_fastai(torch.load(tmp_path / "new" / "lm.pth", weights_only=True))
    net.load_state_dict(encoder)
    assert read_vocabulary(tmp_path / "new" / "lm_vocab.pkl") == ["xxunk", "xxpad", "a", "b", "c"]


class Evil:
    def __reduce__(self) -> Any:
        return (Path.touch, (Path("run-by-a-pickle"),))


@pytest.mark.parametrize("content", [Evil(), ["a", Evil()], {"a": 1}, ["a", 1], torch.zeros(1)])
def test_a_pickle_that_is_no_list_of_strings_is_refused_and_runs_nothing(
    content: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("vocab.pkl").write_bytes(pickle.dumps(content))
    with pytest.raises(MisconfigurationException, match="nothing in it was run"):
        read_vocabulary(Path("vocab.pkl"))
    assert not Path("run-by-a-pickle").exists()
