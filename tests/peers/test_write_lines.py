"""The lines that are shown for a write, run as shown: what they promise is so, and what they say is lost is lost."""

from __future__ import annotations

import functools
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.compose.fixtures import Rig, make
from tests.support.peers import need
from tests.support.shell import OPTIONAL, OTHER, SAME, Hand, Held, buildx, here, newer_buildx, true_to
from tui.compose import edit
from tui.compose.copy import plan_copy, plan_tag
from tui.compose.delete import plan_delete_manifest, plan_delete_tag
from tui.compose.edit import begin_amend, begin_new
from tui.compose.journal import Journal
from tui.compose.plan import Plan
from tui.compose.planner import plan_draft
from tui.compose.undo import plan_undo
from tui.demo.images import DOCKER, index, put_index
from tui.demo.serve import Served
from tui.demo.store import Store
from tui.explore.inspector import Inspector
from tui.oci import media
from tui.oci.digest import Digest
from tui.oci.platform import Platform
from tui.registry.client import Client
from tui.registry.settings import ClientSettings
from tui.sources.location import RepositoryLocation
from tui.tools.table import CommandLine
from tui.tools.writing import write_lines

pytestmark = [pytest.mark.slow, pytest.mark.peer, pytest.mark.timeout(240)]


@pytest.fixture
def hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hand:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "home" / ".docker"))
    return Hand(tmp_path / "home")


@pytest.fixture
def two() -> Iterator[tuple[Served, Served]]:
    with Served.start(Store()) as one, Served.start(Store()) as other:
        yield one, other
        assert not one.store.errors and not other.store.errors


@pytest_asyncio.fixture
async def rigs(two: tuple[Served, Served], tmp_path: Path) -> AsyncIterator[tuple[Rig, Rig]]:
    client = Client(ClientSettings(anonymous=True))
    inspector = Inspector(client)
    journal = Journal(tmp_path / "journal")
    yield Rig(two[0], client, inspector, journal), Rig(two[1], client, inspector, journal)
    await inspector.aclose()
    await client.aclose()


@pytest.fixture
def rig(rigs: tuple[Rig, Rig]) -> Rig:
    return rigs[0]


def tools(plan: Plan) -> dict[str, CommandLine]:
    return {each.tool: each for each in write_lines(plan)}


def ran(held: dict[str, Held], *names: str) -> None:
    """These tools were run, where they are."""
    for name in names:
        assert name in held or not here(CommandLine(name, "", "")), name


@pytest.mark.parametrize("tool", [*OPTIONAL, "docker buildx"])
def test_the_tools_that_need_not_be_here(tool: str) -> None:
    if not here(CommandLine(tool, "", "")):
        pytest.skip(f"{tool} is not installed, so that its lines are not run; Debian 12 has no package of it")


# --- a list ----------------------------------------------------------------------------------------------------------


def fill(rig: Rig, repository: str) -> None:
    """Images of many kinds in a repository."""
    rig.put(repository, make("a", "linux/amd64"), "amd64")
    rig.put(repository, make("b", "linux/arm64/v8"), "arm64")
    rig.put(repository, make("c", "linux/arm/v7"), "arm")
    rig.put(repository, make("w", "windows/amd64", os_version="10.0.17763.1"), "windows")
    rig.put(repository, make("x", "windows/arm64", os_version="10.0.17763.1"), "odd")
    rig.put_attested(repository, make("d", "linux/riscv64"), "attested")
    rig.put(repository, make("a", "linux/amd64", style=DOCKER), "docker-amd64")
    rig.put(repository, make("b", "linux/s390x", style=DOCKER), "docker-s390x")


@pytest.mark.parametrize("repository", ["app", "staging"])
@pytest.mark.parametrize(
    ("sources", "annotated"),
    [
        (("amd64", "arm"), False),
        (("arm64", "windows", "odd", "amd64", "arm"), False),
        (("attested", "amd64"), True),
        (("docker-s390x", "docker-amd64"), False),
        (("docker-amd64", "docker-s390x", "arm"), True),
        (("arm",), False),
    ],
    ids=["plain", "platforms", "attested", "docker", "mixed", "single"],
)
async def test_a_list(rig: Rig, hand: Hand, repository: str, sources: tuple[str, ...], annotated: bool) -> None:
    """Out of images of its own repository, or of another one."""
    fill(rig, repository)
    draft = await rig.draft("app:1", *(f"{repository}:{source}" for source in sources))
    if annotated:
        draft = edit.annotate(draft, "org.example.words", "it's <é> $(false) \\n \t `x`")
    plan = await plan_draft(draft, rig.inspector)
    held = await hand.every(plan, rig)
    for one in held.values():
        true_to(plan, one)
    ran(held, "docker manifest", "curl", "crane", "oras", "docker buildx")
    assert held["curl"].digest == plan.digest
    # Where oras would make another list than one of these images alone, it gets the very bytes.
    if "oras" in held and ("attested" in sources or plan.media_type == media.DOCKER_LIST):
        assert held["oras"].digest == plan.digest
    if repository == "app" and "docker buildx" in held and not newer_buildx():
        assert held["docker buildx"].digest == plan.digest
    # Within a registry blobs are mounted, but by newer versions of buildx, as its note says.
    carried = {
        tool for tool, one in held.items() if any("/uploads" in ask.path and ask.status == 202 for ask in one.asked)
    }
    assert carried <= {"docker buildx" if newer_buildx() else ""}


