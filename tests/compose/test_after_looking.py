"""What was just looked at on the screen is not asked again to recreate it: one inspector for both."""

from __future__ import annotations

from collections import Counter

from tests.compose.fixtures import Rig, make
from tui.compose.plan import Plan
from tui.compose.planner import plan_draft
from tui.compose.recreate import recreate
from tui.compose.service import DraftService
from tui.explore.explorer import Explorer
from tui.oci.manifest import Index
from tui.sources.location import RepositoryLocation
from tui.sources.registry import RegistrySource


async def recreated(rig: Rig, text: str) -> Plan:
    """What `R` does: the tag is asked, its sources are, and all that the new list needs."""
    target = rig.ref(text)
    location = RepositoryLocation.of(target)
    index = await rig.inspector.manifest(location, target.tag or "", fresh=True)
    assert isinstance(index, Index)
    return await plan_draft(await recreate(rig.inspector, target, index, location), rig.inspector)


def asked(rig: Rig) -> Counter[tuple[str, str]]:
    return Counter((one.method, one.path) for one in rig.asked())


async def test_recreating_after_a_check_asks_for_the_tags_only(rig: Rig) -> None:
    old = [make("old", "linux/amd64"), make("old", "linux/arm64")]
    rig.put_list("app", old, "1")
    for one, tag in zip(old, ("1-amd64", "1-arm64"), strict=True):
        rig.put("app", one, tag)
    explorer = Explorer(rig.inspector)
    row = explorer.add_selector(RegistrySource(rig.client, rig.registry), "app", "1")
    await explorer.check(row).wait()
    looked = asked(rig)
    assert [path for (method, path) in looked if method == "HEAD" and "/blobs/" in path]
    rig.forget_requests()
    plan = await recreated(rig, "app:1")
    assert plan.ready
    again = asked(rig)
    assert again["GET", "/v2/app/manifests/1"]  # what a guarded write rests on is always asked
    assert not [path for _, path in again if "/blobs/" in path]
    assert not [path for _, path in again if "sha256:" in path and "/manifests/" in path]


async def test_a_check_after_recreating_asks_for_nothing_that_was_seen_either(rig: Rig) -> None:
    old = [make("old", "linux/amd64")]
    rig.put_list("app", old, "1")
    rig.put("app", old[0], "1-amd64")
    explorer = Explorer(rig.inspector)
    row = explorer.add_selector(RegistrySource(rig.client, rig.registry), "app", "1")
    await recreated(rig, "app:1")
    rig.forget_requests()
    await explorer.check(row).wait()
    blobs = [one for one in rig.asked() if "/blobs/" in one.path]
    assert len({one.path for one in blobs}) == len(blobs)
    assert not any(one.method == "HEAD" for one in blobs)


async def test_from_a_check_to_the_pushed_tag(rig: Rig) -> None:
    """Each request from `R` to the end, and nothing of what the check saw: the tag for each of its guards, the sources,
    what is new."""
    old = [make("old", "linux/amd64"), make("old", "linux/arm64")]
    rig.put_list("app", old, "1")
    rig.put("app", old[0], "1-amd64")
    new = rig.put("app", make("new", "linux/arm64", layers=3), "1-arm64")
    explorer = Explorer(rig.inspector)
    row = explorer.add_selector(RegistrySource(rig.client, rig.registry), "app", "1")
    await explorer.check(row).wait()
    rig.forget_requests()
    service = DraftService(rig.inspector, journal=rig.journal)

    draft = await service.recreate(row, lambda _text: None)
    assert asked(rig) == {
        ("GET", "/v2/app/manifests/1"): 1,
        ("GET", "/v2/app/tags/list"): 1,
        ("HEAD", "/v2/app/manifests/1-amd64"): 1,
        ("HEAD", "/v2/app/manifests/1-arm64"): 1,
        ("GET", f"/v2/app/manifests/{new.manifest.digest}"): 1,
        ("GET", f"/v2/app/blobs/{new.config.digest}"): 1,
    }
    rig.forget_requests()
    plan = await service.plan(draft, count_referrers=False)
    assert asked(rig) == {
        ("GET", "/v2/app/manifests/1"): 1,
        **{("HEAD", f"/v2/app/blobs/{layer.digest}"): 1 for layer in new.layers},
    }
    rig.forget_requests()
    assert (await service.push(plan, lambda _event: None).run()).ok
    assert [one.method for one in rig.asked()] == ["HEAD", "PUT", "GET"]
    assert asked(rig).keys() == {(method, "/v2/app/manifests/1") for method in ("HEAD", "PUT", "GET")}
