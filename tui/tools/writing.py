"""The same write by other tools: command lines that work, quoted for a shell, with what each tool does not do.

Each line is run by the tests (tests/peers/test_write_lines.py) where its program is installed, and each note that says
what is lost is checked there.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tui.compose.plan import Action, How, Plan, StepKind
from tui.oci.digest import Digest
from tui.oci.errors import OciError
from tui.oci.manifest import Index
from tui.registry.access import Hosts
from tui.sources.location import RepositoryLocation
from tui.sources.spec import locate
from tui.text import plural
from tui.tools import writing_lists
from tui.tools.planned import (
    Write,
    exact_by_curl,
    exact_by_oras,
    exact_by_regctl,
    no_flag,
    one_flag,
    sends_no_login,
)
from tui.tools.table import CommandLine, Value, line, notes, says

#: A longer line is not shown: no program takes it.
LONGEST = 100_000
#: What lies on disk, in words.
_KINDS = {
    "oci": "OCI layouts",
    "oci-archive": "OCI archives",
    "docker-archive": "docker save's archives",
    "storage": "a registry's storage folder",
}


def write_lines(plan: Plan, hosts: Hosts | None = None) -> tuple[CommandLine, ...]:
    """How `docker manifest`, `docker buildx imagetools`, `crane`, `regctl`, `oras`, `skopeo` and `curl` do it.

    `hosts` are the client's settings (`ClientSettings`), so that the flags fit how the registries are reached.
    Blocks for a moment: what lies on disk is looked at.
    """
    return tuple(
        replace(each, line="", note=says("too-long")) if len(each.line) > LONGEST else each
        for each in _every(Write(plan, hosts))
    )


def _every(write: Write) -> list[CommandLine]:
    plan = write.plan
    if plan.action is Action.DELETE:
        return writing_lists.remove_stored(write) if write.has(StepKind.REMOVE_LOCAL_LIST) else _delete(write)
    if plan.action is Action.LOCAL:
        return writing_lists.recreate_stored(write)
    if plan.digest is None or plan.raw is None or plan.action is Action.FIX:
        return []  # no other tool brings back only what is missing
    if plan.action is Action.COPY:
        return _copy(write, plan.digest)
    if plan.action in (Action.TAG, Action.UNDO):
        return _tag(write, plan.digest)
    return writing_lists.create(write)


def _copy(write: Write, digest: Digest) -> list[CommandLine]:
    place = _source(write)
    referrers = write.has(StepKind.REFERRERS_TAG) or any(each.kind == "referrer" for each in write.plan.objects)
    if place.registry is None:
        return [*_copy_from_disk(write, digest, place, referrers), line("copy", "docker-manifest", {})]
    values: dict[str, Value] = {
        "source": place.by_digest(digest),
        "target": write.target,
        "referrers": referrers,
    }
    both = (write.reach(place.registry), write.access)
    same, behind = says("same"), says("referrers-stay") if referrers else ""
    travels = any(each.how in (How.MOUNT, How.COPY) for each in write.plan.objects)
    remembers = place.registry == write.plan.target.registry and travels
    lossless = notes(
        same,
        says("prefer-index"),
        says("carries") if write.has(StepKind.MOUNT) else "",
        says("most-referrers-stay") if referrers else "",
        no_flag(*both),
    )
    return [
        line("copy", "skopeo", values, *both, note=notes(same, says("mounts-remembered") if remembers else "", behind)),
        line("copy", "crane", values, *both, note=notes(same, behind, one_flag(*both)), unless=write.hole),
        line("copy", "regctl", values, *both, note=same, unless=write.hole),
        line("copy", "oras", values, *both, note=same, unless=write.hole),
        line("copy", "buildx", values, note=lossless),
        exact_by_curl(write),
        line("copy", "docker-manifest", {}),
    ]


def _source(write: Write) -> RepositoryLocation:
    """Where a copied manifest is read from."""
    for source in write.plan.sources.values():
        try:
            return locate(source)[0]
        except OciError:
            continue
    return next((each.source for each in write.plan.objects if each.source is not None), write.here)


def _copy_from_disk(write: Write, digest: Digest, location: RepositoryLocation, referrers: bool) -> list[CommandLine]:
    """From a layout, an archive or a registry's own folder: fewer tools read these, and not all by digest."""
    kind, _, path = (location.path or "").partition(":")
    values: dict[str, Value] = {
        "path": path,
        "folder": str(Path(path)),
        "digest": str(digest),
        "target": write.target,
        "referrers": referrers,
    }
    unread = says("cannot-read", what=_KINDS.get(kind, "sources on disk"))
    layout = kind in ("oci", "oci-archive")
    named = "" if isinstance(write.manifest, Index) else says("only-named")
    oras = write.hole or ("" if layout else unread)
    regctl = write.hole or ("" if kind == "oci" else unread)
    skopeo = says("digest-on-disk", kind=kind) if layout else "" if kind == "docker-archive" else unread
    made = {"oras": (notes(says("same"), named), oras), "regctl": (says("same"), regctl)}
    made["skopeo"] = (says("own-manifest"), skopeo)
    return [
        *(
            line("copy-from-disk", tool, values, write.access, note=note, unless=why)
            for tool, (note, why) in made.items()
        ),
        line("copy-from-disk", "crane", {}),
        line("copy-from-disk", "buildx", {}),
        exact_by_curl(write),
    ]


