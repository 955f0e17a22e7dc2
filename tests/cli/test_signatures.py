"""What a class accepts, by its signature and those of its base classes."""

from __future__ import annotations

from typing import Any

from practicum.cli.signatures import Option, options_of


class _Parent:
    def __init__(self, depth: int, unknown: NotImported | None = None) -> None:  # type: ignore[name-defined]  # noqa: F821
        pass


class _Child(_Parent):
    def __init__(self, width: int = 1, **options: Any) -> None:
        pass


class _Closed(_Parent):
    def __init__(self, width: float) -> None:
        pass


def test_options_are_those_of_base_classes_where_they_are_passed_on() -> None:
    assert options_of(_Child) == {"width": Option(int, False), "depth": Option(int, True), "unknown": Option(Any, False)}
    assert options_of(_Closed) == {"width": Option(float, True)}


def test_functions_have_options_too() -> None:
    def build(size: int, name="x") -> None:  # type: ignore[no-untyped-def]
        pass

    assert options_of(build) == {"size": Option(int, True), "name": Option(Any, False)}
