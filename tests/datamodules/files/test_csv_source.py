"""A table's text is found in whatever encoding and packing it comes, and what is no text is named."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from practicum.datamodules.files.csv_format import detect_format
from practicum.datamodules.files.csv_source import find_encoding, read_source, require_utf8
from practicum.lightning_shim import MisconfigurationException

TEXT = "stadt,y\nMünchen,1\nMönchen,0\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
@pytest.mark.parametrize("pack", [False, True])
def test_an_encoding_is_found_and_the_text_is_the_same(tmp_path: Path, encoding: str, pack: bool) -> None:
    raw = TEXT.encode(encoding)
    (tmp_path / "t.csv").write_bytes(gzip.compress(raw) if pack else raw)
    source = read_source(tmp_path / "t.csv", find_encoding(tmp_path / "t.csv"))
    assert source.text_lines().read() == TEXT
    assert source.sample(1000) == TEXT


def test_a_text_is_utf_8_to_its_end_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"a,b\n" + b"1,2\n" * 3_000_000 + "ü,1\n".encode("cp1252"))
    assert find_encoding(tmp_path / "t.csv") == "cp1252"


@pytest.mark.parametrize("line", ["sep=;\n", '"sep=;"\r\n', "SEP=;\n"])
def test_excel_s_line_names_the_delimiter_and_is_no_header(tmp_path: Path, line: str) -> None:
    (tmp_path / "t.csv").write_bytes(f"{line}a;b\n1;2\n".encode("utf-8-sig"))
    source = read_source(tmp_path / "t.csv", "utf-8")
    assert (source.separator, source.first_line, source.sample(100)) == (";", 2, "a;b\n1;2\n")


def test_a_sample_ends_with_a_line(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2\n33333,4\n", encoding="utf-8")
    assert read_source(tmp_path / "t.csv", "utf-8").sample(10) == "a,b\n1,2\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        (b"", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"\n \n", "is empty"),
        (b"PK\x03\x04rest", "is a zip archive or an Excel workbook"),
        (b"PAR1rest", "is a Parquet file"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0)[:-6], "can't be unpacked"),
        (b"a,b\n\x81\x8d,1\n", "is neither UTF-8 nor cp1252"),
    ],
)
def test_what_is_no_text_is_named(tmp_path: Path, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(MisconfigurationException, match=message) as raised:
        read_source(tmp_path / "t.csv", find_encoding(tmp_path / "t.csv"))
    assert "t.csv" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_another_encoding_than_the_one_told_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(TEXT.encode("cp1252"))
    with pytest.raises(MisconfigurationException, match="is not shift_jis|is not ascii"):
        read_source(tmp_path / "t.csv", "ascii")


@pytest.mark.parametrize("packed", [False, True])
def test_a_mark_of_utf_8_or_what_is_told_does_not_make_it_so(tmp_path: Path, packed: bool) -> None:
    content = "a,b\ncafé,1\n".encode("cp1252")
    path = tmp_path / "t.csv"
    for start, options in ((b"\xef\xbb\xbf", {}), (b"", {"encoding": "utf-8"}), (b"", {"encoding": "UTF8"})):
        path.write_bytes(gzip.compress(start + content) if packed else start + content)
        with pytest.raises(MisconfigurationException, match=rf"t\.csv: is not UTF-8 \(byte {len(start) + 7}\); save it as UTF-8"):
            detect_format(path, **options)


def test_the_byte_is_named_beyond_the_first_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("practicum.datamodules.files.csv_source._BLOCK", 5)
    for content in ("1234é".encode() + b"\xff", b"123456789\xe9x", b"123456789\xe9"):
        (tmp_path / "t.csv").write_bytes(content)
        with pytest.raises(UnicodeDecodeError) as error:
            content.decode()
        with pytest.raises(MisconfigurationException, match=rf"byte {error.value.start}\)"):
            require_utf8(tmp_path / "t.csv")
