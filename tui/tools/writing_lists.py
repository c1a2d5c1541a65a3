"""A manifest list made by other tools, in a registry or in Docker's folder of its own lists. Which of the tools keep
what is checked by running them: tests/peers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from tui.compose import layout
from tui.compose.plan import Plan, StepKind
from tui.oci import attestation, media
from tui.oci.descriptor import KNOWN, Descriptor
from tui.oci.digest import Digest
from tui.oci.manifest import Index
from tui.oci.platform import Platform
from tui.oci.reference import Reference, is_loopback
from tui.registry.access import Access
from tui.sources.docker_lists import default_folder, stored_name
from tui.sources.location import RepositoryLocation
from tui.tools.on_disk import docker_program
from tui.tools.planned import Write, copies_by_oras, exact_by_curl, exact_by_oras, exact_by_regctl, no_flag, one_flag
from tui.tools.table import CommandLine, Value, block, line, notes, says

#: What `docker manifest annotate` takes; it refuses every other pair (docker/cli, manifest/util.go).
_ANNOTATED = frozenset(
    {
        *(f"linux/{name}" for name in ("386", "amd64", "arm", "arm64", "mips64", "mips64le")),
        *(f"linux/{name}" for name in ("ppc64le", "riscv64", "s390x")),
        *("windows/386", "windows/amd64", "darwin/amd64", "darwin/arm64", "freebsd/386", "freebsd/amd64"),
    }
)
_DOCKER = "docker-manifest"


def create(write: Write) -> list[CommandLine]:
    """A list made or amended."""
    if not isinstance(write.manifest, Index):
        return []
    wanted = _Wanted(write, write.manifest)
    return [
        _docker(wanted),
        _buildx(wanted),
        _crane(wanted),
        _oras(wanted),
        _regctl(wanted),
        exact_by_curl(write),
        line("create", "skopeo", {}),
    ]


@dataclass(frozen=True)
class _Wanted:
    """A list to make: each entry with the place in which it can be had now."""

    write: Write
    index: Index

    def place(self, entry: Descriptor) -> RepositoryLocation:
        return self.write.locations.get(entry.digest, self.write.here)

    def reference(self, entry: Descriptor) -> str:
        return self.place(entry).by_digest(entry.digest)

    @cached_property
    def places(self) -> list[RepositoryLocation]:
        return [self.place(entry) for entry in self.index.entries]

    @property
    def accesses(self) -> tuple[Access, ...]:
        return self.write.reach_all([self.write.here, *self.places])

    @property
    def not_in_registries(self) -> str:
        """Why a tool that reads registries alone cannot; "" when it can."""
        return says("no-images-on-disk") if any(place.on_disk for place in self.places) else self.write.hole

    @property
    def all_here(self) -> bool:
        return all(place == self.write.here for place in self.places)

    @property
    def images(self) -> list[Descriptor]:
        return [entry for entry in self.index.entries if not attestation.is_attestation(entry)]

    @property
    def nested(self) -> bool:
        return any(media.is_index(entry.media_type) for entry in self.index.entries)

    @property
    def twice(self) -> bool:
        return len({entry.digest for entry in self.index.entries}) < len(self.index.entries)

    @property
    def marked(self) -> bool:
        """Whether entries carry annotations."""
        return any(entry.annotations for entry in self.index.entries)

    @property
    def values(self) -> dict[str, Value]:
        return {
            "target": self.write.target,
            "docker_list": self.index.media_type == media.DOCKER_LIST,
            "annotations": [{"key": key, "value": value} for key, value in self.index.annotations.items()],
        }


def _mounts(write: Write) -> bool:
    return write.has(StepKind.MOUNT)


def _type(kind: str) -> str:
    return "a Docker list" if kind == media.DOCKER_LIST else "an OCI index"


# --- docker manifest -------------------------------------------------------------------------------------------------


def _docker(wanted: _Wanted) -> CommandLine:
    write, images = wanted.write, wanted.images
    why = ""
    if any(media.is_index(entry.media_type) for entry in images):
        why = says("refuses-nested")
    elif any(wanted.place(entry).registry != write.here.registry for entry in images):
        why = says("refuses-other-registry")
    elif any(entry.platform is None or entry.platform.is_unknown for entry in images):
        why = says("refuses-no-platform")
    elif write.hole:
        why = write.hole
    elif is_loopback(write.access.registry) and not write.access.plain_http:
        why = says("pushes-plain-http")
    program = _program_for(write.plan)
    if not why and program is None:
        why = says("other-folder")
    entries = {wanted.reference(entry): entry for entry in images}
    values: dict[str, Value] = {"docker": program or (), "target": write.target, "references": tuple(entries)}
    made = line("create", _DOCKER, values, write.access, unless=why)
    if why:
        return made
    annotated = _annotate(values, [(reference, entry.platform) for reference, entry in entries.items()])
    push = line("push", _DOCKER, values, write.access).line
    note = _docker_note(wanted, entries, every=len(annotated) == len(entries))
    return replace(made, line=_afresh(values, [made.line, *annotated, push]), note=note)


def _docker_note(wanted: _Wanted, entries: dict[str, Descriptor], *, every: bool) -> str:
    by_name = sorted(entries, key=stored_name)
    first = entries[by_name[0]].media_type if by_name else ""
    kind = media.OCI_INDEX if media.is_oci(first) else media.DOCKER_LIST
    described = any(entry.annotations for entry in wanted.images) or bool(wanted.index.annotations)
    return notes(
        says("other"),
        says("ordered") if by_name != list(entries) else "",
        says("makes-type-of-first", type=_type(kind)) if kind != wanted.write.plan.media_type else "",
        says("no-attestations") if len(wanted.images) < len(wanted.index.entries) else "",
        says("no-annotations") if described else "",
        says("images-once") if wanted.twice else "",
        "" if every else says("some-platforms-of-configs"),
        says("needs-mounts") if _mounts(wanted.write) else says("looks-at-no-layer"),
        says("replaces-stored-list"),
    )


def _program_for(plan: Plan) -> tuple[str, ...] | None:
    """docker, with the config folder in which the plan's stored list is; None if docker cannot use that."""
    stored = next((step.local_list for step in plan.steps if step.local_list is not None), None)
    return docker_program(default_folder() if stored is None else Path(stored.folder).parent)


