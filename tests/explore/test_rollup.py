"""What rows say of everything below them: never more than was seen."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from tests.explore.test_structure import fewer_diff_ids
from tests.support import images
from tests.support.fake_source import FakeSource
from tui.explore.cells import UNICODE, how_old, row, tree_rows
from tui.explore.explorer import Explorer
from tui.explore.finding import named_tags
from tui.explore.findings_cache import FindingsCache
from tui.explore.inspector import Inspector
from tui.explore.node import Kind, Node
from tui.explore.tree import key_of
from tui.explore.verdict import coverage
from tui.sources.base import SourceError
from tui.sources.presence import UNCHECKED, Observation, Presence


def status(explorer: Explorer, node: Node) -> str:
    return "".join(text for text, _ in row(node, explorer, UNICODE).status)


def roles(explorer: Explorer, node: Node) -> set[str]:
    return {role for _, role in row(node, explorer, UNICODE).status}


def shop(*, broken: int = 2, whole: int = 2, repository: str = "app", source: FakeSource | None = None) -> FakeSource:
    """A repository with tags of which some have lost a layer."""
    source = source or FakeSource()
    for number in range(broken + whole):
        made = images.image("linux/amd64", seed=f"{repository}{number}")
        source.put(repository, images.index(made), f"1.{number}")
        if number < broken:
            source.drop(repository, made.blobs[2].digest)
    return source


async def opened(explorer: Explorer, source: FakeSource, name: str = "app") -> Node:
    """A repository whose tags were asked what they point to, as on the screen, and nothing more."""
    repository = explorer.add_repository(source, name)
    await explorer.open(repository)
    explorer.focus(repository.children)
    for _ in range(1000):
        if all(child.descriptor is not None for child in repository.children):
            break
        await asyncio.sleep(0.001)
    return repository


async def test_a_tag_whose_manifest_answers_has_a_neutral_mark() -> None:
    explorer = Explorer()
    repository = await opened(explorer, shop())
    for child in repository.children:
        assert explorer.observation(child).presence is Presence.PRESENT
        assert status(explorer, child) == "·"
        assert roles(explorer, child) == {"dim"}
        assert not [text for line in tree_rows(explorer, child) for text, _ in line if "✓" in text]


async def test_a_tag_whose_index_was_read_has_no_tick_before_its_attestation_was_checked() -> None:
    source = FakeSource()
    amd = images.image("linux/amd64")
    proof = images.attestation(amd)
    source.put("app", images.index(amd, proof), "1")
    explorer = Explorer()
    tag = explorer.add_selector(source, "app", "1")
    await explorer.open(tag)
    await explorer.check(tag.children[0], wanted=lambda row: True).wait()
    platform = tag.children[0]
    for child in platform.children:  # as if nobody had asked for the attestation
        if child.kind is Kind.ATTESTATION:
            explorer.observations.forget([key for row in child.walk() if (key := key_of(row))])
    assert explorer.rollup(tag).platforms_ok == 1
    assert status(explorer, tag).startswith("·")
    await explorer.check(tag).wait()
    assert status(explorer, tag) == "✓ 1/1 platform"


async def test_an_index_without_entries_has_no_tick() -> None:
    source = FakeSource()
    source.put("app", images.index(), "1")
    explorer = Explorer()
    tag = explorer.add_selector(source, "app", "1")
    await explorer.check(tag).wait()
    assert status(explorer, tag) == "✗ no platforms"


async def test_a_filter_does_not_forget_what_was_checked() -> None:
    explorer = Explorer()
    repository = await opened(explorer, shop(broken=4, whole=1))
    await explorer.check(repository).wait()
    before = {child.label: status(explorer, child) for child in repository.children}
    assert list(before.values()).count("✗ 1 broken") == 0 and before["1.0"].startswith("✗")
    sum_before, looked_before = explorer.rollup(repository), coverage(repository)
    findings = FindingsCache(lambda: None, patient=False)
    broken = findings.looked_at(repository, explorer).broken
    assert len(broken) == 4
    explorer.set_filter(repository, "1.0")
    assert [child.label for child in repository.children] == ["1.0"]
    findings.forget()
    assert findings.looked_at(repository, explorer).broken == broken
    assert explorer.rollup(repository) == sum_before and coverage(repository) == looked_before
    explorer.set_filter(repository, "")
    findings.forget()
    assert {child.label: status(explorer, child) for child in repository.children} == before
    assert findings.looked_at(repository, explorer).broken == broken
    assert findings.findings(repository, explorer)


async def test_what_a_filter_hides_learns_and_goes_with_its_tag() -> None:
    source = shop(broken=0, whole=3)
    explorer = Explorer()
    repository = await opened(explorer, source)
    await explorer.check(repository).wait()
    assert status(explorer, repository) == "✓"
    hidden = repository.children[1]
    explorer.set_filter(repository, "1.0")
    assert explorer.get(hidden.key) is hidden
    layer = next(row for row in hidden.walk() if row.label == "layer 1")
    assert layer.digest is not None
    explorer.observations.put(source, "app", layer.digest, Observation(Presence.MISSING))
    assert status(explorer, repository) == "✗ 1 of 3 broken"
    explorer.add_selector(source, "app", "other")
    assert explorer.get(hidden.key) is hidden
    del source.repos["app"].tags["1.1"]
    await explorer.refresh(repository)
    assert explorer.get(hidden.key) is None and hidden not in repository.parts


async def test_repositories_say_how_many_of_their_tags_are_broken() -> None:
    source = shop(broken=2, whole=10, repository="app")
    shop(broken=0, whole=3, repository="tool", source=source)
    explorer = Explorer()
    registry = explorer.add_source(source)
    await explorer.check(registry).wait()
    app, tool = registry.children
    assert (status(explorer, app), roles(explorer, app)) == ("✗ 2 of 12 broken", {"bad"})
    assert (status(explorer, tool), roles(explorer, tool)) == ("✓", {"good"})
    assert status(explorer, registry) == "✗ 1 of 2 repositories broken"
    assert explorer.rollup(app).worst is Presence.MISSING


async def test_what_four_tags_lack_is_one_finding_that_names_them() -> None:
    source = FakeSource()
    made = images.image("linux/amd64")
    source.put("app", images.index(made), "1.0", "1.1")
    source.put("app", images.index(made, annotations={"a": "b"}), "2.0")
    source.put("app", images.index(images.image("linux/amd64", seed="well")), "well")
    source.drop("app", made.blobs[2].digest)
    explorer = Explorer()
    registry = explorer.add_source(source)
    await explorer.check(registry).wait()
    known = FindingsCache(lambda: None, patient=False)
    found = known.findings(registry.children[0], explorer)
    assert [(each.code, each.digest, each.tags) for each in found] == [
        ("missing-blob", made.blobs[2].digest, ("1.0", "1.1", "2.0"))
    ]
    assert named_tags(found[0]) == "in 1.0, 1.1 and 2.0"
    (at_the_top,) = known.findings(registry, explorer)
    assert named_tags(at_the_top) == "in app:1.0, app:1.1 and app:2.0"
    (of_one,) = known.findings(registry.children[0].children[0], explorer)
    assert named_tags(of_one) == ""


async def test_a_blob_that_came_back_is_there_in_every_row_that_shows_it() -> None:
    """One tag was looked at while the config was gone, the other after it was put back: one answer, the last one."""
    source = FakeSource()
    made = images.image("linux/amd64")
    source.put("app", made, "1")
    source.put("app", images.index(made), "2")
    config = made.blobs[0].digest
    source.script[str(config)] = SourceError(Presence.MISSING, "It is gone.", status=404)
    explorer = Explorer(Inspector(clock=lambda: next(clock)))
    clock = iter(range(0, 1_000_000, 10))
    one, two = explorer.add_selector(source, "app", "1"), explorer.add_selector(source, "app", "2")
    await explorer.check(one).wait()
    first = next(row for row in one.walk() if row.kind is Kind.CONFIG)
    assert status(explorer, first) == "✗ missing"
    del source.script[str(config)]
    await explorer.check(two).wait()
    second = next(row for row in two.walk() if row.kind is Kind.CONFIG)
    assert (status(explorer, first), status(explorer, second)) == ("✓", "✓")
    assert first.error is None


async def test_a_manifest_that_came_back_is_there_in_every_row_that_shows_it() -> None:
    source = FakeSource()
    made = images.image("linux/amd64")
    source.put("app", images.index(made), "1")
    source.put("app", images.index(made, annotations={"a": "b"}), "2")
    source.script[str(made.digest)] = SourceError(Presence.MISSING, "It is gone.", status=404)
    explorer = Explorer(Inspector(clock=lambda: next(clock)))
    clock = iter(range(0, 1_000_000, 10))
    one, two = explorer.add_selector(source, "app", "1"), explorer.add_selector(source, "app", "2")
    await explorer.check(one).wait()
    assert status(explorer, one.children[0]) == "✗ missing"
    del source.script[str(made.digest)]
    await explorer.check(two).wait()
    assert status(explorer, two) == "✓ 1/1 platform"
    assert status(explorer, one.children[0]) == "· manifest present"
    assert not any(row.kind is Kind.FAULT for row in one.walk())


async def test_a_failed_row_shows_what_was_found_out_since() -> None:
    source = FakeSource()
    made = source.put("app", images.image("linux/amd64"))
    explorer = Explorer()
    row = explorer.add_selector(source, "app", str(made.digest))
    source.script[str(made.digest)] = SourceError(Presence.UNREACHABLE, "No answer.")
    await explorer.open(row)
    assert status(explorer, row) == "? unreachable"
    row.descriptor = made.descriptor
    explorer.tree.register(row)
    explorer.observations.put(source, "app", made.digest, Observation(Presence.MISSING))
    assert status(explorer, row) == "✗ missing"


async def test_many_tags_are_counted() -> None:
    explorer = Explorer()
    source = FakeSource()
    made = images.image("linux/amd64")
    source.put("app", made, *(f"1.{number}" for number in range(10)))
    source.drop("app", made.blobs[1].digest)
    repository = explorer.add_repository(source, "app")
    await explorer.check(repository).wait()
    (found,) = FindingsCache(lambda: None, patient=False).findings(repository, explorer)
    assert named_tags(found) == "in 1.0, 1.1, 1.2, 1.3, 1.4, 1.5 and 4 more"


async def test_a_repository_of_which_a_part_was_checked_says_so() -> None:
    explorer = Explorer()
    repository = await opened(explorer, shop(broken=1, whole=3))
    assert status(explorer, repository) == ""
    await explorer.check(repository.children[1]).wait()
    assert status(explorer, repository) == "· 1 of 4 checked"
    await explorer.check(repository.children[0]).wait()
    assert status(explorer, repository) == "✗ 1 broken, 2 of 4 checked"


async def test_a_repository_that_could_not_be_looked_at_is_not_broken() -> None:
    source = shop(broken=0, whole=2)
    source.script["1.0"] = SourceError(Presence.DENIED, "No.")
    explorer = Explorer()
    repository = explorer.add_repository(source, "app")
    await explorer.check(repository).wait()
    assert status(explorer, repository) == "⊘ 1 of 2 denied"


async def test_a_sum_is_as_old_as_its_oldest_answer() -> None:
    source = FakeSource()
    made = images.image("linux/amd64")
    source.put("app", images.index(made, images.image("linux/arm64")), "1")
    explorer = Explorer()
    tag = explorer.add_selector(source, "app", "1")
    assert explorer.rollup(tag).oldest is None, "nothing was asked yet"
    await explorer.check(tag).wait()
    blob = made.blobs[0].digest
    old = datetime.now(UTC) - timedelta(hours=3)
    assert how_old(explorer.rollup(tag).oldest) == ""
    explorer.observations.put(source, "app", blob, Observation(Presence.PRESENT, at=old, detail="then"))
    assert explorer.rollup(tag).oldest == old == explorer.rollup(explorer.roots[0]).oldest
    assert how_old(explorer.rollup(tag).oldest) == "3 hours ago"
    other = next(row for row in tag.children if row.label == "linux/arm64")
    assert how_old(explorer.rollup(other).oldest) == ""


def test_only_an_answer_that_is_not_fresh_has_an_age_to_tell() -> None:
    now = datetime.now(UTC)
    assert how_old(None) == how_old(UNCHECKED.at) == how_old(now - timedelta(seconds=59), now) == ""
    assert how_old(now - timedelta(seconds=61), now) == "1 minute ago"


async def test_what_is_all_there_and_refused_by_clients_has_no_tick() -> None:
    """`✓ 1 of 2 can be pulled` stood there, `✓ 0 of 1 platform can be pulled` even, and not among the problems."""
    source = FakeSource()
    source.put("app", images.index(images.image("linux/amd64"), fewer_diff_ids()), "1")
    explorer = Explorer()
    tag = explorer.add_selector(source, "app", "1")
    await explorer.check(tag).wait()
    assert status(explorer, tag) == "≠ arm64 broken"
    assert [status(explorer, row) for row in tag.children if row.kind is Kind.MANIFEST] == ["✓ 3/3", "≠ 3/3, refused"]
