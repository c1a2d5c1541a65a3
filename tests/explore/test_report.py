"""The report: the exact JSON of the design, Markdown to paste, exit statuses."""

from __future__ import annotations

import json

from tests.support import images
from tests.support.fake_source import FakeSource
from tui.explore.explorer import Explorer
from tui.explore.node import Node
from tui.explore.report import Report, exit_status, failed_report, report
from tui.formats.markdown import markdown
from tui.oci.platform import Platform
from tui.sources.base import SourceError
from tui.sources.presence import Observation, Presence


async def made(source: FakeSource, *, platform: str | None = None, tag: str = "1") -> tuple[Node, Report]:
    explorer = Explorer()
    node = explorer.add_selector(source, "app", tag)
    wanted = None
    if platform is not None:
        asked = Platform.parse(platform)

        def wanted(row: Node) -> bool:
            return row.platform is None or row.platform.matches(asked)

    run = explorer.check(node, wanted=wanted)
    await run.wait()
    return node, report(node, explorer.observations, requests=run.requests, searches=run.searches, wanted=wanted)


def broken() -> tuple[FakeSource, images.Image]:
    source = FakeSource()
    amd, arm = images.image("linux/amd64"), images.image("linux/arm64")
    top = source.put("app", images.index(amd, arm, images.attestation(arm)), "1")
    source.drop("app", arm.blobs[2].digest)
    return source, top


async def test_the_json_is_the_design_to_the_letter() -> None:
    source, top = broken()
    _, document = await made(source)
    said = json.loads(json.dumps(document.to_json()))
    assert list(said) == [
        "reference",
        "digest",
        "mediaType",
        "complete",
        "verdict",
        "requests",
        "counts",
        "objects",
        "platforms",
        "findings",
        "schema",
    ]
    assert said["schema"] == 2
    assert said["reference"] == "fake.test/app:1"
    assert said["digest"] == str(top.digest)
    assert said["complete"] is False
    assert list(said["counts"]) == [
        "present",
        "hashed",
        "missing",
        "denied",
        "limited",
        "unreachable",
        "foreign",
        "mismatched",
        "unchecked",
    ]
    assert said["counts"]["missing"] == 1
    assert sum(said["counts"].values()) == len(said["objects"])
    assert len({part["digest"] for part in said["objects"]}) == len(said["objects"])
    assert {part["kind"] for part in said["objects"]} == {
        "index",
        "manifest",
        "attestation",
        "config",
        "layer",
        "statement",
    }
    lost = next(part for part in said["objects"] if part["presence"] == "missing")
    assert lost == {
        "digest": str(top.children[1].blobs[2].digest),
        "kind": "layer",
        "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
        "size": len(top.children[1].blobs[2].data),
        "presence": "missing",
        "detail": "404 BLOB_UNKNOWN",
        "platforms": ["linux/arm64"],
    }
    shared = next(part for part in said["objects"] if part["digest"] == str(top.children[0].blobs[1].digest))
    assert shared["platforms"] == ["linux/amd64", "linux/arm64"]
    assert said["platforms"] == [
        {"platform": "linux/amd64", "digest": str(top.children[0].digest), "pullable": True, "attestations": 0}
        | {"taken": True, "refusedBy": []},
        {"platform": "linux/arm64", "digest": str(top.children[1].digest), "pullable": False, "attestations": 1}
        | {"taken": True, "refusedBy": []},
    ]
    assert list(said["findings"][0]) == ["code", "severity", "digest", "platform", "message", "fix"]
    assert said["findings"][0]["code"] == "missing-blob"


async def test_a_platform_that_was_asked_for_alone_is_judged_alone() -> None:
    source, top = broken()
    _, document = await made(source, platform="linux/amd64")
    assert [line.platform for line in document.platforms] == ["linux/amd64"]
    assert document.verdict.complete
    assert [finding.code for finding in document.findings] == ["missing-attestation"]
    assert exit_status(document) == 0
    arm = str(top.children[1].digest)
    assert all(what != arm for _, _, what in source.order)


async def test_a_platform_that_is_not_there_is_an_error() -> None:
    source, _ = broken()
    _, document = await made(source, platform="linux/mips")
    assert document.platforms == ()
    assert document.verdict.sentence == "The tag 1 has no image for the requested platform."
    assert exit_status(document) == 1