def _annotate(values: dict[str, Value], images: Sequence[tuple[str, Platform | None]]) -> list[str]:
    """`docker manifest annotate` where the platform is more than operating system and architecture, which docker
    reads from the config, as it does the rest unless the draft changed it."""
    return [
        line(
            "annotate",
            _DOCKER,
            {
                **values,
                "reference": reference,
                "os": platform.os,
                "architecture": platform.architecture,
                "variant": [{"value": platform.variant}] if platform.variant else [],
                "os_version": [{"value": platform.os_version}] if platform.os_version else [],
                "os_features": [{"value": feature} for feature in platform.os_features],
            },
        ).line
        for reference, platform in images
        if platform is not None
        and f"{platform.os}/{platform.architecture}" in _ANNOTATED
        and (platform.variant or platform.os_version or platform.os_features)
    ]


def _afresh(values: dict[str, Value], lines: list[str]) -> str:
    """A stored list that is there already is removed first."""
    return f"{line('remove-stored', _DOCKER, values).line} 2>/dev/null; {block(lines)}"


def recreate_stored(write: Write) -> list[CommandLine]:
    """One of Docker's stored lists written anew, and nothing pushed."""
    step = next((step for step in write.plan.steps if step.kind is StepKind.LOCAL_LIST), None)
    if step is None or not step.files:
        return []
    program = _program_for(write.plan)
    images: list[tuple[str, Platform | None]] = []
    for raw in step.files.values():
        document = json.loads(raw)
        platform = document["Descriptor"].get("platform")
        images.append((document["Ref"], Platform.from_document(platform) if platform else None))
    accesses = [write.reach(Reference.parse(reference).registry) for reference, _ in images]
    values: dict[str, Value] = {
        "docker": program or (),
        "target": write.target,
        "references": [reference for reference, _ in images],
    }
    made = line("recreate-stored", _DOCKER, values, *accesses, unless="" if program else says("other-folder"))
    return [replace(made, line=_afresh(values, [made.line, *_annotate(values, images)])) if made.line else made]


def remove_stored(write: Write) -> list[CommandLine]:
    """One of Docker's stored lists removed."""
    program = _program_for(write.plan)
    folder = Path(next(step.local_list for step in write.plan.steps if step.local_list is not None).folder)
    why = says("other-folder") if program is None else ""
    if program is not None and stored_name(write.target) != folder.name:
        why = says("folder-without-name")
    made = line("remove-stored", _DOCKER, {"docker": program or (), "target": write.target}, unless=why)
    return [made, line("remove-folder", "rm", {"path": str(folder)})] if why else [made]


# --- docker buildx imagetools ----------------------------------------------------------------------------------------


def _buildx(wanted: _Wanted) -> CommandLine:
    """Descriptors as JSON keep all that the entries say, but buildx takes them for the target's repository only."""
    why = wanted.not_in_registries
    if not why and wanted.nested:
        why = says("unfolds-nested")
    elif not why and any("=" in name for name in wanted.index.annotations):
        why = says("equals-sign")
    documents = [_known(entry) for entry in wanted.index.entries]
    sources = [json.dumps(document, separators=(",", ":")) for document in documents]
    if not wanted.all_here:
        sources = list(dict.fromkeys(wanted.reference(entry) for entry in wanted.index.entries))
    values: dict[str, Value] = {**wanted.values, "sources": sources}
    return line("create", "buildx", values, note=_buildx_note(wanted, documents), unless=why)


