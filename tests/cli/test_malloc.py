"""The allocator keeps freed memory, where there is glibc; elsewhere nothing happens."""

from __future__ import annotations

import ctypes
import sys

import pytest
from practicum.cli.malloc import keep_freed_memory


class _Library:
    """A C library that notes how mallopt is called."""

    def __init__(self, **functions: object) -> None:
        self.calls: list[tuple[int, int]] = []
        self.mallopt = lambda *call: self.calls.append(call)
        self.__dict__.update(functions)


def test_thresholds_are_raised_with_glibc_only(monkeypatch: pytest.MonkeyPatch) -> None:
    glibc, other = _Library(gnu_get_libc_version=None), _Library()
    for library in (glibc, other):
        monkeypatch.setattr(ctypes, "CDLL", lambda name, library=library: library)
        monkeypatch.setattr(sys, "platform", "linux")
        keep_freed_memory()
    assert glibc.calls == [(-3, 1 << 30), (-1, (1 << 31) - 1)]
    assert other.calls == []
    glibc.calls.clear()
    monkeypatch.setattr(ctypes, "CDLL", lambda name: glibc)
    monkeypatch.setattr(sys, "platform", "darwin")
    keep_freed_memory()
    assert glibc.calls == []
