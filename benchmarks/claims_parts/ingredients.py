"""What the default recipes consist of, by kind of data: each ingredient, and what takes it out or puts another in its place."""

from __future__ import annotations

from .claim import Variant

_CLASSES = ("telco", "hr", "german")
_TABULAR = "model._target_=benchmarks.claims_parts.tabular_variants."
DEFAULT = "the default"

INGREDIENTS: dict[str, tuple[Variant, ...]] = {
    "tables": (
        Variant(DEFAULT),
        Variant("one network instead of eight", ("model.members=1",)),
        Variant("numbers without periodic embeddings", ("model.number_dim=1",)),
        Variant("without the trainable scale of inputs", (f"{_TABULAR}WithoutInputScale",)),
        Variant("weights in torch's parametrisation, rate .007", (f"{_TABULAR}UsualParametrisation", "optimizer.lr=0.007")),
        Variant("trained by the loss of the networks' mean", (f"{_TABULAR}TrainedByTheMean",)),
        Variant("numbers scaled by mean and deviation", ("data.scaling=standard",)),
        Variant("numbers not squeezed", ("model.clip=1000000",)),
        Variant("without dropout", ("model.dropout=0",)),
        Variant("without weight decay", ("optimizer.weight_decay=0",)),
        Variant("a constant rate, a quarter of the peak", ("schedule=none", "optimizer.lr=0.02")),
        Variant("without early stopping", ("callbacks=[table]",)),
        Variant("without the refit", ("refit=false",)),
        Variant("five epochs in batches of 1,024", ("epochs=5", "data.batch_size=1024")),
        Variant("label smoothing of .1", ("model.label_smoothing=0.1",), only=_CLASSES),
        Variant("a date's parts as categories", ("data.date_parts=all",), only=("avocado",)),
    ),
    "photos": (
        Variant(DEFAULT),
        Variant("the head alone", ("callbacks.unfreeze.at=[]",)),
        Variant("all layers from the first epoch on", ("callbacks.unfreeze=null", "callbacks.gain=null", "optimizer.lr=0.0001")),
        Variant("BatchNorm by the batches' statistics once unfrozen", ("callbacks.unfreeze.update_bn=true",)),
        Variant("fine-tuning to the end, whether or not it gains", ("callbacks.gain=null",)),
        Variant("one cycle over all of it", ("schedule=one_cycle",)),
        Variant("features of two augmented versions", ("callbacks.precompute.views=2",)),
        Variant("without augmentation", ("augment=none",)),
    ),
    "texts": (
        Variant(DEFAULT),
        Variant("without naive Bayes on pairs of words", ("pretraining.classifier.ngrams=0",)),
        Variant("naive Bayes on words alone", ("pretraining.classifier.ngrams=1",)),
        Variant("naive Bayes on up to three words", ("pretraining.classifier.ngrams=3",)),
        Variant("word vectors from random numbers", ("pretraining=none", "model=word_vectors")),
        Variant("an LSTM from random weights", ("pretraining=none",)),
        Variant("without early stopping", ("callbacks=[text]",)),
    ),
    "ratings": (
        Variant(DEFAULT),
        Variant("without the penalty on vectors", ("model.l2=0",)),
        Variant("weight decay of .1 in its place", ("model.l2=0", "optimizer.weight_decay=0.1")),
        Variant("a constant rate", ("schedule=none",)),
        Variant("vectors of 16 numbers", ("model.factors=16",)),
        Variant("a network in place of the dot product", ("model=neural_collaborative_filter",)),
    ),
}
