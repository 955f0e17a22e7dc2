"""The peer's part of pictures.py: only fastai's input pipeline, in an environment of its own. Prints one JSON line."""

from __future__ import annotations

import argparse
import json
import time

from fastai.vision.all import ImageDataLoaders, RandomResizedCrop, Resize, aug_transforms


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("root")
    parser.add_argument("--epochs", type=int, default=2)
    args = parser.parse_args()
    ways = {
        "presized, as documented": {"item_tfms": Resize(460), "batch_tfms": aug_transforms(size=224)},
        "random resized crop": {"item_tfms": RandomResizedCrop(224), "batch_tfms": aug_transforms()},
    }
    rates = {}
    for name, way in ways.items():
        loaders = ImageDataLoaders.from_folder(args.root, train="train", valid="valid", bs=16, num_workers=2, device="cpu", **way)
        next(iter(loaders.train))
        began = time.perf_counter()
        count = sum(len(x) for _ in range(args.epochs) for x, _ in loaders.train)
        rates[f"fastai, {name}"] = count / (time.perf_counter() - began)
    print(json.dumps(rates))


if __name__ == "__main__":
    main()
