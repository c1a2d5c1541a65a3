"""Every kind and every finding has an explanation, with real values and nothing left to fill in."""

from __future__ import annotations

import re

import pytest

from tests.support import images
from tests.support.fake_source import FakeSource
from tests.teach.conftest import Stand
from tui.app.keys import BY_ID
from tui.demo.gallery import GALLERY
from tui.explore.explorer import Explorer
from tui.explore.finding import Finding, codes, make
from tui.explore.findings import findings
from tui.explore.loader import fault
from tui.explore.node import Kind, Node
from tui.oci.digest import Digest
from tui.sources.base import SourceError
from tui.sources.presence import Presence
from tui.teach.explain import explain, explain_finding
from tui.teach.explanation import Explanation
from tui.teach.kinds import words_of
from tui.text import with_keys

#: Signs of a sentence that was not finished.
_PLACEHOLDER = re.compile(r"[{}]|\bNone\b|\bTBD\b|\bTODO\b|<[a-z_]+>|\bnan\b|  ")

#: Repositories whose every object is opened; crowds and refusals have tests of their own.
_WALKED = (
    "library/hello:latest",
    "sandbox:0.16-edge",
    "sandbox:0.16-edge-amd64",
    "dockerfun:6b972be0",
    "ocurrent/opam-staging:ubuntu-24.04-ocaml-5.4-riscv64",
    *(f"{sample.repository}:{sample.tags[0]}" for sample in GALLERY if sample.repository.startswith("gallery/")),
)
_SLOW = {"gallery/slow:latest", "gallery/many-tags:latest", "gallery/many-platforms:latest", "gallery/hostile:latest"}


def sentences(explanation: Explanation) -> list[str]:
    links = [link.text for link in (*explanation.refers_to, *explanation.referred_by)]
    specs = [str(spec) for spec in explanation.specs]
    texts = [explanation.title, *explanation.paragraphs, explanation.why, explanation.fix, *links, *specs]
    return [with_keys(text, dict.fromkeys(BY_ID, "F9").get) for text in texts]


def whole(explanation: Explanation) -> str:
    return "\n".join(sentences(explanation))


def assert_finished(explanation: Explanation) -> None:
    for sentence in sentences(explanation):
        found = _PLACEHOLDER.search(sentence)
        assert found is None, f"{found.group()!r} in {sentence!r}"
    assert explanation.title
    assert all(paragraph.strip() for paragraph in explanation.paragraphs)
    assert len(explanation.why) > 20
    assert explanation.specs


@pytest.mark.parametrize("reference", [each for each in _WALKED if each not in _SLOW])
async def test_every_row_of_the_gallery_is_explained(stand: Stand, reference: str) -> None:
    top = await stand.open_all(reference)
    seen = 0
    for node in top.walk():
        explanation = explain(node, stand.explorer)
        assert_finished(explanation)
        if node.digest is not None and node.kind not in (Kind.REFERRERS, Kind.FAULT):
            assert str(node.digest) in " ".join(explanation.paragraphs), node
        seen += 1
    assert seen > 1 or top.error is not None or top.index is not None


async def test_hostile_text_never_reaches_an_explanation_raw(stand: Stand) -> None:
    top = await stand.open_all("gallery/hostile:latest")
    for node in top.walk():
        text = whole(explain(node, stand.explorer))
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert all(char == "\n" or char.isprintable() for char in text)


async def test_every_kind_is_met(stand: Stand) -> None:
    """Kinds that no gallery tag shows are made here, so that a new kind without words fails."""
    root = stand.explorer.roots[0]
    repository = stand.explorer.add_repository(stand.source, "library/hello")
    tag = await stand.open_all("library/hello:latest")
    made = [
        Node("a", Kind.GROUP, stand.source, "library/hello", label="12 digest tags", parent=repository),
        Node("b", Kind.MORE, stand.source, "library/hello", label="19,000 more tags", parent=repository),
        Node("c", Kind.FAULT, stand.source, "library/hello", label="stopped: too deep", parent=tag, code="too-deep"),
        Node("d", Kind.REFERRER, stand.source, "library/hello", label="signature", parent=tag, subject=tag.digest),
    ]
    nested = await stand.open_all("gallery/nested:latest")
    met = [root, repository, *tag.walk(), *nested.walk(), *made]
    for node in met:
        assert_finished(explain(node, stand.explorer))
    assert {node.kind for node in met} == set(Kind)


