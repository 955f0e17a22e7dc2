"""Transfer learning: a pretrained image network with a new last layer for one's own classes.

**What it does.** Takes any timm backbone, drops its 1000-way layer, puts a head for the classes at hand in its place and
trains both (which parts, and when, is :class:`practicum.callbacks.GradualUnfreezing`'s business).

**When to use it.** Nearly always when there are fewer than some ten thousand labelled photos: features learnt on
ImageNet carry over, and a few minutes of training do what took days.

**Defaults.** ``head=linear``: one layer, as in the article. ``head=concat_pool``: fast.ai's head of two layers over
average and maximum pooling, better when the photo's subject is small.

**Sources.** Yosinski et al. 2014, "How transferable are features in deep neural networks?"; Simonyan & Zisserman 2014
(VGG-16); Xie et al. 2016 (ResNeXt-50); the head is that of fast.ai's ``create_head``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

import torch
import torch.nn.functional as F
from practicum.lightning_shim import MisconfigurationException
from timm.models import group_parameters
from torch import Tensor, nn
from torchmetrics import MetricCollection
from torchmetrics.classification import MultilabelAccuracy, MultilabelAveragePrecision

from .base.classifier import Classifier
from .base.fine_tunable import LayerGroup, OptimizerFactory
from .layers.depthwise_float32 import keep_depthwise_in_float32, slow_in_bfloat16
from .metrics.f_beta_by_threshold import FBetaByThreshold
from .weights.timm_backbone import head_part, load_backbone

Head: TypeAlias = Literal["linear", "concat_pool"]


class ImageClassifier(Classifier):
    """A timm backbone and a head for the classes at hand; single-label or multi-label.

    Args:
        classes: Names of the classes, in the order of the outputs.
        class_counts: Training photos of each class; needed for ``class_weights="balanced"`` only.
        multi_label: A photo may have any number of the classes: sigmoid and binary cross-entropy in place of softmax. From
            which probability on a label is said follows from validation: where the photo-averaged F2 is highest.
        image_size: Side of the square photos, in pixels; networks that are built for one size are built for this one.
        backbone: A timm model name.
        weights: ``auto``, ``pretrained``, ``random`` or a path: see :func:`.pretrained.load_backbone`. From one of our runs on
            the same classes the head comes along, so that a training goes on from it (at another size, say).
        head: ``linear`` or ``concat_pool``.
        dropout: Probability of dropping a feature before the last layer (``concat_pool``: half of it before the hidden one).
            Default 0 with ``linear``, .5 with ``concat_pool``.
        class_weights: Weight of each class in the loss: ``None``, ``"balanced"`` (inverse to its count) or a list.
        label_smoothing: Share of each target spread evenly over all classes (Szegedy et al. 2015, section 7).
        optimizer: Builds the optimizer from parameter groups. Default AdamW.

    Shape:
        Input ``[B, 3, H, W]``, RGB, either ``uint8`` in 0..255 or floating point in 0..1; normalised in here, with the
        mean and deviation the backbone was trained with. Output: logits ``[B, classes]``. Targets: ``int64 [B]``, or for
        multi-label a 0/1 matrix ``[B, classes]``.

    Attributes:
        provenance: Source and SHA-256 of the weights it started from.
        pretrained: Whether there was anything learnt in them.

    Raises:
        MisconfigurationException: Unknown backbone or head, weights that don't fit, a list of weights of the wrong length.
    """

    def __init__(
        self,
        classes: Sequence[str],
        class_counts: Sequence[int] | None = None,
        multi_label: bool = False,
        image_size: int | None = None,
        backbone: str = "tf_efficientnet_lite0",
        weights: str = "auto",
        head: Head = "linear",
        dropout: float | None = None,
        class_weights: Literal["balanced"] | Sequence[float] | None = None,
        label_smoothing: float = 0.0,
        optimizer: OptimizerFactory | None = None,
    ) -> None:
        super().__init__(classes, label_smoothing, optimizer, _multi_label_metrics(len(classes)) if multi_label else None)
        self.save_hyperparameters(ignore=["optimizer"], logger=False)
        self.multi_label = multi_label
        self.hparams["weights"] = "random"  # a checkpoint brings its own: a module rebuilt from one fetches nothing
        self.backbone: Any
        self.mean: Tensor
        self.std: Tensor
        self.class_weight: Tensor | None
        self.backbone, self.provenance = load_backbone(backbone, weights, image_size)
        self.pool: nn.Module | None
        self.head: nn.Module
        self.pool, self.head = _build_head(head, self.backbone, len(self.classes), dropout)

        config = self.backbone.pretrained_cfg
        self.register_buffer("mean", 255 * torch.tensor(config["mean"]).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", 255 * torch.tensor(config["std"]).view(1, 3, 1, 1), persistent=False)
        weight = _class_weights(class_weights, class_counts, self.classes)
        self.register_buffer("class_weight", weight, persistent=False)

        self.threshold: Tensor
        if multi_label:  # the probability from which a label is said: where validation's F2 is highest
            self.register_buffer("threshold", torch.tensor(0.5))

        if weights not in ("auto", "pretrained", "random") and (learnt := head_part(Path(weights), self.classes, self.head)):
            self.head.load_state_dict(learnt)
            self.provenance["head"] = True
        self.to(memory_format=torch.channels_last)  # the layout convolution kernels want: 1.3 to 1.8 times as fast
        if slow_in_bfloat16():
            keep_depthwise_in_float32(self.backbone)

    def normalise(self, x: Tensor) -> Tensor:
        """Photos in 0..255 (``uint8``) or 0..1 (floating point) to the backbone's mean 0 and deviation 1."""
        x = x.float() if x.dtype == torch.uint8 else x * 255
        return ((x - self.mean) / self.std).contiguous(memory_format=torch.channels_last)

    def features(self, x: Tensor) -> Tensor:
        """What the backbone sees in each photo: ``[B, 3, H, W]`` to ``[B, F]``, pooled, before the head."""
        x = self.normalise(x)
        return self.backbone(x) if self.pool is None else self.pool(self.backbone.forward_features(x))

    def forward(self, x: Tensor) -> Tensor:
        """Logits ``[B, classes]`` of photos ``[B, 3, H, W]``."""
        return self.head(self.features(x))

    def loss(self, logits: Tensor, y: Tensor) -> Tensor:
        """Cross-entropy, or for multi-label binary cross-entropy, in 32 bit; weighted and smoothed as configured."""
        logits = logits.float()
        if self.multi_label:
            y = y.float() * (1 - self.label_smoothing) + self.label_smoothing / 2
            return F.binary_cross_entropy_with_logits(logits, y, weight=self.class_weight)
        return F.cross_entropy(logits, y, weight=self.class_weight, label_smoothing=self.label_smoothing)

    def probabilities(self, logits: Tensor) -> Tensor:
        """Softmax over the classes, or for multi-label the sigmoid of each, in 32 bit."""
        return logits.float().sigmoid() if self.multi_label else logits.float().softmax(1)

    def on_validation_epoch_end(self) -> None:
        """Choose the threshold of a multi-label model."""
        if self.multi_label:
            self.threshold.fill_(self._f2(self.val_metrics).best_threshold())

    def on_test_epoch_start(self) -> None:
        """Measure at the threshold that validation chose."""
        if self.multi_label:
            self._f2(self.test_metrics).threshold = round(float(self.threshold), 2)

    @staticmethod
    def _f2(metrics: MetricCollection) -> FBetaByThreshold:
        return next(metric for metric in metrics.values(copy_state=False) if isinstance(metric, FBetaByThreshold))

    def prediction_table(self, probabilities: Tensor, top_k: int | None = None) -> dict[str, list[Any]]:
        """As :meth:`.Classifier.prediction_table`; for multi-label ``predicted`` is every class over the threshold."""
        table = super().prediction_table(probabilities, top_k)
        if self.multi_label:
            above = (probabilities > self.threshold.to(probabilities)).tolist()
            table["predicted"] = [" ".join(name for name, said in zip(self.classes, row, strict=True) if said) for row in above]
        return table

    def layer_groups(self) -> list[LayerGroup]:
        """The backbone's stages as timm's ``group_matcher`` of the family names them, then the head."""
        by_depth = group_parameters(self.backbone, self.backbone.group_matcher(coarse=True))
        return [*(_parts(self.backbone, by_depth[depth]) for depth in sorted(by_depth)), [self.head]]


