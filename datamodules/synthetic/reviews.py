"""Reviews written by a grammar, in the layout of the IMDb archive, with a known entropy and a known best accuracy.

A review is a few sentences: some tell what happens, some give an opinion. An opinion says in its first words whether it is
negated (``Nobody thought that ...``) and in its last what of (``... was dull``); between them lies a clause of any length.
All opinions of a review agree. In reviews with a label half of the opinions are negated: there both polarities of either are as
frequent in good reviews as in bad ones, only together do they tell, so that no average of words can see what a reader sees. In
those without a label a fifth is, as people would speak.

What comes next is drawn with known chances, and how a review was drawn can be told from its words, so each review's probability
is known: no language model reaches a lower perplexity than they do. A known share of labels is wrong.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .generate import whole_folder

VERSION = 1
COUNTS = {"train": 1000, "test": 1000, "unsup": 8000}
WRONG = 0.03  # of the labels

_GOOD = ("brilliant", "charming", "moving", "clever", "gripping", "tender")
_BAD = ("dull", "clumsy", "tedious", "hollow", "bland", "silly")
_NOT = ("Nobody thought that", "Hardly anyone found that", "It is never true that")
_YES = ("Everybody thought that", "Nearly everyone found that", "It is always true that")
_ASPECTS = ("plot", "acting", "music", "ending", "script", "dialogue", "scenery", "pace")
_PEOPLE = ("sailor", "doctor", "widow", "painter", "thief", "teacher", "soldier", "singer", "baker", "judge", "farmer")
_PLACES = ("harbour", "village", "castle", "desert", "theatre", "kitchen", "forest", "prison", "garden", "station", "island")
_THINGS = ("letter", "lantern", "piano", "mirror", "horse", "suitcase", "violin", "photograph", "ladder", "statue", "clock")
_DEEDS = ("finds", "steals", "paints", "hides", "repairs", "sells", "loses", "carries", "follows", "watches")
_KINDS = ("old", "quiet", "young", "strange", "famous", "tired")
_STOP, _OPINION = 0.18, 0.85  # chances of what comes after a sentence; else the story goes on
_NEGATED = {"train": 0.5, "test": 0.5, "unsup": 0.2}
_CLAUSE, _PLACE, _FURTHER, _KIND = 0.4, 0.3, 0.3, 0.2


class _Writer:
    """Draws words and keeps count of how likely they were."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.words: list[str] = []
        self.log = 0.0

    def one_of(self, words: Sequence[str]) -> None:
        """One of these, the first twice as likely as the second, three times as the third."""
        chances = 1 / np.arange(1, len(words) + 1)
        chances /= chances.sum()
        place = int(self.rng.choice(len(words), p=chances))
        self.log += math.log(chances[place])
        self.words.append(words[place])

    def whether(self, chance: float) -> bool:
        """Yes with that chance."""
        yes = bool(self.rng.random() < chance)
        self.log += math.log(chance if yes else 1 - chance)
        return yes

    def say(self, words: str) -> None:
        """What is certain."""
        self.words.append(words)


def _someone(writer: _Writer, article: str, names: Sequence[str]) -> None:
    writer.say(article)
    if writer.whether(_KIND):
        writer.one_of(_KINDS)
    writer.one_of(names)


def _happening(writer: _Writer) -> None:
    writer.one_of(_DEEDS)
    _someone(writer, "the", _THINGS)
    if writer.whether(_PLACE):
        _someone(writer, "in the", _PLACES)
        while writer.whether(_FURTHER):
            _someone(writer, "near the", _PLACES)


def _story(writer: _Writer) -> None:
    _someone(writer, "The", _PEOPLE)
    _happening(writer)
    writer.say(".")


def _opinion(writer: _Writer, good: bool, chance: float) -> None:
    negated = writer.whether(chance)
    writer.one_of(_NOT if negated else _YES)
    writer.say("the")
    writer.one_of(_ASPECTS)
    if writer.whether(_CLAUSE):
        writer.say(", in which")
        _someone(writer, "the", _PEOPLE)
        _happening(writer)
        writer.say(",")
    writer.say("was")
    words = _GOOD if good != negated else _BAD
    writer.one_of(words)
    writer.say("and")
    writer.one_of(words)
    writer.say(".")


def review(rng: np.random.Generator, negated: float = 0.5) -> tuple[str, bool, float]:
    """A review, whether it is good, and the logarithm of its probability.

    Whether it is good is not told but by its opinions: of the first one either polarity of the last words was as likely.

    Args:
        rng: Draws.
        negated: Chance that an opinion is.
    """
    good = bool(rng.random() < 0.5)
    writer = _Writer(rng)
    opinions = 0
    while True:
        if opinions and writer.whether(_STOP):
            break
        if writer.whether(_OPINION):
            opinions += 1
            _opinion(writer, good, negated)
        else:
            _story(writer)
    text = " ".join(writer.words).replace(" .", ".").replace(" ,", ",")
    return text, good, writer.log + math.log(0.5)


def draw_reviews(folder: Path, seed: int = 2017) -> None:
    """``train/{pos,neg,unsup}/*.txt``, ``test/{pos,neg}/*.txt`` and ``answer.json``: each file's log-probability, wrong labels.

    Args:
        folder: Made by this call; must not exist.
        seed: Of everything drawn.
    """
    rng = np.random.default_rng(seed)
    logs: dict[str, float] = {}
    wrong: dict[str, int] = {}
    with whole_folder(folder) as work:
        for part, count in COUNTS.items():
            flipped = set(rng.permutation(count)[: 0 if part == "unsup" else round(WRONG * count)].tolist())
            wrong[part] = len(flipped)
            for number in range(count):
                text, good, log = review(rng, _NEGATED[part])
                said = good != (number in flipped)
                place = "train/unsup" if part == "unsup" else f"{part}/{'pos' if said else 'neg'}"
                name = f"{place}/{number}_{0 if part == 'unsup' else 9 if said else 2}.txt"
                (work / name).parent.mkdir(parents=True, exist_ok=True)
                (work / name).write_text(text, encoding="utf-8")
                logs[name] = log
        answer = {"logs": logs, "wrong": wrong, "counts": COUNTS}
        (work / "answer.json").write_text(json.dumps(answer))
