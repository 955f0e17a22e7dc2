"""A document's logits depend on it alone, whatever its length and its neighbours'."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from practicum.lightning_shim import MisconfigurationException, Trainer
from practicum.modules import LanguageModel, TextClassifier
from torch import Tensor

VOCAB = ["xxunk", "xxpad", "xxbos", *(f"w{i}" for i in range(27))]


def classifier(**options: Any) -> TextClassifier:
    torch.manual_seed(0)
    sizes = {"embedding_dim": 6, "hidden_size": 10, "num_layers": 2}
    net = TextClassifier(["bad", "good"], VOCAB, **{**sizes, "max_len": 20, "window": 8, **options})
    return net.eval()


def documents(*lengths: int) -> list[Tensor]:
    return [torch.randint(2, 30, (length,)) for length in lengths]


def together(rows: list[Tensor]) -> Tensor:
    return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=1)


@pytest.mark.parametrize("double", [True, False])
def test_logits_do_not_depend_on_neighbours(double: bool) -> None:
    net = classifier().double() if double else classifier()
    rows = documents(3, 100, 20, 21, 28, 29, 1, 57)
    alone = torch.cat([net(row[None]) for row in rows])
    torch.testing.assert_close(net(together(rows)), alone, atol=1e-6, rtol=0)
    torch.testing.assert_close(net(together(rows[::-1]))[-3:], alone[:3].flip(0), atol=1e-6, rtol=0)


def test_a_long_document_is_pooled_over_all_of_it() -> None:
    rows = documents(90, 13)
    x = together(rows)
    torch.testing.assert_close(classifier(max_len=20)(x), classifier(max_len=1000)(x), atol=1e-5, rtol=0)


def test_pooling_is_last_highest_and_mean() -> None:
    net = classifier(max_len=1000)
    (row,) = documents(17)
    outputs = net.encoder(row[None])[1][:, 0]
    expected = torch.cat([outputs[-1], outputs.amax(0), outputs.mean(0)])
    torch.testing.assert_close(net.features(together([row, *documents(30)]))[0], expected)


def test_gradients_go_through_the_last_tokens_only() -> None:
    net = classifier(max_len=20, window=8)
    row = torch.arange(60) % 7 + 2
    row[:30] = 20  # a word that only the beginning has
    row[-15:] = 25
    net.features(row[None]).sum().backward()
    grad = net.encoder.embedding.weight.grad
    assert grad is not None
    assert grad[20].abs().sum() == 0
    assert grad[25].abs().sum() > 0


def test_memory_does_not_grow_with_a_document() -> None:
    net = classifier(max_len=40)
    held = []
    for length in (100, 1000):
        saved = 0

        def count(tensor: Tensor) -> Tensor:
            nonlocal saved
            saved += tensor.numel()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
            net.features(torch.randint(2, 30, (2, length)))
        held.append(saved)
    assert held[1] <= 1.3 * held[0]


def test_an_encoder_comes_with_its_vocabulary(tmp_path: Any, caplog: Any) -> None:
    known = LanguageModel(["xxunk", "xxpad", "xxbos", "w3", "w1"], embedding_dim=6, hidden_size=10, num_layers=2)
    trainer = Trainer(accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False)
    trainer.strategy.connect(known)
    trainer.save_checkpoint(tmp_path / "lm.ckpt", weights_only=True)
    net = classifier(encoder=str(tmp_path / "lm.ckpt"), embedding_dim=None, hidden_size=None, num_layers=None)
    old, new = known.encoder.embedding.weight, net.encoder.embedding.weight
    torch.testing.assert_close(new[VOCAB.index("w1")], old[4])
    torch.testing.assert_close(new[VOCAB.index("w9")], old.mean(0))
    torch.testing.assert_close(net.encoder.rnns[0].weight_hh_l0, known.encoder.rnns[0].weight_hh_l0)
    assert net.pretrained
    assert net.provenance["tokens"] == "5 of 30 known"
    assert "knows 2 of the 27 words" in caplog.text  # too few to be silent about
    assert not classifier().pretrained
    for options, message in (
        ({"hidden_size": 12}, "its hidden_size is 10, not 12"),
        ({"embedding_dim": None, "hidden_size": None, "num_layers": None, "reverse": True}, "reads forwards"),
        ({"embedding_dim": None, "hidden_size": None, "num_layers": None, "level": "character"}, "was trained on word tokens"),
    ):
        with pytest.raises(MisconfigurationException, match=message):
            classifier(encoder=str(tmp_path / "lm.ckpt"), **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"encoder": "nowhere"}, "no such file"),
        ({"max_len": 0}, "TextClassifier: max_len=0"),
        ({"num_layers": 0}, "TextClassifier: num_layers=0"),
        ({"weight_p": 0.9, "drop_mult": 2.0}, "must be from 0 to below 1"),
        ({"head_p": [0.1]}, "two rates"),
    ],
)
def test_options_that_do_not_fit_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(MisconfigurationException, match=message):
        classifier(**options)


def test_a_batch_of_one_document_is_refused_in_training_only() -> None:
    net = classifier()
    net(documents(5)[0][None])
    with pytest.raises(MisconfigurationException, match="batch_size must be above 1"):
        net.train()(documents(5)[0][None])


def test_layer_groups_hold_every_parameter_once() -> None:
    net = classifier()
    held = [id(p) for group in net.layer_groups() for part in group for p in part.parameters()]  # type: ignore[union-attr]
    assert sorted(held) == sorted(id(p) for p in net.parameters())
