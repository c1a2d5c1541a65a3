"""Findings on what an index says, and on what belongs together; none from images that are well."""

from __future__ import annotations

import pytest

from tests.explore.checking import AMD, ARM, checked, codes, pair
from tests.support import images
from tests.support.fake_source import FakeSource
from tui.explore.advice import RECREATED, command_line
from tui.explore.explorer import Explorer
from tui.explore.finding import Severity
from tui.explore.finding import codes as all_codes
from tui.explore.findings import findings
from tui.explore.inspector import Inspector
from tui.explore.verdict import verdict
from tui.oci import media
from tui.oci.descriptor import Descriptor
from tui.oci.manifest import AnyManifest


async def test_foreign_layer() -> None:
    source = FakeSource()
    layer = images.blob(b"windows", media.DOCKER_FOREIGN_LAYER, urls=("https://example.com/layer",))
    image = images.image("windows/amd64", (layer,))
    source.put("app", image, "1")
    source.drop("app", layer.digest)
    explorer, node, found = await checked(source)
    assert codes(found) == ["foreign-layer"]
    assert "https://example.com/layer" in found[0].message
    assert verdict(node, found, explorer.observations).complete


async def test_platform_mismatch() -> None:
    source = FakeSource()
    source.put("app", images.index(images.image(AMD), images.image(ARM, config_platform=AMD, seed="x")), "1")
    explorer, node, found = await checked(source)
    assert codes(found) == ["platform-mismatch"]
    assert found[0].facts == ("index: linux/arm64", "config: linux/amd64")
    assert "is for linux/amd64" in verdict(node, found, explorer.observations).sentence


@pytest.mark.parametrize(("said", "config"), [("linux/arm64/v8", "linux/arm64"), ("linux/arm/v7", "linux/arm")])
async def test_a_variant_that_the_config_leaves_out_is_no_mismatch(said: str, config: str) -> None:
    source = FakeSource()
    source.put("app", images.index(images.image(said, config_platform=config)), "1")
    assert (await checked(source))[2] == []


async def test_duplicate_platform() -> None:
    source = FakeSource()
    first, second = images.image(AMD), images.image(AMD, seed="again")
    source.put("app", images.index(first, second), "1")
    _, _, found = await checked(source)
    assert codes(found) == ["duplicate-platform"]
    assert found[0].digest == second.digest


async def test_windows_versions_are_not_duplicates() -> None:
    source = FakeSource()
    old = images.image("windows/amd64 10.0.17763.1", seed="1")
    new = images.image("windows/amd64 10.0.20348.1", seed="2")
    source.put("app", images.index(old, new), "1")
    assert (await checked(source))[2] == []


async def test_stale_entry() -> None:
    source = FakeSource()
    top = source.put("app", pair(), "1", "1-other")
    now = source.put("app", images.image(ARM, seed="new"), "1-arm64")
    source.put("app", top.children[0], "1-amd64")
    source.drop("app", top.children[1].blobs[2].digest)
    explorer, node, found = await checked(source)
    assert codes(found) == ["missing-blob", "stale-entry"]
    assert found[1].platform == ARM
    assert found[1].facts == (f"index: {top.children[1].digest}", f"1-arm64: {now.digest}")
    assert found[1].command == "fanfold create --amend fake.test/app:1 fake.test/app:1-arm64"
    assert verdict(node, found, explorer.observations).sentence.endswith(
        f"Stale: 1 entry; its tag now points elsewhere. {RECREATED}"
    )


async def test_what_would_not_help_has_no_command() -> None:
    source = FakeSource()
    top = source.put("app", pair(), "1")
    now = source.put("app", images.image(ARM, seed="new"), "1-arm64")
    source.drop("app", top.children[1].blobs[2].digest)
    source.drop("app", now.blobs[2].digest)
    _, node, found = await checked(source)
    (stale,) = [each for each in found if each.code == "stale-entry"]
    assert (stale.action, stale.command) == (None, "")
    assert command_line("fix", node) == "fanfold fix fake.test/app:1"
    node.repository = "app; rm -rf ~"
    assert command_line("fix", node) == ""


async def test_opening_a_tag_tells_what_moved_when_the_tags_are_known() -> None:
    source = FakeSource()
    source.put("app", pair(), "1")
    source.put("app", images.image(ARM, seed="new"), "1-arm64")
    explorer = Explorer(Inspector(slots=1))
    await explorer.open(explorer.add_repository(source, "app"))
    node = await explorer.add_reference(source, "app", "1")
    await explorer.check(node).wait()
    assert codes(findings(node, explorer.observations)) == ["stale-entry"]
    assert [what for how, _, what in source.order if how == "resolve"] == ["1-arm64"]
    await explorer.aclose()


