"""The claims of the course, each with what turns it on and off."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

from .claim import Claim, Figures, Variant
from .reviews import AMOUNTS, LENGTHS, classified, read_only, write_reviews

_PHOTOS = {
    "ants and bees": ("data=image_folder", "data.root={data}/hymenoptera"),
    "clothing": ("data=image_folder", "data.root={data}/clothing"),
}
_ONE = {"ants and bees": _PHOTOS["ants and bees"]}
_HEAD = ("callbacks.unfreeze.at=[]",)  # on stored features: a fraction of a second for an epoch
_FOLD = {"MovieLens 100K, fold 1": ("data=movielens", "data.root={data}/ml-100k", "data.fold=1")}
_DOT = ("model=dot_product_bias", "optimizer.lr=0.01", "data.batch_size=1024")
_SENTENCES = ("data=text_folder", "data.root={data}/rt-polarity")
_PTB = ("experiment=lm", "data=language_model", "data.root={data}/ptb", "data.level=whitespace")
_LANGUAGE_MODEL = (
    *("data.task=language_model", "data.max_vocab=15000", "data.batch_size=64", "data.bptt=70"),
    *("model.num_sampled=1024", "baselines=false"),
)
_DECAY = ("schedule=none", "+callbacks.decay._target_=benchmarks.claims_parts.exponential_decay.ExponentialDecay")
_ROSSMANN = ("experiment=rossmann", "data.root={data}/rossmann")


def _course(folder: Path) -> list[dict[str, str]]:
    with (folder / "metrics.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def epochs_to(metric: str, goal: float) -> Callable[[Path], Figures]:
    """Return what reads from a run folder how many epochs it took to reach an error in validation; nothing if it never did."""

    def figures(folder: Path) -> Figures:
        for row in _course(folder):
            if (found := row.get(f"val/{metric}")) and float(found) <= goal:
                return {f"epochs to {metric.upper()} {goal}": float(row["epoch"]) + 1}
        return {}

    return figures


CLAIMS = (
    Claim(
        "fine_tuning",
        "A network that was trained on ImageNet needs few photos and minutes; one from random weights needs far more.",
        "Yosinski et al. 2014",
        _ONE,
        (
            Variant("the head, then all layers (default)"),
            Variant("the head alone", _HEAD),
            Variant("from random weights", ("model.weights=random",)),
        ),
        ("accuracy", "loss", "seconds"),
    ),
    Claim(
        "range_test",
        "A range test of a few seconds finds a good learning rate, for any architecture and data.",
        "Smith 2015, section 3.3",
        _PHOTOS,
        (
            Variant("rate of the range test", ("callbacks=[default,lr_find]",)),
            *(Variant(f"rate {rate}", (f"optimizer.lr={rate}",)) for rate in ("0.0001", "0.001", "0.01", "0.1", "1")),
        ),
        ("accuracy", "loss"),
        common=_HEAD,
    ),
    Claim(
        "cycles",
        "Cyclical rates reach a given accuracy more than twice as fast as an exponential decay.",
        "Smith 2015, section 4",
        _FOLD,
        (
            Variant("exponential decay to a tenth", (*_DECAY, "+callbacks.decay.last=0.1")),
            Variant("exponential decay to a hundredth", (*_DECAY, "+callbacks.decay.last=0.01")),
            Variant("exponential decay to a thousandth", (*_DECAY, "+callbacks.decay.last=0.001")),
            Variant("constant", ("schedule=none",)),
            Variant("cyclical", ("schedule=cyclical", "schedule.cycles=null")),
            Variant("sgdr", ("schedule=sgdr", "schedule.cycles=null")),
            Variant("one_cycle", ("schedule=one_cycle",)),
        ),
        ("rmse",),
        common=("experiment=ratings", "epochs=15", "baselines=false"),
        figures=epochs_to("rmse", 0.935),
    ),
    Claim(
        "cycles_of_tables",
        "Cyclical rates reach a given accuracy more than twice as fast as an exponential decay: with ten times as many rows.",
        "Smith 2015, section 4",
        {"Rossmann, last six weeks": _ROSSMANN},
        (
            Variant("exponential decay to a tenth", (*_DECAY, "+callbacks.decay.last=0.1")),
            Variant("exponential decay to a hundredth", (*_DECAY, "+callbacks.decay.last=0.01")),
            Variant("constant", ("schedule=none",)),
            Variant("cyclical", ("schedule=cyclical",)),
            Variant("sgdr", ("schedule=sgdr", "schedule.cycle_len=4", "schedule.cycle_mult=1", "schedule.cycles=null")),
            Variant("one_cycle", ("schedule=one_cycle",)),
        ),
        ("rmspe",),
        # Whole cycles, in batches that are quick; and no average of the weights, which is a decay of another kind.
        common=("epochs=8", "data.batch_size=1024", "optimizer.lr=0.003", "~callbacks.ema", "baselines=false"),
        figures=epochs_to("rmspe", 0.12),
    ),
    Claim(
        "snapshots",
        "The networks at the ends of the cycles make an ensemble for the price of one training.",
        "Huang et al. 2017",
        _PHOTOS,
        (Variant("restarts", ("callbacks=[default]",)), Variant("restarts, snapshots", ("callbacks=[default,snapshots]",))),
        ("accuracy", "loss"),
        common=("schedule=sgdr", *_HEAD),
    ),
    Claim(
        "augmentation",
        "Photos that are mirrored, turned and cropped at random in each epoch count as more photos.",
        "Krizhevsky et al. 2012, section 4.1",
        {**_ONE, "ants and bees, 24 epochs": (*_ONE["ants and bees"], "epochs=24", "callbacks.unfreeze.at=[0.1]")},
        (
            Variant("none", ("augment=none",)),
            Variant("crop_mirror (default)", ("augment=crop_mirror",)),
            Variant("side_on", ("augment=side_on",)),
        ),
        ("accuracy", "loss"),
        common=("epochs=6", "callbacks.unfreeze.at=[0.34]"),
    ),
    Claim(
        "test_time_augmentation",
        "The mean prediction of several augmented versions of a photo is better than that of the photo alone.",
        "Krizhevsky et al. 2012, section 4.1",
        _PHOTOS,
        (
            Variant("the photo alone", ("callbacks=[default]",)),
            Variant("four views", ("callbacks=[default,tta]", "callbacks.tta.only_if_better=false")),
        ),
        ("accuracy", "loss"),
        common=("augment=side_on", *_HEAD),
    ),
    Claim(
        "language_model",
        "A classifier on a language model is better than one on word vectors.",
        "Howard & Ruder 2018",
        {"rt-polarity": _SENTENCES},
        (
            Variant("word vectors", ("pretraining.classifier.ngrams=0",)),
            Variant(
                "language model of the same texts",
                ("model.encoder={before}", "model.ngrams=0"),
                ("experiment=lm", *_SENTENCES, "data.task=language_model", "data.max_vocab=15000"),
            ),
        ),
        ("accuracy", "loss"),
        common=("experiment=reviews", "data.max_vocab=15000"),
    ),
    Claim(
        "amount_of_text",
        "A classifier on a language model is better than one on word vectors: by the reviews that the language model has read, "
        "and by the length of those that are classified.",
        "Howard & Ruder 2018, section 5",
        {length: ("data=text_csv", f"data.root={classified(Path('{work}'), length)}") for length in LENGTHS},
        (
            Variant("word vectors", ("pretraining.classifier.ngrams=0",)),
            *(
                Variant(
                    f"language model of {amount:,} reviews",
                    ("model.encoder={before}", "model.ngrams=0"),
                    ("experiment=lm", "data=text_csv", f"data.root={read_only(Path('{work}'), amount)}", *_LANGUAGE_MODEL),
                )
                for amount in AMOUNTS
            ),
        ),
        ("accuracy", "loss"),
        common=("experiment=reviews", "data.split_column=split", "data.max_vocab=15000", "epochs=6", "baselines=false"),
        prepare=write_reviews,
    ),
    Claim(
        "bptt",
        "Gradients through a window of some seventy tokens are enough; memory grows with the window.",
        "Merity et al. 2018",
        {"Penn Treebank, one epoch": _PTB},
        # As many tokens in each step, so that a window is not better for its number of steps.
        tuple(
            Variant(f"{bptt} tokens of {streams} texts", (f"data.bptt={bptt}", f"data.batch_size={streams}"))
            for bptt, streams in ((72, 64), (2, 2304), (8, 576), (24, 192), (288, 16))
        ),
        ("perplexity", "seconds"),
        common=("epochs=1", "baselines=false"),
    ),
    Claim(
        "collaborative_filtering",
        "A dot product of two vectors with biases, or a small network on them, predicts ratings.",
        "Koren 2009; He et al. 2017",
        _FOLD,
        (
            Variant("dot product and biases", ("model=dot_product_bias", "optimizer.lr=0.01", "data.batch_size=1024")),
            Variant(
                "the same, SVD++", ("model=dot_product_bias", "optimizer.lr=0.01", "data.batch_size=1024", "model.implicit=true")
            ),
            Variant("a network beside it", ("model=neural_collaborative_filter",)),
            Variant("the same, side columns", ("model=neural_collaborative_filter", "data.side_features=true")),
        ),
        ("rmse", "seconds"),
        common=("experiment=movielens",),
    ),
)
