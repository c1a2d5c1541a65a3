"""The folder where `docker manifest create` keeps its lists: reading and writing it as docker 28 does.

`manifests/<list>/<image>`, one JSON file for each entry; names are references with `:` as `-` and `/` as
`_`, which cannot be read back for certain. What an entry is stands in its file: `Ref`, `Descriptor`, `Raw`
(the manifest's bytes) and the manifest again, compacted (docker/cli, manifest/store/store.go and manifest/types).
`docker manifest` reads every file of a list's folder as an entry, so nothing else may ever stand there, not even
for a moment."""

from __future__ import annotations

import base64
import binascii
import contextlib
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui.oci import media, strict_json
from tui.oci.canonical_json import go_escaped, json_text
from tui.oci.descriptor import Descriptor
from tui.oci.errors import OciError
from tui.oci.manifest import AnyManifest, decode
from tui.oci.reference import Reference, is_tag
from tui.sources.atomic_write import UNFINISHED, atomic_write
from tui.text import safe

#: What is read at most: lists, entries of a list, bytes of an entry's file.
LISTS, ENTRIES, FILE_LIMIT = 10_000, 1_000, 24 * 1024 * 1024
_CANDIDATES = 64


@dataclass(frozen=True, slots=True)
class LocalEntry:
    """One entry of a list."""

    file: str
    reference: Reference
    """The `Ref` that it was made from."""
    descriptor: Descriptor
    raw: bytes | None
    """The exact manifest; None when it was not kept."""

    def manifest(self) -> AnyManifest | None:
        """The manifest of the entry, if it was kept and is what the descriptor says."""
        if self.raw is None:
            return None
        try:
            return decode(self.raw, self.descriptor.media_type, digest=self.descriptor.digest)
        except OciError:
            return None


@dataclass(frozen=True, slots=True)
class StoredList:
    """One list."""

    folder: str
    """The name of its folder."""
    name: Reference | None
    """The reference that it was made for; None when nobody can tell."""
    candidates: tuple[Reference, ...]
    """The references that have this folder name."""
    entries: tuple[LocalEntry, ...]
    strays: tuple[tuple[str, str], ...] = ()
    """Files that are no entries (names, raw), with why (safe): docker refuses the whole list because of them, and
    fanfold leaves them alone."""

    @property
    def label(self) -> str:
        """What to call it, safe: its reference, else the folder's name as it is stored."""
        return safe(str(self.name)) if self.name is not None else safe(self.folder)

    def pushed(self) -> tuple[bytes, str]:
        """The index that `docker manifest push` makes of it, byte for byte, and its media type.

        In the order of the file names; the first entry's type decides the index's (docker/cli, manifest/push.go).
        """
        first = self.entries[0].descriptor.media_type if self.entries else media.DOCKER_MANIFEST
        media_type = media.OCI_INDEX if media.is_oci(first) else media.DOCKER_LIST
        manifests: list[dict[str, Any]] = []
        for entry in self.entries:
            document = entry.descriptor.to_document()
            shown = {"mediaType": document["mediaType"], "size": document["size"], "digest": document["digest"]}
            if entry.descriptor.platform is not None:
                shown["platform"] = document["platform"]
            manifests.append(shown)
        document = {"schemaVersion": 2, "mediaType": media_type, "manifests": manifests}
        return _go(json_text(document, indent=3)).encode(), media_type


class DockerLists:
    """The `manifests` folder. Every method blocks for a moment; OSError is raised as it is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> list[str]:
        """The folders of the lists, sorted; at most LISTS of them."""
        try:
            with os.scandir(self.folder) as scan:
                names = [each.name for each in scan if each.is_dir(follow_symlinks=False)]
        except FileNotFoundError:
            return []
        return sorted(name for name in names if not name.startswith("."))[:LISTS]

    def read(self, folder: str) -> StoredList:
        """One list, whatever its files hold. Raises FileNotFoundError when there is no such list."""
        path = self._place(folder)
        entries: list[LocalEntry] = []
        strays: list[tuple[str, str]] = []
        names = sorted(os.listdir(path), key=os.fsencode)
        for name in names[:ENTRIES]:
            try:
                entries.append(_read_entry(path / name, name))
            except _NotAnEntry as error:
                strays.append((name, str(error)))
        if len(names) > ENTRIES:
            strays.append((names[ENTRIES], f"more than {ENTRIES} files; the rest was not read"))
        return _list(folder, tuple(entries), tuple(strays))

    def every(self) -> Iterator[StoredList]:
        """All lists, sorted by folder. One that cannot be read is there without entries, and hides none of the others;
        one that was removed meanwhile is left out."""
        for name in self.names():
            try:
                yield self.read(name)
            except FileNotFoundError:
                continue
            except OSError as error:
                yield StoredList(name, None, (), (), ((name, f"cannot be read: {error.strerror or error}"),))

    def write(self, folder: str, files: Mapping[str, bytes]) -> None:
        """Make the list hold exactly these entries. Files that are no entries are left alone.

        New files are made beside the lists' folders and moved in whole; a reader sees each entry old or new.
        """
        for name in (folder, *files):
            _check_name(name)
        path = self.folder / folder
        self.folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        known: set[str] = set()
        if path.is_dir():
            known = {entry.file for entry in self.read(folder).entries}
        path.mkdir(mode=0o755, exist_ok=True)
        for name, raw in files.items():
            atomic_write(path / name, raw, beside=self.folder, mode=0o644)  # as docker makes them
        for name in known - set(files):
            (path / name).unlink(missing_ok=True)

    def remove(self, folder: str) -> tuple[str, ...]:
        """Remove a list's entries and its folder; gives the names of files that are no entries and were left there."""
        stored = self.read(folder)
        path = self._place(folder)
        for entry in stored.entries:
            (path / entry.file).unlink(missing_ok=True)
        left = tuple(name for name, _why in stored.strays)
        if not left:
            path.rmdir()
        return left

    def _place(self, folder: str) -> Path:
        _check_name(folder)
        path = self.folder / folder
        if path.is_symlink() or not path.is_dir():
            raise FileNotFoundError(2, "no such manifest list", str(path))
        return path


