"""Weight files, read without executing anything in them."""

from __future__ import annotations

import hashlib
import os
import pickle
from pathlib import Path
from typing import Any

import torch
from practicum.lightning_shim import MisconfigurationException
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a ``.ckpt``, ``.pth`` or ``.safetensors`` file without executing anything in it.

    Raises:
        MisconfigurationException: The file is damaged, contains code, or contains no tensors.
    """
    try:
        if path.suffix == ".safetensors":
            content: Any = load_file(path)
        else:
            content = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError, OSError, SafetensorError) as error:
        raise MisconfigurationException(
            f"{path}: not a weight file that can be read safely (it is damaged, or contains more than tensors: "
            f"{type(error).__name__}); nothing in it was run."
        ) from error
    content = content if isinstance(content, dict) else {}
    # Lightning's and fastai's checkpoints hold it beside the state of the optimizer.
    state = next((content[key] for key in ("state_dict", "model") if isinstance(content.get(key), dict)), content)
    tensors = {str(key): value for key, value in state.items() if isinstance(value, Tensor)}
    if not tensors:
        raise MisconfigurationException(f"{path}: contains no weights; give a state dict or a Lightning checkpoint.")
    return tensors


def find_weights(source: str, missing: str) -> Path:
    """The weight file that ``source`` names: itself, or a run folder's best checkpoint.

    Args:
        source: A file or a run folder.
        missing: Message if there is no such file.

    Raises:
        MisconfigurationException: No such file.
    """
    path = Path(source)
    if path.is_dir():
        path = path / "checkpoints" / "best.ckpt"
    if not path.is_file():
        raise MisconfigurationException(missing)
    return path


def hash_of_file(path: os.PathLike[str]) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_of_tensors(network: nn.Module) -> str:
    """SHA-256 of the names and values of all tensors, for weights that don't come as one file."""
    digest = hashlib.sha256()
    for key, value in network.state_dict().items():
        digest.update(key.encode())
        digest.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