async def test_a_list_inside_a_list_and_images_twice(rig: Rig, hand: Hand) -> None:
    inner = rig.put_list("app", [make("x", "linux/amd64"), make("x", "linux/arm64")], "inner")
    one = rig.put("app", make("a", "linux/s390x"), "t")
    size = len(rig.change(lambda store: store.repository("app").manifests[str(inner)].raw))
    nested = {"mediaType": media.OCI_INDEX, "digest": str(inner), "size": size}
    for entries in ([one.entry(annotations={"k": "v"}), nested], [one.entry(), one.entry()]):
        outer = index(entries)
        rig.change(functools.partial(put_index, name="app", one=outer, tags=["outer"]))
        draft = edit.allow_duplicates(edit.annotate(await begin_amend(rig.inspector, rig.ref("app:outer")), "k", "v"))
        plan = await plan_draft(draft, rig.inspector)
        assert plan.ready, plan.problems
        held = await hand.every(plan, rig)
        for each in held.values():
            true_to(plan, each)
        ran(held, "curl", "crane", "oras")
        if nested in entries:
            assert tools(plan)["docker manifest"].line == tools(plan)["docker buildx"].line == ""


@pytest.mark.parametrize("wanted", [Platform("linux", "arm64", "v8"), Platform("linux", "arm64")], ids=str)
async def test_platforms_that_the_draft_changed(rig: Rig, hand: Hand, wanted: Platform) -> None:
    rig.put("app", make("a", "linux/arm"), "arm")
    draft = await rig.draft("app:1", "app:arm")
    plan = await plan_draft(edit.edit_platform(draft, draft.entries[0].key, wanted), rig.inspector)
    held = await hand.every(plan, rig)
    ran(held, "docker manifest", "curl", "crane", "oras", "docker buildx")
    for tool, each in held.items():
        assert (each.entries[0].platform == wanted) == ("those in the configs" not in each.note), tool
        assert (each.digest == plan.digest) == (OTHER not in each.note)


async def test_a_list_out_of_another_registry(rigs: tuple[Rig, Rig], hand: Hand) -> None:
    rig, other = rigs
    fill(other, "app")
    draft, failed = await begin_new(rig.inspector, rig.ref("app:1"), [other.at("app:amd64"), other.at("app:attested")])
    assert not failed
    plan = await plan_draft(draft, rig.inspector)
    held = await hand.every(plan, rig)
    for one in held.values():
        true_to(plan, one)
    ran(held, "crane", "oras", "docker buildx")
    assert tools(plan)["docker manifest"].line == tools(plan)["curl"].line == ""
    assert "would have to be downloaded" in tools(plan)["curl"].note
    target = rig.at("app:1")
    line = (
        f"docker manifest create --insecure {target} {other.at('app:amd64')}; docker manifest push --insecure {target}"
    )
    done = await hand.shell(line)
    assert "different registry" in done.stderr


async def test_a_blob_that_is_missing_below_a_manifest_that_is_there(rig: Rig, hand: Hand) -> None:
    one = make("a", "linux/amd64")
    rig.put("staging", one, "t")
    rig.put("app", one, "t", without=(one.layers[1],))
    draft = await rig.draft("app:1", "app:t")
    plan = await plan_draft(replace(draft, places=(RepositoryLocation("staging", rig.registry),)), rig.inspector)
    assert plan.ready, plan.problems
    held = await hand.every(plan, rig)
    assert set(held) == {"curl"}
    assert held["curl"].digest == plan.digest
    for each in write_lines(plan):
        assert each.tool in ("curl", "skopeo") or "Treats a present manifest as complete" in each.note
    # So they do: each of them says that all is well, and the layer is not there.
    where = rig.at("app:1")
    source, below = (rig.at(f"{name}@{one.manifest.digest}") for name in ("app", "staging"))
    lines = {
        "docker": f"docker manifest create --insecure {where} {source} && docker manifest push --insecure {where}",
        "crane": f"crane index append --insecure -t {where} -m {source}",
        "oras": f"oras cp --from-plain-http --to-plain-http {below} {rig.at('app')}",
    }
    for tool, line in lines.items():
        if here(CommandLine(tool, "", "")):
            done = await hand.shell(line)
            assert done.returncode == 0, done.stderr
            assert not rig.change(lambda store: store.has_blob("app", one.layers[1].digest))


