"""Lines that write a manifest's very bytes, so that the digest is the planned one: curl, oras and regctl can."""

from __future__ import annotations

from tui.compose import by_hand
from tui.compose.by_hand import SAME, Equivalent, Reach, block, line, notes, piped
from tui.compose.plan import How, Plan, Step, StepKind
from tui.oci.manifest import Index
from tui.sources.location import RepositoryLocation
from tui.text import plural

_TOO_LONG = "The bytes are too many for a command line."
_MOST_LINES = 40


def curl(plan: Plan, reach: Reach) -> Equivalent:
    """The plan's own requests: mounts, manifests, the tag. A blob of another registry takes more than a line."""
    title = "PUT of the very bytes"
    access = reach.of(plan.target.registry)
    why = ""
    copies = sum(step.kind is StepKind.COPY for step in plan.steps)
    if access.is_hub:
        why = "Docker Hub takes no write without a token, which would have to be fetched first."
    elif copies:
        why = f"{plural(copies, 'blob')} would have to be downloaded and uploaded, which takes a session for each."
    elif any(step.kind is StepKind.REFERRERS_TAG for step in plan.steps):
        why = "The fallback tags of the referrers would have to be read, changed and written."
    elif plan.raw is None:
        why = "There is nothing to write."
    lines = [] if why else [_request(plan, step, reach) for step in plan.steps if step.kind in _BY_CURL]
    if not why and not lines and plan.raw is not None:
        lines = [put(plan, reach)]
    if len(lines) > _MOST_LINES or sum(map(len, lines)) > 2 * by_hand.MOST_BYTES:
        why, lines = f"That would be {plural(len(lines), 'long line')}.", []
    mounts = sum(step.kind is StepKind.MOUNT for step in plan.steps)
    said = (
        "A mount is answered with 201; after 202 the blob is not there, and the manifest is refused." if mounts else ""
    )
    return Equivalent("curl", title, block(lines), why or notes(SAME, said, by_hand.curl_note(access)))


_BY_CURL = (StepKind.MOUNT, StepKind.MANIFEST, StepKind.TAG)


def put(plan: Plan, reach: Reach, raw: bytes | None = None, media_type: str = "", selector: str = "") -> str:
    """PUT of a manifest: the tag's own unless another is given."""
    access = reach.of(plan.target.registry)
    url = f"{access.url}/v2/{plan.target.repository}/manifests/{selector or plan.target.tag or 'latest'}"
    header = f"Content-Type: {media_type or plan.media_type}"
    words = by_hand.curl(access, "--request", "PUT", "--header", header, "--data-binary", "@-", url)
    return piped(plan.raw or b"" if raw is None else raw, *words)


def _request(plan: Plan, step: Step, reach: Reach) -> str:
    if step.kind is not StepKind.MOUNT:
        return put(plan, reach, step.raw, step.media_type, step.selector)
    access = reach.of(plan.target.registry)
    source = step.source.repository if step.source is not None else ""
    url = f"{access.url}/v2/{plan.target.repository}/blobs/uploads/?mount={step.digest}&from={source}"
    return line(*by_hand.curl(access, "--output", "/dev/null", "--write-out", "%{http_code}\\n", "--data", "", url))


def oras(plan: Plan, reach: Reach) -> Equivalent:
    """`oras cp` for each image that the repository lacks, then the very bytes."""
    title = "cp and manifest push" if any(each.how is How.PUT for each in plan.objects) else "manifest push"
    lines, why = children(plan, reach)
    if plan.raw is None or len(plan.raw) > by_hand.MOST_BYTES:
        why = _TOO_LONG
    if why or plan.raw is None:
        return Equivalent("oras", title, "", why)
    flags = by_hand.oras(reach.of(plan.target.registry))
    words = ("oras", "manifest", "push", *flags, "--media-type", plan.media_type, str(plan.target), "-")
    return Equivalent("oras", title, block([*lines, piped(plan.raw, *words)]), SAME)


def children(plan: Plan, reach: Reach) -> tuple[list[str], str]:
    """The lines that bring the images that the repository lacks, or why there are none."""
    manifest = by_hand.manifest_of(plan)
    lost = by_hand.holes(plan)
    missing = [each for each in plan.objects if each.how is not How.PRESENT and each.how is not How.FOREIGN]
    if lost:
        return [], by_hand.hole_note(lost)
    if not missing:
        return [], ""
    if not isinstance(manifest, Index):
        return [], f"It would not bring {plural(len(missing), 'object')} that the repository lacks."
    if any(each.source is not None and each.source.on_disk for each in missing):
        return [], "It takes no image out of an index on disk; copy that to the registry first."
    homes, here = by_hand.homes_of(plan), RepositoryLocation.of(plan.target)
    to = by_hand.oras(reach.of(plan.target.registry), "to-")
    lines = []
    for digest in dict.fromkeys(entry.digest for entry in manifest.entries):
        home = homes.get(digest, here)
        if home == here or home.registry is None:
            continue
        come = by_hand.oras(reach.of(home.registry), "from-")
        lines.append(line("oras", "cp", *come, *to, home.by_digest(digest), str(here)))
    return lines, ""


def regctl(plan: Plan, reach: Reach) -> Equivalent | None:
    """The very bytes, when nothing else has to be brought; else None."""
    missing = any(each.how not in (How.PRESENT, How.FOREIGN) for each in plan.objects)
    if missing or plan.raw is None or len(plan.raw) > by_hand.MOST_BYTES:
        return None
    words = by_hand.regctl(reach.of(plan.target.registry))
    made = piped(plan.raw, *words, "manifest", "put", "--content-type", plan.media_type, str(plan.target))
    return Equivalent("regctl", "manifest put", made, SAME)
