"""Threads that meet: none goes on before all have come."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from mydl.fused import BrokenTeam, Team, Workspace
from mydl.kernels.barrier import add_one, arrive, read, watch


def test_no_thread_runs_ahead():
    """Each thread writes its number of the round, meets, and has to see that of all others."""
    size, rounds = 4, 300
    team = Team(size)
    board = np.full((rounds, size), -1)

    def run(rank):
        for i in range(rounds):
            board[i, rank] = i
            team.meet()
            assert (board[i] == i).all()

    with ThreadPoolExecutor(size) as pool:
        for future in [pool.submit(run, rank) for rank in range(size)]:
            future.result()


def test_additions_are_not_lost():
    count = np.zeros(1, np.int64)

    def run():
        return [arrive(count, 1) for _ in range(20_000)]

    with ThreadPoolExecutor(3) as pool:
        runs = [pool.submit(run) for _ in range(3)]
    seen = [number for future in runs for number in future.result()]
    assert count[0] == 60_000
    assert sorted(seen) == list(range(1, 60_001))


def test_watching_ends():
    count = np.zeros(1, np.int64)
    assert arrive(count, 2) == 2
    assert not watch(count, 2, 10)
    assert arrive(count, 2) == 2
    assert watch(count, 2, 10)
    assert arrive(count, 2) == 4


def test_what_the_instructions_stand_for():
    count = np.array([5])
    assert (add_one(count), read(count)) == (5, 6)


def test_a_broken_team_is_left():
    team, space = Team(2), Workspace()

    def fail():
        with space.join(team, 0):
            raise ValueError("no")

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(team.meet)
        with pytest.raises(ValueError, match="no"):
            fail()
        with pytest.raises(BrokenTeam):
            waiting.result()


@pytest.mark.parametrize(("height", "step"), [(55, 1), (55, 4), (13, 4), (3, 4), (1, 1), (0, 1)])
@pytest.mark.parametrize("size", [1, 2, 3, 8])
def test_shares_cover_all_rows_once(height, step, size):
    rows = []
    for rank in range(size):
        space = Workspace()
        with space.join(Team(size), rank):
            share = space.share(height, step)
        assert share.start % step == 0 or not range(height)[share]
        rows += range(height)[share]
    assert rows == list(range(height))
    assert Workspace().share(height, step) == slice(0, height)
