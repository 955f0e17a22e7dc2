"""The page of a sweep."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from practicum.cli.sweeps.page import write_page


class Cells(HTMLParser):
    """Text of each cell of the first table."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.inside = False

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self.inside = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.rows[-1][-1] += data.strip()


def test_a_row_for_each_run_the_best_marked_the_failed_with_its_sentence(swept: tuple[Path, Any]) -> None:
    where, _ = swept
    page = (where / "sweep/sweep.html").read_text(encoding="utf-8")
    cells = Cells()
    cells.feed(page)
    assert cells.rows[0][:3] == ["run", "optimizer.lr", "status"]
    assert [each[:3] for each in cells.rows[1:4]] == [
        ["0", "0.01", "finished"],
        ["1", "1e+30", "failed"],
        ["2", "0.02", "finished"],
    ]
    assert len(re.findall("<tr class=best>", page)) == 1
    assert "Run 1 failed: Training diverged" in page
    links = re.findall("<a href='([^']+)'", page)
    assert links == ["0/report.html", "2/report.html"]
    assert all((where / "sweep" / each).is_file() for each in links)
    (alt,) = re.findall(r"<img alt='([^']*)'\s+src='data:image/svg", page)
    assert re.fullmatch(r"2 runs: val/mae/kept from [\d.]+ to [\d.]+, best at optimizer.lr=0.0[12]", alt)


def test_no_request_leaves_it(swept: tuple[Path, Any]) -> None:
    page = (swept[0] / "sweep/sweep.html").read_text(encoding="utf-8")
    assert not re.search(r"(src|href)='?\"?(https?:)?//|@import|url\((?!#)", page)


def test_seeds_are_averaged_and_text_is_escaped(tmp_path: Path, a_run: Callable[..., Path]) -> None:
    for number, (name, seed) in enumerate([("<i>", 1), ("<i>", 2), ("b", 1), ("b", 2)]):
        a_run(
            tmp_path, number, [f"model={name}", f"seed={seed}"], {"status": "finished", "test/rmse": number / 2, "seconds": 1.5}
        )
    page = write_page(tmp_path).read_text(encoding="utf-8")
    assert "<i>" not in page
    assert "0.25 ± 0.35" in page
    assert "seconds of all runs" in page
    assert "6</b>" in page
    assert "<b>4</b><span>of 4 runs finished</span>" in page