class ConcatPool(nn.Module):
    """Average and maximum over all places, side by side: ``[B, C, H, W]``, ``[B, H, W, C]`` or ``[B, N, C]`` to ``[B, 2C]``.

    Args:
        channels_last: The feature map's last dimension is its channels (transformers that keep a grid).
        prefix_tokens: Leading tokens of a sequence that stand for no place (a class token).
    """

    def __init__(self, channels_last: bool = False, prefix_tokens: int = 0) -> None:
        super().__init__()
        self.channels_last = channels_last
        self.prefix_tokens = prefix_tokens

    def forward(self, x: Tensor) -> Tensor:
        """Pool one batch of feature maps or token sequences."""
        if x.ndim == 3:
            x = x[:, self.prefix_tokens :]
            places: tuple[int, ...] = (1,)
        else:
            places = (1, 2) if self.channels_last else (2, 3)
        return torch.cat([x.mean(places), x.amax(places)], dim=1)


def _build_head(kind: str, backbone: Any, classes: int, dropout: float | None) -> tuple[nn.Module | None, nn.Module]:
    """Pooling (``None``: the backbone's own) and head. Without the backbone's own pooling its neck is dropped too."""
    if kind == "linear":
        width = getattr(backbone, "head_hidden_size", backbone.num_features)
        return None, nn.Sequential(nn.Dropout(dropout or 0.0), nn.Linear(width, classes))
    if kind != "concat_pool":
        raise MisconfigurationException(f"model.head={kind}: no such head; choose linear or concat_pool.")
    for neck in ("pre_logits", "fc_norm", "head"):
        if isinstance(getattr(backbone, neck, None), nn.Module):
            setattr(backbone, neck, nn.Identity())
    pool = ConcatPool(str(getattr(backbone, "output_fmt", "NCHW")) == "NHWC", getattr(backbone, "num_prefix_tokens", 0))
    width, last = 2 * backbone.num_features, 0.5 if dropout is None else dropout
    head = nn.Sequential(
        nn.BatchNorm1d(width),
        nn.Dropout(last / 2),
        nn.Linear(width, 512, bias=False),
        nn.ReLU(inplace=True),
        nn.BatchNorm1d(512),
        nn.Dropout(last),
        nn.Linear(512, classes),
    )
    return pool, head


