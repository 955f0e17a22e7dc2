"""One gather equals a loop of ``nn.Embedding``, to the bit, forwards and backwards."""

from __future__ import annotations

import pytest
import torch
from practicum.lightning_shim import MisconfigurationException
from practicum.modules.layers.entity_embeddings import EntityEmbeddings, choose_dims, embedding_dim
from torch import nn

CARDINALITIES, DIMS = [1116, 8, 3, 32], [50, 4, 2, 11]


@pytest.mark.parametrize("dims", [DIMS, [8, 8, 8, 8]], ids=["of several sizes", "of one size"])
def test_one_gather_equals_a_loop_to_the_bit(dims: list[int]) -> None:
    torch.manual_seed(0)
    embeddings = EntityEmbeddings(CARDINALITIES, dims)
    loop = [nn.Embedding(count, dim) for count, dim in zip(CARDINALITIES, dims, strict=True)]
    for column, each in enumerate(loop):
        each.weight.data.copy_(embeddings.table(column))
    codes = torch.stack([torch.randint(0, count, (257,)) for count in CARDINALITIES], 1)
    found, wanted = embeddings(codes), torch.cat([each(codes[:, c]) for c, each in enumerate(loop)], 1)
    assert torch.equal(found, wanted)
    weights = torch.randn_like(found)
    (found * weights).sum().backward()
    (wanted * weights).sum().backward()
    gradients = [each.weight.grad for each in loop]
    assert all(each is not None for each in gradients)
    assert embeddings.weight.grad is not None
    assert torch.equal(embeddings.weight.grad, torch.cat([each.flatten() for each in gradients if each is not None]))
    assert torch.equal(embeddings(codes.int()), wanted)


@pytest.mark.parametrize(("cardinality", "dim"), [(1116, 81), (8, 5), (2, 2), (10**6, 600)])
def test_size_is_fastais_rule(cardinality: int, dim: int) -> None:
    assert embedding_dim(cardinality) == dim


def test_sizes_are_given_by_the_rule_or_bounded(caplog: pytest.LogCaptureFixture) -> None:
    categories = {"shop": list("abc"), "day": list("1234567"), "zip": [str(i) for i in range(1000)]}
    assert choose_dims("Net", categories, {"day": 4}, 50) == [3, 4, 50]
    with pytest.raises(MisconfigurationException, match="Net: embedding_dims.shops: there is no such .* did you mean shop"):
        choose_dims("Net", categories, {"shops": 4}, 50)
    with pytest.raises(MisconfigurationException, match="Net: embedding_dims.shop=-1 must be at least 1"):
        choose_dims("Net", categories, {"shop": -1}, 50)
    assert not caplog.text
    assert choose_dims("Net", {"user": range(1_000_000)}, {}, 2) == [2]  # type: ignore[dict-item]
    assert "user has 1,000,000 categories" in caplog.text
