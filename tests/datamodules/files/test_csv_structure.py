"""A damaged row is refused by its line; what is merely unusual is read."""

from __future__ import annotations

from pathlib import Path

import pytest
from practicum.datamodules.files.csv_format import detect_format
from practicum.datamodules.files.csv_source import read_source
from practicum.datamodules.files.csv_structure import Rows, check_rows, iter_records
from practicum.lightning_shim import MisconfigurationException


def read(path: Path, text: str, **told: str) -> tuple[Rows, list[tuple[int, list[str]]]]:
    path.write_bytes(text.encode())
    form = detect_format(path, **told)
    source = read_source(path, form.encoding)
    rows = check_rows(source, form)
    return rows, list(iter_records(source, form, rows))


FILL = "ok,pos\n" * 20
DAMAGED = {
    "a comma": (
        "text,label\na fine, warm film,a\n" + FILL,
        r"line 2: has 3 fields, but the header has 2 \(text, label\): 'a fine",
    ),
    "several": ("text,label\n" + FILL + "a,b,c\nd,e,f\n", r"line 22: has 3 fields.*\(and 1 more rows\)"),
    "too few": ("a,b,c\n1,2,3\n4,5\n", "line 3: has 2 fields, but the header has 3.*complete the row"),
    "cut off": ("a,b,c\n1,2,3\n4,5,6\n7", "line 4: has 1 field,"),
    "a row that spans": ('a,b\n"x\ny",1\n1,2,3\n', "line 4: has 3 fields"),
    "more than the header": ("id,date,name\nA,2014,N,D\n", "line 2: has 4 fields"),
    "one name, two fields": ("text\nI like it,pos\nno,neg\nfine,pos\n", "line 2: has 2 fields, but the header has 1"),
    "never closed": ('text,label\nok,a\n"open,b\nfine,a\n', r'line 3: a quote \("\) opens here and is never closed'),
    "closed by the next quote": ('a,b\n"a","b"\n"c","d\n"e","f"\n', r"line 3: a quoted field goes on .*in line 4"),
    "backslashes": ('a,b\n1,"say \\"x\\" y"\n', "line 2: a quoted field goes on after its closing quote"),
    "swallowed rows": ('text,label\n"second,pos\nthe cast,pos\ndull film",neg\nok,pos\nno,neg\n', "line 2: .*looks like rows"),
    "the last column": ('label,text\nneg,"second\npos,cast\nneg,dull"\npos,ok\nneg,no\n', "line 2: .*looks like rows"),
    "semicolons": ("a;b\n1;2\n3;4;5\n6;7\n", "line 3: has 3 fields.*holds ';' in quotes"),
    "a blank before it": ("a, b\n1, 2\n3, 4, 5\n", "line 3: has 3 fields"),
    "twice": ("a,b,a\n1,2,3\n", "has the column 'a' twice"),
    "twice but for blanks": ("a,a \n1,2\n", "has the column 'a' twice"),
    "header only": ("a,b\n", "has a header but no rows"),
    "header and blank lines": ("a,b\n\n\n", "has a header but no rows"),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_damage_is_refused_in_one_sentence_with_its_line(tmp_path: Path, kind: str) -> None:
    text, message = DAMAGED[kind]
    with pytest.raises(MisconfigurationException, match=message) as raised:
        read(tmp_path / "t.csv", text)
    assert "t.csv" in str(raised.value)
    assert "\n" not in str(raised.value)


ROWS = "0.5,a,1\n" * 3
HEADERS = {
    "a title": ("Sales report 2024\n\nx,k,y\n" + ROWS, r"title, as line 3 holds the names of the columns \(x, k, y\)"),
    "a title with the delimiter": ("Sales, all of 2024\n\nx,k,y\n" + ROWS, "title, as line 3 holds the names"),
    "a title in the line above": ("# made by hand\nx,k,y\n" + ROWS, "title, as line 2 holds"),
    "a title with semicolons": ("Umsatz 2024\n\nx;k;y\n" + ROWS.replace(",", ";"), "title, as line 3 holds"),
    "names of rows": ("x,k,y\n" + "".join(f'"{row}",0.5,a,1\n' for row in range(3)), "at its beginning if .* as R writes them"),
    "words as names of rows": ("x,y\n" + "".join(f"town {row},0.5,1\n" for row in range(3)), "line 2: has 3 fields, but the"),
}


@pytest.mark.parametrize("kind", HEADERS)
def test_a_header_that_no_row_fits_is_named_as_the_fault(tmp_path: Path, kind: str) -> None:
    text, message = HEADERS[kind]
    with pytest.raises(MisconfigurationException, match=message) as raised:
        read(tmp_path / "t.csv", text)
    assert "in quotes" not in str(raised.value)


UNUSUAL: dict[str, tuple[str, list[tuple[int, list[str]]]]] = {
    "a quote within a field": ('a,b\nx,y"\nz,5" disk\n', [(2, ["x", 'y"']), (3, ["z", '5" disk'])]),
    "blank lines": ("a,b\n1,2\n\n3,4\n\n\n", [(2, ["1", "2"]), (4, ["3", "4"])]),
    "blank lines of one column": ("a\nx\n\ny\n\n", [(2, ["x"]), (3, [""]), (4, ["y"])]),
    "a delimiter at the end": ("a,b\n1,2,\n3,4\n", [(2, ["1", "2"]), (3, ["3", "4"])]),
    "columns without names": ("a,,\n1,,\n2\n", [(2, ["1", "", ""]), (3, ["2", "", ""])]),
    "quotes after blanks": ('a,b\n1, "x, y"\n2, z\n', [(2, ["1", "x, y"]), (3, ["2", "z"])]),
    "blanks after delimiters": ("a, b\n1, x y\n", [(2, ["1", "x y"])]),
    "lines of an old Mac": ("a,b\r1,2\r3,4\r", [(2, ["1", "2"]), (3, ["3", "4"])]),
    "lines within fields": ('a,b\n"x\r\ny",1\nz,2', [(2, ["x\r\ny", "1"]), (4, ["z", "2"])]),
    "a text of several lines": (
        'text,label\n"I like it, really\nand, well, pos",pos\nok,neg\n',
        [(2, ["I like it, really\nand, well, pos", "pos"]), (4, ["ok", "neg"])],
    ),
    "Excel's line": ("sep=;\na;b\n1;2\n", [(3, ["1", "2"])]),
    "no line at the end": ("a,b\n1,2", [(2, ["1", "2"])]),
}


@pytest.mark.parametrize("kind", UNUSUAL)
def test_what_is_written_unusually_is_read(tmp_path: Path, kind: str) -> None:
    text, expected = UNUSUAL[kind]
    rows, found = read(tmp_path / "t.csv", text)
    assert found == expected
    assert rows.lines.tolist() == [line for line, _ in expected]


def test_quotes_can_be_told_to_be_text(tmp_path: Path) -> None:
    _, found = read(tmp_path / "t.csv", 'a,b\n"x,1\n"y" z,2\n', quote="")
    assert found == [(2, ['"x', "1"]), (3, ['"y" z', "2"])]
    _, found = read(tmp_path / "t.csv", DAMAGED["swallowed rows"][0], quote='"')
    assert found[0][1] == ["second,pos\nthe cast,pos\ndull film", "neg"]
