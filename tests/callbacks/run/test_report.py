"""The report: what the page holds, and that it loads nothing."""

from __future__ import annotations

import base64
import json
import re
from html import unescape
from pathlib import Path
from typing import Any

from practicum.callbacks.figures.canvas import new_figure, save_figure
from practicum.callbacks.run.report import ReportFigure, headline, render_report, report_figures, write_report
from practicum.callbacks.run.results import MEANS

RECORD: dict[str, Any] = {
    "status": "finished",
    "test/accuracy": 0.98765432,
    "known/accuracy": 0.983,
    "val/loss": 1.5,
    "seconds": 60.0,
    "epochs": 3,
    "seed": None,
    "weights/pretrained": False,
    "weights/source": "<none>",
}


def test_the_tests_values_stand_at_the_top() -> None:
    assert headline({**RECORD, "test/auroc": None}) == headline(RECORD)
    assert headline(RECORD) == {"accuracy on test": 0.98765432, "best possible accuracy": 0.983, "seconds": 60.0, "epochs": 3}


def test_validations_result_is_not_called_a_test() -> None:
    record = {key: value for key, value in RECORD.items() if key != "test/accuracy"}
    record |= {"val/accuracy/kept": 0.75, "val/accuracy": 0.5, "val/accuracy/best": 0.8, "tests_on": "valid"}
    assert headline(record)["accuracy on validation"] == 0.75
    assert MEANS in render_report("a", "b", "", record, [])
    assert MEANS not in render_report("a", "b", "", RECORD, [])
    assert "<p class=note>6 examples measure this result" in render_report("a", "b", "", {**record, "data/valid": 6}, [])
    assert "measure this result" not in render_report("a", "b", "", {**record, "data/valid": 600}, [])


def test_figures_are_in_the_pages_order(tmp_path: Path) -> None:
    for name in ("zebra.txt", "embeddings_shop.png", "example_batch.png", "top_losses.txt", "curves.png"):
        (tmp_path / name).write_text(f"of {name}")
    (tmp_path / "confusion.csv").write_text("left out")
    figures = report_figures(tmp_path.iterdir())
    assert [figure.title for figure in figures] == [
        "Learning curves", "Highest-loss examples", "First training batch", "Embeddings shop", "Zebra"
    ]  # fmt: skip
    assert base64.b64decode(figures[0].png) == b"of curves.png"
    assert (figures[1].png, figures[1].text) == ("", "of top_losses.txt")


def test_everything_is_escaped_and_nothing_is_loaded() -> None:
    evil = "<script>alert('1')</script>"
    page = render_report(evil, evil, evil, {**RECORD, evil: evil, "weights/source": evil}, [ReportFigure(evil, "", evil)], evil)
    assert "<script" not in page
    assert unescape(page).count(evil) == 11  # title, heading (2), command, warning, figure, text, record (3), configuration
    assert not re.search(r"https?:|src=|href=|@import|url\(", page)


def test_tiles_record_and_warning() -> None:
    page = render_report("spiders", "run", "epochs=3", RECORD, [])
    assert "<h1>spiders / run</h1><p class=sub>python train.py epochs=3</p>" in page
    assert "<p class=warn>Trained from scratch: &lt;none&gt;.</p>" in page
    assert "<div class=tile><b>0.9877</b><span>accuracy on test</span></div>" in page
    assert "<tr><td>val/loss</td><td>1.5</td></tr><tr><td>seconds</td><td>60</td></tr><tr><td>epochs</td><td>3</td></tr>" in page
    assert "<tr><td>seed</td><td>None</td></tr>" in page
    assert "Configuration" not in page
    assert "warn>" not in render_report("spiders", "run", "", {**RECORD, "weights/pretrained": True}, [])


def test_a_run_folder_becomes_a_page(tmp_path: Path) -> None:
    run = tmp_path / "spiders" / "12-00"
    (run / ".hydra").mkdir(parents=True)
    (run / "metrics.json").write_text(json.dumps(RECORD))
    (run / ".hydra" / "config.yaml").write_text("epochs: 3\nname: 'a & b'\n")
    (run / ".hydra" / "overrides.yaml").write_text("- epochs=3\n- name=x\n")
    save_figure(new_figure(1, 1), run / "figures" / "curves.png")
    path = write_report(run)
    page = path.read_text(encoding="utf-8")
    assert path == run / "report.html"
    assert page.startswith("<!doctype html><html lang=en><meta charset=utf-8>")
    assert page.endswith("</body></html>\n")
    assert "<title>spiders</title>" in page
    assert "python train.py epochs=3 name=x</p>" in page
    picture = base64.b64encode((run / "figures" / "curves.png").read_bytes()).decode()
    assert f"<h2>Learning curves</h2><figure><img alt='Learning curves' src='data:image/png;base64,{picture}'></figure>" in page
    assert "<h2>Configuration</h2><pre>epochs: 3\nname: &#39;a &amp; b&#39;\n</pre>" in page
    (run / ".hydra" / "overrides.yaml").write_text("[]\n")
    assert "python train.py </p>" in write_report(run).read_text(encoding="utf-8")
    assert "practicum-train </p>" in write_report(run, "practicum-train").read_text(encoding="utf-8")


def test_baselines_stand_in_a_table_and_a_poor_result_is_a_warning() -> None:
    assert "class=beside" not in render_report("a", "b", "", RECORD, [])
    found = {"baseline/linear/accuracy": 0.75, "baseline/prior/accuracy": 0.5, "baseline/prior/auroc": 0.5}
    page = render_report("a", "b", "", {**RECORD, **found}, [])
    assert "<th></th><th>this run</th><th>linear model</th><th>class frequencies</th>" in page
    assert "<td>accuracy</td><td>0.9877</td><td>0.75</td><td>0.5</td>" in page
    assert "Baselines of" not in page
    said = {"baseline/sampled": "5 of 9 rows", "baseline/warning": "worse: <x>"}
    page = render_report("a", "b", "", {**RECORD, **found, **said}, [])
    assert "<p class=warn>worse: &lt;x&gt;</p>" in page
    assert "Baselines of 5 of 9 rows." in page


def test_a_figures_own_title_and_caption_are_the_pages(tmp_path: Path) -> None:
    figure = new_figure(2, 2)
    figure.text(0.5, 0.5, "x")
    figure._numbers = {"<고양이>": 1}
    save_figure(figure, tmp_path / "embeddings_km_h-3c9db5a7.png", "Embeddings of km/h")
    (tmp_path / "damaged.png").write_bytes(b"\x89PNG half")
    damaged, shown = sorted(report_figures(tmp_path.iterdir()), key=lambda each: each.title)
    assert (damaged.title, damaged.caption) == ("Damaged", "")
    assert (shown.title, shown.caption) == ("Embeddings of km/h", "[1] <고양이>")
    assert "<figcaption>[1] &lt;고양이&gt;</figcaption></figure>" in render_report("a", "b", "", RECORD, [shown])


def test_what_was_not_drawn_is_said(tmp_path: Path) -> None:
    page = render_report("a", "b", "", RECORD, [], failed={"ErrorBy of <$>": "ValueError: <x>"})
    assert "<p class=warn>Not drawn: ErrorBy of &lt;$&gt; (ValueError: &lt;x&gt;)</p>" in page


def test_a_folder_whose_name_is_no_utf8_has_a_page(tmp_path: Path) -> None:
    run = tmp_path / "caf\udce9"
    run.mkdir()
    (run / "metrics.json").write_text(json.dumps(RECORD))
    page = write_report(run).read_text(encoding="utf-8")
    assert "caf\\udce9</h1>" in page
