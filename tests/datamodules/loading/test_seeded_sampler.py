"""The order of examples: distributed over ranks, and a position that is restored."""

from __future__ import annotations

from practicum.datamodules.loading.seeded_sampler import SeededSampler


def test_ranks_share_out_the_examples() -> None:
    plain = [[i for _, i in SeededSampler(range(11), False, 1, rank, 2)] for rank in (0, 1)]  # type: ignore[arg-type]
    assert sorted(plain[0] + plain[1]) == list(range(11))
    mixed = [[i for _, i in SeededSampler(range(11), True, 1, rank, 2)] for rank in (0, 1)]  # type: ignore[arg-type]
    assert len(mixed[0]) == len(mixed[1]) == 6
    assert set(mixed[0]) | set(mixed[1]) == set(range(11))


def test_a_restored_position_is_one_of_its_epoch() -> None:
    sampler = SeededSampler(range(10), True, seed=3)  # type: ignore[arg-type]
    sampler.set_epoch(2)
    whole = list(sampler)
    state = {"epoch": 2, "done": 4}
    again = SeededSampler(range(10), True, seed=3)  # type: ignore[arg-type]
    again.load_state_dict(state)
    assert list(again) == whole[4:]
    assert list(again) == whole  # only the pass after the restore is cut short
    again.load_state_dict(state)
    again.set_epoch(3)
    assert len(list(again)) == 10
