"""The same write by other tools: lines that a shell reads as meant, and honest words where a tool cannot."""

from __future__ import annotations

import shlex
from dataclasses import replace

from tests.compose.yard import Yard, make
from tui.compose import amend
from tui.compose.copy import plan_copy
from tui.compose.delete import plan_delete_manifest, plan_delete_tag
from tui.compose.equivalents import Equivalent, equivalents
from tui.compose.plan import Plan
from tui.compose.planner import plan_draft
from tui.compose.tag import plan_tag
from tui.demo.images import DOCKER
from tui.oci.digest import Digest


def by_tool(plan: Plan) -> dict[str, Equivalent]:
    found = equivalents(plan)
    for each in found:
        assert each.line == "" or shlex.split(each.line)[0] in each.tool
    return {each.tool: each for each in found}


async def test_creating_in_one_repository(yard: Yard) -> None:
    one = yard.put("app", make("a", "linux/amd64"), "t")
    two = yard.put("app", make("a", "linux/arm/v7"), "u")
    plan = await yard.plan("app:1", "app:t", "app:u")
    tools = by_tool(plan)
    first, second = (yard.at(f"app@{each.manifest.digest}") for each in (one, two))
    lines = tools["docker manifest"].line.splitlines()
    assert lines[1] == f"docker manifest create --insecure {yard.at('app:1')} {first} {second}"
    assert lines[2].startswith("docker manifest annotate --os linux --arch arm --variant v7")
    assert lines[-1] == f"docker manifest push --insecure {yard.at('app:1')}"
    assert tools["docker buildx"].line == f"docker buildx imagetools create -t {yard.at('app:1')} {first} {second}"
    assert tools["crane"].line == f"crane index append --insecure -t {yard.at('app:1')} -m {first} -m {second}"
    assert tools["regctl"].line.endswith(f"--ref {first} --ref {second}")
    assert one.manifest.digest in tools["oras"].line


async def test_what_the_others_cannot(yard: Yard) -> None:
    yard.put_attested("staging", make("a", "linux/amd64"), "t")
    plan = await yard.plan("app:1", "staging:t")
    tools = by_tool(plan)
    assert "attestations are left out" in tools["docker manifest"].note
    assert tools["oras"].line == ""
    assert "copy them there first" in tools["oras"].note


async def test_annotations_are_quoted(yard: Yard) -> None:
    yard.put("app", make("a", "linux/amd64"), "t")
    draft = amend.annotate(await yard.draft("app:1", "app:t"), "k", "it's $(rm -rf /); `x`\n")
    tools = by_tool(await plan_draft(draft, yard.bench))
    words = shlex.split(tools["docker buildx"].line)
    assert words[words.index("--annotation") + 1] == "index:k=it's $(rm -rf /); `x`\n"


async def test_a_docker_list_stays_one(yard: Yard) -> None:
    yard.put("app", make("a", "linux/amd64", style=DOCKER), "t")
    tools = by_tool(await yard.plan("app:1", "app:t"))
    assert "--docker-empty-base" in tools["crane"].line


async def test_copy_tag_and_delete(yard: Yard) -> None:
    digest, _ = yard.put_attested("app", make("a", "linux/amd64"), "1")
    copied = by_tool(await plan_copy(yard.bench, yard.at("app:1"), yard.ref("other:1")))
    assert copied["skopeo"].line.endswith(f"docker://{yard.at(f'app@{digest}')} docker://{yard.at('other:1')}")
    assert copied["crane"].line == f"crane copy --insecure {yard.at(f'app@{digest}')} {yard.at('other:1')}"
    tagged = by_tool(await plan_tag(yard.bench, yard.ref("app:2"), digest))
    assert tagged["crane"].line == f"crane tag --insecure {yard.at(f'app@{digest}')} 2"
    assert tagged["docker manifest"].line == ""
    gone = by_tool(await plan_delete_tag(yard.bench, yard.ref("app:1")))
    assert gone["curl"].line == f"curl --fail -X DELETE http://{yard.registry}/v2/app/manifests/1"
    assert gone["oras"].line == ""
    hole = by_tool(await plan_delete_manifest(yard.bench, yard.ref(f"app@{digest}")))
    assert hole["oras"].line.endswith(yard.at(f"app@{digest}"))


async def test_a_plan_without_bytes_has_none(yard: Yard) -> None:
    yard.put("app", make("a", "linux/amd64"), "t")
    plan = await yard.plan("app:1", "app:t")
    assert equivalents(replace(plan, raw=None)) == ()
    assert equivalents(replace(plan, raw=b"[]", digest=Digest.of(b"[]"))) == ()
