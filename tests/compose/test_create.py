"""Creating lists from references: what is pushed, in how many requests, and byte for byte the same each time."""

from __future__ import annotations

import json

import pytest

from tests.compose.yard import Yard, make
from tui.compose.events import Outcome
from tui.compose.plan import How, StepKind
from tui.compose.planner import plan_draft
from tui.demo.images import DOCKER
from tui.oci import media


async def test_same_repository(yard: Yard) -> None:
    images = [make("a", "linux/amd64"), make("a", "linux/arm64/v8")]
    for one, tag in zip(images, ("1-amd64", "1-arm64"), strict=True):
        yard.put("app", one, tag)
    result = await yard.pushed("app:1", "app:1-amd64", "app:1-arm64")
    assert result.outcome is Outcome.PUSHED
    assert yard.holds("app", "1") == result.digest == result.tag_holds
    assert result.copyable == f"{yard.registry}/app@{result.digest}"
    document = json.loads(yard.change(lambda store: store.repository("app").manifests[str(result.digest)].raw))
    assert document["mediaType"] == media.OCI_INDEX
    assert [entry["platform"] for entry in document["manifests"]] == [
        {"architecture": "amd64", "os": "linux"},
        {"architecture": "arm64", "os": "linux", "variant": "v8"},
    ]


async def test_requests_of_a_verified_same_repository_create(yard: Yard) -> None:
    images = [make("a", f"linux/{name}", layers=4) for name in ("amd64", "arm64", "s390x", "ppc64le")]
    for number, one in enumerate(images):
        yard.put("app", one, f"t{number}")
    yard.forget_requests()
    await yard.pushed("app:1", *(f"app:t{number}" for number in range(4)))
    distinct = {blob.digest for one in images for blob in one.blobs}
    assert len(yard.asked()) <= 2 * len(images) + len(distinct) + 4


async def test_requests_of_a_cross_repository_create(yard: Yard) -> None:
    images = [make("a", f"linux/{name}", layers=4) for name in ("amd64", "arm64", "s390x")]
    for number, one in enumerate(images):
        yard.put(f"staging/{number}", one, "t")
    there = yard.put("app", make("a", "linux/amd64", layers=2))
    yard.forget_requests()
    result = await yard.pushed("app:1", *(f"staging/{number}:t" for number in range(3)))
    assert result.outcome is Outcome.PUSHED
    distinct = {blob.digest for one in images for blob in one.blobs}
    present = {blob.digest for blob in there.blobs} & distinct
    assert len(present) == 2
    missing = len(distinct) - len(present)
    assert len(yard.asked()) <= 2 * 3 + len(distinct) + 4 + missing + 3
    assert len(yard.asked("POST")) == missing
    assert not yard.asked("PATCH")
    assert len(yard.asked("PUT", "/blobs/uploads")) == 0


async def test_planned_twelve_times_one_digest(yard: Yard) -> None:
    for name in ("amd64", "arm64", "riscv64"):
        yard.put_attested("staging", make("a", f"linux/{name}"), name)
    digests = set()
    for _ in range(12):
        plan = await yard.plan("app:1", "staging:amd64", "staging:arm64", "staging:riscv64")
        digests.add((plan.digest, tuple((step.kind, step.digest) for step in plan.steps)))
    assert len(digests) == 1


async def test_nested_list_is_unwrapped_with_its_attestation(yard: Yard) -> None:
    flat = [make("o", f"linux/{name}", style=DOCKER) for name in ("amd64", "arm64", "s390x", "ppc64le")]
    for number, one in enumerate(flat):
        yard.put("staging", one, f"t{number}")
    nested, proof = yard.put_attested("staging", make("o", "linux/riscv64"), "t4")
    yard.forget_requests()
    plan = await yard.plan("opam:1", *(f"staging:t{number}" for number in range(4)), f"staging@{nested}")
    assert plan.media_type == media.OCI_INDEX
    assert plan.count(How.PUT) == 6
    result = await yard.push(plan).run()
    assert result.ok
    document = json.loads(yard.change(lambda store: store.repository("opam").manifests[str(result.digest)].raw))
    assert len(document["manifests"]) == 6
    missing = plan.count(How.MOUNT)
    assert len(yard.asked()) <= 2 * 6 + missing + 4 + missing + 6
    last = document["manifests"][-1]
    assert last["platform"] == {"architecture": "unknown", "os": "unknown"}
    assert last["annotations"] == proof.entry()["annotations"]


async def test_one_index_keeps_its_bytes(yard: Yard) -> None:
    digest = yard.put_list("app", [make("a", "linux/amd64"), make("a", "linux/arm64")], "x")
    result = await yard.pushed("other:1", "app:x")
    assert result.digest == digest
    assert yard.holds("other", "1") == digest