def stored_name(reference: str) -> str:
    """The file name that docker makes of a reference; several references can have the same."""
    return reference.replace(":", "-").replace("/", "_")


def entry_file(reference: Reference, descriptor: Descriptor, raw: bytes) -> bytes:
    """The file of one entry, byte for byte as docker 28 writes it."""
    key = "OCIManifest" if media.is_oci(descriptor.media_type) else "SchemaV2Manifest"
    document = {
        "Ref": str(reference),
        "Descriptor": descriptor.to_document(),
        "Raw": base64.b64encode(raw).decode("ascii"),
    }
    head = json_text(document)[:-1]
    return f'{_go(head)},"{key}":{_go(_compact(raw.decode("utf-8")))}}}'.encode()


class _NotAnEntry(Exception):
    """Why a file is no entry (safe)."""


def _read_entry(path: Path, name: str) -> LocalEntry:
    try:
        info = path.lstat()
        if not stat.S_ISREG(info.st_mode):
            raise _NotAnEntry("not a regular file")
        if info.st_size > FILE_LIMIT:
            raise _NotAnEntry("too large for an entry")
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(handle, "rb") as file:
            text = file.read(FILE_LIMIT + 1)
    except OSError as error:
        raise _NotAnEntry(f"cannot be read: {error.strerror or error}") from None
    try:
        document = strict_json.loads(text, limit=FILE_LIMIT)
        if not isinstance(document, dict) or not isinstance(document.get("Ref"), str):
            raise _NotAnEntry("no entry: it has no Ref")
        reference = Reference.parse(document["Ref"])
        descriptor = Descriptor.from_document(document.get("Descriptor"), "Descriptor")
    except OciError as error:
        raise _NotAnEntry(f"no entry: {error}") from None
    raw: bytes | None = None
    if isinstance(document.get("Raw"), str):
        with contextlib.suppress(binascii.Error, ValueError):
            raw = base64.b64decode(document["Raw"], validate=True)
    return LocalEntry(name, reference, descriptor, raw)


def _list(folder: str, entries: tuple[LocalEntry, ...], strays: tuple[tuple[str, str], ...]) -> StoredList:
    candidates = tuple(_candidates(folder, entries))
    same = [each for each in candidates if any(each.name == entry.reference.name for entry in entries)]
    chosen = candidates[0] if len(candidates) == 1 else None
    if chosen is None and same:
        # Images beside the list: the list whose tag the images' tags begin with, else the only one of that repository.
        starts = [
            each for each in same if all((entry.reference.tag or "").startswith(each.tag or "\0") for entry in entries)
        ]
        chosen = max(starts, key=lambda each: len(each.tag or ""), default=same[0] if len(same) == 1 else None)
    return StoredList(folder, chosen, candidates, entries, strays)


def _candidates(folder: str, entries: tuple[LocalEntry, ...]) -> Iterator[Reference]:
    """The references that have this folder name, on the registries of the entries (docker pushes to no other)."""
    given = 0
    seen: set[str] = set()
    for registry in dict.fromkeys(entry.reference.registry for entry in entries):
        start = stored_name(registry) + "_"
        if not folder.startswith(start):
            continue
        rest = folder[len(start) :]
        for match in re.finditer("-", rest):
            tag = rest[match.end() :]
            if not is_tag(tag):
                continue
            for repository in _paths(rest[: match.start()]):
                text = f"{registry}/{repository}:{tag}"
                if text in seen:
                    continue
                seen.add(text)
                try:
                    reference = Reference.parse(text)
                except OciError:
                    continue
                if stored_name(str(reference)) != folder:
                    continue  # Docker Hub's short names are stored in full
                yield reference
                given += 1
                if given >= _CANDIDATES:
                    return


def _paths(stored: str) -> Iterator[str]:
    """The repository paths that are stored like this: each `_` was a `/` or a `_`. Slashes first, at most 64 of
    them."""
    places = [match.start() for match in re.finditer("_", stored)][:6]
    for bits in range(1 << len(places)):
        path = list(stored)
        for place_number, place in enumerate(places):
            if not bits >> place_number & 1:
                path[place] = "/"
        yield "".join(path)


def _check_name(name: str) -> None:
    if not name or name in (".", "..") or "/" in name or "\\" in name or "\0" in name or name.startswith(UNFINISHED):
        raise FileNotFoundError(2, "not the name of a list or entry", name)


def _compact(text: str) -> str:
    """JSON without the blanks between its parts; everything else stays as it was written (Go's json.Compact)."""
    parts = re.findall(r'"(?:[^"\\]|\\.)*"|[^\s"]+', text)
    return "".join(parts)


_SURROGATE = re.compile("[\ud800-\udfff]")


def _go(text: str) -> str:
    """As Go's encoder writes it, which has the replacement character for what is no text."""
    return go_escaped(_SURROGATE.sub("\ufffd", text))


def default_folder(environment: Mapping[str, str] | None = None) -> Path:
    """Where docker keeps its lists: `manifests` in `$DOCKER_CONFIG`, else in `~/.docker`."""
    variables = os.environ if environment is None else environment
    config = variables.get("DOCKER_CONFIG")
    return (Path(config) if config else Path(os.path.expanduser("~/.docker"))) / "manifests"