async def test_the_words_name_this_image(stand: Stand) -> None:
    tag = await stand.open_all("library/hello:latest")
    assert tag.index is not None
    text = whole(explain(tag, stand.explorer))
    assert "library/hello:latest" in text
    assert str(tag.digest) in text
    assert "5 images and 5 attestations" in text
    platform = next(node for node in tag.children if node.kind is Kind.MANIFEST)
    explained = explain(platform, stand.explorer)
    assert "linux/amd64" in explained.title
    assert any(link.node is tag for link in explained.referred_by)
    assert platform.image_manifest is not None
    assert [link.digest for link in explained.refers_to] == [
        platform.image_manifest.config.digest if platform.image_manifest.config else None,
        *(layer.digest for layer in platform.image_manifest.layers),
    ]
    layer = next(node for node in platform.children if node.kind is Kind.LAYER)
    assert f"layer 1 of {len(platform.image_manifest.layers)}" in whole(explain(layer, stand.explorer))
    attestation = next(node for node in tag.walk() if node.kind is Kind.ATTESTATION)
    named = explain(attestation, stand.explorer)
    assert str(attestation.subject) in whole(named)
    assert any(link.node is tag for link in named.referred_by), "the index names it, not the platform above it"


async def test_shared_layers_name_all_that_refer_to_them(stand: Stand) -> None:
    tag = await stand.open_all("gallery/duplicate-platform:latest")
    base = next(node for node in tag.walk() if node.kind is Kind.LAYER)
    others = [node for node in tag.walk() if node.digest == base.digest]
    assert len(others) > 1
    assert len(explain(base, stand.explorer).referred_by) == len(others)


async def test_a_missing_object_says_so_and_a_denied_one_does_not(stand: Stand) -> None:
    tag = await stand.open_all("gallery/missing-layer:latest")
    gone = next(n for n in tag.walk() if stand.explorer.observation(n).presence is Presence.MISSING)
    assert "Missing: " in whole(explain(gone, stand.explorer))
    tag = await stand.open_all("gallery/denied:latest")
    denied = next(n for n in tag.walk() if stand.explorer.observation(n).presence is Presence.DENIED)
    text = whole(explain(denied, stand.explorer))
    assert "Denied is not missing" in text
    assert "Missing: " not in text


@pytest.mark.parametrize("code", sorted(codes()))
def test_every_finding_is_explained(code: str) -> None:
    digest = Digest.of(code.encode())
    finding = make(code, "key", "Something is wrong.", digest=digest, platform="linux/arm64", facts=("this", "that"))
    explanation = explain_finding(finding)
    assert_finished(explanation)
    assert code in explanation.title
    assert str(digest) in whole(explanation)
    assert explanation.fix


@pytest.mark.parametrize("facts", [("", ""), ("one", ""), ("", "two"), ("one", "two")])
def test_a_finding_with_fewer_facts(facts: tuple[str, str]) -> None:
    assert_finished(explain_finding(make("missing-blob", "key", "A layer is gone.", facts=facts)))


async def test_the_findings_of_the_gallery_are_explained(stand: Stand) -> None:
    met: set[str] = set()
    for sample in GALLERY:
        if sample.repository.startswith("gallery/") and sample.references[0] not in _SLOW:
            node = await stand.open_all(sample.references[0])
            found: list[Finding] = findings(node, stand.explorer.observations)
            for finding in found:
                assert_finished(explain_finding(finding))
                met.add(finding.code)
    assert len(met) > 12


def test_a_row_that_failed_says_why(stand_less: Node) -> None:
    title, paragraphs, _why, _specs = words_of(stand_less)
    assert "could not" in title
    assert "no such page" in " ".join(paragraphs)


def test_a_row_that_says_why_nothing_is_below_is_explained_with_its_reason() -> None:
    tag = Node("y", Kind.TAG, FakeSource(), "app", label="1")
    _title, paragraphs, _why, _specs = words_of(fault(tag, "failed", "The registry said no.", "Log in first."))
    assert "could not be shown: The registry said no. Log in first." in paragraphs[0]


@pytest.mark.parametrize("attested", [True, False])
async def test_only_an_index_with_an_attestation_is_what_docker_makes_of_one_platform(attested: bool) -> None:
    amd, arm = images.image("linux/amd64"), images.image("linux/arm64")
    source = FakeSource()
    source.put("app", images.index(images.index(amd, images.attestation(amd) if attested else arm)), "1")
    explorer = Explorer()
    tag = await explorer.add_reference(source, "app", "1")
    await explorer.check(tag).wait()
    inner = next(row for row in tag.children if row.kind is Kind.INDEX)
    assert ("a newer Docker makes of a single platform" in " ".join(words_of(inner)[1])) == attested


@pytest.fixture
def stand_less() -> Node:
    node = Node("x", Kind.FAULT, FakeSource(), "app", label="stopped")
    node.error = SourceError(Presence.UNREACHABLE, "There is no such page.")
    node.error.sentence = "no such page"
    return node
