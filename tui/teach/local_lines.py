"""The command lines for what lies on disk: layouts, archives, Docker's stored lists, a registry's storage folder."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Protocol, runtime_checkable

from tui.explore.node import BLOB_KINDS, MANIFEST_KINDS, Kind, Node
from tui.oci.digest import Digest
from tui.sources.docker_manifests import DockerManifests
from tui.sources.storage_disk import blob_path, link_path, tag_link_path
from tui.teach.lines import BUILDX, CRANE, CURL, DOCKER, ORAS, REGCTL, SKOPEO, Line


@runtime_checkable
class OnDisk(Protocol):
    """A source that lies at a path."""

    @property
    def path(self) -> Path: ...


_NO_FILES = "It only speaks to registries."


def lines(node: Node) -> list[Line]:
    """The lines for a row of a source on disk; each tool that cannot read it says so."""
    source = node.source
    path = source.lists.folder if isinstance(source, DockerManifests) else None
    if isinstance(source, OnDisk):
        path = source.path
    if path is None:
        return []
    match source.kind:
        case "oci-layout":
            return _layout(node, path)
        case "oci-archive" | "docker-archive":
            return _archive(node, path, source.kind)
        case "storage":
            return _storage(node, path)
        case "docker-manifests":
            return _stored_list(node, path)
        case _:
            return []


def _other(title: str, *tools: str) -> list[Line]:
    return [Line(tool, title, "", _NO_FILES) for tool in tools]


def _layout(node: Node, path: Path) -> list[Line]:
    title = "show what is in it"
    found = [Line("cat", title, shlex.join(["cat", str(path / "index.json")]), "The layout's own index of its images.")]
    digest = node.digest
    if digest is not None and node.kind in MANIFEST_KINDS | BLOB_KINDS:
        blob = path / "blobs" / digest.algorithm / digest.encoded
        title = "hash the bytes"
        found = [Line("sha256sum", title, _sum(digest, blob), "The file is named after its digest; they must agree.")]
        if node.kind in MANIFEST_KINDS:
            name = f"{path}:{node.tag}" if node.tag else f"{path}@{digest}"
            found += [
                Line(ORAS, "print its digest", f"oras resolve --oci-layout {shlex.quote(name)}", "Reads the layout."),
                Line(
                    REGCTL, "print its digest", f"regctl manifest head {shlex.quote(f'ocidir://{name}')}", "Likewise."
                ),
            ]
        if node.kind is Kind.TAG and node.tag:
            image = shlex.quote(f"oci:{path}:{node.tag}")
            found.append(Line(SKOPEO, title, f"skopeo inspect --raw {image} | sha256sum", "By the name in index.json."))
    return found + _other(title, CURL, DOCKER, BUILDX, CRANE)


def _archive(node: Node, path: Path, kind: str) -> list[Line]:
    inside = "index.json" if kind == "oci-archive" else "manifest.json"
    title = "show what is in it"
    found = [Line("tar", title, shlex.join(["tar", "-xOf", str(path), inside]), "What the archive says it holds.")]
    digest = node.digest
    if digest is not None and node.kind in MANIFEST_KINDS | BLOB_KINDS and kind == "oci-archive":
        title = "hash the bytes"
        member = f"blobs/{digest.algorithm}/{digest.encoded}"
        line = shlex.join(["tar", "-xOf", str(path), member]) + f" | {digest.algorithm}sum"
        found.append(Line("tar", title, line, "The member is named after its digest; they must agree."))
    image = shlex.quote(f"{kind}:{path}")
    found.append(Line(SKOPEO, "show it", f"skopeo inspect {image}", "The image of this machine's platform."))
    return found + _other(title, CURL, DOCKER, BUILDX, CRANE, ORAS, REGCTL)


def _storage(node: Node, path: Path) -> list[Line]:
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
    return found + _other(title, CURL, DOCKER, BUILDX, CRANE, ORAS, REGCTL, SKOPEO)


def _stored_list(node: Node, path: Path) -> list[Line]:
    title = "show the stored list"
    name = node.source.reference(node.repository, tag=node.tag) if node.repository and node.kind is Kind.TAG else ""
    if not name:
        line = shlex.join(["ls", str(path)])
        found = [
            Line(
                "ls", title, line, "A folder for each list, a file for each entry; docker has no command to list them."
            )
        ]
        return found + _other(title, BUILDX, CRANE, ORAS, REGCTL, SKOPEO)
    shown = shlex.quote(name)
    return [
        Line(
            DOCKER,
            title,
            f"docker manifest inspect {shown}",
            "The stored list comes first, even when the registry has another.",
        ),
        Line(
            DOCKER,
            "push it as it is",
            f"docker manifest push {shown}",
            "Sends the stored digests without looking them up again.",
        ),
        Line(DOCKER, "throw it away", f"docker manifest rm {shown}", "The mend: remove it, create it again, push it."),
        *[
            Line(tool, title, "", "It knows nothing of Docker's stored lists.")
            for tool in (BUILDX, CRANE, ORAS, REGCTL, SKOPEO)
        ],
    ]


def _sum(digest: Digest, path: Path) -> str:
    return shlex.join([f"{digest.algorithm}sum", str(path)])
