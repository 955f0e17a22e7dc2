"""The mean of word vectors, and what may be put in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from practicum.lightning_shim import LightningDataModule, MisconfigurationException, Trainer
from practicum.modules import WordVectorClassifier
from torch.utils.data import DataLoader, TensorDataset

VOCAB = ["xxunk", "xxpad", "xxbos", "good", "bad"]


def test_logits_are_those_of_the_mean_whatever_the_padding(tmp_path: Path) -> None:
    (tmp_path / "a.vec").write_text("2 3\ngood 1 2 3\nbad -1 0 1\n", encoding="utf-8")
    net = WordVectorClassifier(["no", "yes"], VOCAB, vectors=str(tmp_path / "a.vec")).eval()
    mean = (torch.tensor([1.0, 2, 3]) * 2 + torch.tensor([-1.0, 0, 1])) / 4  # xxbos has no vector, and counts
    row = torch.tensor([[2, 3, 4, 3]])
    torch.testing.assert_close(net(row)[0], net.head(mean))
    padded = torch.tensor([[2, 3, 4, 3, 1, 1], [4, 4, 4, 4, 4, 4]])
    torch.testing.assert_close(net(padded)[0], net(row)[0])
    assert net.pretrained
    assert net.provenance["tokens"] == "2 of 5 have a vector"
    assert not net.embedding.weight[1].any()


def test_a_checkpoint_needs_no_file_of_vectors(tmp_path: Path) -> None:
    (tmp_path / "a.vec").write_text("1 3\ngood 1 2 3\n", encoding="utf-8")
    net = WordVectorClassifier(["no", "yes"], VOCAB, vectors=str(tmp_path / "a.vec"))
    again = WordVectorClassifier(**dict(net.hparams))
    assert again.embedding.weight.shape == (5, 3)


def test_vectors_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.vec").write_text("1 3\ngood 1 2 3\n", encoding="utf-8")
    with pytest.raises(MisconfigurationException, match="their size is 3, not 5"):
        WordVectorClassifier(["no", "yes"], VOCAB, vectors=str(tmp_path / "a.vec"), embedding_dim=5)
    with pytest.raises(MisconfigurationException, match="WordVectorClassifier: vectors=.*no such file"):
        WordVectorClassifier(["no", "yes"], VOCAB, vectors=str(tmp_path / "b.vec"))
    with pytest.raises(MisconfigurationException, match="WordVectorClassifier: embedding_dim=0 must be at least 1"):
        WordVectorClassifier(["no", "yes"], VOCAB, embedding_dim=0)


def test_random_vectors_are_not_pretrained() -> None:
    net = WordVectorClassifier(["no", "yes"], VOCAB)
    assert not net.pretrained
    assert net.embedding.weight.shape == (5, 100)


def test_vectors_of_other_words_are_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "a.vec").write_text("2 3\nbon 1 2 3\nmauvais -1 0 1\n", encoding="utf-8")
    WordVectorClassifier(["no", "yes"], VOCAB, vectors=str(tmp_path / "a.vec"))
    assert "knows 0 of the 2 words" in caplog.text


class _Documents(LightningDataModule):
    """Three words of which the middle one tells the class, in order: vectors have to tell it from the sum."""

    def train_dataloader(self) -> DataLoader[tuple[torch.Tensor, torch.Tensor]]:
        tokens = torch.tensor([[3, 4, 3], [4, 4, 3], [4, 3, 3], [3, 3, 4]])
        return DataLoader(TensorDataset(tokens, torch.tensor([0, 0, 1, 1])), batch_size=3)


def _trainer(**more: Any) -> Trainer:
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False, "enable_model_summary": False}
    return Trainer(**{"max_epochs": 1, "accelerator": "cpu", **quiet, **more})


@pytest.mark.parametrize("as_module", [True, False], ids=["data module", "loader"])
def test_documents_are_counted_as_training_begins(as_module: bool) -> None:
    net, data = WordVectorClassifier(["no", "yes"], VOCAB), _Documents()
    tokens = torch.tensor([[3, 4, 3], [4, 3, 3]])
    torch.testing.assert_close(net(tokens), net.vector_logits(tokens))  # nothing is counted
    _trainer().fit(net, **({"datamodule": data} if as_module else {"train_dataloaders": data.train_dataloader()}))
    assert net.naive_bayes is not None
    assert net.naive_bayes.documents.tolist() == [2, 2]
    torch.testing.assert_close(net(tokens), (net.vector_logits(tokens) + net.naive_bayes(tokens)) / 2)


def test_vectors_are_trained_by_their_own_loss() -> None:
    net, trainer = WordVectorClassifier(["no", "yes"], VOCAB, lr=1e-12), _trainer()
    trainer.fit(net, _Documents())
    tokens, target = _Documents().train_dataloader().dataset[:]
    torch.testing.assert_close(trainer.callback_metrics["train/loss"], net.loss(net.vector_logits(tokens), target))
    assert not torch.isclose(net.loss(net(tokens), target), net.loss(net.vector_logits(tokens), target))


def test_a_resumed_training_keeps_its_counts(tmp_path: Path) -> None:
    net = WordVectorClassifier(["no", "yes"], VOCAB)
    trainer = _trainer()
    trainer.fit(net, _Documents())
    trainer.save_checkpoint(tmp_path / "a.ckpt")
    assert net.naive_bayes is not None
    state = torch.load(tmp_path / "a.ckpt", weights_only=True)
    state["state_dict"]["naive_bayes.documents"] += 7  # to be told from counting anew
    torch.save(state, tmp_path / "a.ckpt")
    again = WordVectorClassifier(["no", "yes"], VOCAB)
    _trainer(max_epochs=2).fit(again, _Documents(), ckpt_path=tmp_path / "a.ckpt")
    assert again.naive_bayes is not None
    assert again.naive_bayes.documents.tolist() == [9, 9]
    torch.testing.assert_close(again.naive_bayes.counts, net.naive_bayes.counts)


def test_word_vectors_alone() -> None:
    net = WordVectorClassifier(["no", "yes"], VOCAB, ngrams=0)
    _trainer().fit(net, _Documents())
    assert net.naive_bayes is None
    with pytest.raises(MisconfigurationException, match="WordVectorClassifier: ngrams=-1 must be at least 0"):
        WordVectorClassifier(["no", "yes"], VOCAB, ngrams=-1)
