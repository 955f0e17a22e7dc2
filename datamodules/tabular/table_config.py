"""How a table becomes arrays: the part of a data module's options that the cached arrays depend on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from practicum.lightning_shim import MisconfigurationException

from .continuous import Scaling
from .date_parts import DateParts
from .splits import SplitStrategy

Kind = Literal["auto", "number", "class"]


@dataclass(frozen=True)
class TableConfig:
    """Everything that decides how a table is turned into arrays.

    Attributes:
        target: Column to predict.
        kind: Whether it is a number or a class.
        date: Column by which rows are split in time.
        date_format: Its format; ``None``: it is found.
        date_parts: Which of its parts are used as columns.
        categorical: Categorical columns.
        continuous: Continuous columns.
        infer_roles: Whether the roles of other columns are inferred; otherwise these are ignored.
        constant_target: Whether a target that never changes is meant, as of clicks; else it is said.
        ignore: Columns to ignore.
        weight: Column of the rows' weights in the loss.
        holidays: Place whose public holidays are used.
        scaling: What numbers are scaled by, see :class:`.Table`.
        min_count: Categories that are rarer count as unknown.
        strategy: How rows are split.
        split_column: Column that names each row's split.
        valid_from_train: Whether it names no row for validation, as there is no such file: rows of training's are held out.
        group: Column whose values stay on one side of the split.
        valid_fraction: Fraction of the rows for validation.
        test_fraction: Fraction of the rows for the test; ``None``: see :mod:`practicum.datamodules.loading.held_out`.
        valid_days: Days at the end to validate on, instead of a fraction.
        train_rows: Size of a random sample of the training rows; ``None``: all.
        seed: Seed of the split and the sample.
        csv_format: What the user fixed of the format of a table of text.
    """

    target: str
    kind: Kind = "auto"
    date: str | None = None
    date_format: str | None = None
    date_parts: DateParts | Literal[False] = "all"
    categorical: Sequence[str] = ()
    continuous: Sequence[str] = ()
    infer_roles: bool = True
    constant_target: bool = False
    ignore: Sequence[str] = ()
    weight: str | None = None
    holidays: str | None = None
    scaling: Scaling = "standard"
    min_count: int = 1
    strategy: SplitStrategy = "auto"
    split_column: str | None = None
    valid_from_train: bool = False
    group: str | None = None
    valid_fraction: float = 0.2
    test_fraction: float | None = None
    valid_days: int | None = None
    train_rows: int | None = None
    seed: int = 1
    csv_format: Mapping[str, Any] = field(default_factory=dict)

    @property
    def columns(self) -> list[str]:
        """Every column that is named."""
        single = [each for each in (self.target, self.date, self.weight, self.split_column, self.group) if each is not None]
        return [*single, *self.categorical, *self.continuous, *self.ignore]

    def require_single_roles(self) -> None:
        """Check that no column has two roles.

        Raises:
            MisconfigurationException: A column is the target, the weight or the date, and listed elsewhere too, or listed twice.
        """
        roles = {self.target: "target"} | ({} if self.weight is None else {self.weight: "weight"})
        if self.date is not None:  # date_parts=False takes it for the split alone
            roles.setdefault(self.date, "date")
        for option in ("categorical", "continuous", "ignore"):
            for name in getattr(self, option):
                if name in roles:
                    raise MisconfigurationException(
                        f"{option}=[{name}]: the column is named in the option {roles[name]} too; name it once."
                    )
                roles[name] = option


def check_row_options(owner: str, **options: float | None) -> None:
    """Check the options that all data modules of rows share.

    Args:
        owner: Name of the class, for the message.
        options: Values by name: fractions for validation and test, ``max_gb``, and counts, which must be at least 1.

    Raises:
        MisconfigurationException: One is out of range.
    """
    valid = options.get("valid_fraction") or 0.0
    for option, value in options.items():
        if value is None:
            continue
        if option == "valid_fraction":
            fits, wanted = 0 < value < 1, "must lie between 0 and 1"
        elif option == "test_fraction":
            fits, wanted = 0 <= value < 1 - valid, f"must be at least 0 and leave training rows beside valid_fraction={valid:g}"
        elif option == "max_gb":
            fits, wanted = value > 0, "must be positive"
        else:
            fits, wanted = value >= 1, "must be at least 1"
        if not fits:
            raise MisconfigurationException(f"{owner}: {option}={value} {wanted}.")