async def test_the_same_again_writes_nothing(yard: Yard) -> None:
    yard.put("app", make("a", "linux/amd64"), "amd64")
    first = await yard.pushed("app:1", "app:amd64")
    yard.forget_requests()
    plan = await yard.plan("app:1", "app:amd64")
    assert plan.steps == ()
    assert not plan.changes_tag
    result = await yard.push(plan).run()
    assert result.outcome is Outcome.UNCHANGED
    assert result.tag_holds == first.digest
    assert not yard.asked("PUT")


async def test_exists_nowhere_stops_the_plan_by_name(yard: Yard) -> None:
    one = make("a", "linux/amd64", layers=3)
    yard.put("staging", one, "t", without=one.layers[1:2])
    draft = await yard.draft("app:1", "staging:t")
    plan = await plan_draft(draft, yard.inspector)
    assert not plan.ready
    assert one.layers[1].digest in plan.problems[0].message
    assert "linux/amd64" in plan.problems[0].message
    assert plan.count(How.NOWHERE) == 1


async def test_missing_in_the_target_itself_is_confirmed(yard: Yard) -> None:
    one = make("a", "linux/amd64", layers=3)
    yard.put("app", one, "t", without=one.layers[2:])
    plan = await plan_draft(await yard.draft("app:1", "app:t"), yard.inspector)
    assert not plan.ready
    assert one.layers[2].digest in plan.problems[0].message
    assert len(yard.asked("GET", one.layers[2].digest)) == 1


async def test_windows_versions_stay(yard: Yard) -> None:
    for version in ("10.0.17763.1", "10.0.20348.2"):
        yard.put("win", make(version, "windows/amd64", os_version=version), version)
    plan = await yard.plan("win:1", "win:10.0.17763.1", "win:10.0.20348.2")
    document = json.loads(plan.raw or b"")
    assert [entry["platform"]["os.version"] for entry in document["manifests"]] == ["10.0.17763.1", "10.0.20348.2"]


async def test_steps_are_blobs_then_children_then_the_tag(yard: Yard) -> None:
    yard.put("a", make("a", "linux/amd64"), "t")
    plan = await yard.plan("b:1", "a:t")
    kinds = [step.kind for step in plan.steps]
    assert kinds == [StepKind.MOUNT, StepKind.MOUNT, StepKind.MOUNT, StepKind.MANIFEST, StepKind.TAG]
    yard.forget_requests()
    await yard.push(plan).run()
    writes = [one for one in yard.asked() if one.method in ("POST", "PUT")]
    assert [one.method for one in writes] == ["POST", "POST", "POST", "PUT", "PUT"]
    assert writes[-1].path.endswith("/manifests/1")
    assert len(yard.asked()) == plan.requests


async def test_marked_platforms_keep_what_their_index_says(yard: Yard) -> None:
    """Attestations come along, though the image alone says nothing of them."""
    from tui.compose.edit import Mark, begin_marked
    from tui.oci.manifest import Index
    from tui.sources.location import RepositoryLocation

    one = make("a", "linux/amd64")
    digest, proof = yard.put_attested("app", one, "1")
    yard.put("app", make("b", "linux/arm64"), "arm64")
    home = RepositoryLocation("app", yard.registry)
    index = await yard.inspector.manifest(home, str(digest))
    assert isinstance(index, Index)
    image = index.entries[0].digest
    marks = [Mark(home.by_digest(image), index, image, home), Mark(yard.at("app:arm64"))]
    draft, failed = await begin_marked(yard.inspector, yard.ref("app:new"), marks)
    assert not failed
    assert [entry.descriptor.digest for entry in draft.entries][:2] == [image, proof.manifest.digest]
    assert len(draft.entries) == 3
    assert (await yard.push(await plan_draft(draft, yard.inspector)).run()).ok


async def test_requests_for_an_index_of_another_repository(yard: Yard) -> None:
    images = [make("a", "linux/amd64", layers=3), make("a", "linux/arm64", layers=3)]
    yard.put_list("staging", images, "1")
    yard.forget_requests()
    assert (await yard.pushed("app:1", "staging:1")).ok
    distinct = len({blob.digest for one in images for blob in one.blobs})
    assert len(yard.asked()) <= 2 * 2 + distinct + 4 + distinct + 2


@pytest.mark.parametrize("there", [0, 1])
async def test_only_what_is_missing_is_mounted(yard: Yard, there: int) -> None:
    """One of the two images is in the target already, the first or the second."""
    images = [make("a", "linux/amd64", layers=3), make("a", "linux/arm64", layers=3)]
    for number, one in enumerate(images):
        yard.put("staging", one, f"t{number}")
    yard.put("app", images[there])
    plan = await yard.plan("app:1", "staging:t0", "staging:t1")
    wanted = {blob.digest for blob in images[1 - there].blobs}
    assert {step.digest for step in plan.steps if step.kind is StepKind.MOUNT} == wanted
    assert (await yard.push(plan).run()).ok
    assert len(yard.asked("POST")) == len(wanted)
    everything = len({blob.digest for one in images for blob in one.blobs})
    assert len(yard.asked()) <= 2 * 2 + everything + 4 + len(wanted) + 2
