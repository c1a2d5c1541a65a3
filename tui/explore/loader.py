"""Filling rows: reading what a row stands for, and making the rows below it. Rows say what failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import replace

from tui.explore.inspector import Inspector, JobRequest, Read
from tui.explore.node import MANIFEST_KINDS, Kind, Load, Node
from tui.explore.observations import Key
from tui.explore.scheduler import Job
from tui.explore.tree import ChildrenChanged, Tree, key_of
from tui.explore.walker import DEPTH_LIMIT
from tui.oci import attestation, media
from tui.oci.config import CONFIG_LIMIT, ImageConfig, decode_config
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.errors import OciError
from tui.oci.manifest import AnyManifest, ImageManifest, Index
from tui.sources.base import SourceError
from tui.sources.presence import Presence
from tui.text import safe


def children_of(node: Node, manifest: AnyManifest) -> list[Node]:
    """The rows that a manifest puts under `node`: entries with their attestations, or config and layers."""
    if isinstance(manifest, Index):
        rows = _entries(node, manifest)
    elif isinstance(manifest, ImageManifest):
        rows = _blobs(node, manifest)
        rows.extend(child for child in node.children if child.kind is Kind.ATTESTATION)
    else:
        rows = [fault(node, "invalid-manifest", manifest.reason)]
    if node.kind in (Kind.TAG, Kind.INDEX, Kind.MANIFEST) and node.source.capabilities.referrers:
        rows.append(referrers_row(node))
    return rows


def _entries(node: Node, index: Index) -> list[Node]:
    guard = guard_row(node)
    if guard is not None:
        return [guard]
    used: Counter[str] = Counter()
    rows: list[Node] = []
    described: dict[Digest, Node] = {}
    attestations: list[tuple[int, Descriptor]] = []
    for position, entry in enumerate(index.entries):
        if attestation.is_attestation(entry):
            attestations.append((position, entry))
            continue
        row = entry_row(node, entry, position, used)
        rows.append(row)
        described.setdefault(entry.digest, row)
    for position, entry in attestations:
        about = attestation.reference_digest(entry)
        owner = described.get(about) if about is not None else None
        row = attestation_row(owner or node, entry, position, used)
        if owner is not None:
            owner.children.append(row)
        else:
            rows.append(row)
    return rows


def entry_row(node: Node, entry: Descriptor, position: int, used: Counter[str]) -> Node:
    """An entry of an index that is no attestation: a platform's image, or a nested index."""
    kind = Kind.INDEX if media.is_index(entry.media_type) else Kind.MANIFEST
    return Node(
        key=_key(node, entry.digest, used),
        kind=kind,
        source=node.source,
        repository=node.repository,
        label=platform_label(entry),
        note="index" if kind is Kind.INDEX else "",
        descriptor=entry,
        platform=entry.platform,
        parent=node,
        position=position,
        expandable=True,
    )


def attestation_row(owner: Node, entry: Descriptor, position: int, used: Counter[str]) -> Node:
    """An attestation manifest, under what it describes, or under the index when that is not there."""
    about = attestation.reference_digest(entry)
    orphan = owner.is_index and owner.kind in (Kind.TAG, Kind.INDEX) and owner.digest != about
    label = "attestation"
    if orphan:
        label = f"attestation of {about.short}" if about is not None else "attestation of nothing named"
    predicate = attestation.predicate_type(entry)
    return Node(
        key=_key(owner, entry.digest, used),
        kind=Kind.ATTESTATION,
        source=owner.source,
        repository=owner.repository,
        label=label,
        note=predicate_name(predicate) if predicate else "",
        descriptor=entry,
        platform=owner.platform if not orphan else None,
        parent=owner,
        position=position,
        subject=about,
        expandable=True,
    )


def _blobs(node: Node, manifest: ImageManifest) -> list[Node]:
    used: Counter[str] = Counter()
    rows: list[Node] = []
    if manifest.config is not None:
        rows.append(_blob(node, Kind.CONFIG, manifest.config, "config", 0, used))
    statements = node.kind is Kind.ATTESTATION or manifest.is_attestation
    for position, layer in enumerate(manifest.layers):
        if statements and (layer.media_type == media.IN_TOTO or attestation.predicate_type(layer)):
            predicate = attestation.predicate_type(layer)
            label = predicate_name(predicate) if predicate else "statement"
            row = _blob(node, Kind.STATEMENT, layer, label, position, used)
            row.note = safe(predicate or layer.media_type, limit=200)
        else:
            row = _blob(node, Kind.LAYER, layer, f"layer {position + 1}", position, used)
            if layer.media_type == media.OCI_EMPTY:
                row.note = "empty"
        rows.append(row)
    return rows


