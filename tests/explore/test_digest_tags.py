"""Tags made of digests are called what they are, checked as such, and never advised about as images."""

from __future__ import annotations

import pytest

from tests.explore.checking import AMD, checked, codes
from tests.support import images
from tests.support.fake_source import FakeSource
from tui.explore.digest_tags import digest_tag, signature_tag
from tui.explore.explorer import Explorer
from tui.explore.finding import LOOK_OR_ATTACH, Severity
from tui.explore.report import exit_status, report
from tui.explore.verdict import verdict
from tui.oci.reference import fallback_tag

ONE = images.image(AMD)
LIST = fallback_tag(ONE.digest)
ABOUT = f"sha256:{ONE.digest.encoded[:12]}…"


def note(seed: str) -> images.Image:
    part = images.blob(f"note {seed}".encode(), "application/vnd.example.note")
    return images.image(AMD, (part,), subject=ONE.descriptor.to_document(), artifactType="application/vnd.example.note")


def entry(of: images.Image) -> dict[str, object]:
    document = of.descriptor.to_document() | {"artifactType": "application/vnd.example.note"}
    document.pop("platform")
    return document


@pytest.mark.parametrize(
    ("suffix", "what"),
    [
        ("", "the list of referrers"),
        (".sig", "the cosign signature"),
        (".att", "the cosign attestations"),
        (".sbom", "the SBOM attached by cosign"),
        (".x", "an attachment .x"),
    ],
)
def test_they_are_named(suffix: str, what: str) -> None:
    found = digest_tag(LIST + suffix)
    assert found is not None
    assert found.name == f"{what} of {ABOUT}"
    assert digest_tag("latest") is digest_tag(None) is None


async def test_the_list_of_referrers_is_checked_as_one() -> None:
    source = FakeSource()
    source.put("app", ONE, "1")
    first, second = note("1"), note("2")
    source.put("app", images.index(first, second, entries=[entry(first), entry(second)]), LIST)
    explorer, node, found = await checked(source, LIST)
    assert found == []
    said = verdict(node, found, explorer.observations)
    assert said.sentence == f"Not an image but the list of referrers of {ABOUT}: both present."
    assert explorer.rollup(node).label == "2 referrers"
    assert said.complete
    assert exit_status(report(node, explorer.observations)) == 0
    source.drop("app", second.blobs[1].digest)
    explorer, node, found = await checked(source, LIST)
    assert codes(found) == ["missing-blob"]
    assert (found[0].action, found[0].fix) == (None, LOOK_OR_ATTACH)
    assert "attach it again" in found[0].fix and "push the image" not in found[0].fix
    said = verdict(node, found, explorer.observations)
    assert "1 of 2 is incomplete" in said.sentence
    assert not said.complete
    assert exit_status(report(node, explorer.observations)) == 1


async def test_an_empty_list_of_referrers_is_well() -> None:
    source = FakeSource()
    source.put("app", ONE, "1")
    source.put("app", images.index(), LIST)
    explorer, node, found = await checked(source, LIST)
    assert found == []
    said = verdict(node, found, explorer.observations)
    assert said.sentence == f"Not an image but the list of referrers of {ABOUT}: it is empty."
    assert exit_status(report(node, explorer.observations)) == 0


async def test_a_signature_is_no_image() -> None:
    source = FakeSource()
    part = images.layer("payload", media_type="application/vnd.dev.cosign.simplesigning.v1+json")
    source.put("app", images.image(AMD, (part,)), f"{LIST}.sig")
    explorer, node, found = await checked(source, f"{LIST}.sig")
    assert found == []
    said = verdict(node, found, explorer.observations)
    assert said.sentence == f"Not an image but the cosign signature of {ABOUT}: present."
    source.drop("app", part.digest)
    explorer, node, found = await checked(source, f"{LIST}.sig")
    assert [each.severity for each in found] == [Severity.ERROR]
    assert "it is incomplete: 1 layer is missing" in verdict(node, found, explorer.observations).sentence
    assert exit_status(report(node, explorer.observations)) == 1


async def test_what_lists_call_them() -> None:
    source = FakeSource()
    source.put("app", ONE, "1", f"{LIST}.sig")
    source.put("app", images.index(), LIST)
    explorer = Explorer()
    repository = explorer.add_repository(source, "app")
    await explorer.open(repository)
    group = next(child for child in repository.children if child.kind.value == "group")
    await explorer.open(group)
    assert {child.note for child in group.children} == {
        f"the list of referrers of {ABOUT}",
        f"the cosign signature of {ABOUT}",
    }


def test_the_tag_of_a_signature_is_known_for_one() -> None:
    tag = signature_tag(ONE.digest)
    made = digest_tag(tag)
    assert made is not None and made.what == "the cosign signature" and tag.endswith(".sig")
