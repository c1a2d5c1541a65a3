"""The lines for what lies on disk: layouts, archives, Docker's stored lists, a registry's storage folder."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from tui.explore.node import BLOB_KINDS, MANIFEST_KINDS, Kind, Node
from tui.oci.digest import Digest
from tui.oci.errors import MalformedReference
from tui.oci.reference import Reference
from tui.registry.access import Access, Hosts
from tui.sources.base import SourceKind
from tui.sources.docker_lists import default_folder
from tui.sources.storage_disk import blob_path, link_path, tag_link_path
from tui.tools.table import SEVEN, CommandLine, Value, line, lines, says, table

#: What can stand after a colon in every tool.
_PLAIN_NAME = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
#: What regctl takes as a path.
_PLAIN_PATH = re.compile(r"[/\w\-. ]+", re.ASCII)


def look_lines(node: Node, hosts: Hosts | None) -> list[CommandLine]:
    """The lines for a row of a source on disk; each tool that cannot read it says so."""
    path, of_kind = node.source.path, _LINES.get(node.source.kind)
    return of_kind(node, path, hosts) if path is not None and of_kind is not None else []


def docker_program(folder: Path) -> tuple[str, ...] | None:
    """The docker that keeps its lists in this folder; None when it cannot be told to."""
    if folder == default_folder():
        return ("docker",)
    return ("docker", "--config", str(folder.parent)) if folder.name == "manifests" else None


def _with_reasons(commands: list[CommandLine], title: str, operation: str) -> list[CommandLine]:
    """And the tools that have no line yet, with the reason: those of an operation that none of them can do."""
    return _with(commands, [replace(one, title=title) for one in lines(operation, {})])


def _with_reason(commands: list[CommandLine], title: str, reason: str, but: str = "") -> list[CommandLine]:
    """And all tools `but` one that have no line yet, for this reason."""
    return _with(commands, [CommandLine(table().tools[tool].name, title, "", reason) for tool in SEVEN if tool != but])


def _with(commands: list[CommandLine], others: list[CommandLine]) -> list[CommandLine]:
    there = {one.tool for one in commands}
    return [*commands, *(one for one in others if one.tool not in there)]


def _sum(digest: Digest) -> str:
    return f"{digest.algorithm}sum"


def _layout(node: Node, path: Path, hosts: Hosts | None) -> list[CommandLine]:
    digest = node.digest
    values: dict[str, Value] = {"path": str(path), "inside": str(path / "index.json")}
    odd = "" if _PLAIN_PATH.fullmatch(str(path)) else says("odd-path")
    found = lines("layout", values)
    if digest is None or node.kind not in MANIFEST_KINDS | BLOB_KINDS:
        found += [
            line("layout-names", tool, values, unless=odd if tool == "regctl" else "")
            for tool in table().operations["layout-names"]
        ]
        return _with_reasons(found, "list the names", "not-of-layouts")
    blob = node.kind in BLOB_KINDS
    values |= {
        "digest": str(digest),
        "sum": _sum(digest),
        "file": str(path / "blobs" / digest.algorithm / digest.encoded),
        "selector": _selector(node, digest),
    }
    operation = "layout-blob" if blob else "layout-manifest"
    found += [
        *lines("layout-file", values),
        line(operation, "oras", values),
        line(operation, "regctl", values, unless=odd),
        _by_name(node, path, "oci", digest),
    ]
    return _with_reasons(found, "hash the bytes", "not-of-layouts")


def _by_name(node: Node, path: Path, kind: str, digest: Digest) -> CommandLine:
    """skopeo takes the name in index.json, and no digest."""
    unless = ""
    if node.kind is not Kind.TAG or not node.tag:
        unless = says("only-by-name")
    elif ":" in str(path):
        unless = says("colon-in-path")
    values = {"kind": kind, "path": str(path), "tag": node.tag or "", "sum": _sum(digest)}
    return line("layout-bytes", "skopeo", values, unless=unless)


def _selector(node: Node, digest: Digest) -> str:
    """By name where that is a plain one, else by digest."""
    plain = node.kind is Kind.TAG and node.tag is not None and _PLAIN_NAME.fullmatch(node.tag)
    return f":{node.tag}" if plain else f"@{digest}"


def _oci_archive(node: Node, path: Path, hosts: Hosts | None) -> list[CommandLine]:
    digest = node.digest
    values: dict[str, Value] = {"kind": "oci-archive", "path": str(path), "inside": "index.json"}
    found = lines("archive", values)
    if digest is None or node.kind not in MANIFEST_KINDS | BLOB_KINDS:
        found += [*lines("archive-image", values), *lines("archive-names", values)]
    else:
        values |= {
            "digest": str(digest),
            "sum": _sum(digest),
            "inside": f"blobs/{digest.algorithm}/{digest.encoded}",
            "selector": _selector(node, digest),
        }
        found += [
            *lines("archive-bytes", values),
            line("layout-blob" if node.kind in BLOB_KINDS else "layout-manifest", "oras", values),
            _by_name(node, path, "oci-archive", digest),
        ]
    return _with_reasons(found, "show what is in it", "not-of-archives")


def _saved_archive(node: Node, path: Path, hosts: Hosts | None) -> list[CommandLine]:
    """What docker save wrote: only the config has the digest that it has everywhere."""
    values: dict[str, Value] = {"kind": "docker-archive", "path": str(path), "inside": "manifest.json"}
    found = lines("archive", values)
    if node.digest is None or node.kind not in MANIFEST_KINDS | BLOB_KINDS:
        found += lines("archive-image", values)
    else:
        image = node.image()
        named = image is not None and image.kind is Kind.TAG
        name = f":{image.repository}:{image.tag}" if image is not None and image.repository and image.tag else ""
        values |= {"selector": name, "sum": _sum(node.digest)}
        operation = "saved-config" if named and node.kind is Kind.CONFIG else "saved-image"
        found.append(line(operation, "skopeo", values, unless="" if named else says("only-by-name")))
    return _with_reasons(found, "show what is in it", "not-of-archives")


def _storage(node: Node, path: Path, hosts: Hosts | None) -> list[CommandLine]:
    repository, digest = node.repository, node.digest
    found: list[CommandLine] = []
    if repository is None:
        found = lines("storage", {"file": str(path / "repositories")})
    elif node.kind is Kind.TAG and node.tag:
        found = lines("storage-tag", {"file": str(tag_link_path(path, repository, node.tag))})
    if repository is not None and digest is not None:
        link = link_path(path, repository, digest, manifest=node.kind in MANIFEST_KINDS)
        found += lines("storage-link", {"file": str(link)})
        found += lines("storage-bytes", {"file": str(blob_path(path, digest)), "sum": _sum(digest)})
    elif repository is not None and not found:
        found = lines("storage-tags", {"file": str(path / "repositories" / repository / "_manifests" / "tags")})
    return _with_reason(found, "look at the files", says("not-of-storage"))


def _stored_list(node: Node, path: Path, hosts: Hosts | None) -> list[CommandLine]:
    title, others = "show the stored list", says("not-of-stored-lists")
    docker = docker_program(path)
    if node.repository is None or node.kind is not Kind.TAG or docker is None:
        return _with_reason(lines("stored-lists", {"path": str(path)}), title, others, but="docker-manifest")
    shown = node.source.reference(node.repository, tag=node.tag)
    try:
        name = Reference.parse(shown) if "/" in node.repository else None
    except MalformedReference:
        name = None
    if name is None:
        why = CommandLine(table().tools["docker-manifest"].name, title, "", says("stored-list-without-name"))
        return _with_reason([why], title, others)
    # Docker writes docker.io in front of what has no registry; both forms are the same list.
    values: dict[str, Value] = {"docker": docker, "name": shown}
    access = Access.of(name.registry, hosts)
    operations = ("stored-list", "stored-list-push", "stored-list-remove")
    found = [line(operation, "docker-manifest", values, access) for operation in operations]
    return _with_reason(found, title, others)


_LINES: Mapping[SourceKind, Callable[[Node, Path, Hosts | None], list[CommandLine]]] = {
    "oci-layout": _layout,
    "oci-archive": _oci_archive,
    "docker-archive": _saved_archive,
    "storage": _storage,
    "docker-manifests": _stored_list,
}
