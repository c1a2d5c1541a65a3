"""Deep checks: every blob read once, hashed, unpacked, and compared with what manifest and config say."""

from __future__ import annotations

import gzip
import io
import json
import tarfile

import pytest

from tests.explore.checking import codes
from tests.support import images
from tests.support.fake_source import FakeSource
from tests.support.images import Image
from tui.explore.explorer import Explorer
from tui.explore.findings import findings
from tui.explore.node import Kind, Node
from tui.explore.report import Report, exit_status, report
from tui.oci import layer, media
from tui.oci.digest import Digest
from tui.sources.base import SourceError
from tui.sources.presence import Observation, Presence


async def deep(source: FakeSource, tag: str = "1", *, explorer: Explorer | None = None) -> tuple[Explorer, Node]:
    explorer = explorer or Explorer()
    node = explorer.add_selector(source, "app", tag)
    await explorer.check(node, deep=True).wait()
    return explorer, node


async def checked(image: Image, *, without: tuple[Digest, ...] = ()) -> Report:
    source = FakeSource()
    source.put("app", image, "1")
    for digest in without:
        source.drop("app", digest)
    explorer, node = await deep(source)
    return report(node, explorer.observations)


def layer_of(data: bytes, media_type: str = media.OCI_LAYER_GZIP, **more: object) -> images.Blob:
    return images.blob(data, media_type, **more)


def error_codes(made: Report) -> list[str]:
    return codes([finding for finding in made.findings if finding.severity != "info"])


async def test_everything_that_was_read_is_hashed_and_nothing_is_asked_twice() -> None:
    source = FakeSource()
    image = images.image()
    source.put("app", images.index(image, images.attestation(image)), "1")
    explorer, node = await deep(source)
    made = report(node, explorer.observations)
    assert exit_status(made) == 0 and made.verdict.complete
    assert made.counts["hashed"] == len(made.objects) == 9
    assert made.counts["present"] == 0
    assert {part.observation.presence for part in made.objects} == {Presence.HASHED}
    assert not [question for question, count in source.asked.items() if count > 1 or question[0] == "probe"]
    assert error_codes(made) == []

    before = source.requests
    await deep(source, explorer=explorer)
    assert source.requests == before, "what was hashed in a registry is believed until it is refreshed"
    await explorer.refresh(node)
    assert report(node, explorer.observations).counts["hashed"] == 0
    await deep(source, explorer=explorer)
    assert report(node, explorer.observations).counts["hashed"] == 9


async def test_a_plain_check_reads_no_layer_and_hashes_none() -> None:
    source = FakeSource()
    source.put("app", images.image(), "1")
    explorer = Explorer()
    node = explorer.add_selector(source, "app", "1")
    await explorer.check(node).wait()
    assert report(node, explorer.observations).counts["hashed"] == 0
    assert ("blob", "app", str(node.children[1].digest)) not in source.asked


async def test_what_was_hashed_stays_so_while_the_registry_says_that_it_is_there() -> None:
    source = FakeSource()
    image = source.put("app", images.image(), "1")
    explorer, _ = await deep(source)
    digest = image.blobs[1].digest
    store = explorer.observations
    store.checking(source, "app", digest)
    store.put(source, "app", digest, Observation(Presence.PRESENT, size=len(image.blobs[1].data)))
    assert store.get(source, "app", digest).presence is Presence.HASHED
    store.put(source, "app", digest, Observation(Presence.MISSING))
    store.put(source, "app", digest, Observation(Presence.PRESENT))
    assert store.get(source, "app", digest).presence is Presence.PRESENT


async def test_a_manifest_that_was_hashed_keeps_the_type_that_it_was_served_as() -> None:
    source = FakeSource()
    image = images.image()
    document = {**image.descriptor.to_document(), "mediaType": media.DOCKER_MANIFEST}
    source.put("app", images.index(image, entries=[document]), "1")
    explorer, node = await deep(source)
    made = report(node, explorer.observations)
    assert "media-type-mismatch" in [finding.code for finding in made.findings]
    assert made.counts["mismatched"] == 1


async def test_a_flipped_byte_of_the_same_size_is_found() -> None:
    source = FakeSource()
    image = source.put("app", images.image(), "1")
    part = image.blobs[2]
    source.repos["app"].blobs[part.digest] = part.data[:-1] + bytes([part.data[-1] ^ 1])
    explorer, node = await deep(source)
    made = report(node, explorer.observations)
    assert exit_status(made) == 1 and not made.verdict.complete
    assert made.counts["mismatched"] == 1 and made.counts["hashed"] == 3
    assert error_codes(made) == ["digest-mismatch"]
    assert made.platforms[0].pullable is False
    assert "1 layer is not as the manifest says" in made.verdict.sentence


