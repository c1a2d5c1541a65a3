"""A manifest list made by other tools. Which of them keep what is checked by running them: tests/peers."""

from __future__ import annotations

import json
from dataclasses import dataclass

from tui.compose import by_hand, by_hand_docker, by_hand_exact, layout
from tui.compose.by_hand import OTHER, SAME, Equivalent, Reach, block, line, notes
from tui.compose.plan import Plan, StepKind
from tui.oci import attestation, media
from tui.oci.descriptor import KNOWN, Descriptor
from tui.oci.digest import Digest
from tui.oci.manifest import Index
from tui.oci.platform import Platform
from tui.registry.access import Access
from tui.sources.docker_lists import stored_name
from tui.sources.location import RepositoryLocation

#: What buildx 0.36 does where 0.29 mounts.
CARRIES = "Newer ones carry blobs of another repository through this machine and do not mount them."


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A list to make: each entry with the home in which it can be had now."""

    plan: Plan
    index: Index
    reach: Reach
    homes: dict[Digest, RepositoryLocation]
    lost: int

    @property
    def here(self) -> RepositoryLocation:
        return RepositoryLocation.of(self.plan.target)

    @property
    def target(self) -> str:
        return str(self.plan.target)

    @property
    def access(self) -> Access:
        return self.reach.of(self.plan.target.registry)

    def home(self, entry: Descriptor) -> RepositoryLocation:
        return self.homes.get(entry.digest, self.here)

    def ref(self, entry: Descriptor) -> str:
        return self.home(entry).by_digest(entry.digest)

    @property
    def accesses(self) -> tuple[Access, ...]:
        return self.reach.of_homes(self.here, *(self.home(entry) for entry in self.index.entries))

    @property
    def on_disk(self) -> bool:
        return any(self.home(entry).on_disk for entry in self.index.entries)

    @property
    def all_here(self) -> bool:
        return all(self.home(entry) == self.here for entry in self.index.entries)

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


def create(plan: Plan, reach: Reach) -> list[Equivalent]:
    """A list made or amended."""
    index = by_hand.index_of(plan)
    if index is None:
        return []
    wanted = _Wanted(plan, index, reach, by_hand.homes_of(plan), by_hand.holes(plan))
    return [
        _docker(wanted),
        _buildx(wanted),
        _crane(wanted),
        _oras(wanted),
        _regctl(wanted),
        by_hand_exact.curl(plan, reach),
        Equivalent("skopeo", "create", "", "It makes no lists."),
    ]


# --- docker manifest -------------------------------------------------------------------------------------------------


def _docker(wanted: _Wanted) -> Equivalent:
    title = "create and push the list"
    images = wanted.images
    why = ""
    if any(media.is_index(entry.media_type) for entry in images):
        why = "It refuses an index inside the list: “is a manifest list”."
    elif any(wanted.home(entry).registry != wanted.here.registry for entry in images):
        why = "It refuses images from another registry or from disk; copy them first."
    elif any(entry.platform is None or entry.platform.is_unknown for entry in images):
        why = "It refuses an entry without operating system and architecture."
    elif wanted.lost:
        why = by_hand.hole_note(wanted.lost)
    else:
        why = by_hand_docker.why_not_push(wanted.access)
    program = by_hand_docker.program_for(wanted.plan)
    if why or program is None:
        return Equivalent("docker manifest", title, "", why or by_hand_docker.OTHER_FOLDER)
    refs = {wanted.ref(entry): entry for entry in images}
    flags = by_hand.docker(wanted.access)
    platforms = [(ref, entry.platform) for ref, entry in refs.items()]
    annotated = by_hand_docker.annotate(program, wanted.target, platforms)
    lines = [
        line(*program, "create", *flags, wanted.target, *refs),
        *annotated,
        line(*program, "push", *flags, wanted.target),
    ]
    removed = f"{line(*program, 'rm', wanted.target)} 2>/dev/null; "
    said = _docker_note(wanted, refs, whole=len(annotated) == len(refs))
    return Equivalent("docker manifest", title, removed + block(lines), said)


def _docker_note(wanted: _Wanted, refs: dict[str, Descriptor], whole: bool) -> str:
    by_name = sorted(refs, key=stored_name)
    first = refs[by_name[0]].media_type if by_name else ""
    kind = media.OCI_INDEX if media.is_oci(first) else media.DOCKER_LIST
    described = any(entry.annotations for entry in wanted.images) or bool(wanted.index.annotations)
    return notes(
        OTHER,
        "" if by_name == list(refs) else "It orders the entries by their references.",
        "" if kind == wanted.plan.media_type else f"It makes {_type(kind)}, after its first entry.",
        "The attestations are left out." if len(wanted.images) < len(wanted.index.entries) else "",
        "Annotations are left out." if described else "",
        "It lists each image once." if wanted.twice else "",
        "" if whole else "Platforms that are not annotated are those in the configs.",
        "It fails where the registry does not mount." if _mounts(wanted.plan) else "It looks at no layer.",
        "A list of this name in Docker's folder is replaced, and stays there.",
    )


def _mounts(plan: Plan) -> bool:
    return any(step.kind is StepKind.MOUNT for step in plan.steps)


def _type(kind: str) -> str:
    return "a Docker list" if kind == media.DOCKER_LIST else "an OCI index"


# --- docker buildx imagetools ----------------------------------------------------------------------------------------


def _buildx(wanted: _Wanted) -> Equivalent:
    """Descriptors as JSON keep all that the entries say, but buildx takes them for the target's repository only."""
    title = "imagetools create"
    why = ""
    if wanted.on_disk:
        why = "It reads no images from disk here; copy them to the registry first."
    elif wanted.lost:
        why = by_hand.hole_note(wanted.lost)
    elif wanted.nested:
        why = "It takes the images out of an index inside the list."
    elif any("=" in name for name in wanted.index.annotations):
        why = "It takes no annotation whose name holds an equals sign."
    if why:
        return Equivalent("docker buildx", title, "", why)
    documents = [_known(entry) for entry in wanted.index.entries]
    sources = [json.dumps(document, separators=(",", ":")) for document in documents]
    if not wanted.all_here:
        sources = list(dict.fromkeys(wanted.ref(entry) for entry in wanted.index.entries))
    words = ["docker", "buildx", "imagetools", "create", "-t", wanted.target]
    for name, value in wanted.index.annotations.items():
        words += ["--annotation", f"index:{name}={value}"]
    said = _buildx_note(wanted, documents)
    return Equivalent("docker buildx", title, line(*words, *sources), said)


