"""Creating lists from references: what is pushed, in how many requests, and byte for byte the same each time."""

from __future__ import annotations

import json

import pytest

from tests.compose.fixtures import Rig, make
from tui.compose.events import Outcome
from tui.compose.plan import How, StepKind
from tui.compose.planner import plan_draft
from tui.demo.gallery import build_gallery
from tui.demo.images import DOCKER
from tui.demo.store import Store
from tui.oci import media
from tui.oci.digest import Digest


async def test_same_repository(rig: Rig) -> None:
    images = [make("a", "linux/amd64"), make("a", "linux/arm64/v8")]
    for one, tag in zip(images, ("1-amd64", "1-arm64"), strict=True):
        rig.put("app", one, tag)
    result = await rig.pushed("app:1", "app:1-amd64", "app:1-arm64")
    assert result.outcome is Outcome.PUSHED
    assert rig.holds("app", "1") == result.digest == result.tag_holds
    assert result.copyable == f"{rig.registry}/app@{result.digest}"
    document = json.loads(rig.change(lambda store: store.repository("app").manifests[str(result.digest)].raw))
    assert document["mediaType"] == media.OCI_INDEX
    assert [entry["platform"] for entry in document["manifests"]] == [
        {"architecture": "amd64", "os": "linux"},
        {"architecture": "arm64", "os": "linux", "variant": "v8"},
    ]


async def test_requests_of_a_verified_same_repository_create(rig: Rig) -> None:
    images = [make("a", f"linux/{name}", layers=4) for name in ("amd64", "arm64", "s390x", "ppc64le")]
    for number, one in enumerate(images):
        rig.put("app", one, f"t{number}")
    rig.forget_requests()
    await rig.pushed("app:1", *(f"app:t{number}" for number in range(4)))
    distinct = {blob.digest for one in images for blob in one.blobs}
    assert len(rig.asked()) <= 2 * len(images) + len(distinct) + 4


async def test_requests_of_a_cross_repository_create(rig: Rig) -> None:
    images = [make("a", f"linux/{name}", layers=4) for name in ("amd64", "arm64", "s390x")]
    for number, one in enumerate(images):
        rig.put(f"staging/{number}", one, "t")
    there = rig.put("app", make("a", "linux/amd64", layers=2))
    rig.forget_requests()
    result = await rig.pushed("app:1", *(f"staging/{number}:t" for number in range(3)))
    assert result.outcome is Outcome.PUSHED
    distinct = {blob.digest for one in images for blob in one.blobs}
    present = {blob.digest for blob in there.blobs} & distinct
    assert len(present) == 2
    missing = len(distinct) - len(present)
    assert len(rig.asked()) <= 2 * 3 + len(distinct) + 4 + missing + 3
    assert len(rig.asked("POST")) == missing
    assert not rig.asked("PATCH")
    assert len(rig.asked("PUT", "/blobs/uploads")) == 0


async def test_planned_twelve_times_one_digest(rig: Rig) -> None:
    for name in ("amd64", "arm64", "riscv64"):
        rig.put_attested("staging", make("a", f"linux/{name}"), name)
    digests = set()
    for _ in range(12):
        plan = await rig.plan("app:1", "staging:amd64", "staging:arm64", "staging:riscv64")
        digests.add((plan.digest, tuple((step.kind, step.digest) for step in plan.steps)))
    assert len(digests) == 1


async def test_nested_list_is_unwrapped_with_its_attestation(rig: Rig) -> None:
    flat = [make("o", f"linux/{name}", style=DOCKER) for name in ("amd64", "arm64", "s390x", "ppc64le")]
    for number, one in enumerate(flat):
        rig.put("staging", one, f"t{number}")
    nested, proof = rig.put_attested("staging", make("o", "linux/riscv64"), "t4")
    rig.forget_requests()
    plan = await rig.plan("opam:1", *(f"staging:t{number}" for number in range(4)), f"staging@{nested}")
    assert plan.media_type == media.OCI_INDEX
    assert plan.count(How.PUT) == 6
    result = await rig.push(plan).run()
    assert result.ok
    document = json.loads(rig.change(lambda store: store.repository("opam").manifests[str(result.digest)].raw))
    assert len(document["manifests"]) == 6
    missing = plan.count(How.MOUNT)
    assert len(rig.asked()) <= 2 * 6 + missing + 4 + missing + 6
    last = document["manifests"][-1]
    assert last["platform"] == {"architecture": "unknown", "os": "unknown"}
    assert last["annotations"] == proof.entry()["annotations"]


async def test_one_index_keeps_its_bytes(rig: Rig) -> None:
    digest = rig.put_list("app", [make("a", "linux/amd64"), make("a", "linux/arm64")], "x")
    result = await rig.pushed("other:1", "app:x")
    assert result.digest == digest
    assert rig.holds("other", "1") == digest


async def test_the_same_again_writes_nothing(rig: Rig) -> None:
    rig.put("app", make("a", "linux/amd64"), "amd64")
    first = await rig.pushed("app:1", "app:amd64")
    rig.forget_requests()
    plan = await rig.plan("app:1", "app:amd64")
    assert plan.steps == ()
    assert not plan.changes_tag
    result = await rig.push(plan).run()
    assert result.outcome is Outcome.UNCHANGED
    assert result.tag_holds == first.digest
    assert not rig.asked("PUT")


async def test_exists_nowhere_stops_the_plan_by_name(rig: Rig) -> None:
    one = make("a", "linux/amd64", layers=3)
    rig.put("staging", one, "t", without=one.layers[1:])
    draft = await rig.draft("app:1", "staging:t")
    plan = await plan_draft(draft, rig.inspector)
    assert not plan.ready
    assert one.layers[1].digest in plan.problems[0].message
    assert "linux/amd64" in plan.problems[0].message
    assert plan.count(How.NOWHERE) == 2
    said = [problem.message.endswith("Push that image again, or use another source.") for problem in plan.problems]
    assert said == [False, True]


