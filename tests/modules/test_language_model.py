"""The language model: fastai's logits on fastai's weights, what it learns, what it says, and what it refuses to load."""

from __future__ import annotations

import json
import math
import pickle
import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from practicum.callbacks import TruncatedBPTT
from practicum.datamodules import BPTTWindows
from practicum.modules import LanguageModel
from practicum.modules.base.fine_tunable import parameters_of
from practicum.modules.metrics.perplexity import Perplexity
from practicum.modules.weights.language_model import read_language_model, read_vocabulary, to_fastai, write_fastai
from practicum.modules.weights.vocabulary import mapped_rows
from pytorch_lightning.utilities.exceptions import MisconfigurationException
from torch.utils.data import DataLoader

MakeTrainer = Callable[..., pl.Trainer]
FASTAI = Path(__file__).parent / "fastai_lm"  # written by benchmarks/peers/fastai_language_model.py
SMALL = {"embedding_size": 8, "hidden_size": 12, "layers": 2}


def test_logits_are_fastais_on_fastais_weights() -> None:
    vocab = read_vocabulary(FASTAI / "lm_vocab.pkl")
    recorded = json.loads((FASTAI / "logits.json").read_text())
    net = LanguageModel(vocab, weights=str(FASTAI / "lm.pth")).eval()
    torch.testing.assert_close(net(torch.tensor(recorded["tokens"])), torch.tensor(recorded["logits"]), atol=1e-5, rtol=0)
    assert net.hparams["hidden_size"] == 12  # the file's
    theirs = torch.load(FASTAI / "lm.pth", weights_only=True)
    ours = to_fastai(net.encoder.state_dict(), net.bias.detach())
    assert ours.keys() == theirs.keys()
    for key, value in theirs.items():
        assert torch.equal(ours[key], value), key


def test_what_is_written_for_fastai_is_read_back(tmp_path: Path) -> None:
    net = LanguageModel(["xxunk", "xxpad", "xxbos", "a", "b"], **SMALL).eval()
    write_fastai(tmp_path / "lm.pth", net.vocab, net.encoder.state_dict(), net.bias.detach())
    known = read_language_model(str(tmp_path / "lm.pth"))
    assert known.vocab == net.vocab
    assert known.sizes == SMALL
    again = LanguageModel(net.vocab, weights=str(tmp_path / "lm.pth")).eval()
    tokens = torch.tensor([[2, 3, 4, 3]])
    assert torch.equal(again(tokens), net(tokens))


class Evil:
    def __reduce__(self) -> Any:
        return (Path.touch, (Path("run-by-a-pickle"),))


