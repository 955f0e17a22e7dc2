"""Word vectors: words that keep the same company lie near one another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from practicum.callbacks import NearestWords, SlantedTriangular, WordVectorsFile
from practicum.datamodules import BPTTWindows
from practicum.lightning_shim import MisconfigurationException, Trainer
from practicum.modules import SkipGram
from practicum.modules.skip_gram import keep_probability, load_skip_gram
from practicum.modules.weights.word_vectors import read_vec, vectors_for
from torch.utils.data import DataLoader

VOCAB = [*(f"{a}{b}" for a in "kl" for b in "abcdefgh"), "walk", "walks"]  # of two topics, and two of both


def corpus(sentences: int = 3000) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(1)
    topics = rng.integers(0, 2, (sentences, 1))
    words = 8 * topics + rng.integers(0, 8, (sentences, 8))
    words[:, 4] = rng.integers(16, 18, sentences)
    return words.flatten().astype(np.uint16)


def skip_gram(**options: Any) -> SkipGram:
    torch.manual_seed(0)
    counts = np.bincount(corpus(), minlength=len(VOCAB)).tolist()
    options = {
        "embedding_dim": 16,
        "window": 3,
        "shared_negatives": 32,
        "subsample": 0,
        "optimizer": lambda p: torch.optim.SGD(p, lr=0.1),
        **options,
    }
    return SkipGram(VOCAB, counts, **options)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[SkipGram, Path]:
    folder = tmp_path_factory.mktemp("vectors")
    net, data = skip_gram(max_n=0), BPTTWindows(corpus(), batch_size=8, bptt=32)
    trainer = Trainer(
        accelerator="cpu",
        max_epochs=4,
        logger=False,
        enable_progress_bar=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        callbacks=[SlantedTriangular(cut_frac=0.01), WordVectorsFile(folder), NearestWords(folder, words=["ka"])],
    )
    loader = DataLoader(data, batch_size=None)
    trainer.fit(net, loader, loader)
    trainer.test(net, loader, verbose=False)
    trainer.save_checkpoint(folder / "checkpoints" / "best.ckpt")
    return net, folder


def test_words_of_a_topic_lie_near_one_another(trained: tuple[SkipGram, Path]) -> None:
    unit = torch.nn.functional.normalize(trained[0].word_vectors()[:16], dim=1)
    cosines = unit @ unit.T
    same = torch.block_diag(torch.ones(8, 8), torch.ones(8, 8)).bool()
    assert cosines[same].min() > cosines[~same].max()
    text = (trained[1] / "nearest_words.txt").read_text(encoding="utf-8")
    assert text.startswith("ka: k")


def test_vectors_in_a_file_are_those_of_the_model(trained: tuple[SkipGram, Path]) -> None:
    net, folder = trained
    words, vectors = read_vec(folder / "vectors.vec")
    assert words == VOCAB
    torch.testing.assert_close(vectors, net.word_vectors(), atol=1e-4, rtol=1e-4)
    for source in (folder, folder / "vectors.vec"):
        found, there, _ = vectors_for(str(source), ["lb", "nowhere"], "Net: vectors", load_skip_gram)
        torch.testing.assert_close(found[0], net.vector("lb"), atol=1e-4, rtol=1e-4)
        assert there.tolist() == [True, False]


def test_a_run_gives_unseen_words_the_vector_of_their_subwords() -> None:
    net = skip_gram(min_n=3, max_n=4)
    assert torch.nn.functional.cosine_similarity(net.vector("walked"), net.vector("walk"), dim=0) > 0
    torch.testing.assert_close(net.vector("walk"), net(torch.tensor([16]))[0].detach())


def test_frequent_words_are_subsampled() -> None:
    keep = keep_probability(torch.tensor([990.0, 9.0, 1.0]), 0.01)
    torch.testing.assert_close(keep, torch.tensor([(0.01 / 0.99) ** 0.5 + 0.01 / 0.99, 1.0, 1.0]))
    assert keep_probability(torch.tensor([990.0, 9.0, 1.0]), 0).tolist() == [1, 1, 1]


def test_validation_draws_the_same_each_time_and_leaves_training_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    batch = BPTTWindows(corpus(50), batch_size=2, bptt=16)[0]
    net = skip_gram(subsample=0.01)
    losses: list[float] = []
    monkeypatch.setattr(net, "log", lambda name, value, **options: losses.append(float(value.compute())))
    for _ in range(2):
        before = torch.get_rng_state()
        net.validation_step(batch, 0)
        assert torch.equal(before, torch.get_rng_state())
    net.validation_step(batch, 1)
    assert losses[0] == losses[1] != losses[2]


def test_a_batch_without_a_kept_word_has_no_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    net = skip_gram(subsample=1e-12)
    monkeypatch.setattr(net, "log", lambda *args, **options: None)
    net.training_step(BPTTWindows(corpus(50), batch_size=2, bptt=16)[0], 0).backward()
    assert net.context.weight.grad is not None
    assert not net.context.weight.grad.to_dense().any()


@pytest.mark.parametrize("options", [{"embedding_dim": 0}, {"window": 0}, {"negatives": 0}, {"subsample": -1.0}])
def test_numbers_out_of_range_are_named(options: dict[str, Any]) -> None:
    with pytest.raises(MisconfigurationException, match=f"SkipGram: {next(iter(options))}="):
        skip_gram(**options)


def test_characters_have_no_nearest_words(tmp_path: Path, make_trainer: Callable[..., Trainer]) -> None:
    net = SkipGram(list("abcdef"), [5] * 6, max_n=0, embedding_dim=4, optimizer=lambda p: torch.optim.SGD(p, lr=0.01))
    loader = DataLoader(BPTTWindows(np.arange(200, dtype=np.uint16) % 6, batch_size=2, bptt=16), batch_size=None)
    make_trainer(callbacks=[NearestWords(tmp_path)]).test(net, loader, verbose=False)
    assert not (tmp_path / "nearest_words.txt").exists()


def test_a_small_vocabulary_does_not_overshoot_in_large_batches() -> None:
    net = skip_gram(window=5, optimizer=lambda p: torch.optim.SGD(p, lr=0.05))
    net.log = lambda *args, **options: None  # type: ignore[method-assign]
    data = BPTTWindows(corpus(), batch_size=16, bptt=128)  # each word a hundred times a batch
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
    for step in range(len(data)):
        loss = net.training_step(data[step], step)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert net.word_vectors().abs().max() < 10