async def test_missing_in_the_target_itself_is_confirmed(rig: Rig) -> None:
    one = make("a", "linux/amd64", layers=3)
    rig.put("app", one, "t", without=one.layers[2:])
    plan = await plan_draft(await rig.draft("app:1", "app:t"), rig.inspector)
    assert not plan.ready
    assert one.layers[2].digest in plan.problems[0].message
    assert len(rig.asked("GET", one.layers[2].digest)) == 1


async def test_windows_versions_stay(rig: Rig) -> None:
    for version in ("10.0.17763.1", "10.0.20348.2"):
        rig.put("win", make(version, "windows/amd64", os_version=version), version)
    plan = await rig.plan("win:1", "win:10.0.17763.1", "win:10.0.20348.2")
    document = json.loads(plan.raw or b"")
    assert [entry["platform"]["os.version"] for entry in document["manifests"]] == ["10.0.17763.1", "10.0.20348.2"]


async def test_steps_are_blobs_then_children_then_the_tag(rig: Rig) -> None:
    rig.put("a", make("a", "linux/amd64"), "t")
    plan = await rig.plan("b:1", "a:t")
    kinds = [step.kind for step in plan.steps]
    assert kinds == [StepKind.MOUNT, StepKind.MOUNT, StepKind.MOUNT, StepKind.MANIFEST, StepKind.TAG]
    rig.forget_requests()
    await rig.push(plan).run()
    writes = [one for one in rig.asked() if one.method in ("POST", "PUT")]
    assert [one.method for one in writes] == ["POST", "POST", "POST", "PUT", "PUT"]
    assert writes[-1].path.endswith("/manifests/1")
    assert len(rig.asked()) == plan.requests


async def test_marked_platforms_keep_what_their_index_says(rig: Rig) -> None:
    """Attestations come along, though the image alone says nothing of them."""
    from tui.compose.edit import Mark, begin_marked
    from tui.oci.manifest import Index
    from tui.sources.location import RepositoryLocation

    one = make("a", "linux/amd64")
    digest, proof = rig.put_attested("app", one, "1")
    rig.put("app", make("b", "linux/arm64"), "arm64")
    home = RepositoryLocation("app", rig.registry)
    index = await rig.inspector.manifest(home, str(digest))
    assert isinstance(index, Index)
    image = index.entries[0].digest
    marks = [Mark(home.by_digest(image), index, image, home), Mark(rig.at("app:arm64"))]
    draft, failed = await begin_marked(rig.inspector, rig.ref("app:new"), marks)
    assert not failed
    assert [entry.descriptor.digest for entry in draft.entries][:2] == [image, proof.manifest.digest]
    assert len(draft.entries) == 3
    assert (await rig.push(await plan_draft(draft, rig.inspector)).run()).ok


async def test_requests_for_an_index_of_another_repository(rig: Rig) -> None:
    images = [make("a", "linux/amd64", layers=3), make("a", "linux/arm64", layers=3)]
    rig.put_list("staging", images, "1")
    rig.forget_requests()
    assert (await rig.pushed("app:1", "staging:1")).ok
    distinct = len({blob.digest for one in images for blob in one.blobs})
    assert len(rig.asked()) <= 2 * 2 + distinct + 4 + distinct + 2


@pytest.mark.parametrize("there", [0, 1])
async def test_only_what_is_missing_is_mounted(rig: Rig, there: int) -> None:
    """One of the two images is in the target already, the first or the second."""
    images = [make("a", "linux/amd64", layers=3), make("a", "linux/arm64", layers=3)]
    for number, one in enumerate(images):
        rig.put("staging", one, f"t{number}")
    rig.put("app", images[there])
    plan = await rig.plan("app:1", "staging:t0", "staging:t1")
    wanted = {blob.digest for blob in images[1 - there].blobs}
    assert {step.digest for step in plan.steps if step.kind is StepKind.MOUNT} == wanted
    assert (await rig.push(plan).run()).ok
    assert len(rig.asked("POST")) == len(wanted)
    everything = len({blob.digest for one in images for blob in one.blobs})
    assert len(rig.asked()) <= 2 * 2 + everything + 4 + len(wanted) + 2


OPAM = "ocurrent/opam-staging:ubuntu-24.04-ocaml-5.4-"


@pytest.mark.parametrize(
    ("sources", "digest"),
    [
        # of Docker's images, and of an OCI image and one that was pushed as an index with its attestation
        ([f"{OPAM}amd64", f"{OPAM}arm64"], "25a3f8304c97af299c756845f46134ff2a8abca1f175a1a8ac81241a7e14b5b6"),
        (
            ["gallery/many-tags:latest", f"{OPAM}riscv64"],
            "547efc7db889ea36b412eb1d67e9a075c3b55388856e921d3543e2260f8aa3d7",
        ),
    ],
)
async def test_the_index_is_the_one_that_buildx_makes(rig: Rig, sources: list[str], digest: str) -> None:
    """Recorded from `docker buildx imagetools create` 0.29.1 with the same images: the same bytes."""
    gallery = build_gallery()

    def give(store: Store) -> None:
        store.data.update(gallery.data)
        for source in sources:
            name = source.partition(":")[0]
            store.repositories[name] = gallery.repositories[name]

    rig.change(give)
    plan = await rig.plan("mine:1", *sources)
    assert plan.digest == Digest.parse(f"sha256:{digest}")
