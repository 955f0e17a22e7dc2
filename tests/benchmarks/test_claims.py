"""The claims of benchmarks/claims.py: their intervals, their pages, and that each variant is something that train.py takes."""

from __future__ import annotations

import argparse
import csv
import math
import sys
import tarfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_module

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks import claims
from benchmarks.claims_parts.catalogue import CLAIMS, epochs_to
from benchmarks.claims_parts.claim import Claim, Variant
from benchmarks.claims_parts.exponential_decay import ExponentialDecay
from benchmarks.claims_parts.intervals import gain, interval, verdict
from benchmarks.claims_parts.reviews import classified, read_only, write_reviews
from benchmarks.claims_parts.table import claim_page

CLAIM = Claim("one", "It helps.", "A paper", {"set": ("data=spiders",)}, (Variant("without"), Variant("with")), ("loss",))


def test_an_interval_is_students() -> None:
    mean, half = interval([1.0, 2.0, 3.0])
    assert mean == 2.0
    assert half == pytest.approx(4.302653 / math.sqrt(3))  # t of two degrees of freedom, from a printed table
    assert math.isnan(interval([1.0])[1])


def test_gains_are_paired_and_point_upwards() -> None:
    assert gain("loss", [0.5, 1.5], [1.0, 2.0])[0] == 0.5
    assert gain("loss", [0.5, 1.5], [1.0, 2.0])[1] == pytest.approx(0.0)  # though the seeds differ by more
    assert gain("accuracy", [0.5], [1.0])[0] == -0.5
    assert gain("epochs to RMSE 1", [3.0], [5.0])[0] == 2.0
    assert [verdict(1.0, 0.5), verdict(-1.0, 0.5), verdict(0.4, 0.5), verdict(1.0, math.nan)] == [
        "better",
        "worse",
        "no difference shown",
        "no difference shown",
    ]


def test_a_page_says_what_was_shown_and_what_failed() -> None:
    def runs(*losses: float) -> list[dict[str, Any]]:
        return [{"values": {"loss": loss}} for loss in losses]

    text = claim_page(
        CLAIM, {"set": {"without": runs(1.0, 1.25, 1.5), "with": [*runs(0.5, 0.75), {"error": "no memory"}]}}, ["loss"]
    )
    assert "> It helps. (A paper)" in text
    assert "| set | without | 1.25 ± .621 |" in text
    assert "| set | with | .625 ± 1.588 (+.5 ± 0: better) |" in text
    assert "- failed: set, with, seed 3: no memory" in text


def test_the_decay_is_exponential() -> None:
    rates = ExponentialDecay(last=1e-3).simulate(steps=4, lr=1.0)
    assert rates == pytest.approx([1.0, 0.1, 0.01, 0.001])


