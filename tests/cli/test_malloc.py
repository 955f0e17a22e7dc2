"""The allocator keeps freed memory, within bounds, where there is glibc; elsewhere nothing happens."""

from __future__ import annotations

import ctypes
import subprocess
import sys
import threading

import pytest
from practicum.cli.malloc import FreedMemory, keep_freed_memory


class _Library:
    """A C library that notes how mallopt is called."""

    def __init__(self, **functions: object) -> None:
        self.calls: list[tuple[int, int]] = []
        self.mallopt = lambda *call: self.calls.append(call)
        self.malloc_trim = lambda pad: 1
        self.__dict__.update(functions)


def watching() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "freed memory"]


def test_thresholds_are_raised_with_glibc_only(monkeypatch: pytest.MonkeyPatch) -> None:
    glibc, other = _Library(gnu_get_libc_version=None), _Library()
    for library in (other, glibc, glibc):
        monkeypatch.setattr(ctypes, "CDLL", lambda name, library=library: library)
        monkeypatch.setattr(sys, "platform", "linux")
        keep_freed_memory()
    assert glibc.calls == [(-3, 1 << 30), (-1, (1 << 31) - 1)] * 2
    assert other.calls == []
    assert len(watching()) == 1  # one is enough
    assert watching()[0].daemon
    glibc.calls.clear()
    monkeypatch.setattr(sys, "platform", "darwin")
    keep_freed_memory()
    assert glibc.calls == []


def test_memory_is_returned_beyond_twice_what_is_needed() -> None:
    held, trims = [0.0], list[float]()
    freed = FreedMemory(lambda: held[0], lambda: trims.append(held[0]), memory=100, limit=2)

    def look(bytes_held: float) -> bool:
        held[0], before = bytes_held, len(trims)
        freed.look()
        return len(trims) > before

    assert not look(1.9)
    assert look(2.1)
    assert not look(2.4)  # that much is needed
    assert freed.limit == 4.8
    assert not look(4.7)
    assert look(5)
    assert not look(2.4)
    assert freed.limit == 4.8
    assert look(60)  # a table, say
    assert not look(60)
    assert freed.limit == 85  # 60, and a quarter of the machine
    assert look(90)


def test_a_process_gives_back_what_many_sizes_have_left() -> None:
    """What lies below a block that is still in use can't be given back by the heap's end; the trim gives it back."""
    if sys.platform != "linux":
        return  # the function does nothing there
    program = """
import time
import practicum.cli.malloc as malloc
malloc.FreedMemory.__init__.__defaults__ = (64 << 20,)
malloc._SECONDS = 2.0
malloc.keep_freed_memory()
blocks = [bytearray(1 << 20) for _ in range(300)]
del blocks[:-5]
before = malloc._resident_memory()
time.sleep(4)
print(before >> 20, malloc._resident_memory() >> 20)
"""
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    before, after = map(int, answer.stdout.split())
    assert before - after > 200