def _known(entry: Descriptor) -> dict[str, object]:
    """An entry as buildx understands it."""
    return {name: value for name, value in entry.to_document().items() if name in KNOWN}


def _buildx_note(wanted: _Wanted, documents: list[dict[str, object]]) -> str:
    docker_only = all(media.is_docker(entry.media_type) for entry in wanted.index.entries)
    kind = media.DOCKER_LIST if docker_only else media.OCI_INDEX
    made: dict[str, object] = {"schemaVersion": 2, "mediaType": kind, "manifests": documents}
    if wanted.index.annotations and not docker_only:
        made["annotations"] = dict(wanted.index.annotations)
    platforms = [entry.platform for entry in wanted.index.entries]
    same = (
        not wanted.twice
        and all(platform is not None and platform.os and platform.architecture for platform in platforms)
        and layout.dump(made) == wanted.plan.raw
    )
    lossy = not wanted.all_here
    fine = any(each is not None and _is_fine(each) for each in platforms)
    if lossy and (fine or wanted.marked):
        same = False
    if_config = "The same digest, if every platform is that in the config."
    return notes(
        OTHER if not same else if_config if lossy else SAME,
        "Newer ones may shuffle the entries." if len(documents) > 1 else "",
        "" if kind == wanted.plan.media_type else f"It makes {_type(kind)} of these.",
        "The index's annotations are dropped, and nothing says so." if docker_only and wanted.index.annotations else "",
        "The entries' annotations are lost, which tie attestations to their images." if lossy and wanted.marked else "",
        "os.version, os.features and usual variants (v8 of arm64) are lost." if lossy and fine else "",
        "It lists each digest once." if wanted.twice else "",
        CARRIES if _mounts(wanted.plan) else "",
        by_hand.buildx_note(*wanted.accesses),
    )


