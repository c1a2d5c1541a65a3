"""Entries of an index that name no platform: what sentences call them, and the moment to ask again."""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta

import pytest

from tests.explore.checking import AMD, ARM, checked
from tests.support import images
from tests.support.fake_source import FakeSource
from tui.explore.explorer import Explorer
from tui.explore.findings import findings
from tui.explore.report import report
from tui.explore.verdict import verdict
from tui.formats.markdown import markdown
from tui.sources.base import SourceError
from tui.sources.presence import Presence


def nameless(image: images.Image) -> dict[str, object]:
    document = image.descriptor.to_document()
    document.pop("platform", None)
    return document


def put(source: FakeSource, *entries: dict[str, object]) -> images.Image:
    amd, arm = images.image(AMD), images.image(ARM)
    return source.put("app", images.index(amd, arm, entries=[amd.descriptor.to_document(), *entries]), "1")


async def test_an_image_without_a_platform_is_called_so() -> None:
    source = FakeSource()
    arm = images.image(ARM)
    put(source, nameless(arm))
    source.drop("app", arm.digest)
    explorer, node, found = await checked(source)
    called = f"the image {arm.digest.short} without a platform"
    said = verdict(node, found, explorer.observations)
    assert said.sentence.startswith(f"the tag 1 cannot be pulled from {called}: its manifest is missing.".capitalize())
    assert "It can be pulled on linux/amd64." in said.sentence
    assert said.broken == (called,)
    made = report(node, explorer.observations)
    assert called in [line.platform for line in made.platforms]
    assert "no platform," not in markdown(made)


async def test_a_platform_and_an_image_without_one_in_one_sentence() -> None:
    source = FakeSource()
    arm, s390x = images.image(ARM), images.image("linux/s390x")
    put(source, nameless(arm), s390x.descriptor.to_document())
    source.drop("app", arm.digest)
    explorer, node, found = await checked(source)
    sentence = verdict(node, found, explorer.observations).sentence
    called = f"the image {arm.digest.short} without a platform"
    assert f"cannot be pulled on linux/s390x and from {called}: on each, its manifest is missing." in sentence


async def test_all_entries_are_not_called_platforms_when_one_has_none() -> None:
    source = FakeSource()
    arm = images.image(ARM)
    put(source, nameless(arm))
    source.drop("app", arm.digest)
    source.drop("app", images.image(AMD).digest)
    explorer, node, found = await checked(source)
    assert "on any of its 2 entries" in verdict(node, found, explorer.observations).sentence


async def test_when_to_ask_again_is_a_moment_and_stays_true(monkeypatch: pytest.MonkeyPatch) -> None:
    source = FakeSource()
    top = source.put("app", images.image(AMD), "1")
    layer = str(top.blobs[1].digest)
    until = time.monotonic() + 900
    source.script[layer] = SourceError(Presence.LIMITED, "Too many requests.", retry_at=until)
    explorer = Explorer()
    node = explorer.add_selector(source, "app", "1")
    await explorer.check(node).wait()

    def said() -> str:
        return next(each.message for each in findings(node, explorer.observations) if each.code == "limited")

    first = said()
    when = re.search(r"Retry at (\d\d:\d\d:\d\d) ", first)
    assert when is not None
    expected = datetime.now().astimezone() + timedelta(seconds=900)
    assert when[1] in {f"{expected + timedelta(seconds=off):%H:%M:%S}" for off in (-1, 0, 1)}
    assert " min" not in first
    monkeypatch.setattr(time, "monotonic", lambda: until + 1)
    assert "Ask again" not in said()
