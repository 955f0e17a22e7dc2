"""Any name in a form that MLflow takes, and no two alike."""

from __future__ import annotations

import posixpath
import re

from hypothesis import given, settings
from hypothesis import strategies as st
from practicum.callbacks.run.accepted_keys import accepted_keys, flat

ODD = ["a,b", "a;b", "a_b", "a_b_2", "", "/", "..", "a//b", "a/", "/a", "ä€", "x" * 300, "x" * 299 + "y", "a\nb", "a:b"]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(ODD), st.text(max_size=8)), unique=True))
def test_names_are_what_mlflow_takes_and_stay_apart(keys: list[str]) -> None:
    accepted = accepted_keys(keys)
    assert list(accepted) == keys
    assert len(set(accepted.values())) == len(keys)
    for name in accepted.values():  # the rules of mlflow.utils.validation, with those of Windows
        assert re.fullmatch(r"[/\w.\- ]+", name)
        assert 0 < len(name) <= 250
        assert posixpath.normpath(name) == name
        assert name != "."
        assert not name.startswith(("..", "/"))


def test_a_name_that_is_taken_stays_as_it_is() -> None:
    assert accepted_keys(["a,b", "a_b"]) == {"a,b": "a_b_2", "a_b": "a_b"}


def test_settings_are_flattened_down_to_empty_ones() -> None:
    assert flat({"a": {"b": {"c,d": 1}}, "e": {}, "f": [{"g": 2}], 3: None}) == {
        "a/b/c,d": 1,
        "e": {},
        "f": [{"g": 2}],
        "3": None,
    }
