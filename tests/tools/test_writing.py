"""The same write by other tools: lines that a shell reads as meant, and honest words where a tool cannot.

That the lines work, and that the notes are true, is shown by running them: tests/peers/test_write_lines.py.
"""

from __future__ import annotations

import asyncio
import json
import shlex
import subprocess
from dataclasses import replace

import pytest

from tests.compose.fixtures import Rig, make
from tests.support.peers import need
from tests.support.shell import OTHER, SAME
from tui.compose import edit
from tui.compose.copy import plan_copy, plan_tag
from tui.compose.delete import plan_delete_manifest, plan_delete_tag
from tui.compose.draft import TypeChoice
from tui.compose.plan import Plan
from tui.compose.planner import plan_draft
from tui.demo.images import DOCKER
from tui.oci.digest import Digest
from tui.oci.reference import Reference
from tui.registry.access import Hosts
from tui.registry.settings import ClientSettings, HostSettings
from tui.tools.planned import MOST_BYTES
from tui.tools.table import CommandLine, piped
from tui.tools.writing import LONGEST, write_lines


def by_tool(plan: Plan, hosts: Hosts | None = None) -> dict[str, CommandLine]:
    found = write_lines(plan, hosts)
    for each in found:
        assert each.line or each.note, each
        assert each.line == "" or any(word in each.tool for word in shlex.split(each.line)), each.line
    assert len({each.tool for each in found}) == len(found)
    return {each.tool: each for each in found}


async def test_creating_in_one_repository(rig: Rig) -> None:
    one = rig.put("app", make("a", "linux/amd64"), "t")
    two = rig.put("app", make("a", "linux/arm/v7"), "u")
    plan = await rig.plan("app:1", "app:t", "app:u")
    tools = by_tool(plan)
    target = rig.at("app:1")
    first, second = (rig.at(f"app@{each.manifest.digest}") for each in (one, two))
    lines = tools["docker manifest"].line.split(" &&\n")
    assert lines[0].startswith(f"docker manifest rm {target} 2>/dev/null; docker manifest create --insecure {target} ")
    assert lines[0].endswith(f"{first} {second}")
    assert lines[1].startswith("docker manifest annotate --os linux --arch arm --variant v7")
    assert lines[-1] == f"docker manifest push --insecure {target}"
    words = shlex.split(tools["docker buildx"].line)
    assert words[:6] == ["docker", "buildx", "imagetools", "create", "-t", target]
    assert [json.loads(word)["digest"] for word in words[6:]] == [one.manifest.digest, two.manifest.digest]
    assert tools["crane"].line == f"crane index append --insecure -t {target} -m {first} -m {second}"
    regctl = f"regctl --host reg={rig.registry},tls=disabled"
    assert tools["regctl"].line == f"{regctl} index create {target} --ref {first} --ref {second}"
    digests = f"{one.manifest.digest} {two.manifest.digest}"
    assert tools["oras"].line == f"oras manifest index create --plain-http {target} {digests}"
    assert tools["curl"].line.endswith(f"--data-binary @- http://{rig.registry}/v2/app/manifests/1")
    exact = {tool for tool, each in tools.items() if SAME in each.note}
    assert exact == {"docker buildx", "curl"}


async def test_the_very_bytes_where_another_list_would_be_made(rig: Rig) -> None:
    """Of the annotations that tie an attestation to its image neither oras nor regctl would keep any."""
    rig.put_attested("app", make("a", "linux/amd64"), "t")
    plan = await rig.plan("app:1", "app:t")
    tools = by_tool(plan)
    target = rig.at("app:1")
    assert tools["regctl"].line.endswith(
        f" | regctl --host reg={rig.registry},tls=disabled manifest put --content-type {plan.media_type} {target}"
    )
    assert tools["oras"].line.endswith(f" | oras manifest push --plain-http --media-type {plan.media_type} {target} -")
    assert {tool for tool, each in tools.items() if SAME in each.note} == {"docker buildx", "regctl", "oras", "curl"}