@pytest.mark.parametrize("content", [Evil(), ["a", Evil()], {"a": 1}, ["a", 1], torch.zeros(1)])
def test_a_pickle_that_is_no_list_of_strings_is_refused_and_runs_nothing(
    content: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(FASTAI / "lm.pth", tmp_path)
    (tmp_path / "vocab.pkl").write_bytes(pickle.dumps(content))
    with pytest.raises(MisconfigurationException, match="nothing in it was run"):
        LanguageModel(["a"], weights=str(tmp_path / "lm.pth"))
    assert not Path("run-by-a-pickle").exists()


def test_files_that_are_no_language_model_are_refused(tmp_path: Path) -> None:
    shutil.copy(FASTAI / "lm.pth", tmp_path)
    with pytest.raises(MisconfigurationException, match=r"only \.pkl of the folder; found none"):
        read_language_model(str(tmp_path / "lm.pth"))
    (tmp_path / "vocab.pkl").write_bytes(pickle.dumps(["a", "b"]))
    with pytest.raises(MisconfigurationException, match="has 2 tokens"):
        read_language_model(str(tmp_path / "lm.pth"))
    torch.save({"weight": torch.zeros(2)}, tmp_path / "other.pth")
    with pytest.raises(MisconfigurationException, match="no AWD-LSTM"):
        read_language_model(str(tmp_path / "other.pth"))
    (tmp_path / "broken.ckpt").write_bytes(b"PK\x03\x04")
    with pytest.raises(MisconfigurationException, match="nothing in it was run"):
        read_language_model(str(tmp_path / "broken.ckpt"))


def test_rows_of_a_vocabulary_carry_over() -> None:
    rows, carried = mapped_rows(torch.tensor([[1.0, 2.0], [3.0, 6.0]]), ["a", "b"], ["b", "c", "a"])
    assert rows.tolist() == [[3, 6], [2, 4], [1, 2]]
    assert carried == 2


def test_it_learns_a_language_down_to_its_entropy(make_trainer: MakeTrainer) -> None:
    # A chain: after an even token the next number, after an odd one of two with equal chance. Half of the steps carry ln 2.
    generator = torch.Generator().manual_seed(3)
    tokens, now = [], 4
    for _ in range(12_000):
        tokens.append(now)
        choice = 1 if now % 2 == 0 else 1 + 2 * int(torch.randint(0, 2, (), generator=generator))
        now = 4 + (now - 4 + choice) % 12
    vocab = ["xxunk", "xxpad", "xxbos", "<eos>", *(str(i) for i in range(12))]
    array = torch.tensor(tokens).numpy()
    windows = [BPTTWindows(part, batch_size=8, bptt=20) for part in (array[:10_000], array[10_000:])]
    net = LanguageModel(
        vocab, level="character", embedding_size=16, hidden_size=24, drop_mult=0.2, optimizer=lambda g: torch.optim.AdamW(g, 0.02)
    )
    trainer = make_trainer(max_epochs=8, callbacks=[TruncatedBPTT()])
    trainer.fit(net, *(DataLoader(each, batch_size=None) for each in windows))
    assert trainer.callback_metrics["val/perplexity"] == pytest.approx(math.sqrt(2), rel=0.05)
    assert trainer.callback_metrics["val/bits_per_character"] == pytest.approx(0.5, abs=0.06)

    texts = net.sample(3, 40, begin=["0"], temperature=0.01)
    assert texts == net.sample(3, 40, begin=["0"], temperature=0.01)
    assert texts != net.sample(3, 40, begin=["0"], temperature=1.0)
    for text in texts:
        assert len(text) == 41
        assert all((int(b) - int(a)) % 12 == 1 for a, b in pairwise(text) if int(a) % 2 == 0)
    with pytest.raises(MisconfigurationException, match="'z' is not in the vocabulary"):
        net.sample(1, 3, begin=["z"])


def test_perplexity_is_the_exponential_of_the_mean_loss() -> None:
    metric, bits = Perplexity(), Perplexity(bits=True)
    for each in (metric, bits):
        each.update(torch.tensor(1.0), 10)
        each.update(torch.tensor(4.0), 20)
    assert metric.compute() == pytest.approx(math.exp(3))
    assert bits.compute() == pytest.approx(3 / math.log(2))


def test_layer_groups_hold_every_parameter_once() -> None:
    net = LanguageModel(["a", "b"], **SMALL)
    held = [id(parameter) for group in net.layer_groups() for parameter in parameters_of(group)]
    assert sorted(held) == sorted(id(p) for p in net.parameters())


def test_a_checkpoint_alone_rebuilds_it(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    net = LanguageModel(read_vocabulary(FASTAI / "lm_vocab.pkl"), weights=str(FASTAI / "lm.pth"))
    trainer = make_trainer()
    trainer.strategy.connect(net)
    trainer.save_checkpoint(tmp_path / "lm.ckpt", weights_only=True)
    again = LanguageModel.load_from_checkpoint(tmp_path / "lm.ckpt", weights_only=True)
    tokens = torch.tensor([[2, 3, 4]])
    assert torch.equal(again.eval()(tokens), net.eval()(tokens))
