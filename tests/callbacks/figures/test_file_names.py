"""Names of files after names in data: what no file system objects to, no two alike, the usual ones untouched."""

from __future__ import annotations

from pathlib import Path, PureWindowsPath

import pytest
from practicum.callbacks.figures.file_names import safe_file_names

ODD = [
    "km/h", "/../../x", "..", ".", "", "  ", "a" * 240, "고" * 200, "CON", "con.txt", "com1", "LPT9.x", "aux", ".hidden", "-rf",
    "~", "a.", "a ", "a\nb", "a\x00b", "caf\udce9", "C:\\x", 'say "so"', "a|b", "*?", "<i>", "a\u202eb", "...", "nul.tar.gz",
]  # fmt: skip


@pytest.mark.parametrize("name", ["shop", "a_b", "fuel type", "Größe", "가격", "$x^2", "a.b", "50%", "x" * 120])
def test_usual_names_stay_as_they_are(name: str) -> None:
    assert safe_file_names([name]) == {name: name}


@pytest.mark.parametrize("name", ODD)
def test_odd_names_become_files_beside_the_others(name: str, tmp_path: Path) -> None:
    safe = safe_file_names([name])[name]
    for written in (safe, f"embeddings_{safe}.png", f"{safe}.csv"):
        path = tmp_path / written
        path.write_text("x", encoding="utf-8")
        assert [each.name for each in tmp_path.iterdir()] == [written]
        assert len(written.encode()) < 200
        assert not PureWindowsPath(written).is_reserved() if hasattr(PureWindowsPath, "is_reserved") else True
        assert written.isprintable()
        assert written == written.strip(" .")
        assert not set(written) & set('<>:"/\\|?*')
        path.unlink()


def test_no_two_are_alike_whatever_the_file_system() -> None:
    names = [*ODD, "a/b", "a_b", "a\\b", "Shop", "shop", "SHOP", "é", "e\u0301", safe_file_names(["a/b"])["a/b"]]
    safe = safe_file_names(names)
    assert list(safe) == list(dict.fromkeys(names))
    assert len({each.casefold() for each in safe.values()}) == len(safe)


def test_a_name_is_the_same_in_every_run() -> None:
    assert safe_file_names(["km/h"]) == {"km/h": "km_h-3c9db5a7"}
    assert safe_file_names(["x", "km/h"])["km/h"] == "km_h-3c9db5a7"
