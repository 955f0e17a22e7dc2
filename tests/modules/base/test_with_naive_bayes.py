"""Naive Bayes beside a network: when documents are counted, what is trained, and what a checkpoint brings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from practicum.lightning_shim import LightningDataModule, MisconfigurationException, Trainer
from practicum.modules import TextClassifier, WordVectorClassifier
from practicum.modules.base.with_naive_bayes import WithNaiveBayes
from torch.utils.data import DataLoader, TensorDataset

VOCAB = ["xxunk", "xxpad", "xxbos", "good", "bad"]
TOKENS, TARGET = torch.tensor([[3, 4, 3], [4, 4, 3], [4, 3, 3], [3, 3, 4]]), torch.tensor([0, 0, 1, 1])
QUIET: dict[str, Any] = {
    "logger": False,
    "enable_checkpointing": False,
    "enable_progress_bar": False,
    "enable_model_summary": False,
}


class Documents(LightningDataModule):
    def train_dataloader(self) -> DataLoader[tuple[torch.Tensor, ...]]:
        return DataLoader(TensorDataset(TOKENS, TARGET), batch_size=2, shuffle=True)


def classifier(kind: type[WithNaiveBayes] = WordVectorClassifier, **options: Any) -> WithNaiveBayes:
    sizes = {"embedding_dim": 4, "hidden_size": 4, "num_layers": 1} if kind is TextClassifier else {}
    net: WithNaiveBayes = kind(["no", "yes"], VOCAB, **{**sizes, **options})
    return net


def fit(net: WithNaiveBayes, epochs: int = 1, **options: Any) -> Trainer:
    trainer = Trainer(max_epochs=epochs, accelerator="cpu", **QUIET)
    trainer.fit(net, **options)
    return trainer


@pytest.mark.parametrize("kind", [WordVectorClassifier, TextClassifier])
@pytest.mark.parametrize("as_module", [True, False], ids=["data module", "loader"])
def test_documents_are_counted_as_training_begins(kind: type[WithNaiveBayes], as_module: bool) -> None:
    net, data = classifier(kind).eval(), Documents()
    torch.testing.assert_close(net(TOKENS), net.network_logits(TOKENS))  # nothing is counted
    fit(net, **({"datamodule": data} if as_module else {"train_dataloaders": data.train_dataloader()}))
    assert net.naive_bayes is not None
    assert net.naive_bayes.documents.tolist() == [2, 2]
    net.eval()
    torch.testing.assert_close(net(TOKENS), (net.network_logits(TOKENS) + net.naive_bayes(TOKENS)) / 2)


def test_the_network_is_trained_by_its_own_loss() -> None:
    net = classifier(lr=1e-12)
    trainer = fit(net, datamodule=Documents())
    torch.testing.assert_close(trainer.callback_metrics["train/loss"], net.loss(net.network_logits(TOKENS), TARGET))
    assert not torch.isclose(net.loss(net(TOKENS), TARGET), net.loss(net.network_logits(TOKENS), TARGET))


def test_a_resumed_training_keeps_its_counts(tmp_path: Path) -> None:
    net, path = classifier(), tmp_path / "a.ckpt"
    fit(net, datamodule=Documents()).save_checkpoint(path)
    state = torch.load(path, weights_only=True)
    state["state_dict"]["naive_bayes.documents"] += 7  # to be told from counting anew
    torch.save(state, path)
    again = classifier()
    fit(again, 2, datamodule=Documents(), ckpt_path=path)
    assert net.naive_bayes is not None
    assert again.naive_bayes is not None
    assert again.naive_bayes.documents.tolist() == [9, 9]
    torch.testing.assert_close(again.naive_bayes.counts, net.naive_bayes.counts)
    torch.testing.assert_close(again.naive_bayes.scales, net.naive_bayes.scales)


def test_counting_changes_no_random_number() -> None:
    """The network's weights after an epoch of shuffled batches with dropout are those of a training without counts."""
    found = []
    for ngrams in (0, 2):
        torch.manual_seed(3)
        net = classifier(TextClassifier, ngrams=ngrams)
        torch.manual_seed(4)
        fit(net, datamodule=Documents())
        found.append(net.encoder.embedding.weight.detach())
    torch.testing.assert_close(found[0], found[1], rtol=0, atol=0)


@pytest.mark.parametrize("kind", [WordVectorClassifier, TextClassifier])
def test_the_network_alone(kind: type[WithNaiveBayes]) -> None:
    net = classifier(kind, ngrams=0)
    fit(net, datamodule=Documents())
    assert net.naive_bayes is None
    assert not any(name.startswith("naive_bayes") for name in net.state_dict())
    with pytest.raises(MisconfigurationException, match=f"{kind.__name__}: ngrams=-1 must be at least 0"):
        classifier(kind, ngrams=-1)