def _tag(write: Write, digest: Digest) -> list[CommandLine]:
    """Another tag on what is in the repository; or back on what was there, whose bytes fanfold keeps."""
    undo, access = write.plan.action is Action.UNDO, write.access
    missing = sum(each.how in (How.MOUNT, How.COPY, How.PUT) for each in write.plan.objects)
    why = says("brings-nothing-back", objects=plural(missing, "object")) if missing else ""
    same = notes(says("same"), says("still-there", digest=digest.short) if undo else "")
    values: dict[str, Value] = {
        "source": write.here.by_digest(digest),
        "target": write.target,
        "tag": write.tag,
        "referrers": False,
        "digest": str(digest),
        "media_type": write.plan.media_type,
        "address": write.manifests,
    }
    oras = exact_by_oras(write) if undo else line("tag", "oras", values, access, note=same)
    regctl = line("copy", "regctl", values, access, note=same, unless=why if undo else "")
    curl = line("tag", "curl", values, access, note=notes(says("same"), sends_no_login(access)))
    return [
        line("tag", "crane", values, access, note=same, unless=why),
        oras,
        (exact_by_regctl(write) if undo else None) or regctl,
        line("copy", "buildx", values, note=notes(same, no_flag(access)), unless=why),
        line("copy", "skopeo", values, access, note=same, unless=why),
        exact_by_curl(write) if undo or access.is_hub else curl,
        line("tag", "docker-manifest", {}),
    ]


def _delete(write: Write) -> list[CommandLine]:
    plan, access = write.plan, write.access
    tag = next((step.selector for step in plan.steps if step.kind is StepKind.DELETE_TAG), "")
    selector = tag or str(plan.target.digest or plan.before or plan.target.tag or "latest")
    values: dict[str, Value] = {
        "target": write.here.at(selector),
        "object": "tag" if tag else "manifest",
        "address": f"{write.manifests}/{selector}",
    }
    alone = says("tag-alone-refused") if tag else ""
    hub = says("hub-needs-token") if access.is_hub else ""
    digest = says("deletes-digest") if tag else ""
    return [
        line("delete", "curl", values, access, note=notes(alone, sends_no_login(access)), unless=hub),
        line("delete", "crane", values, access, note=alone),
        line("delete", "regctl", values, access, note=says("dummy-manifest") if tag else ""),
        line("delete", "oras", values, access, unless=digest),
        line("delete", "skopeo", values, access, unless=digest),
        line("delete", "docker", {}),
    ]
