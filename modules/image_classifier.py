"""Transfer learning: a pretrained image network with a new last layer for one's own classes.

**What it does.** Takes any timm backbone, replaces its 1000-way classification layer by a head for the classes at hand, and
trains both (which layers, and when, is up to :class:`practicum.callbacks.GradualUnfreezing`).

**When to use it.** Nearly always when there are fewer than some ten thousand labelled photos: features learnt on ImageNet carry
over, and a few minutes of training do what took days.

**Defaults.** ``head="linear"``: one layer, as in the article. ``head="concat_pool"``: fast.ai's head of two layers over average
and maximum pooling, better when the subject is small in the photo.

**Sources.** Yosinski et al. 2014, "How transferable are features in deep neural networks?"; Simonyan & Zisserman 2014
(VGG-16); Xie et al. 2016 (ResNeXt-50); the head is that of fast.ai's ``create_head``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

import torch
from practicum.lightning_shim import MisconfigurationException
from timm.models import group_parameters
from torch import Tensor, nn

from .base.fine_tunable import LayerGroup
from .base.optimizers import NamedOptimizer
from .base.supervised import Supervised
from .layers.concat_pool import ConcatPool
from .layers.depthwise_float32 import keep_depthwise_in_float32, slow_in_bfloat16
from .layers.parameter_cover import covering_modules
from .objectives.class_weights import class_weight_tensor
from .objectives.classification import Classification
from .objectives.multi_label import MultiLabel
from .weights.timm_backbone import head_state, load_backbone

Head: TypeAlias = Literal["linear", "concat_pool"]
_ONE_PHOTO = (
    "ImageClassifier: batch_size=1: a training batch of one photo leaves BatchNorm without a variance (of head=concat_pool, or "
    "of photos so small that one value per channel is left); use batch_size=2 or more."
)


class ImageClassifier(Supervised):
    """A timm backbone and a head for the classes at hand; single-label or multi-label.

    Args:
        classes: Names of the classes, in the order of the outputs.
        class_counts: Number of training photos of each class; needed for ``class_weights="balanced"`` only.
        multi_label: A photo may have any number of the classes: see :class:`.MultiLabel`, otherwise :class:`.Classification`.
        image_size: Side of the square photos in pixels; networks that are built for one size are built for this one.
        backbone: A timm model name.
        weights: ``auto``, ``pretrained``, ``random`` or a path: see :func:`.load_backbone`. From one of our runs on the same
            classes the head is loaded, too, so that a training continues from it (at another image size, say).
        head: ``linear`` or ``concat_pool``.
        dropout: Dropout before the last layer (with ``concat_pool``, half of it before the hidden one). Default 0 with
            ``linear``, .5 with ``concat_pool``.
        class_weights: Weight of each class in the loss: ``None``, ``"balanced"`` (inversely proportional to its count) or a
            list.
        label_smoothing: Share of each target that is spread evenly over all classes (Szegedy et al. 2015, section 7).
        optimizer: See :class:`.FineTunable`.
        lr: Likewise.

    Shape:
        Input ``[B, 3, H, W]``, RGB, either ``uint8`` in 0..255 or floating point in 0..1; normalised inside with the mean and
        standard deviation the backbone was trained with. Output: logits ``[B, classes]``. Targets: ``int64 [B]``; for
        multi-label a 0/1 matrix ``[B, classes]``.

    Raises:
        MisconfigurationException: Unknown backbone or head, weights that don't fit, class weights of the wrong length.

    Example:
        >>> import torch
        >>> from practicum.modules import ImageClassifier
        >>> model = ImageClassifier(["cat", "dog"], backbone="test_resnet", weights="random").eval()
        >>> photos = torch.randint(0, 256, (3, 3, 64, 64), dtype=torch.uint8)
        >>> model(photos).shape
        torch.Size([3, 2])
        >>> probabilities = model.predict_step(photos, 0)
        >>> list(model.columns(probabilities))
        ['predicted', 'probability_cat', 'probability_dog']
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
        optimizer: NamedOptimizer = None,
        lr: float | None = None,
    ) -> None:
        class_weight = class_weight_tensor("ImageClassifier", class_weights, class_counts, classes)
        super().__init__((MultiLabel if multi_label else Classification)(classes, label_smoothing, class_weight), optimizer, lr)
        self.save_hyperparameters(ignore=["optimizer", "lr"], logger=False)
        self.classes, self.multi_label = list(classes), multi_label
        self.hparams["weights"] = "random"  # checkpoints contain the weights: a module rebuilt from one downloads nothing
        self.backbone: Any
        self.mean: Tensor
        self.std: Tensor
        self.backbone, self.provenance = load_backbone(backbone, weights, image_size, necks=head != "concat_pool")
        self.pool: nn.Module | None
        self.head: nn.Module
        self.pool, self.head = _build_head(head, self.backbone, len(self.classes), dropout)

        config = self.backbone.pretrained_cfg
        self.register_buffer("mean", 255 * torch.tensor(config["mean"]).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", 255 * torch.tensor(config["std"]).view(1, 3, 1, 1), persistent=False)

        if weights not in ("auto", "pretrained", "random") and (state := head_state(Path(weights), self.classes, self.head)):
            self.head.load_state_dict(state)
            self.provenance["head"] = True
        self.to(memory_format=torch.channels_last)  # the layout that convolution kernels prefer: 1.3 to 1.8 times as fast
        if slow_in_bfloat16():
            keep_depthwise_in_float32(self.backbone)

    def setup(self, stage: str) -> None:
        """Refuse what would end the first step: training on batches of one photo with a head that normalises over the batch.

        Raises:
            MisconfigurationException: The data module's ``batch_size`` is 1, and ``head`` is ``concat_pool``.
        """
        batch_size = getattr(getattr(self.trainer, "datamodule", None), "batch_size", None)
        if stage == "fit" and batch_size == 1 and any(isinstance(each, nn.BatchNorm1d) for each in self.head.modules()):
            raise MisconfigurationException(_ONE_PHOTO)

    def training_step(self, batch: tuple[Any, Tensor], batch_idx: int) -> Tensor:
        """Loss of one batch ``(x, y)``; logs ``train/loss``.

        Raises:
            MisconfigurationException: The batch is one photo, over which a BatchNorm layer can't take a variance.
        """
        try:
            return super().training_step(batch, batch_idx)
        except ValueError as error:
            if len(batch[1]) == 1 and "more than 1 value per channel" in str(error):
                raise MisconfigurationException(_ONE_PHOTO) from error
            raise

    @property
    def threshold(self) -> Tensor:
        """Probability above which a label is predicted; a multi-label model's only."""
        return self.objective.threshold  # type: ignore[return-value]

    def normalise(self, x: Tensor) -> Tensor:
        """Convert photos in 0..255 (``uint8``) or 0..1 (floating point) to the backbone's mean 0 and standard deviation 1."""
        x = x.float() if x.dtype == torch.uint8 else x * 255
        return ((x - self.mean) / self.std).contiguous(memory_format=torch.channels_last)

    def features(self, x: Tensor) -> Tensor:
        """Pooled features of the backbone, before the head: ``[B, 3, H, W]`` to ``[B, F]``."""
        x = self.normalise(x)
        return self.backbone(x) if self.pool is None else self.pool(self.backbone.forward_features(x))

    def forward(self, x: Tensor) -> Tensor:
        """Logits ``[B, classes]`` of photos ``[B, 3, H, W]``."""
        return self.head(self.features(x))

    def layer_groups(self) -> list[LayerGroup]:
        """The backbone's stages as timm's ``group_matcher`` of the family defines them, then the head."""
        by_depth = group_parameters(self.backbone, self.backbone.group_matcher(coarse=True))
        return [*(covering_modules(self.backbone, by_depth[depth]) for depth in sorted(by_depth)), [self.head]]


def _build_head(kind: str, backbone: Any, classes: int, dropout: float | None) -> tuple[nn.Module | None, nn.Module]:
    """Pooling (``None``: the backbone's own) and head. Without the backbone's own pooling, its neck is dropped too."""
    if kind == "linear":
        features = getattr(backbone, "head_hidden_size", backbone.num_features)
        return None, nn.Sequential(nn.Dropout(dropout or 0.0), nn.Linear(features, classes))
    if kind != "concat_pool":
        raise MisconfigurationException(f"ImageClassifier: head={kind}: no such head; choose linear or concat_pool.")
    for neck in ("pre_logits", "fc_norm", "head"):
        if isinstance(getattr(backbone, neck, None), nn.Module):
            setattr(backbone, neck, nn.Identity())
    pool = ConcatPool(str(getattr(backbone, "output_fmt", "NCHW")) == "NHWC", getattr(backbone, "num_prefix_tokens", 0))
    features, last = 2 * backbone.num_features, 0.5 if dropout is None else dropout
    head = nn.Sequential(
        nn.BatchNorm1d(features),
        nn.Dropout(last / 2),
        nn.Linear(features, 512, bias=False),
        nn.ReLU(inplace=True),
        nn.BatchNorm1d(512),
        nn.Dropout(last),
        nn.Linear(512, classes),
    )
    return pool, head