async def test_exit_statuses_put_missing_before_not_determined() -> None:
    source, top = broken()
    source.script[str(top.children[0].blobs[2].digest)] = Observation(Presence.DENIED, detail="401")
    _, document = await made(source)
    assert document.counts["denied"] == 1
    assert exit_status(document) == 1
    source.script.clear()
    source.put("app", top.children[1])
    assert exit_status((await made(source))[1]) == 0
    source.script[str(top.children[0].blobs[2].digest)] = Observation(Presence.UNREACHABLE)
    assert exit_status((await made(source))[1]) == 3


async def test_what_was_not_looked_at_is_never_complete() -> None:
    source, _ = broken()
    explorer = Explorer()
    node = await explorer.add_reference(source, "app", "1")
    document = report(node, explorer.observations)
    assert not document.verdict.complete
    assert document.platforms[0].pullable is None
    assert "Not fully checked: 2 of 2 platforms" in document.verdict.sentence
    assert exit_status(document) == 3


async def test_a_tag_that_is_missing_counts_as_missing() -> None:
    source, _ = broken()
    _, document = await made(source, tag="nope")
    assert document.digest is None
    assert document.counts["missing"] == 1
    assert document.to_json()["objects"] == []
    assert "Check the name" in document.findings[0].fix  # and not "recreate the list": there is none
    assert exit_status(document) == 1


def test_a_source_that_cannot_be_opened_has_the_same_shape() -> None:
    error = SourceError(Presence.UNREACHABLE, "x.tar is no archive.", fix="Check the path.")
    document = failed_report("oci-archive:x.tar", error)
    assert document.to_json()["verdict"] == "x.tar is no archive."
    assert document.findings[0].fix == "Check the path."
    assert exit_status(document) == 3


def test_a_name_that_is_not_in_a_source_is_missing_and_keeps_its_spelling() -> None:
    document = failed_report("docker-archive:x.tar:app", SourceError(Presence.MISSING, "app is not in x.tar."))
    assert (document.counts["missing"], document.counts["unreachable"]) == (1, 0)
    assert document.findings[0].code == "missing-manifest"
    assert document.findings[0].message == "app is not in x.tar."
    assert "Check the name" in document.findings[0].fix
    assert exit_status(document) == 1


def test_a_source_that_denies_is_counted_as_denied() -> None:
    document = failed_report("storage:/x", SourceError(Presence.DENIED, "This account may not read /x."))
    assert (document.counts["denied"], document.counts["unreachable"]) == (1, 0)
    assert document.findings[0].code == "denied" and document.observation.presence is Presence.DENIED
    assert exit_status(document) == 3


async def test_the_markdown_has_verdict_table_findings_and_whole_digests() -> None:
    source, top = broken()
    _, document = await made(source)
    text = markdown(document)
    assert text.startswith("## fake.test/app:1\n\n**The tag 1 cannot be pulled on linux/arm64: 1 layer is missing.")
    assert "| platform | manifest | config | layer 1 | layer 2 | attestations |" in text
    assert "| linux/amd64 | ✓ | ✓ | ✓ | ✓ | none |" in text
    assert "| linux/arm64 | ✓ | ✓ | ✓ | ✗ missing | ✓ |" in text
    assert "- error `missing-blob`: " in text
    assert f"- linux/amd64: can be pulled, `{top.children[0].digest}`" in text
    assert f"- linux/arm64: cannot be pulled, `{top.children[1].digest}`" in text
    assert "Pull it with `docker pull fake.test/app:1`" in text
    assert "✓ present, # present, read and hashed, ✗ missing" in text
    assert "  - fix: " in text
    for part in document.objects:
        assert f"`{part.digest}`" in text
    assert str(top.digest) in text


async def test_a_hand_out_names_both_sides_of_a_finding_whole() -> None:
    source = FakeSource()
    old, new = images.image("linux/amd64", seed="old"), images.image("linux/amd64", seed="new")
    source.put("app", images.index(old), "1")
    source.drop("app", old.blobs[1].digest)  # only what is broken is looked into
    source.put("app", new, "1-amd64")
    _, document = await made(source)
    stale = [line for line in markdown(document).splitlines() if line.startswith("  - facts: index:")]
    assert len(stale) == 1
    assert str(old.digest) in stale[0] and str(new.digest) in stale[0]


async def test_the_markdown_cannot_be_forged_by_a_name() -> None:
    source = FakeSource()
    entry = images.image("linux/amd64").descriptor.to_document()
    entry["platform"] = {"os": "linux|x", "architecture": "[a](http://evil)`<b>"}
    source.put("app", images.index(images.image("linux/amd64"), entries=[entry]), "1")
    _, document = await made(source)
    row = next(line for line in markdown(document).splitlines() if line.startswith("| linux"))
    assert "linux\\|x/\\[a\\](http:&#8203;//evil)\\`\\<b\\>" in row