def _blob(node: Node, kind: Kind, descriptor: Descriptor, label: str, position: int, used: Counter[str]) -> Node:
    return Node(
        key=_key(node, descriptor.digest, used),
        kind=kind,
        source=node.source,
        repository=node.repository,
        label=label,
        descriptor=descriptor,
        platform=node.platform,
        parent=node,
        position=position,
    )


def referrers_row(node: Node) -> Node:
    """The group of what refers to an image; asked for only when it is opened."""
    return Node(
        key=f"{node.key}/referrers",
        kind=Kind.REFERRERS,
        source=node.source,
        repository=node.repository,
        label="referrers",
        parent=node,
        expandable=True,
    )


def referrer_rows(group: Node, descriptors: tuple[Descriptor, ...]) -> list[Node]:
    """The referrers of a group, each a manifest with its artifact type."""
    used: Counter[str] = Counter()
    subject = group.parent.digest if group.parent is not None else None
    return [
        Node(
            key=_key(group, descriptor.digest, used),
            kind=Kind.REFERRER,
            source=group.source,
            repository=group.repository,
            label=artifact_name(descriptor.artifact_type or descriptor.media_type),
            note=safe(descriptor.artifact_type or descriptor.media_type, limit=200),
            descriptor=descriptor,
            parent=group,
            position=position,
            subject=subject,
            expandable=True,
        )
        for position, descriptor in enumerate(descriptors)
    ]


def fault(node: Node, code: str, sentence: str, fix: str = "") -> Node:
    """A row that says why there is nothing (more) below."""
    return Node(
        key=f"{node.key}/!{code}",
        kind=Kind.FAULT,
        source=node.source,
        repository=node.repository,
        label=sentence,
        note=fix,
        parent=node,
        code=code,
        load=Load.READY,
    )


def guard_row(node: Node) -> Node | None:
    """A row that stops here when the same index is above, or when indexes are nested too deep; else None."""
    above = [row for row in node.ancestors() if row.is_index]
    if any(row.digest == node.digest for row in above):
        return fault(node, "cycle", "stopped: this index contains itself")
    if len(above) >= DEPTH_LIMIT:
        return fault(node, "too-deep", f"stopped: indexes are nested more than {DEPTH_LIMIT} deep")
    return None


def platform_label(entry: Descriptor) -> str:
    """What an entry is called: its platform, or that it names none."""
    if entry.platform is not None:
        return safe(str(entry.platform), limit=120)
    if entry.artifact_type:
        return artifact_name(entry.artifact_type)
    return f"no platform, {entry.digest.short}"


def predicate_name(predicate_type: str) -> str:
    """What people call a predicate type: provenance, SBOM; else the type itself, shortened. Safe text."""
    return safe(attestation.predicate_name(predicate_type), limit=60)


_ARTIFACTS = (
    ("application/vnd.dev.sigstore.bundle", "signature bundle (not verified)"),
    ("application/vnd.dev.cosign.artifact.sig", "signature (not verified)"),
    ("application/vnd.cncf.notary.signature", "signature (not verified)"),
    ("application/vnd.docker.attestation", "attestation"),
    ("application/vnd.in-toto", "attestation"),
    ("application/spdx", "SBOM"),
    ("text/spdx", "SBOM"),
    ("application/vnd.cyclonedx", "SBOM"),
)


def artifact_name(artifact_type: str) -> str:
    """What people call an artifact type; never that a signature is valid, for nothing here verifies it."""
    for prefix, name in _ARTIFACTS:
        if artifact_type.lower().startswith(prefix):
            return name
    return safe(artifact_type, limit=80)


def is_signature(artifact_type: str | None) -> bool:
    """Whether what refers to an image says that it is a signature."""
    known = (artifact_type or "").lower()
    return any(known.startswith(prefix) and name.startswith("signature") for prefix, name in _ARTIFACTS)


def referrers_of(row: Node) -> Node | None:
    """The group of what refers to an image or an index; None where there is none, or its manifest was not read."""
    return next((child for child in row.children if child.kind is Kind.REFERRERS), None)


