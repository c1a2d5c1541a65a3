"""The rows, who shows what, and what listeners are told. Asks nothing of any source."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tui.explore.node import BLOB_KINDS, MANIFEST_KINDS, Kind, Load, Node
from tui.explore.observations import Key, ObservationStore
from tui.explore.rollup import Pull, Rollup, pull, rollup
from tui.explore.standing import Standing, standing
from tui.oci import media
from tui.oci.digest import Digest
from tui.sources.base import Source
from tui.sources.presence import UNCHECKED, Observation, Presence, compare


@dataclass(frozen=True, slots=True)
class NodeChanged:
    """The row itself changed: its label, note, load state or error."""

    node: Node


@dataclass(frozen=True, slots=True)
class ChildrenChanged:
    """Children were added, removed or put in another order."""

    node: Node


@dataclass(frozen=True, slots=True)
class PresenceChanged:
    """Something new is known of an object. `Explorer.nodes_of` names the rows that show it."""

    source: Source
    repository: str
    digest: Digest


@dataclass(frozen=True, slots=True)
class CheckProgress:
    """How far a check of everything below `node` is: objects answered, objects known of, whether it still runs; and
    what says the same in words, with the bytes that are read, for those who show it."""

    node: Node
    done: int
    total: int
    running: bool
    say: Callable[[], str] = str

    @property
    def words(self) -> str:
        return self.say()


Event = NodeChanged | ChildrenChanged | PresenceChanged | CheckProgress


_log = logging.getLogger(__name__)
_OBJECTS = MANIFEST_KINDS | BLOB_KINDS


def key_of(node: Node) -> Key | None:
    """The object that a row shows; None for rows that stand for no object, or for one not known yet."""
    if node.kind not in _OBJECTS or node.repository is None:
        return None
    digest = node.descriptor.digest if node.descriptor is not None else node.digest
    return (node.source, node.repository, digest) if digest is not None else None


def observe(node: Node, observations: ObservationStore) -> Observation:
    """What is known of the object of a row, compared with what the row's own descriptor says of it."""
    key = key_of(node)
    if key is None:
        return node.error.observation() if node.error is not None else UNCHECKED
    observation = observations.get(*key)
    failed = node.load is Load.FAILED and node.kind in MANIFEST_KINDS
    if failed and node.error is not None and observation.presence.undetermined:
        return node.error.observation()
    if node.descriptor is None:
        return observation
    observation = compare(node.descriptor, observation)
    return _unpacked(node, observation) if observation.unpacked is not None else observation


def _unpacked(node: Node, observation: Observation) -> Observation:
    """What was hashed as the image sees it that names it as a layer: it has to unpack, and to what the config says.

    Artifacts have layers of the same types that are no tars.
    """
    unpacked, image = observation.unpacked, node.parent
    manifest = image.image_manifest if image is not None else None
    if unpacked is None or image is None or manifest is None or observation.presence is not Presence.HASHED:
        return observation
    if node.kind is not Kind.LAYER or manifest.config is None or not media.is_image_config(manifest.config.media_type):
        return observation
    if unpacked.broken:
        return replace(observation, presence=Presence.MISMATCHED, detail=unpacked.broken, code="broken-layer")
    if unpacked.packed and node.descriptor is not None and media.is_plain_tar(node.descriptor.media_type):
        detail = f"its bytes are {unpacked.packed}, its media type says uncompressed"
        return replace(observation, presence=Presence.MISMATCHED, detail=detail, code="broken-layer")
    if unpacked.stopped:
        return replace(observation, presence=Presence.PRESENT, detail=unpacked.stopped, code="not-unpacked")
    diff_ids = image.config.diff_ids if image.config is not None else ()
    wanted = diff_ids[node.position] if node.position < len(diff_ids) else None
    if wanted is None or unpacked.diff_id is None or wanted.algorithm != unpacked.diff_id.algorithm:
        return observation
    if wanted != unpacked.diff_id:
        detail = f"it unpacks to {unpacked.diff_id}, the config says {wanted}"
        return replace(observation, presence=Presence.MISMATCHED, detail=detail, code="diff-id-mismatch")
    return observation


