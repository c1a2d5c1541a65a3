"""Somebody who takes a lesson without a screen: does what each step asks, with the engine that the screen uses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import ClassVar

from tests.teach.conftest import Stand
from tui.compose.draft import Draft
from tui.compose.edit import begin_new
from tui.compose.journal import Journal
from tui.compose.plan import How, Plan
from tui.compose.planner import plan_draft
from tui.compose.push import Push
from tui.compose.recreate import recreate
from tui.explore.findings import findings
from tui.explore.inspector import Inspector
from tui.explore.node import Kind, Node
from tui.oci.manifest import Index
from tui.oci.platform import Platform
from tui.oci.reference import Reference
from tui.sources.docker_manifests import DockerManifests
from tui.sources.location import RepositoryLocation
from tui.sources.presence import Presence
from tui.sources.storage import StorageSource
from tui.teach.events import Event, EventKind, Fact, node_event
from tui.teach.lesson import Condition, Step
from tui.teach.lesson_run import LessonRun
from tui.teach.rehearsal import Rehearsal
from tui.teach.rehearsal_steps import StepKind
from tui.teach.target import reach

#: Where a step has nothing to show, because the user has to choose: what is drafted from what.
_NEW_LIST = ("ocaml/opam:ubuntu-24.04-ocaml-5.4", "ocurrent/opam-staging:ubuntu-24.04-ocaml-5.4-{arch}")
_ARCHITECTURES = ("amd64", "arm64", "ppc64le", "s390x", "riscv64")


class Learner:
    """Takes one lesson to its end. `feed` of the run is only ever given what really happened."""

    def __init__(self, stand: Stand, run: LessonRun, lists: DockerManifests, folder: Path) -> None:
        self.stand, self.run = stand, run
        self.explorer = stand.explorer
        self.explorer.add_source(lists)
        self.inspector = Inspector(stand.client)
        self.journal = Journal(folder)
        self.node: Node = self.explorer.roots[0]
        self.draft: Draft | None = None
        self.plan: Plan | None = None

    async def take(self) -> list[str]:
        """Every step in turn; the titles of those that ticked."""
        titles = []
        while (step := self.run.step) is not None:
            before = self.run.current
            await self.do(step)
            if self.run.current == before:
                raise AssertionError(f"“{step.title}” was done, and did not tick. {self.run.note}")
            titles.append(step.title)
        return titles

    async def do(self, step: Step) -> None:
        result = await self.run.act()
        if result is not None and result.opens:
            source = StorageSource(result.opens.removeprefix("storage:"))
            self.node = self.explorer.add_source(source)
        for number, show in enumerate(step.show):
            if show.do in ("open", "select"):
                self.node = await reach(self.explorer, show.what)
            elif (show.do, show.what) == ("action", "check") and number < len(step.show) - 1:
                await self.explorer.check(self.node).wait()
        for condition in (*step.done.all_of, *step.done.any_of[:1]):
            if condition.event is not EventKind.ACTED:
                await self._KINDS[condition.event](self, condition, step)

    async def _row(self, condition: Condition, _step: Step) -> None:
        await self.run.feed(node_event(condition.event, self.node))

    async def _tab(self, condition: Condition, _step: Step) -> None:
        if self.node.source.kind == "storage":
            tag = await self.explorer.add_reference(self.node.source, "dockerfun", "6b972be0")
            await self.explorer.check(tag).wait()
            self.node = next(row for row in tag.walk() if row.kind is Kind.LAYER)
            assert "in the store, not linked" in self.explorer.observation(self.node).detail
        await self.run.feed(node_event(EventKind.TAB, self.node, tab=str(condition.facts["tab"].equal)))

    async def _view(self, condition: Condition, _step: Step) -> None:
        await self.run.feed(Event(EventKind.VIEW, {"view": str(condition.facts["view"].equal)}))

    async def _read(self, _condition: Condition, _step: Step) -> None:
        await self.run.feed(Event(EventKind.READ))

    async def _copy(self, _condition: Condition, _step: Step) -> None:
        await self.run.feed(node_event(EventKind.COPIED, self.node, what="digest", text=str(self.node.digest)))

    async def _check(self, _condition: Condition, step: Step) -> None:
        if step.done.fresh:
            await self.explorer.refresh(self.node)
        await self.explorer.check(self.node).wait()
        seen = {row.digest: self.explorer.observation(row).presence for row in self.node.walk() if row.digest}
        counts = Counter(presence.value for presence in seen.values())
        complete = set(seen.values()) <= {Presence.PRESENT, Presence.FOREIGN} and self.node.error is None
        facts: dict[str, Fact] = {presence.value: counts[presence.value] for presence in Presence}
        await self.run.feed(node_event(EventKind.CHECKED, self.node, complete=complete, **facts))

    async def _finding(self, _condition: Condition, _step: Step) -> None:
        await self.explorer.check(self.node).wait()
        for finding in findings(self.node, self.explorer.observations):
            event = node_event(EventKind.FINDING, self.node, code=finding.code, severity=finding.severity.value)
            await self.run.feed(event)

    async def _shown(self, _condition: Condition, _step: Step) -> None:
        await self.explorer.refresh(self.node)
        await self.explorer.check(self.node).wait()
        for row in self.node.walk():
            presence = row.error.presence if row.error is not None else self.explorer.observation(row).presence
            await self.run.feed(node_event(EventKind.SHOWN, row, presence=presence.value))

    async def _rehearse(self, _condition: Condition, _step: Step) -> None:
        rehearsal = Rehearsal(self.explorer, self.node, Platform.parse("linux/amd64"), trace=self.stand.client.trace)
        while (done := await rehearsal.next()) is not None:
            outcome = "stopped" if done.stopped else "done" if done.kind is StepKind.DONE else ""
            node = done.node or self.node
            await self.run.feed(node_event(EventKind.REHEARSAL, node, step=done.kind.value, outcome=outcome))

    async def _requests(self, _condition: Condition, _step: Step) -> None:
        for one in self.stand.client.trace.exchanges:
            facts: dict[str, Fact] = {"method": one.method, "path": one.path, "status": one.status or 0}
            await self.run.feed(Event(EventKind.EXCHANGE, facts | {"host": one.host}))

    async def _draft(self, condition: Condition, _step: Step) -> None:
        address = self.stand.served.address
        if condition.facts["repository"].like == "*ocaml/opam":
            target = Reference.parse(f"{address}/{_NEW_LIST[0]}")
            sources = [f"{address}/{_NEW_LIST[1].format(arch=arch)}" for arch in _ARCHITECTURES]
            self.draft, failed = await begin_new(self.inspector, target, sources)
            assert not failed
        else:
            await self._recreate()
        assert self.draft is not None
        await self.run.feed(Event(EventKind.DRAFT, self._target() | {"entries": len(self.draft.kept)}))

    async def _recreate(self) -> None:
        assert self.node.repository and self.node.tag
        target = Reference.parse(self.node.source.reference(self.node.repository, tag=self.node.tag))
        assert isinstance(self.node.manifest, Index)
        self.draft = await recreate(self.inspector, target, self.node.manifest, RepositoryLocation.of(target))

    async def _plan(self, _condition: Condition, step: Step) -> None:
        if self.draft is None:
            await self._recreate()
        assert self.draft is not None
        self.plan = await plan_draft(self.draft, self.inspector)
        facts: dict[str, Fact] = {
            "blocked": not self.plan.ready,
            "mounts": self.plan.count(How.MOUNT),
            "copies": self.plan.count(How.COPY),
        }
        await self.run.feed(Event(EventKind.PLAN, self._target() | facts))

    async def _push(self, _condition: Condition, _step: Step) -> None:
        assert self.plan is not None
        result = await Push(self.plan, self.inspector, self.journal).run()
        repository = self.plan.target.repository
        self.explorer.note_written(self.stand.source, repository)
        outcome = "pushed" if result.ok else "refused"
        await self.run.feed(Event(EventKind.PUSHED, self._target() | {"outcome": outcome}))
        tag = await self.explorer.add_reference(self.stand.source, repository, self.plan.target.tag or "")
        await self.explorer.refresh(tag)

    def _target(self) -> dict[str, Fact]:
        assert self.draft is not None
        return {"repository": self.draft.target.repository, "tag": self.draft.target.tag or ""}

    _KINDS: ClassVar[dict[EventKind, Callable[[Learner, Condition, Step], Awaitable[None]]]] = {
        EventKind.SELECTED: _row,
        EventKind.OPENED: _row,
        EventKind.TAB: _tab,
        EventKind.VIEW: _view,
        EventKind.READ: _read,
        EventKind.COPIED: _copy,
        EventKind.CHECKED: _check,
        EventKind.FINDING: _finding,
        EventKind.SHOWN: _shown,
        EventKind.REHEARSAL: _rehearse,
        EventKind.EXCHANGE: _requests,
        EventKind.DRAFT: _draft,
        EventKind.PLAN: _plan,
        EventKind.PUSHED: _push,
    }