# --- copy, tag, undo -------------------------------------------------------------------------------------------------


def refer(rig: Rig, repository: str, subject: dict[str, Any]) -> str:
    """Something that refers to a manifest; its digest."""
    empty = {"mediaType": "application/vnd.oci.empty.v1+json", "digest": str(Digest.of(b"{}")), "size": 2}
    document = {"schemaVersion": 2, "mediaType": media.OCI_MANIFEST, "artifactType": "application/x-words"}
    raw = json.dumps({**document, "config": empty, "layers": [empty], "subject": subject}).encode()

    def put(store: Store) -> str:
        store.put_blob(repository, b"{}")
        return store.put_manifest(repository, raw, media.OCI_MANIFEST)

    return rig.change(put)


@pytest.mark.parametrize("what", ["list", "image"])
async def test_a_copy(rigs: tuple[Rig, Rig], hand: Hand, what: str) -> None:
    rig, other = rigs
    rig.put_attested("app", make("a", "linux/amd64"), "list")
    rig.put("app", make("b", "linux/arm64"), "image")
    for to in (rig, other):
        plan = await plan_copy(rig.inspector, rig.at(f"app:{what}"), to.ref("copy:1"))
        held = await hand.every(plan, to)
        assert {tool for tool, one in held.items() if one.digest != plan.digest} == set()
        assert all(SAME in one.note for one in held.values())
        ran(held, "skopeo", "crane", "oras", "docker buildx", *(("curl",) if to is rig else ()))
        if to is rig:
            for tool, one in held.items():
                if tool == "docker buildx" and newer_buildx():
                    continue
                mounted = any(ask.path.endswith("/uploads/") and "mount=" in ask.query for ask in one.asked)
                # skopeo remembers blobs of earlier runs, by registry and port.
                assert mounted or "Mounts only what it remembers" in one.note, tool
    if buildx() != (0,) and what == "image":
        await hand.shell(f"docker buildx imagetools create -t {rig.at('copy:2')} {rig.at('app:image')}")
        made = rig.change(lambda store: store.repository("copy").manifests[store.repository("copy").tags["2"]])
        assert media.is_index(made.media_type)


async def test_a_copy_with_referrers(rig: Rig, hand: Hand) -> None:
    one = make("a", "linux/amd64")
    top = rig.put_list("app", [one], "1")
    size = len(rig.change(lambda store: store.repository("app").manifests[str(top)].raw))
    wanted = {
        refer(rig, "app", {"mediaType": media.OCI_INDEX, "digest": str(top), "size": size}),
        refer(rig, "app", one.manifest.descriptor()),
    }
    plan = await plan_copy(rig.inspector, rig.at("app:1"), rig.ref("copy:1"), referrers=True)
    before = rig.change(lambda store: store.snapshot())
    for command in write_lines(plan):
        if not command.line or not here(command):
            continue
        done = await hand.shell(command.line)
        assert done.returncode == 0, f"{command.line}\n{done.stderr}"
        there = rig.change(lambda store: set(store.repository("copy").manifests))
        assert (wanted <= there) == ("eferrers stay behind" not in command.note), command
        assert rig.holds("copy", "1") == plan.digest
        rig.change(lambda store: store.restore(before))


async def test_a_copy_from_disk(rigs: tuple[Rig, Rig], hand: Hand, tmp_path: Path) -> None:
    rig, _other = rigs
    one = make("a", "linux/amd64")
    rig.put_attested("app", one, "1")
    skopeo = f"{need('skopeo')} copy --all --src-tls-verify=false"
    for to, source in (("oci:lay:v1", "app:1"), ("oci-archive:lay.tar:v1", "app:1")):
        kind, _, path = to.partition(":")
        done = await hand.shell(f"{skopeo} docker://{rig.at(source)} {kind}:{tmp_path}/{path}")
        assert done.returncode == 0, done.stderr
        plan = await plan_copy(rig.inspector, f"{kind}:{tmp_path}/{path}", rig.ref("copy:1"))
        held = await hand.every(plan, rig)
        ran(held, "oras")
        assert all(each.digest == plan.digest for each in held.values())
        # The line that skopeo's note says
        assert "PATH:TAG ..." in tools(plan)["skopeo"].note
        words = tools(plan)["skopeo"].note.split(": ", 1)[1].replace("PATH:TAG ...", f"{tmp_path}/{path}")
        done = await hand.shell(f"{words} docker://{rig.at('copy:2')} --dest-tls-verify=false")
        assert done.returncode == 0, done.stderr
        assert rig.holds("copy", "2") == plan.digest
    plan = await plan_copy(rig.inspector, f"oci:{tmp_path}/lay@{one.manifest.digest}", rig.ref("below:1"))
    assert "as a plain blob" in tools(plan)["oras"].note
    if here(tools(plan)["oras"]):
        await hand.shell(tools(plan)["oras"].line)
        assert rig.holds("below", "1") is None
    archive = f"{tmp_path}/docker.tar"
    line = (
        f"skopeo copy --src-tls-verify=false docker://{rig.at(f'app@{one.manifest.digest}')} docker-archive:{archive}"
    )
    assert (await hand.shell(f"{line}:words:1")).returncode == 0
    plan = await plan_copy(rig.inspector, f"docker-archive:{archive}:words:1", rig.ref("saved:1"))
    held = await hand.every(plan, rig)
    assert held["skopeo"].digest not in (None, str(plan.digest))
    assert "another digest" in held["skopeo"].note


