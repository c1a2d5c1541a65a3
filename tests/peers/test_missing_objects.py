"""Against a real docker-registry: all that was deleted is named, with the platforms that need it, and no more."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support import images
from tests.support.bare_registry import BareRegistry
from tests.support.program import run

pytestmark = [pytest.mark.slow, pytest.mark.peer]

PLATFORMS = ("linux/amd64", "linux/arm64", "linux/s390x")


@pytest.fixture
def real_registry(tmp_path: Path) -> Iterator[BareRegistry]:
    """A real docker-registry, empty; skipped with a reason where there is none."""
    registry = BareRegistry(tmp_path / "registry")
    registry.start()
    yield registry
    registry.stop()


def check(reference: str, *options: str) -> tuple[int, dict[str, Any]]:
    done = run("check", "--json", *options, reference)
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def seeded(registry: BareRegistry, repository: str = "sandbox") -> tuple[list[images.Image], list[images.Image]]:
    """An index of three platforms that share a base layer, two of them with attestations."""
    children = [images.image(platform) for platform in PLATFORMS]
    notes = [images.attestation(children[0]), images.attestation(children[1])]
    registry.push(repository, images.index(*children, *notes), "0.16-edge")
    return children, notes


def absent(document: dict[str, Any]) -> dict[str, tuple[str, tuple[str, ...]]]:
    return {
        part["digest"]: (part["kind"], tuple(part["platforms"]))
        for part in document["objects"]
        if part["presence"] == "missing"
    }


def sentences(document: dict[str, Any], words: Sequence[str]) -> None:
    for text in words:
        assert text in document["verdict"]


def test_a_whole_image_is_complete(real_registry: BareRegistry) -> None:
    children, notes = seeded(real_registry)
    status, document = check(f"{real_registry.address}/sandbox:0.16-edge")
    images = (*children, *notes)
    distinct = {image.digest for image in images} | {blob.digest for image in images for blob in image.blobs}
    assert status == 0
    assert document["complete"] is True
    assert document["counts"]["present"] == len(distinct) + 1 == document["requests"]
    assert document["verdict"] == "0.16-edge can be pulled on all 3 platforms."
    assert [code["code"] for code in document["findings"]] == ["missing-attestation"]  # s390x has none
    assert [line["attestations"] for line in document["platforms"]] == [1, 1, 0]


def test_every_missing_object_is_named_with_its_platforms_and_nothing_else(real_registry: BareRegistry) -> None:
    (amd, arm, s390x), (amd_note, arm_note) = seeded(real_registry)
    base, own = amd.blobs[1], amd.blobs[2]
    assert base.digest == arm.blobs[1].digest
    real_registry.unlink_blob("sandbox", own.digest)  # a layer link
    real_registry.unlink_blob("sandbox", arm.blobs[0].digest)  # a config
    real_registry.unlink_manifest("sandbox", s390x.digest)  # a child manifest
    real_registry.unlink_blob("sandbox", arm_note.blobs[1].digest)  # a statement
    real_registry.restart()
    status, document = check(f"{real_registry.address}/sandbox:0.16-edge")
    assert status == 1
    assert absent(document) == {
        str(own.digest): ("layer", ("linux/amd64",)),
        str(arm.blobs[0].digest): ("config", ("linux/arm64",)),
        str(s390x.digest): ("manifest", ("linux/s390x",)),
        str(arm_note.blobs[1].digest): ("statement", ("linux/arm64",)),
    }
    assert document["counts"]["missing"] == 4
    assert {word for word, count in document["counts"].items() if count} == {"present", "missing"}
    assert [line["pullable"] for line in document["platforms"]] == [False, False, False]
    sentences(
        document,
        [
            "0.16-edge cannot be pulled on any of its 3 platforms",
            "linux/amd64: 1 layer is missing",
            "linux/arm64: its config is missing",
            "linux/s390x: its manifest is missing",
            "The attestation of linux/arm64 is incomplete; pulls still work.",
        ],
    )
    assert {finding["code"] for finding in document["findings"]} >= {"missing-blob", "missing-manifest"}
    assert str(amd_note.digest) not in absent(document)


def test_the_verdict_says_which_platforms_can_be_pulled(real_registry: BareRegistry) -> None:
    (amd, arm, _), _ = seeded(real_registry)
    real_registry.unlink_blob("sandbox", arm.blobs[2].digest)
    real_registry.restart()
    status, document = check(f"{real_registry.address}/sandbox:0.16-edge")
    assert status == 1
    assert [line["platform"] for line in document["platforms"] if line["pullable"]] == ["linux/amd64", "linux/s390x"]
    assert document["verdict"] == (
        "0.16-edge cannot be pulled on linux/arm64: 1 layer is missing. "
        "It can be pulled on linux/amd64 and linux/s390x."
    )
    status, document = check(f"{real_registry.address}/sandbox:0.16-edge", "--platform", "linux/amd64")
    assert status == 0
    assert document["platforms"][0]["digest"] == str(amd.digest)
    assert document["complete"] is True


def test_a_shared_layer_names_all_platforms_that_need_it(real_registry: BareRegistry) -> None:
    (amd, _, _), _ = seeded(real_registry)
    real_registry.unlink_blob("sandbox", amd.blobs[1].digest)
    real_registry.restart()
    _, document = check(f"{real_registry.address}/sandbox:0.16-edge")
    assert absent(document) == {str(amd.blobs[1].digest): ("layer", PLATFORMS)}


def test_data_that_is_gone_is_missing_though_its_link_stays(real_registry: BareRegistry) -> None:
    (_, arm, _), _ = seeded(real_registry)
    real_registry.delete_data(arm.blobs[2].digest)
    real_registry.restart()
    _, document = check(f"{real_registry.address}/sandbox:0.16-edge")
    assert absent(document) == {str(arm.blobs[2].digest): ("layer", ("linux/arm64",))}


def test_children_in_their_own_repositories_are_found_there(real_registry: BareRegistry) -> None:
    children = [images.image(platform) for platform in PLATFORMS[:2]]
    for child, name in zip(children, ("amd64", "arm64"), strict=True):
        real_registry.push(f"dockerfun/{name}", child, "6b972be0")
    real_registry.push("dockerfun", images.index(*children), "6b972be0")
    for digest in {part.digest for child in children for part in child.blobs}:
        real_registry.unlink_blob("dockerfun", digest)
    real_registry.restart()
    status, document = check(f"{real_registry.address}/dockerfun:6b972be0")
    assert status == 1
    assert {(f["code"], f["platform"]) for f in document["findings"]} == {
        ("missing-blob", "linux/amd64"),
        ("missing-blob", "linux/arm64"),
        ("not-in-this-repository", "linux/amd64"),
        ("not-in-this-repository", "linux/arm64"),
    }


def test_the_tree_as_text_shows_the_same(real_registry: BareRegistry) -> None:
    (_, arm, _), _ = seeded(real_registry)
    real_registry.unlink_blob("sandbox", arm.blobs[2].digest)
    real_registry.restart()
    done = run("tree", f"{real_registry.address}/sandbox:0.16-edge")
    assert done.returncode == 1
    lines = [line for line in done.stdout.splitlines() if "missing" in line]
    assert len([line for line in lines if "layer 2" in line]) == 1
    assert arm.blobs[2].digest.short in lines[0]


def test_a_registry_that_went_away_is_unreachable_and_nothing_is_called_missing(real_registry: BareRegistry) -> None:
    seeded(real_registry)
    real_registry.stop()
    status, document = check(f"{real_registry.address}/sandbox:0.16-edge")
    assert status == 3
    assert document["counts"]["missing"] == 0
    assert document["complete"] is False
