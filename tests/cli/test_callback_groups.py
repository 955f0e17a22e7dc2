"""Callbacks for photos are refused for other data, with the group that fits."""

from __future__ import annotations

import pytest
from hydra import compose, initialize_config_module
from practicum.cli.callback_groups import check_callback_group
from practicum.cli.config_check import check_config
from practicum.cli.import_target import import_target
from practicum.lightning_shim import MisconfigurationException, resolve_precision

FITTING = {
    "experiment=table data.root=t.csv data.target=y": "table",
    "experiment=reviews": "text",
    "experiment=lm": "language_model",
    "experiment=word_vectors": "word_vectors",
    "experiment=tastes": "ratings",
    "experiment=clicks data.root=c.csv": "clicks",
    "experiment=clicks data=movielens": "clicks",
}


@pytest.mark.parametrize("typed", FITTING)
def test_the_group_that_fits_is_the_experiments(typed: str) -> None:
    with initialize_config_module("practicum.conf", version_base="1.3"):
        cfg = compose("train", [*typed.split(), "callbacks=default", "name=test", "paths.run=run"])
    kind = import_target("data._target_", cfg.data["_target_"])
    with pytest.raises(MisconfigurationException, match=rf"for {kind.__name__}: callbacks=\[{FITTING[typed]}\]\.$"):
        check_callback_group(cfg.callbacks, cfg.data, kind)
    cfg.trainer.precision = resolve_precision(cfg.trainer.precision, "cpu")
    with pytest.raises(MisconfigurationException, match=r"as all of callbacks=\[default\] are"):
        check_config(cfg)
    cfg.callbacks.precompute = cfg.callbacks.predictions = None
    check_callback_group(cfg.callbacks, cfg.data, kind)
    check_callback_group(None, cfg.data, kind)


def test_photos_have_them() -> None:
    with initialize_config_module("practicum.conf", version_base="1.3"):
        cfg = compose("train", ["name=test", "paths.run=run"])
    check_callback_group(cfg.callbacks, cfg.data, import_target("data._target_", cfg.data["_target_"]))


@pytest.mark.parametrize("more", ["data.rating=null", "data.positive_threshold=4"])
def test_clicks_have_no_table_of_predictions(more: str) -> None:
    with initialize_config_module("practicum.conf", version_base="1.3"):
        typed = ["experiment=ratings", "data.root=r.csv", more, "name=test", "paths.run=run"]
        cfg, fitting = compose("train", typed), compose("train", [*typed, "callbacks=[clicks]"])
    kind = import_target("data._target_", cfg.data["_target_"])
    with pytest.raises(
        MisconfigurationException, match=r"these data are clicks, .* choose experiment=clicks, or callbacks=\[clicks"
    ):
        check_callback_group(cfg.callbacks, cfg.data, kind)
    check_callback_group(fitting.callbacks, fitting.data, kind)
