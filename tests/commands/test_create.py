"""`fanfold create`: the digest alone on stdout, the exit statuses, and nothing written on bad input."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.compose.fixtures import Rig, make
from tests.support.commands import run_create
from tests.support.schemas import hold_printed
from tui.commands.create import create
from tui.config import Settings
from tui.demo.faults import deny
from tui.demo.images import DOCKER
from tui.demo.quirks import Quirks
from tui.explore.inspector import Inspector
from tui.oci import media
from tui.oci.digest import Digest
from tui.oci.platform import Platform
from tui.registry.client import Client
from tui.registry.settings import ClientSettings, HostSettings


class Command:
    """Runs the command in a test's surroundings."""

    def __init__(self, rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
        self.rig = rig
        self.capsys = capsys

    async def __call__(
        self, target: str, sources: Sequence[str], *, client: Client | None = None, **options: Any
    ) -> tuple[int, str, str]:
        self.capsys.readouterr()
        sources = [source if source.startswith(("127.", "oci:")) else self.rig.at(source) for source in sources]
        status = await create(
            Inspector(client) if client is not None else self.rig.inspector,
            self.rig.at(target),
            sources,
            journal=self.rig.journal,
            **options,
        )
        written = self.capsys.readouterr()
        if options.get("json"):
            hold_printed(written.out, "create")
        return status, written.out, written.err

    def document(self, repository: str, tag: str) -> Mapping[str, Any]:
        held = self.rig.holds(repository, tag)
        assert held is not None
        raw = self.rig.change(lambda store: store.repository(repository).manifests[held].raw)
        found: Mapping[str, Any] = json.loads(raw)
        return found


@pytest.fixture
def command(rig: Rig, capsys: pytest.CaptureFixture[str]) -> Command:
    for name in ("amd64", "arm64"):
        rig.put("app", make("a", f"linux/{name}"), name)
    return Command(rig, capsys)


async def test_stdout_is_the_digest(rig: Rig, command: Command) -> None:
    status, out, err = await command("app:1", ["app:amd64", "app:arm64"])
    assert (status, out) == (0, f"{rig.holds('app', '1')}\n")
    assert "push the index" in err
    again = await command("app:1", ["app:amd64", "app:arm64"])
    assert again[:2] == (0, out)


async def test_json_also_when_nothing_is_pushed(rig: Rig, command: Command) -> None:
    status, out, err = await command("app:1", ["app:amd64", "app:nowhere"], json=True)
    found = json.loads(out)
    assert (status, found["digest"], found["outcome"]) == (1, None, "refused")
    assert found["reference"] == rig.at("app:1")
    assert found["messages"] and found["messages"][0] in err
    layer = make("lost", "linux/s390x")
    rig.put("app", layer, "lost")
    rig.change(lambda store: store.delete_blob("app", layer.layers[0].digest))
    status, out, _ = await command("app:1", ["app:lost"], json=True)
    found = json.loads(out)
    assert (status, found["outcome"], found["before"]) == (1, "refused", None)
    assert layer.layers[0].digest in found["messages"][0]
    assert rig.holds("app", "1") is None


async def test_json(rig: Rig, command: Command) -> None:
    status, out, _ = await command("app:1", ["app:amd64", "app:arm64"], json=True)
    assert status == 0
    found = json.loads(out)
    assert found["digest"] == rig.holds("app", "1")
    assert found["outcome"] == "pushed"
    assert found["platforms"] == ["linux/amd64", "linux/arm64"]


async def test_a_dry_run_writes_nothing_and_tells_the_digest(rig: Rig, command: Command) -> None:
    status, text, _ = await command("app:1", ["app:amd64", "app:arm64"], dry_run=True)
    assert status == 0
    status, out, _ = await command("app:1", ["app:amd64", "app:arm64"], dry_run=True, json=True)
    assert status == 0
    planned = json.loads(out)
    assert planned["digest"] in text
    assert rig.holds("app", "1") is None
    assert not rig.asked("PUT") and not rig.asked("POST")
    _, out, _ = await command("app:1", ["app:amd64", "app:arm64"])
    assert out.strip() == planned["digest"]


async def test_amend_remove_annotate(rig: Rig, command: Command) -> None:
    await command("app:1", ["app:amd64", "app:arm64"])
    rig.put("app", make("new", "linux/s390x"), "s390x")
    status, _, err = await command(
        "app:1", ["app:s390x"], amend=True, remove=(Platform.parse("linux/arm64"),), annotations={"k": "v"}
    )
    assert status == 0, err
    document = command.document("app", "1")
    assert [entry["platform"]["architecture"] for entry in document["manifests"]] == ["amd64", "s390x"]
    assert document["annotations"] == {"k": "v"}
    assert "Removed linux/arm64" in err


async def test_annotations_on_a_docker_list(rig: Rig, command: Command) -> None:
    rig.put("docker", make("d", "linux/amd64", style=DOCKER), "t")
    status, out, err = await command("docker:1", ["docker:t"], annotations={"k": "v"})
    assert (status, out) == (1, "")
    assert "--type oci" in err
    assert rig.holds("docker", "1") is None
    status, _, _ = await command("docker:1", ["docker:t"], annotations={"k": "v"}, type="oci")
    assert status == 0
    assert command.document("docker", "1")["mediaType"] == media.OCI_INDEX


@pytest.mark.parametrize(
    ("sources", "options", "status", "words"),
    [
        (["app:never"], {}, 1, "does not exist"),
        (["app:never", "app:neither", "app:amd64"], {}, 1, "neither"),
        (["private:1"], {}, 3, "may not see it"),
        (["private:1", "app:never"], {}, 1, "may not see it"),
        (["127.0.0.1:1/app:1"], {}, 3, "could not be read"),
        (["app:chart"], {}, 1, "not an image"),
        (["app:amd64", "app:amd64-again"], {}, 1, "twice"),
        (["app:amd64"], {"remove": (Platform.parse("linux/amd64"),)}, 2, "The draft is empty"),
        (["app:amd64"], {"remove": (Platform.parse("linux/s390x"),)}, 1, "No linux/s390x"),
        (["app:amd64"], {"amend": True}, 1, "does not exist"),
        (["app:broken"], {}, 1, "was not found"),
        (["oci:/nowhere:1"], {}, 3, "nowhere"),
    ],
)
async def test_bad_input(
    rig: Rig, command: Command, sources: list[str], options: dict[str, Any], status: int, words: str
) -> None:
    rig.put("app", make("b", "linux/amd64"), "amd64-again")
    rig.put("private", make("p", "linux/amd64"), "1")
    rig.change(lambda store: deny(store, "private"))
    broken = make("broken", "linux/amd64")
    rig.put("app", broken, "broken", without=broken.layers[:1])
    chart = json.loads(broken.manifest.raw)
    chart["config"]["mediaType"] = "application/vnd.cncf.helm.config.v1+json"
    rig.change(lambda store: store.put_manifest("app", json.dumps(chart).encode(), media.OCI_MANIFEST, ("chart",)))
    found = await command("app:1", sources, **options)
    assert found[:2] == (status, ""), found[2]
    assert words in found[2]
    assert rig.holds("app", "1") is None
    assert not rig.asked("PUT") and not rig.asked("POST")


async def test_a_target_that_is_no_tag(rig: Rig, command: Command) -> None:
    for target in (f"app@{Digest.of(b'x')}", "UPPER:1"):
        status, out, err = await command(target, ["app:amd64"])
        assert (status, out) == (2, "")
        assert err
    status, _, err = await command("app:1", [f"{rig.registry}"])
    assert status == 2
    assert "not an image in it" in err


@pytest.mark.parametrize("everywhere", [True, False])
async def test_a_read_only_target(rig: Rig, command: Command, everywhere: bool) -> None:
    hosts = {rig.registry: HostSettings(read_only=not everywhere)}
    client = Client(ClientSettings(hosts=hosts, read_only=everywhere))
    status, out, err = await command("app:1", ["app:amd64"], client=client)
    await client.aclose()
    assert (status, out) == (1, "")
    assert "read-only" in err
    assert not rig.asked("PUT") and not rig.asked("POST")


@pytest.mark.parametrize("everywhere", [True, False])
@pytest.mark.parametrize("amend", [True, False])
async def test_a_dry_run_on_a_read_only_target_shows_the_plan(
    rig: Rig, command: Command, everywhere: bool, amend: bool
) -> None:
    await command("app:1", ["app:amd64"])
    before = rig.holds("app", "1")
    rig.forget_requests()
    hosts = {rig.registry: HostSettings(read_only=not everywhere)}
    client = Client(ClientSettings(hosts=hosts, read_only=everywhere))
    options: dict[str, Any] = {"client": client, "amend": amend, "dry_run": True}
    status, text, err = await command("app:1", ["app:arm64"], **options)
    assert status == 0, err
    assert "Steps" in text and "push the index" in text
    assert "Cannot write to" in text and "Cannot write to" in err
    status, out, _ = await command("app:1", ["app:arm64"], json=True, **options)
    await client.aclose()
    planned = json.loads(out)
    assert planned["ready"] and planned["steps"] and planned["digest"] in text
    assert rig.holds("app", "1") == before
    assert not rig.asked("PUT") and not rig.asked("POST")


async def test_stderr_is_safe(rig: Rig, command: Command) -> None:
    rig.put("app", make("a", "linux/amd64"), "x")
    status, _, err = await command("app:1", ["app:\x1b[31mred"])
    assert status == 2
    assert "\x1b" not in err


def test_the_whole_command(served: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    from tui.demo.images import put_image

    served.call(lambda store: put_image(store, "app", make("a", "linux/amd64"), ("t",)))
    log = tmp_path / "create.log"
    status = run_create(Settings(log=log), f"{served.address}/app:1", [f"{served.address}/app:t"])
    written = capsys.readouterr()
    assert status == 0, written.err
    assert written.out.strip() == served.store.repository("app").tags["1"]
    assert f"PUT  http://{served.address}/v2/app/manifests/1  201" in log.read_text()


async def test_only_some_platforms_an_annotation_of_one_entry_and_several_tags(rig: Rig, command: Command) -> None:
    rig.put("app", make("b", "linux/s390x"), "s390x")
    arm, amd = Platform.parse("linux/arm64"), Platform.parse("linux/amd64")
    sources = ["app:amd64", "app:arm64", "app:s390x"]
    more: dict[str, Any] = {"platforms": (amd, arm), "entry_annotations": [(arm, "a/b:c", "d=e")], "tags": ("2", "3")}
    status, out, err = await command("app:1", sources, dry_run=True, **more)
    assert status == 0 and "app:3." in err and "Also pushes to" in err and rig.holds("app", "2") is None
    status, out, _ = await command("app:1", sources, **more)
    digest = rig.holds("app", "1")
    assert (status, out) == (0, f"{digest}\n")
    assert rig.holds("app", "2") == rig.holds("app", "3") == digest
    entries = command.document("app", "1")["manifests"]
    assert [entry["platform"]["architecture"] for entry in entries] == ["amd64", "arm64"]
    assert [entry.get("annotations") for entry in entries] == [None, {"a/b:c": "d=e"}]
    assert len([record for record in rig.journal.records() if record.digest == digest]) == 3
    status, _, err = await command("app:1", sources, platforms=(Platform.parse("linux/386"),))
    assert status == 1 and "No linux/386 to keep" in err


async def several(rig: Rig, command: Command, tags: tuple[str, ...], **more: Any) -> tuple[int, Any, str]:
    """`create app:1 … --tag … --json`: the status, the document, stderr."""
    rig.forget_requests()
    status, out, err = await command("app:1", ["app:amd64", "app:arm64"], tags=tags, json=True, **more)
    return status, json.loads(out), err


def puts(rig: Rig) -> list[str]:
    return [each.path.rpartition("/")[2] for each in rig.asked("PUT") if "/manifests/" in each.path]


async def test_several_tags_in_one_request_where_the_registry_takes_them(rig: Rig, command: Command) -> None:
    status, document, err = await several(rig, command, ("2", "3", "2"))
    digest = rig.holds("app", "1")
    assert status == 0 and "Pushed 3 tags in one request" in err
    assert puts(rig) == [str(digest)]
    assert document["digest"] == digest == rig.holds("app", "2") == rig.holds("app", "3")
    assert [(each["reference"], each["digest"], each["outcome"]) for each in document["tags"]] == [
        (rig.at("app:2"), digest, "pushed"),
        (rig.at("app:3"), digest, "pushed"),
    ]
    assert all(", verified." in each["message"] for each in document["tags"])
    assert [record.outcome for record in rig.journal.records()] == ["pushed"] * 3


@pytest.mark.parametrize("known", [0, 2])
async def test_only_the_tags_that_the_answer_names_are_believed(rig: Rig, command: Command, known: int) -> None:
    rig.change(lambda store: setattr(store.repository("app"), "quirks", Quirks(tags_in_one=known)))
    status, document, _ = await several(rig, command, ("2", "3"))
    digest = rig.holds("app", "1")
    assert puts(rig) == [str(digest), "3"] if known else [str(digest), "1", "2", "3"]
    assert status == 0 and rig.holds("app", "2") == rig.holds("app", "3") == digest
    assert [each["outcome"] for each in document["tags"]] == ["pushed", "pushed"]


async def test_no_more_tags_go_in_one_request_than_every_registry_takes(rig: Rig, command: Command) -> None:
    tags = tuple(f"n{number}" for number in range(11))
    status, document, _ = await several(rig, command, tags)
    assert status == 0 and puts(rig) == [document["digest"], "n9", "n10"]
    assert {rig.holds("app", tag) for tag in tags} == {document["digest"]}


async def test_a_further_tag_that_holds_it_already_is_left_alone(rig: Rig, command: Command) -> None:
    await several(rig, command, ("2",))
    status, document, _ = await several(rig, command, ("2", "3"))
    assert status == 0 and puts(rig) == ["3"]
    assert [each["outcome"] for each in document["tags"]] == ["unchanged", "pushed"]


async def test_a_further_tag_that_moved_meanwhile_is_left_so_and_said_in_the_one_document(
    rig: Rig, command: Command
) -> None:
    mine = rig.put("app", make("mine", "linux/amd64"), "2")
    theirs = rig.put("app", make("theirs", "linux/amd64"), "other").manifest.digest
    rig.change(lambda store: setattr(store.repository("app"), "quirks", Quirks(moves={"2": theirs})))
    status, document, _ = await several(rig, command, ("2", "3"))
    assert mine.manifest.digest != theirs and status == 1
    assert document["digest"] == rig.holds("app", "1") == rig.holds("app", "3")
    assert rig.holds("app", "2") == theirs
    assert [(each["outcome"], each["digest"] is None) for each in document["tags"]] == [
        ("conflict", True),
        ("pushed", False),
    ]


async def test_the_lost_answer_of_one_request_for_several_tags(rig: Rig, command: Command) -> None:
    rig.change(lambda store: setattr(store.repository("app"), "quirks", Quirks(drop_put=1)))
    status, document, _ = await several(rig, command, ("2",))
    digest = rig.holds("app", "1")
    assert status == 0 and puts(rig) == [str(digest)]  # it was done: each tag was read, and none put again
    assert document["tags"][0]["digest"] == digest == rig.holds("app", "2")
