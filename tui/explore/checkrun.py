"""Checking everything below a row, however deep: one question per distinct object, bounded, stoppable at any time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable

from tui.explore.inspector import Inspector, JobRequest
from tui.explore.lists import Lists
from tui.explore.loader import Loader, fault, label_of
from tui.explore.node import BLOB_KINDS, MANIFEST_KINDS, Kind, Load, Node
from tui.explore.scheduler import Job, Urgency
from tui.explore.tree import CheckProgress, Tree, key_of
from tui.explore.walker import LimitReached, Walk
from tui.sources.presence import Presence


class CheckRun:
    """One check of everything below `node`."""

    def __init__(
        self,
        node: Node,
        tree: Tree,
        inspector: Inspector,
        loader: Loader,
        lists: Lists,
        afterwards: Callable[[Node, Hashable], Awaitable[None]],
        wanted: Callable[[Node], bool] | None = None,
    ) -> None:
        self.node = node
        self.done = 0
        """How many distinct objects were answered."""
        self.total = 0
        """How many are known of; grows while manifests are read."""
        self.running = True
        self.stopped = False
        self._tree, self._inspector, self._loader, self._lists = tree, inspector, loader, lists
        self._afterwards = afterwards
        self._wanted = wanted
        self._pending = 0
        self._walk = Walk()
        self._cut = False
        self._over = asyncio.Event()
        self._tail: asyncio.Task[None] | None = None
        self._requests_before = node.source.requests
        self._requests: int | None = None
        self._searching_since: int | None = None

    @property
    def requests(self) -> int:
        """How many requests the source has sent for this check (and for whatever else ran meanwhile)."""
        if self._requests is not None:
            return self._requests
        return self.node.source.requests - self._requests_before

    @property
    def searches(self) -> int:
        """How many of the requests were not to check anything but to find out where missing things are."""
        if self._searching_since is None:
            return 0
        return self.requests - self._searching_since

    def start(self) -> None:
        """Begin. Returns at once."""
        self._pending += 1
        self._visit(self.node)
        self._settled()

    def stop(self) -> None:
        """Ask for nothing more. What was answered stays known."""
        if not self.running:
            return
        self.stopped = True
        self._inspector.withdraw(self)
        if self._tail is not None:
            self._tail.cancel()
        self._finish()

    async def wait(self) -> None:
        """Until it is over, by itself or stopped."""
        await self._over.wait()

    # walking

    def _request(self, node: Node) -> JobRequest:
        return JobRequest(self, Urgency.DEEP, label=label_of(node))

    def _visit(self, node: Node) -> None:
        if self.stopped or self._cut or node.kind in (Kind.FAULT, Kind.MORE):
            return
        if node.kind is Kind.REFERRERS and node.load is not Load.READY and node is not self.node:
            return  # referrers are asked for only when somebody opens them: nothing that a pull needs
        if self._wanted is not None and node.kind is Kind.MANIFEST and node is not self.node and not self._wanted(node):
            return
        try:
            new = self._walk.step(key_of(node) or (node.key if node.kind in MANIFEST_KINDS else None))
        except LimitReached as limit:
            self._cut_off(node.parent or node, str(limit))
            return
        self.total += new
        job = self._ask(node)
        if job is None:
            if new:
                self._answered()
            self._descend(node)
            return
        self._pending += 1
        job.when_over(lambda _: self._back(node, new))

    def _cut_off(self, place: Node, limit: str) -> None:
        self._cut = True
        row = fault(place, "too-deep", f"stopped here: a check follows at most {limit}")
        self._tree.replace_children(place, [*place.children, row])

    def _ask(self, node: Node) -> Job | None:
        request = self._request(node)
        if node.kind in (Kind.SOURCE, Kind.REPOSITORY):
            return self._lists.load(node, request)
        if node.kind is Kind.GROUP:
            if node.load is not Load.READY:
                self._lists.open_group(node)
            return None
        if node.kind is Kind.REFERRERS:
            return self._loader.referrers(node, request)
        if node.kind in MANIFEST_KINDS:
            return self._loader.manifest(node, request) or self._ask_presence(node, request)
        return self._ask_blob(node, request)

    def _ask_blob(self, node: Node, request: JobRequest) -> Job | None:
        if node.kind not in BLOB_KINDS or node.descriptor is None or node.repository is None:
            return None
        if node.kind is Kind.CONFIG and node.config is None and node.error is None:
            return self._loader.config(node, request)
        return self._ask_presence(node, request, again=node is self.node)

    def _ask_presence(self, node: Node, request: JobRequest, *, again: bool = False) -> Job | None:
        """Ask whether it is there, or join those who are asking. None when that is known."""
        key = key_of(node)
        if key is None or node.descriptor is None or node.load is Load.FAILED:
            return None
        known = (
            not self._tree.observations.wanted(*key) and self._tree.observation(node).presence is not Presence.CHECKING
        )
        if known and not again and not self._inspector.has(self._inspector.probe_key(*key)):
            return None
        return self._inspector.submit_probe(node.source, node.repository or "", node.descriptor, request)

    def _back(self, node: Node, new: bool) -> None:
        if self.stopped:
            return
        if new:
            self._answered()
        self._descend(node)
        self._settled()

    def _descend(self, node: Node) -> None:
        if node.load is Load.FAILED:
            # The attestations of a platform that is gone hang there still, and may be there or not.
            for child in [child for child in node.children if child.kind is Kind.ATTESTATION]:
                self._visit(child)
            return
        self._ask_subject(node)
        for child in list(node.children):
            self._visit(child)

    def _ask_subject(self, node: Node) -> None:
        subject = node.manifest.subject if node.manifest is not None else None
        if subject is None or node.repository is None:
            return
        if not self._tree.observations.wanted(node.source, node.repository, subject.digest):
            return
        self._pending += 1
        job = self._inspector.submit_probe(node.source, node.repository, subject, self._request(node))
        job.when_over(lambda _: self._settled())

    def _answered(self) -> None:
        self.done += 1
        self._tree.emit(CheckProgress(self.node, self.done, self.total, True))

    def _settled(self) -> None:
        self._pending -= 1
        if self._pending == 0 and not self.stopped and self._tail is None:
            self._tail = asyncio.create_task(self._look_around())

    async def _look_around(self) -> None:
        self._searching_since = self.requests
        try:
            await self._afterwards(self.node, self)
        finally:
            if not self.stopped:
                self._finish()

    def _finish(self) -> None:
        self.running = False
        self._requests = self.node.source.requests - self._requests_before
        self._over.set()
        self._tree.emit(CheckProgress(self.node, self.done, self.total, False))
