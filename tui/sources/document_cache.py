"""Manifests, configs and statements on disk, by digest: what cannot change need not be fetched twice.

It holds bytes, never whether they are anywhere: whoever takes them asks the registry by HEAD first, with the login of
now. They are filed under the repository that they came from and hashed when they are read back, so that a file that
somebody broke, or put there, is only one that is not there. Nothing here ever fails: a folder that is missing, full,
read-only, somebody else's or a link holds nothing and takes nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tui.oci.digest import Digest

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

#: Bytes on disk of all files together; whole blocks are counted.
LIMIT = 256 * 1024 * 1024
#: No document of more bytes is kept: nothing reads one (`CONFIG_LIMIT`, `max_manifest`).
DOCUMENT_LIMIT = 4 * 1024 * 1024
_BLOCK = 4096
#: So many bytes wait to be written, counted as `LIMIT` is. A thread that writes while much else goes on costs more than
#: it saves: with 1 MB the check of 400 images took a tenth more CPU time.
_BATCH = 8 * 1024 * 1024
_DRAWERS = "0123456789abcdef"
_UNFINISHED = ".new-"
_OURS = re.compile(r"[0-9a-f]{64}")
#: Seconds after which a file that is not whole is nobody's any more.
_ABANDONED = 600.0
_SUPPORTED = (
    os.open in os.supports_dir_fd
    and os.rename in os.supports_dir_fd
    and os.listdir in os.supports_fd
    and hasattr(os, "O_NOFOLLOW")
)


def default_folder() -> Path:
    """Where it is when nothing else was said, such as ~/.cache/fanfold."""
    from platformdirs import user_cache_path  # late, as for the configuration

    return user_cache_path("fanfold", appauthor=False)


class DocumentCache:
    """The documents in `folder`, which is made when the first one is kept. `place` is a repository with its registry.

    `get` and `has_seen` block for as long as reading a small file takes; `keep` and `see` return at once: what they are
    given is written by `close`, or by a thread when it is much. Several processes may use one folder: files appear
    whole. Each of sixteen drawers is bounded by a sixteenth of `limit`, what was used least lately leaving first; a
    process counts what others write meanwhile when it has written a quarter of a drawer itself.
    """

    def __init__(self, folder: Path, *, limit: int = LIMIT) -> None:
        self._folder = folder
        self._share = limit // len(_DRAWERS)
        self._held: dict[str, int] = {}
        self._written: dict[str, int] = {}
        self._pending: list[tuple[str, Digest | str, bytes]] = []
        self._waiting = 0
        self._writer: ThreadPoolExecutor | None = None

    def get(self, place: str, digest: Digest) -> bytes | None:
        """The document, hashed just now; None when it is not here."""
        if not digest.can_verify:
            return None
        name = _name(place, digest)
        raw = self._read(name)
        if raw is not None and not digest.matches(raw):
            self._drop(name)
            return None
        return raw

    def has_seen(self, place: str, tag: str) -> bool:
        """Whether this tag was read before, so that asking what it points to is likely to save the rest."""
        return self._read(_name(place, tag)) is not None

    def keep(self, place: str, digest: Digest, raw: bytes) -> None:
        """Keep a document, if it is what its digest says."""
        if digest.can_verify and len(raw) <= DOCUMENT_LIMIT:
            self._later(place, digest, raw)

    def see(self, place: str, tag: str) -> None:
        """Remember that a tag was read; not to what it pointed."""
        self._later(place, tag, b"")

    def close(self) -> None:
        """Write what waits to be written. Blocks."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.shutdown()
        self._put_all(self._take())

    def _later(self, place: str, key: Digest | str, raw: bytes) -> None:
        if not _SUPPORTED:
            return
        self._pending.append((place, key, raw))
        self._waiting += len(raw) + _BLOCK
        if self._waiting > _BATCH:
            if self._writer is None:
                from concurrent.futures import ThreadPoolExecutor  # late: few runs keep so much

                self._writer = ThreadPoolExecutor(1, "document-cache")
            self._writer.submit(self._put_all, self._take())

    def _take(self) -> list[tuple[str, Digest | str, bytes]]:
        pending, self._pending, self._waiting = self._pending, [], 0
        return pending

    def _put_all(self, documents: list[tuple[str, Digest | str, bytes]]) -> None:
        """Drawer by drawer: finding the way to one takes longer than writing a file."""
        drawers = defaultdict[str, list[tuple[str, bytes]]](list)
        for place, key, raw in documents:
            if _cost(len(raw)) <= self._share and (not isinstance(key, Digest) or key.matches(raw)):
                name = _name(place, key)
                drawers[name[0]].append((name, raw))
        for letter, files in drawers.items():
            with contextlib.suppress(OSError, ValueError), self._drawer(letter, make=True) as drawer:
                for name, raw in files:
                    with contextlib.suppress(OSError):
                        self._put(drawer, name, raw)

    def _put(self, drawer: int, name: str, raw: bytes) -> None:
        letter, cost = name[0], _cost(len(raw))
        self._make_room(letter, drawer, cost)
        _write(drawer, name, raw)
        self._held[letter] += cost
        self._written[letter] += cost

    def _make_room(self, letter: str, drawer: int, cost: int) -> None:
        """Count what is in a drawer if that is not known; what was used least lately goes if it would be too much."""
        known = letter in self._held and self._written[letter] < self._share // 4
        if known and self._held[letter] + cost <= self._share:
            return
        files = sorted(_files(drawer))
        held = sum(size for _, size, _ in files)
        wanted = self._share - cost
        if held > wanted:
            wanted -= self._share // 8  # a little more, so that not every document has the drawer counted
        for _, size, name in files:
            if held <= max(wanted, 0):
                break
            with contextlib.suppress(FileNotFoundError):  # another run made room at the same time
                os.unlink(name, dir_fd=drawer)
            held -= size
        self._held[letter], self._written[letter] = held, 0

    def _read(self, name: str) -> bytes | None:
        if not os.path.lexists(f"{self._folder}/documents/{name[0]}/{name}"):
            return None  # as for most of a first check; the safe way to a file takes ten times as long
        with contextlib.suppress(OSError, ValueError), self._drawer(name[0], make=False) as drawer:
            descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=drawer)
            with os.fdopen(descriptor, "rb") as file:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
                    return None
                raw = file.read(DOCUMENT_LIMIT + 1)
                with contextlib.suppress(OSError):
                    os.utime(descriptor)  # it was used now
                return raw if len(raw) <= DOCUMENT_LIMIT else None
        return None

    def _drop(self, name: str) -> None:
        with contextlib.suppress(OSError, ValueError), self._drawer(name[0], make=False) as drawer:
            os.unlink(name, dir_fd=drawer)

    @contextlib.contextmanager
    def _drawer(self, letter: str, *, make: bool) -> Iterator[int]:
        """A descriptor of the folder with the files that begin so: none of the last three folders is a link or somebody
        else's. Raises OSError."""
        if not _SUPPORTED:
            raise OSError("this system cannot open files relative to a folder")
        if make:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.ExitStack() as open_folders:
            inner: int | None = None
            for part in (str(self._folder), "documents", letter):
                if make and inner is not None:
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(part, 0o700, dir_fd=inner)
                inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=inner)
                open_folders.callback(os.close, inner)
                status = os.fstat(inner)
                if status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
                    raise PermissionError(f"{part} is not this user's alone")
            assert inner is not None
            yield inner


