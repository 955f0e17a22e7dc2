"""Concatenated pooling of every form of feature map."""

from __future__ import annotations

import torch
from practicum.modules.layers.concat_pool import ConcatPool


def test_every_form_of_features_gives_the_same_average_and_maximum() -> None:
    x = torch.randn(2, 5, 3, 4)
    expected = torch.cat([x.flatten(2).mean(2), x.flatten(2).amax(2)], 1)
    torch.testing.assert_close(ConcatPool()(x), expected)
    torch.testing.assert_close(ConcatPool(channels_last=True)(x.permute(0, 2, 3, 1)), expected)
    tokens = torch.cat([torch.full((2, 1, 5), 99.0), x.flatten(2).transpose(1, 2)], 1)  # a class token first
    torch.testing.assert_close(ConcatPool(prefix_tokens=1)(tokens), expected)
