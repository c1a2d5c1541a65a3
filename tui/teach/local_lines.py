"""The command lines for what lies on disk: layouts, archives, Docker's stored lists, a registry's storage folder."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path

from tui.explore.node import BLOB_KINDS, MANIFEST_KINDS, Kind, Node
from tui.oci.digest import Digest
from tui.oci.errors import MalformedReference
from tui.oci.reference import Reference
from tui.registry.access import Access, Hosts
from tui.sources.base import SourceKind
from tui.sources.docker_lists import default_folder
from tui.sources.storage_disk import blob_path, link_path, tag_link_path
from tui.teach.lines import BUILDX, CRANE, CURL, DOCKER, ORAS, REGCTL, SKOPEO, TOOLS, Line

_SUM, _PRINT = "hash the bytes", "print its digest"
_NAMED_AFTER = "The file is named after its digest; they must agree."
_ONLY_BY_NAME = "skopeo finds an image on disk by its name only."
_LAYOUT = {
    CURL: "It only speaks to registries.",
    DOCKER: "It only speaks to registries.",
    BUILDX: "Before March 2026 it only spoke to registries; imagetools now takes oci-layout://PATH too.",
    CRANE: "crane push sends a layout to a registry; it has no command that prints a digest from one.",
}
_ARCHIVE = {
    **{tool: _LAYOUT[tool] for tool in (CURL, DOCKER)},
    BUILDX: "It reads no archives.",
    CRANE: "crane digest --tarball reads what docker save writes, and makes up a manifest that is in no registry.",
    ORAS: "oras reads archives of OCI layouts only.",
    REGCTL: "regctl reads folders (ocidir://); regctl image import sends an archive to a registry.",
}
_STORAGE = dict.fromkeys(TOOLS, "It reads no registry's storage folder; only the registry does.")
_STORED = {tool: "It knows nothing of Docker's stored lists." for tool in TOOLS if tool != DOCKER}
#: What can stand after a colon in every tool.
_PLAIN_NAME = re.compile(r"\w[\w.-]{0,127}", re.ASCII)


def lines(node: Node, hosts: Hosts | None = None) -> list[Line]:
    """The lines for a row of a source on disk; each tool that cannot read it says so."""
    path, of_kind = node.source.path, _LINES.get(node.source.kind)
    return of_kind(node, path, hosts) if path is not None and of_kind is not None else []


def _others(title: str, reasons: dict[str, str], found: list[Line]) -> list[Line]:
    """The tools that have no line yet, with the reason."""
    there = {line.tool for line in found}
    return [*found, *(Line(tool, title, "", why) for tool, why in reasons.items() if tool not in there)]


def _layout(node: Node, path: Path, hosts: Hosts | None) -> list[Line]:
    title, digest = "show what is in it", node.digest
    found = [Line("cat", title, shlex.join(["cat", str(path / "index.json")]), "The layout's own index of its images.")]
    if digest is not None and node.kind in MANIFEST_KINDS | BLOB_KINDS:
        title = _SUM
        blob = path / "blobs" / digest.algorithm / digest.encoded
        found += [Line("sha256sum", title, _sum(digest, blob), _NAMED_AFTER), _oras(node, path, digest)]
        found.append(_regctl(node, path, digest))
        found.append(_skopeo(node, path, "oci", digest))
    else:
        title = "list the names"
        oras, regctl = shlex.join(["oras", "repo", "tags", "--oci-layout", str(path)]), _ocidir(path)
        found += [
            Line(ORAS, title, oras, "All names, one on each line."),
            Line(REGCTL, title, f"regctl tag ls {regctl}" if regctl else "", "All names." if regctl else _NO_OCIDIR),
            Line(SKOPEO, title, "", "skopeo lists no names of a layout."),
        ]
    return _others(title, _LAYOUT, found)


def _oci_archive(node: Node, path: Path, hosts: Hosts | None) -> list[Line]:
    return _archive(node, path, "oci-archive", layout=True)


def _saved_archive(node: Node, path: Path, hosts: Hosts | None) -> list[Line]:
    return _archive(node, path, "docker-archive", layout=False)


def _archive(node: Node, path: Path, kind: str, *, layout: bool) -> list[Line]:
    title, digest = "show what is in it", node.digest
    inside = "index.json" if layout else "manifest.json"
    found = [Line("tar", title, shlex.join(["tar", "-xOf", str(path), inside]), "What the archive says it holds.")]
    if digest is None or node.kind not in MANIFEST_KINDS | BLOB_KINDS:
        why = "Of the only image in it; of its names where there are several."
        found.append(Line(SKOPEO, "show it", shlex.join(["skopeo", "inspect", f"{kind}:{path}"]), why))
        if layout:
            names = shlex.join(["oras", "repo", "tags", "--oci-layout", str(path)])
            found.append(Line(ORAS, "list the names", names, "All names, one on each line."))
    elif layout:
        member = shlex.join(["tar", "-xOf", str(path), f"blobs/{digest.algorithm}/{digest.encoded}"])
        found += [
            Line("tar", _SUM, f"{member} | {digest.algorithm}sum", "The member is named after its digest."),
            _oras(node, path, digest),
            _skopeo(node, path, kind, digest),
        ]
    else:
        found.append(_docker_archive(node, path))
    return _others(title, _ARCHIVE, found)


def _docker_archive(node: Node, path: Path) -> Line:
    """What docker save wrote: only the config has the digest that it has everywhere."""
    image = node.image()
    if image is None or image.kind is not Kind.TAG:
        return Line(SKOPEO, "show it", "", _ONLY_BY_NAME)
    name = f":{image.repository}:{image.tag}" if image.repository and image.tag else ""
    reference = shlex.quote(f"docker-archive:{path}{name}")
    if node.kind is Kind.CONFIG and node.digest is not None:
        line = f"skopeo inspect --config --raw {reference} | {node.digest.algorithm}sum"
        return Line(SKOPEO, _SUM, line, "The hash is the image ID.")
    return Line(
        SKOPEO, "show it", f"skopeo inspect {reference}", "Its manifest is made up: the digest is in no registry."
    )


def _oras(node: Node, path: Path, digest: Digest) -> Line:
    """oras reads a layout, and an archive of one, alike."""
    if node.kind in BLOB_KINDS:
        line = shlex.join(["oras", "blob", "fetch", "--oci-layout", "--descriptor", f"{path}@{digest}"])
        return Line(ORAS, "ask whether it is there", line, "Prints its digest and size.")
    line = shlex.join(["oras", "resolve", "--oci-layout", f"{path}{_selector(node, digest)}"])
    return Line(ORAS, _PRINT, line, "It reads the layout.")


_NO_OCIDIR = "regctl takes only letters, digits, blanks and /_-. in a path."


def _ocidir(path: Path, selector: str = "") -> str:
    """The layout as regctl calls it, quoted; "" when it cannot."""
    return shlex.quote(f"ocidir://{path}{selector}") if re.fullmatch(r"[/\w\-. ]+", str(path), re.ASCII) else ""


def _regctl(node: Node, path: Path, digest: Digest) -> Line:
    blob = node.kind in BLOB_KINDS
    name = _ocidir(path, "" if blob else _selector(node, digest))
    if not name:
        return Line(REGCTL, _SUM if blob else _PRINT, "", _NO_OCIDIR)
    if blob:
        return Line(REGCTL, _SUM, f"regctl blob get {name} {digest} | {digest.algorithm}sum", "It reads the layout.")
    return Line(REGCTL, _PRINT, f"regctl manifest head {name}", "It reads the layout.")


def _skopeo(node: Node, path: Path, kind: str, digest: Digest) -> Line:
    if node.kind is not Kind.TAG or not node.tag:
        return Line(SKOPEO, _SUM, "", _ONLY_BY_NAME)
    if ":" in str(path):
        return Line(SKOPEO, _SUM, "", "skopeo takes what follows the first colon of a path for a name.")
    image = shlex.quote(f"{kind}:{path}:{node.tag}")
    return Line(SKOPEO, _SUM, f"skopeo inspect --raw {image} | {digest.algorithm}sum", "By the name in index.json.")


def _selector(node: Node, digest: Digest) -> str:
    """By name where that is a plain one, else by digest."""
    plain = node.kind is Kind.TAG and node.tag is not None and _PLAIN_NAME.fullmatch(node.tag)
    return f":{node.tag}" if plain else f"@{digest}"


def _storage(node: Node, path: Path, hosts: Hosts | None) -> list[Line]:
    title = "look at the files"
    repository, digest = node.repository, node.digest
    found: list[Line] = []
    if repository is None:
        found.append(Line("ls", title, shlex.join(["ls", str(path / "repositories")]), "A folder for each repository."))
    elif node.kind is Kind.TAG and node.tag:
        link = tag_link_path(path, repository, node.tag)
        found.append(Line("cat", "read the tag", shlex.join(["cat", str(link)]), "The digest that the tag points to."))
    if repository is not None and digest is not None:
        link = link_path(path, repository, digest, manifest=node.kind in MANIFEST_KINDS)
        found += [
            Line("cat", "read the link", shlex.join(["cat", str(link)]), "Whether this repository may use the digest."),
            Line("sha256sum", "hash the bytes", _sum(digest, blob_path(path, digest)), "The bytes, kept once for all."),
        ]
    elif repository is not None and not found:
        tags = path / "repositories" / repository / "_manifests" / "tags"
        found.append(Line("ls", "list the tags", shlex.join(["ls", str(tags)]), "A folder for each tag."))
    return _others(title, _STORAGE, found)


def _stored_list(node: Node, path: Path, hosts: Hosts | None) -> list[Line]:
    title = "show the stored list"
    docker = _docker_config(path)
    if node.repository is None or node.kind is not Kind.TAG or docker is None:
        why = "A folder for each list, a file for each entry; docker has no command to list them."
        return _others(title, _STORED, [Line("ls", title, shlex.join(["ls", str(path)]), why)])
    try:
        name = Reference.parse(node.source.reference(node.repository, tag=node.tag)) if "/" in node.repository else None
    except MalformedReference:
        name = None
    if name is None:
        why = "The name of this list cannot be told from its folder, and docker asks for the name."
        return _others(title, {DOCKER: why, **_STORED}, [])
    # Docker writes docker.io in front of what has no registry; both forms are the same list.
    flag = "--insecure " if Access.of(name.registry, hosts).untrusted else ""
    shown = shlex.quote(node.source.reference(node.repository, tag=node.tag))
    found = [
        Line(
            DOCKER,
            title,
            f"{docker} manifest inspect {shown}",
            "The stored list comes first, even when the registry has another.",
        ),
        Line(
            DOCKER,
            "push it as it is",
            f"{docker} manifest push {flag}{shown}",
            "Sends the stored digests without looking them up again.",
        ),
        Line(DOCKER, "throw it away", f"{docker} manifest rm {shown}", "The fix: remove it, create it again, push it."),
    ]
    return _others(title, _STORED, found)


def _docker_config(folder: Path) -> str | None:
    """The docker that looks into this folder; None when none does."""
    if folder == default_folder():
        return "docker"
    return shlex.join(["docker", "--config", str(folder.parent)]) if folder.name == "manifests" else None


def _sum(digest: Digest, path: Path) -> str:
    return shlex.join([f"{digest.algorithm}sum", str(path)])


_LINES: Mapping[SourceKind, Callable[[Node, Path, Hosts | None], list[Line]]] = {
    "oci-layout": _layout,
    "oci-archive": _oci_archive,
    "docker-archive": _saved_archive,
    "storage": _storage,
    "docker-manifests": _stored_list,
}
