"""What a look at the bytes of a table tells."""

from __future__ import annotations

from practicum.datamodules.files.field_edges import has_blanks, has_padding


def test_zeros_before_digits_and_blanks_beside_delimiters_are_noticed() -> None:
    assert all(has_padding(text, 0) for text in (b"a,b\n1,02\n", b"01", b'"01"'))
    assert not has_padding(b"a,b\n100,0.05\n1.05,0\n", 0)
    assert all(has_blanks(text, 0, ",") for text in (b"a, b\n1,2\n", b"a\n1 \n", "\xa01,2".encode()))
    assert not has_blanks(b"a,b\nx y,2\n", 0, ",")
    assert not has_blanks(b"a\tb\n1\t2\n", 0, "\t")
