"""Word vectors as other programs read them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from practicum.callbacks import WordVectorsFile
from practicum.callbacks.run.word_vectors_file import vector_lines
from practicum.lightning_shim import MisconfigurationException, Trainer

VECTORS = torch.tensor([[0.5, 1.0], [1 / 3, -2e-7], [0.0, 0.0]])


def test_words_with_whitespace_are_left_out() -> None:
    assert list(vector_lines(["good", "film", "two words"], VECTORS)) == ["2 2", "good 0.5 1", "film 0.33333 -2e-07"]


def test_is_written_after_a_test(
    known_classifier: Any, known_photos: Any, make_trainer: Callable[..., Trainer], tmp_path: Path
) -> None:
    module = known_classifier()
    module.vocab, module.word_vectors = ("good", "film", "ü"), lambda: VECTORS
    make_trainer(callbacks=[WordVectorsFile()]).test(module, known_photos, verbose=False)
    assert (tmp_path / "vectors.vec").read_bytes() == "3 2\ngood 0.5 1\nfilm 0.33333 -2e-07\nü 0 0\n".encode()
    with pytest.raises(MisconfigurationException, match=r"needs KnownClassifier to have `vocab` and word_vectors\(\)"):
        make_trainer(callbacks=[WordVectorsFile()]).test(known_classifier(), known_photos, verbose=False)
