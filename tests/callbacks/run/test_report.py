"""The report: what the page holds, and that it loads nothing."""

from __future__ import annotations

import base64
import json
import re
import shlex
from html import unescape
from pathlib import Path
from typing import Any

from practicum.callbacks.figures.canvas import new_figure, save_figure
from practicum.callbacks.figures.page_table import PageTable, TableSheet, save_tables
from practicum.callbacks.run.report import files_beside, headline, render_report, write_report
from practicum.callbacks.run.report_figures import ReportFigure, report_figures
from practicum.callbacks.run.results import MEANS, TEST_MEANS

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


def test_everything_is_escaped_and_nothing_is_loaded() -> None:
    evil = "<script>alert('1')</script>"
    figures = [
        ReportFigure(evil, "", evil, evil, evil, stem=evil),
        ReportFigure(evil, "", "", evil, evil, tables=[PageTable(evil, [evil], [[evil]])], stem=evil),
        ReportFigure(evil, evil, "", evil, evil, stem=evil),
    ]
    record = {**RECORD, evil: evil, "weights/source": evil}
    page = render_report(evil, evil, evil, record, figures, evil, {evil: evil}, evil, {evil: evil}, {evil: evil}, evil)
    assert "<script" not in page
    assert unescape(page).count(evil) > 30
    assert not re.search(r"https?:|@import|url\(|<link(?! rel=icon href='data:,')", page)
    assert all(target.startswith(("#", "%3Cscript")) for target in re.findall(r"<a href='([^']*)'", page))


def test_tiles_and_warning() -> None:
    page = render_report("spiders", "run", "epochs=3", RECORD, [])
    assert "<h1>spiders / run</h1><p class=sub>python train.py epochs=3</p>" in page
    assert "<p class=warn>Trained from scratch, from &lt;none&gt;.</p>" in page
    assert "<div class=tile><b>0.9877</b><span>accuracy on test</span></div>" in page
    assert TEST_MEANS in page
    leaky = render_report("spiders", "run", "", {**RECORD, "data/leaked/test": 3}, [])
    assert TEST_MEANS not in leaky
    assert "3 test examples that measure this result occur in another split, too" in leaky
    assert "test examples that occur in another split, too<code>data/leaked/test" in leaky
    assert "Configuration" not in page
    anew = render_report("spiders", "run", "", {**RECORD, "weights/refit_epochs": 5}, [])
    assert (
        "trained anew, for 5 epochs, on training and validation examples together; the curves are of the training before" in anew
    )
    best = headline({**RECORD, "known/accuracy": 0.99, "known/perplexity": 2.2})
    assert [name for name in best if name.startswith("best possible")] == ["best possible accuracy"]  # a result stands beside it
    assert "warn>" not in render_report("spiders", "run", "", {**RECORD, "weights/pretrained": True}, [])
    many = {f"test/m{n}": 1.0 for n in range(9)}
    assert [name for name in headline({**RECORD, **many}) if " on " in name] == [
        "accuracy on test", *(f"m{n} on test" for n in range(5))
    ]  # fmt: skip


def test_what_the_training_came_to_is_said() -> None:
    record = {**RECORD, "weights/epoch": 2, "weights/chosen_by": "val/loss", "plain/accuracy": 0.5, "tta/views": 4}
    page = render_report("spiders", "run", "", record, [], about="Predicts one of 2 classes.")
    assert "<p>Predicts one of 2 classes.</p>" in page
    assert "The kept weights are those of epoch 2 of 3, in which the loss on validation was best." in page
    assert "Predictions are averaged over each photo and 4 augmented views of it; without: accuracy 0.5." in page
    harmed = render_report("spiders", "run", "", {**record, "plain/accuracy": 1.0}, [])
    assert "; without: accuracy 1, which is better." in harmed
    assert "<th scope=row>accuracy</th><td>share of examples" in page
    gain = {"fine_tuning/before": 0.09, "fine_tuning/after": 0.1}
    assert "Fine-tuning gained nothing" in render_report("spiders", "run", "", {**record, **gain}, [])


def test_a_result_that_many_repeated_examples_measure_is_a_warning() -> None:
    few, many = ({**RECORD, "data/test": 100, "data/leaked/test": count} for count in (9, 10))
    assert "<p class=note>9 of the 100 test examples" in render_report("spiders", "run", "", few, [])
    assert "<p class=warn>10 of the 100 test examples" in render_report("spiders", "run", "", many, [])


def test_a_list_of_nothing_is_not_offered(tmp_path: Path) -> None:
    (tmp_path / "rejected.csv").write_text("file,why\n", encoding="utf-8")
    (tmp_path / "duplicates.csv").write_text("file,of\na,b\n", encoding="utf-8")
    assert list(files_beside(tmp_path)) == ["duplicates.csv"]


def test_the_record_is_said_in_words_with_its_keys() -> None:
    page = render_report("spiders", "run", "", RECORD, [])
    assert "<summary>Training</summary>" in page
    line = "<td class=words>loss on validation, last epoch<code>val/loss</code></td><td class='value number'>1.5</td>"
    assert line in page
    assert "<code>seed</code></td><td class=value>None</td>" in page


