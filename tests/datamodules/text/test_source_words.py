"""A text's words as they were written, beside their tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from practicum.datamodules import TextFolder
from practicum.datamodules.text.source_words import source_words
from practicum.datamodules.text.tokenizer import LEVELS, build_tokenizer, normalize

KNOWN = "A fine film. It was not so good, no no no"
TEXTS = (
    "Sooooo GOOD!!!! Zorblax isn't  no no no way,\n3rd it's",
    "\ud55c\uad6d \uc601\ud654\ub294 \u0939\u093f\u0928\u094d\u0926\u0940 \u6211\u559c\u6b22 "
    "\U0001f602\U0001f602\U0001f602 \U0001f44d\U0001f3fd",
    "\u0130stanbul a&amp;b<br />c xxrep xxmaj",
    "",
    " ",
    "x",
)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("text", TEXTS)
def test_every_token_belongs_to_one_word(level: Any, text: str) -> None:
    tokenizer = build_tokenizer([normalize(KNOWN, level)] * 3, level, 300, 1)
    found = source_words(text, level, tokenizer)
    ends = [each.stop for each in found]
    assert [each.start for each in found] == [0, *ends][: len(found)]
    assert (ends[-1] if ends else 0) == len(tokenizer.encode(normalize(text, level)).ids)
    assert not any(each.text.startswith("xx") and each.text not in text for each in found)


def test_words_are_those_of_the_text_and_no_marks() -> None:
    tokenizer = build_tokenizer([normalize(KNOWN, "word")], "word", 300, 1)
    found = [each.text for each in source_words(TEXTS[0], "word", tokenizer)]
    assert found == ["Sooooo", "GOOD", "!!!!", "Zorblax", "isn't", "no no no", "way", ",", "", "3rd", "it's"]
    found = [each.text for each in source_words(TEXTS[1], "word", tokenizer)]
    assert found == [
        "\ud55c\uad6d",
        "\uc601\ud654\ub294",
        "\u0939\u093f\u0928\u094d\u0926\u0940",
        "\u6211",
        "\u559c",
        "\u6b22",
        "\U0001f602" * 3,
        "\U0001f44d\U0001f3fd",
    ]


@pytest.mark.parametrize("level", ["bpe", "character"])
def test_parts_of_words_are_put_together(level: Any) -> None:
    tokenizer = build_tokenizer([normalize(KNOWN, level)] * 3, level, 280, 1)
    found = [each.text for each in source_words("Zorblax is \ud55c\uad6d!", level, tokenizer) if each.text]
    assert found == ["Zorblax", "is", "\ud55c\uad6d", "!"]


@pytest.mark.parametrize("reverse", [False, True])
def test_new_texts_say_where_each_word_is_in_the_row(
    tmp_path: Path, write_folder: Any, ready: Any, words: Any, options: dict[str, Any], reverse: bool
) -> None:
    data = ready(TextFolder(write_folder(tmp_path / "texts", train=12, valid=4), reverse=reverse, **options))
    (tmp_path / "new.txt").write_text("This film\nThis Zorblax film is verrrry good indeed\n", encoding="utf-8")
    new = data.for_prediction(tmp_path / "new.txt")
    ((x, _),) = list(new.predict_dataloader())
    tokens = words(data, x[1])
    found = {each.text: tokens[each.start : each.stop] for each in new.source_words(1)}
    assert sorted(found["Zorblax"]) == ["xxmaj", "xxunk"]
    assert "xxrep" in found["verrrry"]
    assert found["film"] == ["film"]
    assert found[""] == ["xxbos"]
    assert max(each.stop for each in new.source_words(1)) == len(tokens)
