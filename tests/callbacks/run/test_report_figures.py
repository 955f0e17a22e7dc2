"""The figures of a run as its page shows them."""

from __future__ import annotations

import base64
from pathlib import Path

from practicum.callbacks.figures.canvas import new_figure, save_figure
from practicum.callbacks.run.report import render_report
from practicum.callbacks.run.report_figures import remove_figures, report_figures, sections


def test_figures_are_in_the_pages_order_and_sections(tmp_path: Path) -> None:
    for name in ("zebra.txt", "embeddings_shop.png", "example_batch.png", "top_losses.txt", "curves.png"):
        (tmp_path / name).write_text(f"of {name}", encoding="utf-8")
    (tmp_path / "confusion.csv").write_text("left out", encoding="utf-8")
    (tmp_path / "failed.json").write_text("{}", encoding="utf-8")
    figures = report_figures(tmp_path.iterdir())
    assert [figure.title for figure in figures] == ["Curves", "Top losses", "Embeddings shop", "Example batch", "Zebra"]
    assert base64.b64decode(figures[0].image.partition("base64,")[2]) == b"of curves.png"
    assert (figures[1].image, figures[1].text) == ("", "of top_losses.txt")
    assert {title: [each.stem for each in held] for title, held in sections(figures).items()} == {
        "Training": ["curves"], "Mistakes": ["top_losses"], "What the model has learnt": ["embeddings_shop"],
        "Data": ["example_batch"], "More": ["zebra"],
    }  # fmt: skip


def test_a_figures_own_title_and_caption_are_the_pages(tmp_path: Path) -> None:
    figure = new_figure(2, 2)
    figure.text(0.5, 0.5, "x")
    figure._numbers = {"<고양이>": 1}
    save_figure(figure, tmp_path / "embeddings_km_h-3c9db5a7.png", "Embeddings of km/h")
    (tmp_path / "damaged.png").write_bytes(b"\x89PNG half")
    damaged, shown = sorted(report_figures(tmp_path.iterdir()), key=lambda each: each.title)
    assert (damaged.title, damaged.caption) == ("Damaged", "")
    assert (shown.title, shown.caption) == ("Embeddings of km/h", "[1] <고양이>")
    assert "<figcaption>[1] &lt;고양이&gt;</figcaption></figure>" in render_report(
        "a", "b", "", {"seconds": 1.0, "epochs": 3}, [shown]
    )


def test_figures_of_an_earlier_run_are_removed_by_their_names(tmp_path: Path) -> None:
    ours = ["curves.png", "curves.svg", "error_by_a b.csv", "embeddings_shop.png", "person.txt", "person.json", "failed.json"]
    for name in [*ours, "paper.png", "curves.pdf", "erroneous.png"]:
        (tmp_path / name).touch()
    remove_figures(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["curves.pdf", "erroneous.png", "paper.png"]
    remove_figures(tmp_path / "nowhere")


def test_figures_of_ones_own_with_a_longer_name_stay(tmp_path: Path) -> None:
    names = ["samples_mine.png", "person_x.csv", "curves.png", "embeddings_shop.png", "error_by_day.csv"]
    for name in names:
        (tmp_path / name).touch()
    remove_figures(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["person_x.csv", "samples_mine.png"]
