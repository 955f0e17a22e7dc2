"""Every global generator goes on from where it was saved."""

from __future__ import annotations

import io
import random

import numpy as np
import torch
from practicum.callbacks.trainer_internals.rng_state import random_state, set_random_state


def draws() -> list[float]:
    return [random.random(), random.gauss(0, 1), np.random.random(), np.random.normal(), float(torch.rand(()))]


def test_draws_are_repeated_also_from_a_file() -> None:
    draws()  # NumPy and Python keep the second of a pair of normal numbers
    file = io.BytesIO()
    torch.save(random_state(), file)
    first = draws()
    file.seek(0)
    set_random_state(torch.load(file, weights_only=True))
    assert draws() == first