@pytest.mark.parametrize("wrapped", [False, True])
async def test_what_a_tag_was_before_a_push_is_not_noted_after_it(
    wrapped: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The push comes while the image is read that the tag has held until then."""
    source, explorer = FakeSource(), Explorer()
    top = source.put("app", pair(), "1")
    new = images.image(ARM, seed="new")
    now = source.put("app", images.index(new) if wrapped else new, "1-arm64")
    pushed = source.put("app", images.image(ARM, seed="pushed"))
    source.drop("app", top.children[1].blobs[2].digest)
    read = source.manifest

    async def push_meanwhile(repository: str, selector: str, *, fresh: bool = False) -> AnyManifest:
        manifest = await read(repository, selector, fresh=fresh)
        if selector == str(now.digest):
            source.repos["app"].tags["1-arm64"] = pushed.digest
            explorer.note_written(source, "app")
        return manifest

    monkeypatch.setattr(source, "manifest", push_meanwhile)
    await explorer.check(explorer.add_selector(source, "app", "1")).wait()
    head = explorer.observations.tag_head(source, "app", "1-arm64")
    assert head is None or head.digest == pushed.digest


async def test_a_tag_alone_costs_nothing_for_others() -> None:
    source = FakeSource()
    source.put("app", pair(), "1")
    source.put("app", images.image(ARM, seed="new"), "1-arm64")
    _, _, found = await checked(source)
    assert found == []
    assert {how for how, _, _ in source.order} == {"manifest", "blob", "probe"}


async def test_a_source_tag_that_is_an_index_counts_by_what_is_in_it() -> None:
    source = FakeSource()
    amd, arm = images.image(AMD), images.image(ARM)
    source.put("app", images.index(amd, arm), "1")
    source.put("app", images.index(amd, images.attestation(amd)), "1-amd64")
    explorer = Explorer()
    repository = explorer.add_repository(source, "app")
    await explorer.open(repository)
    node = explorer.add_selector(source, "app", "1")
    await explorer.check(node).wait()
    assert findings(node, explorer.observations) == []
    assert ("manifest", "app", str(source.repos["app"].tags["1-amd64"])) in source.asked


async def test_orphan_attestation() -> None:
    source = FakeSource()
    other = images.image(AMD, seed="replaced")
    source.put("app", pair(images.attestation(other)), "1")
    explorer, node, found = await checked(source)
    assert codes(found) == ["orphan-attestation"]
    assert str(other.digest) in found[0].facts[0]
    assert not any(child.kind.value == "attestation" for row in node.children[:2] for child in row.children)
    assert verdict(node, found, explorer.observations).complete


async def test_an_attestation_by_subject_hangs_under_its_platform() -> None:
    source = FakeSource()
    amd = images.image(AMD)
    note = images.image(
        AMD,
        (images.blob(b"{}", media.IN_TOTO),),
        artifactType=media.ATTESTATION,
        subject=amd.descriptor.to_document(),
    )
    entry = Descriptor(media.OCI_MANIFEST, note.digest, len(note.raw), artifact_type=media.ATTESTATION)
    source.put("app", images.index(amd, note, entries=[amd.descriptor.to_document(), entry.to_document()]), "1")
    _, node, found = await checked(source)
    assert found == []
    assert [child.kind.value for child in node.children] == ["manifest", "referrers"]
    assert "attestation" in [child.kind.value for child in node.children[0].children]


async def test_missing_attestation() -> None:
    source = FakeSource()
    amd = images.image(AMD)
    source.put("app", images.index(amd, images.image(ARM), images.attestation(amd)), "1")
    _, _, found = await checked(source)
    assert codes(found) == ["missing-attestation"]
    assert found[0].platform == ARM
    assert found[0].severity is Severity.INFO


async def test_dangling_subject() -> None:
    source = FakeSource()
    gone = images.image(AMD, seed="gone").descriptor.to_document()
    source.put("app", images.image(AMD, subject=gone), "1")
    _, _, found = await checked(source)
    assert codes(found) == ["dangling-subject"]


async def test_not_in_this_repository() -> None:
    source = FakeSource()
    top = source.put("app", pair(), "1")
    source.put("app/arm64", top.children[1], "1")
    for part in (top.children[1].blobs[0], top.children[1].blobs[2]):
        source.drop("app", part.digest)
    explorer, node, found = await checked(source)
    assert codes(found) == ["missing-blob", "missing-blob", "not-in-this-repository"]
    assert found[2].message == "2 objects of linux/arm64 are missing in app, present in app/arm64."
    assert {each.action for each in found} == {"fix"}
    assert all("app/arm64" in each.fix and "recreat" not in each.fix for each in found)
    assert found[2].message in verdict(node, found, explorer.observations).sentence


async def test_a_neighbour_that_has_nothing_is_asked_once() -> None:
    source = FakeSource()
    top = source.put("app", pair(), "1")
    for part in top.children[1].blobs:
        source.drop("app", part.digest)
    await checked(source)
    elsewhere = [question for question in source.order if question[1] != "app"]
    assert len(elsewhere) <= 4  # two spellings for each of the two platforms that share a layer


async def test_empty_index() -> None:
    source = FakeSource()
    source.put("app", images.index(), "1")
    explorer, node, found = await checked(source)
    assert codes(found) == ["empty-index"]
    assert verdict(node, found, explorer.observations).sentence == "The tag 1 cannot be pulled: it has no entries."


async def test_nested_index() -> None:
    source = FakeSource()
    inner = images.index(images.image(ARM))
    source.put("app", images.index(images.image(AMD), inner), "1")
    explorer, node, found = await checked(source)
    assert codes(found) == ["nested-index"]
    assert verdict(node, found, explorer.observations).pullable == (AMD, ARM)


@pytest.mark.parametrize(
    ("docker_list", "docker_images"), [(False, (True, False)), (True, (True, False)), (True, (False, False))]
)
async def test_mixed_media_types(docker_list: bool, docker_images: tuple[bool, bool]) -> None:
    source = FakeSource()
    parts = [images.image(p, docker=d) for p, d in zip((AMD, ARM), docker_images, strict=True)]
    source.put("app", images.index(*parts, docker=docker_list), "1")
    assert codes((await checked(source))[2]) == ["mixed-media-types"]


async def test_unknown_platform_and_no_platform() -> None:
    source = FakeSource()
    amd, arm = images.image(AMD), images.image(ARM)
    unknown = amd.descriptor.to_document() | {"platform": {"os": "unknown", "architecture": "unknown"}}
    nameless = arm.descriptor.to_document()
    del nameless["platform"]
    source.put("app", images.index(amd, arm, entries=[unknown, nameless]), "1")
    _, _, found = await checked(source)
    assert sorted(codes(found)) == ["no-platform", "unknown-platform"]
    assert "its config says linux/arm64" in next(f.message for f in found if f.code == "no-platform")


async def test_too_deep() -> None:
    source = FakeSource()
    top = images.image(AMD)
    for _ in range(12):
        top = images.index(top)
    source.put("app", top, "1")
    explorer, node, found = await checked(source)
    assert set(codes(found)) == {"nested-index", "too-deep"}
    said = verdict(node, found, explorer.observations)
    assert not said.complete
    assert "nested too deep" in said.sentence
    assert "Could not check the index sha256:" in said.sentence
    assert "(entry 1): " in said.sentence
    assert "no platform" not in said.sentence
    assert len(source.order) < 12


async def test_a_diamond_of_shared_children_is_asked_once() -> None:
    source = FakeSource()
    shared = images.index(images.image(AMD), images.image(ARM))
    source.put("app", images.index(images.index(shared), images.index(shared, annotations={"a": "b"})), "1")
    await checked(source)
    assert max(source.asked.values()) == 1


async def test_self_similar_trees_end() -> None:
    source = FakeSource()
    top = images.index(images.image(AMD))
    for number in range(7):
        top = images.index(*[images.index(top, annotations={"n": f"{number}.{i}"}) for i in range(1)], top)
    source.put("app", top, "1")
    explorer, node, _ = await checked(source)
    assert not explorer.running()
    assert node.load.value == "ready"


async def test_an_entry_that_is_a_blob_is_no_fault() -> None:
    source = FakeSource()
    amd = images.image(AMD)
    blob = images.blob(b"some artifact", "application/x-artifact")
    holder = images.Image(amd.raw, amd.descriptor, (*amd.blobs, blob))
    entries = [amd.descriptor.to_document(), blob.descriptor.to_document()]
    source.put("app", images.index(holder, entries=entries), "1")
    _, node, found = await checked(source)
    assert codes(found) == ["no-platform"]
    assert node.children[1].note == "a blob, not a manifest"


def test_the_table_names_the_codes_of_the_design() -> None:
    assert [code for code, row in all_codes().items() if row.severity is Severity.ERROR] == [
        "missing-blob",
        "missing-manifest",
        "size-mismatch",
        "digest-mismatch",
        "diff-id-mismatch",
        "broken-layer",
        "cycle",
        "too-deep",
        "invalid-manifest",
        "layer-count",
        "unknown-layer-type",
        "invalid-config",
        "malformed-digest",
        "not-an-image",
        "not-a-manifest",
        "no-architecture",
        "nobody-can-pull",
        "empty-index",
    ]
    assert [code for code, row in all_codes().items() if row.severity is Severity.WARNING] == [
        "denied",
        "unreachable",
        "limited",
        "not-unpacked",
        "no-system",
        "media-type-mismatch",
        "platform-mismatch",
        "duplicate-platform",
        "stale-entry",
        "stale-local-list",
        "orphan-attestation",
        "dangling-subject",
        "not-in-this-repository",
        "nested-index",
        "content-type-mismatch",
        "schema-version",
        "malformed-media-type",
        "malformed-env",
        "malformed-config",
        "mixed-config",
        "encrypted-layer",
        "no-layers",
    ]
    assert [code for code, row in all_codes().items() if row.severity is Severity.INFO] == [
        "mixed-media-types",
        "foreign-layer",
        "missing-attestation",
        "unknown-platform",
        "no-platform",
    ]
    assert all(row.title and row.cause and row.fix for row in all_codes().values())
