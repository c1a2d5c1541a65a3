"""What grows with what there is, and not with its square: counted, not timed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.explore.checking import checked, codes
from tests.support import images
from tests.support.fake_source import FakeSource
from tui.explore.explorer import Explorer
from tui.explore.findings import findings
from tui.explore.node import Node
from tui.explore.observations import ObservationStore, TagHead
from tui.oci.digest import Digest
from tui.sources.presence import Observation, Presence

MANY = 60


class CountedDigest(Digest):
    """Counts how often it is compared."""

    compared = 0

    def __eq__(self, other: object) -> bool:
        CountedDigest.compared += 1
        return super().__eq__(other)

    __hash__ = Digest.__hash__


def digests(count: int) -> Iterator[Digest]:
    return (Digest(f"sha256:{number:064x}") for number in range(count))


def test_where_an_object_was_seen_is_found_without_looking_at_all_others() -> None:
    source, store = FakeSource(), ObservationStore()
    for digest in digests(500):
        store.put(source, "app", digest, Observation(Presence.PRESENT))
        store.set_tag_head(source, "app", f"t{digest}", TagHead(digest))
    CountedDigest.compared = 0
    wanted = CountedDigest(f"sha256:{7:064x}")
    assert store.having(wanted) == ((source, "app"),)
    assert store.tags_at(source, "app", wanted) == (f"t{wanted}",)
    assert CountedDigest.compared < 20


def test_tags_that_move_or_are_forgotten_point_nowhere_else() -> None:
    source, store = FakeSource(), ObservationStore()
    old, new = digests(2)
    store.set_tag_head(source, "app", "1", TagHead(old))
    store.set_tag_head(source, "app", "2", TagHead(old))
    store.set_tag_head(source, "app", "1", TagHead(new))
    assert (store.tags_at(source, "app", old), store.tags_at(source, "app", new)) == (("2",), ("1",))
    store.set_tag_head(source, "app", "2", TagHead(None))
    assert store.tags_at(source, "app", old) == ()
    store.forget_tags(source, "app")
    assert store.tags_at(source, "app", new) == () and store.tag_head(source, "app", "1") is None


class Elsewhere(FakeSource):
    """Counts how many questions about one repository are open at a time."""

    def __init__(self, place: str) -> None:
        super().__init__()
        self.place, self.open, self.most = place, 0, 0

    async def _asked(self, how: str, repository: str, what: str) -> None:
        here = repository == self.place
        self.open += here
        self.most = max(self.most, self.open)
        for _ in range(3):
            await asyncio.sleep(0)
        await super()._asked(how, repository, what)
        self.open -= here


async def test_many_missing_objects_are_looked_for_at_once() -> None:
    source = Elsewhere("other")
    image = source.put(
        "app", images.image("linux/amd64", layers=tuple(images.layer(f"l{n}", f"layer {n}") for n in range(MANY))), "1"
    )
    source.put("other", image, "1")
    for blob in image.blobs:
        source.drop("app", blob.digest)
    explorer = Explorer()
    explorer.add_repository(source, "other")
    await explorer.check(explorer.add_selector(source, "app", "1")).wait()
    asked = sum(count for (_, repository, _), count in source.asked.items() if repository == "other")
    assert asked == len(image.blobs)
    assert 8 <= source.most <= 16


def moved(size: int) -> Elsewhere:
    """An index whose entries' tags all hold another image now, and which lacks a layer."""
    source = Elsewhere("app")
    old = [images.image(f"linux/machine{number}", seed="old") for number in range(size)]
    source.put("app", images.index(*old), "1")
    for number in range(size):
        source.put("app", images.image(f"linux/machine{number}", seed="new"), f"1-machine{number}")
    source.drop("app", old[0].blobs[-1].digest)
    return source


async def test_moved_tags_walk_the_rows_once(monkeypatch: pytest.MonkeyPatch) -> None:
    explorer, node, found = await checked(moved(MANY))
    assert codes(found).count("stale-entry") == MANY
    walked, plain = 0, Node.walk

    def walk(self: Node, *, leaves: bool = True, referrers: bool = True) -> Iterator[Node]:
        nonlocal walked
        for row in plain(self, leaves=leaves, referrers=referrers):
            walked += 1
            yield row

    monkeypatch.setattr(Node, "walk", walk)
    findings(node, explorer.observations)
    rows = sum(1 for _ in plain(node))
    assert walked <= 4 * rows


async def test_what_tags_hold_now_is_looked_into_at_once() -> None:
    source = moved(MANY)
    await checked(source)
    questions = source.order
    now = [images.image(f"linux/machine{number}", seed="new") for number in range(MANY)]
    read = [next(at for at, each in enumerate(questions) if each[2] == str(image.digest)) for image in now[:2]]
    first_blob = next(at for at, each in enumerate(questions) if each[2] == str(now[0].blobs[0].digest))
    assert max(read) < first_blob, "the second image is read before the first was asked for its blobs"