@pytest.mark.parametrize("more", [-5, 5])
async def test_a_blob_of_another_size_is_found(more: int) -> None:
    source = FakeSource()
    image = source.put("app", images.image(), "1")
    part = image.blobs[2]
    source.repos["app"].blobs[part.digest] = part.data[:more] if more < 0 else part.data + bytes(more)
    explorer, node = await deep(source)
    made = report(node, explorer.observations)
    assert error_codes(made) == ["size-mismatch"]
    assert exit_status(made) == 1


async def test_a_truncated_gzip_with_the_right_digest_is_a_broken_layer() -> None:
    whole = images.layer("base").data
    made = await checked(images.image(layers=(layer_of(gzip.compress(b"x" * 9)[:-4]), images.layer("base"))))
    assert whole and error_codes(made) == ["broken-layer"]
    assert exit_status(made) == 1
    assert "its gzip stream ends too early" in made.findings[0].message
    assert "1 layer is damaged and cannot be unpacked" in made.verdict.sentence


async def test_a_tar_that_ends_too_early_is_a_broken_layer() -> None:
    tape = io.BytesIO()
    with tarfile.open(fileobj=tape, mode="w") as archive:
        info = tarfile.TarInfo("file")
        info.size = 5000
        archive.addfile(info, io.BytesIO(bytes(5000)))
    made = await checked(images.image(layers=(layer_of(gzip.compress(tape.getvalue()[:2000], mtime=0)),)))
    assert error_codes(made) == ["broken-layer"]
    assert "its tar ends in the middle of file 1" in made.findings[0].message


def swapped(image: Image) -> Image:
    """The same image with its layers the other way round in the manifest."""
    document = json.loads(image.raw)
    document["layers"].reverse()
    raw = images.as_json(document)
    descriptor = images.blob(raw, image.descriptor.media_type).descriptor
    return Image(raw, descriptor, image.blobs)


@pytest.mark.parametrize(
    ("media_type", "packed", "whole"),
    [
        (media.OCI_LAYER, True, False),
        (media.OCI_LAYER, False, True),
        (media.DOCKER_LAYER_PLAIN, True, True),
        (media.OCI_LAYER_GZIP, False, True),
    ],
)
async def test_a_layer_whose_type_says_that_it_is_not_compressed(media_type: str, packed: bool, whole: bool) -> None:
    data = images.layer("base").data
    part = layer_of(data if packed else gzip.decompress(data), media_type)
    made = await checked(images.image(layers=(part,)))
    assert error_codes(made) == ([] if whole else ["broken-layer"])
    if not whole:
        assert "its bytes are gzip, its media type says uncompressed" in made.findings[0].message
        # Docker without its image store and podman look at the bytes, and unpack it: it is not damaged.
        assert "1 layer is compressed, though the media type says not" in made.verdict.sentence


async def test_layers_that_changed_places_do_not_have_their_diff_ids() -> None:
    made = await checked(swapped(images.image()))
    assert error_codes(made) == ["diff-id-mismatch", "diff-id-mismatch"]
    assert exit_status(made) == 1
    assert made.platforms[0].pullable is False
    assert "2 layers are not as the config says, once unpacked" in made.verdict.sentence


async def test_a_layer_of_two_images_is_read_once_and_judged_in_each() -> None:
    good = images.image("linux/amd64", seed="s")
    bad = swapped(good)
    source = FakeSource()
    source.put("app", good, "good")
    source.put("app", bad, "bad")
    explorer, node = await deep(source, "bad")
    _, other = await deep(source, "good", explorer=explorer)
    assert [source.asked["blob", "app", str(part.digest)] for part in good.blobs[1:]] == [1, 1]
    assert exit_status(report(node, explorer.observations)) == 1
    assert exit_status(report(other, explorer.observations)) == 0


async def test_attestations_are_no_layers() -> None:
    image = images.image()
    made = await checked(images.index(image, images.attestation(image)))
    assert exit_status(made) == 0 and error_codes(made) == []
    assert {part.kind for part in made.objects if part.observation.presence is Presence.HASHED} >= {"statement"}


async def test_an_artifact_may_have_layers_of_the_types_of_images() -> None:
    config = images.blob(b"{}", media.OCI_EMPTY)
    part = layer_of(b"just a file", media.OCI_LAYER)
    raw = images.as_json(
        {
            "schemaVersion": 2,
            "mediaType": media.OCI_MANIFEST,
            "artifactType": "text/plain",
            "config": config.descriptor.to_document(),
            "layers": [part.descriptor.to_document()],
        }
    )
    made = await checked(Image(raw, images.blob(raw, media.OCI_MANIFEST).descriptor, (config, part)))
    assert exit_status(made) == 0 and error_codes(made) == []
    assert made.counts["hashed"] == 3


