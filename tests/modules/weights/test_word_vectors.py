"""Word vectors from files, and damaged ones."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from practicum.lightning_shim import MisconfigurationException
from practicum.modules.skip_gram import load_skip_gram
from practicum.modules.weights.word_vectors import fill_embedding, read_vec, vectors_for
from torch import nn


def test_wanted_words_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.vec").write_text("3 2\ncat 1 2\nhat 3 4\nnew york 5 6\n", encoding="utf-8")
    words, vectors = read_vec(tmp_path / "a.vec")
    assert words == ["cat", "hat", "new york"]
    assert vectors.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert read_vec(tmp_path / "a.vec", ["hat", "rat"])[0] == ["hat"]
    found, there, path = vectors_for(str(tmp_path / "a.vec"), ["rat", "hat"], "Net: vectors", load_skip_gram)
    assert found.tolist() == [[0, 0], [3, 4]]
    assert there.tolist() == [False, True]
    assert path == tmp_path / "a.vec"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("cat 1 2\n", "first line"),
        ("2 2\ncat 1 2\n", "announces 2 words but contains 1"),
        ("1 2\ncat 1\n", "line 2"),
        ("1 2\ncat 1 nan\n", "line 2"),
        ("1 2\ncat one two\n", "line 2"),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "a.vec").write_text(content, encoding="utf-8")
    with pytest.raises(MisconfigurationException, match=message):
        read_vec(tmp_path / "a.vec")


def test_other_encodings_and_other_checkpoints_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.vec").write_bytes("1 2\nkäse 1 2\n".encode("latin-1"))
    with pytest.raises(MisconfigurationException, match="not UTF-8"):
        read_vec(tmp_path / "a.vec")
    torch.save({"state_dict": {"weight": torch.zeros(2)}}, tmp_path / "c.ckpt")
    with pytest.raises(MisconfigurationException, match=r"Net: vectors=.*c\.ckpt: contains no word vectors"):
        vectors_for(str(tmp_path / "c.ckpt"), ["cat"], "Net: vectors", load_skip_gram)
    with pytest.raises(MisconfigurationException, match="no such file"):
        vectors_for(str(tmp_path / "d.vec"), ["cat"], "Net: vectors", load_skip_gram)


def test_an_embedding_begins_as_vectors_scaled_to_its_own_size(tmp_path: Path) -> None:
    vocab = ["xxunk", "xxpad", "cat", "hat", "rat"]
    (tmp_path / "a.vec").write_text("4 3\ncat 3 0 0\nhat 0 4 0\nmat 9 9 9\nxxpad 1 1 1\n", encoding="utf-8")
    embedding = nn.Embedding(5, 3, padding_idx=1)
    before = embedding.weight.detach().clone()
    facts = fill_embedding(str(tmp_path / "a.vec"), vocab, embedding, "Net: vectors", load_skip_gram)
    after = embedding.weight.detach()
    assert torch.equal(after[[0, 1, 4]], before[[0, 1, 4]])  # words without a vector, and the padding
    torch.testing.assert_close(after[3].norm() / after[2].norm(), torch.tensor(4 / 3))
    assert after[2, 1:].tolist() == [0, 0]
    torch.testing.assert_close(after[2:4].square().mean(), before[2:4].square().mean())
    assert facts["vectors"] == str(tmp_path / "a.vec")
    assert facts["vectors_tokens"] == "2 of 5 have a vector"
    with pytest.raises(MisconfigurationException, match="Net: vectors=.*their size is 3, the embedding's 4; set embedding_dim=3"):
        fill_embedding(str(tmp_path / "a.vec"), vocab, nn.Embedding(5, 4), "Net: vectors", load_skip_gram)
