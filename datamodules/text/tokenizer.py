"""From text to tokens: words with marks for capitals and repetition, sub-words, characters, or what blanks divide.

**What it does.** ``word``: ``Don't SHOUT sooooo`` becomes ``xxmaj do n't xxup shout s xxrep 5 o``: a word has one row in the
vocabulary however it is written, and nothing that was said is lost. ``bpe``: pieces of words, learnt from the text, for languages
with long words or none between blanks. ``character``: each by itself. ``blanks``: text that is tokenised already, such as Penn
Treebank; each line ends in ``<eos>``.

**When to use which.** ``word`` for a vocabulary that carries over from one corpus to another; ``bpe`` and ``character`` where
words are rare or unbounded.

**Defaults.** ``word``, at most 60,000 of those that occur twice.

**Sources.** The marks: Howard and Gugger 2020, fastai (``fastai.text.core``). Sub-words: Sennrich et al. 2016, on bytes as in
GPT-2.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, get_args

from practicum.lightning_shim import MisconfigurationException
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

Level = Literal["word", "blanks", "bpe", "character"]
LEVELS: tuple[str, ...] = get_args(Level)

UNKNOWN, PAD, BEGIN, END = "xxunk", "xxpad", "xxbos", "<eos>"
MARKS = ("xxrep", "xxwrep", "xxup", "xxmaj")
SPECIALS = (UNKNOWN, PAD, BEGIN, END)  # numbers 0, 1, 2, 3 at every level

_BREAK = re.compile(r"<br\s*/?>")
_REPEATED = re.compile(r"([^\s\d])\1\1+")
_REPEATED_WORD = re.compile(r"\b(\w++)(?:\s++\1\b){2,}")
_CAPITAL = re.compile(r"\b[A-ZÀ-ÖØ-ÞĀ-ŽΑ-ΩА-Я]\w++")
_BLANKS = re.compile(r"[^\S\n]+")
_NEWLINE = re.compile(r" ?\n ?")
_LINES = re.compile(r"\s*\n\s*")
# "do" "n't"; "it" "'s"; 1,000.50; a word; a sign. Writing without blanks between words: each character.
_WORDS = r"\w+(?=n't\b)|n't\b|'(?:s|re|ve|ll|d|m)\b|\d+(?:[.,]\d+)*|[぀-ヿ㐀-鿿豈-﫿]|[^\W぀-ヿ㐀-鿿豈-﫿]+|\n|[^\w\s]"


def plain(text: str) -> str:
    """Text without what web pages leave in it: ``<br />`` and entities."""
    return html.unescape(_BREAK.sub("\n", text)) if "<" in text or "&" in text else text


def mark(text: str) -> str:
    """Text in small letters, with ``xxmaj`` before a word that began with a capital and ``xxup`` before one of capitals only.

    ``xxrep 4 !`` stands for ``!!!!`` and ``xxwrep 3 no`` for ``no no no``. A word of a single letter gets no mark.
    """
    text = _REPEATED.sub(lambda found: f" xxrep {len(found[0])} {found[1]} ", text)
    text = _REPEATED_WORD.sub(lambda found: f" xxwrep {len(found[0].split())} {found[1]} ", text)
    return _CAPITAL.sub(_mark_capitals, text).lower()


def _mark_capitals(found: re.Match[str]) -> str:
    word = found[0]
    return f"xxup {word}" if word.isupper() else f"xxmaj {word}" if word[1:].islower() else word


def prepare(text: str, level: Level) -> str:
    """Text as :func:`build_tokenizer`'s tokenizer of that level wants it."""
    if level == "blanks":
        return " ".join(f"{line} {END}" for line in text.splitlines() if line.strip()) or END
    text = plain(text)
    if level == "word":
        return _LINES.sub(" \n ", mark(text).strip())
    return _LINES.sub("\n", _BLANKS.sub(" ", text)).strip()


def build_tokenizer(texts: Iterable[str] | Iterator[str], level: Level, max_vocab: int, min_count: int) -> Tokenizer:
    """Learn a vocabulary.

    Args:
        texts: As :func:`prepare` returns them.
        level: See the card.
        max_vocab: Tokens at most, those of :data:`SPECIALS` and :data:`MARKS` included.
        min_count: Words that are rarer are unknown; for ``bpe`` pairs that are rarer are not joined.

    Raises:
        MisconfigurationException: Unknown level.
    """
    if level not in LEVELS:
        raise MisconfigurationException(f"data.level={level}: choose {', '.join(LEVELS)}.")
    trainer: trainers.Trainer
    specials = [*SPECIALS, *MARKS] if level == "word" else list(SPECIALS)
    if level == "bpe":
        tokenizer = Tokenizer(models.BPE(unk_token=UNKNOWN))
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=max_vocab,
            min_frequency=min_count,
            special_tokens=specials,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
    else:
        tokenizer = Tokenizer(models.WordLevel(unk_token=UNKNOWN))
        if level == "blanks":
            tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
        else:
            pattern = _WORDS if level == "word" else r"[\s\S]"
            tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(pattern), "removed", invert=True)
        trainer = trainers.WordLevelTrainer(
            vocab_size=max_vocab, min_frequency=min_count, special_tokens=specials, show_progress=False
        )
    tokenizer.train_from_iterator(texts, trainer)
    return _plain_entries(tokenizer, specials)


def _plain_entries(tokenizer: Tokenizer, specials: Sequence[str]) -> Tokenizer:
    """The same vocabulary, its special tokens plain entries of it, numbered without gaps, they first.

    The trainer makes them a step before all others, slow and blind to what the pattern divides, and counts them once more where
    they occur in the texts.
    """
    described = json.loads(tokenizer.to_str())
    described["added_tokens"] = []
    if described["model"]["type"] == "WordLevel":
        others = [token for token in vocabulary(tokenizer) if token not in specials]
        described["model"]["vocab"] = {token: number for number, token in enumerate([*specials, *others])}
    return Tokenizer.from_str(json.dumps(described, ensure_ascii=False))


def vocabulary(tokenizer: Tokenizer) -> list[str]:
    """Tokens in the order of their numbers."""
    return [token for token, _ in sorted(tokenizer.get_vocab().items(), key=lambda entry: entry[1])]


def written(tokens: Iterable[str], level: Level) -> str:
    """Tokens as a person would write them: the inverse of :func:`prepare` as far as there is one."""
    tokens = [token for token in tokens if token not in (PAD, BEGIN)]
    if level == "character":
        return "".join("\n" if token == END else token for token in tokens)
    if level == "bpe":
        return decoders.ByteLevel().decode([token for token in tokens if token != END])
    if level == "blanks":
        return _NEWLINE.sub("\n", " ".join("\n" if token == END else token for token in tokens))
    words: list[str] = []
    change, repeat = "", 0
    iterator = iter(tokens)
    for token in iterator:
        if token in ("xxmaj", "xxup"):
            change = token
        elif token in ("xxrep", "xxwrep"):
            count = next(iterator, "")
            repeat = int(count) if count.isdecimal() and len(count) < 3 else 1
            whole = token == "xxwrep"
            word = next(iterator, "")
            words.append(" ".join([word] * repeat) if whole else word * repeat)
        else:
            words.append(token.capitalize() if change == "xxmaj" else token.upper() if change == "xxup" else token)
            change = ""
    text = " ".join(words)
    text = re.sub(r" (n't\b|'(?:s|re|ve|ll|d|m)\b|[.,;:!?)\]])", r"\1", text)
    return _NEWLINE.sub("\n", re.sub(r"([(\[]) ", r"\1", text))
