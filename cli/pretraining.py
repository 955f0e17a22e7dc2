"""What is learnt first, from the same data: vectors of the words of texts, for a classifier that has no encoder.

**What it does.** Without the encoder of a language model, an LSTM learns less from few texts than a linear model on the mean of
word vectors does in seconds (docs/defaults.md has the figures). So where the configuration has ``pretraining=word_vectors`` and a
:class:`.TextClassifier` with random weights, the model becomes ``pretraining.classifier``; and its ``vectors: own`` are learnt by
``pretraining.model`` before the training, in ``word_vectors.vec`` of the run folder, which a resumed run finds there.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock
from hydra.utils import instantiate
from omegaconf import DictConfig, open_dict
from practicum.lightning_shim import MisconfigurationException, seed_everything

if TYPE_CHECKING:
    from practicum.modules import SkipGram

log = logging.getLogger(__name__)

OWN = "own"
_CLASSIFIER = "practicum.modules.TextClassifier"
_ENOUGH = 10_000_000  # tokens from which a language model of their own pays: docs/text.md


def model_in_force(cfg: DictConfig) -> DictConfig:
    """The configuration whose ``model`` is what is trained: ``pretraining.classifier`` in place of a network without an encoder.

    Args:
        cfg: A composed configuration, or a run's.

    Returns:
        ``cfg`` itself, or a copy.
    """
    stage, model = cfg.get("pretraining"), cfg.get("model")
    if not isinstance(stage, DictConfig) or not isinstance(stage.get("classifier"), DictConfig):
        return cfg
    if not isinstance(model, DictConfig) or model.get("_target_") != _CLASSIFIER or model.get("encoder", "random") != "random":
        return cfg
    cfg = cfg.copy()
    with open_dict(cfg):
        cfg.model = stage.classifier
    return cfg


def check_model_in_force(cfg: DictConfig, typed: Sequence[str]) -> None:
    """Refuse options of a model that would not be trained, and vectors that nothing learns.

    Args:
        cfg: The composed configuration.
        typed: Overrides of the command line.

    Raises:
        MisconfigurationException: There are such.
    """
    chosen = model_in_force(cfg)
    unread = [each for each in typed if each.startswith(("model.", "model=", "+model.", "++model."))]
    if chosen is not cfg and unread:
        raise MisconfigurationException(
            f"{unread[0]}: has no effect, as without an encoder texts are classified by word vectors of their own; give "
            "model.encoder=RUN (a language model), or pretraining=none for random weights."
        )
    if chosen.model.get("vectors") == OWN and not cfg.get("pretraining"):
        raise MisconfigurationException(
            "model.vectors=own: nothing learns them; give pretraining=word_vectors, or the vectors (a run, or a .vec)."
        )


def pretrain(cfg: DictConfig, data: Any) -> float | None:
    """Learn word vectors where the model wants its own, and name the file in ``cfg.model.vectors``.

    Where several processes begin at once, one learns and the others wait. Random numbers afterwards are those of a run in which
    nothing was learnt.

    Args:
        cfg: The configuration in force.
        data: Set up; has ``for_task``, as :class:`.Text`.

    Returns:
        Seconds that it took; ``None`` where nothing happened.

    Raises:
        MisconfigurationException: The data are no texts.
    """
    if cfg.model.get("vectors") != OWN:
        return None
    if not hasattr(data, "for_task"):
        raise MisconfigurationException(
            f"model.vectors=own: {type(data).__name__} has no texts to learn word vectors from; choose another model=."
        )
    run = Path(cfg.paths.run)
    path, started = run / "word_vectors.vec", time.monotonic()
    run.mkdir(parents=True, exist_ok=True)
    with FileLock(run / ".word_vectors.lock"):
        learnt = not path.is_file()
        if learnt:
            _say(data.corpus.training_tokens)
            _write(path, _learn(cfg, data))
            seed_everything(cfg.seed, workers=True, verbose=False)
    cfg.model.vectors = str(path)
    return time.monotonic() - started if learnt else None


def _say(tokens: int) -> None:
    better = (
        "These are enough for a language model, which does better: experiment=lm on the same data, then model.encoder=RUN."
        if tokens >= _ENOUGH
        else "The encoder of a language model of more text does better: model.encoder=RUN, or wt103-fwd for English."
    )
    log.info(
        f"No encoder is given, so word vectors are learnt from these {tokens:,} tokens, and texts classified by them and by "
        f"counts of words and pairs of words. {better}"
    )


def _learn(cfg: DictConfig, data: Any) -> SkipGram:
    from practicum.callbacks import EpochLines, FiniteLoss  # noqa: PLC0415 - heavy

    from .model_facts import model_builder  # noqa: PLC0415
    from .trainer_factory import build_trainer  # noqa: PLC0415

    stage = cfg.pretraining
    windows = data.for_task("skip_gram", stage.batch_size, stage.bptt)
    model: Any = model_builder(stage, windows)()
    schedule = instantiate(stage.schedule, _convert_="all") if stage.get("schedule") else None
    settings = cfg.trainer.copy()
    with open_dict(settings):
        settings.update({"max_epochs": stage.epochs or windows.suggested_epochs(), "max_steps": -1, "limit_val_batches": 0})
        settings.update({"enable_checkpointing": False, "enable_progress_bar": False, "gradient_clip_val": None})
        settings.update({"devices": 1, "num_nodes": 1, "strategy": "auto", "accumulate_grad_batches": 1})
    watching = [FiniteLoss(), EpochLines(title="Word vectors")]
    build_trainer(settings, [*watching, *([schedule] if schedule else [])], []).fit(model, datamodule=windows)
    return model


def _write(path: Path, model: SkipGram) -> None:
    from practicum.callbacks.files.atomic_file import atomic_write  # noqa: PLC0415
    from practicum.callbacks.run.word_vectors_file import vector_lines  # noqa: PLC0415

    with atomic_write(path) as beside, open(beside, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
        file.writelines(f"{line}\n" for line in vector_lines(model.vocab, model.word_vectors().cpu()))
