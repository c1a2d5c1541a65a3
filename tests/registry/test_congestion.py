"""The congestion window against model hosts, in simulated time: near the best fixed number, calm, no storms."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from tui.registry.congestion import BEGIN, CongestionWindow

RTT = 0.03
#: Seconds of the asker's own work for each request.
_STEP = 1e-5


class Host:
    """Answers in `latency` seconds, however many ask."""

    def __init__(self, latency: float = RTT) -> None:
        self.latency = latency

    def ask(self, now: float, running: int) -> float | None:
        """Seconds until the answer, `running` requests being under way with this one; None: refused, after an RTT."""
        return self.latency


class Workers(Host):
    """Has so many workers; what comes meanwhile waits for one."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.free = [0.0] * count

    def ask(self, now: float, running: int) -> float | None:
        begins = max(now, heapq.heappop(self.free))
        heapq.heappush(self.free, begins + self.latency)
        return begins + self.latency - now


class Thrashing(Host):
    """Gets slower as a whole when more than `count` ask at once: its rate falls."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count

    def ask(self, now: float, running: int) -> float | None:
        return self.latency * max(1.0, running / self.count) ** 2


class Strict(Host):
    """Refuses more than `most` at once."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def ask(self, now: float, running: int) -> float | None:
        return self.latency if running <= self.most else None


class Bucket(Host):
    """Refuses more than `rate` requests a second, beyond a first `burst`."""

    def __init__(self, rate: float, burst: float) -> None:
        super().__init__()
        self.rate, self.burst, self.left, self.at = rate, burst, burst, 0.0

    def ask(self, now: float, running: int) -> float | None:
        self.left, self.at = min(self.burst, self.left + (now - self.at) * self.rate), now
        if self.left < 1:
            return None
        self.left -= 1
        return self.latency


class SlowStart(Host):
    """Ten times as slow in its first second."""

    def ask(self, now: float, running: int) -> float | None:
        return self.latency * (10 if now < 1 else 1)


class Slower(Host):
    """Four times as slow from the third second on, however many ask."""

    def ask(self, now: float, running: int) -> float | None:
        return self.latency * (4 if now > 3 else 1)


class Crowded(Workers):
    """Somebody else takes three quarters of its workers from the third second on."""

    def ask(self, now: float, running: int) -> float | None:
        while now > 3 and len(self.free) > 10:
            heapq.heappop(self.free)
        return super().ask(now, running)


class Noisy(Host):
    """Most answers are quick, some take very long, as with a cache that misses."""

    def __init__(self) -> None:
        super().__init__()
        self.chance = random.Random(7)

    def ask(self, now: float, running: int) -> float | None:
        return self.latency * (self.chance.uniform(0.8, 1.4) if self.chance.random() < 0.85 else 12)


class Stalled(Host):
    """Very near, and the machine itself has no time for us now and then: answers wait that came long ago."""

    def __init__(self) -> None:
        super().__init__(0.002)
        self.chance, self.until, self.stalled = random.Random(3), 0.0, False

    def ask(self, now: float, running: int) -> float | None:
        if now >= self.until:
            self.until, self.stalled = now + self.chance.uniform(0.02, 0.4), not self.stalled
        return self.latency + (self.chance.uniform(0.0, 0.016) if self.stalled else 0.0)


@dataclass
class Outcome:
    took: float = 0.0
    refused: int = 0
    pauses: list[float] = field(default_factory=list)
    """When each ended."""
    begins: list[float] = field(default_factory=list)
    limits: list[tuple[float, int]] = field(default_factory=list)

    def between(self, begin: float, end: float) -> int:
        """How many requests began in that time."""
        return sum(begin <= at < end for at in self.begins)

    def limits_after(self, moment: float) -> list[int]:
        return [limit for at, limit in self.limits if at >= moment]


