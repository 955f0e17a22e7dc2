"""The mean of word vectors, and what may be put in."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from practicum.lightning_shim import MisconfigurationException
from practicum.modules import WordVectorClassifier

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
