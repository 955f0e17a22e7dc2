"""Where no row fits a header, the header is named as the fault; where some do, the rows are."""

from __future__ import annotations

from practicum.datamodules.files.csv_header import header_fault


def fault(text: str, has_header: bool = True) -> str | None:
    lines = [line.split(",") if line else [] for line in text.split("\n")]
    return header_fault("t.csv", enumerate(lines, 1), has_header)


def test_lines_above_the_header_are_a_title() -> None:
    said = fault("Sales 2024\nby hand, of shops\n\nx,k,y\na,b,c\nd,e,f")
    assert said == (
        "t.csv: its first line ('Sales 2024') looks like a title, as line 4 holds the names of the columns (x, k, y); delete the "
        "lines above that."
    )
    for text in ("# x\nx,y\na,1\nb,2", "2024\n\nx,y\na,b\nc,d", "Sales,2024\nx,k,y\n1,a,2\n,b,3"):
        assert "looks like a title" in (fault(text) or ""), text
    assert "looks like a title" in (fault("2024\n\nx,y\na,b\nc,d", has_header=False) or "")


def test_a_header_that_lacks_one_name_in_all_rows() -> None:
    for text in ("x,y\n1,0.5,2\n2,0.5,3", "text\nI like it,pos\nno,neg", "x,y\na,0.5,2\na,0.5,3"):
        said = fault(text) or ""
        assert "and so it is in all rows; put a name for the column that lacks one into the header: at its beginning if" in said
        assert fault(text, has_header=False) is None


def test_a_wrong_row_is_no_fault_of_the_header() -> None:
    for text in (
        "a,b\n1,2,3\n4,5",
        "a,b\n1,2\n3,4,5",
        "a,b\n1,2\n3,4,5\n6,7,8",
        "a,b,c\n1,2\n3,4",
        "a\n1,2,3\n4,5,6",  # two names are lacking
        "a,b\n1,2,3",
        "",
    ):
        assert fault(text) is None, text
