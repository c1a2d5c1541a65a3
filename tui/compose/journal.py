"""The journal: what was pushed where, from which sources, and what it replaced, with the bytes to put it back.

A folder of the user's alone (0700, files 0600): `journal.jsonl`, one JSON object a line, and `objects/` with
manifests under their digest. A line is written and synced *before* a tag is moved, and another when it has moved.
Lines that cannot be read are passed over and kept. Who writes holds `lock`: no process drops what another one adds."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from platformdirs import user_state_path

from tui.compose.errors import JournalError
from tui.compose.plan import Action, Plan
from tui.oci.digest import Digest
from tui.oci.errors import OciError
from tui.oci.reference import Reference
from tui.sources.atomic_write import atomic_write
from tui.sources.location import RepositoryLocation
from tui.sources.spec import locate
from tui.text import safe

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

#: More records than this and the oldest go, with the bytes that only they needed; a line longer than this is not read.
RECORD_LIMIT = 2_000
LINE_LIMIT = 1024 * 1024
#: The outcome of a push that ended before its last write.
NOT_WRITTEN = "not written"
#: The outcome when nobody could say what became of the last write: the tag is undone from when it holds what was sent.
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Record:
    """One write."""

    id: str
    when: datetime
    action: Action
    target: str
    """The reference with its tag; with its digest where a manifest was deleted."""
    digest: Digest | None
    """None for a deletion."""
    media_type: str
    before: Digest | None
    """None when there was no such tag."""
    before_media_type: str
    sources: Mapping[Digest, str] = field(default_factory=dict)
    """The references that the entries came from, by digest."""
    outcome: str = ""
    """Empty while it is not known how it ended (the program was stopped in the middle)."""
    tags: tuple[str, ...] = ()
    """The tags that went along with a deleted manifest."""

    @property
    def touched(self) -> tuple[Reference, ...]:
        """The references, by tag, that hold something else since; none when `target` cannot be read."""
        try:
            target = Reference.parse(self.target)
            also = tuple(target.with_tag(tag) for tag in self.tags)
        except OciError:
            return ()
        return also if target.digest is not None else (target, *also)


class Journal:
    """The journal in a folder; by default the user's state folder. Calls block for a moment: use a thread."""

    def __init__(self, folder: Path | None = None, *, record_limit: int = RECORD_LIMIT) -> None:
        self.folder = folder if folder is not None else user_state_path("fanfold") / "journal"
        self._limit = record_limit

    @property
    def file(self) -> Path:
        """The file of records."""
        return self.folder / "journal.jsonl"

    def begin(self, plan: Plan) -> str:
        """Write down what is about to be replaced, bytes included, and give the record's id. Raises JournalError."""
        record = Record(
            secrets.token_hex(8),
            datetime.now(UTC),
            plan.action,
            str(plan.target),
            plan.digest,
            plan.media_type,
            plan.before,
            plan.before_media_type,
            plan.sources,
            tags=plan.tags,
        )
        try:
            self._prepare()
            with self._alone():
                for raw in (plan.before_raw, plan.raw):
                    if raw is not None:
                        self._keep(raw)
                self._append(_to_document(record))
        except OSError as error:
            raise JournalError(
                f"The journal in {safe(str(self.folder))} cannot be written ({error.strerror or error}), so "
                f"{plan.target} could not be restored later. The tag is unchanged. Make room and push again."
            ) from None
        return record.id

    def finish(self, record_id: str, outcome: str) -> bool:
        """Write down how it ended; False when that could not be written (the record then says that it is not known)."""
        try:
            with self._alone():
                self._append({"id": record_id, "outcome": outcome})
                self._trim()
        except OSError:
            return False
        return True

    def why_unreadable(self) -> str:
        """Why the records cannot be read, safe; "" when they can, or when there are none yet."""
        try:
            self.file.open("rb").close()
        except FileNotFoundError:
            return ""
        except OSError as error:
            return f"the journal in {safe(str(self.folder))} cannot be read: {error.strerror or error}"
        return ""

    def records(self) -> tuple[Record, ...]:
        """Everything that can be read, newest first."""
        records: dict[str, Record] = {}
        for document in self._documents():
            record_id = document.get("id")
            if not isinstance(record_id, str):
                continue
            if record_id in records and isinstance(document.get("outcome"), str):
                records[record_id] = replace(records[record_id], outcome=document["outcome"])
            elif record_id not in records:
                record = _from_document(document)
                if record is not None:
                    records[record_id] = record
        return tuple(reversed(records.values()))

    def of(self, target: Reference) -> tuple[Record, ...]:
        """The records about one tag, newest first."""
        name = str(target)
        return tuple(
            record
            for record in self.records()
            if record.target == name or (record.tags and name in map(str, record.touched))
        )

    def touched(self) -> tuple[Reference, ...]:
        """Every tag that a record is about, the one of the newest record first."""
        written = (record for record in self.records() if record.outcome != NOT_WRITTEN)
        return tuple(dict.fromkeys(each for record in written for each in record.touched))

    def sources(self, target: Reference) -> dict[Digest, str]:
        """For entries that were pushed to this tag: the reference that each digest came from; the newest word
        counts."""
        known: dict[Digest, str] = {}
        for record in self.of(target):
            for digest, source in record.sources.items():
                known.setdefault(digest, source)
        return known

    def places(self, target: Reference) -> tuple[RepositoryLocation, ...]:
        """Where the entries that were pushed to this tag came from."""
        found: dict[RepositoryLocation, None] = {}
        for reference in self.sources(target).values():
            with contextlib.suppress(OciError):
                found[locate(reference)[0]] = None
        return tuple(found)

    def bytes_of(self, digest: Digest) -> bytes | None:
        """The manifest of this digest, if it was kept and is whole."""
        if not digest.can_verify:
            return None
        try:
            raw = self._object(digest).read_bytes()
        except OSError:
            return None
        return raw if digest.matches(raw) else None

    # the disk

    def _prepare(self) -> None:
        for folder in (self.folder, self.folder / "objects"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # An older umask or a careless hand may have opened them.
        with contextlib.suppress(PermissionError):
            self.folder.chmod(0o700)
            (self.folder / "objects").chmod(0o700)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Until it ends no other process adds or drops anything."""
        handle = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
        try:
            if fcntl is not None:
                with contextlib.suppress(OSError):  # some network drives know no locks
                    fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _object(self, digest: Digest) -> Path:
        return self.folder / "objects" / f"{digest.algorithm}-{digest.encoded}"

    def _keep(self, raw: bytes) -> None:
        path = self._object(Digest.of(raw))
        if path.exists() and self.bytes_of(Digest.of(raw)) is not None:
            return
        atomic_write(path, raw, beside=path.parent)

    def _append(self, document: Mapping[str, Any]) -> None:
        line = json.dumps(document, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        handle = os.open(self.file, flags, 0o600)
        try:
            end = os.lseek(handle, 0, os.SEEK_END)
            if end:
                os.lseek(handle, end - 1, os.SEEK_SET)
                if os.read(handle, 1) != b"\n":
                    line = b"\n" + line  # a line torn by a crash stays a line of its own
            written = os.write(handle, line)
            if written != len(line):
                os.ftruncate(handle, end)
                raise OSError("the disk is full")
            os.fsync(handle)
        finally:
            os.close(handle)

    def _documents(self) -> Iterator[Mapping[str, Any]]:
        for line in self._lines():
            with contextlib.suppress(ValueError, RecursionError):
                document = json.loads(line)
                if isinstance(document, dict):
                    yield document

    def _lines(self) -> Iterator[bytes]:
        try:
            with self.file.open("rb") as file:
                while line := file.readline(LINE_LIMIT):
                    if line.strip():
                        yield line.rstrip(b"\n")
        except OSError:
            return

    def _trim(self) -> None:
        """Keep the newest records (and the lines that we cannot read); drop the bytes that nobody names any more."""
        records = self.records()
        if len(records) <= self._limit:
            return
        dropped = {record.id for record in records[self._limit * 3 // 4 :]}
        kept: list[bytes] = []
        for line in self._lines():
            try:
                document = json.loads(line)
            except (ValueError, RecursionError):
                document = None
            if not isinstance(document, dict) or document.get("id") not in dropped:
                kept.append(line)
        atomic_write(self.file, b"".join(line + b"\n" for line in kept), beside=self.folder)
        named = {
            self._object(digest).name
            for record in self.records()
            for digest in (record.digest, record.before)
            if digest
        }
        for path in (self.folder / "objects").iterdir():
            if path.name not in named:
                path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class JournalMemory:
    """The journal as whoever looks for missing objects asks it (`explore.search.Memory`)."""

    journal: Journal

    async def places(self, tag: str) -> tuple[RepositoryLocation, ...]:
        return await asyncio.to_thread(self.journal.places, Reference.parse(tag))

    async def keeps(self, digest: Digest) -> bool:
        return await asyncio.to_thread(self.journal.bytes_of, digest) is not None


def _to_document(record: Record) -> dict[str, Any]:
    return {
        "id": record.id,
        "when": record.when.isoformat(),
        "action": str(record.action),
        "target": record.target,
        "digest": record.digest,
        "mediaType": record.media_type,
        "before": record.before,
        "beforeMediaType": record.before_media_type,
        "sources": dict(record.sources),
        **({"tags": list(record.tags)} if record.tags else {}),
    }


def _from_document(document: Mapping[str, Any]) -> Record | None:
    try:
        sources = document.get("sources") or {}
        return Record(
            str(document["id"]),
            datetime.fromisoformat(document["when"]),
            Action(document["action"]),
            str(document["target"]),
            Digest.parse(document["digest"]) if document.get("digest") else None,
            str(document.get("mediaType", "")),
            Digest.parse(document["before"]) if document.get("before") else None,
            str(document.get("beforeMediaType", "")),
            {Digest.parse(digest): str(source) for digest, source in sources.items()},
            str(document.get("outcome", "")),
            tuple(str(tag) for tag in document.get("tags") or ()),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OciError):
        return None
