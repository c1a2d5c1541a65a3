"""Checks of everything: bounded, visible where they stop, together with what else goes on."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.explore.checking import checked, codes
from tests.support import images
from tests.support.fake_source import FakeSource
from tui.explore import walker
from tui.explore.cells import tree_rows
from tui.explore.explorer import Explorer
from tui.explore.findings import findings
from tui.explore.inspector import Inspector
from tui.explore.likely_places import MovedTag, moved_tags, neighbours
from tui.explore.node import Kind, Node
from tui.explore.observations import ObservationStore
from tui.explore.report import exit_status, report
from tui.explore.tree import CheckProgress, Event, observe
from tui.explore.verdict import verdict
from tui.explore.walker import SLICE
from tui.oci.digest import Digest
from tui.oci.platform import Platform
from tui.sources.presence import Observation, Presence


def wide(count: int) -> images.Image:
    return images.image("linux/amd64", tuple(images.layer(str(number)) for number in range(count)))


async def test_a_check_stops_visibly_after_too_many_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walker, "OBJECT_LIMIT", 10)
    source = FakeSource()
    source.put("app", wide(30), "1")
    explorer, node, found = await checked(source)
    assert codes(found) == ["too-deep"]
    assert [row.label for row in node.children if row.kind is Kind.FAULT] == [
        "stopped: a check follows at most 10 objects"
    ]
    assert source.requests <= 11
    assert not verdict(node, found, explorer.observations).complete
    assert exit_status(report(node, explorer.observations)) == 3


async def test_rows_are_bounded_where_objects_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walker, "ROW_LIMIT", 10)
    source = FakeSource()
    top = images.index(images.image("linux/amd64"))
    for number in range(6):
        top = images.index(top, images.index(top, annotations={"n": str(number)}))
    source.put("app", top, "1")
    _, _, found = await checked(source)
    assert "too-deep" in codes(found)


async def test_many_rows_that_are_known_are_visited_in_slices() -> None:
    """All at once they held up whoever typed meanwhile: half a second for 5,000."""
    source = FakeSource()
    source.put("app", wide(300), "1")
    explorer = Explorer()
    node = explorer.add_selector(source, "app", "1")
    await explorer.check(node).wait()
    run = explorer.check(node)
    assert 0 < run.total <= SLICE
    turns = 0
    while run.running:
        before = run.total
        await asyncio.sleep(0)
        turns += 1
        assert run.total - before <= SLICE and turns < 1_000
    assert run.done == run.total == 302


async def test_looking_for_what_is_missing_looks_at_no_row_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    source, lost = FakeSource(), images.layer("lost")
    source.put("app", images.index(images.image("linux/amd64", (lost,)), images.image("linux/arm64")), "1")
    source.drop("app", lost.digest)
    explorer = Explorer()
    node = explorer.add_selector(source, "app", "1")
    await explorer.check(node).wait()
    _ = explorer.tree.standing(node)
    looked: list[Node] = []

    def look(row: Node) -> Observation:
        looked.append(row)
        return observe(row, explorer.observations)

    monkeypatch.setattr(explorer.tree, "observation", look)
    await explorer._search.whereabouts(node)
    assert [row.digest for row in looked] == [lost.digest]


async def test_what_leads_to_more_is_asked_first() -> None:
    """An attestation is known only when its platform is: behind all layers it held up the end of the check."""
    source = FakeSource()
    source.slots = 1
    platforms = [images.image(f"linux/{name}", (images.layer(name),)) for name in ("amd64", "arm64", "s390x")]
    source.put("app", images.index(*platforms, *map(images.attestation, platforms)), "1")
    await checked(source)
    asked = [how == "manifest" for how, _, _ in source.order]
    assert sum(asked) == 7 and all(asked[:7]), source.order


async def test_a_check_that_is_stopped_between_two_slices_stays_stopped() -> None:
    source = FakeSource()
    source.put("app", wide(300), "1")
    explorer = Explorer()
    node = explorer.add_selector(source, "app", "1")
    await explorer.check(node).wait()
    run = explorer.check(node)
    run.stop()
    told = run.total
    for _ in range(20):
        await asyncio.sleep(0)
    assert run.stopped and run.total == told


async def test_progress_counts_up_to_the_total() -> None:
    source = FakeSource()
    source.put("app", wide(20), "1")
    explorer = Explorer()
    seen: list[CheckProgress] = []

    def hear(event: Event) -> None:
        if isinstance(event, CheckProgress):
            seen.append(event)

    explorer.subscribe(hear)
    run = explorer.check(explorer.add_selector(source, "app", "1"))
    await run.wait()
    assert [event.done for event in seen] == sorted(event.done for event in seen)
    assert all(event.done <= event.total for event in seen)
    assert (seen[-1].done, seen[-1].total, seen[-1].running) == (22, 22, False)
    assert run.searches == 0


async def test_the_same_row_has_one_check_at_a_time() -> None:
    source = FakeSource()
    source.put("app", wide(3), "1")
    explorer = Explorer()
    node = explorer.add_selector(source, "app", "1")
    first = explorer.check(node)
    assert explorer.check(node) is first
    assert explorer.running() == [first]
    await first.wait()
    assert explorer.check(node) is not first


async def test_two_checks_of_the_same_image_share_their_questions() -> None:
    source = FakeSource()
    source.delay = 0.002
    source.put("app", wide(10), "1", "2")
    explorer = Explorer()
    runs = [explorer.check(explorer.add_selector(source, "app", tag)) for tag in ("1", "2")]
    for run in runs:
        await run.wait()
    assert max(count for (how, _, _), count in source.asked.items() if how in ("probe", "blob")) == 1


async def test_stopping_one_check_leaves_the_other() -> None:
    source = FakeSource()
    source.put("app", wide(10), "1")
    explorer = Explorer(Inspector(slots=2))
    node = explorer.add_selector(source, "app", "1")
    await explorer.open(node)
    source.hold()
    whole, layer = explorer.check(explorer.roots[0]), explorer.check(node.children[1])
    await asyncio.sleep(0.01)
    whole.stop()
    source.release()
    await asyncio.wait_for(layer.wait(), 5)
    assert whole.stopped
    assert explorer.observation(node.children[1]).presence is Presence.PRESENT
    await explorer.aclose()


async def test_checking_a_leaf_again_asks_again() -> None:
    source = FakeSource()
    image = source.put("app", wide(2), "1")
    explorer = Explorer()
    node = explorer.add_selector(source, "app", "1")
    await explorer.check(node).wait()
    layer = node.children[1]
    source.drop("app", image.blobs[1].digest)
    await explorer.check(layer).wait()
    assert explorer.observation(layer).presence is Presence.MISSING
    assert codes(findings(node, explorer.observations)) == ["missing-blob"]


async def test_a_repository_is_checked_tag_by_tag() -> None:
    source = FakeSource()
    source.put("app", wide(2), "1")
    source.put("app", images.image("linux/arm64"), "2")
    explorer = Explorer()
    repository = explorer.add_repository(source, "app")
    await explorer.check(repository).wait()
    assert [explorer.rollup(row).label for row in repository.children] == ["3/3", "3/3"]


async def test_a_check_of_a_denied_tag_ends() -> None:
    source = FakeSource()
    image = source.put("app", wide(2), "1")
    for part in image.blobs:
        source.script[str(part.digest)] = Observation(Presence.DENIED, detail="401")
    _, _, found = await checked(source)
    assert codes(found) == ["denied"]
    assert "and 1 other object" in found[0].message


async def test_closing_in_the_middle_leaves_nothing_running() -> None:
    source = FakeSource()
    source.put("app", wide(30), "1")
    source.hold()
    explorer = Explorer()
    run = explorer.check(explorer.add_selector(source, "app", "1"))
    await asyncio.sleep(0.01)
    await explorer.aclose()
    assert not run.running
    assert len(asyncio.all_tasks()) == 1


def test_neighbours_are_few_and_the_likeliest_come_first() -> None:
    seen = [f"other{number}" for number in range(40)] + ["app/arm64", "app-debug", "app"]
    found = neighbours("app", seen, Platform.parse("linux/arm64"))
    assert found[:2] == ["app/arm64", "app-debug"]
    assert "app" not in found
    assert len(found) == 12
    assert neighbours("app", [], None) == []
    assert neighbours("app", [], Platform.parse("linux/amd64")) == ["app/amd64", "app-amd64"]


async def test_a_check_right_after_a_refresh_waits_for_what_is_being_asked() -> None:
    source = FakeSource()
    source.delay = 0.005
    image = images.index(images.image("linux/amd64"), images.image("linux/arm64"))
    source.put("app", image, "1")
    source.put("app", wide(3), "2")
    explorer = Explorer()
    for tag in ("1", "2"):
        node = explorer.add_selector(source, "app", tag)
        await explorer.check(node).wait()
        await explorer.refresh(node)
        await explorer.check(node).wait()
        made = report(node, explorer.observations)
        assert made.verdict.complete, made.verdict.sentence
        assert made.counts["unchecked"] == 0


def lattice(levels: int = 12, width: int = 10, *, alike: bool) -> images.Image:
    """An index of indexes, each of which holds all of those of the next level: few objects, endlessly many rows."""
    row = [images.image("linux/amd64")]
    for level in range(levels):
        names = [str(level)] * width if alike else [f"{level}.{number}" for number in range(width)]
        row = [images.index(*row, annotations={"n": name}) for name in names]
    return images.index(*row)


@pytest.mark.parametrize("alike", [True, False])
async def test_an_index_that_is_there_many_times_is_followed_once(alike: bool) -> None:
    source = FakeSource()
    source.put("app", lattice(alike=alike), "1")
    began = time.process_time()
    explorer, node, found = await checked(source)
    made = report(node, explorer.observations)
    lines = list(tree_rows(explorer, node))
    assert explorer.rollup(node).platforms_total == len(made.platforms)
    assert time.process_time() - began < 10  # of this process, also while coverage is measured
    assert len(list(node.walk())) < 1500 and len(lines) < 1500
    assert source.requests < 200
    assert "too-deep" in codes(found) and exit_status(made) == 3, "deeper than is followed"


async def test_what_is_shared_counts_wherever_it_is() -> None:
    broken = images.image("linux/arm64", seed="b")
    inner = images.index(images.image("linux/amd64"), broken)
    first = images.index(inner, annotations={"n": "1"})
    second = images.index(inner, annotations={"n": "2"})
    source = FakeSource()
    source.put("app", images.index(first, second), "1")
    source.drop("app", broken.blobs[1].digest)
    explorer, node, _ = await checked(source)
    rows = [row for row in node.walk() if row.digest == inner.digest]
    assert len(rows) == 2 and sum(row.shared is not None for row in rows) == 1
    sums = [explorer.rollup(row) for row in (*rows, *(row.parent for row in rows if row.parent is not None), node)]
    assert [(each.platforms_ok, each.platforms_total) for each in sums] == [(1, 2)] * 5
    made = report(node, explorer.observations)
    assert exit_status(made) == 1 and len(made.platforms) == 2
    source.put("app", images.index(first, second), "1")
    await explorer.check(node).wait()
    twin = next(row for row in rows if row.shared is not None)
    await explorer.open(twin)
    assert len(twin.children) >= 2, "somebody who opens it sees what is in it"


async def test_what_tags_moved_is_worked_out_once_for_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once for each platform it was: of two thousand that took minutes."""
    worked_out = 0

    def counted(top: Node, observations: ObservationStore) -> dict[Digest, MovedTag]:
        nonlocal worked_out
        worked_out += 1
        return moved_tags(top, observations)

    monkeypatch.setattr("tui.explore.search.moved_tags", counted)
    source = FakeSource()
    made = [images.image("linux/amd64", seed=str(number)) for number in range(30)]
    source.put("app", images.index(*made), "1")
    for each in made:
        source.drop("app", each.digest)
    explorer = Explorer()
    await explorer.check(explorer.add_selector(source, "app", "1")).wait()
    await explorer.aclose()
    assert worked_out == 1


async def test_a_repository_is_checked_several_tags_at_once_and_what_they_share_once() -> None:
    source = FakeSource()
    source.delay = 0.002
    base = images.layer("base")
    for number in range(40):
        made = images.image("linux/amd64", (base, images.layer(f"of {number}")))
        source.put("app", images.index(made), f"t{number}")
    explorer = Explorer()
    repository = explorer.add_repository(source, "app")
    run = explorer.check(repository)
    await run.wait()
    assert source.most_running == source.slots
    assert set(source.asked.values()) == {1}
    assert run.requests == source.requests == 1 + 40 * 4 + 1
    await explorer.aclose()
