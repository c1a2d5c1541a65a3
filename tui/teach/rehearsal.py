"""The pull rehearsal: what a client does when it pulls an image for a platform, one step at a time.

Each step makes the real request and shows the row that it is about. Layers are asked for and not downloaded. On a
broken image the rehearsal stops where a pull would, with the message that `docker pull` prints.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from tui.explore.explorer import Explorer
from tui.explore.node import Kind, Node
from tui.explore.objects import image_size
from tui.explore.walker import DEPTH_LIMIT
from tui.oci.config import CONFIG_LIMIT, decode_config
from tui.oci.descriptor import Descriptor
from tui.oci.errors import OciError
from tui.oci.manifest import ImageManifest, Index
from tui.oci.platform import Platform
from tui.registry.access import Access, Hosts
from tui.registry.trace import Exchange, Trace, asking
from tui.sources.base import SourceError
from tui.sources.presence import Presence
from tui.teach.choosing import choose
from tui.teach.explanation import bytes_of
from tui.teach.rehearsal_steps import Failures, RehearsalStep, StepKind, docker_says, error_of
from tui.text import plural, safe, size


class Rehearsal:
    """A pull of one reference for one platform. `steps` are those done so far; `next` does one more.

    `node` is any row of the image: the outermost tag, index or image above it is pulled. `hosts` are the client's
    settings, `trace` its record of requests (for the token step); both may be left out.
    """

    def __init__(
        self,
        explorer: Explorer,
        node: Node,
        platform: Platform,
        *,
        hosts: Hosts | None = None,
        trace: Trace | None = None,
    ) -> None:
        self.platform = platform
        self.steps: list[RehearsalStep] = []
        self.finished = False
        self._explorer = explorer
        self._top = node.top() or node
        self._trace = trace
        registry = self._top.source.registry
        access = Access.of(registry, hosts) if registry else None
        self._failures = Failures(self.reference, self._top.repository or "", str(platform), access)
        self._walk = self._pull()

    @property
    def reference(self) -> str:
        """What is pulled, as a user types it."""
        top = self._top
        repository = top.repository or ""
        return safe(top.source.reference(repository, tag=top.tag, digest=None if top.tag else top.digest))

    @property
    def stopped(self) -> bool:
        """Whether the pull ended in a failure."""
        return bool(self.steps) and self.steps[-1].stopped

    async def next(self) -> RehearsalStep | None:
        """Do the next step; None when the pull is over. Raises nothing but CancelledError."""
        if self.finished:
            return None
        step = await anext(self._walk, None)
        if step is None:
            self.finished = True
            return None
        self.steps.append(step)
        if step.stopped or step.kind is StepKind.DONE:
            self.finished = True
        return step

    async def _pull(self) -> AsyncIterator[RehearsalStep]:
        top = self._top
        repository = top.repository or ""
        selector = top.tag or str(top.digest or "")
        started = self._marks()
        try:
            with asking("pull rehearsal"):
                found = await top.source.resolve(repository, selector)
        except SourceError as error:
            for step in self._token(started):
                yield step
            yield self._failures.stop(
                StepKind.TAG,
                f"Ask what {selector} is",
                f"HEAD {self._failures.path('manifests', selector)}",
                top,
                error,
            )
            return
        for step in self._token(started):
            yield step
        yield RehearsalStep(
            StepKind.TAG,
            f"Ask what {safe(selector)} is",
            f"HEAD {self._failures.path('manifests', selector)}",
            f"{found.digest}, {safe(found.media_type)}, {bytes_of(found.size)}",
            (
                "The client asks which digest the tag points to. From then on it uses only digests, so that it "
                "cannot mix two images if the tag moves.",
                "A HEAD request is not a pull for Docker Hub's limit.",
            ),
            top,
        )
        async for step in self._document(top, found, 0):
            yield step

    async def _document(self, node: Node, described: Descriptor, depth: int) -> AsyncIterator[RehearsalStep]:
        """Fetch an index or manifest by digest, and go on with what it is."""
        digest = str(described.digest)
        request = f"GET {self._failures.path('manifests', digest)}"
        try:
            with asking("pull rehearsal"):
                manifest = await node.source.manifest(node.repository or "", digest, fresh=True)
            await self._explorer.open(node)
        except SourceError as error:
            yield self._failures.stop(
                StepKind.MANIFEST, "Fetch the manifest", request, node, error, described, below=depth > 0
            )
            return
        if manifest.size != described.size:
            yield self._failures.mismatch(StepKind.MANIFEST, request, node, described, manifest.size)
            return
        if isinstance(manifest, Index):
            yield RehearsalStep(
                StepKind.INDEX,
                "Fetch the index",
                request,
                f"an index with {plural(len(manifest.entries), 'entry', 'entries')}, {bytes_of(manifest.size)}",
                (
                    "The type of the answer says that it is an index and not an image, so the client has to choose. "
                    "It also checks that the bytes hash to the digest.",
                ),
                node,
            )
            async for step in self._entry(node, manifest, depth):
                yield step
        elif isinstance(manifest, ImageManifest):
            layers = plural(len(manifest.layers), "layer")
            why = ["The manifest names the config and the layers by their digests. Everything else is a blob."]
            if depth == 0:
                why.append(
                    f"There was no index to choose from: this image is pulled on {self.platform} as on any other."
                )
            yield RehearsalStep(
                StepKind.MANIFEST,
                "Fetch the image manifest",
                request,
                f"one config and {layers}, {size(image_size(manifest))} together",
                tuple(why),
                node,
            )
            async for step in self._blobs(node, manifest):
                yield step
        else:
            yield RehearsalStep(
                StepKind.MANIFEST,
                "Fetch the manifest",
                request,
                f"a document that clients do not understand: {manifest.reason}",
                ("The pull ends.",),
                node,
                stopped=True,
            )

    async def _entry(self, node: Node, index: Index, depth: int) -> AsyncIterator[RehearsalStep]:
        choice = choose(index, self.platform)
        entry = index.entries[choice.position] if choice.position is not None else None
        if entry is None or depth >= DEPTH_LIMIT:
            yield RehearsalStep(
                StepKind.CHOOSE,
                f"Choose the entry for {self.platform}",
                "",
                choice.reason if entry is None else "The indexes are nested too deep.",
                ("Nothing is asked: the client compares the platforms in the index with its own, and none fits.",),
                node,
                choice.passed_over,
                stopped=True,
                docker=docker_says("no-platform", platform=str(self.platform)),
            )
            return
        row = _row(node, entry)
        yield RehearsalStep(
            StepKind.CHOOSE,
            f"Choose the entry for {self.platform}",
            "",
            f"entry {(choice.position or 0) + 1} of {len(index.entries)}: {entry.digest}",
            (
                choice.reason,
                "No request: the platforms stand in the index. No client checks that the image really is for that "
                "platform.",
            ),
            row or node,
            choice.passed_over,
        )
        async for step in self._document(row or node, entry, depth + 1):
            yield step

    async def _blobs(self, node: Node, manifest: ImageManifest) -> AsyncIterator[RehearsalStep]:
        if manifest.config is not None:
            step = await self._config(node, manifest.config)
            yield step
            if step.stopped:
                return
        for number, layer in enumerate(manifest.layers, start=1):
            step = await self._layer(node, layer, number, len(manifest.layers))
            yield step
            if step.stopped:
                return
        pulled = self._top.digest or manifest.digest
        yield RehearsalStep(
            StepKind.DONE,
            "The image is complete",
            "",
            f"docker pull prints “Digest: {pulled}” and “Status: Downloaded newer image for {self.reference}”.",
            (
                "The digest that is printed is the one that the tag pointed to, not the platform's.",
                "Attestations and signatures were not fetched: a pull does not need them.",
            ),
            self._top,
        )

    async def _config(self, node: Node, config: Descriptor) -> RehearsalStep:
        row = _row(node, config) or node
        request = f"GET {self._failures.path('blobs', str(config.digest))}"
        try:
            with asking("pull rehearsal"):
                raw = await node.source.blob(node.repository or "", config, limit=CONFIG_LIMIT)
        except SourceError as error:
            return self._failures.stop(StepKind.CONFIG, "Fetch the config", request, row, error, config)
        if len(raw) != config.size:
            return self._failures.mismatch(StepKind.CONFIG, request, row, config, len(raw))
        why = [f"Its digest, {config.digest}, becomes the image ID. It says how to run the image."]
        try:
            built = decode_config(raw).platform
        except OciError:
            built = None  # an artifact's config may be anything; a pull only stores it
        if built is not None and not built.matches(self.platform):
            why.append(
                f"It says that the image was built for {built}. A pull does not mind; starting it on {self.platform} "
                "fails with “exec format error”, unless the machine emulates."
            )
        return RehearsalStep(StepKind.CONFIG, "Fetch the config", request, bytes_of(len(raw)), tuple(why), row)

    async def _layer(self, node: Node, layer: Descriptor, number: int, of: int) -> RehearsalStep:
        row = _row(node, layer) or node
        title = f"Fetch layer {number} of {of}"
        if layer.is_foreign and layer.urls:
            return RehearsalStep(
                StepKind.LAYER,
                title,
                f"GET {safe(layer.urls[0])}",
                "not requested: outside the registry",
                ("It is a foreign layer: the client fetches it from the address in its descriptor.",),
                row,
            )
        request = f"HEAD {self._failures.path('blobs', str(layer.digest))}"
        with asking("pull rehearsal"):
            seen = await node.source.probe(node.repository or "", layer, fresh=True)
        if seen.presence.is_there or seen.presence is Presence.FOREIGN:
            return RehearsalStep(
                StepKind.LAYER,
                title,
                request,
                f"present, {bytes_of(seen.size if seen.size is not None else layer.size)}",
                (
                    "A client that has this digest already says “Already exists” and asks nothing. Others download "
                    "it (the rehearsal only checks it), up to three layers at a time, check the hash, and unpack it "
                    "over the one before.",
                ),
                row,
            )
        if seen.presence is Presence.MISMATCHED and seen.size is not None and seen.size != layer.size:
            return self._failures.mismatch(StepKind.LAYER, request, row, layer, seen.size)
        return self._failures.stop(StepKind.LAYER, title, request, row, error_of(seen), layer)

    # The token, and what the requests are called

    def _marks(self) -> int:
        return self._trace.exchanges[-1].id if self._trace is not None and self._trace.exchanges else 0

    def _token(self, since: int) -> Sequence[RehearsalStep]:
        """The step for a token, if the registry asked for one just now or a token was sent along."""
        if self._trace is None:
            return ()
        seen = [exchange for exchange in self._trace.exchanges if exchange.id > since]
        challenge = next((exchange for exchange in seen if exchange.status == 401), None)
        fetched = next((exchange for exchange in seen if "/v2/" not in exchange.path), None)
        held = any(name.lower() == "authorization" for exchange in seen for name, _ in exchange.request_headers)
        if challenge is None and fetched is None and not held:
            return ()
        request = f"{fetched.method} {safe(fetched.url)}" if fetched is not None else ""
        answer = _token_answer(challenge, fetched)
        return (
            RehearsalStep(
                StepKind.TOKEN,
                "Get a token",
                request,
                answer,
                (
                    "The registry answered 401 and named a token service (Www-Authenticate). The client asks there "
                    "for a token that allows to pull from this one repository, with the user's login or without "
                    "any, and sends it along from now on.",
                ),
                self._top,
            ),
        )


def _token_answer(challenge: Exchange | None, fetched: Exchange | None) -> str:
    if fetched is not None:
        return f"{fetched.status or 'no answer'}: a token for this repository"
    return "401" if challenge is not None else "a token from before is still valid, and was used again"


def _row(node: Node, described: Descriptor) -> Node | None:
    """The row below an index or image that stands for a descriptor."""
    return next(
        (row for row in node.children if row.digest == described.digest and row.kind is not Kind.ATTESTATION), None
    )
