"""The explorer: the tree of what exists, filled when opened, checked live. What the screen and the command line ask."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from tui.explore.checkrun import CheckRun
from tui.explore.inspector import Inspector, JobRequest, Read
from tui.explore.listing import BY_WHAT_IS_KNOWN, ROWS
from tui.explore.lists import Lists, repository_row, tag_row
from tui.explore.loader import Loader, label_of, referrers_of, signatures_in
from tui.explore.node import BLOB_KINDS, MANIFEST_KINDS, Kind, Load, Node
from tui.explore.observations import Key
from tui.explore.rollup import Rollup, platforms_of
from tui.explore.scheduler import Job, Urgency
from tui.explore.search import Memory, MissingObjectSearch, compare
from tui.explore.tree import Event, Tree, key_of
from tui.explore.walker import TOO_MANY, UNASKED_LIMIT
from tui.oci import media
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest, digest_or_name
from tui.sources.base import Source
from tui.sources.presence import Observation
from tui.text import safe

_OWNER = "visible tags"
#: Questions about signatures that may follow a check that somebody asked for.
SIGNATURE_LIMIT = 50


class Focus:
    """Follows what is visible. Tags that scroll away before they were asked for are not asked for."""

    def __init__(self, tree: Tree, inspector: Inspector) -> None:
        self._tree = tree
        self._inspector = inspector
        self._peeking: set[Node] = set()

    def focus(self, nodes: Sequence[Node]) -> None:
        """These rows are visible now, and no others."""
        self._inspector.focus(key for node in nodes for key in self._keys(node))
        visible = {node for node in nodes if node.kind is Kind.TAG and node.load is Load.IDLE}
        for node in self._peeking - visible:
            self._inspector.withdraw((_OWNER, node.key))
        wanted = [node for node in nodes if node in visible and node not in self._peeking]  # from top to bottom
        fresh = [node for node in wanted if node.descriptor is None and node.error is None]
        self._peeking = (self._peeking & visible) | set(fresh)
        for node in fresh:
            self._peek(node)

    def forget(self, nodes: Iterable[Node]) -> None:
        """What was learnt of these tags by looking at their rows alone may be different now; it is asked for again when
        they are visible."""
        for node in nodes:
            if node.kind is Kind.TAG and node.load is Load.IDLE and (node.error is not None or node.descriptor):
                self._tree.identify(node, partial(_blank, node))
                self._tree.changed(node)

    def _keys(self, node: Node) -> Iterator[Hashable]:
        """The work that is done for a row."""
        if node.repository is None:
            return
        if node.tag is not None:
            yield self._inspector.manifest_key(node.source, node.repository, node.tag)
        key = key_of(node)
        if key is not None:
            yield self._inspector.probe_key(*key)
            yield self._inspector.blob_key(*key)
            yield self._inspector.manifest_key(node.source, node.repository, str(key[2]))

    def _peek(self, node: Node) -> None:
        request = JobRequest((_OWNER, node.key), Urgency.FOCUS, label=label_of(node))
        job = self._inspector.submit_resolve(node.source, node.repository or "", node.tag or "", request)
        job.when_over(lambda done: self._over(node, done))

    def _over(self, node: Node, job: Job) -> None:
        self._peeking.discard(node)
        if not isinstance(job.result, Read) or node.load is not Load.IDLE:
            return
        node.error = job.result.error
        descriptor = job.result.descriptor
        if descriptor is not None:

            def change() -> None:
                node.descriptor = descriptor

            self._tree.identify(node, change)
            node.note = _note(descriptor)
        self._tree.changed(node)


def _blank(node: Node) -> None:
    node.descriptor, node.error, node.note = None, None, ""


def _note(descriptor: Descriptor) -> str:
    if media.is_index(descriptor.media_type):
        return "index"
    if media.is_image_manifest(descriptor.media_type):
        return "image"
    return safe(media.describe(descriptor.media_type), limit=80)


class Explorer:
    """Rows as data over any sources. Nothing here blocks or raises for what a source does; rows and events say it.

    The `inspector` asks and remembers; without one a new one is made, for sources that need no client.
    """

    def __init__(self, inspector: Inspector | None = None) -> None:
        self.inspector = inspector or Inspector()
        self.observations = self.inspector.observations
        self.tree = Tree(self.observations)
        self.roots = self.tree.roots
        self._loader = Loader(self.tree, self.inspector)
        self._lists = Lists(self._loader)
        self._search = MissingObjectSearch(self.tree, self.inspector)
        self._runs: dict[Node, CheckRun] = {}
        self._unasked: dict[Node, CheckRun] = {}
        self._focus = Focus(self.tree, self.inspector)
        self._sources = 0
        self._tasks: set[asyncio.Task[None]] = set()

    # the tree

    def subscribe(self, callback: Callable[[Event], None]) -> Callable[[], None]:
        """Call back with every event, on the event loop; be quick. Gives the function that ends it."""
        return self.tree.subscribe(callback)

    def get(self, key: str) -> Node | None:
        """The row with this key, if it is in the tree."""
        return self.tree.get(key)

    def nodes_of(self, source: Source, repository: str, digest: Digest) -> list[Node]:
        """The rows that show an object: what to repaint after `PresenceChanged`."""
        return self.tree.nodes_of(source, repository, digest)

    def add_source(self, source: Source) -> Node:
        """A root for a source; the one that is there already for the same source."""
        for root in self.roots:
            if root.source is source:
                return root
        self.inspector.adopt(source)
        self._sources += 1
        node = Node(key=f"s{self._sources}", kind=Kind.SOURCE, source=source, label=source.title, expandable=True)
        self.tree.add_root(node)
        return node

    def add_repository(self, source: Source, name: str) -> Node:
        """A repository below its source, whether or not the source lists it. `name` is raw."""
        root = self.add_source(source)
        row = repository_row(root, name)
        known = self.tree.get(row.key)
        if known is not None:
            return known
        self.observations.see_repository(source, name)
        self.tree.add_child(root, row)
        return row

    async def add_reference(self, source: Source, repository: str, selector: str) -> Node:
        """A tag or a digest below its repository, loaded. Never raises: the row says what failed."""
        node = self.add_selector(source, repository, selector)
        await self.open(node)
        return node

    def add_selector(self, source: Source, repository: str, selector: str) -> Node:
        """The row of a tag or digest below its repository, not loaded yet."""
        parent = self.add_repository(source, repository)
        digest = digest_or_name(selector)
        row = tag_row(parent, selector, repository) if digest is None else _digest_row(parent, digest)
        known = self.tree.get(row.key)
        if known is not None:
            return known
        if digest is None and parent.listing is not None:
            parent.listing.add([selector])
            self._lists.show(parent)
            known = self.tree.get(row.key)
            if known is not None:
                return known
        self.tree.add_child(parent, row, first=True)
        return row

    def child(self, parent: Node, digest: Digest) -> Node | None:
        """The row of this digest below `parent`, the nearest one: what following a digest leads to."""
        return next((row for row in parent.walk() if row is not parent and row.digest == digest), None)

    # loading

    async def open(self, node: Node, *, fresh: bool = False) -> None:
        """Load a row's children and begin to check what it holds. Returns when the children are there."""
        await self._load(node, JobRequest(node.key, Urgency.OPENED, fresh))
        if node.load is Load.READY:
            self._check_children(node)
            if node.source.capabilities.stored_lists is not None:
                work = partial(compare, node, self.tree)
                self._loader.submit(("compare", node.key), node, work, JobRequest(node.key))
            elif node.kind is Kind.TAG and self.observations.tag_names(node.source, node.repository or "") is not None:
                # The tags are known, so it costs little to see whether those it was made of moved on. A task and no
                # job: it waits for jobs, and must not hold a slot meanwhile.
                self._aside(self._search.moved_tags(node, node.key, may_list=False))

    def _aside(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _load(self, node: Node, request: JobRequest) -> None:
        job: Job | None = None
        if node.kind in (Kind.SOURCE, Kind.REPOSITORY):
            job = self._lists.load(node, request)
        elif node.kind is Kind.GROUP:
            if node.load is not Load.READY:
                self._lists.open_group(node)
        elif node.kind is Kind.REFERRERS:
            job = self._loader.referrers(node, request)
        elif node.kind in MANIFEST_KINDS:
            if node.load is not Load.READY or request.fresh:
                job = self._loader.manifest(node, request, again=True)
        elif node.kind is Kind.CONFIG:
            job = self._loader.config(node, request, again=True)
        elif node.kind is Kind.STATEMENT:
            job = self._loader.statement(node, request)
        if job is not None:
            await job.wait()

    def _check_children(self, node: Node) -> None:
        request = JobRequest(node.key, Urgency.OPENED)
        for child in list(node.children):
            if child.kind is Kind.CONFIG and child.config is None and child.error is None:
                self._loader.config(child, request)
            elif child.kind is Kind.ATTESTATION and not node.is_index:
                self._loader.manifest(child, request)
            elif child.kind is Kind.MANIFEST and not media.is_manifest(child.media_type):
                self._loader.manifest(child, request)  # what it is turns out when it is read
            elif child.kind in BLOB_KINDS or child.kind in (Kind.INDEX, Kind.MANIFEST, Kind.ATTESTATION, Kind.REFERRER):
                self._probe(child, request)

    def _probe(self, node: Node, request: JobRequest) -> Job | None:
        key = key_of(node)
        if key is None or node.descriptor is None:
            return None
        fresh = key in self._loader.stale
        if not fresh and not self.observations.wanted(*key):
            return None
        self._loader.stale.discard(key)
        request = replace(request, fresh=fresh or request.fresh, label=label_of(node))
        return self.inspector.submit_probe(node.source, node.repository or "", node.descriptor, request)

    def leave(self, node: Node) -> None:
        """Nobody looks at this row any more: work that only it (and what is below it) wanted is dropped."""
        for row in node.walk():
            self.inspector.withdraw(row.key)
            if (run := self._unasked.get(row)) is not None and run.running:
                run.stop()
                del self._unasked[row]

    async def refresh(self, node: Node) -> None:
        """Ask again for a row and what was loaded below it, past every cache."""
        keys: set[Key] = {key for row in node.walk() if (key := key_of(row)) is not None}
        self._forget(keys)
        self._focus.forget(list(node.walk()))
        if node.repository is not None and node.kind in (Kind.REPOSITORY, Kind.TAG, Kind.GROUP):
            self.observations.forget_tags(node.source, node.repository)
        if node.kind in MANIFEST_KINDS | {Kind.SOURCE, Kind.REPOSITORY, Kind.GROUP, Kind.REFERRERS}:
            await self._refresh(node)
        else:
            self._probe(node, JobRequest(node.key, Urgency.OPENED, fresh=True))

    async def _refresh(self, node: Node) -> None:
        loaded = {row.key for row in node.walk() if row is not node and row.load in (Load.READY, Load.FAILED)}
        await self.open(node, fresh=True)
        for child in list(node.children):
            if child.key not in loaded:
                continue
            if child.kind in MANIFEST_KINDS or child.kind in (Kind.REPOSITORY, Kind.REFERRERS):
                await self._refresh(child)

    def names(self, node: Node) -> list[str]:
        """The names of a SOURCE's or REPOSITORY's list that was read, shown or not, without those that nobody can ask
        for."""
        return self._lists.names(node)

    def key_in(self, node: Node, name: str) -> str:
        """The key of the row of a name of such a list, whether or not there is one now."""
        return self._lists.key_in(node, name)

    def pick(self, node: Node, name: str) -> Node:
        """The row of a name of such a list, shown or not, to be looked at and then `put_back`: looking through a long
        list takes the memory of its names and of the images that are looked at."""
        return self._lists.pick(node, name)

    def put_back(self, row: Node) -> None:
        """Drop what is below a row that was picked, and the row if it is not shown."""
        self._lists.put_back(row)

    async def load_more(self, node: Node) -> None:
        """Show the next rows of the list that a MORE row stands for."""
        parent = node.parent
        if node.kind is Kind.MORE and parent is not None and parent.listing is not None:
            parent.listing.limit += ROWS
            self._lists.show(parent)

    def set_filter(self, node: Node, text: str, keep: Node | None = None) -> None:
        """Let only matching names of a SOURCE's or REPOSITORY's list be rows; "" lets all through. The one that `keep`
        is in stays a row where it matches, however many come before it."""
        if node.listing is not None:
            self._lists.filter(node, text, keep)

    def set_order(self, node: Node, order: str) -> None:
        """Sort a list by one of `listing.ORDERS`; "" is the order of a list that nobody sorted."""
        if node.listing is not None:
            node.listing.order, node.listing.order_chosen = order or "version", bool(order)
            self._lists.show(node)

    def sort_again(self, node: Node) -> None:
        """More is known of the rows of a list: put them in order anew where that is what they are sorted by."""
        if node.listing is not None and node.listing.order in BY_WHAT_IS_KNOWN:
            self._lists.show(node)

    async def read_config(self, node: Node) -> None:
        """Read the config of a CONFIG row, or of the image that the row is; `node.config` has it then."""
        row = node if node.kind is Kind.CONFIG else next((c for c in node.children if c.kind is Kind.CONFIG), None)
        if row is not None:
            await self._load(row, JobRequest(node.key, Urgency.FOCUS))

    async def read_manifest_json(self, node: Node) -> bytes | None:
        """The bytes of a row's document exactly as served: manifest, config or statement. None when there are none."""
        if node.kind in MANIFEST_KINDS:
            if node.load is not Load.READY:
                await self._load(node, JobRequest(node.key, Urgency.FOCUS))
            if node.manifest is not None:
                return node.manifest.raw
            return (node.error.raw or None) if node.error is not None else None
        await self._load(node, JobRequest(node.key, Urgency.FOCUS))
        if node.config is not None and node.kind is Kind.CONFIG:
            return node.config.raw
        return node.statement.raw if node.statement is not None else None

    # checking

    def check(self, node: Node, *, wanted: Callable[[Node], bool] | None = None, deep: bool | None = None) -> CheckRun:
        """Check everything below a row, however deep. The run that is under way for this row, if one is.

        `wanted` restricts it to some of the platforms of an index. A `deep` check reads and hashes every blob; when
        nothing is said, it is one wherever that costs no request.
        """
        deep = node.source.capabilities.on_disk if deep is None else deep
        run = self._runs.get(node)
        if run is not None and run.running:
            if run.deep or not deep:
                return run
            run.stop()
        for key in [key for key, old in self._runs.items() if not old.running]:
            del self._runs[key]
        run = CheckRun(
            node, self.tree, self.inspector, self._loader, self._lists, self._search.after_check, wanted, deep
        )
        self._runs[node] = run
        run.start()
        return run

    def remember(self, memory: Callable[[], Memory]) -> None:
        """Look for what is missing also where `memory` says that it came from; it is made when something is missing."""
        self._search.make_memory = memory

    def check_unasked(self, node: Node) -> CheckRun | None:
        """Check everything below what was just opened, though nobody asked for it: nothing is looked for elsewhere, no
        blob is read, and it ends after `UNASKED_LIMIT` requests. None where `why_not_unasked` has a reason. It is not
        among those that run: it stops when the row is left."""
        if self.why_not_unasked(node):
            return None
        run = self._unasked.get(node)
        if run is None or not run.running:
            run = self._unasked[node] = CheckRun(
                node, self.tree, self.inspector, self._loader, self._lists, _nowhere, at_most=_unasked(node)
            )
            run.start()
        return run

    def why_not_unasked(self, node: Node) -> str:
        """Why everything below a row is checked only when somebody asks for it: "docker.io counts requests"; ""
        when it is by itself."""
        run = self._unasked.get(node)
        if run is not None and run.left:
            return TOO_MANY
        entries = len(node.index.entries) if node.index is not None else 0
        return TOO_MANY if _unasked(node) <= entries else node.source.why_ask_first

    async def ask_for_signatures(self, node: Node) -> None:
        """Ask what refers to an index and to its platforms, as far as nobody did, and whether the signatures among that
        are there: `SIGNATURE_LIMIT` questions at most, and none of a registry that counts requests. No part of a check,
        for no pull needs a signature: the rows say what came back."""
        index = node.held
        if not index.is_index or index.load is not Load.READY:
            return
        groups = [group for row in (index, *platforms_of(index)) if (group := referrers_of(row)) is not None]
        groups = [group for group in groups if group.load in (Load.IDLE, Load.STOPPED)][:SIGNATURE_LIMIT]
        request = JobRequest(node.key, Urgency.LAST)
        await _in_turn(node.source, groups, lambda group: self._loader.referrers(group, request))
        found = [row for group in groups for row in signatures_in(group)][: SIGNATURE_LIMIT - len(groups)]
        await _in_turn(node.source, found, lambda row: self._probe(row, request))

    def last_check(self, node: Node) -> CheckRun | None:
        """The last check of this row, when it ended by itself and no other check began since."""
        run = self._runs.get(node)
        return run if run is not None and not run.running and not run.stopped else None

    def running(self) -> list[CheckRun]:
        """The checks that are under way."""
        return [run for run in self._runs.values() if run.running]

    def observation(self, node: Node) -> Observation:
        """What is known of a row's object, as the row's own descriptor sees it."""
        return self.tree.observation(node)

    def rollup(self, node: Node) -> Rollup:
        """The sum over a row; cheap, it is remembered."""
        return self.tree.rollup(node)

    def focus(self, nodes: Sequence[Node]) -> None:
        """What is on the screen: asked first. Tags on the screen are asked what they point to (one HEAD each)."""
        self._focus.focus(nodes)

    def give_way(self, seconds: float = 0.4) -> None:
        """Somebody is pressing keys: check with less at once for so long, so that the screen answers first."""
        self.inspector.give_way(seconds)

    # finding out more

    async def moved_tags(self, node: Node, *, may_list: bool = True) -> None:
        """Ask what the tags that an index was probably made of point to now; findings say which moved."""
        await self._search.moved_tags(node, node.key, may_list=may_list)

    def note_written(self, source: Source, repository: str) -> None:
        """Something was pushed to a repository or deleted from it: what is known of it no longer holds."""
        keys = {
            key
            for root in self.roots
            for row in root.walk()
            if (key := key_of(row)) and key[:2] == (source, repository)
        }
        self._forget(keys)
        rows = [row for root in self.roots for row in root.walk()]
        self._focus.forget(row for row in rows if row.source is source and row.repository == repository)
        self.observations.forget_tags(source, repository)

    def _forget(self, keys: set[Key]) -> None:
        """What is known of these objects no longer holds, nor why a config or statement could not be read."""
        self.inspector.forget(keys)
        self._loader.stale |= keys
        for key in keys:
            for row in self.nodes_of(*key):
                if row.kind in BLOB_KINDS and row.error is not None:
                    row.load, row.error = Load.IDLE, None
                    self.tree.changed(row)

    async def aclose(self) -> None:
        """Stop everything. Sources are closed by whoever opened them."""
        for run in [*self._runs.values(), *self._unasked.values()]:
            run.stop()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.inspector.stop()


def _unasked(node: Node) -> int:
    """How many requests may follow those that opening a row took: one for what each of its rows stands for."""
    return UNASKED_LIMIT - sum(row.kind in MANIFEST_KINDS | BLOB_KINDS for row in node.children)


async def _in_turn(source: Source, rows: Sequence[Node], ask: Callable[[Node], Job | None]) -> None:
    """Ask for rows, as many at once as the source can bear, until it wants to be asked for less or somebody left."""
    waiting = list(rows)
    while waiting and not source.why_ask_first:
        slots = source.slots
        jobs = [job for row in waiting[:slots] if (job := ask(row)) is not None]
        waiting = waiting[slots:]
        for job in jobs:
            await job.wait()
        if any(job.dropped for job in jobs):
            return


async def _nowhere(node: Node, owner: Hashable) -> None:
    """Look for what is missing nowhere else."""


def _digest_row(parent: Node, digest: Digest) -> Node:
    return Node(
        key=f"{parent.key}@{digest}",
        kind=Kind.MANIFEST,
        source=parent.source,
        repository=parent.repository,
        label=safe(digest.short),
        descriptor=None,
        parent=parent,
        expandable=True,
        wanted=digest,
    )
