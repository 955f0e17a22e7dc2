"""The paper's table, from errors by seed."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.rossmann_paper import table


def test_gains_are_paired_by_seed_and_one_without_a_seed_is_paired_with_all() -> None:
    text = table({"network": {False: [0.3, 0.4], True: [0.1, 0.2]}, "k-NN": {False: [0.5], True: [0.1, 0.3]}})
    assert "of 2 seeds" in text
    # Student's t for two values is 12.706: .05 * 12.706 = .6353 and .1 * 12.706 = 1.2706
    assert "| network | .35 ± .6353 | .15 ± .6353 | .2 ± 0 |" in text
    assert "| k-NN | .5 | .2 ± 1.271 | .3 ± 1.271 |" in text
