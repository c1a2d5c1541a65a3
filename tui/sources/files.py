"""Files of an image layout, read in place: from a folder, or from a tar without unpacking it. Bounded and read-only.

Both are hostile ground: names may point outside, sizes may lie, archives may hold millions of members or be cut off.
"""

from __future__ import annotations

import os
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol

from tui.oci.tar import SPECIAL_LIMIT
from tui.regular_file import open_regular
from tui.sources.base import SourceError
from tui.sources.presence import Presence
from tui.text import safe

#: An archive of more members than this is refused: an image has a handful of files per layer.
MEMBERS = 200_000
_CHUNK = 1 << 20
_FIX = "Check the path and its permissions."
#: How what is compressed begins, what it is, and what unpacks it.
_COMPRESSED = (
    (b"\x1f\x8b", "gzip", "gunzip"),
    (b"BZh", "bzip2", "bunzip2"),
    (b"\xfd7zXZ\x00", "xz", "unxz"),
    (b"\x28\xb5\x2f\xfd", "zstd", "unzstd"),
)


class Files(Protocol):
    """Read access by the path inside, with "/" between its parts. Every method raises SourceError, and nothing else."""

    title: str
    path: Path

    def size(self, name: str) -> int | None:
        """Bytes of a regular file; None when there is none of this name."""
        ...

    def read(self, name: str, limit: int) -> bytes:
        """A whole file of at most `limit` bytes."""
        ...

    def chunks(self, name: str) -> Iterator[bytes]:
        """A file in pieces of at most 1 MiB."""
        ...

    def stamp(self, name: str) -> tuple[int, ...]:
        """What tells that a file was written or replaced since."""
        ...

    def close(self) -> None: ...


def unreadable(title: str, error: OSError | str) -> SourceError:
    """A file or archive that cannot be read: nobody knows what is in it."""
    reason = error if isinstance(error, str) else (error.strerror or str(error))
    return SourceError(
        Presence.UNREACHABLE, f"{title} cannot be read: {safe(reason, limit=200)}.", code="unreadable", fix=_FIX
    )


def absent(title: str, name: str) -> SourceError:
    return SourceError(Presence.MISSING, f"{safe(name, limit=200)} is not in {title}.", code="no such file")


def too_large(title: str, name: str, size: int, limit: int) -> SourceError:
    return SourceError(
        Presence.UNREACHABLE,
        f"{safe(name, limit=200)} in {title} has {size:,} bytes; more than {limit:,} are not read.",
        code="too-large",
    )


def stamp_of(status: os.stat_result) -> tuple[int, ...]:
    """What is another when a file was written or replaced: where it lies, its size, its times."""
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def leaves(title: str, name: str) -> SourceError:
    """A link that leads out of the folder: what it points to is not part of the image, and is not opened."""
    return SourceError(
        Presence.DENIED,
        f"{safe(name, limit=200)} in {title} is behind a symbolic link that leaves the folder: refused.",
        code="link-leaves-the-folder",
        fix="Put the file itself into the folder, and check again.",
        detail="behind a symbolic link that leaves the folder: refused",
    )


def _inside(name: str) -> str | None:
    """The path in one spelling; None when it leads outside."""
    if "\0" in name or name.startswith("/"):
        return None
    parts = [part for part in PurePosixPath(name).parts if part != "."]
    return "/".join(parts) if parts and ".." not in parts else None


class Folder:
    """A folder. Links are not followed out of it: `leaves` is raised."""

    def __init__(self, root: Path) -> None:
        self.title = safe(str(root), limit=300)
        self.path = root
        try:
            self._root = root.resolve(strict=True)
        except (OSError, RuntimeError) as error:
            reason = error if isinstance(error, OSError) else "it is a link to itself"
            raise unreadable(self.title, reason) from None
        if not self._root.is_dir():
            raise unreadable(self.title, "it is not a folder")

    def _path(self, name: str) -> Path | None:
        inside = _inside(name)
        if inside is None:
            return None
        try:
            path = (self._root / inside).resolve(strict=True)
        except FileNotFoundError:
            return None
        except (OSError, RuntimeError) as error:
            raise unreadable(self.title, error if isinstance(error, OSError) else "a link to itself") from None
        if not path.is_relative_to(self._root):
            raise leaves(self.title, name)
        return path if path.is_file() else None

    def size(self, name: str) -> int | None:
        path = self._path(name)
        if path is None:
            return None
        try:
            return path.stat().st_size
        except OSError as error:
            raise unreadable(self.title, error) from None

    def read(self, name: str, limit: int) -> bytes:
        path = self._path(name)
        if path is None:
            raise absent(self.title, name)
        try:
            with path.open("rb") as file:
                data = file.read(limit + 1)
        except OSError as error:
            raise unreadable(self.title, error) from None
        if len(data) > limit:
            raise too_large(self.title, name, self.size(name) or len(data), limit)
        return data

    def chunks(self, name: str) -> Iterator[bytes]:
        path = self._path(name)
        if path is None:
            raise absent(self.title, name)
        try:
            with path.open("rb") as file:
                while piece := file.read(_CHUNK):
                    yield piece
        except OSError as error:
            raise unreadable(self.title, error) from None

    def stamp(self, name: str) -> tuple[int, ...]:
        path = self._path(name)
        if path is None:
            raise absent(self.title, name)
        try:
            return stamp_of(path.stat())
        except OSError as error:
            raise unreadable(self.title, error) from None

    def close(self) -> None:
        """Nothing is held open."""