def test_a_run_folder_becomes_a_page(tmp_path: Path) -> None:
    run = tmp_path / "spiders" / "12-00"
    (run / ".hydra").mkdir(parents=True)
    (run / "metrics.json").write_text(json.dumps(RECORD), encoding="utf-8")
    (run / ".hydra" / "config.yaml").write_text("epochs: 3\nname: 'a & b'\n", encoding="utf-8")
    (run / ".hydra" / "overrides.yaml").write_text("- epochs=3\n- name=x y\n- 'data.root=\"it''s\"'\n", encoding="utf-8")
    save_figure(new_figure(1, 1), run / "figures" / "curves.png", "Learning curves", "It falls.", "Loss from 2 to 1.")
    path = write_report(run)
    page = path.read_text(encoding="utf-8")
    assert path == run / "report.html"
    assert page.startswith("<!doctype html><html lang=en><head><title>spiders / 12-00</title>")
    assert page.endswith("</body></html>\n")
    command = unescape(page.partition("<p class=sub>python train.py ")[2].partition("</p>")[0])
    assert shlex.split(command) == ["epochs=3", "name=x y", 'data.root="it\'s"']  # a shell takes it as it was typed
    svg = base64.b64encode((run / "figures" / "curves.svg").read_bytes()).decode()
    assert f"<img alt='Loss from 2 to 1.' src='data:image/svg+xml;base64,{svg}' width=96 height=96>" in page
    assert "<h3>Learning curves</h3>" in page
    assert "<figcaption>It falls.</figcaption>" in page
    assert "<a href='#training'>Training</a>: <a href='#figure-curves'>Learning curves</a>" in page
    assert "<h2 id='training'>" in page
    assert "<figure id='figure-curves'>" in page
    assert "<pre tabindex=0>epochs: 3\nname: &#39;a &amp; b&#39;\n</pre></details>" in page
    assert "What to type next" not in page
    assert re.findall(r"<a href='([^'#]+)'", page) == ["metrics.json", "figures", ".hydra/config.yaml"]
    (run / "figures" / "curves.svg").unlink()
    (run / ".hydra" / "overrides.yaml").write_text("[]\n", encoding="utf-8")
    page = write_report(run).read_text(encoding="utf-8")
    assert "python train.py </p>" in page
    assert "src='data:image/png;base64," in page
    following = {"Predict with it": "practicum-predict run=<x>"}
    page = write_report(run, "practicum-train", "seed: 7\n", following).read_text(encoding="utf-8")
    assert "practicum-train </p>" in page
    assert "<pre tabindex=0>seed: 7\n</pre>" in page
    assert "<h3>Predict with it</h3><pre class=line>practicum-predict run=&lt;x&gt;</pre>" in page


def test_tables_that_belong_together_stay_together() -> None:
    tables = [PageTable("a", ["x"], [[1]]), PageTable("b", ["x"], [[1]], beside=True), PageTable("c", ["x"], [[1]])]
    page = render_report("a", "b", "", RECORD, [ReportFigure("Tables", "", "", tables=tables)])
    pairs = page.split("<div class=pair>")[1:]
    assert [re.findall("<caption>(.)</caption>", each) for each in pairs] == [["a", "b"], ["c"]]
    assert page.count("<div") == page.count("</div>")


def test_tables_are_tables_and_take_the_place_of_a_list(tmp_path: Path) -> None:
    (tmp_path / "person.txt").write_text("as a list", encoding="utf-8")
    table = PageTable("user 1", ["item", "score"], [["Heat", "4.71"], ["<b>", None]])
    save_tables(TableSheet("Recommendations", "Look.", [table]), tmp_path / "person.json")
    page = render_report("a", "b", "", RECORD, report_figures(tmp_path.iterdir()))
    assert "as a list" not in page
    assert "<caption>user 1</caption><thead><tr><th scope=col>item</th><th scope=col class=number>score</th></tr></thead>" in page
    assert "<td class=short>Heat</td><td class=number>4.71</td>" in page
    assert "<td class=short>&lt;b&gt;</td><td></td>" in page
    assert "<figcaption>Look.</figcaption>" in page


def test_baselines_stand_in_a_table_and_a_poor_result_is_a_warning() -> None:
    assert "class=beside" not in render_report("a", "b", "", RECORD, [])
    found = {"baseline/linear/accuracy": 0.75, "baseline/prior/accuracy": 0.5, "baseline/prior/auroc": 0.5}
    page = render_report("a", "b", "", {**RECORD, **found}, [])
    assert re.findall("<th scope=col class=number>([^<]*)</th>", page) == ["this run", "linear model", "class frequencies"]
    assert (
        "<th scope=row>accuracy</th><td class='number best'>0.9877</td><td class=number>0.75</td><td class=number>0.5</td>"
        in page
    )
    assert "Baselines of" not in page
    said = {"baseline/sampled": "5 of 9 rows", "baseline/warning": "worse: <x>"}
    page = render_report("a", "b", "", {**RECORD, **found, **said}, [])
    assert "<p class=warn>worse: &lt;x&gt;</p>" in page
    assert "Baselines of 5 of 9 rows." in page


def test_what_was_not_drawn_is_said(tmp_path: Path) -> None:
    page = render_report("a", "b", "", RECORD, [], failed={"ErrorBy of <$>": "ValueError: <x>"})
    assert "<p class=warn>Not drawn: ErrorBy of &lt;$&gt; (ValueError: &lt;x&gt;)</p>" in page


def test_a_folder_whose_name_is_no_utf8_has_a_page(tmp_path: Path) -> None:
    run = tmp_path / "caf\udce9"
    run.mkdir()
    (run / "metrics.json").write_text(json.dumps(RECORD), encoding="utf-8")
    page = write_report(run).read_text(encoding="utf-8")
    assert "caf\\udce9</h1>" in page
