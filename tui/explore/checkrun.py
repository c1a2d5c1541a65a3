"""Checking everything below a row, however deep: one question per distinct object, bounded, stoppable at any time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import replace

from tui.explore.inspector import Inspector, JobRequest
from tui.explore.lists import Lists
from tui.explore.loader import Loader, fault, label_of
from tui.explore.node import BLOB_KINDS, MANIFEST_KINDS, Kind, Load, Node
from tui.explore.scheduler import Job, Urgency
from tui.explore.tree import CheckProgress, Tree, key_of
from tui.explore.walker import SLICE, LimitReached, Walk
from tui.oci import media
from tui.oci.config import CONFIG_LIMIT
from tui.registry.trace import RequestCount, counting
from tui.sources.presence import Presence
from tui.text import duration
from tui.text import size as size_text

#: How often bytes that come are told of, in seconds, and for how long nothing is said of the time that is left.
_PACE, _WARM_UP = 0.1, 1.0


class ByteCount:
    """How many of the bytes that are to be read have come, and how long the rest takes at that rate."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._sizes: dict[Hashable, int] = {}
        self._came: dict[Hashable, int] = {}
        self._done = 0
        self._total = 0
        self._began: float | None = None
        self._told = 0.0

    def expect(self, key: Hashable, size: int) -> None:
        """One blob more is to be read."""
        if self._began is None:
            self._began = self._clock()
        if key not in self._sizes:
            self._sizes[key] = size
            self._total += size

    def move(self, key: Hashable, count: int) -> bool:
        """So many bytes of a blob came; whether it is time to tell."""
        self._done += count - self._came.get(key, 0)
        self._came[key] = count
        now = self._clock()
        if now - self._told < _PACE:
            return False
        self._told = now
        return True

    def finish(self, key: Hashable) -> None:
        """A blob is done with, read or not."""
        self.move(key, self._sizes.get(key, 0))

    @property
    def words(self) -> str:
        """ "3.1 MB of 80 MB, 12 s left"; "" when nothing is read."""
        if self._began is None:
            return ""
        text = f"{size_text(self._done)} of {size_text(self._total)}"
        elapsed = self._clock() - self._began
        if elapsed < _WARM_UP or not 0 < self._done < self._total:
            return text
        left = (self._total - self._done) * elapsed / self._done
        return f"{text}, {duration(left)} left" if left >= 1 else text


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
        deep: bool = False,
        at_most: int | None = None,
    ) -> None:
        self.node = node
        self.deep = deep
        """Whether every blob is read and hashed, and not only asked for."""
        self.bytes = ByteCount(time.monotonic)
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
        self._to_visit: list[Node] = []
        """The next row last."""
        self._visiting = False
        self._walk = Walk()
        self._cut = False
        self._at_most = at_most
        self._asked = 0
        self.left = False
        """Whether it ended because it may take no more than `at_most` requests."""
        self._over = asyncio.Event()
        self._tail: asyncio.Task[None] | None = None
        self._count_for = RequestCount()
        self._searching_since: int | None = None

    @property
    def requests(self) -> int:
        """How many requests were sent for this check. What somebody else had asked for already counts for them."""
        return self._count_for.requests

    @property
    def searches(self) -> int:
        """How many of the requests were not to check anything but to find out where missing things are."""
        if self._searching_since is None:
            return 0
        return self.requests - self._searching_since

    @property
    def words(self) -> str:
        """How far it is: "12 of 40 objects, 3.1 MB of 80 MB, 12 s left"."""
        return ", ".join(part for part in (f"{self.done:,} of {self.total:,} objects", self.bytes.words) if part)

    def start(self) -> None:
        """Begin. Returns at once."""
        self._pending += 1
        self._visit_all([self.node])
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
        urgency = Urgency.LAST if node.kind in BLOB_KINDS else Urgency.DEEP
        return JobRequest(self, urgency, label=label_of(node), whole=bool(self.deep), count_for=self._count_for)

    def _visit_all(self, nodes: Sequence[Node]) -> None:
        """Visit rows and what is known of below them, depth first: some at once, the others in slices, between which
        keys are answered and drawn."""
        self._to_visit.extend(reversed(nodes))
        if not self._visiting:
            self._visit_slice()

    def _visit_slice(self) -> None:
        self._visiting = True
        for _ in range(SLICE):
            if not self._to_visit:
                self._visiting = False
                return
            self._visit(self._to_visit.pop())
        self._pending += 1
        self._inspector.go_on(self._next_slice)

    def _next_slice(self) -> None:
        self._visit_slice()
        self._settled()

    def _visit(self, node: Node) -> None:
        if self.stopped or self._cut or node.kind in (Kind.FAULT, Kind.MORE):
            return
        if node.kind is Kind.REFERRERS and node is not self.node:
            return  # referrers are checked when somebody checks that row: nothing that a pull needs
        if node.held is not node and node is not self.node:
            return  # what is in it is asked for below the row that it shares that with
        if self._wanted is not None and node.kind is Kind.MANIFEST and node is not self.node and not self._wanted(node):
            return
        if self._at_most is not None and self._asked >= self._at_most:
            self.left = True
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
        self._asked += 1
        job.when_over(lambda _: self._back(node, new))

    def _cut_off(self, node: Node, limit: str) -> None:
        self._cut = True
        row = fault(node, "too-deep", f"stopped: a check follows at most {limit}")
        self._tree.add_child(node, row)

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
            past_disk = self._ask_past_disk(node, request)
            return past_disk or self._loader.manifest(node, request) or self._ask_manifest(node, request)
        return self._ask_blob(node, request)

    def _ask_past_disk(self, node: Node, request: JobRequest) -> Job | None:
        """Of a deep check: have the source send a document that was taken from the disk. None for all others."""
        key = key_of(node)
        if not self.deep or key is None or not self._inspector.from_disk(*key):
            return None
        if node.kind in MANIFEST_KINDS:
            return self._loader.manifest(node, replace(request, fresh=True), again=True)
        return self._ask_bytes(node, request)

    def _ask_blob(self, node: Node, request: JobRequest) -> Job | None:
        if node.kind not in BLOB_KINDS or node.descriptor is None or node.repository is None:
            return None
        if self.deep and not self._reads_config(node):
            return self._ask_bytes(node, request)
        if node.kind is Kind.CONFIG and node.config is None and node.error is None:
            return self._loader.config(node, request)
        return self._ask_presence(node, request, again=node is self.node)

    def _ask_manifest(self, node: Node, request: JobRequest) -> Job | None:
        """A manifest that was read already: on disk its file may have changed since."""
        if self.deep and node.source.capabilities.on_disk and node.load is Load.READY and node.descriptor is not None:
            return self._ask_bytes(node, request)
        return self._ask_presence(node, request)

    def _reads_config(self, node: Node) -> bool:
        """Whether it is a config that is about to be read whole anyway."""
        if node.kind is not Kind.CONFIG or node.descriptor is None or node.config is not None or node.error is not None:
            return False
        return media.is_image_config(node.descriptor.media_type) and node.descriptor.size <= CONFIG_LIMIT

    def _ask_bytes(self, node: Node, request: JobRequest) -> Job | None:
        """Have it read and hashed. None when that was done, and its source cannot have changed since."""
        key, descriptor = key_of(node), node.descriptor
        if key is None or descriptor is None:
            return None
        presence = self._tree.observations.get(*key).presence
        known = presence in (Presence.HASHED, Presence.MISMATCHED) and not node.source.capabilities.on_disk
        if known and self._tree.observations.hashed(*key) is not None:
            return None
        self.bytes.expect(key, descriptor.size)
        job = self._inspector.submit_hash(*key[:2], descriptor, request, lambda count: self._moved(key, count))
        job.when_over(lambda _: self.bytes.finish(key))
        return job

    def _moved(self, key: Hashable, count: int) -> None:
        if self.running and self.bytes.move(key, count):
            self._tell()

    def _tell(self) -> None:
        self._tree.emit(CheckProgress(self.node, self.done, self.total, self.running, lambda: self.words))

    def _note_read(self, node: Node) -> None:
        """A deep check counts what was read whole as hashed."""
        key = key_of(node)
        document = node.manifest or (node.config if node.kind is Kind.CONFIG else None)
        if key is None or document is None or not node.source.capabilities.holds_its_objects:
            return
        if self._tree.observations.get(*key).presence is Presence.PRESENT:
            self._inspector.note_read(*key, document.raw)

    def _ask_presence(self, node: Node, request: JobRequest, *, again: bool = False) -> Job | None:
        """Ask whether it is there, or join those who are asking. None when that is known."""
        key = key_of(node)
        if key is None or node.descriptor is None or node.load is Load.FAILED:
            return None
        observations = self._tree.observations
        known = not observations.wanted(*key) and observations.get(*key).presence is not Presence.CHECKING
        if known and not again and not self._inspector.has(self._inspector.probe_key(*key)):
            return None
        return self._inspector.submit_probe(node.source, node.repository or "", node.descriptor, request)

    def _back(self, node: Node, new: bool, *, again: bool = False) -> None:
        if self.stopped:
            return
        # Somebody else may have been reading it already, who was content with the disk.
        if self.deep and not again and (job := self._ask_past_disk(node, self._request(node))) is not None:
            job.when_over(lambda _: self._back(node, new, again=True))
            return
        if self._at_most is not None and self.node.source.why_ask_first:
            self.stop()  # since this began the registry asked for a rest, or said that it counts
            return
        if self._tree.observation(node).presence is Presence.MISSING:
            self._asked += 1  # that it is not there was asked twice
        if new:
            self._answered()
        self._descend(node)
        self._settled()

    def _descend(self, node: Node) -> None:
        if node.load is Load.FAILED:
            # The attestations of a platform that is gone hang there still, and may be there or not.
            self._visit_all([child for child in node.children if child.kind is Kind.ATTESTATION])
            return
        if self.deep:
            self._note_read(node)
        self._ask_subject(node)
        self._visit_all(node.children)

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
        self._tell()

    def _settled(self) -> None:
        self._pending -= 1
        if self._pending == 0 and not self.stopped and self._tail is None:
            self._tail = asyncio.create_task(self._look_around())

    async def _look_around(self) -> None:
        self._searching_since = self.requests
        try:
            with counting(self._count_for):
                await self._afterwards(self.node, self)
        finally:
            if not self.stopped:
                self._finish()

    def _finish(self) -> None:
        self.running = False
        self._over.set()
        self._tell()