class Tree:
    """Rows by key and by object, sums with a cache, and the listeners."""

    def __init__(self, observations: ObservationStore) -> None:
        self.observations = observations
        self.roots: list[Node] = []
        self._by_key: dict[str, Node] = {}
        self._by_object: dict[Key, dict[Node, None]] = {}
        self._sums: dict[Node, Rollup] = {}
        self._standings: dict[Node, Standing] = {}
        self._sharing: dict[Node, dict[Node, None]] = {}
        self._listeners: dict[int, Callable[[Event], None]] = {}
        self._next = 0
        observations.listen(self._presence_changed)

    # listeners

    def subscribe(self, callback: Callable[[Event], None]) -> Callable[[], None]:
        """Call back with every event, on the event loop. Gives the function that ends it."""
        self._next += 1
        number = self._next
        self._listeners[number] = callback

        def unsubscribe() -> None:
            self._listeners.pop(number, None)

        return unsubscribe

    def emit(self, event: Event) -> None:
        for callback in list(self._listeners.values()):
            try:
                callback(event)
            except Exception:
                # A listener that fails must not stop the checks or the other listeners; its fault is in the log.
                _log.exception("a listener failed on %r", event)

    # rows

    def add_root(self, node: Node) -> None:
        self.roots.append(node)
        self.register(node)

    def get(self, key: str) -> Node | None:
        """The row with this key, if it is in the tree now."""
        return self._by_key.get(key)

    def register(self, node: Node) -> None:
        """Take a row and everything below it into the indexes."""
        for row in node.walk():
            self._by_key[row.key] = row
            key = key_of(row)
            if key is not None:
                self._by_object.setdefault(key, {})[row] = None
                self._share(row, key)

    def _share(self, row: Node, key: Key) -> None:
        """Let an index that its image holds already be followed there only; what holds itself is told as that."""
        if row.kind is not Kind.INDEX or row.shared is not None or row.load is Load.READY:
            return
        top = row.top()
        for other in self._by_object[key]:
            if other is row or other.kind is not Kind.INDEX or other.shared is not None or other.top() is not top:
                continue
            if not any(above is other for above in row.ancestors()):
                row.shared = other
                self._sharing.setdefault(other, {})[row] = None
                return

    def _unshare(self, row: Node) -> None:
        """A row goes: those that showed below it what they hold show it below one of themselves."""
        if row.shared is not None:
            self._sharing.get(row.shared, {}).pop(row, None)
            row.shared = None
        left = list(self._sharing.pop(row, ()))
        for other in left:
            other.shared = None
        for other in left:
            key = key_of(other)
            if key is not None and other in self._by_object.get(key, ()):
                self._share(other, key)
            self.touch(other)

    def unregister(self, node: Node) -> None:
        for row in node.walk():
            if self._by_key.get(row.key) is row:
                del self._by_key[row.key]
            self._unlink(row, key_of(row))
            self._unshare(row)
            self._sums.pop(row, None)
            self._standings.pop(row, None)

    def identify(self, node: Node, change: Callable[[], None]) -> None:
        """Let `change` alter what object a row stands for, keeping the index by object right."""
        before = key_of(node)
        change()
        after = key_of(node)
        if before != after:
            self._unlink(node, before)
            if after is not None:
                self._by_object.setdefault(after, {})[node] = None

    def replace_children(self, node: Node, rows: Sequence[Node], hide: Callable[[Node], bool] | None = None) -> None:
        """Put rows below `node`. A row with the key of one that is there already lives on, with all it knows; of those
        that are not among `rows`, the ones that `hide` names are only out of sight."""
        old = {child.key: child for child in node.parts}
        kept: list[Node] = []
        for row in rows:
            before = old.pop(row.key, None)
            if before is None or before is row or before.kind is not row.kind:
                if before is not None and before is not row:
                    self.unregister(before)
                row.parent = node
                kept.append(row)
                self.register(row)
            else:
                kept.append(self._renew(before, row))
        node.hidden = []
        for gone in old.values():
            if hide is not None and hide(gone):
                node.hidden.append(gone)
            else:
                self.unregister(gone)
        node.children = kept
        self.touch(node)
        self.emit(ChildrenChanged(node))

    def add_child(self, node: Node, row: Node, *, first: bool = False) -> None:
        """Put one row more below `node`."""
        rows = [row, *node.children] if first else [*node.children, row]
        self.replace_children(node, rows, hide=lambda _: True)

    def _renew(self, row: Node, fresh: Node) -> Node:
        def change() -> None:
            row.label, row.note = fresh.label, fresh.note or row.note
            row.descriptor = fresh.descriptor or row.descriptor
            row.platform = fresh.platform or row.platform
            row.position, row.subject = fresh.position, fresh.subject

        self.identify(row, change)
        if row.kind in (Kind.MANIFEST, Kind.INDEX) and not _same_attestations(row, fresh):
            others = [child for child in row.children if child.kind is not Kind.ATTESTATION]
            known = {child.key: child for child in row.children if child.kind is Kind.ATTESTATION}
            wanted = [known.pop(child.key, child) for child in fresh.children if child.kind is Kind.ATTESTATION]
            for gone in known.values():
                self.unregister(gone)
            at = next((i for i, child in enumerate(others) if child.kind is Kind.REFERRERS), len(others))
            row.children = others[:at] + wanted + others[at:]
            for child in wanted:
                child.parent = row
                self.register(child)
            self.emit(ChildrenChanged(row))
        return row

    def _unlink(self, node: Node, key: Key | None) -> None:
        if key is None:
            return
        rows = self._by_object.get(key)
        if rows is not None:
            rows.pop(node, None)
            if not rows:
                del self._by_object[key]

    # what is known

    def nodes_of(self, source: Source, repository: str, digest: Digest) -> list[Node]:
        """The rows that show an object."""
        return list(self._by_object.get((source, repository, digest), ()))

    def observation(self, node: Node) -> Observation:
        """What is known of the object of a row, compared with what the row's own descriptor says of it."""
        return observe(node, self.observations)

    def rollup(self, node: Node) -> Rollup:
        """The sum over a row; remembered until something below it changes."""
        known = self._sums.get(node)
        if known is None:
            known = rollup(node, self.observation, self.rollup)
            self._sums[node] = known
        return known

    def standing(self, node: Node) -> Standing:
        """How all objects at and below a row stand; remembered as sums are."""
        known = self._standings.get(node)
        if known is None:
            known = standing(node, self.observation, self.standing)
            self._standings[node] = known
        return known

    def pull(self, node: Node) -> Pull:
        """Whether what a row of a platform stands for can be pulled: of an image remembered with its sum."""
        return self.rollup(node).pull if node.image_manifest is not None else pull(node, self.observation)

    def touch(self, node: Node) -> None:
        """Something about this row changed: what is remembered of it and of those above is no longer good."""
        if not (self._sums or self._standings):
            return
        waiting, met = [node], {node}
        while waiting:
            row: Node | None = waiting.pop()
            while row is not None:
                self._sums.pop(row, None)
                self._standings.pop(row, None)
                if self._sharing:
                    others = [each for each in self._sharing.get(row, ()) if each not in met]
                    met.update(others)
                    waiting += others
                row = row.parent

    def changed(self, node: Node) -> None:
        """Say that a row itself changed."""
        self.touch(node)
        self.emit(NodeChanged(node))

    def _presence_changed(self, key: Key) -> None:
        there = self.observations.get(*key).presence.is_there
        for node in list(self._by_object.get(key, ())):
            self.touch(node)
            if there and node.load is Load.FAILED and node.error is not None and not node.error.presence.is_there:
                self._came_back(node)
        if self._listeners:
            self.emit(PresenceChanged(*key))

    def _came_back(self, node: Node) -> None:
        """An object that a row failed to read was seen since: the row may be opened again, and says so."""
        if node.error is None or node.error.presence is Presence.MISMATCHED:
            return  # what was read was wrong, and that something is there was known
        node.load, node.error = Load.IDLE, None
        if any(row.kind is Kind.FAULT for row in node.children):
            self.replace_children(node, [row for row in node.children if row.kind is not Kind.FAULT])
        self.changed(node)


def _same_attestations(row: Node, fresh: Node) -> bool:
    def keys(node: Node) -> list[str]:
        return [child.key for child in node.children if child.kind is Kind.ATTESTATION]

    return keys(row) == keys(fresh)
