"""Reading a registry's storage folder: where things lie, and opening them without ever leaving the folder.

The layout is distribution's, the same in v2 and v3 (distribution, registry/storage/paths.go). The folder is somebody
else's: every name is checked, no symbolic link is followed, every read is bounded, and nothing is opened for writing.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tui.oci.digest import Digest
from tui.sources.files import stamp_of

#: A link file holds one digest; anything longer is not one.
LINK_LIMIT = 1024
#: Names read from one folder at most.
NAME_LIMIT = 200_000
_CHUNK = 1 << 20

_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
_ENTER = _READ | getattr(os, "O_DIRECTORY", 0)

Parts = Sequence[str]


class Refused(OSError):
    """What is there is not opened: a symbolic link, a device, a pipe, or a name that leads out of the folder."""


def find_root(path: Path) -> Path | None:
    """The folder that holds `blobs` and `repositories`, at `path` itself or where distribution puts it below it."""
    for below in ("docker/registry/v2", "registry/v2", "v2", "."):
        root = path / below
        if (root / "repositories").is_dir() or (root / "blobs").is_dir():
            return Path(os.path.normpath(root))
    return None


def blob_parts(digest: Digest) -> tuple[str, ...]:
    return ("blobs", digest.algorithm, digest.encoded[:2], digest.encoded, "data")


def link_parts(repository: str, digest: Digest, *, manifest: bool) -> tuple[str, ...]:
    """The file that makes a digest visible in a repository: manifests and blobs have different ones."""
    where = ("_manifests", "revisions") if manifest else ("_layers",)
    return ("repositories", *repository.split("/"), *where, digest.algorithm, digest.encoded, "link")


def tag_parts(repository: str, *below: str) -> tuple[str, ...]:
    """The folder of a repository's tags, or what is `below` it: a tag, and what it has."""
    return ("repositories", *repository.split("/"), "_manifests", "tags", *below)


def blob_path(root: Path, digest: Digest) -> Path:
    """Where a blob's bytes lie, for showing and for other tools' command lines."""
    return root.joinpath(*blob_parts(digest))


def link_path(root: Path, repository: str, digest: Digest, *, manifest: bool) -> Path:
    return root.joinpath(*link_parts(repository, digest, manifest=manifest))


def tag_link_path(root: Path, repository: str, tag: str) -> Path:
    return root.joinpath(*tag_parts(repository, tag, "current", "link"))


class StorageFolder:
    """A storage folder, opened for reading only. Blocking: call it from a thread.

    All methods take path components below the root. A file that is not there gives None (or nothing); what must not
    be opened raises Refused; other trouble raises OSError.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def read(self, parts: Parts, limit: int) -> bytes | None:
        """A whole file of at most `limit` bytes; one more is read, so that the caller can tell that it is longer."""
        with self._open(parts) as descriptor:
            if descriptor is None:
                return None
            chunks = bytearray()
            while len(chunks) <= limit:
                chunk = os.read(descriptor, min(_CHUNK, limit + 1 - len(chunks)))
                if not chunk:
                    break
                chunks += chunk
            return bytes(chunks)

    def chunks(self, parts: Parts) -> Generator[bytes]:
        """A file, chunk by chunk. Raises FileNotFoundError when it is not there."""
        with self._open(parts) as descriptor:
            if descriptor is None:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), "/".join(parts))
            while chunk := os.read(descriptor, _CHUNK):
                yield chunk

    def size(self, parts: Parts) -> int | None:
        """The bytes of a regular file, which is not read."""
        with self._open(parts) as descriptor:
            return os.fstat(descriptor).st_size if descriptor is not None else None

    def stamp(self, parts: Parts) -> tuple[int, ...] | None:
        """What tells that a file was written or replaced; None when it is not there."""
        with self._open(parts) as descriptor:
            return stamp_of(os.fstat(descriptor)) if descriptor is not None else None

    def has_folder(self, parts: Parts) -> bool:
        with self._enter(parts) as descriptor:
            return descriptor is not None

    def folders(self, parts: Parts) -> tuple[str, ...]:
        """The names of the folders inside a folder, sorted; symbolic links are left out. () when it is not there."""
        with self._enter(parts) as descriptor:
            if descriptor is None:
                return ()
            names: list[str] = []
            with os.scandir(descriptor) as entries:
                for entry in entries:
                    if len(names) >= NAME_LIMIT:
                        break
                    if entry.is_dir(follow_symlinks=False):
                        names.append(entry.name)
            return tuple(sorted(names))

    @contextmanager
    def _enter(self, parts: Parts) -> Iterator[int | None]:
        """A folder's file descriptor, reached one component at a time so that no component can be a symbolic link."""
        current = os.open(self.root, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0))
        try:
            for part in parts:
                below = _step(current, part, _ENTER)
                os.close(current)
                current = -1
                if below is None:
                    break
                current = below
            yield current if current >= 0 else None
        finally:
            if current >= 0:
                os.close(current)

    @contextmanager
    def _open(self, parts: Parts) -> Iterator[int | None]:
        *above, name = parts
        with self._enter(above) as folder:
            descriptor = None if folder is None else _step(folder, name, _READ)
        if descriptor is None:
            yield None
            return
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise Refused(errno.EINVAL, "not a regular file", "/".join(parts))
            yield descriptor
        finally:
            os.close(descriptor)


def _step(folder: int, name: str, flags: int) -> int | None:
    """Open one name inside a folder; None when there is nothing of that name."""
    if name in ("", ".", "..") or "/" in name or "\0" in name:
        raise Refused(errno.EINVAL, "not a name inside the folder", name)
    try:
        return os.open(name, flags, dir_fd=folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return None
        if error.errno in (errno.ELOOP, errno.EMLINK) or (error.errno == errno.ENOTDIR and _is_link(folder, name)):
            raise Refused(error.errno, "a symbolic link, which is not followed", name) from error
        if error.errno == errno.ENOTDIR:
            return None
        if error.errno == errno.ENXIO:
            raise Refused(error.errno, "not a regular file", name) from error
        raise


def _is_link(folder: int, name: str) -> bool:
    try:
        return stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except OSError:
        return False
