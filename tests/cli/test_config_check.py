"""The composed configuration is checked against the signatures of what it configures."""

from __future__ import annotations

from pathlib import Path

import pytest
from hydra import compose, initialize_config_module
from omegaconf import DictConfig, OmegaConf
from practicum.cli.config_check import check_config
from practicum.lightning_shim import MisconfigurationException, resolve_precision


def composed(*overrides: str) -> DictConfig:
    with initialize_config_module("practicum.conf", version_base="1.3"):
        cfg = compose("train", overrides=["name=test", "paths.run=run", *overrides])
    cfg.trainer.precision = resolve_precision(cfg.trainer.precision, "cpu")
    return cfg


CHOICES = [
    *(f"model={name}" for name in ("efficientnet_lite0", "resnext50", "vgg16", "resnet18")),
    "model=timm,model.backbone=resnet10t",
    "data=image_folder,data.root=photos",
    "optimizer=sgd",
    "augment=none",
    "callbacks=none",
    "trainer=ddp",
    "logger=tensorboard",
    "experiment=spiders",
    "experiment=planet",
    "experiment=lm",
    "experiment=lm_paper,data=language_model,data.root=text",
    "experiment=imdb_lm",
    "experiment=reviews",
    "experiment=word_vectors",
    "experiment=reviews,model=word_vectors",
    "experiment=table,data.root=table.csv,data.target=y",
    "experiment=stores",
    "experiment=rossmann,data.root=files",
    "experiment=rossmann_paper,data.root=files",
    "experiment=ratings,data.root=ratings.csv",
    "experiment=movielens",
    "experiment=tastes",
    "experiment=clicks,data.root=clicks.csv",
    "experiment=clicks,data=movielens",
    "experiment=movielens,model=neural_collaborative_filter,data.side_features=true",
    "experiment=ratings_large,data.root=ratings.csv",
]


@pytest.mark.parametrize("choice", CHOICES)
def test_every_choice_is_in_order(choice: str) -> None:
    check_config(composed(*choice.split(",")))


FAULTS = {
    "trainer.max_epochs=many": "trainer.max_epochs='many' is not of the right type: a whole number or null is wanted",
    "+trainer.max_epoch=3": "trainer.max_epoch: Trainer has no such option; did you mean trainer.max_epochs",
    "+model.heads=linear": "model.heads: ImageClassifier has no such option; did you mean model.head",
    "model.head=liner": "one of linear, concat_pool",
    "data.size=big": "data.size='big' is not of the right type: a whole number",
    "+data.batchsize=3": "data.batchsize: Spiders has no such option; did you mean data.batch_size",
    "+callbacks.foo=3": "callbacks.foo=3: a callback with options is wanted, or null",
    "+logger.foo=3": "logger.foo=3: a logger with options is wanted, or null",
    "+logger.foo.bar=3": "logger.foo.bar: no logger.foo is chosen",
    "+callbacks.unfreze.at=[1]": "callbacks.unfreze.at: no callbacks.unfreze is chosen",
    "data=image_folder": "data.root is missing: give it as data.root=...",
    "callbacks.unfreeze.at=soon": "callbacks.unfreeze.at='soon'",
    "callbacks.unfreeze.at=[a]": "callbacks.unfreeze.at=\\['a'\\]",
    "optimizer.lr=fast": "optimizer.lr='fast'",
    "model=timm": "model.backbone is missing",
    "+data.report=x": "data.report was renamed to data.report_dir.",
    "+callbacks.unfreeze.lr_span=81": "callbacks.unfreeze.lr_span was renamed to callbacks.unfreeze.lr_ratio.",
    "data.source=drawn": "data.source=drawn was renamed to data.source=synthetic.",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_named_in_one_sentence(fault: str) -> None:
    with pytest.raises(MisconfigurationException, match=FAULTS[fault]) as raised:
        check_config(composed(fault))
    assert "\n" not in str(raised.value)


def test_a_missing_target_is_told_with_the_tables_columns(tmp_path: Path) -> None:
    (tmp_path / "wine.csv").write_text("acid;sugar;quality\n1,5;2;6\n2,5;3;5\n", encoding="utf-8")
    with pytest.raises(MisconfigurationException, match=r"data.target=..., a column of .*wine.csv: acid, sugar, quality\.$"):
        check_config(composed("experiment=table", f"data.root={tmp_path}/wine.csv"))
    with pytest.raises(MisconfigurationException, match=r"data.target is missing: give it as data.target=\.\.\.$"):
        check_config(composed("experiment=table", f"data.root={tmp_path}/gone.csv"))


def test_options_passed_on_to_parents_are_checked_there() -> None:
    target = "practicum.datamodules.Spiders"  # its options are ImageFolder's, too
    check_config(OmegaConf.create({"a": {"_target_": target, "root": None, "size": 32}}))
    with pytest.raises(MisconfigurationException, match="a.size='x'"):
        check_config(OmegaConf.create({"a": {"_target_": target, "size": "x"}}))
    with pytest.raises(MisconfigurationException, match="did you mean a.batch_size"):
        check_config(OmegaConf.create({"a": {"_target_": target, "batchsize": 1}}))


def test_classes_that_are_not_there_are_named() -> None:
    with pytest.raises(MisconfigurationException, match="there is no SGDRR in practicum.callbacks; did you mean SGDR?"):
        check_config(OmegaConf.create({"schedule": {"_target_": "practicum.callbacks.SGDRR"}}))


def test_a_long_value_is_shortened() -> None:
    for override in (f"data.size={'9a' * 3000}", f"schedule._target_={'y' * 3000}"):
        with pytest.raises(MisconfigurationException) as caught:
            check_config(composed(override))
        assert len(str(caught.value)) < 700