async def test_out_of_another_repository(rig: Rig) -> None:
    rig.put_attested("staging", make("a", "linux/amd64"), "t")
    plan = await rig.plan("app:1", "staging:t")
    tools = by_tool(plan)
    assert "attestations are left out" in tools["docker manifest"].note
    assert "Fails where the registry does not mount." in tools["docker manifest"].note
    *copies, push = tools["oras"].line.split(" &&\n")
    assert len(copies) == 2
    assert all(each.startswith("oras cp --from-plain-http --to-plain-http ") for each in copies)
    assert all(each.endswith(f" {rig.registry}/app") for each in copies)
    assert "oras manifest push" in push
    assert tools["curl"].line.count("blobs/uploads/?mount=sha256:") == len([s for s in plan.steps if s.kind == "mount"])
    # regctl cannot be run here; after its documentation `index create` copies each image, and drops annotations.
    words = shlex.split(tools["regctl"].line)
    assert words[:6] == ["regctl", "--host", f"reg={rig.registry},tls=disabled", "index", "create", rig.at("app:1")]
    assert words[6::2] == ["--ref", "--ref"]
    assert "The entries' annotations are lost" in tools["regctl"].note


@pytest.mark.slow
async def test_words_are_quoted(rig: Rig) -> None:
    """In bash they are what they were, and nothing in them can end a paste."""
    rig.put("app", make("a", "linux/amd64"), "t")
    value = "it's $(rm -rf /); `x`\n\x1b[201~ \\n \u202e é"
    draft = edit.annotate(await rig.draft("app:1", "app:t"), "k", value)
    tools = by_tool(await plan_draft(draft, rig.inspector))
    for each in tools.values():
        assert not any(ord(letter) < 32 for letter in each.line.replace(" &&\n", "")), each
    line = tools["docker buildx"].line.replace("docker", "printf '%s\\0' docker", 1)
    done = await asyncio.to_thread(subprocess.run, [need("bash"), "-c", line], capture_output=True, timeout=20)
    words = done.stdout.decode().split("\0")
    assert words[words.index("--annotation") + 1] == f"index:k={value}"


@pytest.mark.slow
@pytest.mark.parametrize("shell", ["bash", "sh"])
def test_bytes_come_out_of_any_shell_as_they_went_in(shell: str) -> None:
    raw = bytes(range(256)) + b"%s %% \\n \\c 'x' \n\n"
    done = subprocess.run([need(shell), "-c", f"{piped(raw)} cat"], capture_output=True, check=True, timeout=20)
    assert done.stdout == raw


async def test_a_docker_list_stays_one(rig: Rig) -> None:
    rig.put("app", make("a", "linux/amd64", style=DOCKER), "t")
    draft = await rig.draft("app:1", "app:t")
    tools = by_tool(await plan_draft(draft, rig.inspector))
    assert "--docker-empty-base" in tools["crane"].line
    as_oci = by_tool(await plan_draft(edit.choose_type(draft, TypeChoice.OCI), rig.inspector))
    assert "--docker-empty-base" not in as_oci["crane"].line
    assert as_oci["docker buildx"].note.startswith(f"{OTHER} Makes a Docker list")


async def test_copy_tag_and_delete(rig: Rig) -> None:
    digest, _ = rig.put_attested("app", make("a", "linux/amd64"), "1")
    copied = by_tool(await plan_copy(rig.inspector, rig.at("app:1"), rig.ref("other:1")))
    assert copied["skopeo"].line.endswith(f"docker://{rig.at(f'app@{digest}')} docker://{rig.at('other:1')}")
    assert copied["crane"].line == f"crane copy --insecure {rig.at(f'app@{digest}')} {rig.at('other:1')}"
    assert copied["regctl"].line.startswith(f"regctl --host reg={rig.registry},tls=disabled image copy ")
    tagged = by_tool(await plan_tag(rig.inspector, rig.ref("app:2"), digest))
    assert tagged["crane"].line == f"crane tag --insecure {rig.at(f'app@{digest}')} 2"
    assert tagged["docker manifest"].line == ""
    gone = by_tool(await plan_delete_tag(rig.inspector, rig.ref("app:1")))
    assert gone["curl"].line.endswith(f"--request DELETE http://{rig.registry}/v2/app/manifests/1")
    assert gone["regctl"].line.endswith(f"tag delete {rig.at('app:1')}")
    assert gone["oras"].line == gone["skopeo"].line == ""
    hole = by_tool(await plan_delete_manifest(rig.inspector, rig.ref(f"app@{digest}")))
    assert hole["oras"].line == f"oras manifest delete --force --plain-http {rig.at(f'app@{digest}')}"