def _class_weights(weights: str | Sequence[float] | None, counts: Sequence[int] | None, classes: Sequence[str]) -> Tensor | None:
    if weights is None:
        return None
    if isinstance(weights, str):
        if weights != "balanced" or not counts:
            raise MisconfigurationException(
                f"model.class_weights={weights}: choose null, balanced (which needs class_counts) or a number for each class."
            )
        count = torch.tensor(counts, dtype=torch.float32)
        return count.sum() / (len(count) * count.clamp(min=1))
    if len(weights) != len(classes):
        raise MisconfigurationException(
            f"model.class_weights has {len(weights)} numbers for {len(classes)} classes ({', '.join(classes[:5])} ...); "
            "give one for each."
        )
    return torch.tensor(list(weights), dtype=torch.float32)


def _multi_label_metrics(classes: int) -> MetricCollection:
    return MetricCollection(
        {
            "accuracy": MultilabelAccuracy(classes),
            "f2": FBetaByThreshold(beta=2.0),
            "map": MultilabelAveragePrecision(classes),
        }
    )


def _parts(network: nn.Module, names: Iterable[str]) -> list[nn.Module | nn.Parameter]:
    """The largest modules that hold none but these parameters; a parameter whose owner holds others stands for itself.

    Whole modules, because their parts without parameters (dropout, stochastic depth) belong to the layer as well.
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
