"""A push of something with a subject keeps the tag of referrers where the registry has no API for them."""

from __future__ import annotations

import json
from typing import Literal

import pytest

from tests.compose.fixtures import Rig, make
from tui.compose.copy import plan_copy, plan_tag
from tui.compose.plan import StepKind
from tui.demo.images import Image, image, step
from tui.demo.quirks import Quirks
from tui.oci import media
from tui.oci.digest import Digest
from tui.oci.reference import fallback_tag


def note(about: Image) -> Image:
    return image("linux/amd64", [step("note")], subject=about.manifest.descriptor(), annotations={"a": "b"})


@pytest.mark.parametrize("api", ["right", "absent"])
async def test_a_copy_of_a_referrer_is_listed_under_the_fallback_tag(rig: Rig, api: Literal["right", "absent"]) -> None:
    one = rig.put("app", make("app", "linux/amd64"), "1")
    rig.put("app", note(one), "note")
    rig.change(lambda store: setattr(store.repository("other"), "quirks", Quirks(referrers=api)))
    plan = await plan_copy(rig.inspector, rig.at("app:note"), rig.ref("other:note"))
    kinds = [each.kind for each in plan.steps]
    assert (StepKind.REFERRERS_TAG in kinds) is (api == "absent")
    assert api == "right" or kinds[-1] is StepKind.REFERRERS_TAG, "it comes after what it lists"
    await rig.push(plan).run()
    found = await rig.client.referrers(rig.registry, "other", Digest.parse(one.manifest.digest))
    assert [str(each.digest) for each in found.descriptors] == [note(one).manifest.digest]
    tag = rig.holds("other", fallback_tag(Digest.parse(one.manifest.digest)))
    assert (tag is not None) is (api == "absent")
    if tag is not None:
        listed = json.loads(rig.change(lambda store: store.repository("other").manifests[tag].raw))
        assert listed["mediaType"] == media.OCI_INDEX
        assert listed["manifests"][0]["annotations"] == {"a": "b"}
        assert listed["manifests"][0]["artifactType"] == media.OCI_CONFIG


async def test_what_is_listed_already_stays(rig: Rig) -> None:
    one = rig.put("app", make("app", "linux/amd64"), "1")
    first, second = note(one), image("linux/amd64", [step("again")], subject=one.manifest.descriptor())
    rig.put("app", first, "first")
    rig.put("app", second, "second")
    rig.change(lambda store: setattr(store.repository("other"), "quirks", Quirks(referrers="absent")))
    for name in ("first", "second", "first"):
        plan = await plan_copy(rig.inspector, rig.at(f"app:{name}"), rig.ref(f"other:{name}"))
        await rig.push(plan).run()
    found = await rig.client.referrers(rig.registry, "other", Digest.parse(one.manifest.digest))
    assert {str(each.digest) for each in found.descriptors} == {first.manifest.digest, second.manifest.digest}


async def test_what_refers_to_nothing_costs_no_question(rig: Rig) -> None:
    one = rig.put("app", make("app", "linux/amd64"), "1")
    plan = await plan_tag(rig.inspector, rig.ref("app:2"), Digest.parse(one.manifest.digest))
    assert not any(each.kind is StepKind.REFERRERS_TAG for each in plan.steps)
    assert not rig.asked(containing="/referrers/")