class _Member(tarfile.TarInfo):
    """A header of an archive. Python's own reads into memory whatever a pax or GNU header claims to have."""

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        if self.type in _SPECIAL and self.size > SPECIAL_LIMIT:
            raise tarfile.ReadError(f"a header of it claims {self.size:,} bytes")
        made: tarfile.TarInfo = super()._proc_member(archive)  # type: ignore[misc]
        return made


_SPECIAL = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)


class Archive:
    """A tar, plain: its members are found once and then read where they lie. Nothing is ever unpacked.

    Links inside the archive (docker save writes them for equal layers) are followed inside it, a few steps.
    """

    def __init__(self, path: Path) -> None:
        self.title = safe(str(path), limit=300)
        self.path = path
        self._lock = threading.Lock()
        self._members: dict[str, tuple[int, int]] = {}
        self._links: dict[str, str] = {}
        try:
            self._file: BinaryIO = os.fdopen(open_regular(path), "rb")
        except OSError as error:
            raise unreadable(self.title, error) from None
        try:
            self._length = os.fstat(self._file.fileno()).st_size
            self._index()
        except tarfile.TarError as error:
            self._file.close()
            raise unreadable(self.title, f"it is no tar archive, or is cut off ({error})") from None
        except OSError as error:
            self._file.close()
            raise unreadable(self.title, error) from None
        except SourceError:
            self._file.close()
            raise

    def _index(self) -> None:
        magic = self._file.read(6)
        self._file.seek(0)
        for begins, packed, unpack in _COMPRESSED:
            if magic.startswith(begins):
                raise unreadable(self.title, f"it is compressed with {packed}; unpack it to a plain tar ({unpack})")
        with tarfile.open(fileobj=self._file, mode="r:", tarinfo=_Member) as archive:
            count = 0
            while (member := archive.next()) is not None:
                archive.members.clear()  # type: ignore[attr-defined]  # it would keep them all, at 1 kB each
                count += 1
                if count > MEMBERS:
                    raise unreadable(self.title, f"it has more than {MEMBERS:,} members")
                name = _inside(member.name)
                if name is None:
                    continue
                if member.isreg() and not member.issparse():
                    if member.offset_data + member.size > self._length:
                        raise unreadable(self.title, "it is cut off")
                    self._members[name] = (member.offset_data, member.size)
                elif member.islnk() or member.issym():
                    base = PurePosixPath(name).parent if member.issym() else PurePosixPath()
                    target = _inside(os.path.normpath(str(base / member.linkname)))
                    if target is not None:
                        self._links[name] = target
            end = archive.offset
        self._file.seek(min(end, self._length))
        if end > self._length or any(self._file.read(tarfile.BLOCKSIZE)):
            # tarfile takes a header that is cut short, or rubbish after a member, for the end of the archive.
            raise unreadable(self.title, "it is cut off")

    def _find(self, name: str) -> tuple[int, int] | None:
        inside = _inside(name)
        for _ in range(8):
            if inside is None or inside in self._members:
                break
            inside = self._links.get(inside)
        return self._members.get(inside) if inside is not None else None

    def size(self, name: str) -> int | None:
        member = self._find(name)
        return member[1] if member is not None else None

    def read(self, name: str, limit: int) -> bytes:
        member = self._find(name)
        if member is None:
            raise absent(self.title, name)
        if member[1] > limit:
            raise too_large(self.title, name, member[1], limit)
        return self._at(member[0], member[1])

    def chunks(self, name: str) -> Iterator[bytes]:
        member = self._find(name)
        if member is None:
            raise absent(self.title, name)
        start, size = member
        for offset in range(0, size, _CHUNK):
            yield self._at(start + offset, min(_CHUNK, size - offset))

    def stamp(self, name: str) -> tuple[int, ...]:
        try:
            status = os.fstat(self._file.fileno())
            if stamp_of(self.path.stat()) != stamp_of(status):
                raise unreadable(self.title, "it was replaced or written since it was opened; open it again")
        except (OSError, ValueError) as error:
            raise unreadable(self.title, error if isinstance(error, OSError) else "it was closed") from None
        if (member := self._find(name)) is None:
            raise absent(self.title, name)
        return (*stamp_of(status), *member)

    def _at(self, start: int, count: int) -> bytes:
        try:
            with self._lock:
                self._file.seek(start)
                data = self._file.read(count)
        except (OSError, ValueError) as error:
            raise unreadable(self.title, error if isinstance(error, OSError) else "it was closed") from None
        if len(data) != count:
            raise unreadable(self.title, "it was cut off while it was read")
        return data

    def close(self) -> None:
        self._file.close()