def ask_all(host: Host, window: CongestionWindow | int, requests: int, rest: float = 0.5) -> Outcome:
    """Ask so many times, as many at once as the window (or a fixed number) lets, resting after a refusal."""
    outcome, events, sequence = Outcome(), list[tuple[float, int, float, int, bool]](), 0
    now, left, running, paused = 0.0, requests, 0, 0.0
    while left or running:
        limit = window if isinstance(window, int) else window.limit
        if left and running < limit and now >= paused:
            left, running, sequence = left - 1, running + 1, sequence + 1
            now += _STEP
            outcome.begins.append(now)
            latency = host.ask(now, running)
            refused = latency is None
            heapq.heappush(events, (now + (RTT if latency is None else latency), sequence, now, running, refused))
            continue
        if not events or (left and running < limit and paused < events[0][0]):
            now = paused
            continue
        at, _, began, then, refused = heapq.heappop(events)
        now = max(now, at)
        running -= 1
        if refused:
            left += 1
            outcome.refused += 1
            if paused <= now:
                outcome.pauses.append(now + rest)
            paused = max(paused, now + rest)
            if not isinstance(window, int):
                window.refused(began, now, then)
                window.rest(now)
        elif not isinstance(window, int):
            window.answered("HEAD", began, now, then)
        if not isinstance(window, int) and (not outcome.limits or outcome.limits[-1][1] != window.limit):
            outcome.limits.append((now, window.limit))
    outcome.took = now
    return outcome


@dataclass(frozen=True)
class Model:
    make: Callable[[], Host]
    best: int
    """The fixed number that is as quick as any up to 64."""


HOSTS = {
    "bears anything": Model(Host, 64),
    "4 workers": Model(lambda: Workers(4), 8),
    "16 workers": Model(lambda: Workers(16), 20),
    "24 workers": Model(lambda: Workers(24), 28),
    "45 workers": Model(lambda: Workers(45), 48),
    "thrashes beyond 10": Model(lambda: Thrashing(10), 10),
    "thrashes beyond 20": Model(lambda: Thrashing(20), 20),
    "thrashes beyond 40": Model(lambda: Thrashing(40), 40),
    "refuses beyond 10": Model(lambda: Strict(10), 10),
    "refuses beyond 20": Model(lambda: Strict(20), 20),
    "refuses beyond 40": Model(lambda: Strict(40), 40),
    "starts slowly": Model(SlowStart, 64),
    "becomes slower": Model(Slower, 64),
    "becomes crowded": Model(lambda: Crowded(40), 64),
    "is noisy": Model(Noisy, 64),
}
every_host = pytest.mark.parametrize("name", HOSTS)
MANY = 12_000


def asked(name: str, requests: int = MANY) -> Outcome:
    return ask_all(HOSTS[name].make(), CongestionWindow(64), requests)


@every_host
def test_within_15_percent_of_the_best_fixed_number(name: str) -> None:
    model = HOSTS[name]
    assert asked(name).took <= 1.15 * ask_all(model.make(), model.best, MANY).took


@every_host
def test_the_best_fixed_number_is_the_best(name: str) -> None:
    model = HOSTS[name]
    best = ask_all(model.make(), model.best, 600).took
    assert all(best <= 1.02 * ask_all(model.make(), other, 600).took for other in (4, 8, 10, 16, 20, 32, 40, 48, 64))


@every_host
def test_calm(name: str) -> None:
    """It finds its place in two seconds (or in as many after the host has changed) and stays there."""
    outcome = asked(name)
    later = [limit for at, limit in outcome.limits if 2.5 < at < 3 or 6 < at < 30]
    assert not later, outcome.limits


def test_a_bound_is_tried_again_ever_more_rarely() -> None:
    outcome = ask_all(Workers(24), CongestionWindow(64), 200_000)
    tries = {round(at / 10) for at, _ in outcome.limits if at > 5}
    assert outcome.took > 240 and len(tries) <= 4, "after 30, 60 and 120 seconds"


