"""The embedded registry: each sample shows its fault, by its code, and nothing else; nothing is asked twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.explore.checking import none_is_passed_over
from tui.demo.gallery import GALLERY, build_gallery
from tui.demo.serve import Served
from tui.explore.explorer import Explorer
from tui.explore.node import Node
from tui.explore.report import Report, exit_status, report
from tui.formats.markdown import markdown
from tui.registry.client import Client
from tui.registry.settings import ClientSettings
from tui.sources.presence import Presence
from tui.sources.registry import RegistrySource

SAMPLES = [(sample, tag) for sample in GALLERY for tag in sample.tags]


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    served = Served.start(build_gallery())
    yield served
    served.stop()


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    client = Client(ClientSettings(anonymous=True, longest_wait=1.0, deadline=30.0))
    yield client
    await client.aclose()


async def checked(served: Served, client: Client, repository: str, tag: str) -> tuple[Explorer, Node, Report]:
    explorer = Explorer()
    node = explorer.add_selector(RegistrySource(client, served.address), repository, tag)
    run = explorer.check(node)
    await run.wait()
    return explorer, node, report(node, explorer.observations, requests=run.requests, searches=run.searches)


@pytest.mark.parametrize(("sample", "tag"), SAMPLES, ids=[f"{e.repository}:{tag}" for e, tag in SAMPLES])
async def test_each_sample_shows_its_findings_and_no_others(
    sample: object, tag: str, served: Served, client: Client
) -> None:
    from tui.demo.gallery import Sample

    assert isinstance(sample, Sample)
    explorer, node, made = await checked(served, client, sample.repository, tag)
    codes = {finding.code for finding in made.findings}
    assert set(sample.codes) <= codes <= {*sample.codes, *sample.also}
    for row in (*node.ancestors(), *node.walk(leaves=False)):
        none_is_passed_over(explorer, row)


HEALTHY = ["library/hello:latest", "ocaml/opam:ubuntu-24.04-ocaml-5.3", "gallery/many-platforms:latest"]


@pytest.mark.parametrize("name", HEALTHY)
async def test_a_healthy_image_takes_one_request_for_each_object(name: str, served: Served, client: Client) -> None:
    repository, _, tag = name.partition(":")
    _, _, made = await checked(served, client, repository, tag)
    asked = Counter((exchange.method, exchange.path) for exchange in client.trace.exchanges)
    tokens = sum(count for (_, path), count in asked.items() if "/v2/" not in path)
    assert max(asked.values()) == 1
    assert made.requests is not None
    assert made.requests - tokens == len(made.objects)
    assert made.searches == 0
    assert exit_status(made) == 0
    assert made.findings == ()


async def test_a_missing_object_costs_one_request_more_to_confirm_it(served: Served, client: Client) -> None:
    _, _, made = await checked(served, client, "gallery/missing-layer", "latest")
    tokens = sum("/v2/" not in exchange.path for exchange in client.trace.exchanges)
    assert made.requests is not None
    assert made.requests - made.searches - tokens == len(made.objects) + 1


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("gallery/missing-layer", 1),
        ("gallery/missing-config", 1),
        ("gallery/missing-platform", 1),
        ("gallery/wrong-size", 1),
        ("gallery/not-json", 1),
        ("gallery/too-deep", 3),
        ("gallery/denied", 3),
        ("gallery/private", 3),
        ("gallery/foreign-layer", 0),
        ("gallery/nested", 0),
    ],
)
async def test_exit_statuses(name: str, status: int, served: Served, client: Client) -> None:
    _, _, made = await checked(served, client, name, "latest")
    assert exit_status(made) == status


async def test_the_stale_list_says_which_tag_moved(served: Served, client: Client) -> None:
    _, _, made = await checked(served, client, "sandbox", "0.16-edge")
    assert made.verdict.sentence.startswith("0.16-edge cannot be pulled on linux/arm64: 1 layer is missing.")
    assert "Stale: 2 entries; their tags now point elsewhere." in made.verdict.sentence


async def test_the_children_are_found_in_their_own_repositories(served: Served, client: Client) -> None:
    explorer, node, made = await checked(served, client, "dockerfun", "6b972be0")
    text = made.verdict.sentence
    assert "objects of linux/amd64 are missing in dockerfun, present in dockerfun/amd64." in text
    lost = next(part for part in made.objects if part.observation.presence is Presence.MISSING)
    whereabouts = explorer.observations.whereabouts(node.source, "dockerfun", lost.digest)
    assert whereabouts is not None
    assert whereabouts.holders == (f"dockerfun/{lost.platforms[0].partition('/')[2]}",)
    assert node.digest == made.digest


async def test_the_riscv64_image_is_an_index_with_one_image_and_one_attestation(served: Served, client: Client) -> None:
    explorer = Explorer()
    source = RegistrySource(client, served.address)
    repository = explorer.add_repository(source, "ocurrent/opam-staging")
    await explorer.open(repository)
    explorer.focus(repository.children)
    for child in repository.children:
        await explorer.open(child)
    notes = {child.label.rpartition("-")[2]: child.note for child in repository.children}
    assert notes == {"amd64": "image", "arm64": "image", "ppc64le": "image", "riscv64": "index", "s390x": "image"}
    riscv = next(child for child in repository.children if child.label.endswith("riscv64"))
    assert [child.kind.value for child in riscv.children] == ["manifest", "referrers"]
    assert [child.kind.value for child in riscv.children[0].children] == ["attestation"]


async def test_the_signature_is_a_referrer(served: Served, client: Client) -> None:
    explorer = Explorer()
    node = await explorer.add_reference(RegistrySource(client, served.address), "library/hello", "latest")
    group = node.children[-1]
    before = client.trace.count
    await explorer.open(group)
    assert client.trace.count > before
    assert group.note == "1"
    assert "not verified" in group.children[0].label
    await explorer.check(group.children[0]).wait()
    assert explorer.rollup(group.children[0]).worst is Presence.PRESENT


async def test_hostile_strings_are_safe_everywhere(served: Served, client: Client) -> None:
    explorer, node, made = await checked(served, client, "gallery/hostile", "latest")
    texts = [text for row in node.walk() for text in (row.label, row.note)]
    texts += [made.verdict.sentence, markdown(made)]
    for text in texts:
        assert all(mark.isprintable() or mark == "\n" for mark in text)
    assert not explorer.running()


async def test_twenty_thousand_tags_are_data(served: Served, client: Client) -> None:
    explorer = Explorer()
    repository = explorer.add_repository(RegistrySource(client, served.address), "gallery/many-tags")
    await explorer.open(repository)
    assert explorer.rollup(repository).label.endswith("tags")
    assert repository.listing is not None
    assert len(repository.listing) >= 20_000
    assert len(repository.children) <= 1_002


async def test_leaving_a_slow_image_stops_its_work(served: Served, client: Client) -> None:
    explorer = Explorer()
    node = explorer.add_selector(RegistrySource(client, served.address), "gallery/slow", "latest")
    run = explorer.check(node)
    run.stop()
    await run.wait()
    assert explorer.running() == []
    assert client.trace.count <= 2
