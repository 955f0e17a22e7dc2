"""Token ids of any length give what the run gives."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from practicum.cli.exports.formats import write_model
from practicum.cli.exports.texts import INPUT, OnnxLSTM, text_deployable
from practicum.datamodules.text.tokenizer import SPECIALS
from practicum.modules import TextClassifier, WordVectorClassifier
from tokenizers import Tokenizer, models, pre_tokenizers

WORDS = ["good", "bad", "film", "long"]
VOCAB = [*SPECIALS, *WORDS]


def tokenizer() -> Tokenizer:
    made = Tokenizer(models.WordLevel({word: number for number, word in enumerate(VOCAB)}, unk_token=SPECIALS[0]))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return made


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("kind", [TextClassifier, WordVectorClassifier])
def test_the_graph_reads_documents_as_the_run_does(kind: Any, reverse: bool) -> None:
    small = {"hidden_size": 8, "num_layers": 2, "max_len": 6, "window": 3} if kind is TextClassifier else {}
    model = kind(["neg", "pos"], VOCAB, embedding_dim=6, **small).eval()
    torch.nn.init.normal_(model.head.weight if kind is WordVectorClassifier else model.head[-1].weight)
    assert model.naive_bayes is not None
    model.naive_bayes.fit([(torch.tensor([[4, 6], [5, 6], [4, 7]]), torch.tensor([1, 0, 1]))])
    texts = ["good film", "", "bad " * 25 + "film", "never seen", *(["long film"] * 9)]
    data = SimpleNamespace(level="whitespace", reverse=reverse)
    found = text_deployable(model, data, tokenizer(), texts, temperature=2.0)
    assert [len(call.wanted) for call in found.calls] == [10, 3]
    assert found.recurrent == (kind is TextClassifier)
    for call in found.calls:
        with torch.no_grad():
            predicted = found.graph(torch.from_numpy(call.inputs[INPUT]))
        assert torch.allclose(predicted, call.wanted, atol=1e-6)
    assert not torch.allclose(found.calls[0].wanted[0], found.calls[0].wanted[2], atol=1e-4)


def test_naive_bayes_beside_word_vectors_takes_any_number_of_documents(tmp_path: Path) -> None:
    model = WordVectorClassifier(["neg", "pos"], VOCAB, embedding_dim=6, ngrams=2).eval().requires_grad_(False)
    assert model.naive_bayes is not None
    model.naive_bayes.fit([(torch.tensor([[4, 6], [5, 6], [4, 7]]), torch.tensor([1, 0, 1]))])
    texts = ["good film", "bad film", *(["long film good"] * 9)]
    found = text_deployable(model, SimpleNamespace(level="whitespace", reverse=False), tokenizer(), texts, temperature=1.0)
    write_model("torch_export", found, {}, tmp_path / "model")
    run = torch.export.load(tmp_path / "model").module()
    for call in found.calls:
        inputs = torch.from_numpy(call.inputs[INPUT])
        for rows in (len(inputs), 1):
            assert torch.allclose(run(inputs[:rows]), call.wanted[:rows], atol=1e-6)


def test_gates_are_in_the_order_of_onnx() -> None:
    layer = torch.nn.LSTM(3, 2)
    made = OnnxLSTM(layer)
    i, f, g, o = layer.weight_hh_l0.detach().chunk(4)
    assert torch.equal(made.recurrent[0], torch.cat([i, o, f, g]))
    assert made.bias.shape == (1, 16)
