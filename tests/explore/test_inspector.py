"""The inspector: asked once, shared by all who want to know, remembered for as long as may be."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.support import images
from tests.support.fake_source import FakeSource
from tui.explore import inspector as module
from tui.explore.explorer import Explorer
from tui.explore.inspector import Inspector, JobRequest
from tui.explore.node import Kind
from tui.sources.base import SourceError
from tui.sources.location import RepositoryLocation
from tui.sources.presence import Observation, Presence

APP = RepositoryLocation("app", "fake.test")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def stocked() -> tuple[FakeSource, images.Image]:
    source = FakeSource()
    image = images.image("linux/amd64", (images.layer("a"), images.layer("b")))
    return source, source.put("app", image, "1")


async def test_what_lies_on_disk_is_opened_once_however_many_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[FakeSource] = []

    def open_slowly(*_: object) -> FakeSource:
        time.sleep(0.02)  # in a thread, as an archive is read
        made.append(FakeSource())
        return made[-1]

    monkeypatch.setattr(module, "open_source", open_slowly)
    inspector, location = Inspector(), RepositoryLocation("", path="oci-archive:disk.tar")
    found = await asyncio.gather(*(inspector.opened(location) for _ in range(5)))
    assert len(made) == 1
    assert all(source is made[0] for source in found)


async def test_what_a_row_has_seen_is_not_asked_again_for_a_plan() -> None:
    source, image = stocked()
    clock = Clock()
    explorer = Explorer(Inspector(clock=clock))
    tag = explorer.add_selector(source, "app", "1")
    await explorer.check(tag).wait()
    before = source.asked.copy()
    inspector = explorer.inspector
    layer = next(row.descriptor for row in tag.children if row.kind is Kind.LAYER and row.descriptor is not None)
    config = next(row.descriptor for row in tag.children if row.kind is Kind.CONFIG and row.descriptor is not None)
    assert (await inspector.manifest(APP, str(image.digest))).digest == image.digest
    assert str((await inspector.config(APP, config)).platform) == "linux/amd64"
    assert (await inspector.presence(APP, layer)).presence is Presence.PRESENT
    assert source.asked == before
    clock.now += 61
    await inspector.manifest(APP, str(image.digest))
    await inspector.presence(APP, layer)
    assert (source.asked - before).total() == 2
    assert inspector.known_manifest(APP, image.digest) is not None


async def test_a_tag_is_always_asked() -> None:
    source, image = stocked()
    inspector = Inspector()
    inspector.adopt(source)
    for _ in range(2):
        assert (await inspector.manifest(APP, "1")).digest == image.digest
    assert source.asked["manifest", "app", "1"] == 2


async def test_rows_and_plans_share_a_question_that_is_under_way() -> None:
    source, image = stocked()
    inspector = Inspector()
    inspector.adopt(source)
    source.hold()
    job = inspector.submit_probe(source, "app", image.descriptor, JobRequest("row"))
    plans = [asyncio.create_task(inspector.presence(APP, image.descriptor, confirm=sure)) for sure in (True, False)]
    await asyncio.sleep(0.01)
    plans[0].cancel()
    source.release()
    assert (await plans[1]).presence is Presence.PRESENT
    await job.wait()
    assert not job.dropped
    assert source.asked.total() == 1


async def test_who_is_cancelled_asks_for_nothing_more() -> None:
    source, image = stocked()
    inspector = Inspector()
    inspector.adopt(source)
    source.hold()
    plan = asyncio.create_task(inspector.manifest(APP, str(image.digest)))
    await asyncio.sleep(0.01)
    plan.cancel()
    with pytest.raises(asyncio.CancelledError):
        await plan
    await asyncio.sleep(0.01)
    assert source.running == 0
    assert len(source.cancelled) == 1


async def test_once_not_found_is_enough_to_mount_and_not_enough_to_be_shown_as_missing() -> None:
    source, image = stocked()
    gone = image.blobs[-1].descriptor
    source.script[str(gone.digest)] = Observation(Presence.MISSING, confirmed=False)
    inspector = Inspector()
    inspector.adopt(source)
    for _ in range(2):
        assert (await inspector.presence(APP, gone, confirm=False)).presence is Presence.MISSING
    assert source.asked.total() == 1
    assert inspector.observations.get(source, "app", gone.digest).presence is Presence.UNCHECKED
    source.script[str(gone.digest)] = Observation(Presence.MISSING, confirmed=True)
    assert (await inspector.presence(APP, gone)).confirmed
    assert source.asked.total() == 2
    assert inspector.observations.get(source, "app", gone.digest).presence is Presence.MISSING


async def test_rows_stay_as_they_are_while_a_plan_asks_again() -> None:
    source, image = stocked()
    clock = Clock()
    inspector = Inspector(clock=clock)
    inspector.adopt(source)
    await inspector.presence(APP, image.descriptor)
    clock.now += 61
    source.hold()
    plan = asyncio.create_task(inspector.presence(APP, image.descriptor))
    await asyncio.sleep(0.01)
    assert inspector.observations.get(source, "app", image.digest).presence is Presence.PRESENT
    plan.cancel()
    await asyncio.sleep(0.01)
    assert inspector.observations.get(source, "app", image.digest).presence is Presence.PRESENT


async def test_an_error_reaches_whoever_waits() -> None:
    source, _ = stocked()
    inspector = Inspector()
    inspector.adopt(source)
    with pytest.raises(SourceError) as caught:
        await inspector.manifest(APP, "nothing")
    assert caught.value.presence is Presence.MISSING


async def test_without_a_client_nothing_can_be_written() -> None:
    with pytest.raises(RuntimeError, match="without a client"):
        _ = Inspector().client


async def test_a_source_that_stands_still_holds_back_no_other() -> None:
    """A paused registry fills its own line, with as many questions as it takes at once."""
    paused, (quick, image) = FakeSource(), stocked()
    paused.slots = 2
    inspector = Inspector()
    paused.hold()
    layers = [images.layer(str(number)).descriptor for number in range(100)]
    for layer in layers:
        inspector.submit_probe(paused, "app", layer, JobRequest("row"))
    job = inspector.submit_probe(quick, "app", image.descriptor, JobRequest("row"))
    await asyncio.wait_for(job.wait(), 10)
    assert paused.running == 2
    await inspector.stop()