def _name(place: str, key: str) -> str:
    """The name of a file: it tells nobody which repositories were looked at."""
    return hashlib.sha256(f"{place}\n{key}".encode()).hexdigest()


def _cost(size: int) -> int:
    return max(1, -(-size // _BLOCK)) * _BLOCK


def _files(drawer: int) -> Iterator[tuple[float, int, str]]:
    """When each file of ours was used, its cost and its name. What is abandoned goes at once."""
    for name in os.listdir(drawer):
        unfinished = name.startswith(_UNFINISHED)
        if not unfinished and _OURS.fullmatch(name) is None:
            continue
        with contextlib.suppress(OSError):  # another process may have dropped it
            status = os.stat(name, dir_fd=drawer, follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                continue
            if unfinished and time.time() - status.st_mtime > _ABANDONED:
                os.unlink(name, dir_fd=drawer)
                continue
            yield status.st_mtime, _cost(status.st_size), name


def _write(drawer: int, name: str, raw: bytes) -> None:
    """Whole or not at all; not forced to the disk, because what a power cut breaks is found when it is hashed."""
    unfinished = f"{_UNFINISHED}{os.urandom(8).hex()}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(unfinished, flags, 0o600, dir_fd=drawer)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(raw)
        os.rename(unfinished, name, src_dir_fd=drawer, dst_dir_fd=drawer)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(unfinished, dir_fd=drawer)
        raise
