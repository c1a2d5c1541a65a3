"""Sentence, verdict and exit status agree, whatever the tree is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.explore.checking import checked
from tests.explore.test_structure import fewer_diff_ids, odd_layer, remade
from tests.support import images
from tests.support.fake_source import FakeSource
from tui.demo.gallery import GALLERY, build_gallery
from tui.demo.serve import Served
from tui.explore.explorer import Explorer
from tui.explore.finding import Severity
from tui.explore.node import Node
from tui.explore.report import Report, exit_status, report
from tui.registry.client import Client
from tui.registry.settings import ClientSettings
from tui.sources.base import SourceError
from tui.sources.presence import Observation, Presence
from tui.sources.registry import RegistrySource

BAD = ("cannot be p", "but not pulled", "has no image for", "No image for", "ot found: ", "is incomplete",
       "are incomplete", "has the wrong", "is missing")  # fmt: skip
OPEN = ("ould not check", "not fully checked", "Not fully checked", "is not checked", "not fully read")


def agree(made: Report) -> None:
    said, status = made.verdict, exit_status(made)
    sentence = said.sentence
    bad = [words for words in BAD if words in sentence]
    unsure = [words for words in OPEN if words in sentence]
    errors = [finding.code for finding in made.findings if finding.severity is Severity.ERROR]
    context = f"{status}: {sentence} {errors}"
    assert said.complete is (status == 0), context
    if status == 0:
        assert not bad and not unsure, context
        assert not said.broken and not said.unknown, context
        assert not errors, context
        assert said.pullable or "is not an image" in sentence or "referrers" in sentence, context
    elif status == 1:
        assert bad, context
    else:
        assert unsure, context
        assert not said.broken, context
    pulls = {line.platform for line in made.platforms if line.pullable and line.taken}
    assert pulls == set(said.pullable), context


def row_agrees(explorer: Explorer, node: Node, made: Report) -> None:
    """The row of the tree and the sums over it say what the verdict says: never green where that is not."""
    status, total = exit_status(made), explorer.rollup(node)
    context = f"{status}: {made.verdict.sentence} {total}"
    if status == 1:
        doubtful = (Presence.MISMATCHED, Presence.DENIED, Presence.LIMITED)  # of what no client takes, or of types
        assert total.broken == 1 or total.worst in doubtful, context
    elif status == 0:
        assert not total.broken and not total.worst.undetermined, context
    else:
        assert not total.broken and total.worst.undetermined, context


def variants() -> list[images.Image]:
    amd = images.image("linux/amd64")
    return [
        amd,
        images.image("linux/arm64"),
        images.image("linux/arm64", seed="again"),
        images.image("linux/arm64", config_platform="linux/amd64"),
        images.image("unknown/unknown"),
        fewer_diff_ids(),
        odd_layer(),
        remade(images.image("linux/s390x"), b"no JSON"),
        images.image("linux/386", ()),
        images.attestation(amd),
        images.index(images.image("linux/riscv64")),
        images.index(),
    ]


POOL = variants()


@example([], [], False)
@example([9], [], False)
@example([4, 9], [], False)
@example([0, 11], [], False)
@example([1, 5], [], False)
@example([1, 1, 1, 5], [(2, "deny")], False)
@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from(range(len(POOL))), max_size=4),
    st.lists(st.tuples(st.integers(0, 30), st.sampled_from(["drop", "deny", "limit", "lie"])), max_size=2),
    st.booleans(),
)
def test_whatever_the_tree_is(chosen: list[int], faults: list[tuple[int, str]], alone: bool) -> None:
    children = [POOL[number] for number in chosen]
    top = children[0] if alone and children else images.index(*children)
    source = FakeSource()
    source.put("app", top, "1")
    place = source.repos["app"]
    digests = [*place.manifests, *place.blobs]
    for number, fault in faults:
        digest = digests[number % len(digests)]
        if fault == "drop" and (digest in place.manifests or digest in place.blobs):
            source.drop("app", digest)
        elif fault == "deny":
            source.script[str(digest)] = SourceError(Presence.DENIED, "You may not.", status=403)
        elif fault == "limit":
            source.script[str(digest)] = SourceError(Presence.LIMITED, "Too many requests.", status=429)
        elif fault == "lie":
            source.script[str(digest)] = Observation(Presence.PRESENT, status=200, size=1)

    async def run() -> Report:
        explorer, node, _ = await checked(source)
        made = report(node, explorer.observations)
        row_agrees(explorer, node, made)
        await explorer.aclose()
        return made

    agree(asyncio.run(run()))


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with Served.start(build_gallery()) as served:
        yield served


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    client = Client(ClientSettings(anonymous=True, longest_wait=1.0, deadline=30.0))
    yield client
    await client.aclose()


REFERENCES = [(sample.repository, tag) for sample in GALLERY for tag in sample.tags]


@pytest.mark.parametrize(("repository", "tag"), REFERENCES, ids=[f"{name}:{tag}" for name, tag in REFERENCES])
async def test_every_sample_of_the_gallery(repository: str, tag: str, served: Served, client: Client) -> None:
    explorer = Explorer()
    node = explorer.add_selector(RegistrySource(client, served.address), repository, tag)
    await explorer.check(node).wait()
    made = report(node, explorer.observations)
    agree(made)
    row_agrees(explorer, node, made)
