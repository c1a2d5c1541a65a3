"""Filling rows: reading what a row stands for and putting its children below it. Rows say what failed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from dataclasses import replace

from tui.explore.children import children_of, fault, referrer_rows
from tui.explore.events import ChildrenChanged
from tui.explore.inspector import Inspector, JobRequest, Read
from tui.explore.node import MANIFEST_KINDS, Kind, Load, Node
from tui.explore.observations import Key
from tui.explore.scheduler import Job
from tui.explore.tree import Tree, key_of
from tui.oci import media
from tui.oci.config import CONFIG_LIMIT, ImageConfig, decode_config
from tui.oci.errors import OciError
from tui.oci.manifest import AnyManifest, ImageManifest, Index
from tui.oci.statement import STATEMENT_LIMIT, decode_statement
from tui.sources.base import SourceError
from tui.sources.presence import Presence
from tui.text import safe


class Loader:
    """Loads manifests, referrers, configs and statements into rows. One load of a row runs at a time."""

    def __init__(self, tree: Tree, inspector: Inspector) -> None:
        self.tree = tree
        self.inspector = inspector
        self.stale: set[Key] = set()
        self._loading: dict[Node, Job] = {}

    # manifests

    def manifest(self, node: Node, request: JobRequest, *, again: bool = False) -> Job | None:
        """Load the manifest of a row and its children. None when nothing needs to be asked: the row is ready at once.

        A row that failed is tried again when its error may have passed, or when `again` says so.
        """
        running = self._loading.get(node)
        if running is None and not again and not request.fresh and not self._worth_asking(node):
            return None
        repository = node.repository or ""
        descriptor = node.descriptor if node.tag is None else None
        fresh = request.fresh or self._take_stale(node)
        if descriptor is not None and not fresh and running is None:
            known = self.inspector.known(node.source, repository, descriptor.digest)
            if known is not None:
                self._fill(node, known)
                return None
        selector = node.tag if node.tag is not None else str(node.digest)
        request = JobRequest(request.owner, request.urgency, fresh, request.label or label_of(node))
        job = self.inspector.submit_manifest(node.source, repository, selector, descriptor, request)
        if running is not job:
            self._loading[node] = job
            node.load, node.error = Load.LOADING, None
            job.when_over(lambda done: self._manifest_over(node, done))
            self.tree.changed(node)
        return job

    def _worth_asking(self, node: Node) -> bool:
        if node.load is Load.READY:
            return False
        if node.load is Load.FAILED and node.error is not None:
            key = key_of(node)
            # What was missing when it was read, and was seen since, was put back.
            back = node.error.presence is Presence.MISSING and self.tree.observation(node).presence is Presence.PRESENT
            return back or key is None or self.tree.observations.wanted(*key)
        return True

    def _take_stale(self, node: Node) -> bool:
        key = key_of(node)
        if key is None or key not in self.stale:
            return False
        self.stale.discard(key)
        return True

    def _manifest_over(self, node: Node, job: Job) -> None:
        if self._loading.get(node) is job:
            del self._loading[node]
        if not self._settle(node, job) or not isinstance(job.result, Read):
            return
        if job.result.manifest is not None:
            self._fill(node, job.result.manifest)
        elif job.result.descriptor is not None:
            node.load, node.error, node.expandable = Load.READY, None, False
            node.note = "a blob, no manifest"
            self.tree.changed(node)

    def _settle(self, node: Node, job: Job) -> bool:
        """Write how a load ended into its row; True when there is something to fill it with."""
        if job.dropped:
            node.load = Load.READY if node.manifest is not None else Load.STOPPED
            self.tree.changed(node)
            return False
        if isinstance(job.result, Read) and job.result.error is not None:
            self.fail(node, job.result.error)
            return False
        return True

    def fail(self, node: Node, error: SourceError) -> None:
        """The row could not be loaded: it says so, and so does a row below it."""
        node.load, node.error = Load.FAILED, error
        if node.manifest is not None:

            def drop() -> None:
                node.manifest = None

            self.tree.identify(node, drop)
        code = error.code if error.code in ("invalid-manifest", "digest-mismatch") else "failed"
        keep = [child for child in node.children if child.kind is Kind.ATTESTATION]
        self.tree.replace_children(node, [*keep, fault(node, code, error.sentence, error.fix)])
        self.tree.changed(node)

    def _fill(self, node: Node, manifest: AnyManifest) -> None:
        def change() -> None:
            node.manifest = manifest
            if node.tag is not None or node.descriptor is None:
                node.descriptor = manifest.descriptor(node.platform)

        self.tree.identify(node, change)
        if isinstance(manifest, Index) and node.kind is Kind.MANIFEST:
            node.kind = Kind.INDEX  # its descriptor said otherwise; findings say so
        elif isinstance(manifest, ImageManifest) and node.kind is Kind.INDEX:
            node.kind = Kind.MANIFEST
        if manifest.subject is not None and node.subject is None:
            node.subject = manifest.subject.digest
        node.load, node.error = Load.READY, None
        if node.tag is not None and node.note in ("", "index", "image"):
            node.note = "index" if isinstance(manifest, Index) else "image"  # a tag that moved may have changed kinds
        self.tree.replace_children(node, children_of(node, manifest))
        if node.kind is Kind.ATTESTATION and isinstance(manifest, ImageManifest):
            self._note_predicates(node)
            self._rehang(node)
        self.tree.changed(node)

    def _note_predicates(self, node: Node) -> None:
        names = dict.fromkeys(child.label for child in node.children if child.kind is Kind.STATEMENT)
        node.note = ", ".join(names)

    def _rehang(self, node: Node) -> None:
        """An attestation that only its own `subject` ties to a platform moves under that platform."""
        parent = node.parent
        if parent is None or not parent.is_index or node.subject is None:
            return
        for owner in parent.children:
            if owner.kind in (Kind.MANIFEST, Kind.INDEX) and owner.digest == node.subject:
                parent.children.remove(node)
                node.parent, node.platform, node.label = owner, owner.platform, "attestation"
                at = next((i for i, row in enumerate(owner.children) if row.kind is Kind.REFERRERS), None)
                owner.children.insert(len(owner.children) if at is None else at, node)
                self.tree.touch(owner)
                self.tree.emit(ChildrenChanged(parent))
                self.tree.emit(ChildrenChanged(owner))
                return

    # referrers

    def referrers(self, node: Node, request: JobRequest) -> Job | None:
        """Load a group of referrers. None when it is ready already."""
        subject = node.parent.digest if node.parent is not None else None
        if (node.load is Load.READY and not request.fresh) or subject is None:
            return None
        source, repository = node.source, node.repository or ""

        async def run() -> None:
            try:
                found = await source.referrers(repository, subject)
            except SourceError as error:
                self.fail(node, error)
                return
            node.load, node.error = Load.READY, None
            node.note = "none" if not found else str(len(found))
            self.tree.replace_children(node, referrer_rows(node, found))
            self.tree.changed(node)

        return self.own(node, "referrers", run, request)

    def submit(self, key: Hashable, node: Node, run: Callable[[], Awaitable[None]], request: JobRequest) -> Job:
        """Other work for a row; a fault of ours becomes the row's error."""
        request = replace(request, label=request.label or node.label)
        return self.inspector.submit(key, run, request, lambda error: self.fail(node, error))

    def own(self, node: Node, what: str, run: Callable[[], Awaitable[None]], request: JobRequest) -> Job:
        job = self.submit((what, node.key), node, run, request)
        if self._loading.get(node) is not job:
            self._loading[node] = job
            node.load = Load.LOADING
            self.tree.changed(node)

            def over(done: Job) -> None:
                if self._loading.get(node) is done:
                    del self._loading[node]
                if done.dropped and node.load is Load.LOADING:
                    node.load = Load.STOPPED
                    self.tree.changed(node)

            job.when_over(over)
        return job

    # configs and statements

    def config(self, node: Node, request: JobRequest) -> Job | None:
        """Read the config of a CONFIG row: history for the layers, platform for the image. None when known already.

        Configs of artifacts are arbitrary bytes and are only asked for, not read (protocol.md C-20).
        """
        descriptor = node.descriptor
        if descriptor is None or node.config is not None:
            return None
        fresh = request.fresh or self._take_stale(node)
        request = JobRequest(request.owner, request.urgency, fresh, request.label or label_of(node))
        if not media.is_image_config(descriptor.media_type) or descriptor.size > CONFIG_LIMIT:
            return self.inspector.submit_probe(node.source, node.repository or "", descriptor, request)
        job = self.inspector.submit_blob(node.source, node.repository or "", descriptor, CONFIG_LIMIT, request)
        if self._loading.get(node) is not job:
            self._loading[node] = job
            job.when_over(lambda done: self._config_over(node, done))
        return job

    def _config_over(self, node: Node, job: Job) -> None:
        if self._loading.get(node) is job:
            del self._loading[node]
        if not self._settle(node, job) or not isinstance(job.result, Read) or job.result.data is None:
            return
        node.load = Load.READY
        try:
            node.config = decode_config(job.result.data)
        except OciError as error:
            node.error = SourceError(Presence.PRESENT, f"The config cannot be read: {error}", code="invalid-config")
            node.note = safe(str(error), limit=200)
            self.tree.changed(node)
            return
        self._tell_image(node, node.config)
        self.tree.changed(node)

    def _tell_image(self, node: Node, config: ImageConfig) -> None:
        image = node.parent
        if image is None:
            return
        image.config = config
        if image.platform is None and image.kind in (Kind.MANIFEST, Kind.TAG):
            image.platform = config.platform
        layers = [child for child in image.children if child.kind is Kind.LAYER]
        for layer, command in zip(layers, config.commands(len(layers)), strict=True):
            if command is not None and layer.note != command:
                layer.note = safe(command, limit=400)
        self.tree.changed(image)

    def statement(self, node: Node, request: JobRequest) -> Job | None:
        """Read the statement of a STATEMENT row. None when known already, or too large to show."""
        descriptor = node.descriptor
        if descriptor is None or node.statement is not None or node.kind is not Kind.STATEMENT:
            return None
        if descriptor.size > STATEMENT_LIMIT:
            node.error = SourceError(
                Presence.PRESENT,
                f"The statement has {descriptor.size:,} bytes; more than {STATEMENT_LIMIT:,} are not read.",
            )
            return None
        job = self.inspector.submit_blob(node.source, node.repository or "", descriptor, STATEMENT_LIMIT, request)

        def over(done: Job) -> None:
            if done.dropped or not isinstance(done.result, Read):
                return
            if done.result.error is not None:
                node.error = done.result.error
            elif done.result.data is not None:
                try:
                    node.statement = decode_statement(done.result.data)
                except OciError as error:
                    node.error = SourceError(Presence.PRESENT, f"The statement cannot be read: {error}")
            self.tree.changed(node)

        job.when_over(over)
        return job


def label_of(node: Node) -> str:
    """What the request log calls a row: its image and itself."""
    names = [node.label]
    names.extend(row.label for row in node.ancestors() if row.kind in MANIFEST_KINDS or row.kind is Kind.REPOSITORY)
    return " < ".join(names)
