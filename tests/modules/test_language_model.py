"""The language model: fastai's logits on fastai's weights, what it learns, and what it samples."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from practicum.callbacks import TruncatedBPTT
from practicum.datamodules import BPTTWindows
from practicum.lightning_shim import MisconfigurationException, Trainer
from practicum.modules import LanguageModel
from practicum.modules.base.fine_tunable import parameters_of
from practicum.modules.weights.fastai_format import read_vocabulary, write_fastai
from torch.utils.data import DataLoader

MakeTrainer = Callable[..., Trainer]
FASTAI = Path(__file__).parent / "fastai_lm"  # written by benchmarks/peers/fastai_language_model.py
SMALL = {"embedding_dim": 8, "hidden_size": 12, "num_layers": 2}


def test_logits_are_fastais_on_fastais_weights() -> None:
    vocab = read_vocabulary(FASTAI / "lm_vocab.pkl")
    recorded = json.loads((FASTAI / "logits.json").read_text(encoding="utf-8"))
    net = LanguageModel(vocab, weights=str(FASTAI / "lm.pth")).eval()
    torch.testing.assert_close(net(torch.tensor(recorded["tokens"])), torch.tensor(recorded["logits"]), atol=1e-5, rtol=0)
    assert net.hparams["hidden_size"] == 12  # the file's
    assert net.pretrained
    assert net.provenance["tokens"] == f"{len(vocab)} of {len(vocab)} known"
    assert not LanguageModel(vocab, **SMALL).pretrained


def test_what_is_written_for_fastai_is_read_back(tmp_path: Path) -> None:
    net = LanguageModel(["xxunk", "xxpad", "xxbos", "a", "b"], **SMALL).eval()
    write_fastai(tmp_path / "lm.pth", net.vocab, net.encoder.state_dict(), net.bias.detach())
    again = LanguageModel(net.vocab, weights=str(tmp_path / "lm.pth")).eval()
    tokens = torch.tensor([[2, 3, 4, 3]])
    assert torch.equal(again(tokens), net(tokens))


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
        vocab, level="character", embedding_dim=16, hidden_size=24, drop_mult=0.2, optimizer=lambda g: torch.optim.AdamW(g, 0.02)
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


def test_sampled_words_are_for_training_alone() -> None:
    vocab = ["xxunk", "xxpad", *(str(number) for number in range(60))]
    torch.manual_seed(1)
    full, sampled = LanguageModel(vocab, **SMALL), LanguageModel(vocab, num_sampled=4, **SMALL)
    sampled.load_state_dict(full.state_dict())
    outputs, y = torch.randn(3, 2, 8), torch.randint(2, 20, (2, 3))
    assert float(sampled.loss(outputs, y)) != float(full.loss(outputs, y))
    assert torch.equal(sampled.eval().loss(outputs, y), full.eval().loss(outputs, y))
    with pytest.raises(MisconfigurationException, match="num_sampled=0 must be at least 1"):
        LanguageModel(vocab, num_sampled=0)


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


def test_its_embedding_begins_as_word_vectors(tmp_path: Path) -> None:
    vocab = ["xxunk", "xxpad", "xxbos", "a", "b"]
    (tmp_path / "words.vec").write_text("2 8\na 1 0 0 0 0 0 0 0\nb 0 0 0 0 0 0 0 2\n", encoding="utf-8")
    net = LanguageModel(vocab, **SMALL, vectors=str(tmp_path / "words.vec"))
    rows = net.encoder.embedding.weight.detach()
    assert rows[3, 1:].abs().max() == 0 < rows[3, 0]
    assert rows[4, 7] == 2 * rows[3, 0]
    assert not net.pretrained  # an embedding is no language model
    assert net.hparams["vectors"] == "random"  # a checkpoint holds them
    with pytest.raises(MisconfigurationException, match="have embeddings of their own"):
        LanguageModel(
            read_vocabulary(FASTAI / "lm_vocab.pkl"), weights=str(FASTAI / "lm.pth"), vectors=str(tmp_path / "words.vec")
        )