def test_epochs_to_a_quality(tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").write_text("epoch,step,val/rmse\n0,9,\n0,9,1.2\n1,19,0.93\n2,29,0.91\n", encoding="utf-8")
    assert epochs_to("rmse", 0.935)(tmp_path) == {"epochs to RMSE 0.935": 2.0}
    (tmp_path / "metrics.csv").write_text("epoch,step,val/rmse\n0,9,1.2\n", encoding="utf-8")
    assert epochs_to("rmse", 0.935)(tmp_path) == {}


def test_variants_are_run_in_turn_after_what_they_need(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    typed: list[tuple[str, ...]] = []

    def ours(output: Path, name: str, overrides: tuple[str, ...], *_: Any) -> dict[str, Any]:
        typed.append(overrides)
        return {"metrics": {"loss": 0.5}, "seconds": 1.0}

    monkeypatch.setattr(claims, "ours", ours)
    variants = (Variant("without"), Variant("with", ("model.encoder={before}",), ("experiment=lm", "data.root={data}/x")))
    claim = Claim("one", "It helps.", "A paper", {"a set": ("data=spiders",)}, variants, ("loss",), common=("epochs=1",))
    options = argparse.Namespace(output=tmp_path, data=Path("/d"), seeds=2, threads=None)
    assert claims.measure(claim, options)
    first = str(tmp_path / "runs/one/before/with/practicum-1")
    assert typed[:3] == [
        ("epochs=1", "data=spiders"),
        ("experiment=lm", "data.root=/d/x"),
        ("epochs=1", "data=spiders", f"model.encoder={first}"),
    ]
    assert len(typed) == 6
    assert "| a set | with | .5 ± 0 (+0 ± 0: no difference shown) |" in (tmp_path / "one.md").read_text(encoding="utf-8")


def test_what_others_build_on_is_tried_once_for_all_data_sets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def ours(output: Path, name: str, overrides: tuple[str, ...], *_: Any) -> dict[str, Any]:
        tried.append(name)
        return {"error": "no memory"} if "before" in name else {"metrics": {"loss": 0.5}, "seconds": 1.0}

    monkeypatch.setattr(claims, "ours", ours)
    variants = (Variant("without"), Variant("with", ("model.encoder={before}",), ("experiment=lm",)))
    claim = Claim("one", "It helps.", "A paper", {"a": (), "b": ()}, variants, ("loss",))
    options = argparse.Namespace(output=tmp_path, data=Path("/d"), seeds=2, threads=None)
    assert not claims.measure(claim, options)
    assert tried.count("one/before/with") == 2  # once for each seed
    assert (tmp_path / "one.md").read_text(encoding="utf-8").count("- failed: ") == 4


def test_data_that_cannot_be_prepared_fail_one_claim(tmp_path: Path) -> None:
    options = argparse.Namespace(output=tmp_path, data=tmp_path / "nothing", seeds=1, threads=None)
    assert not claims.measure(replace(CLAIM, prepare=write_reviews), options)
    assert "- failed: " in (tmp_path / "one.md").read_text(encoding="utf-8")


def test_a_smaller_amount_of_reviews_is_part_of_a_larger_one_and_no_test_review_is_read_before(tmp_path: Path) -> None:
    for split, labels in {"train": ("pos", "neg", "unsup"), "test": ("pos", "neg")}.items():
        for label in labels:
            folder = tmp_path / "aclImdb" / split / label
            folder.mkdir(parents=True)
            for number in range(8):
                words = f"{split} {label} {number} " + "word " * 120
                (folder / f"{number}_1.txt").write_text(words, encoding="utf-8")
    with tarfile.open(tmp_path / "reviews.tar.gz", "w:gz") as file:
        file.add(tmp_path / "aclImdb", "aclImdb")
    write_reviews(tmp_path, tmp_path / "work", archive="reviews.tar.gz", labelled=6, amounts=(4, 12))

    def rows(path: Path) -> list[dict[str, str]]:
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    few, many = ([row["text"] for row in rows(read_only(tmp_path / "work", amount))] for amount in (4, 12))
    assert len(few) == 4
    assert many[:4] == few
    assert [text.split()[1] for text in few] == ["unsup"] * 4
    assert all(text.startswith("train ") for text in many)
    short, whole = (rows(classified(tmp_path / "work", length, 6)) for length in ("25 words", "whole reviews"))
    assert [len(row["text"].split()) for row in short] == [25] * 12
    assert all(a["text"].startswith(b["text"]) and len(a["text"].split()) == 123 for a, b in zip(whole, short, strict=True))
    assert Counter(row["split"] for row in short) == {"train": 6, "test": 6}
    assert all(row["text"].startswith(f"{row['split']} {row['label']} ") for row in short)


@pytest.mark.parametrize("claim", CLAIMS, ids=[each.name for each in CLAIMS])
def test_train_takes_every_variant(claim: Claim) -> None:
    with initialize_config_module("practicum.conf", version_base="1.3"):
        for data in [*claim.sets.values()][:1]:
            for variant in claim.variants:
                typed = (*claim.common, *data, *variant.overrides)
                for each in (typed, variant.before) if variant.before else (typed,):
                    compose("train", overrides=["name=x", *claims.filled(each, Path("data"), Path("work"), "run")])
