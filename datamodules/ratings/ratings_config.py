"""What the columns of a table of ratings mean, and how its rows are chosen and split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from practicum.lightning_shim import MisconfigurationException

from ..tabular.date_formats import check_format
from ..tabular.table_config import TableConfig, check_row_options

Duplicates = Literal["refuse", "last", "mean", "max"]
RatingsSplit = Literal["random", "time", "last_out"]
TIME_BIN = "time_bin"  # column added by ``time_bin_days``
CLICK = "__click"  # column added for clicks


@dataclass(frozen=True)
class RatingsConfig:
    """Everything that decides which rows of ratings, in which splits, become arrays.

    Attributes:
        user: Column of users.
        item: Column of items.
        rating: Column of ratings; ``None``: clicks.
        time: Column that orders ratings.
        date_format: Its format; ``None``: it is found.
        weight: Column of weights in the loss.
        split: How rows are split.
        duplicates: What counts if a pair occurs more than once.
        user_side: Columns that describe users.
        item_side: Columns that describe items.
        scale: Least and greatest rating.
        positive_threshold: Ratings from this one on are clicks; others are left out.
        time_bin_days: Length of a time bin.
        split_column: Column that names each row's split, for ``split=random``.
        min_count: Users and items that are rarer count as unknown.
        valid_fraction: Fraction of the rows for validation.
        test_fraction: Fraction of the rows for the test, for ``split=random``.
        train_rows: Size of a random sample of the training rows.
        seed: Seed of the split and the sample.
        csv_format: What the user fixed of the format of a table of text.
    """

    user: str = "user"
    item: str = "item"
    rating: str | None = "rating"
    time: str | None = None
    date_format: str | None = None
    weight: str | None = None
    split: RatingsSplit = "random"
    duplicates: Duplicates = "refuse"
    user_side: tuple[str, ...] = ()
    item_side: tuple[str, ...] = ()
    scale: Sequence[float] | None = None
    positive_threshold: float | None = None
    time_bin_days: float | None = None
    split_column: str | None = None
    min_count: int = 1
    valid_fraction: float = 0.1
    test_fraction: float | None = None
    train_rows: int | None = None
    seed: int = 1
    csv_format: Mapping[str, Any] = field(default_factory=dict)

    @property
    def clicks(self) -> bool:
        """Whether rows are clicks rather than ratings."""
        return self.rating is None or self.positive_threshold is not None

    @property
    def columns(self) -> list[str]:
        """Every column that is used."""
        named = (self.user, self.item, self.rating, self.time, self.weight, *self.user_side, *self.item_side)
        return [each for each in named if each is not None]

    @property
    def target(self) -> str:
        """Column to predict."""
        return CLICK if self.rating is None or self.positive_threshold is not None else self.rating

    def table_config(self, split_column: str | None, valid_from_train: bool = False) -> TableConfig:
        """How the prepared rows become arrays: users are the first column of codes and items the second.

        Args:
            split_column: Column of splits that the prepared rows have; ``None``: they are split at random.
            valid_from_train: Whether it names no row for validation: rows of training's are held out.
        """
        return TableConfig(
            target=self.target,
            kind="number",
            categorical=(self.user, self.item, *self.user_side, *self.item_side, *([TIME_BIN] if self.time_bin_days else [])),
            infer_roles=False,
            constant_target=self.target == CLICK,
            weight=self.weight,
            min_count=self.min_count,
            strategy="random",
            split_column=split_column,
            valid_from_train=valid_from_train,
            valid_fraction=self.valid_fraction,
            test_fraction=self.test_fraction,
            train_rows=self.train_rows,
            seed=self.seed,
            csv_format=self.csv_format,
        )

    def check(self, owner: str) -> None:
        """Check that options are in range and don't contradict each other.

        Args:
            owner: Name of the class, for the message.

        Raises:
            MisconfigurationException: They are not.
        """
        for option, value, choices in (
            ("split", self.split, get_args(RatingsSplit)),
            ("duplicates", self.duplicates, get_args(Duplicates)),
        ):
            if value not in choices:
                raise MisconfigurationException(f"{owner}: {option}={value} must be one of {', '.join(choices)}.")
        self._check_columns(owner)
        for option, needs_time in (
            (f"split={self.split}", self.split != "random"),
            ("duplicates=last", self.duplicates == "last"),
            (f"time_bin_days={self.time_bin_days}", self.time_bin_days is not None),
        ):
            if needs_time and self.time is None:
                raise MisconfigurationException(f"{owner}: {option} needs the option time, the column that orders ratings.")
        if self.split == "last_out" and self.test_fraction:
            raise MisconfigurationException(
                f"{owner}: test_fraction={self.test_fraction} is for split=random and split=time; with split=last_out the last "
                "ratings validate and are tested on."
            )
        if self.split != "random" and self.split_column is not None:
            raise MisconfigurationException(
                f"{owner}: split_column={self.split_column} is for split=random; with split={self.split} the last ratings "
                "validate."
            )
        if self.rating is None and self.positive_threshold is not None:
            raise MisconfigurationException(
                f"{owner}: positive_threshold={self.positive_threshold} needs the option rating, the column of ratings."
            )
        if self.time_bin_days is not None and self.time_bin_days <= 0:
            raise MisconfigurationException(f"{owner}: time_bin_days={self.time_bin_days} must be positive.")
        check_format(owner, self.date_format)
        if self.scale is not None and (len(self.scale) != 2 or self.scale[0] >= self.scale[1]):
            raise MisconfigurationException(f"{owner}: scale={self.scale} must be the least and the greatest rating.")
        check_row_options(
            owner,
            min_count=self.min_count,
            valid_fraction=self.valid_fraction,
            test_fraction=self.test_fraction,
            train_rows=self.train_rows,
        )

    def _check_columns(self, owner: str) -> None:
        """Check that no column has two meanings."""
        meanings: dict[str, str] = {}
        named = [(option, getattr(self, option)) for option in ("user", "item", "rating", "time", "weight", "split_column")]
        named += [("user_side", each) for each in self.user_side] + [("item_side", each) for each in self.item_side]
        for option, name in named:
            if name is None:
                continue
            if name in meanings:
                raise MisconfigurationException(
                    f"{owner}: {option}={name} is the column of the option {meanings[name]} too; each needs a column of its own."
                )
            meanings[name] = option
