"""A plan as other tools can carry it out: where its objects are now, how the registries are reached, and the lines that
write a manifest's very bytes, so that the digest is the planned one. curl, oras and regctl can."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from tui.compose.plan import Action, How, Plan, PlannedObject, Step, StepKind
from tui.oci.digest import Digest
from tui.oci.errors import OciError
from tui.oci.manifest import AnyManifest, ImageManifest, Index, decode
from tui.oci.reference import is_loopback
from tui.registry.access import Access, Hosts
from tui.sources.location import RepositoryLocation
from tui.text import plural
from tui.tools.table import CommandLine, Value, block, line, notes, piped, says

#: A manifest of more bytes is not written into a command line.
MOST_BYTES = 32 * 1024
_MOST_LINES = 40
_BY_CURL = (StepKind.MOUNT, StepKind.MANIFEST, StepKind.TAG)


@dataclass(frozen=True)
class Write:
    """A plan, and the client's settings."""

    plan: Plan
    hosts: Hosts | None

    @cached_property
    def here(self) -> RepositoryLocation:
        return RepositoryLocation.of(self.plan.target)

    @property
    def target(self) -> str:
        return str(self.plan.target)

    @property
    def tag(self) -> str:
        return self.plan.target.tag or "latest"

    @cached_property
    def access(self) -> Access:
        """How the target's registry is reached."""
        return self.reach(self.plan.target.registry)

    @property
    def manifests(self) -> str:
        """The address of the repository's manifests."""
        return f"{self.access.url}/v2/{self.plan.target.repository}/manifests"

    def reach(self, registry: str) -> Access:
        return Access.of(registry, self.hosts)

    def reach_all(self, locations: Iterable[RepositoryLocation]) -> tuple[Access, ...]:
        """Each registry of these places once."""
        return tuple(
            self.reach(name) for name in dict.fromkeys(place.registry for place in locations) if name is not None
        )

    @cached_property
    def manifest(self) -> AnyManifest | None:
        """What the tag will hold."""
        return _decoded(self.plan.raw, self.plan.media_type)

    @cached_property
    def locations(self) -> dict[Digest, RepositoryLocation]:
        """Where each object can be had now: in the target if it is there, else where the plan takes it from."""
        return {
            each.digest: self.here if each.how is How.PRESENT or each.source is None else each.source
            for each in self.plan.objects
        }

    @property
    def missing(self) -> list[PlannedObject]:
        """What the repository lacks."""
        return [each for each in self.plan.objects if each.how not in (How.PRESENT, How.FOREIGN)]

    def has(self, *kinds: StepKind) -> bool:
        """Whether a step is of one of these kinds."""
        return any(step.kind in kinds for step in self.plan.steps)

    @cached_property
    def hole(self) -> str:
        """What most tools would leave missing, because they take a manifest that the target has for complete; "" when
        that is nothing."""
        plan = self.plan
        needed = {each.digest for each in plan.objects if each.how in (How.MOUNT, How.COPY, How.PUT)}
        whole_copy = plan.action is Action.COPY and plan.before == plan.digest
        put = [] if whole_copy else [self.manifest]
        covered: set[Digest] = set()
        for each in plan.objects:
            if each.kind == "referrer":
                covered.add(each.digest)
            if each.how is How.PUT:
                put.append(_decoded(each.raw, each.media_type))
        for manifest in put:
            if isinstance(manifest, Index):
                covered |= {entry.digest for entry in manifest.entries}
            elif isinstance(manifest, ImageManifest):
                covered |= {blob.digest for blob in manifest.layers}
                covered |= {manifest.config.digest} if manifest.config is not None else set()
        count = len(needed - covered)
        stay = "stays" if count == 1 else "stay"
        return says("takes-for-complete", objects=plural(count, "object"), stay=stay) if count else ""


def _decoded(raw: bytes | None, media_type: str) -> AnyManifest | None:
    try:
        return decode(raw, media_type) if raw is not None else None
    except OciError:
        return None


# --- what a tool does to a registry ----------------------------------------------------------------------------------


def sends_no_login(access: Access) -> str:
    """Of curl."""
    return "" if is_loopback(access.registry) else says("sends-no-login")


def one_flag(*accesses: Access) -> str:
    """What crane's one flag, for plain HTTP and TLS alike, does to the other registry."""
    return says("flag-for-both") if len({access.untrusted for access in accesses}) > 1 else ""