@pytest.mark.parametrize("what", ["list", "image"])
async def test_a_tag_and_its_undoing(rig: Rig, hand: Hand, what: str) -> None:
    rig.put_attested("app", make("a", "linux/amd64"), "list")
    rig.put("app", make("b", "linux/arm64"), "image")
    digest = Digest.parse(rig.holds("app", what) or "")
    plan = await plan_tag(rig.inspector, rig.ref("app:new"), digest)
    held = await hand.every(plan, rig)
    assert {tool for tool, one in held.items() if one.digest != digest} == set()
    ran(held, "crane", "oras", "docker buildx", "skopeo", "curl")

    pushed = await rig.pushed(f"app:{what}", "app:image", "app:list")
    plan = await plan_undo(rig.journal, rig.ref(f"app:{what}"), pushed.digest, rig.inspector)
    held = await hand.every(plan, rig)
    assert {tool for tool, one in held.items() if one.digest != digest} == set()
    ran(held, "crane", "oras", "docker buildx", "skopeo", "curl")
    # Some need what is put back to be in the repository still, and say so.
    rig.change(lambda store: store.delete_manifest("app", str(digest)))
    before = rig.change(lambda store: store.snapshot())
    for command in write_lines(plan):
        if command.line and here(command):
            done = await hand.shell(command.line)
            assert (done.returncode == 0) == ("must still be in the repository" not in command.note), command
            assert (rig.holds("app", what) == digest) == (done.returncode == 0)
            rig.change(lambda store: store.restore(before))


# --- delete ----------------------------------------------------------------------------------------------------------


async def test_deleting_a_tag_and_a_manifest(rig: Rig, hand: Hand) -> None:
    digest, _proof = rig.put_attested("app", make("a", "linux/amd64"), "1", "same")
    before = rig.change(lambda store: store.snapshot())
    for plan, tags in (
        (await plan_delete_tag(rig.inspector, rig.ref("app:1")), {"same"}),
        (await plan_delete_manifest(rig.inspector, rig.ref(f"app@{digest}")), set()),
    ):
        ran_ = set()
        for command in write_lines(plan):
            if command.line and here(command):
                done = await hand.shell(command.line)
                assert done.returncode == 0, f"{command.line}\n{done.stderr}"
                assert rig.change(lambda store: set(store.repository("app").tags)) == tags, command.line
                rig.change(lambda store: store.restore(before))
                ran_.add(command.tool)
        assert "curl" in ran_
        assert ("skopeo" in ran_) == (not tags)
    # What the notes of those that cannot delete a tag say
    for line in (
        f"oras manifest delete --force --plain-http {rig.at('app:1')}",
        f"skopeo delete --tls-verify=false docker://{rig.at('app:1')}",
    ):
        if here(CommandLine(line.split()[0], "", "")):
            assert (await hand.shell(line)).returncode == 0
            assert rig.change(lambda store: store.repository("app").tags) == {}
            rig.change(lambda store: store.restore(before))


async def test_every_tool_that_is_named_is_known(rig: Rig, hand: Hand) -> None:
    """A list, with all that is shown of it: a tool that the tests cannot run would never be noticed otherwise."""
    rig.put("app", make("a", "linux/amd64"), "a")
    plan = await rig.plan("app:1", "app:a")
    for one in (await hand.every(plan, rig)).values():
        true_to(plan, one)
    named = {each.tool for each in write_lines(plan)}
    assert named == {"docker manifest", "docker buildx", "crane", "oras", "regctl", "curl", "skopeo"}
    assert all(isinstance(each, CommandLine) for each in write_lines(plan))
