"""The tree: rows as data, loaded when opened, asked once."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from tests.support import images
from tests.support.fake_source import FakeSource
from tui.explore import inspector
from tui.explore.explorer import Explorer
from tui.explore.inspector import Inspector
from tui.explore.node import Kind, Load, Node
from tui.explore.tree import ChildrenChanged, Event, PresenceChanged
from tui.oci.digest import Digest
from tui.sources.base import SourceError
from tui.sources.presence import Observation, Presence


def two_platforms() -> images.Image:
    amd, arm = images.image("linux/amd64"), images.image("linux/arm64")
    return images.index(amd, arm, images.attestation(amd))


async def opened(source: FakeSource, repository: str = "app", tag: str = "1") -> tuple[Explorer, Node]:
    explorer = Explorer()
    return explorer, await explorer.add_reference(source, repository, tag)


def kinds(node: Node) -> list[str]:
    return [child.kind.value for child in node.children]


async def test_a_tag_of_an_index_holds_its_platforms_with_their_attestations_below() -> None:
    source = FakeSource()
    source.put("app", two_platforms(), "1")
    _, tag = await opened(source)
    assert tag.load is Load.READY
    assert [child.label for child in tag.children] == ["linux/amd64", "linux/arm64", "referrers"]
    assert kinds(tag.children[0]) == ["attestation"]
    assert kinds(tag.children[1]) == []


async def test_a_platform_holds_config_and_layers_and_names_their_commands() -> None:
    source = FakeSource()
    source.put("app", two_platforms(), "1")
    explorer, tag = await opened(source)
    platform = tag.children[0]
    await explorer.open(platform)
    run = explorer.check(platform)
    await run.wait()
    assert kinds(platform) == ["config", "layer", "layer", "attestation", "referrers"]
    assert [child.note for child in platform.children if child.kind is Kind.LAYER] == ["RUN step 1", "RUN step 2"]
    assert platform.children[3].note == "provenance, SBOM (SPDX)"
    assert explorer.rollup(platform).label == "3/3"


async def test_a_tag_of_one_image_is_shown_as_one() -> None:
    source = FakeSource()
    source.put("app", images.image("linux/arm64/v8"), "1")
    explorer, tag = await opened(source)
    await explorer.check(tag).wait()
    assert kinds(tag) == ["config", "layer", "layer", "referrers"]
    assert str(tag.platform) == "linux/arm64/v8"
    assert explorer.rollup(tag).label == "3/3"


async def test_opening_asks_cheaply_and_only_what_was_opened_is_read() -> None:
    source = FakeSource()
    source.put("app", two_platforms(), "1")
    explorer, tag = await opened(source)
    await explorer.open(tag.children[0])
    await explorer.check(tag.children[0]).wait()
    how_often = Counter(how for how, _, what in source.order if what == str(tag.children[1].digest))
    assert how_often == {"probe": 1}
    assert Counter(what for how, _, what in source.order if how != "probe").most_common(1)[0][1] == 1


async def test_a_check_from_nothing_asks_for_each_object_exactly_once() -> None:
    source = FakeSource()
    top = source.put("app", two_platforms(), "1")
    explorer = Explorer()
    run = explorer.check(explorer.add_selector(source, "app", "1"))
    await run.wait()
    asked = Counter(what for _, _, what in source.order)
    assert max(asked.values()) == 1
    objects = {part.digest for child in top.children for part in child.blobs} | {c.digest for c in top.children}
    assert run.total == len(objects) + 1 == run.done == run.requests == len(source.order)
    assert {how for how, _, _ in source.order} == {"manifest", "blob", "probe"}


async def test_a_shared_layer_is_asked_once_and_shown_in_both_platforms() -> None:
    source = FakeSource()
    source.put("app", two_platforms(), "1")
    explorer = Explorer()
    tag = explorer.add_selector(source, "app", "1")
    await explorer.check(tag).wait()
    base = tag.children[0].children[1]
    rows = explorer.nodes_of(source, "app", base.digest) if base.digest else []
    assert len(rows) == 2
    assert {explorer.observation(row).presence for row in rows} == {Presence.PRESENT}


@pytest.mark.parametrize(("kept", "times"), [(inspector.DOCUMENT_BYTES, 1), (0, 2)])
async def test_a_manifest_is_read_again_only_past_the_bound(
    kept: int, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspector, "DOCUMENT_BYTES", kept)
    source = FakeSource()
    shared = images.image("linux/amd64")
    source.put("app", images.index(shared, images.image("linux/arm64")), "1")
    source.put("app", images.index(shared), "2")
    explorer = Explorer()
    for tag in ("1", "2"):
        row = explorer.add_selector(source, "app", tag)
        await explorer.check(row).wait()
        assert explorer.rollup(row).worst is Presence.PRESENT
    assert source.asked[("manifest", "app", str(shared.digest))] == times


async def test_a_missing_layer_rolls_up_and_does_not_hide_its_siblings() -> None:
    source = FakeSource()
    top = source.put("app", two_platforms(), "1")
    lost = top.children[1].blobs[2].digest
    source.drop("app", lost)
    explorer = Explorer()
    tag = explorer.add_selector(source, "app", "1")
    await explorer.check(tag).wait()
    amd, arm = tag.children[0], tag.children[1]
    assert explorer.rollup(amd).label == "3/3"
    assert explorer.rollup(arm).label == "2/3"
    assert explorer.rollup(arm).worst is Presence.MISSING
    assert explorer.rollup(tag).label == "arm64 broken"


async def test_a_missing_platform_says_so_and_its_attestation_is_still_checked() -> None:
    source = FakeSource()
    top = source.put("app", two_platforms(), "1")
    source.drop("app", top.children[0].digest)
    explorer = Explorer()
    tag = explorer.add_selector(source, "app", "1")
    await explorer.check(tag).wait()
    gone = tag.children[0]
    assert gone.load is Load.FAILED
    assert explorer.observation(gone).presence is Presence.MISSING
    assert kinds(gone) == ["attestation", "fault"]
    assert gone.children[0].load is Load.READY


@pytest.mark.parametrize(
    ("presence", "worst"),
    [
        (Presence.DENIED, Presence.DENIED),
        (Presence.LIMITED, Presence.LIMITED),
        (Presence.UNREACHABLE, Presence.UNREACHABLE),
    ],
)
async def test_kinds_of_ignorance_never_mix(presence: Presence, worst: Presence) -> None:
    source = FakeSource()
    top = source.put("app", two_platforms(), "1")
    source.script[str(top.children[1].blobs[2].digest)] = Observation(presence)
    explorer = Explorer()
    tag = explorer.add_selector(source, "app", "1")
    await explorer.check(tag).wait()
    assert explorer.rollup(tag.children[1]).worst is worst
    assert explorer.rollup(tag).platforms_ok == 1
    assert explorer.rollup(tag).platforms_broken == 0


async def test_events_tell_of_children_and_presence() -> None:
    source = FakeSource()
    source.put("app", two_platforms(), "1")
    explorer = Explorer()
    seen: list[Event] = []
    unsubscribe = explorer.subscribe(seen.append)
    tag = explorer.add_selector(source, "app", "1")
    await explorer.check(tag).wait()
    assert any(isinstance(event, ChildrenChanged) and event.node is tag for event in seen)
    assert any(isinstance(event, PresenceChanged) for event in seen)
    unsubscribe()
    before = len(seen)
    await explorer.refresh(tag)
    assert len(seen) == before


async def test_a_listener_that_fails_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    source = FakeSource()
    source.put("app", two_platforms(), "1")
    explorer = Explorer()

    def bad(event: Event) -> None:
        raise RuntimeError("broken screen")

    explorer.subscribe(bad)
    tag = await explorer.add_reference(source, "app", "1")
    assert tag.load is Load.READY
    assert "a listener failed" in caplog.text


async def test_a_refresh_asks_again_and_sees_what_changed() -> None:
    source = FakeSource()
    top = source.put("app", two_platforms(), "1")
    explorer = Explorer()
    tag = explorer.add_selector(source, "app", "1")
    await explorer.check(tag).wait()
    platform = tag.children[1]
    source.drop("app", top.children[1].blobs[1].digest)
    await explorer.refresh(tag)
    await explorer.check(tag).wait()
    assert tag.children[1] is platform
    assert explorer.rollup(platform).worst is Presence.MISSING


@pytest.mark.parametrize("where", ["tag", "platform"])
async def test_what_was_put_back_is_read_again_after_a_refresh(where: str) -> None:
    source = FakeSource()
    top = source.put("app", two_platforms(), "1")
    source.drop("app", top.children[1].digest)
    explorer = Explorer()
    tag = explorer.add_selector(source, "app", "1")
    await explorer.check(tag).wait()
    platform = tag.children[1]
    assert explorer.rollup(platform).worst is Presence.MISSING
    source.put("app", top, "1")
    await explorer.refresh(tag if where == "tag" else platform)
    await explorer.check(tag).wait()
    assert tag.children[1] is platform and platform.load is Load.READY
    assert explorer.rollup(tag).worst is Presence.PRESENT


@pytest.mark.parametrize("how", ["refresh", "written"])
async def test_a_config_that_was_put_back_is_read(how: str) -> None:
    source = FakeSource()
    one = source.put("app", images.image("linux/amd64"), "1")
    source.drop("app", one.blobs[0].digest)
    explorer = Explorer()
    tag = explorer.add_selector(source, "app", "1")
    await explorer.check(tag).wait()
    config = next(row for row in tag.children if row.kind is Kind.CONFIG)
    assert explorer.rollup(tag).worst is Presence.MISSING
    source.put("app", one, "1")
    if how == "refresh":
        await explorer.refresh(tag)
    else:
        explorer.note_written(source, "app")
    await explorer.check(tag).wait()
    assert explorer.rollup(tag).worst is Presence.PRESENT
    assert config.error is None and config.config is not None and config.load is Load.READY


@pytest.mark.parametrize("how", ["refresh", "written"])
async def test_tags_that_were_only_seen_in_the_list_are_asked_for_again(how: str) -> None:
    """A tag that had moved kept its old digest, and one that was put back stayed missing, until it was opened."""
    source = FakeSource()
    old, new, lost = (source.put("app", images.image("linux/amd64", seed=seed), seed) for seed in ("1", "new", "2"))
    source.drop("app", lost.digest)
    explorer = Explorer()
    repository = explorer.add_repository(source, "app")
    await explorer.open(repository)

    async def seen() -> dict[str, tuple[Digest | None, bool]]:
        explorer.focus(repository.children)
        for _ in range(1_000):
            if all(row.digest or row.error for row in repository.children):
                break
            await asyncio.sleep(0)
        return {row.label: (row.digest, row.error is not None) for row in repository.children}

    assert await seen() == {"1": (old.digest, False), "2": (None, True), "new": (new.digest, False)}
    source.put("app", lost, "2")
    source.put("app", new, "1")
    if how == "refresh":
        await explorer.refresh(repository)
    else:
        explorer.note_written(source, "app")
    assert await seen() == {"1": (new.digest, False), "2": (lost.digest, False), "new": (new.digest, False)}
    await explorer.aclose()


async def test_what_was_missing_and_is_seen_again_is_read_by_the_next_check() -> None:
    source = FakeSource()
    top = source.put("app", two_platforms(), "1")
    source.drop("app", top.children[1].digest)
    explorer = Explorer()
    tag = explorer.add_selector(source, "app", "1")
    await explorer.check(tag).wait()
    source.put("app", top, "1")
    digest = top.children[1].digest
    explorer.observations.put(source, "app", digest, Observation(Presence.PRESENT, digest=digest))
    await explorer.check(tag).wait()
    assert explorer.rollup(tag).worst is Presence.PRESENT


async def test_what_is_on_the_screen_is_asked_first() -> None:
    source = FakeSource()
    source.put("app", images.image("linux/amd64", tuple(images.layer(str(n)) for n in range(20))), "1")
    explorer = Explorer(Inspector(slots=1))
    source.delay = 0.001
    tag = await explorer.add_reference(source, "app", "1")
    last = [child for child in tag.children if child.kind is Kind.LAYER][-1]
    explorer.focus([last])
    await explorer.check(tag).wait()
    asked = [what for how, _, what in source.order if how == "probe"]
    assert asked.index(str(last.digest)) <= 1


async def test_leaving_drops_what_waits() -> None:
    source = FakeSource()
    source.put("app", images.image("linux/amd64", tuple(images.layer(str(n)) for n in range(50))), "1")
    explorer = Explorer(Inspector(slots=2))
    tag = await explorer.add_reference(source, "app", "1")
    source.hold()
    explorer.leave(tag)
    source.release()
    assert explorer.inspector.waiting == 0
    assert len([1 for how, _, _ in source.order if how == "probe"]) <= 2
    assert {explorer.observation(c).presence for c in tag.children if c.kind is Kind.LAYER} == {Presence.UNCHECKED}


async def test_stopping_a_check_stops_it() -> None:
    source = FakeSource()
    source.put("app", two_platforms(), "1")
    source.hold()
    explorer = Explorer()
    run = explorer.check(explorer.add_selector(source, "app", "1"))
    run.stop()
    await run.wait()
    assert not run.running
    assert explorer.running() == []
    tag = explorer.roots[0].children[0].children[0]
    assert tag.load is Load.STOPPED


async def test_checks_are_bounded() -> None:
    source = FakeSource()
    source.delay = 0.001
    source.put("app", images.image("linux/amd64", tuple(images.layer(str(n)) for n in range(60))), "1")
    explorer = Explorer(Inspector(slots=4))
    await explorer.check(explorer.add_selector(source, "app", "1")).wait()
    assert source.most_running == 4


async def test_an_unexpected_fault_stays_with_its_object(caplog: pytest.LogCaptureFixture) -> None:
    source = FakeSource()
    top = source.put("app", two_platforms(), "1")

    class Broken(FakeSource):
        async def blob(self, repository: str, descriptor: object, *, limit: int) -> bytes:
            raise ZeroDivisionError("oops")

    broken = Broken()
    broken.repos = source.repos
    explorer = Explorer()
    tag = explorer.add_selector(broken, "app", "1")
    await explorer.check(tag).wait()
    assert explorer.observation(tag.children[0].children[0]).presence is Presence.UNREACHABLE
    assert explorer.observation(tag.children[0].children[1]).presence is Presence.PRESENT
    assert "asking for" in caplog.text
    assert top.digest == tag.digest


async def test_an_error_is_a_row_with_words() -> None:
    source = FakeSource()
    source.put("app", two_platforms(), "1")
    source.script["1"] = SourceError(Presence.DENIED, "You may not read app.", status=401, fix="Log in.")
    explorer, tag = await opened(source)
    assert tag.load is Load.FAILED
    assert [(row.kind, row.label, row.note) for row in tag.children] == [
        (Kind.FAULT, "You may not read app.", "Log in.")
    ]
    assert explorer.observation(tag).presence is Presence.DENIED