def signatures_in(group: Node) -> list[Node]:
    """What in a group of referrers says that it is a signature. Nothing here verifies one."""
    rows = (row for row in group.children if row.kind is Kind.REFERRER)
    return [row for row in rows if row.descriptor is not None and is_signature(row.descriptor.artifact_type)]


def _key(parent: Node, digest: Digest, used: Counter[str]) -> str:
    base = f"{parent.key}/{digest}"
    used[base] += 1
    return base if used[base] == 1 else f"{base}#{used[base]}"


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
            failure = self.inspector.failure(node.source, repository, descriptor.digest) if not again else None
            if failure is not None:
                self.fail(node, failure)
                return None
        selector = node.tag if node.tag is not None else str(node.digest)
        request = replace(request, fresh=fresh, label=request.label or label_of(node))
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
            back = node.error.presence is Presence.MISSING and self.tree.observation(node).presence.is_there
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
            node.note = "a blob, not a manifest"
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
                descriptors = await source.referrers(repository, subject)
            except SourceError as error:
                self.fail(node, error)
                return
            node.load, node.error = Load.READY, None
            node.note = "none" if not descriptors else str(len(descriptors))
            self.tree.replace_children(node, referrer_rows(node, descriptors))
            self.tree.changed(node)

        return self.row_job(node, "referrers", run, request)

    def submit(self, key: Hashable, node: Node, run: Callable[[], Awaitable[None]], request: JobRequest) -> Job:
        """Other work for a row; a fault of ours becomes the row's error."""
        request = replace(request, label=request.label or node.label)
        return self.inspector.submit(key, run, request, lambda error: self.fail(node, error), node.source)

    def row_job(self, node: Node, what: str, run: Callable[[], Awaitable[None]], request: JobRequest) -> Job:
        """Work that fills a row: the row says that it is being loaded, and whether that was stopped."""
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

    def config(self, node: Node, request: JobRequest, *, again: bool = False) -> Job | None:
        """Read the config of a CONFIG row: history for the layers, platform for the image. None when known already,
        from another row too, or when that failed a moment ago; `again` asks all the same.

        Configs of artifacts are arbitrary bytes and are only asked for, not read (docs/protocol-notes.md, C-20).
        """
        descriptor = node.descriptor
        if descriptor is None or node.config is not None:
            return None
        fresh = request.fresh or self._take_stale(node)
        request = replace(request, fresh=fresh, label=request.label or label_of(node))
        if not media.is_image_config(descriptor.media_type) or descriptor.size > CONFIG_LIMIT:
            return self.inspector.submit_probe(node.source, node.repository or "", descriptor, request)
        repository = node.repository or ""
        if not (fresh or again or node in self._loading):
            known = self.inspector.known_blob(node.source, repository, descriptor.digest)
            if request.whole and self.tree.observation(node).presence is not Presence.HASHED:
                known = None  # its bytes may be those of another repository, or of the cache on disk
            failure = self.inspector.failure(node.source, repository, descriptor.digest)
            if known is not None or failure is not None:
                self._config_read(node, Read(data=known, error=failure if known is None else None))
                return None
        job = self.inspector.submit_blob(node.source, repository, descriptor, CONFIG_LIMIT, request)
        if self._loading.get(node) is not job:
            self._loading[node] = job
            job.when_over(lambda done: self._config_over(node, done))
        return job

    def _config_over(self, node: Node, job: Job) -> None:
        if self._loading.get(node) is job:
            del self._loading[node]
        if self._settle(node, job) and isinstance(job.result, Read):
            self._config_read(node, job.result)

    def _config_read(self, node: Node, read: Read) -> None:
        if read.error is not None:
            self.fail(node, read.error)
        if read.data is None:
            return
        node.load = Load.READY
        try:
            node.config = decode_config(read.data)
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
        for layer in layers:
            self.tree.touch(layer)  # what it unpacks to is compared with the config
        for layer, command in zip(layers, config.commands(len(layers)), strict=True):
            if command is not None and layer.note != command:
                layer.note = safe(command, limit=400)
        self.tree.changed(image)

    def statement(self, node: Node, request: JobRequest) -> Job | None:
        """Read the statement of a STATEMENT row. None when known already, or too large to show."""
        descriptor = node.descriptor
        if descriptor is None or node.statement is not None or node.kind is not Kind.STATEMENT:
            return None
        from tui.oci.statement import STATEMENT_LIMIT, decode_statement  # late: a check reads none

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
