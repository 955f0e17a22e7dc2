"""Synthetic reviews: their probability is that of their grammar, and the best model's metrics follow from it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from practicum.datamodules import Reviews
from practicum.datamodules.synthetic import reviews as generator

# The grammar, written down a second time: of a list's words the n-th has a chance in proportion to 1 / n.
GOOD = ("brilliant", "charming", "moving", "clever", "gripping", "tender")
BAD = ("dull", "clumsy", "tedious", "hollow", "bland", "silly")
NEGATED = ("Nobody thought that", "Hardly anyone found that", "It is never true that")
AFFIRMED = ("Everybody thought that", "Nearly everyone found that", "It is always true that")
ASPECTS = ("plot", "acting", "music", "ending", "script", "dialogue", "scenery", "pace")
PEOPLE = ("sailor", "doctor", "widow", "painter", "thief", "teacher", "soldier", "singer", "baker", "judge", "farmer")
PLACES = ("harbour", "village", "castle", "desert", "theatre", "kitchen", "forest", "prison", "garden", "station", "island")
THINGS = ("letter", "lantern", "piano", "mirror", "horse", "suitcase", "violin", "photograph", "ladder", "statue", "clock")
DEEDS = ("finds", "steals", "paints", "hides", "repairs", "sells", "loses", "carries", "follows", "watches")
KINDS = ("old", "quiet", "young", "strange", "famous", "tired")


def log_probability(text: str, negated: float = 0.5) -> float:
    """Read a review from left to right and multiply chances: an independent parser of the grammar."""

    def chance(words: tuple[str, ...], word: str) -> float:
        return math.log(1 / (words.index(word) + 1) / sum(1 / n for n in range(1, len(words) + 1)))

    total, opinions, good = math.log(0.5), 0, None

    def someone(tokens: list[str], names: tuple[str, ...]) -> float:
        kind = tokens[0] in KINDS
        log = math.log(0.2 if kind else 0.8)
        if kind:
            log += chance(KINDS, tokens.pop(0))
        return log + chance(names, tokens.pop(0))

    def happening(tokens: list[str]) -> float:
        log = chance(DEEDS, tokens.pop(0))
        assert tokens.pop(0) == "the"
        log += someone(tokens, THINGS)
        place = bool(tokens) and tokens[0] == "in"
        log += math.log(0.3 if place else 0.7)
        while place:
            del tokens[:2]
            log += someone(tokens, PLACES)
            place = bool(tokens) and tokens[0] == "near"
            log += math.log(0.3 if place else 0.7)
        return log

    for sentence in text.rstrip(".").split(". "):
        total += math.log(1 - 0.18) if opinions else 0
        start = next((each for each in (*NEGATED, *AFFIRMED) if sentence.startswith(each)), None)
        if start is None:
            tokens = sentence.split()
            assert tokens.pop(0) == "The"
            total += math.log(1 - 0.85) + someone(tokens, PEOPLE) + happening(tokens)
            assert not tokens
            continue
        opinions += 1
        turned = start in NEGATED
        total += math.log(0.85) + math.log(negated if turned else 1 - negated)
        total += chance(NEGATED if turned else AFFIRMED, start)
        head, *clause, verdict = sentence.split(",") if "," in sentence else sentence.split(" was")
        aspect = head.removeprefix(start).split()[1]
        total += chance(ASPECTS, aspect) + math.log(0.4 if clause else 0.6)
        if clause:
            tokens = clause[0].split()[3:]
            total += someone(tokens, PEOPLE) + happening(tokens)
            assert not tokens
        word, _, second = verdict.removeprefix(" was").split()
        words = GOOD if word in GOOD else BAD
        total += chance(words, word) + chance(words, second)
        is_good = (word in GOOD) != turned
        assert good in (None, is_good)  # all opinions agree
        good = is_good
    return total + math.log(0.18)


def test_the_best_metrics_follow_from_the_grammar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ready: Any, options: dict[str, Any]
) -> None:
    monkeypatch.setattr(generator, "COUNTS", {"train": 60, "test": 100, "unsup": 40})
    options["synthetic_dir"] = tmp_path / "synthetic"
    data = ready(Reviews(task="language_model", **options))
    answer = json.loads((data.root / "answer.json").read_text(encoding="utf-8"))
    for part, negated in (("train/pos", 0.5), ("train/unsup", 0.2), ("test/neg", 0.5)):
        name, log = next((name, log) for name, log in answer["logs"].items() if name.startswith(part))
        assert log == pytest.approx(log_probability((data.root / name).read_text(encoding="utf-8"), negated))
    test = [path.read_text(encoding="utf-8") for path in data.root.glob("test/*/*.txt")]
    tokens = data.provenance["tokens/test"]
    assert data.known_answer == {"perplexity": pytest.approx(math.exp(-sum(map(log_probability, test)) / tokens))}
    assert 2 < data.known_answer["perplexity"] < 3
    classified = ready(Reviews(**options))
    assert classified.known_answer == {"accuracy": pytest.approx(0.97)}
    assert classified.provenance["source"] == f"synthetic: {data.root}"


def test_nothing_is_known_of_one_s_own_reviews(tmp_path: Path, write_folder: Any, ready: Any, options: dict[str, Any]) -> None:
    root = write_folder(tmp_path / "texts", train=12, valid=4)
    data = ready(Reviews(root, **options))
    assert data.known_answer == {}
    assert data.provenance["source"] == str(root)


def test_the_answer_is_known_wherever_the_cache_was_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    answers = []
    for place in (Path("synthetic"), tmp_path / "synthetic"):
        data = Reviews(synthetic_dir=place, task="language_model", cache=tmp_path / "cache")
        data.prepare_data()
        answers.append(data.known_answer)
    assert answers[0] == answers[1]
    assert answers[0]["perplexity"] > 1
