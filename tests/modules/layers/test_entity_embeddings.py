"""One gather equals a loop of ``nn.Embedding``, to the bit, forwards and backwards."""

from __future__ import annotations

import pytest
import torch
from practicum.modules.layers.entity_embeddings import EntityEmbeddings, embedding_width
from torch import nn

LEVELS, WIDTHS = [1116, 8, 3, 32], [50, 4, 2, 11]


@pytest.mark.parametrize("widths", [WIDTHS, [8, 8, 8, 8]], ids=["of many widths", "of one width"])
def test_one_gather_equals_a_loop_to_the_bit(widths: list[int]) -> None:
    torch.manual_seed(0)
    embeddings = EntityEmbeddings(LEVELS, widths)
    loop = [nn.Embedding(levels, width) for levels, width in zip(LEVELS, widths, strict=True)]
    for column, each in enumerate(loop):
        each.weight.data.copy_(embeddings.table(column))
    codes = torch.stack([torch.randint(0, levels, (257,)) for levels in LEVELS], 1)
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


@pytest.mark.parametrize(("levels", "width"), [(1116, 81), (8, 5), (2, 2), (10**6, 600)])
def test_width_is_fastais_rule(levels: int, width: int) -> None:
    assert embedding_width(levels) == width
