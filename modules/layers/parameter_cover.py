"""Which modules hold exactly a given set of parameters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from torch import nn


def covering_modules(network: nn.Module, names: Iterable[str]) -> list[nn.Module | nn.Parameter]:
    """The largest modules that hold only the named parameters; a parameter whose module also holds others stands for itself.

    Whole modules, because their parts without parameters (dropout, stochastic depth) belong to the layer as well.

    Args:
        network: Holds the parameters.
        names: Names of parameters, as in ``network.named_parameters()``.
    """
    wanted = {id(network.get_parameter(name)) for name in names}

    def cover(module: nn.Module) -> Iterator[nn.Module | nn.Parameter]:
        held = {id(parameter) for parameter in module.parameters()}
        if held and held <= wanted:
            yield module
        elif held & wanted:
            yield from (parameter for parameter in module.parameters(recurse=False) if id(parameter) in wanted)
            for child in module.children():
                yield from cover(child)

    return list(cover(network))