@pytest.mark.parametrize("most", [10, 20, 40])
def test_no_storm_after_a_pause(most: int) -> None:
    outcome = asked(f"refuses beyond {most}")
    assert outcome.pauses
    for end in outcome.pauses:
        assert outcome.between(end, end + RTT * 0.9) <= max(2, most // 4)
        assert outcome.between(end, end + RTT * 1.9) <= max(4, most)


@pytest.mark.parametrize("rate", [20, 100, 500])
def test_a_host_that_counts_over_time_is_not_run_into_again_and_again(rate: int) -> None:
    outcome = ask_all(Bucket(rate, 200), CongestionWindow(64), 3_000, rest=1.0)
    floor = (3_000 - 200) / rate
    assert outcome.took <= 1.25 * floor + 6
    assert outcome.refused <= 0.1 * 3_000


def test_stalls_of_the_machine_are_not_the_hosts() -> None:
    outcome = ask_all(Stalled(), CongestionWindow(64), 60_000)
    assert min(limit for _, limit in outcome.limits) >= 8, outcome.limits


def test_latency_alone_does_not_bring_it_to_a_standstill() -> None:
    window, now = CongestionWindow(64), 0.0
    for step in range(20_000):
        now += 0.01
        window.answered("HEAD", now - 0.001 * (1 + step / 50), now, window.limit)
        assert window.limit >= 8


def test_it_learns_of_a_rate_that_concurrency_is_not_to_blame() -> None:
    outcome = ask_all(Bucket(500, 200), CongestionWindow(64), 12_000, rest=1.0)
    assert len(outcome.pauses) <= 6, "each guess is much lower than the one before"


@pytest.mark.parametrize("ceiling", [1, 2, 7, 16, 20, 64, 256])
def test_between_one_and_the_ceiling(ceiling: int) -> None:
    window = CongestionWindow(ceiling)
    assert window.limit == min(BEGIN, ceiling)
    assert max(limit for _, limit in ask_all(Host(), window, 6_000).limits) == ceiling
    for step in range(20):
        window.refused(100.0 + step, 100.5 + step, ceiling)
    assert window.limit == 1
    window.rest(200.0)
    assert window.limit == 1


def test_one_halving_for_all_that_were_under_way_together() -> None:
    window = CongestionWindow(64)
    for running in range(16):
        window.refused(1.0, 2.0, running + 1)
    assert window.limit == 8
    window.refused(2.5, 3.0, 8)
    assert window.limit == 4


def test_more_are_let_through_while_those_of_a_larger_size_are_still_under_way() -> None:
    """A new connection takes a round trip more, which is no time to stand still."""
    window = CongestionWindow(64)
    for _ in range(8):
        window.answered("GET", 0.0, RTT, 16)
    assert window.limit == 32
    for _ in range(8):
        window.answered("GET", 0.0, RTT, 16)
    assert window.limit == 40, "one for each answer"
    for _ in range(8):
        window.answered("GET", 0.0, 3 * RTT, 16)
    assert window.limit == 40, "none for one that is slow"


def test_what_is_refused_counts_by_the_size_at_which_it_began() -> None:
    window = CongestionWindow(64)
    for _ in range(8):
        window.answered("GET", 1.0, 1.0 + RTT, 16)
    window.refused(1.0, 1.0 + RTT, 11)
    assert window.limit == 8


def test_never_more_than_a_host_says_are_left() -> None:
    window = CongestionWindow(64)
    window.told(5)
    assert window.limit == 5
    window.told(0)
    assert window.limit == 1, "one has to ask to hear of more"
    window.told(None)
    assert window.limit == BEGIN


def test_it_does_not_grow_while_there_is_little_to_ask() -> None:
    window = CongestionWindow(64)
    for step in range(500):
        window.answered("HEAD", step, step + RTT, 3)
    assert window.limit == BEGIN


def test_only_the_like_are_compared() -> None:
    """A reading takes longer than a question: that is no reason to ask less."""
    window, now = CongestionWindow(64), 0.0
    for step in range(3_000):
        now += 0.001
        kind, took = ("GET", 0.4) if step % 5 == 0 else ("HEAD", RTT)
        window.answered(kind, now - took, now, window.limit)
    assert window.limit == 64