async def test_a_foreign_layer_is_elsewhere_and_hashed_where_it_is_held() -> None:
    foreign = images.layer("base", media_type=media.OCI_FOREIGN_LAYER_GZIP)
    elsewhere = await checked(images.image(layers=(foreign, images.layer("app"))), without=(foreign.digest,))
    assert elsewhere.counts["foreign"] == 1 and exit_status(elsewhere) == 0
    held = await checked(images.image(layers=(foreign, images.layer("app"))))
    assert held.counts["foreign"] == 0 and held.counts["hashed"] == 4


async def test_a_missing_blob_is_missing_and_a_denied_one_denied() -> None:
    image = images.image()
    made = await checked(image, without=(image.blobs[1].digest,))
    assert made.counts["missing"] == 1 and exit_status(made) == 1
    source = FakeSource()
    source.put("app", image, "1")
    source.script[str(image.blobs[1].digest)] = SourceError(Presence.DENIED, "No.", status=403, code="DENIED")
    explorer, node = await deep(source)
    made = report(node, explorer.observations)
    assert made.counts["denied"] == 1 and exit_status(made) == 3


async def test_a_bomb_is_not_read_to_its_end_and_nothing_is_claimed_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer, "INFLATED_FLOOR", 1 << 20)
    made = await checked(images.image(layers=(layer_of(gzip.compress(bytes(40 << 20), mtime=0)),)))
    assert exit_status(made) == 3, "it was asked what it unpacks to, and nobody knows"
    assert error_codes(made) == ["not-unpacked"]
    assert "inflate to more than" in made.findings[0].message
    assert made.counts["present"] == 1 and made.counts["mismatched"] == 0


async def test_a_config_is_hashed_by_reading_it_and_not_twice() -> None:
    source = FakeSource()
    image = source.put("app", images.image(), "1")
    explorer, node = await deep(source)
    config = next(row for row in node.children if row.kind is Kind.CONFIG)
    assert explorer.observation(config).presence is Presence.HASHED
    assert source.asked["blob", "app", str(image.blobs[0].digest)] == 1


async def test_several_blobs_are_read_at_a_time_and_no_more_than_there_are_slots() -> None:
    source = FakeSource()
    source.delay = 0.01
    source.put("app", images.image(layers=tuple(images.layer(f"n{number}") for number in range(60))), "1")
    await deep(source)
    assert 8 <= source.most_running <= 16


async def test_what_was_read_in_another_repository_is_read_here_as_well() -> None:
    source = FakeSource()
    image = images.image()
    for repository in ("app", "copy"):
        source.put(repository, image, "1")
    explorer, _ = await deep(source)
    config = image.blobs[0].descriptor
    assert media.is_image_config(config.media_type)
    # As after a mount: it is known to be there, and nobody has read it there.
    explorer.observations.put(source, "copy", config.digest, await source.probe("copy", config))
    node = explorer.add_selector(source, "copy", "1")
    await explorer.check(node, deep=True).wait()
    assert report(node, explorer.observations).counts["hashed"] == 4
    assert source.asked["blob", "copy", str(config.digest)] == 1


async def test_a_deep_check_takes_the_place_of_a_plain_one_that_runs() -> None:
    source = FakeSource()
    source.put("app", images.image(), "1")
    explorer = Explorer()
    node = explorer.add_selector(source, "app", "1")
    source.hold()
    plain = explorer.check(node)
    run = explorer.check(node, deep=True)
    source.release()
    await run.wait()
    assert plain.stopped and explorer.check(node, deep=True) is not plain
    assert report(node, explorer.observations).counts["hashed"] == 4


async def test_progress_is_in_bytes() -> None:
    source = FakeSource()
    image = source.put("app", images.image(), "1")
    explorer = Explorer()
    node = explorer.add_selector(source, "app", "1")
    run = explorer.check(node, deep=True)
    await run.wait()
    total = sum(len(part.data) for part in image.blobs[1:])
    assert run.words == f"4 of 4 objects, {total} B of {total} B"


async def test_the_findings_of_a_row_are_those_of_its_own_image() -> None:
    source = FakeSource()
    image = images.image("linux/amd64", seed="s")
    source.put("app", images.index(image, swapped(images.image("linux/arm64", seed="s"))), "1")
    explorer, node = await deep(source)
    wrong = [each for each in findings(node, explorer.observations) if each.code == "diff-id-mismatch"]
    assert len(wrong) == 2
