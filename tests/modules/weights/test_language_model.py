"""Language models from files, and what is refused."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from practicum.lightning_shim import MisconfigurationException
from practicum.modules.layers import AWDLSTM
from practicum.modules.weights.fastai_format import write_fastai
from practicum.modules.weights.language_model import check_same_tokens, read_language_model

FASTAI = Path(__file__).parents[1] / "fastai_lm"  # written by benchmarks/peers/fastai_language_model.py


def test_sizes_and_vocabulary_are_the_files(tmp_path: Path) -> None:
    vocab = ["xxunk", "xxpad", "a"]
    write_fastai(tmp_path / "lm.pth", vocab, AWDLSTM(3, 8, 12, 2).state_dict(), torch.zeros(3))
    known = read_language_model(str(tmp_path / "lm.pth"), "Net: encoder")
    assert known.vocab == vocab
    assert known.sizes == {"embedding_dim": 8, "hidden_size": 12, "num_layers": 2}
    assert known.facts == {"level": "word"}


def test_files_that_are_no_language_model_are_refused(tmp_path: Path) -> None:
    def read(name: str) -> None:
        read_language_model(str(tmp_path / name), "Net: encoder")

    with pytest.raises(MisconfigurationException, match="Net: encoder=.*nowhere: no such file"):
        read("nowhere")
    shutil.copy(FASTAI / "lm.pth", tmp_path)
    with pytest.raises(MisconfigurationException, match=r"only \.pkl of the folder; found none"):
        read("lm.pth")
    (tmp_path / "vocab.pkl").write_bytes(pickle.dumps(["a", "b"]))
    with pytest.raises(MisconfigurationException, match="has 2 tokens"):
        read("lm.pth")
    torch.save({"weight": torch.zeros(2)}, tmp_path / "other.pth")
    with pytest.raises(MisconfigurationException, match="no AWD-LSTM"):
        read("other.pth")
    (tmp_path / "broken.ckpt").write_bytes(b"PK\x03\x04")
    with pytest.raises(MisconfigurationException, match="nothing in it was run"):
        read("broken.ckpt")
    torch.save({"state_dict": {"weight": torch.zeros(2)}}, tmp_path / "photos.ckpt")
    with pytest.raises(MisconfigurationException, match="not a language model; train a LanguageModel"):
        read("photos.ckpt")


@pytest.mark.parametrize(
    ("known", "message"),
    [
        ({"level": "character"}, "RUN: was trained on character tokens, but the data's are bpe; set the data's level=character"),
        ({"tokenizer": "other"}, "RUN: has another tokenizer"),
        ({"reverse": True}, "RUN: reads backwards, the data don't; set the data's reverse=True"),
    ],
)
def test_other_tokens_are_refused(known: dict[str, Any], message: str) -> None:
    check_same_tokens({}, "bpe", "own", False, "RUN")
    check_same_tokens({"tokenizer": "other", "level": "word"}, "word", "own", False, "RUN")  # words carry over
    with pytest.raises(MisconfigurationException, match=message):
        check_same_tokens(known, "bpe", "own", False, "RUN")