def _is_fine(platform: Platform) -> bool:
    """Whether it says more than buildx reads from a config."""
    rule = platform.normalised().variant != platform.variant
    return bool(platform.os_version or platform.os_features or rule)


# --- crane, oras, regctl ---------------------------------------------------------------------------------------------


def _crane(wanted: _Wanted) -> Equivalent:
    title = "index append"
    if wanted.on_disk:
        return Equivalent("crane", title, "", "It reads no images from disk here; copy them to the registry first.")
    if wanted.lost:
        return Equivalent("crane", title, "", by_hand.hole_note(wanted.lost))
    words = ["crane", "index", "append", *by_hand.crane(*wanted.accesses)]
    words += ["--docker-empty-base"] if wanted.index.media_type == media.DOCKER_LIST else []
    words += ["--flatten=false"] if wanted.nested else []
    words += ["-t", wanted.target]
    for entry in wanted.index.entries:
        words += ["-m", wanted.ref(entry)]
    return Equivalent("crane", title, line(*words), notes(_from_configs(wanted), by_hand.crane_note(*wanted.accesses)))


def _from_configs(wanted: _Wanted, index_annotations: bool = True) -> str:
    """What is lost by a tool that reads each manifest anew."""
    return notes(
        OTHER,
        "The index's annotations are lost." if index_annotations and wanted.index.annotations else "",
        "The entries' annotations are lost, which tie attestations to their images." if wanted.marked else "",
        "The platforms are those in the configs.",
    )


def _oras(wanted: _Wanted) -> Equivalent:
    """What it makes of images alone; the very bytes, where that would be another list."""
    exact = by_hand_exact.oras(wanted.plan, wanted.reach)
    if not exact.line or wanted.marked or wanted.twice or wanted.plan.media_type == media.DOCKER_LIST:
        return exact
    copies, _ = by_hand_exact.children(wanted.plan, wanted.reach)
    words = ["oras", "manifest", "index", "create", *by_hand.oras(wanted.access), wanted.target]
    words += [str(entry.digest) for entry in wanted.index.entries]
    for name, value in wanted.index.annotations.items():
        words += ["--annotation", f"{name}={value}"]
    title = "cp and manifest index create" if copies else "manifest index create"
    said = notes(OTHER, "The platforms are those in the configs.")
    return Equivalent("oras", title, block([*copies, line(*words)]), said)


def _regctl(wanted: _Wanted) -> Equivalent:
    exact = by_hand_exact.regctl(wanted.plan, wanted.reach) if wanted.marked else None
    if exact is not None:
        return exact
    title = "index create"
    layouts = [home for home in map(wanted.home, wanted.index.entries) if home.on_disk]
    if any(not (home.path or "").startswith("oci:") for home in layouts):
        return Equivalent("regctl", title, "", "Of what lies on disk it reads OCI layouts only.")
    if wanted.lost:
        return Equivalent("regctl", title, "", by_hand.hole_note(wanted.lost))
    words = [*by_hand.regctl(*wanted.accesses), "index", "create", wanted.target]
    words += ["--media-type", media.DOCKER_LIST] if wanted.index.media_type == media.DOCKER_LIST else []
    for entry in wanted.index.entries:
        words += ["--ref", regctl_ref(wanted.home(entry), entry.digest)]
    for name, value in wanted.index.annotations.items():
        words += ["--annotation", f"{name}={value}"]
    once = "It lists each entry once." if wanted.twice else ""
    return Equivalent("regctl", title, line(*words), notes(_from_configs(wanted, index_annotations=False), once))


def regctl_ref(home: RepositoryLocation, digest: Digest) -> str:
    """A manifest as regctl names it, in a registry or in a layout."""
    if home.path is not None:
        return f"ocidir://{home.path.removeprefix('oci:')}@{digest}"
    return home.by_digest(digest)
