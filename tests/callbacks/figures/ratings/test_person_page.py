"""A user's page: what it holds where a user has nearly everything, and who is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from practicum.callbacks import PersonPage
from practicum.callbacks.figures.ratings.person_page import UserSummary, format_page, most_similar, page_tables
from practicum.lightning_shim import MisconfigurationException, Trainer


def test_a_list_ends_where_there_is_nothing_left(recommender: Any, films: Any) -> None:
    everything, few = PersonPage(users=["all", "bob"], count=2).summaries(recommender, films)
    assert everything == UserSummary("user all", 3, [("Fargo", 5.0), ("Alien", 4.0)], [(pytest.approx(2.2), "13", "Alien")])
    assert few.total == 1
    assert few.liked == [("Fargo", 4.0)]
    assert few.recommended == [(pytest.approx(4.6), "13", "Fargo"), (pytest.approx(3.4), "Heat", "Fargo")]


def test_what_validation_holds_is_not_recommended_in_a_test(recommender: Any, films: Any) -> None:
    films.tests_on = "test"
    (page,) = PersonPage(users=["bob"], count=3).summaries(recommender, films)  # item 13 is bob's in validation
    assert page.total == 1
    assert [name for _, name, _ in page.recommended] == ["Heat", "Alien"]


def test_clicks_have_no_rating(recommender: Any, films: Any) -> None:
    films.ratings = lambda split: torch.ones(6)
    (page,) = PersonPage(users=["all"], count=2).summaries(recommender, films)
    assert page.liked == [("Fargo", None), ("Heat", None)]
    assert "Chosen\n  Fargo\n  Heat\n" in format_page(page)


def test_a_page_as_text() -> None:
    summary = UserSummary("user 7", 3, [("Fargo", 4.5)], [(2.2, "Heat", "Fargo"), (2.0, "Alien", None)])
    assert format_page(summary) == (
        "user 7: 3 in training\n\nRated highest\n  4.5  Fargo\n\nRecommended, with the most similar of the above\n"
        "  2.20  Heat  (like Fargo)\n  2.00  Alien"
    )
    unit = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]])
    assert most_similar(unit, 2, torch.tensor([0, 1])) == 1
    assert most_similar(unit, 2, torch.tensor([]).long()) is None


def test_three_users_are_chosen_by_their_number_of_ratings(recommender: Any, films: Any) -> None:
    assert [page.user for page in PersonPage().summaries(recommender, films)] == ["user bob", "user ann", "user all"]


def test_pages_are_written_after_a_test(run_test: Callable[[Any], None], tmp_path: Path) -> None:
    run_test(PersonPage(users=["all", "ann"]))
    pages = (tmp_path / "figures" / "person.txt").read_text(encoding="utf-8").split("\n\n\n")
    assert [page.split(":")[0] for page in pages] == ["user all", "user ann"]
    assert "inf" not in "".join(pages)


def test_who_is_unknown_is_refused_before_training(recommender: Any, films: Any, make_trainer: Callable[..., Trainer]) -> None:
    trainer = make_trainer(callbacks=[PersonPage(users=["nobody"])], max_epochs=1)
    with pytest.raises(MisconfigurationException, match="there is no user 'nobody' in training"):
        trainer.fit(recommender, datamodule=films)
    assert trainer.global_step == 0
    with pytest.raises(MisconfigurationException, match="PersonPage: count=0"):
        PersonPage(count=0)


def test_a_page_is_two_tables_of_the_report() -> None:
    rated, to_see = page_tables(UserSummary("user 196", 39, [("Fargo", 5.0)], [(4.714, "Heat", "Fargo"), (4.5, "Ran", None)]))
    assert rated == ("user 196, 39 items in training", ["rated highest", "rating"], [["Fargo", "5"]], False)
    assert to_see.rows == [["4.71", "Heat", "Fargo"], ["4.50", "Ran", None]]
    chosen, _ = page_tables(UserSummary("user 7", 1, [("Fargo", None)], []))
    assert (chosen.head, chosen.rows) == (["chosen"], [["Fargo"]])
