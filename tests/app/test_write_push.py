"""From a capital to a pushed tag, in the real program over the embedded registry."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from tests.app.draft_stage import FixStage, fixing
from tests.support.gallery import served
from tui.app.controllers.draft_edits import no_plan_shown
from tui.app.screens.draft import DraftScreen
from tui.compose.events import Outcome
from tui.config import Settings
from tui.demo.paths import digest_of
from tui.demo.quirks import Quirks
from tui.registry.settings import HostSettings
from tui.sources.presence import Presence
from tui.teach.events import EventKind

pytestmark = pytest.mark.slow

EDGE = "sandbox:0.16-edge"


async def draft_of_edge(stage: FixStage) -> None:
    await stage.at(EDGE)
    await stage.press("R")
    await stage.screen("DraftScreen")


async def close(stage: FixStage) -> None:
    await stage.press("enter")
    await stage.screen("MainScreen")


async def test_the_stale_list_is_recreated_pushed_and_whole() -> None:
    with served() as registry:
        async with fixing(registry) as stage:
            before = stage.holds("sandbox", "0.16-edge")
            await draft_of_edge(stage)
            drawn = stage.shown()
            assert drawn.count("moved") >= 3 and ":0.16-edge-arm64 (guess)" in drawn
            new = stage.holds("sandbox", "0.16-edge-arm64")
            assert new is not None and new.partition(":")[2][:12] in drawn
            await stage.press("P")
            await stage.planned()
            assert str(before) in stage.text and "2 changed" in stage.text
            assert "docker buildx imagetools create" in stage.text
            assert stage.holds("sandbox", "0.16-edge") == before, "nothing is written before it is confirmed"
            await stage.press("y")
            await stage.ended()
            after = stage.holds("sandbox", "0.16-edge")
            assert after not in (None, before) and after is not None and after in stage.text
            await stage.press("c")
            await stage.until(lambda: stage.copied, "the copy")
            named = f"{registry.address}/sandbox@{after}"
            for key, text in (("d", after), ("r", named), ("p", f"docker pull {named}")):
                await stage.press("y")
                await stage.screen("Choice")
                stage.copied.append("")
                await stage.press(key)
                await stage.screen("PushScreen")
                await stage.until(lambda: stage.copied[-1], f"{key} of the menu")
                assert stage.copied[-1] == text
            assert stage.copied[0] == after, "c is the digest, as everywhere"
            await close(stage)
            node = stage.main.current
            assert node is not None and node.tag == "0.16-edge"
            await stage.until(lambda: node.digest == after, "the row refreshed")
            await stage.until(lambda: stage.main.explorer.rollup(node).worst is Presence.PRESENT, "all present")
            assert [event.facts["outcome"] for event in stage.told(EventKind.PUSHED)] == ["pushed"]
            assert stage.told(EventKind.DRAFT)[0].facts["stale"] == 2
            assert stage.told(EventKind.PLAN)[0].facts["blocked"] is False
            assert not stage.drafts.unsaved
            assert not registry.call(lambda store: list(store.errors))


async def save_the_plan(stage: FixStage, path: Path) -> None:
    await stage.press("J")
    await stage.screen("Choice")
    await stage.press("s")
    await stage.screen("Prompt")
    await stage.type(str(path))
    await stage.press("enter")


async def test_undo_puts_back_what_was_replaced(tmp_path: Path) -> None:
    with served() as registry:
        async with fixing(registry) as stage:
            before = stage.holds("sandbox", "0.16-edge")
            await draft_of_edge(stage)
            await stage.press("P")
            await stage.planned()
            await stage.press("enter")
            await stage.ended()
            await close(stage)
            await stage.press("U")
            await stage.planned()
            # The old list names a layer that is gone: the plan says so, and puts back what was there all the same.
            assert "was not found" in stage.text
            await stage.press("y")
            await stage.ended()
            assert stage.holds("sandbox", "0.16-edge") == before
            await close(stage)
            await stage.screen("MainScreen")
            # A healthy list can be put back.
            await stage.at("library/hello:latest")
            await stage.press("U")
            assert "no push recorded for this tag" in stage.toasts
            hello = stage.holds("library/hello", "latest")
            await stage.press("A")
            await stage.screen("DraftScreen")
            await stage.press("x", "P")
            await stage.planned()
            await stage.press("y")
            await stage.ended()
            assert stage.holds("library/hello", "latest") != hello
            await close(stage)
            await stage.press("U")
            await stage.planned()
            file = tmp_path / "plan.json"
            await save_the_plan(stage, file)
            await stage.until(file.exists)
            await stage.screen("PlanScreen")
            file.write_text("older")
            await save_the_plan(stage, file)
            await stage.screen("Confirm")  # a file that is there is asked about, as everywhere
            await stage.press("y")
            await stage.until(lambda: hello is not None and hello in file.read_text())
            await stage.screen("PlanScreen")
            await stage.press("y")
            await stage.ended()
            assert stage.holds("library/hello", "latest") == hello


async def test_the_nested_list_becomes_six_children() -> None:
    names = [f"ubuntu-24.04-ocaml-5.4-{arch}" for arch in ("amd64", "arm64", "ppc64le", "s390x", "riscv64")]
    with served() as registry:
        async with fixing(registry) as stage:
            for name in names:
                await stage.at(f"ocurrent/opam-staging:{name}")
                await stage.press("m")
            await stage.press("N")
            await stage.screen("TargetPrompt")
            await stage.type(f"{registry.address}/ocaml/opam:ubuntu-24.04-ocaml-5.4")
            await stage.press("enter")
            await stage.screen("DraftScreen")
            assert "attestation" in stage.shown() and "linux/riscv64" in stage.shown()
            await stage.press("P")
            await stage.planned()
            assert "mount" in stage.text and "no such tag" in stage.text
            await stage.press("y")
            await stage.ended()
            digest = stage.holds("ocaml/opam", "ubuntu-24.04-ocaml-5.4")
            assert digest is not None
            stored = registry.call(lambda store: store.repository("ocaml/opam").manifests[digest])
            assert digest_of(stored.raw) == digest and stored.raw.count(b'"platform"') == 6
            assert b"vnd.docker.reference.type" in stored.raw
            assert stage.told(EventKind.PLAN)[0].facts["copies"] == 0


async def test_cancelling_leaves_the_old_tag_and_a_rate_limit_is_waited_out() -> None:
    with served() as registry:
        async with fixing(registry) as stage:
            before = stage.holds("sandbox", "0.16-edge")
            await draft_of_edge(stage)
            await stage.press("P")
            await stage.planned()
            registry.call(lambda store: setattr(store.repository("sandbox"), "quirks", Quirks(latency=2)))
            await stage.press("y")
            await stage.screen("PushScreen")
            await stage.press("escape")
            registry.call(lambda store: setattr(store.repository("sandbox"), "quirks", None))
            await stage.ended()
            assert stage.result.outcome is Outcome.CANCELLED
            assert f"still holds {before}" in stage.text and stage.holds("sandbox", "0.16-edge") == before
            await stage.press("escape")
            # The draft is not lost: one is back in the editor.
            await stage.screen("DraftScreen")
            assert stage.told(EventKind.PUSHED)[0].facts["outcome"] == "cancelled"
            # Once more, with a rate limit in the middle: a countdown.
            await stage.press("P")
            await stage.planned()
            limit = Quirks(limit_every=1, retry_after="1")
            registry.call(lambda store: setattr(store.repository("sandbox"), "quirks", limit))
            await stage.press("y")
            await stage.screen("PushScreen")
            await stage.until(lambda: "waiting" in stage.text, "a countdown")
            registry.call(lambda store: setattr(store.repository("sandbox"), "quirks", None))
            await stage.ended()
            assert stage.holds("sandbox", "0.16-edge") != before


async def test_a_tag_that_was_moved_stops_the_push_and_can_be_replaced_knowingly() -> None:
    with served() as registry:
        async with fixing(registry) as stage:
            first, theirs = stage.holds("sandbox", "0.16-edge-arm64"), stage.holds("sandbox", "0.16-edge-amd64")
            assert first is not None and theirs is not None
            # Since the draft began.
            await draft_of_edge(stage)
            registry.call(lambda store: store.repository("sandbox").tag("0.16-edge", first))
            await stage.press("P")
            await stage.planned()
            assert "changed by someone else" in stage.text
            await stage.press("y")
            await stage.pilot.pause()
            assert stage.named("PlanScreen") and stage.holds("sandbox", "0.16-edge") == first
            await stage.press("a")
            await stage.until(lambda: "changed by someone else" not in stage.text)
            await stage.planned()
            assert stage.plan.before == first and stage.plan.ready
            # Since it was planned.
            registry.call(lambda store: store.repository("sandbox").tag("0.16-edge", theirs))
            await stage.press("y")
            await stage.ended()
            assert stage.result.outcome is Outcome.CONFLICT
            assert theirs in stage.text and "planned on" in stage.text and "yours" in stage.text
            assert stage.holds("sandbox", "0.16-edge") == theirs, "theirs is left alone"
            await stage.press("r")
            await stage.planned()
            assert stage.plan.before == theirs and stage.plan.ready
            await stage.press("y")
            await stage.ended()
            assert stage.holds("sandbox", "0.16-edge") not in (None, theirs)


async def test_objects_that_are_nowhere_stop_the_plan_by_name() -> None:
    with served() as registry:
        async with fixing(registry) as stage:
            before = stage.holds("sandbox", "0.16-edge")
            await stage.at(EDGE)
            await stage.press("A")
            await stage.screen("DraftScreen")
            await stage.press("x", "u", "n", "e")
            await stage.screen("Prompt")
            await stage.type("note=kept")
            await stage.press("enter")
            await stage.screen("DraftScreen")
            await stage.press("o", "P")
            await stage.planned()
            gone = [each for each in stage.plan.objects if each.how == "nowhere"]
            assert gone and all(str(each.digest) in stage.text for each in gone)
            await stage.press("y")
            await stage.pilot.pause()
            assert stage.named("PlanScreen") and stage.holds("sandbox", "0.16-edge") == before


async def test_read_only_greys_every_capital_with_its_reason() -> None:
    capitals = ("recreate", "amend", "new", "push", "tag", "copy-elsewhere", "delete", "undo")
    with served() as registry:
        async with fixing(registry, settings=Settings(read_only=True)) as stage:
            await stage.at(EDGE)
            for action in capitals:
                stage.main.action_act(action)
            await stage.pilot.pause()
            assert stage.named("MainScreen") and stage.toasts.count("--read-only is on") == len(capitals)


async def test_a_read_only_registry_greys_what_would_write_to_it() -> None:
    with served() as registry:
        closed = Settings(hosts={registry.address: HostSettings(plain_http=True, read_only=True)})
        async with fixing(registry, settings=closed) as stage:
            await stage.at(EDGE)
            for key in ("R", "A", "T", "D", "U"):
                await stage.press(key)
            await stage.pilot.pause()
            assert stage.named("MainScreen") and "read-only" in stage.toasts
            # Copying from it is fine, to it is not: the plan says so.
            await stage.press("C")
            await stage.screen("TargetPrompt")
            await stage.type(f"{registry.address}/copy:1")
            await stage.press("enter")
            await stage.planned()
            assert "Cannot write to" in stage.text


async def test_deleting_shows_what_breaks_and_wants_the_name_typed() -> None:
    with served() as registry:
        async with fixing(registry) as stage:
            for what, tag in (("tag", "0.16-edge-amd64"), ("manifest", "0.16-edge-arm64")):
                await stage.at(f"sandbox:{tag}")
                await stage.press("D")
                await stage.screen("Choice")
                await stage.press("t" if what == "tag" else "m")
                await stage.planned()
                plan = stage.plan
                assert plan.type_to_confirm
                stage.app.clear_notifications()
                await stage.type("yes")
                await stage.press("enter")
                await stage.until(lambda: "Does not match" in stage.toasts)
                assert stage.named("PlanScreen")
                await stage.type(plan.type_to_confirm)
                await stage.press("enter")
                await stage.ended()
                assert stage.holds("sandbox", tag) is None
                assert stage.told(EventKind.DELETED)[-1].facts["what"] == what
                await close(stage)


async def test_tagging_and_copying_a_digest() -> None:
    with served() as registry:
        async with fixing(registry) as stage:
            await stage.at("library/hello:latest")
            held = stage.holds("library/hello", "latest")
            await stage.press("T")
            await stage.screen("Prompt")
            await stage.type("not a tag")
            await stage.press("enter")
            assert stage.named("Prompt"), "a bad tag is not taken"
            await stage.type("kept")
            await stage.press("enter")
            await stage.planned()
            await stage.press("y")
            await stage.ended()
            assert stage.holds("library/hello", "kept") == held
            await close(stage)
            await stage.press("C")
            await stage.screen("TargetPrompt")
            await stage.type(f"{registry.address}/mirror/hello:1")
            await stage.press("enter")
            await stage.planned()
            assert stage.told(EventKind.PLAN)[-1].facts["copies"] == 0, "the same registry mounts"
            await stage.press("y")
            await stage.ended()
            assert stage.holds("mirror/hello", "1") == held


async def test_dockers_local_list_is_recreated_pushed_and_fixed_on_disk(tmp_path: Path) -> None:
    from tui.demo.samples.stories import docker_manifests
    from tui.sources.docker_lists import DockerLists

    with served() as registry:
        for name, raw in docker_manifests(registry.address).items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(raw)
        folder = tmp_path / "manifests"
        async with fixing(registry, sources=(f"docker-manifests:{folder}", registry.address)) as stage:
            root = stage.main.explorer.roots[0]
            await stage.main.explorer.open(root.children[0])
            tag = root.children[0].children[0]
            await stage.main.navigation.highlight(tag)
            await stage.until(lambda: stage.main.current is tag)
            await stage.press("P")
            await stage.planned()
            assert not stage.plan.ready and "was not found" in stage.text
            await stage.press("escape")
            await stage.screen("DraftScreen")
            await stage.press("escape")
            await stage.screen("MainScreen")
            await stage.press("R")
            await stage.screen("DraftScreen")
            assert stage.shown().count("moved") >= 2
            await stage.press("P")
            await stage.planned()
            await stage.press("y")
            await stage.ended()
            digest = stage.holds("sandbox", "0.16-edge")
            lists = DockerLists(folder)
            stored = await asyncio.to_thread(lambda: lists.read(lists.names()[0]))
            now = {str(entry.descriptor.digest) for entry in stored.entries}
            assert now == {stage.holds("sandbox", f"0.16-edge-{arch}") for arch in ("amd64", "arm64")}
            assert digest is not None and stage.told(EventKind.PUSHED)[-1].facts["digest"] == digest
            await close(stage)
            await stage.until(lambda: root.children and root.children[0].children, "the local lists again")
            row = root.children[0].children[0]
            await stage.main.navigation.highlight(row)
            await stage.until(lambda: stage.main.current is row)
            await stage.press("D")
            await stage.planned()
            await stage.type(stage.plan.type_to_confirm)
            await stage.press("enter")
            await stage.ended()
            assert lists.names() == []


async def test_a_plan_that_is_wholly_on_the_page_of_its_draft_is_pushed_from_there() -> None:
    with served() as registry:
        async with fixing(registry) as stage:
            before = stage.holds("sandbox", "0.16-edge")
            await draft_of_edge(stage)
            await stage.until(lambda: "P whole plan" in stage.shown(), "the plan")
            assert re.search(r"│ +1\. .* as \S+sandbox:0.16-edge", stage.shown())
            methods = registry.call(lambda store: {str(one.method) for one in store.requests})
            assert methods <= {"GET", "HEAD"} and stage.holds("sandbox", "0.16-edge") == before
            # Another edit: that plan is not to be pushed any more.
            screen = stage.top
            assert isinstance(screen, DraftScreen) and no_plan_shown(screen) == ""
            screen.planning.begin(screen.draft)
            assert no_plan_shown(screen) == "planning is under way"
            await stage.press("down", "x", "u")
            await stage.until(lambda: "P whole plan" in stage.shown(), "the plan again")
            await stage.press("y")
            await stage.ended()
            assert stage.result.ok and stage.holds("sandbox", "0.16-edge") == str(stage.result.digest) != before
            assert [event.facts["blocked"] for event in stage.told(EventKind.PLAN)] == [False]
            await close(stage)
            assert not stage.drafts.unsaved


async def test_it_all_fits_a_small_terminal() -> None:
    with served() as registry:
        async with fixing(registry, size=(80, 24)) as stage:
            await draft_of_edge(stage)
            drawn = stage.shown()
            assert ":0.16-edge-arm64 (guess)" in drawn and "moved" in drawn and "plan" in drawn
            assert all(len(line) <= 80 for line in drawn.splitlines())
            await stage.until(lambda: "✓ Ready: 3 requests, nothing to upload" in stage.shown(), "the plan in a line")
            before = stage.holds("sandbox", "0.16-edge")
            await stage.press("y")
            await stage.until(lambda: "not on the screen in whole" in stage.toasts, "why not")
            assert stage.named("DraftScreen") and stage.holds("sandbox", "0.16-edge") == before
            await stage.press("P")
            await stage.planned()
            assert "push" in "".join(stage.shown().splitlines()[-2:])
            await stage.press("y")
            await stage.ended()
            digest = stage.holds("sandbox", "0.16-edge")
            assert digest is not None and digest in stage.text and "copy" in stage.shown()
