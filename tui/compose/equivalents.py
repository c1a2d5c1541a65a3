"""The same write by other tools: command lines that work, quoted for a shell, with what each tool does not do."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from tui.compose.home import Home
from tui.compose.plan import Action, Plan, StepKind
from tui.oci import attestation, media
from tui.oci.descriptor import Descriptor
from tui.oci.errors import OciError
from tui.oci.manifest import Index, decode
from tui.oci.reference import Reference, is_loopback


@dataclass(frozen=True, slots=True)
class Equivalent:
    """One tool's way. ``line`` is safe to paste into a shell, may hold several lines, and is "" where the tool cannot.

    ``note`` (safe) says what is different then: what is lost, what is not checked.
    """

    tool: str
    title: str
    line: str
    note: str = ""


def equivalents(plan: Plan) -> tuple[Equivalent, ...]:
    """How `docker manifest`, `docker buildx imagetools`, `crane`, `regctl`, `oras` (and others where they can) do
    it."""
    if plan.action is Action.DELETE:
        return tuple(_delete(plan))
    if plan.action is Action.COPY:
        return tuple(_copy(plan))
    if plan.action in (Action.TAG, Action.UNDO):
        return tuple(_tag(plan))
    if plan.action is Action.LOCAL:
        return tuple(_local(plan))
    return tuple(_create(plan))


def _line(*words: str) -> str:
    return shlex.join(words)


def _plain(reference: Reference, flag: str) -> tuple[str, ...]:
    """The flag that a tool needs to speak plain http, which registries on this machine do."""
    return (flag,) if is_loopback(reference.registry) else ()


def _index(plan: Plan) -> Index | None:
    if plan.raw is None:
        return None
    try:
        found = decode(plan.raw, plan.media_type)
    except OciError:
        return None
    return found if isinstance(found, Index) else None


def _sources(plan: Plan, index: Index) -> list[tuple[Descriptor, str]]:
    """Each entry with the reference by digest under which it can be had now."""
    homes = {each.digest: each.source for each in plan.objects}
    here = Home.of(plan.target)
    return [(entry, (homes.get(entry.digest) or here).by_digest(entry.digest)) for entry in index.entries]


def _create(plan: Plan) -> list[Equivalent]:
    index = _index(plan)
    if index is None:
        return []
    target = str(plan.target)
    every = _sources(plan, index)
    on_disk = any(each.source is not None and each.source.on_disk for each in plan.objects)
    images = [(entry, ref) for entry, ref in every if not attestation.is_attestation(entry)]
    references = [ref for _entry, ref in every]
    annotations = [f"{name}={value}" for name, value in index.annotations.items()]
    http = _plain(plan.target, "--insecure")
    found: list[Equivalent] = []
    elsewhere = (
        any(Reference.parse(ref).registry != plan.target.registry for ref in references) if not on_disk else True
    )
    docker = [
        _line("docker", "manifest", "rm", target) + " 2>/dev/null",
        _line("docker", "manifest", "create", *http, target, *(ref for _entry, ref in images)),
        *_annotate(plan, images),
        _line("docker", "manifest", "push", *http, target),
    ]
    notes = ["It checks no blob of its own repository, and keeps the list in Docker's folder."]
    if len(images) != len(every):
        notes.append("The attestations are left out.")
    if annotations:
        notes.append("Annotations cannot be set.")
    if any(media.is_index(entry.media_type) for entry, _ref in images):
        docker = []
        notes = ["It refuses an index inside the list: “is a manifest list”."]
    elif elsewhere:
        docker = []
        notes = ["It refuses images from another registry or from disk; copy them first."]
    found.append(Equivalent("docker manifest", "create and push the list", "\n".join(docker), " ".join(notes)))
    buildx = _line(
        *("docker", "buildx", "imagetools", "create", "-t", target),
        *(word for each in annotations for word in ("--annotation", f"index:{each}")),
        *references,
    )
    note = "Every blob of another repository is downloaded and uploaded again; the digest is only in --metadata-file."
    if any(entry.platform is not None and entry.platform.os_version for entry, _ref in images):
        note += " os.version is lost for single images."
    found.append(Equivalent("docker buildx", "imagetools create", "" if on_disk else buildx, note))
    kind = ("--docker-empty-base",) if index.media_type == media.DOCKER_LIST else ()
    crane = _line(
        "crane", "index", "append", *http, *kind, "-t", target, *(w for ref in references for w in ("-m", ref))
    )
    found.append(
        Equivalent("crane", "index append", "" if on_disk else crane, "Annotations of the index cannot be set.")
    )
    regctl = _line(
        *("regctl", "index", "create", target),
        *(("--media-type", media.DOCKER_LIST) if kind else ()),
        *(word for ref in references for word in ("--ref", ref)),
        *(word for each in annotations for word in ("--annotation", each)),
    )
    note = "The annotations that tie an attestation to its image are lost." if len(images) != len(every) else ""
    found.append(Equivalent("regctl", "index create", "" if on_disk else regctl, note))
    same = all(Home.of(Reference.parse(ref)) == Home.of(plan.target) for ref in references) if not on_disk else False
    oras = _line(
        *("oras", "manifest", "index", "create", *_plain(plan.target, "--plain-http"), target),
        *(str(entry.digest) for entry, _ref in every),
        *(word for each in annotations for word in ("--annotation", each)),
    )
    note = "" if same else "It only takes manifests of the same repository; copy them there first (oras cp)."
    found.append(Equivalent("oras", "manifest index create", oras if same else "", note or "Always an OCI index."))
    return found


def _annotate(plan: Plan, images: list[tuple[Descriptor, str]]) -> list[str]:
    """`docker manifest annotate` where the platform is more than what docker reads from the config by itself."""
    lines = []
    for entry, ref in images:
        platform = entry.platform
        if platform is None or not (platform.variant or platform.os_version or platform.os_features):
            continue
        words = ["docker", "manifest", "annotate", "--os", platform.os, "--arch", platform.architecture]
        if platform.variant:
            words += ["--variant", platform.variant]
        if platform.os_version:
            words += ["--os-version", platform.os_version]
        for feature in platform.os_features:
            words += ["--os-features", feature]
        lines.append(_line(*words, str(plan.target), ref))
    return lines


def _origin(plan: Plan) -> str:
    """Where a copied manifest is read from, by digest."""
    homes = [each.source for each in plan.objects if each.source is not None]
    source = next(iter(plan.sources.values()), "")
    if homes and plan.digest is not None:
        return homes[0].by_digest(plan.digest)
    if source and plan.digest is not None:
        name, mark, _digest = source.rpartition("@")
        return f"{name}@{plan.digest}" if mark else source
    return Home.of(plan.target).by_digest(plan.digest) if plan.digest is not None else str(plan.target)


def _copy(plan: Plan) -> list[Equivalent]:
    source, target = _origin(plan), str(plan.target)
    http = _plain(plan.target, "--insecure")
    referrers = any(step.kind is StepKind.REFERRERS_TAG for step in plan.steps) or any(
        each.kind == "referrer" for each in plan.objects
    )
    disk = source.startswith(("oci:", "oci-archive:", "docker-archive:", "storage:"))
    tls = ("--src-tls-verify=false", "--dest-tls-verify=false") if http else ()
    skopeo_source = source if disk else f"docker://{source}"
    return [
        Equivalent(
            "skopeo",
            "copy",
            _line("skopeo", "copy", "--all", "--preserve-digests", *tls, skopeo_source, f"docker://{target}"),
            "Referrers stay behind." if referrers else "",
        ),
        Equivalent("crane", "copy", "" if disk else _line("crane", "copy", *http, source, target)),
        Equivalent(
            "regctl",
            "image copy",
            "" if disk else _line("regctl", "image", "copy", *(("--referrers",) if referrers else ()), source, target),
        ),
        Equivalent(
            "oras",
            "cp",
            ""
            if disk
            else _line(
                *("oras", "cp", *(("-r",) if referrers else ())),
                *(("--from-plain-http", "--to-plain-http") if http else ()),
                *(source, target),
            ),
        ),
        Equivalent(
            "docker buildx",
            "imagetools create",
            "" if disk else _line("docker", "buildx", "imagetools", "create", "-t", target, source),
            "A single image becomes a list unless --prefer-index=false is given.",
        ),
    ]


def _tag(plan: Plan) -> list[Equivalent]:
    if plan.digest is None:
        return []
    home, tag = Home.of(plan.target), plan.target.tag or "latest"
    source = home.by_digest(plan.digest)
    http = _plain(plan.target, "--insecure")
    note = (
        "The old index must still be in the repository; fanfold keeps its bytes." if plan.action is Action.UNDO else ""
    )
    return [
        Equivalent("crane", "tag", _line("crane", "tag", *http, source, tag), note),
        Equivalent("oras", "tag", _line("oras", "tag", *_plain(plan.target, "--plain-http"), source, tag), note),
        Equivalent("regctl", "image copy", _line("regctl", "image", "copy", source, str(plan.target)), note),
        Equivalent(
            "docker buildx",
            "imagetools create",
            _line(
                *("docker", "buildx", "imagetools", "create", "--prefer-index=false", "-t", str(plan.target)), source
            ),
            note,
        ),
        Equivalent("docker manifest", "tag", "", "It cannot tag what is in a registry."),
    ]


def _delete(plan: Plan) -> list[Equivalent]:
    local = next((step.local_list for step in plan.steps if step.kind is StepKind.REMOVE_LOCAL_LIST), None)
    if local is not None:
        return [Equivalent("docker manifest", "rm", _line("docker", "manifest", "rm", local.name))]
    by_tag = any(step.kind is StepKind.DELETE_TAG for step in plan.steps)
    home = Home.of(plan.target)
    target = str(plan.target) if by_tag else home.by_digest(plan.before) if plan.before else str(plan.target)
    http = _plain(plan.target, "--insecure")
    scheme = "http" if http else "https"
    selector = plan.target.tag if by_tag else plan.before
    url = f"{scheme}://{plan.target.registry}/v2/{plan.target.repository}/manifests/{selector}"
    warning = "skopeo deletes the digest, and with it every tag on it." if by_tag else ""
    verify = ("--tls-verify=false",) if http else ()
    return [
        Equivalent("curl", "DELETE", _line("curl", "--fail", "-X", "DELETE", url)),
        Equivalent("crane", "delete", _line("crane", "delete", *http, target)),
        Equivalent(
            "regctl", "delete", _line("regctl", *(("tag", "delete") if by_tag else ("manifest", "delete")), target)
        ),
        Equivalent(
            "oras",
            "manifest delete",
            "" if by_tag else _line("oras", "manifest", "delete", *_plain(plan.target, "--plain-http"), target),
            "It deletes the digest, and with it every tag on it." if by_tag else "",
        ),
        Equivalent(
            "skopeo", "delete", "" if by_tag else _line("skopeo", "delete", *verify, f"docker://{target}"), warning
        ),
        Equivalent("docker", "delete", "", "Docker's commands delete nothing in a registry."),
    ]


def _local(plan: Plan) -> list[Equivalent]:
    http = _plain(plan.target, "--insecure")
    if not plan.sources:
        return []
    return [
        Equivalent(
            "docker manifest",
            "rm and create",
            _line("docker", "manifest", "rm", str(plan.target))
            + "\n"
            + _line("docker", "manifest", "create", *http, str(plan.target), *dict.fromkeys(plan.sources.values())),
            "Removing it first is what makes docker ask the registry again.",
        )
    ]