async def test_each_registry_gets_its_own_flags(rig: Rig) -> None:
    """By how it is reached, whatever its name; a line with one flag for both says so."""
    digest = rig.put_list("app", [make("a", "linux/amd64")], "1")
    plan = await plan_copy(rig.inspector, rig.at("app:1"), rig.ref("other:1"))
    away = replace(plan, target=Reference.parse("registry.example/app:1"))

    def lines(settings: HostSettings) -> dict[str, CommandLine]:
        return by_tool(away, ClientSettings(hosts={"registry.example": settings}))

    source, target = rig.at(f"app@{digest}"), "registry.example/app:1"
    safe, http = lines(HostSettings()), lines(HostSettings(plain_http=True))
    insecure = lines(HostSettings(insecure=True))
    assert safe["oras"].line == f"oras cp --from-plain-http {source} {target}"
    assert http["oras"].line == f"oras cp --from-plain-http --to-plain-http {source} {target}"
    assert insecure["oras"].line == f"oras cp --from-plain-http --to-insecure {source} {target}"
    assert "--dest-tls-verify=false" not in safe["skopeo"].line
    assert "--src-tls-verify=false --dest-tls-verify=false" in http["skopeo"].line
    assert "--src-tls-verify=false --dest-tls-verify=false" in insecure["skopeo"].line
    assert "reg=registry.example" not in safe["regctl"].line
    assert "--host reg=registry.example,tls=disabled" in http["regctl"].line
    assert "--host reg=registry.example,tls=insecure" in insecure["regctl"].line
    assert "--insecure holds for both registries." in safe["crane"].note
    assert "--insecure" in safe["crane"].line
    assert "for both" not in http["crane"].note
    assert "buildkitd.toml" not in safe["docker buildx"].note
    assert "buildkitd.toml" in http["docker buildx"].note
    assert "buildkitd.toml" in insecure["docker buildx"].note

    gone = replace(await plan_delete_tag(rig.inspector, rig.ref("app:1")), target=away.target)
    for words in ("", "--insecure "):
        hosts = ClientSettings(hosts={"registry.example": HostSettings(insecure=bool(words))})
        curl = by_tool(gone, hosts)["curl"].line
        assert curl == (
            f"curl --fail --silent --show-error {words}--request DELETE https://registry.example/v2/app/manifests/1"
        )


async def test_docker_hub(rig: Rig) -> None:
    """Its interface is at another name than its references, and curl has no token to write with."""
    digest = rig.put_list("app", [make("a", "linux/amd64")], "1")
    plan = replace(
        await plan_tag(rig.inspector, rig.ref("app:2"), digest), target=Reference.parse("docker.io/me/app:2")
    )
    tools = by_tool(plan)
    assert tools["crane"].line == f"crane tag docker.io/me/app@{digest} 2"
    assert tools["curl"].line == ""
    assert "token" in tools["curl"].note


async def test_more_than_a_line_can_hold(rig: Rig) -> None:
    rig.put("app", make("a", "linux/amd64"), "t")
    draft = edit.annotate(await rig.draft("app:1", "app:t"), "k", "v" * MOST_BYTES * 2)
    tools = by_tool(await plan_draft(draft, rig.inspector))
    assert tools["oras"].line == tools["curl"].line == ""
    assert "too many for a command line" in tools["oras"].note
    assert "long line" in tools["curl"].note
    assert "index create" in tools["regctl"].line
    draft = edit.annotate(draft, "k", "v" * LONGEST)
    tools = by_tool(await plan_draft(draft, rig.inspector))
    assert {tool for tool, each in tools.items() if each.line} == {"docker manifest", "crane"}


async def test_a_plan_without_bytes_has_none(rig: Rig) -> None:
    rig.put("app", make("a", "linux/amd64"), "t")
    plan = await rig.plan("app:1", "app:t")
    assert write_lines(replace(plan, raw=None)) == ()
    assert write_lines(replace(plan, raw=b"[]", digest=Digest.of(b"[]"))) == ()
