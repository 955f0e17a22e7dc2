"""What a search may choose from: Hydra's sweeps (``choice``, ``range``, ``interval``, commas) as Optuna's distributions.

| typed | drawn |
|---|---|
| ``model.factors=4,8,16`` or ``choice(4,8,16)`` | one of them |
| ``model.factors=range(4,17,4)`` | 4, 8, 12, 16: as in Hydra, the end is left out |
| ``optimizer.weight_decay=interval(0.0,0.1)`` | a number between them |
| ``optimizer.lr=tag(log,interval(1e-4,1e-1))`` | the same, evenly in its logarithm |
| ``model.hidden_size=int(interval(16,256))`` | a whole number, both ends included |
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override, RangeSweep

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


def search_space(overrides: Sequence[str]) -> tuple[dict[str, BaseDistribution], list[str]]:
    """Split overrides into what is searched and what is the same in all trials.

    Args:
        overrides: As they were typed.

    Returns:
        A distribution for each key that varies, and the other overrides. Of a key that is typed twice the last one counts.

    Raises:
        MisconfigurationException: Bounds that nothing lies between, or a range in its logarithm.
    """
    space: dict[str, BaseDistribution] = {}
    fixed: dict[str, str] = {}
    for override in OverridesParser.create().parse_overrides(list(overrides)):
        key = override.get_key_element()
        if override.is_sweep_override():
            fixed.pop(key, None)
            space[key] = _distribution(override)
        else:
            space.pop(key, None)
            fixed[key] = f"{key}={override.get_value_element_as_str()}" if not key.startswith("~") else str(override.input_line)
    return space, list(fixed.values())


def _distribution(override: Override) -> BaseDistribution:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution  # noqa: PLC0415 - optional
    from practicum.lightning_shim import MisconfigurationException  # noqa: PLC0415 - heavy

    value = override.value()
    logarithmic = "log" in getattr(value, "tags", ())
    if isinstance(value, RangeSweep) and not value.shuffle:
        numbers: list[Any] = list(value.range())
        if not numbers:
            raise MisconfigurationException(f"{override.input_line}: there is nothing in this range.")
        if logarithmic:
            raise MisconfigurationException(
                f"{override.input_line}: of a range all numbers are as likely; write tag(log,interval(...)), or "
                "int(tag(log,interval(...))) for whole numbers."
            )
        low, high = min(numbers), max(numbers)
        if isinstance(value.step, float) or isinstance(low, float):
            return FloatDistribution(low, high, step=abs(value.step))
        return IntDistribution(low, high, step=abs(int(value.step)))
    if isinstance(value, IntervalSweep):
        start, end = value.start, value.end
        if start is None or end is None or start > end or (logarithmic and start <= 0):
            positive = " and positive numbers, as its logarithm is drawn" if logarithmic else ""
            raise MisconfigurationException(f"{override.input_line}: an interval takes a lower and an upper bound{positive}.")
        if isinstance(start, int) and isinstance(end, int):
            return IntDistribution(start, end, log=logarithmic)
        return FloatDistribution(start, end, log=logarithmic)
    return CategoricalDistribution(list(override.sweep_string_iterator()))
