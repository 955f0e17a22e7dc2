"""fastai's language models in files: a ``.pth`` with a pickled vocabulary beside it.

**Safety.** A vocabulary's pickle is read by an unpickler that knows lists and strings only, and refuses everything else before it
runs.

**Source.** fastai's published AWD-LSTMs (``wt103-fwd``, ``wt103-bwd``; Howard and Ruder 2018) and ``Learner.save``.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor


def from_fastai(state: dict[str, Tensor]) -> tuple[dict[str, Tensor], Tensor | None]:
    """State of an :class:`.AWDLSTM` and bias of the output layer from a fastai language model's state, or its encoder's."""
    encoder = {}
    for key, value in state.items():
        name = key.removeprefix("0.").removeprefix("module.")
        if name == "encoder.weight":
            encoder["embedding.weight"] = value
        elif name.startswith("rnns."):
            _, layer, *rest = name.split(".")
            weight = rest[-1]
            if weight.endswith("_raw"):
                encoder[f"rnns.{layer}.{weight.removesuffix('_raw')}"] = value
            elif weight != "weight_hh_l0":  # beside its raw form, this one is what dropout left of it
                encoder[f"rnns.{layer}.{weight}"] = value
    return encoder, state.get("1.decoder.bias")


def to_fastai(encoder: dict[str, Tensor], bias: Tensor) -> dict[str, Tensor]:
    """The inverse of :func:`from_fastai`: a state for ``get_language_model(AWD_LSTM, ...)``."""
    embedding = encoder["embedding.weight"]
    state = {"0.encoder.weight": embedding, "0.encoder_dp.emb.weight": embedding}
    for key, value in encoder.items():
        if not key.startswith("rnns."):
            continue
        _, layer, weight = key.split(".")
        state[f"0.rnns.{layer}.{'weight_hh_l0_raw' if weight == 'weight_hh_l0' else f'module.{weight}'}"] = value
    return {**state, "1.decoder.weight": embedding, "1.decoder.bias": bias}


def write_fastai(path: Path, vocab: Sequence[str], encoder: dict[str, Tensor], bias: Tensor) -> None:
    """Write ``path`` and ``<name>_vocab.pkl`` beside it, as fastai reads them (``model_dir``, ``pretrained_fnames``)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    torch.save(to_fastai(encoder, bias), part)
    path.with_name(f"{path.stem}_vocab.pkl").write_bytes(pickle.dumps(list(vocab), protocol=2))
    part.replace(path)


class _ListsAndStrings(pickle.Unpickler):
    """Builds lists, strings and numbers, and imports nothing."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"it refers to {module}.{name}")

    def persistent_load(self, pid: Any) -> Any:
        raise pickle.UnpicklingError("it refers to something outside")


def read_vocabulary(path: Path) -> list[str]:
    """Read a pickled list of strings; nothing in the file can run.

    Raises:
        MisconfigurationException: It contains anything else.
    """
    try:
        content = _ListsAndStrings(io.BytesIO(path.read_bytes())).load()
    except Exception as error:  # whatever bytes do to an unpickler
        raise MisconfigurationException(
            f"{path}: not a plain list of tokens ({error}); nothing in it was run. Download the vocabulary again."
        ) from error
    if not isinstance(content, list) or not all(isinstance(token, str) for token in content):
        raise MisconfigurationException(f"{path}: not a plain list of tokens; nothing in it was run.")
    return content
