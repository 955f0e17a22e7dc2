"""Weights of language models in files: runs and checkpoints of ours, and fastai's ``.pth`` beside a pickled vocabulary.

**Safety.** Tensors are read with ``weights_only=True``. A vocabulary's pickle is read by an unpickler that knows lists and
strings, and refuses everything else before it runs.

**Source.** fastai's published AWD-LSTMs (``wt103-fwd``, ``wt103-bwd``; Howard and Ruder 2018) and ``Learner.save``.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor

from .state_dict import hash_of_file, read_state_dict, weights_of


@dataclass
class LanguageModelWeights:
    """What a file holds.

    Attributes:
        vocab: A token a row.
        encoder: State of an :class:`.AWDLSTM`.
        bias: Of the output layer ``[V]``, where there is one.
        facts: Of how it was made, where known: ``level``, ``tokenizer``, ``reverse``.
        path: The file.
        sha256: Of the file.
    """

    vocab: list[str]
    encoder: dict[str, Tensor]
    bias: Tensor | None
    facts: dict[str, Any]
    path: Path
    sha256: str

    @property
    def sizes(self) -> dict[str, int]:
        """``embedding_size``, ``hidden_size`` and ``layers``."""
        layers = sum(key.endswith(".weight_hh_l0") for key in self.encoder)
        return {
            "embedding_size": self.encoder["embedding.weight"].shape[1],
            "hidden_size": self.encoder["rnns.0.weight_hh_l0"].shape[1],
            "layers": layers,
        }


def read_language_model(source: str, option: str = "model.encoder") -> LanguageModelWeights:
    """Read a language model.

    Args:
        source: A run folder, a ``.ckpt`` of one, or a ``.pth`` as fastai writes it, with its vocabulary as the only ``.pkl``
            beside it.
        option: What named it, for messages.

    Raises:
        MisconfigurationException: No such file, not a language model, or one that holds code.
    """
    path = weights_of(
        source, f"{option}={source}: no such file; give the run folder of a language model, a .ckpt of it, or a .pth of fastai's."
    )
    state = read_state_dict(path)
    if path.suffix == ".ckpt":
        known = torch.load(path, map_location="cpu", weights_only=True).get("hyper_parameters", {})
        encoder = {key.removeprefix("encoder."): value for key, value in state.items() if key.startswith("encoder.")}
        if "embedding.weight" not in encoder or "vocab" not in known:
            raise MisconfigurationException(f"{option}={source}: is no language model; train one with experiment=lm.")
        facts = {key: known[key] for key in ("level", "tokenizer", "reverse") if key in known}
        return LanguageModelWeights(known["vocab"], encoder, state.get("bias"), facts, path, hash_of_file(path))
    encoder, bias = from_fastai(state)
    if "embedding.weight" not in encoder or "rnns.0.weight_hh_l0" not in encoder:
        raise MisconfigurationException(f"{option}={source}: holds no AWD-LSTM of fastai's ({', '.join(list(state)[:3])} ...).")
    pickles = sorted(path.parent.glob("*.pkl"))
    if len(pickles) != 1:
        found = ", ".join(each.name for each in pickles) or "none"
        raise MisconfigurationException(
            f"{option}={source}: its vocabulary is wanted beside it, as the only .pkl of the folder; found {found}."
        )
    vocab = read_vocabulary(pickles[0])
    if len(vocab) != len(encoder["embedding.weight"]):
        raise MisconfigurationException(
            f"{pickles[0]}: has {len(vocab)} tokens, and {path.name} has rows for {len(encoder['embedding.weight'])}; they don't "
            "belong together."
        )
    return LanguageModelWeights(vocab, encoder, bias, {"level": "word"}, path, hash_of_file(path))


def from_fastai(state: dict[str, Tensor]) -> tuple[dict[str, Tensor], Tensor | None]:
    """State of an :class:`.AWDLSTM`, and the bias of the output layer, from that of a fastai language model or its encoder."""
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
            elif weight != "weight_hh_l0":  # beside its raw form that one is what dropout left of it
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
    beside = path.with_name(f".{path.name}.part")
    torch.save(to_fastai(encoder, bias), beside)
    path.with_name(f"{path.stem}_vocab.pkl").write_bytes(pickle.dumps(list(vocab), protocol=2))
    beside.replace(path)


class _ListsAndStrings(pickle.Unpickler):
    """Builds lists, strings and numbers, and looks nothing up."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")

    def persistent_load(self, pid: Any) -> Any:
        raise pickle.UnpicklingError("it refers to something outside")


def read_vocabulary(path: Path) -> list[str]:
    """A pickled list of strings; nothing in the file can run.

    Raises:
        MisconfigurationException: It holds anything else.
    """
    try:
        content = _ListsAndStrings(io.BytesIO(path.read_bytes())).load()
    except Exception as error:  # whatever bytes do to an unpickler
        raise MisconfigurationException(
            f"{path}: is no plain list of tokens ({error}); nothing in it was run. Fetch the vocabulary again."
        ) from error
    if not isinstance(content, list) or not all(isinstance(token, str) for token in content):
        raise MisconfigurationException(f"{path}: is no plain list of tokens; nothing in it was run.")
    return content
