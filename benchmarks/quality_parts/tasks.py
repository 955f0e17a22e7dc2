"""What is trained to which mark: ours as it is typed, peers as their documentation trains."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .pets import draw_pets


@dataclass(frozen=True)
class Peer:
    """A peer.

    Attributes:
        name: In the table.
        script: In ``peers/``; it is given the data, ``--seed`` and ``--course``.
        arguments: After the script.
        setting: How it trains, and where that is documented.
    """

    name: str
    script: str
    arguments: tuple[str, ...]
    setting: str


@dataclass(frozen=True)
class Task:
    """A task.

    Attributes:
        words: What is reached, for the table.
        overrides: What is typed after ``train.py``; ``{root}`` stands for the data.
        metric: Of validation, as ours names it.
        better: ``more`` or ``less``.
        mark: Its value that counts as reached.
        peers: Who is compared with.
        prepare: Makes the file that peers read from the data, outside of the measured time; ``None``: they read the data.
        draw: Makes the data themselves, likewise; ``None``: they are there.
    """

    words: str
    overrides: tuple[str, ...]
    metric: str
    better: str
    mark: float
    peers: tuple[Peer, ...]
    prepare: Callable[[Path, Path, str], Path] | None = None
    draw: Callable[[Path], None] | None = None

    def reached(self, value: float) -> bool:
        """Whether a value is at the mark or beyond it."""
        return value >= self.mark if self.better == "more" else value <= self.mark


def rossmann_table(root: Path, folder: Path, python: str) -> Path:
    """Write ours' columns of all days with sales as a pickled data frame, as the course's notebook reads one.

    Args:
        root: Kaggle's files.
        folder: For the table.
        python: The peer's, which writes the pickle.
    """
    import json
    import subprocess

    import polars as pl
    from practicum.datamodules import Rossmann

    data = Rossmann(root, valid_days=42, cache=folder / "cache")
    data.prepare_data()
    data.setup("fit")
    facts, path = data.describe(), folder / "rossmann.csv"
    names = [*facts["categories"], *(name for name in facts["continuous"] if not name.endswith("_missing"))]
    frame = data.read().collect()
    date = frame["Date"].cast(pl.String).str.slice(0, 10).str.to_date()
    valid = date > date.max() - pl.duration(days=42)
    frame = frame.select([*names, "Sales"]).with_columns(frame.select(valid.alias("valid")).to_series())
    if frame["valid"].sum() != data.provenance["valid"]:
        raise SystemExit(f"{frame['valid'].sum()} rows for the peer's validation, but {data.provenance['valid']} for ours")
    frame.write_csv(path)
    path.with_suffix(".json").write_text(
        json.dumps({"categorical": list(facts["categories"]), "columns": names}), encoding="utf-8"
    )
    script = Path(__file__).resolve().parents[1] / "peers" / "fastai_time_to_quality.py"
    subprocess.run([python, str(script), "prepare", str(path)], check=True)
    return path.with_suffix(".pkl")


_FASTAI, _SURPRISE = "fastai_time_to_quality.py", "surprise_time_to_quality.py"
_FINE_TUNED = Peer(
    "fastai",
    _FASTAI,
    ("photos",),
    "vision_learner(...).fine_tune(3): an epoch of the head, three of all layers; Resize(460), aug_transforms(size=224), batches "
    "of 16, EfficientNet-Lite0 from the same weights as ours",
)

TASKS = {
    "photos": Task(
        "accuracy .96 on ants and bees",
        ("data=image_folder", "data.root={root}"),
        "val/accuracy",
        "more",
        0.96,
        (_FINE_TUNED,),
    ),
    "pets": Task(
        "accuracy .99 on cats and dogs",
        ("data=image_folder", "data.root={root}"),
        "val/accuracy",
        "more",
        0.99,
        (_FINE_TUNED,),
        draw=draw_pets,
    ),
    "ratings": Task(
        "RMSE .93 on MovieLens 100K, fold 1",
        ("experiment=movielens", "data.root={root}", "data.fold=1"),
        "val/rmse",
        "less",
        0.93,
        (
            Peer(
                "fastai",
                _FASTAI,
                ("ratings",),
                "collab_learner(n_factors=50, y_range=(0, 5.5)), fit_one_cycle(5, 5e-3, wd=.1), batches of 64: its tutorial, on "
                "the same data",
            ),
            Peer("Surprise, SVD", _SURPRISE, ("SVD",), "its defaults: 100 factors, 20 epochs"),
            Peer("Surprise, SVD++", _SURPRISE, ("SVD++",), "its defaults: 20 factors, 20 epochs"),
            Peer("Surprise, k-NN", _SURPRISE, ("KNNBaseline, item Pearson",), "KNNBaseline of items, pearson_baseline"),
        ),
    ),
    "tables": Task(
        "RMSPE .12 on Rossmann's last six weeks",
        ("experiment=rossmann", "data.root={root}"),
        "val/rmspe",
        "less",
        0.12,
        (
            Peer(
                "fastai",
                _FASTAI,
                ("tables",),
                "tabular_learner(layers=[1000, 500], ps=[.001, .01], embed_p=.04), fit_one_cycle(5, 3e-3, wd=.2), batches of "
                "512, as its course's notebook does; given our columns ready in a pickle, where ours begins with Kaggle's files",
            ),
        ),
        rossmann_table,
    ),
    "text": Task(
        "perplexity 130 on Penn Treebank",
        ("experiment=lm", "data=language_model", "data.root={root}", "data.level=whitespace"),
        "val/perplexity",
        "less",
        130.0,
        (
            Peer(
                "fastai",
                _FASTAI,
                ("text",),
                "AWD_LSTM of our size, dropout, batches and epochs (200/400/2, drop_mult=.4, 32 windows of 35, 5 epochs), as its "
                "tutorial's network and 90 epochs would take a day; the rest as there (WikiText): Adam(wd=.1), GradientClip(.1), "
                "rnn_cbs(2, 1), fit_one_cycle(5, 5e-3, moms=(.8, .7, .8), div=10); in 32 bit, as its mixed precision needs a GPU",
            ),
        ),
    ),
}
