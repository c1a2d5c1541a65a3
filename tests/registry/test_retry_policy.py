"""How long is waited before another try, and when it is enough."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tui.registry.retry_policy import BACKOFF, RetryPolicy


@given(st.integers(1, 1_000), st.floats(0, 1, exclude_max=True))
def test_backoff_is_bounded(failures: int, chance: float) -> None:
    most = min(30.0, 0.25 * 2.0 ** min(failures - 1, 16))
    assert 0 <= RetryPolicy(jitter=True).pause(failures, chance) <= most <= BACKOFF[-1]


def test_the_tries_are_counted() -> None:
    state = RetryPolicy(tries=3, pauses=(1.0, 2.0)).start()
    assert [state.next_pause() for _ in range(3)] == [1.0, 2.0, None] and state.is_over


def test_the_last_pause_is_repeated_until_the_deadline() -> None:
    state = RetryPolicy(pauses=(1.0, 2.0), deadline=6.0).start()
    assert [state.next_pause() for _ in range(4)] == [1.0, 2.0, 2.0, None]
    assert state.spent == 5.0, "what was not waited does not count"


def test_what_a_try_took_may_count() -> None:
    state = RetryPolicy(pauses=(1.0,), deadline=10.0).start()
    assert [state.next_pause(took=4.0) for _ in range(3)] == [1.0, 1.0, None]


def test_who_asks_for_a_wait_gets_it_within_limits() -> None:
    state = RetryPolicy(pauses=(1.0,), least=(0.05, 0.05, 1.0), longest_pause=60.0).start()
    assert [state.next_pause(asked) for asked in (0.0, 7.0, 0.0, 60.0, 61.0)] == [0.05, 7.0, 1.0, 60.0, None]


def test_a_deadline_of_its_own_for_one_failure() -> None:
    state = RetryPolicy(pauses=(100.0,), deadline=120.0).start()
    assert [state.next_pause(deadline=900.0), state.next_pause(deadline=900.0), state.next_pause()] == [100, 100, None]
