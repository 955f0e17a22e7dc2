"""Language models from files: runs and checkpoints of :class:`.LanguageModel`, and fastai's ``.pth``, also by name.

**Safety.** Tensors are read with ``weights_only=True``; see :mod:`.fastai_format` for vocabularies and :mod:`.published` for what
is downloaded.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor

from .fastai_format import from_fastai, read_vocabulary
from .published import PUBLISHED, fetch_published
from .state_dict import find_weights, hash_of_file, read_state_dict


@dataclass
class LanguageModelWeights:
    """What a file contains.

    Attributes:
        vocab: The token of each row.
        encoder: State of an :class:`.AWDLSTM`.
        bias: Bias of the output layer ``[V]``, if there is one.
        facts: How the tokens were made, where known: ``level``, ``tokenizer``, ``reverse``.
        path: The file.
        sha256: The file's SHA-256.
    """

    vocab: list[str]
    encoder: dict[str, Tensor]
    bias: Tensor | None
    facts: dict[str, Any]
    path: Path
    sha256: str

    @property
    def sizes(self) -> dict[str, int]:
        """``embedding_dim``, ``hidden_size`` and ``num_layers``."""
        return {
            "embedding_dim": self.encoder["embedding.weight"].shape[1],
            "hidden_size": self.encoder["rnns.0.weight_hh_l0"].shape[1],
            "num_layers": sum(key.endswith(".weight_hh_l0") for key in self.encoder),
        }


def read_language_model(source: str, option: str) -> LanguageModelWeights:
    """Read a language model.

    Args:
        source: A run folder, a ``.ckpt`` of one, a ``.pth`` as fastai writes it, with its vocabulary as the only ``.pkl``
            beside it, or one that fastai has published: ``wt103-fwd``, ``wt103-bwd``.
        option: Whose option ``source`` is, for messages: ``"TextClassifier: encoder"``.

    Raises:
        MisconfigurationException: No such file, not a language model, or one that contains code; see :func:`.fetch_published`.
    """
    facts: dict[str, Any] = {"level": "word"}
    if source in PUBLISHED:
        path = fetch_published(source, option)
        facts["reverse"] = PUBLISHED[source].reverse
    else:
        path = find_weights(
            source,
            f"{option}={source}: no such file; give the run folder of a language model, a .ckpt of it, fastai's .pth, "
            f"{' or '.join(PUBLISHED)}.",
        )
    state = read_state_dict(path)
    if path.suffix == ".ckpt":
        known = torch.load(path, map_location="cpu", weights_only=True).get("hyper_parameters", {})
        encoder = {key.removeprefix("encoder."): value for key, value in state.items() if key.startswith("encoder.")}
        if "embedding.weight" not in encoder or "vocab" not in known:
            raise MisconfigurationException(f"{option}={source}: not a language model; train a LanguageModel (experiment=lm).")
        facts = {key: known[key] for key in ("level", "tokenizer", "reverse") if key in known}
        return LanguageModelWeights(known["vocab"], encoder, state.get("bias"), facts, path, hash_of_file(path))
    encoder, bias = from_fastai(state)
    if "embedding.weight" not in encoder or "rnns.0.weight_hh_l0" not in encoder:
        raise MisconfigurationException(
            f"{option}={source}: contains no AWD-LSTM of fastai's ({', '.join(list(state)[:3])} ...)."
        )
    pickles = sorted(path.parent.glob("*.pkl"))
    if len(pickles) != 1:
        found = ", ".join(each.name for each in pickles) or "none"
        raise MisconfigurationException(
            f"{option}={source}: its vocabulary must be beside it, as the only .pkl of the folder; found {found}."
        )
    vocab = read_vocabulary(pickles[0])
    if len(vocab) != len(encoder["embedding.weight"]):
        raise MisconfigurationException(
            f"{pickles[0]}: has {len(vocab)} tokens, but {path.name} has {len(encoder['embedding.weight'])} rows; they don't "
            "belong together."
        )
    return LanguageModelWeights(vocab, encoder, bias, facts, path, hash_of_file(path))


def check_same_tokens(known: dict[str, Any], level: str, tokenizer: str, reverse: bool, option: str) -> None:
    """Refuse to build on a language model that was trained on other tokens.

    Words carry over from vocabulary to vocabulary, subwords do not: for these the tokenizer must be the same.

    Args:
        known: Facts of the language model.
        level: Level of the tokens at hand.
        tokenizer: Fingerprint of their tokenizer.
        reverse: Whether they are in reverse order.
        option: The option with its value, for messages: ``"TextClassifier: encoder=RUN"``.

    Raises:
        MisconfigurationException: Another level, tokenizer or direction.
    """
    trained = {"level": level, "tokenizer": tokenizer, "reverse": reverse} | known
    if trained["level"] != level:
        raise MisconfigurationException(
            f"{option}: was trained on {trained['level']} tokens, but the data's are {level}; "
            f"set the data's level={trained['level']}."
        )
    if level == "bpe" and trained["tokenizer"] != tokenizer:
        raise MisconfigurationException(f"{option}: has another tokenizer; use its own, the tokenizer.json of its run.")
    if trained["reverse"] != reverse:
        way = "backwards" if trained["reverse"] else "forwards"
        raise MisconfigurationException(f"{option}: reads {way}, the data don't; set the data's reverse={trained['reverse']}.")