def no_flag(*accesses: Access) -> str:
    """buildx has no flag for a registry: loopback is asked by plain HTTP, every other one by verified TLS."""
    for access in accesses:
        if is_loopback(access.registry):
            if not access.plain_http:
                return says("buildx-loopback")
        elif access.untrusted:
            how = "speak plain HTTP" if access.plain_http else "take a certificate that is not verified"
            return says("buildx-no-flag", how=how)
    return ""


# --- the very bytes --------------------------------------------------------------------------------------------------


def exact_by_curl(write: Write) -> CommandLine:
    """The plan's own requests: mounts, manifests, the tag. A blob of another registry takes more than a line."""
    plan, why = write.plan, ""
    copies = sum(step.kind is StepKind.COPY for step in plan.steps)
    if write.access.is_hub:
        why = says("hub-needs-token")
    elif copies:
        why = says("needs-uploads", blobs=plural(copies, "blob"))
    elif write.has(StepKind.REFERRERS_TAG):
        why = says("needs-fallback-tags")
    steps = [] if why else [step for step in plan.steps if step.kind in _BY_CURL]
    requests = [_request(write, step) for step in steps] or ([] if why else [_put(write)])
    if len(requests) > _MOST_LINES or sum(len(each.line) for each in requests) > 2 * MOST_BYTES:
        why = says("long-lines", lines=plural(len(requests), "long line"))
    said = says("mounts-may-fail") if write.has(StepKind.MOUNT) else ""
    text = "" if why else block(each.line for each in requests)
    return replace(_put(write), line=text, note=why or notes(says("same"), said, sends_no_login(write.access)))


def _request(write: Write, step: Step) -> CommandLine:
    if step.kind is not StepKind.MOUNT:
        return _put(write, step)
    source = step.source.repository if step.source is not None else ""
    uploads = f"{write.access.url}/v2/{write.plan.target.repository}/blobs/uploads/"
    return line("mount", "curl", {"address": f"{uploads}?mount={step.digest}&from={source}"}, write.access)


def _put(write: Write, step: Step | None = None) -> CommandLine:
    """PUT of a step's manifest: the tag's own where it has none."""
    plan = write.plan
    raw = step.raw if step is not None and step.raw is not None else plan.raw
    values: dict[str, Value] = {
        "bytes": piped(raw or b""),
        "media_type": (step.media_type if step is not None else "") or plan.media_type,
        "address": f"{write.manifests}/{(step.selector if step is not None else '') or write.tag}",
    }
    return line("exact", "curl", values, write.access)


def exact_by_oras(write: Write) -> CommandLine:
    """`oras cp` for each image that the repository lacks, then the very bytes."""
    copies, why = copies_by_oras(write)
    if write.plan.raw is None or len(write.plan.raw) > MOST_BYTES:
        why = says("too-many-bytes")
    put = any(each.how is How.PUT for each in write.plan.objects)
    values = {**_bytes(write), "copies": "cp and " if put else ""}
    made = line("exact", "oras", values, write.access, note=says("same"), unless=why)
    return replace(made, line=block([*copies, made.line])) if made.line else made


def copies_by_oras(write: Write) -> tuple[list[str], str]:
    """The lines that bring the images that the repository lacks, or why there are none."""
    manifest, missing = write.manifest, write.missing
    if write.hole:
        return [], write.hole
    if not missing:
        return [], ""
    if not isinstance(manifest, Index):
        return [], says("brings-nothing", objects=plural(len(missing), "object"))
    if any(each.source is not None and each.source.on_disk for each in missing):
        return [], says("no-index-on-disk")
    here, locations = write.here, write.locations
    lines = []
    for digest in dict.fromkeys(entry.digest for entry in manifest.entries):
        place = locations.get(digest, here)
        if place == here or place.registry is None:
            continue
        values: dict[str, Value] = {"source": place.by_digest(digest), "target": str(here), "referrers": False}
        lines.append(line("copy", "oras", values, write.reach(place.registry), write.access).line)
    return lines, ""


def exact_by_regctl(write: Write) -> CommandLine | None:
    """The very bytes, when nothing else has to be brought; else None."""
    if write.missing or write.plan.raw is None or len(write.plan.raw) > MOST_BYTES:
        return None
    return line("exact", "regctl", _bytes(write), write.access, note=says("same"))


def _bytes(write: Write) -> dict[str, Value]:
    plan = write.plan
    return {"bytes": piped(plan.raw or b""), "media_type": plan.media_type, "target": write.target, "copies": ""}
