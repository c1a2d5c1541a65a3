"""What is opened is checked to its end by itself, as long as that is cheap and nobody counts."""

from __future__ import annotations

from tests.support import images
from tests.support.fake_source import FakeSource
from tui.explore.explorer import Explorer
from tui.explore.node import Node
from tui.explore.walker import UNASKED_LIMIT
from tui.oci.descriptor import Descriptor
from tui.sources.presence import Observation, Presence


async def opened(source: FakeSource) -> tuple[Explorer, Node]:
    explorer = Explorer()
    tag = explorer.add_selector(source, "app", "1")
    await explorer.open(tag)
    return explorer, tag


def many(count: int, source: FakeSource | None = None) -> FakeSource:
    source = source or FakeSource()
    source.put("app", images.index(*(images.image("linux/amd64", seed=str(n)) for n in range(count))), "1")
    return source


async def test_what_is_opened_is_checked_to_its_end() -> None:
    explorer, tag = await opened(many(3))
    run = explorer.check_unasked(tag)
    assert run is not None and explorer.running() == []  # `x` checks; it does not stop what nobody began
    await run.wait()
    assert not run.left and explorer.rollup(tag).worst is Presence.PRESENT
    assert explorer.why_not_unasked(tag) == ""


async def test_it_ends_after_two_hundred_requests_and_says_so() -> None:
    source = many(60)
    explorer, tag = await opened(source)
    run = explorer.check_unasked(tag)
    assert run is not None
    await run.wait()
    assert 100 < sum(source.asked.values()) <= UNASKED_LIMIT + 1
    assert run.left and explorer.rollup(tag).worst is Presence.UNCHECKED
    assert explorer.why_not_unasked(tag) == "that takes more than 200 requests"
    assert explorer.check_unasked(tag) is None
    await explorer.check(tag).wait()
    assert explorer.rollup(tag).worst is Presence.PRESENT


async def test_an_index_that_is_sure_to_cost_more_is_not_begun() -> None:
    explorer, tag = await opened(many(100))
    assert explorer.check_unasked(tag) is None
    assert explorer.why_not_unasked(tag) == "that takes more than 200 requests"


async def test_a_registry_that_counts_is_asked_for_nothing_more() -> None:
    source = many(2)
    source.why_ask_first = "fake.test counts requests"
    explorer, tag = await opened(source)
    assert explorer.check_unasked(tag) is None
    assert explorer.why_not_unasked(tag) == "fake.test counts requests"
    assert explorer.rollup(tag).worst is Presence.UNCHECKED


async def test_it_stops_when_the_row_is_closed_and_goes_on_when_it_is_opened_again() -> None:
    source = many(3)
    explorer, tag = await opened(source)
    run = explorer.check_unasked(tag)
    assert run is not None
    explorer.leave(tag)
    assert run.stopped
    again = explorer.check_unasked(tag)
    assert again is not None and again is not run
    await again.wait()
    assert explorer.rollup(tag).worst is Presence.PRESENT


async def test_a_registry_that_begins_to_count_is_asked_for_nothing_more() -> None:
    class Counting(FakeSource):
        async def probe(self, repository: str, descriptor: Descriptor, **how: bool) -> Observation:
            self.why_ask_first = "fake.test limits the rate of requests"
            return await super().probe(repository, descriptor, **how)

    source = many(40, Counting())
    explorer, tag = await opened(source)
    source.why_ask_first = ""
    run = explorer.check_unasked(tag)
    assert run is not None
    await run.wait()
    assert sum(source.asked.values()) < 90, "what was under way, and what each of the rows stands for"
    assert explorer.rollup(tag).worst is Presence.UNCHECKED
    assert explorer.why_not_unasked(tag) == "fake.test limits the rate of requests"
    source.why_ask_first = ""
    assert explorer.check_unasked(tag) is not None, "the rest is over"
    await explorer.aclose()
