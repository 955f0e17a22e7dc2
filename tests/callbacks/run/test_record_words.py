"""Names of a record in words."""

from __future__ import annotations

import pytest
from practicum.callbacks.run.record_words import in_words, record_groups


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("status", "how the run ended"),
        ("test/hit_rate@10_of_100", "hit rate@10 of 100 on test"),
        ("val/auroc", "AUROC on validation, last epoch"),
        ("val/auroc/best", "AUROC on validation, best of all epochs"),
        ("val/auroc/kept", "AUROC on validation, kept weights"),
        ("train/loss", "loss in training, last epoch"),
        ("known/rmspe", "best possible RMSPE"),
        ("plain/map", "MAP on the plain predictions, without test-time augmentation and the like"),
        ("baseline/popularity/ndcg@10", "nDCG@10 of the most popular items"),
        ("baseline/lightgbm/rmse", "RMSE of LightGBM"),
        ("baseline/unigram/loss", "loss of the unigram model"),
        ("baseline/prior/loss", "loss of class frequencies"),
        ("seconds/fit", "seconds of fit"),
        ("data/unknown/valid", "share of unknown tokens in the validation texts"),
        ("data/leaked/valid", "validation examples that occur in another split, too"),
        ("data/near_duplicates/test", "test photos that look like one in another split"),
        ("data/of_mine", "data: of mine"),
        ("version/torch", "version of torch"),
        ("my_own", "my own"),
        ("my/own_fact", "my: own fact"),
    ],
)
def test_a_name_in_words(key: str, words: str) -> None:
    assert in_words(key) == words


def test_groups_hold_everything_once_but_what_repeats() -> None:
    record = {
        "status": "finished", "train/loss": 1.0, "train/loss_epoch": 1.0, "train/loss_step": 0.9, "val/loss": 0.5,
        "val/loss/kept": 0.4, "tta/views": 4, "seconds": 3.0, "data/train": 9, "weights/source": "random", "seed": 1,
    }  # fmt: skip
    groups = record_groups(record)
    assert list(groups) == ["Result", "Training", "Techniques", "Time", "Data", "Weights", "Machine and versions"]
    lines = [line for held in groups.values() for line in held]
    assert sorted(line.key for line in lines) == sorted(set(record) - {"train/loss_epoch", "train/loss_step"})
    assert all(record[line.key] == line.value for line in lines)
    assert [line.key for line in groups["Result"]] == ["val/loss/kept"]
    assert "train/loss_step" in [line.key for held in record_groups({"train/loss_step": 1.0}).values() for line in held]


def test_texts_are_called_texts() -> None:
    lines = record_groups({"data/train": 50, "data/tokens/train": 929589, "weights/chosen_by": None})
    assert [(line.key, line.words) for line in lines["Data"]] == [
        ("data/train", "texts, or parts of a long one, for training"),
        ("data/tokens/train", "tokens of the training texts"),
    ]
    assert lines["Weights"][0].value == "nothing: the last one's are kept"
    assert record_groups({"data/train": 50})["Data"][0].words == "examples for training"