def _known(entry: Descriptor) -> dict[str, object]:
    """An entry as buildx understands it."""
    return {name: value for name, value in entry.to_document().items() if name in KNOWN}


def _buildx_note(wanted: _Wanted, documents: list[dict[str, object]]) -> str:
    plan, lossy = wanted.write.plan, not wanted.all_here
    docker_only = all(media.is_docker(entry.media_type) for entry in wanted.index.entries)
    kind = media.DOCKER_LIST if docker_only else media.OCI_INDEX
    made: dict[str, object] = {"schemaVersion": 2, "mediaType": kind, "manifests": documents}
    if wanted.index.annotations and not docker_only:
        made["annotations"] = dict(wanted.index.annotations)
    platforms = [entry.platform for entry in wanted.index.entries]
    fine = any(each is not None and _is_fine(each) for each in platforms)
    same = (
        not wanted.twice
        and all(platform is not None and platform.os and platform.architecture for platform in platforms)
        and layout.dump(made) == plan.raw
        and not (lossy and (fine or wanted.marked))
    )
    return notes(
        says("other") if not same else says("same-if-configs") if lossy else says("same"),
        says("shuffled") if len(documents) > 1 else "",
        says("makes-type", type=_type(kind)) if kind != plan.media_type else "",
        says("index-annotations-dropped") if docker_only and wanted.index.annotations else "",
        says("entry-annotations-lost") if lossy and wanted.marked else "",
        says("platform-details-lost") if lossy and fine else "",
        says("digests-once") if wanted.twice else "",
        says("carries") if _mounts(wanted.write) else "",
        no_flag(*wanted.accesses),
    )


def _is_fine(platform: Platform) -> bool:
    """Whether it says more than buildx reads from a config."""
    rule = platform.normalised().variant != platform.variant
    return bool(platform.os_version or platform.os_features or rule)


# --- crane, oras, regctl ---------------------------------------------------------------------------------------------


def _crane(wanted: _Wanted) -> CommandLine:
    values: dict[str, Value] = {
        **wanted.values,
        "nested": wanted.nested,
        "entries": [{"reference": wanted.reference(entry)} for entry in wanted.index.entries],
    }
    lost = says("index-annotations-lost") if wanted.index.annotations else ""
    note = notes(says("other"), lost, _from_configs(wanted), one_flag(*wanted.accesses))
    return line("create", "crane", values, *wanted.accesses, note=note, unless=wanted.not_in_registries)


def _from_configs(wanted: _Wanted) -> str:
    """What is lost by a tool that reads each manifest anew."""
    return notes(says("entry-annotations-lost") if wanted.marked else "", says("platforms-of-configs"))


def _oras(wanted: _Wanted) -> CommandLine:
    """What it makes of images alone; the very bytes, where that would be another list."""
    exact = exact_by_oras(wanted.write)
    if not exact.line or wanted.marked or wanted.twice or wanted.index.media_type == media.DOCKER_LIST:
        return exact
    copies, _ = copies_by_oras(wanted.write)
    values: dict[str, Value] = {
        **wanted.values,
        "copies": "cp and " if copies else "",
        "digests": [str(entry.digest) for entry in wanted.index.entries],
    }
    note = notes(says("other"), says("platforms-of-configs"))
    made = line("create", "oras", values, wanted.write.access, note=note)
    return replace(made, line=block([*copies, made.line]))


def _regctl(wanted: _Wanted) -> CommandLine:
    exact = exact_by_regctl(wanted.write) if wanted.marked else None
    if exact is not None:
        return exact
    odd = any(place.path is not None and not place.path.startswith("oci:") for place in wanted.places)
    entries = [{"reference": regctl_reference(wanted.place(entry), entry.digest)} for entry in wanted.index.entries]
    return line(
        "create",
        "regctl",
        {**wanted.values, "entries": entries},
        *wanted.accesses,
        note=notes(says("other"), _from_configs(wanted), says("entries-once") if wanted.twice else ""),
        unless=says("layouts-only") if odd else wanted.write.hole,
    )


def regctl_reference(location: RepositoryLocation, digest: Digest) -> str:
    """A manifest as regctl names it, in a registry or in a layout."""
    if location.path is not None:
        return f"ocidir://{location.path.removeprefix('oci:')}@{digest}"
    return location.by_digest(digest)
